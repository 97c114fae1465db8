/* SPDX-License-Identifier: ISC */
/*
 * rtr-mon -1: wait until each source has a table or has failed, and write what
 * leads from the first to each of the others, as vrp-diff has it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "delta.h"
#include "rtr-mon.h"
#include "stream.h"

struct once;

struct one {
	const struct mon_source *source;
	struct source *running;
	struct once *once;

	/* Under once->lock: */
	struct vrpset *set;
	struct block_attrs attrs;
	struct vrp_err error;	/* msg "" until it failed */
	bool settled;
};

struct once {
	const struct cli *cli;
	const struct options *options;
	struct one *ones;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void
on_table(void *ctx, struct vrpset *set, const struct delta *delta VRP_UNUSED, const struct source_meta *meta)
{
	struct one *one = ctx;

	pthread_mutex_lock(&one->once->lock);
	vrpset_unref(one->set);
	one->set = vrpset_ref(set);
	one->attrs = meta->attrs;
	one->attrs.source = one->source->url;
	pthread_mutex_unlock(&one->once->lock);
}

/* A stream has said what it has when it ends; all others with their first table. */
static void
on_status(void *ctx, const struct source_status *status)
{
	struct one *one = ctx;
	bool stream = status->kind == SOURCE_STREAM;

	pthread_mutex_lock(&one->once->lock);
	if (!one->settled) {
		one->settled = status->state >= SOURCE_FAILING || (status->state == SOURCE_IN_SYNC && !stream);
		if (status->state == SOURCE_FAILING || status->state == SOURCE_WITHDRAWN ||
		    (status->state == SOURCE_ENDED && (!status->given || status->refusals)))
			one->error = status->error;
		pthread_cond_signal(&one->once->changed);
	}
	pthread_mutex_unlock(&one->once->lock);
}

static int
start(struct once *w)
{
	for (size_t i = 0; i < w->options->source_count; i++) {
		struct one *one = &w->ones[i];
		struct source_config config = w->options->sources[i].config;
		struct vrp_err err;

		one->once = w;
		one->source = &w->options->sources[i];
		config.table = on_table;
		config.status = on_status;
		config.ctx = one;
		one->running = source_start(&config, &err);
		if (one->running)
			continue;
		cli_warn(w->cli, "%s: %s: %s", one->source->name, one->source->url, err.msg);
		return -1;
	}
	return 0;
}

static bool
all_settled(const struct once *w)
{
	for (size_t i = 0; i < w->options->source_count; i++)
		if (!w->ones[i].settled)
			return false;
	return true;
}

/* Until all are settled, or the time is over. */
static void
wait_for_all(struct once *w)
{
	struct timespec end;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += w->options->timeout;
	pthread_mutex_lock(&w->lock);
	while (!all_settled(w) && rc == 0)
		rc = w->options->timeout ? pthread_cond_timedwait(&w->changed, &w->lock, &end)
					 : pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static bool
report_failures(const struct once *w)
{
	bool failed = false;

	for (size_t i = 0; i < w->options->source_count; i++) {
		struct one *one = &w->ones[i];

		if (!one->error.msg[0] && !one->set)
			vrp_err_set(&one->error, "no table within %u s", w->options->timeout);
		if (!one->error.msg[0])
			continue;
		cli_warn(w->cli, "%s: %s: %s", one->source->name, one->source->url, one->error.msg);
		failed = true;
	}
	return failed;
}

/* 1 when they differ, 0 when not, -1 when memory is out. */
static int
write_difference(const struct once *w, struct out *out, const struct one *to)
{
	struct delta delta = DELTA_INIT;
	bool differ;

	if (delta_between(w->ones[0].set, to->set, &delta) < 0)
		return -1;
	differ = delta_count(&delta) > 0;
	if (differ && !w->options->quiet)
		stream_write_delta(out, &to->attrs, &delta);
	delta_release(&delta);
	return differ;
}

static int
compare(const struct once *w)
{
	int status = EXIT_DONE;
	struct out out;

	out_init(&out, STDOUT_FILENO);
	for (size_t i = 1; i < w->options->source_count; i++) {
		int rc = write_difference(w, &out, &w->ones[i]);

		if (rc < 0)
			cli_die(w->cli, "out of memory");
		if (rc > 0)
			status = EXIT_NEGATIVE;
	}
	if (out_flush(&out) < 0) {
		cli_warn(w->cli, "standard output: %s", strerror(errno));
		status = EXIT_TROUBLE;
	}
	out_release(&out);
	return status;
}

int
once_run(const struct cli *cli, const struct options *o)
{
	struct once w = {.cli = cli, .options = o, .lock = PTHREAD_MUTEX_INITIALIZER};
	int status = EXIT_TROUBLE;
	pthread_condattr_t attr;

	enter_sandbox(cli, o);
	w.ones = calloc(o->source_count, sizeof(*w.ones));
	if (!w.ones)
		cli_die(cli, "out of memory");
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w.changed, &attr);
	pthread_condattr_destroy(&attr);
	if (start(&w) == 0) {
		wait_for_all(&w);
		status = EXIT_DONE;
	}
	for (size_t i = 0; i < o->source_count; i++)
		source_stop(w.ones[i].running);
	if (status == EXIT_DONE)
		status = report_failures(&w) ? EXIT_TROUBLE : compare(&w);
	for (size_t i = 0; i < o->source_count; i++)
		vrpset_unref(w.ones[i].set);
	pthread_cond_destroy(&w.changed);
	free(w.ones);
	return status;
}
