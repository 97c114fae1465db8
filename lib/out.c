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
out_release(struct out *o)
{
	buf_release(&o->buf);
}

static void
write_all(struct out *o)
{
	size_t done = 0;

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

char *
out_make_room(struct out *o, size_t len)
{
	if (o->error)
		return NULL;
	if (o->buf.len >= OUT_FLUSH_AT)
		write_all(o);
	if (buf_reserve(&o->buf, len > OUT_FLUSH_AT ? len : 2 * OUT_FLUSH_AT - o->buf.len) < 0)
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
