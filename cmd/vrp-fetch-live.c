/* SPDX-License-Identifier: ISC */
/*
 * vrp-fetch -r: the head of a live pipeline.  Which source is asked when, and
 * what of its table is written, is decided in lib/refresh.c; here are the clock,
 * the signals, the messages and the reader that may be gone.
 */
#include "vrp-fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "chance.h"
#include "refresh.h"
#include "stamp.h"

#define FINISH_SECONDS 10	/* for a reader to take the rest of a block when we shall end */

struct live {
	const struct cli *cli;
	const struct options *options;
	struct names *names;
	struct source *sources;
	struct validators *known;	/* of each source: of the body that refresh holds, if it is from there */
	struct refresh *refresh;
	bool written;
};

/* What signals want of us, and the pipe that wakes whoever waits. */
static volatile sig_atomic_t stop_wanted, fetch_wanted;
static int wake[2];

/* A block is finished first, a second signal doesn't wait for it. */
static void
on_signal(int sig)
{
	int error = errno;

	if (sig == SIGHUP) {
		fetch_wanted = 1;
	} else if (stop_wanted) {
		signal(sig, SIG_DFL);
		raise(sig);
	} else {
		stop_wanted = 1;
		alarm(FINISH_SECONDS);
	}
	(void)!write(wake[1], "", 1);
	errno = error;
}

static void
on_alarm(int sig VRP_UNUSED)
{
	static const char said[] = "vrp-fetch: terminated within a block that its reader does not take\n";

	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	_exit(EXIT_TROUBLE);
}

static void
catch_signals(const struct cli *cli)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		cli_die(cli, "pipe: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &action, NULL);
	action.sa_handler = on_alarm;
	sigaction(SIGALRM, &action, NULL);
	/* A reader that is gone is found when we write or wait, and said. */
	signal(SIGPIPE, SIG_IGN);
}

/* Wait for so long, or for a signal, or until the reader is gone.  False in the last case. */
static bool
wait_for(const struct live *l, int64_t ms)
{
	struct pollfd fds[] = {
		{.fd = wake[0], .events = POLLIN},
		{.fd = l->options->output ? -1 : STDOUT_FILENO},
	};
	char drain[64];

	(void)poll(fds, ARRAY_LEN(fds), ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms);
	while (read(wake[0], drain, sizeof(drain)) > 0)
		;
	return !(fds[1].revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* Is there something to do that a download must not hold up? */
static bool
interrupted(void *ctx)
{
	return !wait_for(ctx, 0) || stop_wanted || fetch_wanted;
}

static void
say_failure(const struct live *l, struct source *s, int64_t wait)
{
	struct vrp_err err = s->answer.err;

	snprintf(err.msg, sizeof(err.msg), "%.200s; next try in %lld s", s->answer.err.msg, (long long)(wait + 500) / 1000);
	cli_warn_err(l->cli, s->name, &err);
}

static void
say_step(const struct live *l, const struct source *s, const struct refresh_block *b)
{
	char was[STAMP_MAX], is[STAMP_MAX];

	if (b->moved && b->action != REFRESH_NOTHING && l->written)
		cli_warn(l->cli, "%s: is the source from now on", s->name);
	if (!b->older)
		return;
	stamp_format(refresh_time(l->refresh), was);
	stamp_format(b->time, is);
	cli_warn(l->cli, "%s: its data is of %s, older than that of %s which was written before%s", s->name, is, was,
		 b->action == REFRESH_KEEP ? " and stays" : "");
}

/* A good table: write of it what is new.  -1 when there is no use in going on. */
static int
take_table(struct live *l, size_t i)
{
	struct source *s = &l->sources[i];
	struct refresh_block b;
	struct block block = {.source = s, .set = s->answer.set};

	if (refresh_offer(l->refresh, i, s->answer.set, s->answer.result.time, time(NULL), &b) < 0) {
		refresh_block_release(&b);
		cli_warn(l->cli, "%s: out of memory", s->name);
		return 0;
	}
	say_step(l, s, &b);
	block.named = b.moved || b.action == REFRESH_SNAPSHOT;
	block.delta = b.action == REFRESH_DELTA ? &b.delta : NULL;
	if (b.action == REFRESH_KEEP) {
		refresh_block_release(&b);
		return 0;
	}
	if (b.action != REFRESH_NOTHING && block_deliver(&block, l->options) < 0) {
		refresh_block_release(&b);
		/* A file may be written the next time, unless it never was; what a pipe or a disk has half of is lost. */
		return l->options->output && l->written ? 0 : -1;
	}
	refresh_written(l->refresh, &b);
	refresh_block_release(&b);
	l->known[i] = s->answer.validators;
	l->written = true;
	return 0;
}

static void
take_failure(struct live *l, size_t i)
{
	struct source *s = &l->sources[i];

	say_failure(l, s, refresh_failed(l->refresh, i, clock_ms(), s->answer.retry_after));
}

static void
take_success(struct live *l, size_t i)
{
	unsigned failures = refresh_worked(l->refresh, i, clock_ms());

	if (failures)
		cli_warn(l->cli, "%s: back after %u failure%s", l->sources[i].name, failures, failures == 1 ? "" : "s");
}

static int
visit(struct live *l, size_t i)
{
	struct source *s = &l->sources[i];
	struct validators none = VALIDATORS_NONE;
	enum feed_outcome outcome = source_read(s, l->options, refresh_holds(l->refresh, i) ? &l->known[i] : &none, l->names);
	int rc = 0;

	/* Given up; that is not the source's fault. */
	if (outcome == FEED_FAILED && interrupted(l))
		return 0;
	if (outcome == FEED_FAILED ||
	    (outcome == FEED_UNCHANGED && refresh_check_age(l->refresh, time(NULL), &s->answer.err) < 0)) {
		take_failure(l, i);
		return 0;
	}
	take_success(l, i);
	if (outcome == FEED_GOOD) {
		s->mute = true;
		s->skipped = s->answer.result.skipped;
		rc = stop_wanted ? 0 : take_table(l, i);
		vrpset_unref(s->answer.set);
	}
	return rc;
}

static int
go_on(struct live *l)
{
	while (!stop_wanted) {
		int64_t at = clock_ms();
		int source = refresh_next(l->refresh, at);

		if (source >= 0 && visit(l, (size_t)source) < 0)
			return EXIT_TROUBLE;
		if (!wait_for(l, source >= 0 ? 0 : refresh_deadline(l->refresh) - at) && !stop_wanted) {
			cli_warn(l->cli, "standard output: nobody reads it any more");
			return EXIT_TROUBLE;
		}
		if (fetch_wanted) {
			fetch_wanted = 0;
			refresh_hurry(l->refresh);
		}
	}
	return EXIT_DONE;
}

int
live_run(const struct cli *cli, struct options *o, struct source *sources, size_t count, struct names *names)
{
	struct refresh_config config = {
		.sources = count,
		.interval = (int64_t)o->refresh * 1000,
		.max_age = o->ask.feed.max_age,
		.full = o->full || o->output,
		.random = chance,
	};
	struct live l = {.cli = cli, .options = o, .names = names, .sources = sources};
	int status;

	cli_open_standard_streams(cli, !o->output);
	catch_signals(cli);
	o->ask.fetch.cancelled = interrupted;
	o->ask.fetch.ctx = &l;
	o->ask.fetch.wake = wake[0];
	l.refresh = refresh_new(&config);
	l.known = calloc(count, sizeof(*l.known));
	if (!l.refresh || !l.known)
		cli_die(cli, "out of memory");
	status = go_on(&l);
	refresh_free(l.refresh);
	free(l.known);
	return status;
}
