/* SPDX-License-Identifier: ISC */
#include "source_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "fetch.h"
#include "filewatch.h"
#include "stamp.h"
#include "thread.h"
#include "transports.h"

#define CLOCK_CHECK 3600	/* seconds; the longest wait: the clock may be set */

static const char *const state_names[] = {
	[SOURCE_CONNECTING] = "connecting",
	[SOURCE_IN_SYNC] = "in sync",
	[SOURCE_FAILING] = "failing",
	[SOURCE_WITHDRAWN] = "withdrawn",
	[SOURCE_ENDED] = "ended",
};

const char *
source_state_name(enum source_state state)
{
	return state < ARRAY_LEN(state_names) ? state_names[state] : "unknown";
}

enum source_kind
source_kind(const struct source *s)
{
	return s->ops->kind;
}

const char *
source_name(const struct source *s)
{
	return s->name;
}

int64_t
source_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

/* ---- the table */

static void
starve(struct source *s)
{
	vrp_err_nomem(&s->status.error);
	s->starved = true;
	s->news = true;
}

static void
note_given(struct source *s, struct vrpset *set)
{
	s->given = vrpset_ref(set);
	s->status.given = true;
	s->status.records = vrpset_count(set);
	s->status.expired = s->life.aged ? 0 : s->dropped + vrpset_count(s->life.all) - vrpset_count(set);
	s->news = true;
	if (s->starved)
		vrp_err_clear(&s->status.error);
	s->starved = false;
}

/* Where it fails, everything is as it was, and tried again a second later. */
static void
give(struct source *s)
{
	struct delta delta = DELTA_INIT;
	struct vrpset *old = s->given, *set = s->life.live;

	if (!set || set == old)
		return;
	if (old && delta_exact(old, set, &delta) < 0) {
		starve(s);
		return;
	}
	note_given(s, set);
	if (!old || delta_count(&delta))
		s->config.table(s->config.ctx, set, old ? &delta : NULL, &s->status.meta);
	delta_release(&delta);
	vrpset_unref(old);
}

static void
live(struct source *s, struct vrpset *set, int64_t date)
{
	if (lifetime_take(&s->life, set, date, source_now()) < 0)
		starve(s);
	give(s);
}

/* A cache says itself when its data expires; all other data without a time dates from when its source was lost. */
static void
set_reach(struct source *s, bool lost)
{
	int64_t date = s->status.meta.attrs.time;

	if (lost == s->lost)
		return;
	s->lost = lost;
	if (s->life.all && date == STAMP_UNKNOWN && s->ops->kind != SOURCE_CACHE)
		live(s, s->life.all, lost ? source_now() : STAMP_UNKNOWN);
}

static void
regain(struct source *s)
{
	vrp_err_clear(&s->status.error);
	s->status.updated = source_now();
	s->status.next = STAMP_UNKNOWN;
	s->ended = s->starved = false;
	s->news = true;
}

static void
take_attrs(struct source *s, const struct block_attrs *attrs)
{
	s->status.meta.attrs = *attrs;
	s->status.meta.attrs.source = NULL;
	buf_reset(&s->text);
	if (attrs->source && buf_add(&s->text, attrs->source, strlen(attrs->source) + 1) == 0)
		s->status.meta.attrs.source = s->text.data;
}

static void
say_age(const struct source *s, int64_t time, char *text, size_t size)
{
	char stamp[STAMP_MAX];

	if (time == STAMP_UNKNOWN) {
		snprintf(text, size, "out of reach for more than %u s", s->config.max_age);
		return;
	}
	stamp_format(time, stamp);
	snprintf(text, size, "its data is of %s, more than %u s old", stamp, s->config.max_age);
}

void
source_take(struct source *s, struct vrpset *set, const struct block_attrs *attrs)
{
	struct vrp_err err = {0};

	if (lifetime_too_old(&s->life, attrs->time, source_now())) {
		say_age(s, attrs->time, err.msg, sizeof(err.msg));
		source_fail(s, &err, STAMP_UNKNOWN);
		return;
	}
	regain(s);
	take_attrs(s, attrs);
	s->lost = s->voided = false;
	live(s, set, attrs->time);
}

void
source_touch(struct source *s)
{
	regain(s);
	set_reach(s, false);
}

void
source_fail(struct source *s, const struct vrp_err *err, int64_t next)
{
	s->status.error = *err;
	s->status.next = next;
	s->starved = false;
	s->news = true;
	set_reach(s, true);
}

void
source_refuse(struct source *s, const struct vrp_err *err, int64_t next)
{
	s->status.refused = *err;
	s->status.refused_at = source_now();
	s->status.refusals++;
	source_fail(s, err, next);
}

void
source_end(struct source *s, const struct vrp_err *err)
{
	s->ended = true;
	source_fail(s, err, STAMP_UNKNOWN);
}

void
source_withdraw(struct source *s, const char *reason)
{
	struct vrpset *none = vrpset_empty(s->config.names);

	snprintf(s->status.withdrawn, sizeof(s->status.withdrawn), "%s", reason);
	s->voided = true;
	s->news = true;
	if (none)
		live(s, none, STAMP_UNKNOWN);
	else
		starve(s);
	vrpset_unref(none);
}

/* ---- the status */

static enum source_state
state_of(const struct source *s)
{
	if (s->life.aged || s->voided)
		return SOURCE_WITHDRAWN;
	if (s->ended)
		return SOURCE_ENDED;
	if (s->status.error.msg[0])
		return SOURCE_FAILING;
	return s->given ? SOURCE_IN_SYNC : SOURCE_CONNECTING;
}

static void
report(struct source *s)
{
	struct source_status *status = &s->status;
	enum source_state state = state_of(s);

	if (!s->news)
		return;
	s->news = false;
	if (state != status->state || status->since == STAMP_UNKNOWN)
		status->since = source_now();
	status->state = state;
	if (s->life.aged)
		say_age(s, status->meta.attrs.time, status->withdrawn, sizeof(status->withdrawn));
	else if (!s->voided)
		status->withdrawn[0] = '\0';
	if (s->ops->kind != SOURCE_CACHE)
		status->expires = s->life.all && s->life.max_age && s->life.date != STAMP_UNKNOWN && !s->life.aged
					  ? s->life.date + (int64_t)s->life.max_age + 1 : STAMP_UNKNOWN;
	if (s->config.status)
		s->config.status(s->config.ctx, status);
}

/* ---- the thread */

static void
look_at_clock(struct source *s)
{
	if (lifetime_tick(&s->life, source_now()) < 0)
		starve(s);
	give(s);
}

void
source_woken(struct source *s)
{
	uint64_t count;

	(void)!read(s->wake, &count, sizeof(count));
}

/* Milliseconds until the table has to be looked at. */
static int64_t
time_left(const struct source *s)
{
	int64_t left = CLOCK_CHECK, deadline = lifetime_deadline(&s->life);

	if (s->given != s->life.live)
		return 1000;
	if (deadline != LIFETIME_NEVER && deadline - source_now() < left)
		left = deadline - source_now();
	return left < 0 ? 0 : left * 1000;
}

void
source_wait(struct source *s, struct pollfd *also, int64_t ms)
{
	struct pollfd fds[] = {{.fd = s->wake, .events = POLLIN}, {.fd = -1}};
	int64_t left = time_left(s);

	if (also)
		fds[1] = *also;
	if (ms < 0 || ms > left)
		ms = left;
	if (poll(fds, ARRAY_LEN(fds), (int)ms) < 0)
		fds[0].revents = fds[1].revents = 0;
	if (fds[0].revents)
		source_woken(s);
	if (also)
		also->revents = fds[1].revents;
}

static void *
run(void *arg)
{
	struct source *s = arg;

	for (;;) {
		report(s);
		if (source_stopped(s))
			return NULL;
		if (atomic_exchange(&s->hurried, false) && s->ops->hurry)
			s->ops->hurry(s);
		s->ops->step(s);
		look_at_clock(s);
	}
}

static void
wake(struct source *s)
{
	static const uint64_t one = 1;

	/* It fails when there is a count already, which is as good. */
	(void)!write(s->wake, &one, sizeof(one));
}

void
source_refresh(struct source *s)
{
	atomic_store(&s->hurried, true);
	wake(s);
}

/* ---- beginning and end */

void
source_keep(const struct source_config *config, struct sandbox *box)
{
	struct vrp_err ignored;
	struct endpoint to;

	if (fetch_is_url(config->source) || !strstr(config->source, "://"))
		fetch_keep(config->source, &config->fetch, true, box);
	else if (endpoint_parse(config->source, config->transports, &to, &ignored) == 0)
		transports_keep(&to, true, box);
}

static void
source_free(struct source *s)
{
	if (s->own)
		s->ops->close(s);
	if (s->wake >= 0)
		close(s->wake);
	lifetime_release(&s->life);
	vrpset_unref(s->given);
	buf_release(&s->text);
	names_unref(s->config.names);
	free((char *)s->config.source);
	free(s->name);
	free(s);
}

void
source_stop(struct source *s)
{
	if (!s)
		return;
	atomic_store(&s->stopped, true);
	wake(s);
	pthread_join(s->thread, NULL);
	source_free(s);
}

/* A file that opens as one is read by its own kind, each time anew; whatever else opens is a stream. */
static const struct source_ops *
kind_of_path(const char *path, int *fd, struct vrp_err *err)
{
	bool regular;

	*fd = filewatch_open(path, &regular);
	if (*fd < 0) {
		vrp_err_set(err, "%s", strerror(errno));
		return NULL;
	}
	if (!regular)
		return &source_stream;
	close(*fd);
	*fd = -1;
	return &source_file;
}

static const struct source_ops *
kind_of(const struct source_config *config, int *fd, struct vrp_err *err)
{
	*fd = -1;
	if (strcmp(config->source, "-") == 0) {
		*fd = config->fd;
		return &source_stream;
	}
	if (fetch_is_url(config->source))
		return &source_feed;
	if (strstr(config->source, "://"))
		return &source_cache;
	return kind_of_path(config->source, fd, err);
}

static struct source *
source_new(const struct source_config *config)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->config.source = strdup(config->source);
	s->config.names = config->names ? names_ref(config->names) : names_new();
	s->name = fetch_name(config->source);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->life = (struct lifetime)LIFETIME_INIT;
	s->life.ignore_expiry = config->ignore_expiry;
	s->life.max_age = config->max_age;
	s->status.meta = (struct source_meta){.attrs = BLOCK_ATTRS_INIT, .version = -1};
	s->status.since = s->status.updated = s->status.next = s->status.expires = s->status.refused_at = STAMP_UNKNOWN;
	s->news = true;
	if (s->config.source && s->config.names && s->name && s->wake >= 0)
		return s;
	source_free(s);
	return NULL;
}

struct source *
source_start(const struct source_config *config, struct vrp_err *err)
{
	struct source *s = source_new(config);
	int fd, error;

	vrp_err_clear(err);
	if (!s) {
		vrp_err_nomem(err);
		return NULL;
	}
	s->ops = kind_of(&s->config, &fd, err);
	if (!s->ops || s->ops->open(s, fd, err) < 0) {
		source_free(s);
		return NULL;
	}
	s->status.kind = s->ops->kind;
	error = thread_start(&s->thread, NULL, run, s);
	if (!error)
		return s;
	vrp_err_set(err, "cannot start a thread: %s", strerror(error));
	source_free(s);
	return NULL;
}
