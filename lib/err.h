/* SPDX-License-Identifier: ISC */
/*
 * The reason why a library call failed, owned by the caller.  The library
 * returns -1 or NULL and fills one of these; the tool prints it.
 */
#ifndef VRP_ERR_H
#define VRP_ERR_H

#include <stddef.h>

#include "compiler.h"

struct vrp_err {
	size_t line;	/* 1-based line of the input, 0 when it has none */
	size_t column;	/* 1-based byte in that line, 0 when unknown */
	char msg[240];	/* lower case, no full stop, cut to fit */
};

void vrp_err_clear(struct vrp_err *err);

/*
 * Store a message and leave line and column as they are (vrp_err_set) or set
 * them (vrp_err_at).  A NULL err is allowed.  Both return -1, so that a failing
 * function can end in `return vrp_err_set(...)`.
 */
int vrp_err_set(struct vrp_err *err, const char *fmt, ...) VRP_PRINTF(2, 3);
int vrp_err_at(struct vrp_err *err, size_t line, size_t column, const char *fmt, ...) VRP_PRINTF(4, 5);

/* The same for a failed allocation. */
int vrp_err_nomem(struct vrp_err *err);

#endif
