/* SPDX-License-Identifier: ISC */
/*
 * The framing of the line format, vrp(5): a stream of snapshot and delta
 * blocks, or one bare list of records.  The reader takes bytes in pieces of
 * any size and calls back for each block, record and unknown line; it keeps
 * at most one line of its own.  The writers write blocks in canonical order.
 */
#ifndef VRP_STREAM_H
#define VRP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "names.h"
#include "out.h"
#include "payload.h"
#include "stamp.h"
#include "vrpset.h"

enum block_kind {
	BLOCK_BARE,		/* records without any frame, closed by end of file */
	BLOCK_SNAPSHOT,
	BLOCK_DELTA,
};

/* The line that opens a block.  attrs is what stands behind the keyword, as it stands. */
struct block_head {
	enum block_kind kind;
	int64_t time;		/* attribute `time`, STAMP_UNKNOWN when there is none */
	const char *attrs;	/* `name=value` tokens, borrowed; "" when there are none */
	size_t attrs_len;
};

/*
 * Append the decoded value of an attribute to *value.  1 when it was found,
 * 0 when not, -1 when memory is out.
 */
int block_attr(const struct block_head *head, const char *name, struct buf *value);

/*
 * What is known of a table by its blocks: *attrs are the tokens that were known
 * before head's block came, empty for none, and become those of head, one space
 * between them.  Where a delta leaves out `time` or `source`, they stay; all
 * else, such as a serial, is true of one block alone.  -1 when memory is out.
 */
VRP_NODISCARD int block_attrs_follow(struct buf *attrs, const struct block_head *head);

/*
 * What a reader calls, in this order for each block: begin, record..., and end
 * or discard.  A callback that returns non-zero stops stream_feed(), which
 * returns that value.  Members may be NULL.
 */
struct stream_ops {
	int (*begin)(void *ctx, const struct block_head *head);

	/* sign is '+' or '-' in a delta, 0 otherwise.  line is the record's text without sign and newline. */
	int (*record)(void *ctx, char sign, const struct payload *p, const char *line, size_t len);
	int (*end)(void *ctx);

	/*
	 * The open block is void: a bad line, or the stream ended inside it.
	 * Also called for a bad line outside any block.  After it the reader
	 * skips to the next line that opens a block.
	 */
	int (*discard)(void *ctx, const struct vrp_err *reason);

	/* A line that begins with % or ~ and is not known, in or outside a block. */
	int (*other)(void *ctx, const char *line, size_t len);
};

struct stream_reader;

/* names is referenced, ops and ctx are borrowed.  NULL when memory is out. */
VRP_NODISCARD struct stream_reader *stream_reader_new(struct names *names, const struct stream_ops *ops, void *ctx);
void stream_reader_free(struct stream_reader *r);	/* NULL is allowed */

/*
 * Take the next bytes.  0, a callback's value, or -1 when memory is out.  After
 * anything but 0 the open block is void, without a call to discard, and a
 * reader that is fed on skips to the next line that opens one.
 */
VRP_NODISCARD int stream_feed(struct stream_reader *r, const char *data, size_t len);

/* The input has ended: closes a bare list, discards an open block. */
VRP_NODISCARD int stream_finish(struct stream_reader *r);

/* The input could not be read to its end: discards an open block, a bare list, too. */
VRP_NODISCARD int stream_break(struct stream_reader *r);

size_t stream_line(const struct stream_reader *r);	/* lines taken so far */

/* Attributes of a block to be written; NULL or negative leaves one out. */
struct block_attrs {
	int64_t time;		/* STAMP_UNKNOWN leaves it out */
	const char *source;	/* raw; encoded when written */
	int32_t session;
	int64_t serial;
};

#define BLOCK_ATTRS_INIT {.time = STAMP_UNKNOWN, .session = -1, .serial = -1}

/* Errors stay in out, to be found at out_flush(). */
void stream_write_begin(struct out *out, enum block_kind kind, const struct block_attrs *attrs);
void stream_write_end(struct out *out);

/* The same with attributes as they stand in a block_head: how a filter passes them on. */
void stream_write_head(struct out *out, enum block_kind kind, const char *attrs, size_t len);

/* Every record of a set, each with sign unless that is 0. */
void stream_write_records(struct out *out, char sign, const struct vrpset *set);

/* The lines of a delta: withdrawals, then announcements. */
void stream_write_changes(struct out *out, const struct delta *delta);

/* A whole block: the set as a snapshot; the delta with withdrawals first. */
void stream_write_snapshot(struct out *out, const struct block_attrs *attrs, const struct vrpset *set);
void stream_write_delta(struct out *out, const struct block_attrs *attrs, const struct delta *delta);

#endif
