/* SPDX-License-Identifier: ISC */
/*
 * rtr-mon as a daemon.
 *
 *	each source's thread:	table, status -> its `inbox`
 *	this thread:		inboxes -> monitor -> view, log, hook
 *	HTTP's thread:		mon_look(): the last view and statuses
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "rtr-mon.h"
#include "sd.h"
#include "stamp.h"

#define RETRY_SECONDS 1		/* for memory */
#define OFFSET_SLACK 2		/* seconds between the two clocks that are put up with */

/* What a source's thread leaves for this one; under the lock. */
struct inbox {
	struct vrpset *fresh;	/* a table whose status has not come yet */
	struct vrpset *table;	/* to be taken */
	struct source_meta meta;
	bool leaves;
};

struct watched {
	struct mon *mon;
	const struct mon_source *source;
	struct source *running;
	struct inbox inbox;
	struct mon_known known;		/* under the lock */

	/* This thread's own: */
	struct vrpset *set;		/* that was taken last */
	struct source_status said;	/* as the log has it */
};

struct mon {
	const struct cli *cli;
	const struct options *options;
	struct log log;
	struct watched *sources;
	size_t count;
	struct monitor *monitor;
	struct mon_hook *hook;
	struct mon_http *http;
	struct sd_notifier manager;
	int told;		/* eventfd */
	int signals;		/* signalfd */
	int64_t started;
	int64_t deadline;	/* when to look again, on the monitor's clock */
	bool starved;

	pthread_mutex_t lock;	/* of what follows, and where it says so above */
	uint64_t generation;
	int64_t offset;
	struct monitor_view *view;
	int64_t *diverged;
};

/* ---- clocks */

/* The monitor's, which goes on while the machine sleeps. */
static int64_t
now_monitor(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

/* What makes Unix seconds of it stays as it is but when the clock is set, so that a time is always the same one. */
static void
keep_offset(struct mon *m, int64_t now)
{
	int64_t offset = (int64_t)time(NULL) - now, off = offset - m->offset;

	if (off > OFFSET_SLACK || off < -OFFSET_SLACK) {
		m->offset = offset;
		m->generation++;
	}
}

/* ---- pictures */

struct mon_picture *
mon_picture_ref(struct mon_picture *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void
mon_picture_unref(struct mon_picture *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	monitor_view_unref(p->view);
	free(p->known);
	free(p->pairs);
	free(p->gone);
	free(p->diverged);
	free(p);
}

static struct mon_picture *
picture_new(const struct mon *m)
{
	struct mon_picture *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	atomic_init(&p->refs, 1);
	p->options = m->options;
	p->started = m->started;
	p->known = calloc(m->count, sizeof(*p->known));
	p->pairs = calloc(m->count * m->count, sizeof(*p->pairs));
	p->gone = calloc(m->count, sizeof(*p->gone));
	p->diverged = calloc(m->count * m->count, sizeof(*p->diverged));
	if (p->known && p->pairs && p->gone && p->diverged)
		return p;
	mon_picture_unref(p);
	return NULL;
}

/* Under the lock. */
static void
take_picture(const struct mon *m, struct mon_picture *p, int64_t now)
{
	p->generation = m->generation;
	p->offset = m->offset;
	p->now = now + m->offset;
	p->view = monitor_view_ref(m->view);
	for (size_t i = 0; i < m->count; i++)
		p->known[i] = m->sources[i].known;
	memcpy(p->diverged, m->diverged, m->count * m->count * sizeof(*p->diverged));
}

struct mon_picture *
mon_look(struct mon *m, struct mon_picture *last)
{
	struct monitor_question q = {.now = now_monitor(), .thresholds = m->options->thresholds,
				     .threshold_count = m->options->threshold_count};
	struct mon_picture *p = NULL;
	bool same;

	pthread_mutex_lock(&m->lock);
	same = last && last->generation == m->generation && last->now == q.now + m->offset;
	if (!same && (p = picture_new(m)))
		take_picture(m, p, q.now);
	pthread_mutex_unlock(&m->lock);
	if (same)
		return mon_picture_ref(last);
	if (p)
		monitor_view_count(p->view, &q, p->pairs, p->gone);
	if (p && m->hook)
		mon_hook_runs(m->hook, p->hook_runs);
	return p;
}

/* ---- on the sources' threads */

static void
tell(struct mon *m)
{
	static const uint64_t one = 1;

	(void)!write(m->told, &one, sizeof(one));
}

/*
 * A table waits for the status behind it: the empty one of a source whose table is
 * withdrawn is none to be compared.
 */
static void
on_table(void *ctx, struct vrpset *set, const struct delta *delta VRP_UNUSED, const struct source_meta *meta VRP_UNUSED)
{
	struct watched *w = ctx;

	pthread_mutex_lock(&w->mon->lock);
	vrpset_unref(w->inbox.fresh);
	w->inbox.fresh = vrpset_ref(set);
	pthread_mutex_unlock(&w->mon->lock);
}

static void
sort_inbox(struct inbox *in, const struct source_status *status)
{
	if (status->state == SOURCE_WITHDRAWN) {
		vrpset_unref(in->fresh);
		vrpset_unref(in->table);
		in->table = NULL;
		in->leaves = true;
	} else if (in->fresh) {
		vrpset_unref(in->table);
		in->table = in->fresh;
		in->leaves = false;
	}
	in->fresh = NULL;
	in->meta = status->meta;
	in->meta.attrs.source = NULL;
}

static void
on_status(void *ctx, const struct source_status *status)
{
	struct watched *w = ctx;

	pthread_mutex_lock(&w->mon->lock);
	w->known.failures += status->state == SOURCE_FAILING && w->known.status.state != SOURCE_FAILING;
	w->known.status = *status;
	w->known.status.meta.attrs.source = NULL;
	sort_inbox(&w->inbox, status);
	w->mon->generation++;
	pthread_mutex_unlock(&w->mon->lock);
	tell(w->mon);
}

/* ---- log */

static void
log_state(struct mon *m, struct watched *w, const struct source_status *now)
{
	const struct source_status *said = &w->said;
	enum log_level level = now->state == SOURCE_IN_SYNC || now->state == SOURCE_CONNECTING ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
	const char *why = now->state == SOURCE_WITHDRAWN ? now->withdrawn : now->error.msg;

	if (said->state == now->state && strcmp(said->error.msg, now->error.msg) == 0 && said->given == now->given)
		return;
	w->said = *now;
	if (now->state == SOURCE_IN_SYNC)
		log_line(&m->log, level, "%s: in sync, %zu records", w->source->name, now->records);
	else
		log_line(&m->log, level, "%s: %s%s%s", w->source->name, source_state_name(now->state), *why ? ": " : "", why);
}

static void
log_pair(const struct mon *m, size_t lhs, size_t rhs, const struct monitor_pair *pair)
{
	const char *a = m->sources[lhs].source->name, *b = m->sources[rhs].source->name;

	if (pair->lasting)
		log_line(&m->log, LOG_LEVEL_WARNING, "%s has %zu records that %s has lacked for %u s or longer", a, pair->lasting, b,
			 m->options->grace);
	else
		log_line(&m->log, LOG_LEVEL_NOTICE, "%s has no record any longer that %s has lacked for so long", a, b);
}

/* ---- comparing */

static void
set_diverged(struct mon *m, size_t lhs, size_t rhs, const struct monitor_pair *pair)
{
	int64_t *since = &m->diverged[lhs * m->count + rhs];
	bool was = *since != STAMP_UNKNOWN, is = pair->lasting > 0;

	if (was == is)
		return;
	if (pair->compared)
		log_pair(m, lhs, rhs, pair);
	pthread_mutex_lock(&m->lock);
	*since = is ? pair->oldest + m->options->grace + m->offset : STAMP_UNKNOWN;
	m->generation++;
	pthread_mutex_unlock(&m->lock);
}

static void
note_deadline(struct mon *m, int64_t when)
{
	if (when < m->deadline)
		m->deadline = when;
}

static void
look_at_pairs(struct mon *m)
{
	struct mon_picture *p = mon_look(m, NULL);

	if (!p) {
		m->starved = true;
		return;
	}
	for (size_t a = 0; a < m->count; a++)
		for (size_t b = 0; b < m->count; b++) {
			const struct monitor_pair *pair = mon_pair(p, a, b);

			set_diverged(m, a, b, pair);
			if (!pair->lasting && pair->records)
				note_deadline(m, pair->oldest + m->options->grace);
		}
	for (size_t a = 0; m->hook && a < m->count; a++)
		for (size_t b = a + 1; b < m->count; b++)
			if (mon_pair(p, a, b)->compared)
				mon_hook_pair(m->hook, a, b, mon_pair(p, a, b)->lasting || mon_pair(p, b, a)->lasting);
	mon_picture_unref(p);
}

static void
note_change(struct mon *m, struct watched *w, struct vrpset *set, const struct source_meta *meta)
{
	if (w->set && !vrpset_same(w->set, set)) {
		pthread_mutex_lock(&m->lock);
		w->known.changes++;
		pthread_mutex_unlock(&m->lock);
	}
	if (m->hook)
		mon_hook_table(m->hook, (size_t)(w - m->sources), set, meta);
	vrpset_unref(w->set);
	w->set = vrpset_ref(set);
}

/* What came from one source.  Where memory is out it stays in the inbox. */
static void
take_inbox(struct mon *m, struct watched *w, int64_t now)
{
	size_t source = (size_t)(w - m->sources);
	struct source_status status;
	struct inbox in;
	int rc = 0;

	pthread_mutex_lock(&m->lock);
	in = w->inbox;
	w->inbox.table = NULL;
	w->inbox.leaves = false;
	status = w->known.status;
	pthread_mutex_unlock(&m->lock);
	log_state(m, w, &status);
	if (in.leaves)
		rc = monitor_leave(m->monitor, source, now);
	else if (in.table)
		rc = monitor_take(m->monitor, source, in.table, now);
	if (rc == 0 && in.table)
		note_change(m, w, in.table, &in.meta);
	if (rc < 0) {
		m->starved = true;
		pthread_mutex_lock(&m->lock);
		if (!w->inbox.table && !w->inbox.leaves) {
			w->inbox.table = in.table;
			w->inbox.leaves = in.leaves;
			in.table = NULL;
		}
		pthread_mutex_unlock(&m->lock);
	}
	vrpset_unref(in.table);
}

static void
publish(struct mon *m, int64_t now)
{
	struct monitor_view *view = monitor_view(m->monitor), *old;

	pthread_mutex_lock(&m->lock);
	old = m->view;
	m->view = view;
	m->generation += view != old;
	keep_offset(m, now);
	pthread_mutex_unlock(&m->lock);
	monitor_view_unref(old);
}

static void
settle(struct mon *m)
{
	int64_t now = now_monitor();

	m->starved = false;
	for (size_t i = 0; i < m->count; i++)
		take_inbox(m, &m->sources[i], now);
	if (monitor_tick(m->monitor, now) < 0)
		m->starved = true;
	publish(m, now);
	m->deadline = monitor_deadline(m->monitor);
	look_at_pairs(m);
	if (m->starved)
		note_deadline(m, now + RETRY_SECONDS);
}

/* ---- the loop */

static void
tell_manager(struct mon *m)
{
	size_t well = 0, differ = 0;

	if (m->manager.fd < 0)
		return;
	for (size_t i = 0; i < m->count; i++)
		well += m->sources[i].said.state == SOURCE_IN_SYNC;
	for (size_t i = 0; i < m->count * m->count; i++)
		differ += m->diverged[i] != STAMP_UNKNOWN;
	sd_notify(&m->manager, "STATUS=%zu of %zu sources in sync%s", well, m->count,
		  differ ? ", and some differ for longer than the grace period" : "");
	if (m->manager.watchdog_ms)
		sd_notify(&m->manager, "WATCHDOG=1");
}

static void
refresh_all(struct mon *m)
{
	log_line(&m->log, LOG_LEVEL_NOTICE, "SIGHUP: asking all sources");
	sd_notify_reloading(&m->manager);
	for (size_t i = 0; i < m->count; i++)
		source_refresh(m->sources[i].running);
	sd_notify(&m->manager, "READY=1");
}

/* True when it is time to end. */
static bool
take_signal(struct mon *m)
{
	struct signalfd_siginfo info;

	if (read(m->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGHUP) {
		refresh_all(m);
		return false;
	}
	log_line(&m->log, LOG_LEVEL_NOTICE, "%s, ending", info.ssi_signo == SIGINT ? "interrupted" : "terminated");
	return true;
}

static int
time_left(const struct mon *m)
{
	int64_t ms = 3600000, left;

	if (m->deadline != MONITOR_NEVER) {
		left = (m->deadline - now_monitor()) * 1000;
		/* The clock is read in whole seconds. */
		left = left < 100 ? 100 : left;
		ms = left < ms ? left : ms;
	}
	if (m->manager.watchdog_ms && (int64_t)m->manager.watchdog_ms < ms)
		ms = (int64_t)m->manager.watchdog_ms;
	return (int)ms;
}

static void
run(struct mon *m)
{
	struct pollfd fds[] = {{.fd = m->signals, .events = POLLIN}, {.fd = m->told, .events = POLLIN}};
	uint64_t count;

	for (;;) {
		settle(m);
		tell_manager(m);
		if (poll(fds, ARRAY_LEN(fds), time_left(m)) < 0)
			continue;
		if (fds[1].revents)
			(void)!read(m->told, &count, sizeof(count));
		if (fds[0].revents && take_signal(m))
			return;
	}
}

/* ---- set-up */

static void
block_signals(struct mon *m)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC);
	m->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->signals < 0 || m->told < 0)
		cli_die(m->cli, "cannot start: %s", strerror(errno));
}

static void
set_up(struct mon *m)
{
	int64_t now = now_monitor();

	m->sources = calloc(m->count, sizeof(*m->sources));
	m->diverged = calloc(m->count * m->count, sizeof(*m->diverged));
	m->monitor = monitor_new(m->count, m->options->grace, now);
	if (!m->sources || !m->diverged || !m->monitor)
		cli_die(m->cli, "out of memory");
	for (size_t i = 0; i < m->count * m->count; i++)
		m->diverged[i] = STAMP_UNKNOWN;
	for (size_t i = 0; i < m->count; i++)
		m->sources[i] = (struct watched){.mon = m, .source = &m->options->sources[i]};
	m->view = monitor_view(m->monitor);
	m->started = (int64_t)time(NULL);
	m->offset = m->started - now;
	/* Documents of two lives of this program are other ones. */
	if (getrandom(&m->generation, sizeof(m->generation), 0) < 0)
		m->generation = (uint64_t)m->started << 24;
}

/* All that is open or forked before the sandbox. */
static void
open_doors(struct mon *m)
{
	struct vrp_err err;

	vrp_err_clear(&err);
	if (sd_notifier_open(&m->manager, &err) < 0)
		cli_die(m->cli, "%s", err.msg);
	if (m->options->hook && !(m->hook = mon_hook_new(m->options, &m->log, &err)))
		cli_die(m->cli, "--on-change: %s", err.msg);
	m->http = mon_http_new(m->options, m, &m->log, &err);
	if (!m->http)
		cli_die(m->cli, "--http: %s", err.msg);
}

static int
start(struct mon *m)
{
	struct vrp_err err;

	vrp_err_clear(&err);
	for (size_t i = 0; i < m->count; i++) {
		struct watched *w = &m->sources[i];
		struct source_config config = w->source->config;

		config.table = on_table;
		config.status = on_status;
		config.ctx = w;
		w->running = source_start(&config, &err);
		if (!w->running) {
			cli_warn(m->cli, "%s: %s: %s", w->source->name, w->source->url, err.msg);
			return -1;
		}
	}
	if (mon_http_start(m->http, &err) < 0 || (m->hook && mon_hook_start(m->hook, &err) < 0)) {
		cli_warn(m->cli, "%s", err.msg);
		return -1;
	}
	sd_notify(&m->manager, "READY=1");
	return 0;
}

static void
clean_up(struct mon *m)
{
	sd_notify(&m->manager, "STOPPING=1");
	mon_http_stop(m->http);
	for (size_t i = 0; i < m->count; i++)
		source_stop(m->sources[i].running);
	mon_hook_stop(m->hook);
	for (size_t i = 0; i < m->count; i++) {
		vrpset_unref(m->sources[i].inbox.fresh);
		vrpset_unref(m->sources[i].inbox.table);
		vrpset_unref(m->sources[i].set);
	}
	monitor_view_unref(m->view);
	monitor_free(m->monitor);
	free(m->sources);
	free(m->diverged);
	sd_notifier_close(&m->manager);
	close(m->signals);
	close(m->told);
}

int
live_run(const struct cli *cli, const struct options *o)
{
	struct mon m = {.cli = cli, .options = o, .count = o->source_count, .log = cli_log(cli, o->level),
			.manager = SD_NOTIFIER_NONE, .lock = PTHREAD_MUTEX_INITIALIZER};
	int status = EXIT_TROUBLE;

	block_signals(&m);
	set_up(&m);
	open_doors(&m);
	enter_sandbox(cli, o);
	if (start(&m) == 0) {
		run(&m);
		status = EXIT_DONE;
	}
	clean_up(&m);
	return status;
}
