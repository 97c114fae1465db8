/* SPDX-License-Identifier: ISC */
/*
 * Large texts for an HTTP server, such as a table in some dialect: each version
 * is made once, on a worker thread, when it is first asked for, as it is and
 * compressed, and then shared by all who ask.
 *
 *	documents_reply(d, r, &(struct document){
 *		.name = "json", .version = v, .type = "application/json", .modified = t,
 *		.maker = &maker, .subject = view});
 *
 * A document is kept until a newer version of the same name is asked for, or
 * nobody has asked for a while, or room is needed.  What somebody is still downloading
 * lives until it has left; all of it together is bounded, and the oldest downloads of
 * what is outdated are ended for the sake of a new one.
 *
 * All on the server's thread, except where a function says otherwise.
 */
#ifndef VRP_DOCUMENTS_H
#define VRP_DOCUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "httpd.h"
#include "out.h"

struct documents;

/* How a document is made of its subject. */
struct document_maker {
	void (*write)(const void *subject, struct out *out);	/* on the worker; the same bytes for the same version */
	void *(*ref)(void *subject);		/* from any thread, as unref */
	void (*unref)(void *subject);
};

struct document {
	const char *name;	/* lasting; letters, digits, '.', '-' */
	uint64_t version;	/* of name: other bytes have another one, also of another run of the program */
	const char *type;	/* lasting: the media type */
	int64_t modified;	/* Unix seconds, STAMP_UNKNOWN for no date */
	const struct document_maker *maker;
	void *subject;		/* borrowed, and referenced while it is needed */
};

/* A zero is the default. */
struct documents_config {
	size_t max_bytes;	/* 1 GiB: of all that lives */
	unsigned keep_ms;	/* 5 minutes: without anyone asking */
	int gzip_level;		/* as of zlib */
};

/* For the server h, which is borrowed and outlives it.  NULL with a reason. */
VRP_NODISCARD struct documents *documents_new(struct httpd *h, const struct documents_config *config,
					      struct vrp_err *err);

/* Start the worker; after the sandbox, from any thread.  -1 with a reason. */
VRP_NODISCARD int documents_start(struct documents *d, struct vrp_err *err);

/*
 * Answer r with a document: 304 when the client has it, at once when it is there, else when it is made; 503 when there
 * is no memory for it.
 */
void documents_reply(struct documents *d, struct httpd_request *r, const struct document *doc);

/* End the worker.  From the thread that has called httpd_stop(), before httpd_free(). */
void documents_stop(struct documents *d);
void documents_free(struct documents *d);	/* NULL is allowed */

#endif
