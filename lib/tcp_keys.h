/* SPDX-License-Identifier: ISC */
/*
 * Keys with which the kernel signs and checks the segments of TCP connections,
 * by peer: RFC 2385 (MD5) and RFC 5925 (AO), for RFC 8210 sections 9.3 and 9.4.
 * The same file serves both sides:
 *
 *	# network		kind
 *	192.0.2.0/24		md5 correct-horse-battery
 *	2001:db8::7		md5 hex:00112233445566778899aabbccddeeff
 *	198.51.100.0/24		ao 7 hmac-sha1 hex:000102030405060708090a0b0c0d0e0f10111213
 *	203.0.113.9		ao 7:8 aes-128-cmac hex:00112233445566778899aabbccddeeff
 *
 * A network is ADDRESS[/LENGTH].  A key is 1 to 80 bytes, printable without
 * blanks, or in hexadecimal digits.  The numbers of AO are the IDs of what is
 * sent and received (one number: both); an address may have several AO keys, of which
 * the first is sent with.
 *
 * A peer that no line covers connects without a signature; one that a line
 * covers can't without the right one.
 */
#ifndef VRP_TCP_KEYS_H
#define VRP_TCP_KEYS_H

#include <stddef.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"

#define TCP_KEYS_MAX 4096	/* lines with keys; the kernel has limits of its own, net.core.optmem_max */

struct tcp_keys;

/* len bytes; or a file that nobody else may read, see secret.h.  NULL with a reason, and its line and column. */
VRP_NODISCARD struct tcp_keys *tcp_keys_parse(const char *data, size_t len, struct vrp_err *err);
VRP_NODISCARD struct tcp_keys *tcp_keys_read(const char *path, struct vrp_err *err);
void tcp_keys_free(struct tcp_keys *k);	/* wipes; NULL is allowed */

size_t tcp_keys_count(const struct tcp_keys *k);

/*
 * Set the keys of this family on a socket before it listens, while it does, or before it
 * connects; those of `before` that are gone are taken away.  Either may be NULL.
 * Connections that exist keep the keys that they were made with.  -1 with a reason,
 * which tells where the kernel lacks the kind; keys that came before it are set.
 */
VRP_NODISCARD int tcp_keys_apply(const struct tcp_keys *keys, const struct tcp_keys *before, int fd, int family,
				 struct vrp_err *err);

/* For struct dial_prepare, with a struct tcp_keys as ctx: what covers the address is set. */
int tcp_keys_prepare(const void *keys, int fd, const struct sockaddr *to, struct vrp_err *err);

#endif
