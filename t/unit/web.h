/* SPDX-License-Identifier: ISC */
/* A web server of the test's: a thread that gives every client the answer of the moment. */
#ifndef VRP_TEST_WEB_H
#define VRP_TEST_WEB_H

#include "test.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache.h"

struct web {
	char url[40];
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	int code;		/* of the answer */
	const char *body;
	const char *etag;	/* a client that has it gets 304; NULL */
	size_t sent;		/* of the body, when it is less; the client waits for the rest or is cut off */
	bool drips;		/* the former: a byte now and then, until the client is gone */
	unsigned asked, unchanged;
	bool done;
};

/* The head of a request; false when there is none. */
static inline bool
web_read(int fd, char head[2048])
{
	size_t len = 0;
	ssize_t n;

	do {
		n = recv(fd, head + len, 2047 - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
	} while (!strstr(head, "\r\n\r\n"));
	return true;
}

static inline void
web_answer(struct web *w, int fd, const char *head)
{
	char line[256];
	size_t len;
	bool drips;

	pthread_mutex_lock(&w->lock);
	w->asked++;
	drips = w->drips;
	if (w->etag && w->code == 200 && strstr(head, w->etag)) {
		w->unchanged++;
		(void)!send(fd, "HTTP/1.1 304 Not Modified\r\n\r\n", 29, MSG_NOSIGNAL);
	} else {
		len = strlen(w->body);
		snprintf(line, sizeof(line), "HTTP/1.1 %d Said So\r\nContent-Length: %zu\r\n%s%s\r\nConnection: close\r\n\r\n", w->code,
			 len, w->etag ? "ETag: " : "X-None: ", w->etag ? w->etag : "1");
		(void)!send(fd, line, strlen(line), MSG_NOSIGNAL);
		(void)!send(fd, w->body, w->sent && w->sent < len ? w->sent : len, MSG_NOSIGNAL);
	}
	pthread_mutex_unlock(&w->lock);
	while (drips && send(fd, " ", 1, MSG_NOSIGNAL) == 1)
		usleep(20000);
}

static inline void *
web_run(void *arg)
{
	struct web *w = arg;
	char head[2048];

	for (;;) {
		int fd = accept(w->listener, NULL, NULL);
		bool done;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&w->lock);
		done = w->done;
		pthread_mutex_unlock(&w->lock);
		if (!done && web_read(fd, head))
			web_answer(w, fd, head);
		close(fd);
		if (done)
			return NULL;
	}
}

/* What it says from now on; all of the body where `sent` is 0. */
static inline void
web_say(struct web *w, int code, const char *etag, const char *body, size_t sent)
{
	pthread_mutex_lock(&w->lock);
	w->code = code;
	w->etag = etag;
	w->body = body;
	w->sent = sent;
	pthread_mutex_unlock(&w->lock);
}

static inline unsigned
web_count(struct web *w, const unsigned *count)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = *count;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static inline unsigned
web_asked(struct web *w)
{
	return web_count(w, &w->asked);
}

static inline unsigned
web_unchanged(struct web *w)
{
	return web_count(w, &w->unchanged);
}

static inline void
web_start(struct web *w)
{
	char at[32];

	memset(w, 0, sizeof(*w));
	w->listener = listen_anywhere(at);
	snprintf(w->url, sizeof(w->url), "http%s", at + 3);
	pthread_mutex_init(&w->lock, NULL);
	web_say(w, 200, NULL, "", 0);
	assert_int_equal(pthread_create(&w->thread, NULL, web_run, w), 0);
}

static inline void
web_stop(struct web *w)
{
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_mutex_unlock(&w->lock);
	shutdown(w->listener, SHUT_RDWR);
	pthread_join(w->thread, NULL);
	close(w->listener);
	pthread_mutex_destroy(&w->lock);
}

#endif
