/* SPDX-License-Identifier: ISC */
/*
 * A buffered writer with a sticky error: write as if nothing could fail and
 * check once, at out_flush().  It writes to a file descriptor, or into a blob, or
 * keeps the text or a window of it, or counts.
 *
 * A window is for who is asked for some bytes of a long text that nobody holds.
 * The text is written anew, and what lies outside of the window is dropped: when
 * it is full there is no more room, as after a failure.  Much of what is before
 * it need not be written at all where batches of records are marked: counting
 * once notes where each batch begins, and a window that has the same marks is
 * told by out_skip() how many it may leave out.
 */
#ifndef VRP_OUT_H
#define VRP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "buf.h"
#include "compiler.h"

/* Where the batches of a text begin, in the order in which they are written. */
struct out_marks {
	uint64_t *at;
	size_t count;
	size_t room;
};

#define OUT_MARKS_INIT {0}

enum out_sink {
	OUT_FILE,
	OUT_MEMORY,
	OUT_BLOB,
	OUT_COUNT,
	OUT_WINDOW,
};

struct out {
	int fd;		/* borrowed */
	int error;	/* errno of the first failure, 0 when all is well */
	struct buf buf;	/* not yet written */
	enum out_sink sink;
	uint64_t at;		/* bytes of the text before those in buf */
	struct out_marks *marks;	/* borrowed, NULL for none */
	size_t mark;		/* how many of them were passed */
	char *window;		/* borrowed */
	uint64_t start, end;	/* which part of the text it has */
	struct blob *blob;	/* of the length that there is room for */
	size_t blob_max;
};

void out_init(struct out *o, int fd);

/* Keep the text: after out_flush() it is what is in `buf`, until out_release(). */
void out_init_memory(struct out *o);

/*
 * Write into a blob that grows up to max bytes; a longer text fails with EFBIG.  out_take_blob() then flushes and hands
 * it over: NULL with errno when this or any earlier step failed.
 */
void out_init_blob(struct out *o, size_t max);
VRP_NODISCARD struct blob *out_take_blob(struct out *o);

/*
 * Count, and note marks unless that is NULL: OUT_MARKS_INIT at first, to be
 * released by the caller.  The result is out_at() after out_flush().
 */
void out_init_count(struct out *o, struct out_marks *marks);

/* Keep bytes [start, start + len) of the text at `window`; marks are those of a count of the same text, or NULL. */
void out_init_window(struct out *o, char *window, size_t len, uint64_t start, struct out_marks *marks);

/* How many bytes the window got, less than len where the text ends in it; -1 with errno set for any other failure. */
ptrdiff_t out_window_len(struct out *o);

void out_marks_release(struct out_marks *marks);

/* Bytes of the text so far. */
static inline uint64_t
out_at(const struct out *o)
{
	return o->at + o->buf.len;
}

/*
 * Before a loop over `batches` batches: how many of them lie before the window
 * and are left out, with the text at the first that is not.  0 without window or marks.
 */
size_t out_skip(struct out *o, size_t batches);

void out_note_mark(struct out *o);

/* Here the next batch of a loop begins. */
static inline void
out_mark(struct out *o)
{
	if (o->marks)
		out_note_mark(o);
}

/*
 * For texts whose marks are kept elsewhere: how many bytes may be left out here, since
 * they lie before the window, and that so many were.
 */
uint64_t out_before_window(const struct out *o);
void out_leave_out(struct out *o, uint64_t bytes);

/* Frees the buffer, and a blob that was not taken, and drops what was not flushed; the descriptor stays open. */
void out_release(struct out *o);

#define OUT_FLUSH_AT ((size_t)60 * 1024)	/* so much is written at once */

char *out_make_room(struct out *o, size_t len);	/* out_room() when it has to flush or to grow */

/*
 * At least len bytes of room to write into; out_advance() then says how many
 * were used.  NULL once anything failed.
 */
static inline char *
out_room(struct out *o, size_t len)
{
	if (VRP_LIKELY(!o->error && o->buf.len < OUT_FLUSH_AT && len < o->buf.cap - o->buf.len))
		return o->buf.data + o->buf.len;
	return out_make_room(o, len);
}

static inline void
out_advance(struct out *o, size_t len)
{
	o->buf.len += len;
}

void out_add(struct out *o, const void *data, size_t len);
void out_addf(struct out *o, const char *fmt, ...) VRP_PRINTF(2, 3);

/* Write everything.  -1 with errno set when this or any earlier step failed. */
VRP_NODISCARD int out_flush(struct out *o);

#endif
