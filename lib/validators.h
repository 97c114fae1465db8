/* SPDX-License-Identifier: ISC */
/*
 * By what a source can tell that it has not changed since it was read: of a URL
 * what its last response said (RFC 9110 section 8.8), of a file what stat(2)
 * says.  A plain value, which begins as VALIDATORS_NONE.
 *
 * What a server says of itself is sent back to it, so that nothing is kept that
 * could not stand in a header: text that is too long or has control characters
 * is as good as none.
 */
#ifndef VRP_VALIDATORS_H
#define VRP_VALIDATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "compiler.h"
#include "err.h"

#define VALIDATORS_URL_MAX 1023
#define VALIDATORS_ETAG_MAX 255
#define VALIDATORS_DATE_MAX 63

struct validators {
	/* "" where nothing is known */
	char url[VALIDATORS_URL_MAX + 1];	/* that answered, after redirects */
	char etag[VALIDATORS_ETAG_MAX + 1];	/* an entity tag, with its quotes */
	char modified[VALIDATORS_DATE_MAX + 1];	/* as it stands in Last-Modified */
	struct {
		dev_t device;
		ino_t inode;			/* 0 where nothing is known */
		off_t size;
		struct timespec modified;
	} file;
};

#define VALIDATORS_NONE {.url = ""}

/*
 * A line of a response's head, with or without its end.  A status line forgets
 * what was there: the responses before the last were redirects, or a proxy's.
 */
void validators_note(struct validators *v, const char *line, size_t len);

/* False when the URL is too long to be kept. */
bool validators_set_url(struct validators *v, const char *url);

/* Of an open file, which has to be a regular one. */
VRP_NODISCARD int validators_of_file(struct validators *v, int fd, struct vrp_err *err);

/* True when both are of a file, and of the same in the same state. */
bool validators_same_file(const struct validators *a, const struct validators *b);

#endif
