/* SPDX-License-Identifier: ISC */
#include "intake_status.h"

#include <stdio.h>

const char *const intake_state_names[INTAKE_STATES] = {
	[INTAKE_WAITING] = "waiting", [INTAKE_OK] = "ok",	[INTAKE_FAILING] = "failing",
	[INTAKE_HELD] = "held",	      [INTAKE_STALE] = "stale", [INTAKE_ENDED] = "ended",
};

const char *const intake_result_names[INTAKE_RESULTS] = {
	[INTAKE_ACCEPTED] = "accepted",
	[INTAKE_REFUSED] = "refused",
	[INTAKE_HELD_BACK] = "held",
	[INTAKE_TOO_OLD] = "stale",
};

void
intake_status_fail(struct intake_status *s, const struct vrp_err *why, int64_t now)
{
	s->state = INTAKE_FAILING;
	s->error = *why;
	s->error_time = now;
}

/* Withdrawals take a moment to come, and do not come at all while the thread that reads is held up. */
static bool
too_old(const struct intake_status *s, int64_t now)
{
	return s->aged || (s->max_age && s->data_time != STAMP_UNKNOWN && now - s->data_time > (int64_t)s->max_age);
}

bool
intake_status_healthy(const struct intake_status *s, int64_t now, char reason[INTAKE_REASON_MAX])
{
	char text[STAMP_MAX];

	if (!s->has_table) {
		snprintf(reason, INTAKE_REASON_MAX, "no data yet");
		return false;
	}
	if (!too_old(s, now))
		return true;
	stamp_format(s->data_time, text);
	snprintf(reason, INTAKE_REASON_MAX, "data is of %s, older than %us", text, s->max_age);
	return false;
}
