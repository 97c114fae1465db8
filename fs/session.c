/* SPDX-License-Identifier: ISC */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "buf.h"
#include "guard.h"

#define JOIN_MS 10	/* between two tries to wake a thread that reads */

struct session {
	struct session_config config;
	struct fuse_session *fuse;
	pthread_t *threads;
	unsigned running;
	struct guard guard;
	bool mounted;
	atomic_bool stopping;
};

/* What libfuse says when a mount fails. */
static struct vrp_err *mount_err;

static void
take_message(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char line[sizeof(mount_err->msg)];

	if (!mount_err || level > FUSE_LOG_ERR || mount_err->msg[0])
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	vrp_err_set(mount_err, "%s", strncmp(line, "fuse: ", 6) == 0 ? line + 6 : line);
}

/* "OPTIONS,ro,...,fsname=SOURCE", in which libfuse wants commas and backslashes escaped. */
static int
format_options(struct buf *b, const struct session_config *config)
{
	if (buf_addf(b, "%s%sro,nosuid,nodev,subtype=vrpfs,fsname=", config->options, config->options[0] ? "," : "") < 0)
		return -1;
	for (const char *p = config->source; *p; p++)
		if (((*p == ',' || *p == '\\') && buf_add(b, "\\", 1) < 0) || buf_add(b, p, 1) < 0)
			return -1;
	return buf_add(b, "", 1);
}

static int
new_fuse(struct session *s, struct ops_context *ops)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct buf options = BUF_INIT;

	if (format_options(&options, &s->config) == 0 && fuse_opt_add_arg(&args, "vrpfs") == 0 &&
	    fuse_opt_add_arg(&args, "-o") == 0 && fuse_opt_add_arg(&args, options.data) == 0)
		s->fuse = fuse_session_new(&args, &ops_table, sizeof(ops_table), ops);
	fuse_opt_free_args(&args);
	buf_release(&options);
	return s->fuse ? 0 : -1;
}

struct session *
session_mount(const struct session_config *config, struct ops_context *ops, struct vrp_err *err)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		vrp_err_nomem(err);
		return NULL;
	}
	s->config = *config;
	s->guard = (struct guard)GUARD_NONE;
	mount_err = err;
	fuse_set_log_func(take_message);
	s->threads = calloc(config->threads, sizeof(*s->threads));
	s->mounted = s->threads && new_fuse(s, ops) == 0 && fuse_session_mount(s->fuse, config->path) == 0;
	mount_err = NULL;
	if (s->mounted && guard_start(&s->guard, config->path, err) == 0)
		return s;
	if (!err->msg[0])
		vrp_err_set(err, "cannot be mounted");
	(void)session_stop(s);
	return NULL;
}

struct fuse_session *
session_fuse(struct session *s)
{
	return s->fuse;
}

/* ---- threads ---- */

static void *
answer(void *ctx)
{
	struct session *s = ctx;
	struct fuse_buf buf = {.mem = NULL};
	int n = -EINTR;

	while (!s->stopping && (n > 0 || n == -EINTR || n == -EAGAIN)) {
		n = fuse_session_receive_buf(s->fuse, &buf);
		if (n > 0)
			fuse_session_process_buf(s->fuse, &buf);
	}
	free(buf.mem);
	ops_thread_end();
	if (!s->stopping)
		s->config.ended(s->config.ctx);
	return NULL;
}

static void
on_wake(int signal VRP_UNUSED)
{
}

/* SIGUSR2 ends a read of one of our threads, to which all other signals are blocked. */
static int
start_threads(struct session *s)
{
	struct sigaction wake = {.sa_handler = on_wake};
	sigset_t most, before;
	int rc = 0;

	sigaction(SIGUSR2, &wake, NULL);
	sigfillset(&most);
	sigdelset(&most, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &most, &before);
	while (rc == 0 && s->running < s->config.threads) {
		rc = pthread_create(&s->threads[s->running], NULL, answer, s);
		s->running += rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int
session_start(struct session *s, struct vrp_err *err)
{
	int rc = start_threads(s);

	/* Fewer threads than wanted answer as well. */
	return s->running ? 0 : vrp_err_set(err, "cannot start a thread: %s", strerror(rc));
}

/* A signal may come just before a thread begins to read, and be lost on it: so it comes until the thread has ended. */
static void
join(pthread_t thread)
{
	struct timespec until;

	do {
		pthread_kill(thread, SIGUSR2);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += JOIN_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
	} while (pthread_timedjoin_np(thread, NULL, &until) != 0);
}

/*
 * Put something in the place of /dev/fuse that libfuse takes for one whose mount is
 * gone, so that it leaves the rest to the guard; it would unmount what it finds there.
 */
static void
close_device(struct session *s)
{
	struct pollfd device = {.fd = fuse_session_fd(s->fuse)};
	int ends[2];

	if (poll(&device, 1, 0) == 1 && device.revents & POLLERR) {
		guard_dismiss(&s->guard);
		return;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	close(ends[0]);
	(void)dup2(ends[1], device.fd);
	close(ends[1]);
}

int
session_stop(struct session *s)
{
	int rc;

	if (!s)
		return 0;
	s->stopping = true;
	for (unsigned i = 0; i < s->running; i++)
		join(s->threads[i]);
	if (s->mounted && s->guard.fd >= 0)
		close_device(s);
	if (s->mounted)
		fuse_session_unmount(s->fuse);
	if (s->fuse)
		fuse_session_destroy(s->fuse);
	rc = guard_end(&s->guard);
	free(s->threads);
	free(s);
	return rc;
}
