/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "merger.h"

#define INPUTS_MAX 3

/* What the merger told, as text: blocks as they would be written. */
struct told {
	struct out out;
	int stop;
};

static int
on_block(void *ctx, const struct buf *attrs, const struct vrpset *set, const struct delta *delta)
{
	struct told *t = ctx;

	stream_write_head(&t->out, delta ? BLOCK_DELTA : BLOCK_SNAPSHOT, attrs->data, attrs->len);
	if (delta)
		stream_write_changes(&t->out, delta);
	else
		stream_write_records(&t->out, 0, set);
	stream_write_end(&t->out);
	return t->stop;
}

static void
on_reject(void *ctx, size_t input, const struct vrp_err *reason)
{
	out_addf(&((struct told *)ctx)->out, "# %zu:%zu: %s\n", input, reason->line, reason->msg);
}

static void
on_fail(void *ctx, const struct vrp_err *reason)
{
	out_addf(&((struct told *)ctx)->out, "# %s\n", reason->msg);
}

static int
on_other(void *ctx, size_t input, const char *line, size_t len)
{
	struct told *t = ctx;

	out_addf(&t->out, "# %zu ", input);
	out_add(&t->out, line, len);
	out_add(&t->out, "\n", 1);
	return t->stop;
}

static const struct merger_ops ops = {on_block, on_reject, on_fail, on_other};

/*
 * A script of what comes: `0 TEXT` is fed to input 0 (a newline is added), `0.`
 * ends it, `0!` breaks it, and `go` no longer waits.
 */
static void
play(struct merger *m, const char *script)
{
	while (*script) {
		size_t len = strcspn(script, "\n"), input = (size_t)(*script - '0');
		int rc;

		if (strncmp(script, "go", 2) == 0)
			rc = merger_start(m);
		else if (script[1] == '.')
			rc = merger_finish(m, input);
		else if (script[1] == '!')
			rc = merger_break(m, input);
		else
			rc = merger_feed(m, input, script + 2, len - 2 + 1);
		assert_int_equal(rc, 0);
		script += len + 1;
	}
}

static char *
run(size_t inputs, size_t quorum, const char *script)
{
	struct names *names = names_new();
	struct told told = {.out = memory_out()};
	struct merger *m = merger_new(names, inputs, quorum, &ops, &told);

	assert_non_null(m);
	play(m, script);
	merger_free(m);
	names_unref(names);
	return memory_done(&told.out, NULL);
}

static void
test_scripts(void **state)
{
	static const struct {
		size_t inputs, quorum;
		const char *script, *want;
	} cases[] = {
		/* Nothing before every input has a table. */
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 2.0.0.0/24 24 1\n", ""},
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n1 %snapshot\n1 2.0.0.0/24 24 1\n0 ~end\n1 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS1 - -\n~end\n"},
		/* Then a delta for each block that changes something. */
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 ~end\n"
		 "1 %delta\n1 +1.0.0.0/24 24 1\n1 ~end\n"
		 "0 %delta\n0 -1.0.0.0/24 24 1\n0 ~end\n"
		 "1 %snapshot\n1 ~end\n1 %snapshot\n1 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n%delta\n-1.0.0.0/24 24 AS1 - -\n~end\n"},
		/* Annotations are changes. */
		{2, 2, "0 %snapshot\n0 1.0.0.0/24 24 1 a 5\n0 ~end\n1 %snapshot\n1 1.0.0.0/24 24 1 b 6\n1 ~end\n"
		 "0 %delta\n0 +1.0.0.0/24 24 1 a 7\n0 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 a 5\n~end\n%delta\n+1.0.0.0/24 24 AS1 b 6\n~end\n"},
		/* A bare list ends with its input. */
		{2, 1, "0 1.0.0.0/24 24 1\n1 2.0.0.0/24 24 1\n0.\n1.\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS1 - -\n~end\n"},
		{1, 1, "0 1.0.0.0/24 24 1\n0!\n", "# 0:1: input broke off\n"},
		/* The last table of an input that has ended or broken goes on to count. */
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 ~end\n0.\n"
		 "1 %delta\n1 +2.0.0.0/24 24 1\n1 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n%delta\n+2.0.0.0/24 24 AS1 - -\n~end\n"},
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 ~end\n0 %snapshot\n0!\n"
		 "1 %delta\n1 +2.0.0.0/24 24 1\n1 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n# 0:4: input broke off\n%delta\n+2.0.0.0/24 24 AS1 - -\n~end\n"},
		/* A refused block changes nothing, nor do deltas until the next snapshot. */
		{2, 1, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 ~end\n0 %snapshot\n0 x y z\n0 ~end\n"
		 "0 %delta\n0 +2.0.0.0/24 24 1\n0 ~end\n1 %delta\n1 +3.0.0.0/24 24 1\n1 ~end\n0 %snapshot\n0 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n# 0:5: prefix without a length 'x'\n"
		 "%delta\n+3.0.0.0/24 24 AS1 - -\n~end\n%delta\n-1.0.0.0/24 24 AS1 - -\n~end\n"},
		/* Of deltas that have lost their base the first is told, of snapshots each. */
		{1, 1, "0 %delta\n0 ~end\n0 %delta\n0 ~end\n0 %snapshot\n0 ~end\n0 %delta\n0 -1.0.0.0/24 24 1\n0 ~end\n"
		 "0 %delta\n0 ~end\n0 %snapshot\n0 x\n0 ~end\n0 %snapshot\n0 y\n0 ~end\n0 %delta\n0 z\n0 ~end\n"
		 "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n0 %delta\n0 -1.0.0.0/24 24 1\n0 ~end\n",
		 "# 0:2: delta before any snapshot\n%snapshot\n~end\n"
		 "# 0:9: delta withdraws what is not there: 1.0.0.0/24 24 AS1\n# 0:13: no record: 'x'\n# 0:16: no record: 'y'\n"
		 "%delta\n+1.0.0.0/24 24 AS1 - -\n~end\n%delta\n-1.0.0.0/24 24 AS1 - -\n~end\n"},
		/* The oldest time; a new one is news. */
		{2, 1, "0 %snapshot time=2026-01-02T00:00:00Z\n0 ~end\n1 %snapshot time=2026-01-01T00:00:00Z x=y\n1 ~end\n"
		 "1 %delta time=2026-01-03T00:00:00Z\n1 ~end\n1 %delta time=2026-01-04T00:00:00Z\n1 ~end\n"
		 "0 %delta\n0 ~end\n0 %snapshot\n0 ~end\n",
		 "%snapshot time=2026-01-01T00:00:00Z\n~end\n%delta time=2026-01-02T00:00:00Z\n~end\n"
		 "%delta time=2026-01-04T00:00:00Z\n~end\n"},
		/* That none is known any longer is no news. */
		{2, 1, "0 %snapshot time=2026-01-02T00:00:00Z\n0 ~end\n1 %snapshot\n1 ~end\n0 %snapshot\n0 ~end\n"
		 "0 %snapshot time=2026-01-02T00:00:00Z\n0 ~end\n1 %delta\n1 +1.0.0.0/24 24 1\n1 ~end\n",
		 "%snapshot time=2026-01-02T00:00:00Z\n~end\n%delta time=2026-01-02T00:00:00Z\n+1.0.0.0/24 24 AS1 - -\n~end\n"},
		/* Of one input all attributes pass. */
		{1, 1, "0 %snapshot  source=a%20b x=1 time=2026-01-02T00:00:00Z serial=4\n0 ~end\n"
		 "0 %delta serial=5\n0 +1.0.0.0/24 24 1\n0 ~end\n",
		 "%snapshot source=a%20b x=1 time=2026-01-02T00:00:00Z serial=4\n~end\n"
		 "%delta serial=5 time=2026-01-02T00:00:00Z source=a%20b\n+1.0.0.0/24 24 AS1 - -\n~end\n"},
		/* Lines for others pass. */
		{2, 1, "0 %hello\n1 %snapshot\n1 ~bye\n1 ~end\n", "# 0 %hello\n# 1 ~bye\n"},
		/* Not waiting: as soon as a quorum has tables. */
		{3, 2, "go\n0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 1.0.0.0/24 24 1\n1 2.0.0.0/24 24 1\n1 ~end\n"
		 "2 %snapshot\n2 2.0.0.0/24 24 1\n2 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n%delta\n+2.0.0.0/24 24 AS1 - -\n~end\n"},
		{3, 2, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n1 %snapshot\n1 1.0.0.0/24 24 1\n1 ~end\n2 %snapshot\ngo\ngo\n2 ~end\n",
		 "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n"},
		{3, 2, "0 %snapshot\n0 ~end\ngo\n", ""},
		/* An ASPA that is replaced is one announcement. */
		{2, 1, "0 %snapshot\n0 aspa 1 2\n0 ~end\n1 %snapshot\n1 ~end\n1 %delta\n1 +aspa 1 3\n1 ~end\n",
		 "%snapshot\naspa AS1 AS2 - -\n~end\n%delta\n+aspa AS1 AS2,AS3 - -\n~end\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = run(cases[i].inputs, cases[i].quorum, cases[i].script);

		assert_case(strcmp(text, cases[i].want) == 0, "%zu:\n%s", i, text);
		free(text);
	}
}

/* What a merger is asked about. */
static void
test_queries(void **state)
{
	struct names *names = names_new();
	struct told told = {.out = memory_out()};
	struct merger *m = merger_new(names, 2, 1, &ops, &told);

	(void)state;
	assert_null(merger_result(m));
	assert_false(merger_has_table(m, 0));
	play(m, "0 %snapshot\n0 1.0.0.0/24 24 1\n0 ~end\n");
	assert_true(merger_has_table(m, 0));
	assert_false(merger_has_table(m, 1));
	assert_null(merger_result(m));
	play(m, "1 %snapshot\n1 2.0.0.0/24 24 1\n1 ~end\n");
	assert_int_equal(vrpset_count(merger_result(m)), 2);
	merger_free(m);
	merger_free(NULL);
	names_unref(names);
	free(memory_done(&told.out, NULL));
}

/* A callback stops the feed; what was not handed on is handed on with the next block. */
static void
test_stop(void **state)
{
	struct names *names = names_new();
	struct told told = {.out = memory_out(), .stop = 7};
	struct merger *m = merger_new(names, 1, 1, &ops, &told);
	static const char snapshot[] = "%snapshot\n1.0.0.0/24 24 1\n~end\n";
	char *text;

	(void)state;
	assert_int_equal(merger_feed(m, 0, snapshot, strlen(snapshot)), 7);
	assert_null(merger_result(m));
	assert_int_equal(merger_feed(m, 0, "%hello\n", 7), 0);	/* the rest of the piece is lost up to the next block */
	told.stop = 0;
	assert_int_equal(merger_feed(m, 0, snapshot, strlen(snapshot)), 0);
	assert_int_equal(vrpset_count(merger_result(m)), 1);
	merger_free(m);
	names_unref(names);
	text = memory_done(&told.out, NULL);
	assert_string_equal(text, "%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n%snapshot\n1.0.0.0/24 24 AS1 - -\n~end\n");
	free(text);
}

/* An ASPA whose joined list is too long leaves the result as it was, and that is said. */
static void
test_result_that_cannot_be(void **state)
{
	struct names *names = names_new();
	struct told told = {.out = memory_out()};
	struct merger *m = merger_new(names, 2, 1, &ops, &told);
	struct buf line = BUF_INIT;
	char *text;

	(void)state;
	play(m, "0 %snapshot\n0 ~end\n1 %snapshot\n1 ~end\n0 %delta\n0 +aspa 1 1\n0 ~end\n");
	assert_int_equal(buf_addf(&line, "%%delta\n+aspa 1 "), 0);
	for (unsigned i = 0; i < ASPA_PROVIDERS_MAX; i++)
		assert_int_equal(buf_addf(&line, "%s%u", i ? "," : "", 2 + i), 0);
	assert_int_equal(buf_addf(&line, "\n~end\n"), 0);
	assert_int_equal(merger_feed(m, 1, line.data, line.len), 0);
	assert_int_equal(vrpset_count(merger_result(m)), 1);
	play(m, "1 %delta\n1 -aspa 1 2\n1 +2.0.0.0/24 24 1\n1 ~end\n");
	merger_free(m);
	names_unref(names);
	buf_release(&line);
	text = memory_done(&told.out, NULL);
	assert_string_equal(text, "%snapshot\n~end\n%delta\n+aspa AS1 AS1 - -\n~end\n"
			    "# the ASPAs of AS1 have 16381 providers together, more than 16380\n"
			    "%delta\n+2.0.0.0/24 24 AS1 - -\n~end\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_result_that_cannot_be),
	};

	return cmocka_run_group_tests_name("merger", tests, NULL, NULL);
}
