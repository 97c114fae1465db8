/* SPDX-License-Identifier: ISC */
#include "feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "filewatch.h"
#include "intake.h"
#include "names.h"
#include "sig_verifier.h"
#include "thread.h"

#define READ_SIZE ((size_t)256 * 1024)
#define SIGNED_MAX ((size_t)1 << 30)	/* bytes of a block that wait for its signature */
#define CLOCK_CHECK_MS 3600000	/* the longest wait otherwise: the clock may be set */

/* What is written to the pipe that wakes the thread. */
enum command { RELOAD = 'r', ACCEPT = 'a', QUIT = 'q' };

struct feeder {
	struct feeder_config config;
	struct log log;
	pthread_t thread;
	int wake[2];
	int fd;			/* the stream, -1 once it has ended or for a file */
	bool opened;		/* fd is ours to close */
	char *data;		/* READ_SIZE bytes */
	struct names *names;
	struct intake *intake;
	struct vrpset *delivered;	/* what the last update led to */
	struct sig_verifier *verifier;	/* of what is read now; NULL where none is wanted */
	struct sig_mark mark;	/* how far a file was let through, which may not be replaced by an older one */
	struct filewatch watch;	/* of the file */
	int failed;		/* errno of the last attempt to open it, which is said once */
};

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

/* On disk before any router hears of it. */
static void
keep_update(struct feeder *f, struct rtr_update *u, struct vrpset *set)
{
	int64_t time = intake_status(f->intake)->data_time;

	if (f->config.state && rtr_update_moves(u))
		rtr_update_set_serial(u, rtr_state_commit(f->config.state, rtr_update_step(u), set, time, now()));
}

/* What may follow when they have. */
static void
keep_rest(void *ctx, struct vrpset *set)
{
	struct feeder *f = ctx;

	if (f->config.state)
		rtr_state_keep(f->config.state, set, intake_status(f->intake)->data_time, now());
}

static int
publish(void *ctx, struct vrpset *set)
{
	struct feeder *f = ctx;
	struct rtr_update *u = rtr_update_new(f->delivered, set, f->config.versions(f->config.ctx));

	if (!u)
		return -1;
	rtr_update_set_time(u, intake_status(f->intake)->data_time);
	vrpset_unref(f->delivered);
	f->delivered = vrpset_ref(set);
	keep_update(f, u, set);
	f->config.deliver(f->config.ctx, u);
	keep_rest(f, set);
	return 0;
}

static void
tell_status(struct feeder *f)
{
	if (f->config.status)
		f->config.status(f->config.ctx, intake_status(f->intake));
}

/* The input can't be opened or read, for a reason of errno's. */
static void
fail(struct feeder *f, int error, const char *addendum)
{
	const char *name = f->config.path ? f->config.path : "input";
	struct vrp_err why;

	vrp_err_at(&why, 0, 0, "%s: %s", name, strerror(error));
	log_line(&f->log, LOG_LEVEL_ERROR, "%s%s", why.msg, addendum);
	intake_fail(f->intake, &why, now());
}

static void
check_memory(struct feeder *f, int rc)
{
	if (rc < 0)
		log_line(&f->log, LOG_LEVEL_ERROR, "out of memory while reading input");
}

static int
on_verified(void *ctx, const char *data, size_t len)
{
	struct feeder *f = ctx;

	check_memory(f, intake_feed(f->intake, data, len, now()));
	return 0;
}

/* What is read from now on is another stream.  -1 when memory is out. */
static int
begin_verifying(struct feeder *f)
{
	struct sig_verifier_config config = {
		.keys = f->config.verify,
		.mark = &f->mark,
		.rules = {.skew = SIG_SKEW_DEFAULT},
		.max_size = SIGNED_MAX,
		.accepted = on_verified,
		.ctx = f,
	};

	if (!f->config.verify)
		return 0;
	sig_verifier_free(f->verifier);
	f->verifier = sig_verifier_new(&config);
	return f->verifier ? 0 : -1;
}

static int
refuse(struct feeder *f, const struct vrp_err *err)
{
	const char *name = f->config.path ? f->config.path : "input";

	if (err->line)
		log_line(&f->log, LOG_LEVEL_ERROR, "%s:%zu: %s; the rest is refused", name, err->line, err->msg);
	else
		log_line(&f->log, LOG_LEVEL_ERROR, "%s: %s", name, err->msg);
	intake_refuse(f->intake, err, now());
	return -1;
}

/* Bytes of the input, or none at its end.  -1 when nothing more of it is to be taken, which was said. */
static int
take(struct feeder *f, size_t len)
{
	struct vrp_err err = {0};
	int rc;

	if (!f->config.verify) {
		check_memory(f, len ? intake_feed(f->intake, f->data, len, now()) : intake_finish(f->intake, now()));
		return 0;
	}
	rc = len ? sig_verifier_feed(f->verifier, f->data, len, now(), &err) : sig_verifier_finish(f->verifier, &err);
	if (rc < 0)
		return refuse(f, &err);
	if (len == 0)
		check_memory(f, intake_finish(f->intake, now()));
	return 0;
}

/* One read of the stream, and its end. */
static void
read_stream(struct feeder *f)
{
	ssize_t n = read(f->fd, f->data, READ_SIZE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		fail(f, errno, "");
	if (n < 0 || take(f, (size_t)n) < 0)
		check_memory(f, intake_break(f->intake, now()));
	else if (n > 0)
		return;
	if (f->delivered)
		log_line(&f->log, LOG_LEVEL_NOTICE, "input has ended");
	else
		log_line(&f->log, LOG_LEVEL_ERROR, "input has ended without a table");
	if (f->opened)
		close(f->fd);
	f->fd = -1;
	intake_end(f->intake);
	f->config.ended(f->config.ctx);
}

/* Read the whole file as a stream of its own. */
static void
read_file(struct feeder *f)
{
	int fd = open(f->config.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);	/* it may have become a FIFO */
	ssize_t n = 0;
	int rc = 0, before = f->failed;

	f->failed = 0;
	if (fd < 0) {
		f->failed = errno;
		if (f->failed != before)
			fail(f, f->failed, "; the table stays as it is");
		return;
	}
	filewatch_took(&f->watch, fd);
	check_memory(f, rc = begin_verifying(f));
	while (rc == 0 && (n = read(fd, f->data, READ_SIZE)) > 0)
		rc = take(f, (size_t)n);
	if (n < 0)
		fail(f, errno, "");
	close(fd);
	if (n < 0 || rc < 0 || take(f, 0) < 0)
		check_memory(f, intake_break(f->intake, now()));
}

/* False when the thread has to end. */
static bool
obey(struct feeder *f)
{
	char commands[64];
	ssize_t n = read(f->wake[0], commands, sizeof(commands));
	bool reload = false;

	for (ssize_t i = 0; i < n; i++) {
		if (commands[i] == QUIT)
			return false;
		if (commands[i] == ACCEPT && !intake_accept_held(f->intake, now()))
			log_line(&f->log, LOG_LEVEL_NOTICE, "no table is held back");
		reload |= commands[i] == RELOAD;
	}
	if (reload && f->config.path) {
		f->failed = 0;
		read_file(f);
	}
	return true;
}

/* Milliseconds until something other than input has to be done. */
static int
wait_time(const struct feeder *f)
{
	int64_t deadline = intake_deadline(f->intake), left;
	int limit = f->config.path ? FILEWATCH_MS : CLOCK_CHECK_MS;

	if (f->config.state && rtr_state_deadline(f->config.state) < deadline)
		deadline = rtr_state_deadline(f->config.state);
	if (deadline == INTAKE_NEVER)
		return limit;
	left = deadline - now();
	if (left < 0)
		left = 0;
	return left > limit / 1000 ? limit : (int)left * 1000;
}

static void *
run(void *arg)
{
	struct feeder *f = arg;

	if (f->config.path)
		read_file(f);
	for (;;) {
		struct pollfd p[2] = {{.fd = f->wake[0], .events = POLLIN}, {.fd = f->fd, .events = POLLIN}};
		int n;

		tell_status(f);
		n = poll(p, 2, wait_time(f));

		if (n < 0 && errno != EINTR)
			log_line(&f->log, LOG_LEVEL_ERROR, "poll: %s", strerror(errno));
		if (n > 0 && p[0].revents && !obey(f))
			return NULL;
		if (n > 0 && p[1].revents)
			read_stream(f);
		intake_tick(f->intake, now());
		if (f->config.state)
			rtr_state_tick(f->config.state, now());
		if (f->config.path && filewatch_look(&f->watch) == FILEWATCH_CHANGED)
			read_file(f);
	}
}

/* A FIFO, such as bash's <(...), or a device cannot be read again: it is the stream. */
static int
open_path(struct feeder *f, struct vrp_err *err)
{
	bool regular;
	int fd = filewatch_open(f->config.path, &regular);

	if (fd < 0 && errno == ENOENT && f->config.restored)
		return 0;	/* there is a table to serve until it comes */
	if (fd < 0)
		return vrp_err_set(err, "%s: %s", f->config.path, strerror(errno));
	if (regular) {
		close(fd);
		return 0;
	}
	f->config.path = NULL;
	f->fd = fd;
	f->opened = true;
	return 0;
}

static void
feeder_free(struct feeder *f)
{
	if (f->opened && f->fd >= 0)
		close(f->fd);
	if (f->wake[0] >= 0) {
		close(f->wake[0]);
		close(f->wake[1]);
	}
	intake_free(f->intake);
	sig_verifier_free(f->verifier);
	vrpset_unref(f->delivered);
	names_unref(f->names);
	free(f->data);
	free(f);
}

/* From what the cache has already. */
static void
go_on(struct feeder *f, const struct rtr_snapshot *s)
{
	f->delivered = vrpset_ref(s->set);
	if (!f->config.withheld)
		intake_restore(f->intake, s->set, s->data_time, now());
}

struct feeder *
feeder_start(const struct feeder_config *config, const struct log *log, struct vrp_err *err)
{
	struct feeder *f = calloc(1, sizeof(*f));
	struct intake_config rules = {
		.ignore_expiry = config->ignore_expiry,
		.max_age = config->max_age,
		.max_shrink = config->max_shrink,
		.publish = publish,
		.renew = keep_rest,
		.ctx = f,
	};
	int rc = ENOMEM;

	if (!f) {
		vrp_err_nomem(err);
		return NULL;
	}
	f->config = *config;
	f->log = *log;
	f->fd = config->path ? -1 : config->fd;
	f->wake[0] = -1;
	f->watch.path = config->path;
	if (config->path && open_path(f, err) < 0) {
		feeder_free(f);
		return NULL;
	}
	f->data = malloc(READ_SIZE);
	f->names = config->restored ? names_ref(vrpset_names(config->restored->set)) : names_new();
	f->intake = f->names ? intake_new(f->names, &rules, log) : NULL;
	if (f->intake && config->restored)
		go_on(f, config->restored);
	if (f->data && f->intake && begin_verifying(f) == 0)
		rc = pipe2(f->wake, O_CLOEXEC | O_NONBLOCK) < 0 ? errno : thread_start(&f->thread, NULL, run, f);
	if (rc) {
		vrp_err_set(err, "cannot start reading input: %s", strerror(rc));
		feeder_free(f);
		return NULL;
	}
	return f;
}

static void
wake(struct feeder *f, enum command command)
{
	char c = (char)command;

	/* A full pipe means that the thread has enough to do already. */
	(void)!write(f->wake[1], &c, 1);
}

void
feeder_stop(struct feeder *f)
{
	if (!f)
		return;
	wake(f, QUIT);
	pthread_join(f->thread, NULL);
	feeder_free(f);
}

void
feeder_reload(struct feeder *f)
{
	wake(f, RELOAD);
}

void
feeder_accept_held(struct feeder *f)
{
	wake(f, ACCEPT);
}
