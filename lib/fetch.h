/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a source, pulled as they are wanted: a file, standard input or
 * an http(s) URL.  At most one buffer of a download is held; a server that is
 * faster than the reader waits.
 *
 * A URL has to answer 200 in the end, over at most a few redirects, never from
 * https to http, and with as many bytes as it promised.  Proxies come from the
 * environment as curl(1) has it, compression is asked for and undone.
 */
#ifndef VRP_FETCH_H
#define VRP_FETCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"

struct fetch_options {
	const char *user_agent;	/* "vrp-fetch/1.0" */
	const char *ca_file;	/* trust these certificates instead of the system's; NULL: the system's */
	uint32_t timeout;	/* seconds for a whole download, 0: any */
	uint64_t max_size;	/* decoded bytes of any source, 0: any */
};

struct fetch;

/* source is a path, "-", or a URL.  Nothing goes over the network yet.  NULL with a reason. */
VRP_NODISCARD struct fetch *fetch_open(const char *source, const struct fetch_options *options, struct vrp_err *err);
void fetch_close(struct fetch *f);	/* NULL is allowed */

/* As struct feed_input has it; ctx is the struct fetch. */
ssize_t fetch_read(void *ctx, void *dst, size_t len, struct vrp_err *err);

/* Decoded bytes that were read so far. */
uint64_t fetch_bytes(const struct fetch *f);

/*
 * The source as it may be shown and passed on: a URL without user name and
 * password.  NULL when memory is out; the caller frees.
 */
VRP_NODISCARD char *fetch_name(const char *source);

#endif
