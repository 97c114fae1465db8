/* SPDX-License-Identifier: ISC */
/*
 * A stream in pieces: lines that begin with % or ~, which may open or end a
 * block or be a statement, and what stands between them.
 */
#ifndef VRP_SIG_SPLIT_H
#define VRP_SIG_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "compiler.h"

struct sig_split {
	size_t lines;	/* that have ended */
	bool within;	/* the last byte did not end a line */
	bool mark;	/* and that line began with % or ~ */
};

struct sig_piece {
	size_t len;	/* so many of the bytes given */
	bool mark;	/* of one line that begins with % or ~; else of lines that don't */
	bool begins;	/* at the beginning of a line */
	bool ends;	/* with the end of one */
};

static inline bool
sig_split_is_mark(char c)
{
	return c == '%' || c == '~';
}

/* The next piece of len bytes, at least one. */
static inline struct sig_piece
sig_split_next(struct sig_split *s, const char *data, size_t len)
{
	struct sig_piece p = {.begins = !s->within};
	const char *end = data + len, *at = data, *nl;

	p.mark = s->within ? s->mark : sig_split_is_mark(*data);
	do {
		nl = memchr(at, '\n', (size_t)(end - at));
		at = nl ? nl + 1 : end;
		s->lines += nl != NULL;
	} while (at < end && !p.mark && !sig_split_is_mark(*at));
	p.len = (size_t)(at - data);
	p.ends = nl;
	s->within = !nl;
	s->mark = p.mark;
	return p;
}

#endif
