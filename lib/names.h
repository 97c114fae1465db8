/* SPDX-License-Identifier: ISC */
/*
 * Trust-anchor names as small numbers.  Names are kept as the tokens of the
 * line format (percent-encoded, no blanks).  Number 0 is "-", unknown.
 *
 * The table only grows.  One thread may add while others read numbers that
 * were handed to them with a set.
 */
#ifndef VRP_NAMES_H
#define VRP_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#define NAMES_MAX 4096		/* distinct names */
#define NAME_LEN_MAX 255	/* bytes of one token */

struct names;

VRP_NODISCARD struct names *names_new(void);	/* NULL when memory is out */
struct names *names_ref(struct names *n);
void names_unref(struct names *n);		/* NULL is allowed */

/*
 * The number of a token (names_token) or of a raw name that is percent-encoded
 * first (names_raw); an empty one is unknown.  -1 when the name is too long, is
 * not printable ASCII (names_token), or the table or memory is full.
 */
int names_token(struct names *n, const char *token, size_t len);
int names_raw(struct names *n, const char *name, size_t len);

/*
 * The token of a number, NUL-terminated; borrowed for as long as the table lives.
 * NAME_SHORT bytes can be read there, however short it is.
 */
#define NAME_SHORT 16
const char *names_get(const struct names *n, uint16_t id, size_t *len);

/* How many numbers are in use, "-" included. */
size_t names_count(const struct names *n);

#endif
