/* SPDX-License-Identifier: ISC */
#include "serve_board.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define SILENT_MS 15000	/* the loop reports each second; after so long it hangs */

struct serve_board {
	pthread_mutex_t lock;
	struct rtr_report *report;
	struct rtr_snapshot *snapshot;
	struct intake_status input;
	void (*moved)(void *ctx);
	void *ctx;
};

struct serve_board *
serve_board_new(void)
{
	struct serve_board *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	b->input = (struct intake_status)INTAKE_STATUS_INIT;
	return b;
}

void
serve_board_free(struct serve_board *b)
{
	if (!b)
		return;
	rtr_report_unref(b->report);
	rtr_snapshot_unref(b->snapshot);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* What is replaced is freed outside of the lock: it may be a table. */
void
serve_board_leave_report(struct serve_board *b, struct rtr_report *report)
{
	struct rtr_report *old;

	pthread_mutex_lock(&b->lock);
	old = b->report;
	b->report = report;
	pthread_mutex_unlock(&b->lock);
	rtr_report_unref(old);
}

void
serve_board_leave_snapshot(struct serve_board *b, struct rtr_snapshot *snapshot)
{
	struct rtr_snapshot *old;

	pthread_mutex_lock(&b->lock);
	old = b->snapshot;
	b->snapshot = snapshot;
	pthread_mutex_unlock(&b->lock);
	rtr_snapshot_unref(old);
	if (b->moved)
		b->moved(b->ctx);
}

void
serve_board_leave_input(struct serve_board *b, const struct intake_status *input)
{
	pthread_mutex_lock(&b->lock);
	b->input = *input;
	pthread_mutex_unlock(&b->lock);
}

void
serve_board_on_snapshot(struct serve_board *b, void (*moved)(void *ctx), void *ctx)
{
	b->moved = moved;
	b->ctx = ctx;
}

/* The loop reports once a second; a cache whose loop hangs serves nobody. */
static bool
loop_turns(const struct serve_view *v)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return !v->report || (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - v->report->made_ms < SILENT_MS;
}

static void
judge(struct serve_view *v)
{
	v->healthy = intake_status_healthy(&v->input, v->now, v->reason);
	if (v->healthy && !v->snapshot) {
		snprintf(v->reason, sizeof(v->reason), "no data yet");
		v->healthy = false;
	}
	if (v->healthy && !loop_turns(v)) {
		snprintf(v->reason, sizeof(v->reason), "the loop that serves routers hangs");
		v->healthy = false;
	}
}

void
serve_board_look(struct serve_board *b, struct serve_view *view)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*view = (struct serve_view){.now = ts.tv_sec, .data_time = STAMP_UNKNOWN};
	pthread_mutex_lock(&b->lock);
	view->report = b->report ? rtr_report_ref(b->report) : NULL;
	view->snapshot = b->snapshot ? rtr_snapshot_ref(b->snapshot) : NULL;
	view->input = b->input;
	pthread_mutex_unlock(&b->lock);
	/* The same table may have come again with a later time; another one may have come that is not served yet. */
	if (view->snapshot)
		view->data_time = view->input.published == view->snapshot->updates ? view->input.data_time
										   : view->snapshot->data_time;
	judge(view);
}

void
serve_view_release(struct serve_view *view)
{
	rtr_report_unref(view->report);
	rtr_snapshot_unref(view->snapshot);
	view->report = NULL;
	view->snapshot = NULL;
}

uint32_t
serve_view_serial(const struct serve_view *view)
{
	return view->snapshot ? view->snapshot->serial : 0;
}
