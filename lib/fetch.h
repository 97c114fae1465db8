/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a source, pulled as they are wanted: a file, standard input or
 * an http(s) URL.  At most one buffer of a download is held; a server that is
 * faster than the reader waits.
 *
 * A URL has to answer 200 in the end, over at most a few redirects, never from
 * https to http, and with as many bytes as it promised.  Proxies come from the
 * environment as curl(1) has it, compression is asked for and undone.
 *
 * A source that is read again and again is asked whether it has changed:
 *
 *	f = fetch_open(source, &options, &known, &err);
 *	answer = fetch_ask(f, &err);		FETCH_UNCHANGED: nothing to read
 *	fetch_read() to the end, and when all of it was good:
 *	fetch_remember(f, &known);
 */
#ifndef VRP_FETCH_H
#define VRP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"
#include "sandbox.h"
#include "validators.h"

struct fetch_options {
	const char *user_agent;	/* "vrp-fetch/1.0" */
	const char *ca_file;	/* trust these certificates instead of the system's; NULL: the system's */
	uint32_t timeout;	/* seconds for a whole download, 0: any */
	uint64_t max_size;	/* decoded bytes of any source, 0: any */

	/*
	 * Asked before each read, and at least once a second while a server is
	 * waited for: true gives up.  It is asked at once when there is something
	 * to read from `wake`.  May be NULL, and wake is then not looked at.
	 */
	bool (*cancelled)(void *ctx);
	void *ctx;
	int wake;
};

struct fetch;

/*
 * What has to be kept to read a source, once or again and again.  A URL can lead to
 * any port of any host, by redirects and proxies.
 */
void fetch_keep(const char *source, const struct fetch_options *options, bool later, struct sandbox *box);

/*
 * source is a path, "-", or a URL.  Nothing goes over the network yet.  With
 * known, which is copied, the source has to be one that can be asked again: a
 * URL or a regular file; NULL asks for all of it, once.  NULL with a reason.
 */
VRP_NODISCARD struct fetch *fetch_open(const char *source, const struct fetch_options *options,
				       const struct validators *known, struct vrp_err *err);
void fetch_close(struct fetch *f);	/* NULL is allowed */

enum fetch_answer {
	FETCH_FAILED = -1,	/* with a reason, which fetch_read() would give as well */
	FETCH_BODY,		/* to be had from fetch_read() */
	FETCH_UNCHANGED,	/* since `known` */
};

/* Wait until the source has answered. */
VRP_NODISCARD enum fetch_answer fetch_ask(struct fetch *f, struct vrp_err *err);

/* As struct feed_input has it; ctx is the struct fetch. */
ssize_t fetch_read(void *ctx, void *dst, size_t len, struct vrp_err *err);

/*
 * What to ask with the next time; nothing when the source told nothing that can
 * be relied on.  Only for a body that was read to its end and found good, or
 * else a bad one would never be asked for again.
 */
void fetch_remember(const struct fetch *f, struct validators *out);

/* The seconds that a server with 429 or 503 wants to be left alone (RFC 9110 section 10.2.3), 0 if it doesn't say. */
uint32_t fetch_retry_after(const struct fetch *f);

/* Decoded bytes that were read so far. */
uint64_t fetch_bytes(const struct fetch *f);

/*
 * The source as it may be shown and passed on: a URL without user name and
 * password.  NULL when memory is out; the caller frees.
 */
VRP_NODISCARD char *fetch_name(const char *source);

#endif
