/* SPDX-License-Identifier: ISC */
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

void
out_init(struct out *o, int fd)
{
	*o = (struct out){.fd = fd, .buf = BUF_INIT};
}

void
out_init_memory(struct out *o)
{
	*o = (struct out){.fd = -1, .buf = BUF_INIT, .sink = OUT_MEMORY};
}

void
out_init_count(struct out *o, struct out_marks *marks)
{
	*o = (struct out){.fd = -1, .buf = BUF_INIT, .sink = OUT_COUNT, .marks = marks};
}

void
out_init_window(struct out *o, char *window, size_t len, uint64_t start, struct out_marks *marks)
{
	*o = (struct out){.fd = -1, .buf = BUF_INIT, .sink = OUT_WINDOW, .marks = marks, .start = start};
	o->window = window;
	o->end = len < UINT64_MAX - start ? start + len : UINT64_MAX;
}

void
out_init_blob(struct out *o, size_t max)
{
	*o = (struct out){.fd = -1, .buf = BUF_INIT, .sink = OUT_BLOB, .blob_max = max};
}

void
out_release(struct out *o)
{
	buf_release(&o->buf);
	blob_unref(o->blob);
	o->blob = NULL;
}

void
out_marks_release(struct out_marks *marks)
{
	free(marks->at);
	*marks = (struct out_marks)OUT_MARKS_INIT;
}

#define SMALL_BUFFER ((size_t)8 * 1024)

/* A window that is full fails with this, which nothing else does. */
#define FULL ENOBUFS

/* What of the buffer the window has. */
static void
keep_window(struct out *o)
{
	uint64_t from = o->at > o->start ? o->at : o->start, to = o->at + o->buf.len;

	to = to < o->end ? to : o->end;
	if (from < to)
		memcpy(o->window + (from - o->start), o->buf.data + (from - o->at), (size_t)(to - from));
	if (o->at + o->buf.len >= o->end)
		o->error = FULL;
}

/* Room for len bytes in all, and far more: what is not touched costs nothing. */
static int
grow_blob(struct out *o, size_t len)
{
	size_t room = len > o->blob_max / 2 ? o->blob_max : 2 * len;
	struct blob *b;

	if (len > o->blob_max) {
		o->error = EFBIG;
		return -1;
	}
	b = o->blob ? blob_resize(o->blob, room) : blob_new(room);
	if (!b) {
		o->error = ENOMEM;
		return -1;
	}
	o->blob = b;
	return 0;
}

static void
keep_blob(struct out *o)
{
	size_t at = (size_t)o->at, end = at + o->buf.len;

	if ((!o->blob || end > o->blob->len) && grow_blob(o, end) < 0)
		return;
	if (o->buf.len)
		memcpy(o->blob->data + at, o->buf.data, o->buf.len);
}

static void
write_all(struct out *o)
{
	size_t done = 0;

	if (o->sink == OUT_MEMORY)
		return;
	if (o->sink == OUT_WINDOW)
		keep_window(o);
	else if (o->sink == OUT_BLOB)
		keep_blob(o);
	o->at += o->buf.len;
	if (o->sink != OUT_FILE)
		done = o->buf.len;

	while (!o->error && done < o->buf.len) {
		ssize_t n = write(o->fd, o->buf.data + done, o->buf.len - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd p = {.fd = o->fd, .events = POLLOUT};

			(void)poll(&p, 1, -1);
		} else if (errno != EINTR) {
			o->error = errno;
		}
	}
	buf_reset(&o->buf);
}

/* No system call is saved by a large buffer, and a short window is full soon. */
static char *
make_room_in_cache(struct out *o, size_t len)
{
	write_all(o);
	if (!o->error && buf_reserve(&o->buf, len > SMALL_BUFFER ? len : SMALL_BUFFER) < 0)
		o->error = ENOMEM;
	return o->error ? NULL : o->buf.data;
}

char *
out_make_room(struct out *o, size_t len)
{
	if (o->error)
		return NULL;
	if (o->sink == OUT_COUNT || o->sink == OUT_WINDOW)
		return make_room_in_cache(o, len);
	if (o->sink == OUT_FILE && o->buf.len >= OUT_FLUSH_AT)
		write_all(o);
	if (buf_reserve(&o->buf, len > OUT_FLUSH_AT || o->buf.len > OUT_FLUSH_AT ? len : 2 * OUT_FLUSH_AT - o->buf.len) < 0)
		o->error = ENOMEM;
	return o->error ? NULL : o->buf.data + o->buf.len;
}

void
out_add(struct out *o, const void *data, size_t len)
{
	char *room = out_room(o, len);

	if (room && len) {
		memcpy(room, data, len);
		out_advance(o, len);
	}
}

void
out_addf(struct out *o, const char *fmt, ...)
{
	va_list ap;
	char *room;
	int need;

	va_start(ap, fmt);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	room = need < 0 ? NULL : out_room(o, (size_t)need + 1);
	if (!room)
		return;
	va_start(ap, fmt);
	vsnprintf(room, (size_t)need + 1, fmt, ap);
	va_end(ap);
	out_advance(o, (size_t)need);
}

int
out_flush(struct out *o)
{
	if (!o->error)
		write_all(o);
	if (o->error) {
		errno = o->error;
		return -1;
	}
	return 0;
}

struct blob *
out_take_blob(struct out *o)
{
	struct blob *b;

	if (out_flush(o) < 0)
		return NULL;
	b = blob_resize(o->blob, (size_t)o->at);
	if (!b) {
		errno = o->error = ENOMEM;
		return NULL;
	}
	o->blob = NULL;
	return b;
}

/* ---- windows and counts */

ptrdiff_t
out_window_len(struct out *o)
{
	uint64_t end;

	if (out_flush(o) < 0 && o->error != FULL)
		return -1;
	end = o->at < o->end ? o->at : o->end;
	return end > o->start ? (ptrdiff_t)(end - o->start) : 0;
}

uint64_t
out_before_window(const struct out *o)
{
	return o->sink == OUT_WINDOW && out_at(o) < o->start ? o->start - out_at(o) : 0;
}

void
out_leave_out(struct out *o, uint64_t bytes)
{
	write_all(o);
	o->at += bytes;
}

size_t
out_skip(struct out *o, size_t batches)
{
	size_t first = o->mark, lo = 0, hi = batches;
	const uint64_t *at;

	if (!o->marks || o->sink != OUT_WINDOW || first + batches > o->marks->count)
		return 0;
	at = o->marks->at + first;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (at[mid] <= o->start)
			lo = mid;
		else
			hi = mid;
	}
	if (lo > 0)
		out_leave_out(o, at[lo] - out_at(o));
	o->mark += lo;
	return lo;
}

void
out_note_mark(struct out *o)
{
	struct out_marks *m = o->marks;

	o->mark++;
	if (o->sink != OUT_COUNT || o->error)
		return;
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 64;
		uint64_t *at = realloc(m->at, room * sizeof(*at));

		if (!at) {
			o->error = ENOMEM;
			return;
		}
		m->at = at;
		m->room = room;
	}
	m->at[m->count++] = out_at(o);
}
