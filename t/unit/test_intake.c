/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "intake.h"
#include "lifetime.h"

#define T0 INT64_C(1795392000)	/* 2026-11-23T00:00:00Z */
#define T0_TEXT "2026-11-23T00:00:00Z"

struct fixture {
	struct names *names;
	struct intake *in;
	struct buf log;
	struct buf seen;	/* every table that routers saw, on one line each */
	int refuse;		/* so many publications fail, as if memory were out */
	size_t published;
};

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	struct fixture *f = ctx;

	assert_int_equal(buf_addf(&f->log, "%d %s\n", (int)level, line), 0);
}

static int
on_publish(void *ctx, struct vrpset *set)
{
	struct fixture *f = ctx;
	char *text;

	if (f->refuse) {
		f->refuse--;
		return -1;
	}
	text = set_text(set);
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ';' : *p;
	f->published++;
	assert_int_equal(buf_addf(&f->seen, "%s\n", text), 0);
	free(text);
	return 0;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return f && (f->names = names_new()) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	intake_free(f->in);
	names_unref(f->names);
	buf_release(&f->log);
	buf_release(&f->seen);
	free(f);
	return 0;
}

static void
open_intake(struct fixture *f, struct intake_config config)
{
	const struct log log = {on_log, f, LOG_LEVEL_DEBUG};

	config.publish = on_publish;
	config.ctx = f;
	f->in = intake_new(f->names, &config, &log);
	assert_non_null(f->in);
}

static void
feed(struct fixture *f, const char *text, int64_t now)
{
	assert_int_equal(intake_feed(f->in, text, strlen(text), now), 0);
}

/* What routers saw since the last call. */
static void
assert_seen(struct fixture *f, const char *want)
{
	assert_int_equal(buf_add(&f->seen, "", 1), 0);
	assert_string_equal(f->seen.data, want);
	buf_reset(&f->seen);
}

/* The log since the last call has a line like this; and is forgotten. */
static void
assert_logged(struct fixture *f, const char *want)
{
	assert_int_equal(buf_add(&f->log, "", 1), 0);
	assert_case(strstr(f->log.data, want), "no '%s' in: %s", want, f->log.data);
	buf_reset(&f->log);
}

static void
assert_not_logged(struct fixture *f, const char *what)
{
	assert_int_equal(buf_add(&f->log, "", 1), 0);
	assert_case(!strstr(f->log.data, what), "'%s' in: %s", what, f->log.data);
	buf_reset(&f->log);
}

/* Every change becomes one publication, no change none. */
static void
test_publishes_changes(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
	intake_tick(f->in, T0);
	assert_seen(f, "");
	feed(f, "%snapshot\n1.0.0.0/24 24 1\n", T0);
	assert_seen(f, "");
	feed(f, "~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	feed(f, "%snapshot\n1.0.0.0/24 24 1 ripe 9999999999\n~end\n%delta\n~end\n", T0);
	assert_seen(f, "");
	feed(f, "%delta\n+2.0.0.0/24 24 1\n~end\n%delta\n-1.0.0.0/24 24 1\n~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 ripe 4294967294;2.0.0.0/24 24 AS1 - -;\n2.0.0.0/24 24 AS1 - -;\n");
	feed(f, "%snapshot\n~end\n", T0);
	assert_seen(f, "\n");
	assert_int_equal(intake_finish(f->in, T0), 0);
	assert_seen(f, "");
}

/* An empty snapshot as the first block is a table, too: routers get End of Data instead of an error. */
static void
test_empty_first_table(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	feed(f, "%snapshot\n~end\n", T0);
	assert_seen(f, "\n");
}

static void
test_bare_list(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 1});
	feed(f, "1.0.0.0/24 24 1\n2.0.0.0/24 24 1", T0);
	assert_seen(f, "");
	assert_int_equal(intake_finish(f->in, T0), 0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;2.0.0.0/24 24 AS1 - -;\n");
	/* It has no time, so it does not age. */
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
	intake_tick(f->in, T0 + 1000000);
	assert_seen(f, "");
	/* Nothing at all is not an empty table. */
	assert_int_equal(intake_finish(f->in, T0), 0);
	assert_seen(f, "");
}

static void
test_refused_blocks(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	feed(f, "%snapshot\nbad\n~end\n", T0);
	assert_seen(f, "");
	assert_logged(f, "3 input line 2: no record: 'bad'; block discarded, there is no table yet");
	feed(f, "%snapshot\n1.0.0.0/24 24 1\n~end\n%snapshot\n2.0.0.0/24 24 1\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	assert_int_equal(intake_finish(f->in, T0), 0);
	assert_seen(f, "");
	assert_logged(f, "input ended inside a block; block discarded, the table stays as it is");
	feed(f, "%delta\n-1.0.0.0/24 24 1\n~end\n", T0);
	assert_seen(f, "");
	assert_logged(f, "delta after a block that was refused");
}

static void
test_expiry(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	/* 5, 5, 7 and 100 seconds from now, and never; one has expired already. */
	feed(f, "%snapshot\n1.0.0.0/24 24 1 - 1795392005\naspa 1 2 - 1795392005\n2.0.0.0/24 24 1 - 1795392007\n"
		"3.0.0.0/24 24 1 - 1795392100\n4.0.0.0/24 24 1\n5.0.0.0/24 24 1 - 1795392000\n~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - 1795392005;2.0.0.0/24 24 AS1 - 1795392007;3.0.0.0/24 24 AS1 - 1795392100;"
		       "4.0.0.0/24 24 AS1 - -;aspa AS1 AS2 - 1795392005;\n");
	assert_true(intake_deadline(f->in) == T0 + 5);
	intake_tick(f->in, T0 + 4);
	assert_seen(f, "");
	intake_tick(f->in, T0 + 5);
	assert_seen(f, "2.0.0.0/24 24 AS1 - 1795392007;3.0.0.0/24 24 AS1 - 1795392100;4.0.0.0/24 24 AS1 - -;\n");
	assert_logged(f, "2 records have expired");
	/* The next so soon waits, so that records that expire one by one are not one serial each. */
	assert_true(intake_deadline(f->in) == T0 + 5 + LIFETIME_SPACING);
	intake_tick(f->in, T0 + 7);
	assert_seen(f, "");
	intake_tick(f->in, T0 + 15);
	assert_seen(f, "3.0.0.0/24 24 AS1 - 1795392100;4.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == T0 + 100);
	/* Late is no matter. */
	intake_tick(f->in, T0 + 1000);
	assert_seen(f, "4.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
	/* What expired is still there for a delta to withdraw or to prolong. */
	feed(f, "%delta\n-1.0.0.0/24 24 1\n+2.0.0.0/24 24 1 - 1795394000\n~end\n", T0 + 1000);
	assert_seen(f, "2.0.0.0/24 24 AS1 - 1795394000;4.0.0.0/24 24 AS1 - -;\n");
}

static void
test_all_expired(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	feed(f, "%snapshot\n1.0.0.0/24 24 1 - 5\n~end\n", T0);
	assert_seen(f, "\n");
	assert_logged(f, "4 all 1 records have expired, the table is empty");
}

static void
test_ignore_expiry(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.ignore_expiry = true});
	feed(f, "%snapshot\n1.0.0.0/24 24 1 - 5\n~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - 5;\n");
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
	intake_tick(f->in, T0 + 100);
	assert_seen(f, "");
}

/* By the snapshot's own time, to the second; new data brings the table back. */
static void
test_max_age(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1\n~end\n", T0 + 10);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == T0 + 61);
	intake_tick(f->in, T0 + 60);
	assert_seen(f, "");
	intake_tick(f->in, T0 + 61);
	assert_seen(f, "\n");
	assert_logged(f, "3 table withdrawn: its data is of " T0_TEXT ", older than 60s");
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
	/* Said once. */
	intake_tick(f->in, T0 + 62);
	assert_not_logged(f, "withdrawn");
	/* The same data again is as old as it was. */
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1\n~end\n", T0 + 70);
	assert_seen(f, "");
	assert_logged(f, "3 table not served: its data is of " T0_TEXT ", older than 60s");
	feed(f, "%snapshot time=2026-11-23T00:01:00Z\n1.0.0.0/24 24 1\n~end\n", T0 + 70);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == T0 + 121);
}

static void
test_too_old_from_the_start(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1\n~end\n", T0 + 61);
	assert_seen(f, "");
	assert_logged(f, "3 table not served");
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1\n~end\n", T0 + 60);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
}

/* A producer that falls back to old data takes nothing away before its time. */
static void
test_too_old_behind_a_fresh_one(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1\n~end\n", T0 + 10);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	feed(f, "%snapshot time=2026-11-22T00:00:00Z\n2.0.0.0/24 24 1\n~end\n", T0 + 20);
	assert_seen(f, "");
	assert_logged(f, "3 table not served: its data is of 2026-11-22T00:00:00Z, older than 60s");
	assert_true(intake_deadline(f->in) == T0 + 61);
	/* A delta to what was not served, which makes it fresh. */
	feed(f, "%delta time=" T0_TEXT "\n+3.0.0.0/24 24 1\n~end\n", T0 + 30);
	assert_seen(f, "2.0.0.0/24 24 AS1 - -;3.0.0.0/24 24 AS1 - -;\n");
}

static void
test_max_age_off(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	feed(f, "%snapshot time=1970-01-01T00:00:00Z\n1.0.0.0/24 24 1\n~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == INTAKE_NEVER);
}

/* A delta's time renews the whole; a delta without one leaves the age as it is. */
static void
test_age_of_deltas(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n~end\n", T0);
	assert_seen(f, "\n");
	feed(f, "%delta\n+1.0.0.0/24 24 1\n~end\n", T0 + 30);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == T0 + 61);
	feed(f, "%delta time=2026-11-23T00:00:30Z\n+2.0.0.0/24 24 1\n~end\n", T0 + 30);
	assert_seen(f, "1.0.0.0/24 24 AS1 - -;2.0.0.0/24 24 AS1 - -;\n");
	assert_true(intake_deadline(f->in) == T0 + 91);
}

/* What expired or aged by a clock that was wrong comes back when it is set right. */
static void
test_clock_goes_back(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 86400});
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1 - 1795392030\n2.0.0.0/24 24 1 - 1795392040\n~end\n", T0);
	assert_seen(f, "1.0.0.0/24 24 AS1 - 1795392030;2.0.0.0/24 24 AS1 - 1795392040;\n");
	intake_tick(f->in, T0 + 30);
	assert_seen(f, "2.0.0.0/24 24 AS1 - 1795392040;\n");
	intake_tick(f->in, T0 + 1);
	assert_seen(f, "1.0.0.0/24 24 AS1 - 1795392030;2.0.0.0/24 24 AS1 - 1795392040;\n");
	assert_true(intake_deadline(f->in) == T0 + 30);
	intake_tick(f->in, T0 + 86401);
	assert_seen(f, "\n");
	assert_logged(f, "3 table withdrawn");
	intake_tick(f->in, T0 + 35);
	assert_seen(f, "2.0.0.0/24 24 AS1 - 1795392040;\n");
	assert_true(intake_deadline(f->in) <= T0 + 45);
}

/* A list that could not be read to its end is not taken for a whole one. */
static void
test_input_breaks_off(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){0});
	feed(f, "1.0.0.0/24 24 1\n2.0.0.0/24 24 1\n3.0.0", T0);
	assert_int_equal(intake_break(f->in, T0), 0);
	assert_logged(f, "3 input line 2: input broke off; block discarded, there is no table yet");
	assert_seen(f, "");
	feed(f, "2.0.0.0/24 24 1\n", T0);
	assert_int_equal(intake_finish(f->in, T0), 0);
	assert_seen(f, "2.0.0.0/24 24 AS1 - -;\n");
	assert_int_equal(intake_break(f->in, T0), 0);
	assert_seen(f, "");
}

/* Expiry and age, whichever is sooner. */
static void
test_sooner_deadline(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1 - 1795392030\n~end\n", T0);
	assert_true(intake_deadline(f->in) == T0 + 30);
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1 - 1795392090\n~end\n", T0);
	assert_true(intake_deadline(f->in) == T0 + 61);
}

#define TEN_RIPE "1.0.0.0/24 24 1 ripe\n2.0.0.0/24 24 1 ripe\n3.0.0.0/24 24 1 ripe\n4.0.0.0/24 24 1 ripe\n" \
		 "5.0.0.0/24 24 1 ripe\n6.0.0.0/24 24 1 ripe\n7.0.0.0/24 24 1 ripe\n8.0.0.0/24 24 1 ripe\n" \
		 "9.0.0.0/24 24 1 ripe\n10.0.0.0/24 24 1 ripe\n"
#define EIGHT_RIPE "1.0.0.0/24 24 1 ripe\n2.0.0.0/24 24 1 ripe\n3.0.0.0/24 24 1 ripe\n4.0.0.0/24 24 1 ripe\n" \
		   "5.0.0.0/24 24 1 ripe\n6.0.0.0/24 24 1 ripe\n7.0.0.0/24 24 1 ripe\n8.0.0.0/24 24 1 ripe\n"
#define TWO_APNIC "11.0.0.0/24 24 1 apnic\n12.0.0.0/24 24 1 apnic\n"

static void
test_max_shrink(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_shrink = 20});
	feed(f, "%snapshot\n" TEN_RIPE TWO_APNIC "~end\n", T0);
	assert_int_equal(f->published, 1);
	/* Exactly as much as is allowed. */
	feed(f, "%snapshot\n" EIGHT_RIPE TWO_APNIC "~end\n", T0);
	assert_int_equal(f->published, 2);
	/* One of apnic's two records is half of its own, though little of the whole. */
	feed(f, "%snapshot\n" EIGHT_RIPE "11.0.0.0/24 24 1 apnic\n~end\n", T0);
	assert_int_equal(f->published, 2);
	assert_logged(f, "3 table held back: trust anchor apnic shrinks from 2 to 1 records, by more than 20 %");
	/* One that is whole again is served, and nothing is held any more. */
	feed(f, "%snapshot\n" TEN_RIPE TWO_APNIC "~end\n", T0);
	assert_int_equal(f->published, 3);
	assert_false(intake_accept_held(f->in, T0));
	assert_int_equal(f->published, 3);
	/* Empty. */
	feed(f, "%snapshot\n~end\n", T0);
	assert_int_equal(f->published, 3);
	assert_logged(f, "table held back: trust anchor ");
	assert_true(intake_accept_held(f->in, T0));
	assert_int_equal(f->published, 4);
	assert_logged(f, "5 table that was held back is accepted by hand");
	assert_false(intake_accept_held(f->in, T0));
	/* From nothing there is nothing to lose. */
	feed(f, "%snapshot\n" TWO_APNIC "~end\n", T0);
	assert_int_equal(f->published, 5);
}

/* The whole may shrink by records whose anchors change their names. */
static void
test_shrink_of_the_whole(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_shrink = 99});
	feed(f, "%snapshot\n" TEN_RIPE "~end\n", T0);
	feed(f, "%snapshot\n1.0.0.0/24 24 1 ripe\n~end\n", T0);
	assert_int_equal(f->published, 2);
	feed(f, "%snapshot\n~end\n", T0);
	assert_int_equal(f->published, 2);
	assert_logged(f, "held back");
}

/* What a held table's deltas make of it is judged anew, and the latest is what a signal accepts. */
static void
test_delta_on_a_held_table(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_shrink = 20});
	feed(f, "%snapshot\n" TEN_RIPE "~end\n", T0);
	feed(f, "%snapshot\n1.0.0.0/24 24 1 ripe\n~end\n", T0);
	feed(f, "%delta\n+2.0.0.0/24 24 1 ripe\n~end\n", T0);
	assert_int_equal(f->published, 1);
	buf_reset(&f->seen);
	assert_true(intake_accept_held(f->in, T0));
	assert_seen(f, "1.0.0.0/24 24 AS1 ripe -;2.0.0.0/24 24 AS1 ripe -;\n");
}

/* Records that expire are not a table that shrinks; a table whose records have expired is. */
static void
test_shrink_and_expiry(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_shrink = 20});
	feed(f, "%snapshot\n1.0.0.0/24 24 1 ripe 1795392010\n2.0.0.0/24 24 1 ripe 1795392020\n~end\n", T0);
	assert_int_equal(f->published, 1);
	intake_tick(f->in, T0 + 10);
	assert_int_equal(f->published, 2);
	feed(f, "%snapshot\n1.0.0.0/24 24 1 ripe 1795392010\n3.0.0.0/24 24 1 ripe 5\n~end\n", T0 + 11);
	assert_int_equal(f->published, 2);
	assert_logged(f, "held back: trust anchor ripe shrinks from 1 to 0");
}

/* A held table does not outlive its time when it is accepted. */
static void
test_held_and_age(void **state)
{
	struct fixture *f = *state;

	open_intake(f, (struct intake_config){.max_shrink = 20, .max_age = 60});
	feed(f, "%snapshot time=" T0_TEXT "\n" TEN_RIPE "~end\n", T0);
	feed(f, "%snapshot time=2026-11-23T00:00:30Z\n1.0.0.0/24 24 1 ripe\n~end\n", T0 + 30);
	assert_int_equal(f->published, 1);
	/* The one that is served ages by its own time. */
	intake_tick(f->in, T0 + 61);
	assert_int_equal(f->published, 2);
	buf_reset(&f->seen);
	assert_true(intake_accept_held(f->in, T0 + 62));
	assert_seen(f, "1.0.0.0/24 24 AS1 ripe -;\n");
	assert_true(intake_deadline(f->in) == T0 + 91);
}

/* What others are told of it, through its life. */
static void
test_status(void **state)
{
	struct fixture *f = *state;
	const struct intake_status *s;
	char why[INTAKE_REASON_MAX];

	open_intake(f, (struct intake_config){.max_age = 1000, .max_shrink = 50});
	s = intake_status(f->in);
	assert_int_equal(s->state, INTAKE_WAITING);
	assert_false(intake_status_healthy(s, T0, why));
	assert_string_equal(why, "no data yet");
	feed(f, "%snapshot\n1.0.0.0/24 99 1\n", T0);
	assert_int_equal(s->state, INTAKE_FAILING);
	assert_int_equal(s->error.line, 2);
	assert_true(s->error_time == T0 && s->received == STAMP_UNKNOWN);
	feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1 - 1795392030\n2.0.0.0/24 24 1\n3.0.0.0/24 24 1\n~end\n", T0 + 1);
	assert_int_equal(s->state, INTAKE_OK);
	assert_true(s->data_time == T0 && s->received == T0 + 1 && s->error_time == T0);
	assert_true(intake_status_healthy(s, T0 + 1000, why));
	assert_false(intake_status_healthy(s, T0 + 1001, why));
	assert_string_equal(why, "data is of " T0_TEXT ", older than 1000s");
	intake_tick(f->in, T0 + 31);
	assert_int_equal(s->expired, 1);
	assert_int_equal(s->expired_total, 1);
	feed(f, "%snapshot time=" T0_TEXT "\n2.0.0.0/24 24 1\n~end\n", T0 + 32);
	feed(f, "%snapshot time=2026-11-23T00:00:33Z\n~end\n", T0 + 33);
	assert_int_equal(s->state, INTAKE_HELD);
	assert_string_equal(s->error.msg, "table held back: trust anchor - shrinks from 1 to 0 records, by more than 50 %");
	assert_true(intake_status_healthy(s, T0 + 34, why));
	assert_true(intake_accept_held(f->in, T0 + 34));
	assert_int_equal(s->state, INTAKE_OK);
	assert_true(s->data_time == T0 + 33);
	feed(f, "%snapshot time=2026-11-22T00:00:00Z\n9.0.0.0/24 24 1\n~end\n", T0 + 35);
	assert_int_equal(s->state, INTAKE_STALE);
	assert_true(intake_status_healthy(s, T0 + 35, why));
	intake_end(f->in);
	assert_int_equal(s->state, INTAKE_ENDED);
	intake_tick(f->in, T0 + 1034);
	assert_int_equal(s->state, INTAKE_STALE);
	assert_false(intake_status_healthy(s, T0 + 1034, why));
	assert_int_equal(s->blocks[INTAKE_ACCEPTED], 3);
	assert_int_equal(s->blocks[INTAKE_REFUSED], 1);
	assert_int_equal(s->blocks[INTAKE_HELD_BACK], 1);
	assert_int_equal(s->blocks[INTAKE_TOO_OLD], 1);
	assert_int_equal(s->published, f->published);
}

/* What only the caller sees. */
static void
test_status_of_a_reader(void **state)
{
	const struct vrp_err why = {.msg = "no such file"};
	struct fixture *f = *state;
	const struct intake_status *s;

	open_intake(f, (struct intake_config){0});
	s = intake_status(f->in);
	intake_fail(f->in, &why, T0);
	assert_int_equal(s->state, INTAKE_FAILING);
	assert_int_equal(s->blocks[INTAKE_REFUSED], 0);
	assert_string_equal(s->error.msg, "no such file");
	intake_refuse(f->in, &why, T0 + 1);
	assert_int_equal(s->blocks[INTAKE_REFUSED], 1);
	assert_true(s->error_time == T0 + 1);
}

/* When there is no memory to publish a table it is offered again a second later, until it works. */
static void
test_publishing_fails(void **state)
{
	static const uint32_t max_age[] = {0, 86400};

	for (size_t i = 0; i < ARRAY_LEN(max_age); i++) {
		struct fixture *f;

		assert_int_equal(setup(state), 0);
		f = *state;
		open_intake(f, (struct intake_config){.max_age = max_age[i]});
		f->refuse = 3;
		feed(f, "%snapshot time=" T0_TEXT "\n1.0.0.0/24 24 1 - 1795396000\n~end\n", T0);
		assert_seen(f, "");
		assert_logged(f, "3 out of memory");
		for (int second = 1; second < 3; second++) {
			assert_true(intake_deadline(f->in) == T0 + second);
			intake_tick(f->in, T0 + second);
			assert_seen(f, "");
		}
		assert_true(intake_deadline(f->in) == T0 + 3);
		intake_tick(f->in, T0 + 3);
		assert_seen(f, "1.0.0.0/24 24 AS1 - 1795396000;\n");
		assert_true(intake_deadline(f->in) == T0 + 4000);
		/* The same for a later table: routers keep the one before. */
		f->refuse = 1;
		feed(f, "%delta\n+2.0.0.0/24 24 1\n~end\n", T0 + 10);
		assert_seen(f, "");
		assert_true(intake_deadline(f->in) == T0 + 11);
		intake_tick(f->in, T0 + 11);
		assert_seen(f, "1.0.0.0/24 24 AS1 - 1795396000;2.0.0.0/24 24 AS1 - -;\n");
		teardown(state);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_publishes_changes),     T(test_empty_first_table),     T(test_bare_list),
		T(test_refused_blocks),	       T(test_expiry),		      T(test_all_expired),
		T(test_ignore_expiry),	       T(test_max_age),		      T(test_too_old_from_the_start),
		T(test_too_old_behind_a_fresh_one), T(test_max_age_off),	       T(test_age_of_deltas),	      T(test_sooner_deadline),
		T(test_max_shrink),	       T(test_shrink_of_the_whole),   T(test_delta_on_a_held_table),
		T(test_clock_goes_back),       T(test_input_breaks_off),
		T(test_shrink_and_expiry),     T(test_held_and_age),
		T(test_status),		       T(test_status_of_a_reader),
		cmocka_unit_test(test_publishing_fails),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
