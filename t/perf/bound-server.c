/* SPDX-License-Identifier: ISC */
/*
 * bound-server: what an RTR cache on libevent cannot be faster than.  It
 * answers every eight bytes it reads with one constant response, added by
 * reference, and knows nothing else.  The response is recorded by load-rtr -s.
 *
 * The options try what may help or hinder: the largest single write, the limit
 * of unsent bytes, the size of the send buffer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "num.h"
#include "pdutable.h"

struct bound {
	struct event_base *base;
	unsigned char *image;
	size_t image_len;
	size_t single_write;
	int notsent_lowat;	/* 0 leaves it alone */
	int sndbuf;
};

static void
read_image(struct bound *b, const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;

	if (!f || fstat(fileno(f), &st) || !(b->image = malloc((size_t)st.st_size)))
		die("%s: %s", path, strerror(errno));
	b->image_len = fread(b->image, 1, (size_t)st.st_size, f);
	if (b->image_len != (size_t)st.st_size)
		die("%s: short read", path);
	fclose(f);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct bound *b = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);

	for (; evbuffer_get_length(in) >= 8; evbuffer_drain(in, 8))
		if (evbuffer_add_reference(bufferevent_get_output(bev), b->image, b->image_len, NULL, NULL))
			die("out of memory");
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)ctx;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(bev);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
	struct bound *b = ctx;
	struct bufferevent *bev = bufferevent_socket_new(b->base, fd, BEV_OPT_CLOSE_ON_FREE);
	int one = 1;

	(void)listener;
	(void)sa;
	(void)len;
	if (!bev)
		die("out of memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (b->notsent_lowat)
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &b->notsent_lowat, sizeof(b->notsent_lowat));
	if (b->sndbuf)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &b->sndbuf, sizeof(b->sndbuf));
	if (b->single_write)
		bufferevent_set_max_single_write(bev, b->single_write);
	bufferevent_setcb(bev, on_read, NULL, on_event, b);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void
on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct bound *b = ctx;

	(void)sig;
	(void)what;
	event_base_loopbreak(b->base);
}

static void
serve(struct bound *b, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct evconnlistener *listener;
	socklen_t len = sizeof(sa);
	struct event *term;

	signal(SIGPIPE, SIG_IGN);
	b->base = event_base_new();
	listener = b->base ? evconnlistener_new_bind(b->base, on_accept, b, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 4096,
						     (struct sockaddr *)&sa, sizeof(sa)) : NULL;
	term = listener ? evsignal_new(b->base, SIGTERM, on_signal, b) : NULL;
	if (!term || event_add(term, NULL) || getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&sa, &len))
		die("port %u: %s", port, strerror(errno));
	fprintf(stderr, "bound-server: listening on 127.0.0.1:%u\n", ntohs(sa.sin_port));
	event_base_dispatch(b->base);
	event_free(term);
	evconnlistener_free(listener);
	event_base_free(b->base);
}

static uint32_t
number(const char *text)
{
	uint32_t v;

	if (!num_u32(text, strlen(text), &v) || v > INT32_MAX)
		die("bad number '%s'", text);
	return v;
}

int
main(int argc, char **argv)
{
	struct bound b = {.single_write = 256 << 10};
	struct rlimit lim;

	for (int c; (c = getopt(argc, argv, "w:l:b:")) != -1; )
		switch (c) {
		case 'w': b.single_write = number(optarg); break;
		case 'l': b.notsent_lowat = (int)number(optarg); break;
		case 'b': b.sndbuf = (int)number(optarg); break;
		default: goto usage;
		}
	if (optind != argc - 2)
		goto usage;
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	read_image(&b, argv[optind]);
	serve(&b, (uint16_t)number(argv[optind + 1]));
	free(b.image);
	return 0;
usage:
	fputs("usage: bound-server [-w MAX_SINGLE_WRITE] [-l NOTSENT_LOWAT] [-b SNDBUF] IMAGE PORT\n", stderr);
	return 2;
}
