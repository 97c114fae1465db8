/* SPDX-License-Identifier: ISC */
/*
 * A streaming pull reader for JSON: bytes of any total length in, one token at
 * a time out, in constant memory.
 *
 * It accepts exactly what jansson's json_loadb() accepts without flags: one
 * array or object (RFC 4627) with nothing but blanks around it, valid UTF-8, no
 * NUL character, integers within 64 bits, reals within a double, at most 2048
 * levels.  Duplicate keys are the caller's business.  One exception: jansson 2.14
 * overlooks a raw NUL byte behind a number or a word; here it is an error, as
 * it is for JSON.
 *
 *	while (json_reader_next(r, &t) == JSON_TOKEN_KEY) {
 *		if (json_key_is(&t, "vrps"))
 *			json_reader_next(r, &t);
 *		else
 *			json_reader_skip(r);
 *	}
 */
#ifndef VRP_JSON_H
#define VRP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"

#define JSON_DEPTH_MAX 2048	/* a scalar counts as a level of its own, as in jansson */

/* The longest string that is kept, in bytes as written.  A router key at its limit has 87,340. */
#define JSON_STRING_MAX ((size_t)128 * 1024)

/* So many bytes may be read behind a key, whatever they are, which makes comparing short ones cheap. */
#define JSON_SLACK 16

enum json_token_type {
	JSON_TOKEN_ERROR,	/* see json_reader_error() */
	JSON_TOKEN_END,		/* the document is whole, nothing follows it */
	JSON_TOKEN_OBJECT,
	JSON_TOKEN_OBJECT_END,
	JSON_TOKEN_ARRAY,
	JSON_TOKEN_ARRAY_END,
	JSON_TOKEN_KEY,		/* str, len */
	JSON_TOKEN_STRING,	/* str, len */
	JSON_TOKEN_INT,		/* num */
	JSON_TOKEN_REAL,
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
};

struct json_token {
	enum json_token_type type;
	bool cut;		/* a key or string above JSON_STRING_MAX: valid, but str is empty */
	const char *str;	/* escapes resolved, borrowed until the next call */
	size_t len;
	int64_t num;
};

struct json_reader;

/* read as in struct feed_input: bytes, 0 at the end, -1 with a reason in err.  NULL when memory is out. */
VRP_NODISCARD struct json_reader *json_reader_new(ssize_t (*read)(void *ctx, void *dst, size_t len, struct vrp_err *err),
						  void *ctx);
void json_reader_free(struct json_reader *r);	/* NULL is allowed */

/* The next token and its type.  After an error or the end: the same again. */
enum json_token_type json_reader_next(struct json_reader *r, struct json_token *t);

/*
 * Pass over one value, checked but not stored.  skip: the value that comes
 * next.  finish: the rest of the value whose first token was t, which is
 * nothing for a scalar.  -1 on an error.
 */
VRP_NODISCARD int json_reader_skip(struct json_reader *r);
VRP_NODISCARD int json_reader_finish(struct json_reader *r, const struct json_token *t);

/* Copy the error; always returns -1. */
int json_reader_error(const struct json_reader *r, struct vrp_err *err);

/*
 * Places in the input, 1-based, columns in bytes.  mark: remember where the
 * last token began; marked: that place; where: where the last token began.
 */
void json_reader_mark(struct json_reader *r);
void json_reader_marked(struct json_reader *r, size_t *line, size_t *column);
void json_reader_where(struct json_reader *r, size_t *line, size_t *column);

#endif
