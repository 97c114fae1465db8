/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "table.h"

/* What the table told, as text, and whether the callbacks shall stop it. */
struct told {
	struct buf text;
	int stop;
};

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct told *t = ctx;
	char *text = set_text(set);
	char stamp[STAMP_MAX] = "-";
	int rc;

	if (head->time != STAMP_UNKNOWN)
		stamp_format(head->time, stamp);
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ';' : *p;
	rc = buf_addf(&t->text, "commit %d %s [%.*s] %s\n", (int)head->kind, stamp, (int)head->attrs_len, head->attrs, text);
	free(text);
	return rc ? rc : t->stop;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct told *t = ctx;

	if (buf_addf(&t->text, "reject %zu %s\n", reason->line, reason->msg) < 0)
		return -1;
	return t->stop;
}

static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};

static void
test_blocks(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"1.0.0.0/24 24 1\n", "commit 0 - [] 1.0.0.0/24 24 AS1 - -;\n"},
		{"%snapshot time=1970-01-01T00:00:00Z serial=7\n2.0.0.0/24 24 1\n1.0.0.0/24 24 1\n1.0.0.0/24 24 1\n~end\n",
		 "commit 1 1970-01-01T00:00:00Z [time=1970-01-01T00:00:00Z serial=7] "
		 "1.0.0.0/24 24 AS1 - -;2.0.0.0/24 24 AS1 - -;\n"},
		{"%snapshot\n~end\n", "commit 1 - [] \n"},
		/* A snapshot replaces, a delta changes. */
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%snapshot\n2.0.0.0/24 24 1\n~end\n%delta\n-2.0.0.0/24 24 1\n+3.0.0.0/24 24 1\n~end\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\ncommit 1 - [] 2.0.0.0/24 24 AS1 - -;\n"
		 "commit 2 - [] 3.0.0.0/24 24 AS1 - -;\n"},
		/* Withdrawals apply first, wherever they stand. */
		{"%snapshot\n1.0.0.0/24 24 1 a 5\n~end\n%delta\n+1.0.0.0/24 24 1 a 5\n-1.0.0.0/24 24 1\n~end\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 a 5;\ncommit 2 - [] 1.0.0.0/24 24 AS1 a 5;\n"},
		{"%snapshot\naspa 1 2\n~end\n%delta\n+aspa 1 3\n+aspa 1 4\n~end\n",
		 "commit 1 - [] aspa AS1 AS2 - -;\ncommit 2 - [] aspa AS1 AS3,AS4 - -;\n"},
		/* A delta needs its base. */
		{"%delta\n+1.0.0.0/24 24 1\n~end\n", "reject 3 delta before any snapshot\n"},
		{"%delta\n~end\n%snapshot\n~end\n%delta\n~end\n",
		 "reject 2 delta before any snapshot\ncommit 1 - [] \ncommit 2 - [] \n"},
		/* One that does not fit is refused, and so is all that builds on it. */
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%delta\n-2.0.0.0/24 24 1\n~end\n%delta\n-1.0.0.0/24 24 1\n~end\n"
		 "%snapshot\n~end\n%delta\n+2.0.0.0/24 24 1\n~end\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\nreject 6 delta withdraws what is not there: 2.0.0.0/24 24 AS1\n"
		 "reject 9 delta after a block that was refused\ncommit 1 - [] \ncommit 2 - [] 2.0.0.0/24 24 AS1 - -;\n"},
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%delta\n+1.0.0.0/24 24 1\n~end\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\nreject 6 delta announces what is there: 1.0.0.0/24 24 AS1\n"},
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%snapshot\nbad\n~end\n%delta\n+2.0.0.0/24 24 1\n~end\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\nreject 5 no record: 'bad'\n"
		 "reject 9 delta after a block that was refused\n"},
		/* Cut short: the table stays. */
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%snapshot\n2.0.0.0/24 24 1\n",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\nreject 5 input ended inside a block\n"},
		{"%snapshot\n1.0.0.0/24 24 1\n~end\n%delta\n+2.0.0.0/24 24 1\n~en",
		 "commit 1 - [] 1.0.0.0/24 24 AS1 - -;\nreject 6 input ended inside a block\n"},
		/* Lines for others are no trouble. */
		{"%hello\n%snapshot\n~bye\n~end\n", "commit 1 - [] \n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t chunk = 1; chunk < 200; chunk = chunk * 5 + 2) {
			struct names *names = names_new();
			struct told told = {0};
			struct table *t = table_new(names, &ops, &told);
			size_t len = strlen(cases[i][0]);

			for (size_t at = 0; at < len; at += chunk)
				assert_int_equal(table_feed(t, cases[i][0] + at, len - at < chunk ? len - at : chunk), 0);
			assert_int_equal(table_finish(t), 0);
			assert_int_equal(buf_add(&told.text, "", 1), 0);
			assert_string_equal(told.text.data, cases[i][1]);
			buf_release(&told.text);
			table_free(t);
			names_unref(names);
		}
	}
}

/* The table that is held is that of the last commit, and outlives nothing without a reference. */
static void
test_held_set(void **state)
{
	struct names *names = names_new();
	struct told told = {0};
	struct table *t = table_new(names, &ops, &told);
	struct vrpset *held;
	char *text;

	(void)state;
	assert_null(table_set(t));
	assert_int_equal(table_feed(t, "%snapshot\n1.0.0.0/24 24 1\n", 26), 0);
	assert_null(table_set(t));
	assert_int_equal(table_feed(t, "~end\n%snapshot\n", 15), 0);
	held = vrpset_ref(table_set(t));
	assert_int_equal(vrpset_count(held), 1);
	assert_int_equal(table_feed(t, "bad\n", 4), 0);
	assert_ptr_equal(table_set(t), held);
	assert_int_equal(table_finish(t), 0);
	assert_ptr_equal(table_set(t), held);
	/* The next stream begins; what is held stays until its first block. */
	assert_int_equal(table_feed(t, "2.0.0.0/24 24 1\n", 16), 0);
	assert_ptr_equal(table_set(t), held);
	assert_int_equal(table_finish(t), 0);
	assert_ptr_not_equal(table_set(t), held);
	table_free(t);
	table_free(NULL);
	names_unref(names);
	text = set_text(held);
	assert_string_equal(text, "1.0.0.0/24 24 AS1 - -\n");
	free(text);
	vrpset_unref(held);
	buf_release(&told.text);
}

/* Two ASPAs of one customer that have too many providers together void the block, and the reason is told. */
static void
test_set_that_cannot_be(void **state)
{
	struct names *names = names_new();
	struct told told = {0};
	struct table *t = table_new(names, &ops, &told);
	struct buf line = BUF_INIT;

	(void)state;
	assert_int_equal(buf_addf(&line, "%%snapshot\naspa 1 1\naspa 1 "), 0);
	for (int i = 0; i < ASPA_PROVIDERS_MAX; i++)
		assert_int_equal(buf_addf(&line, "%s%d", i ? "," : "", 2 + i), 0);
	assert_int_equal(buf_addf(&line, "\n~end\n"), 0);
	assert_int_equal(table_feed(t, line.data, line.len), 0);
	assert_int_equal(buf_add(&told.text, "", 1), 0);
	assert_string_equal(told.text.data, "reject 4 the ASPAs of AS1 have 16381 providers together, more than 16380\n");
	assert_null(table_set(t));
	buf_release(&told.text);
	buf_release(&line);
	table_free(t);
	names_unref(names);
}

/* What a feed had left when it stopped is lost, and with it the open block and the base of deltas. */
static void
test_callbacks_stop(void **state)
{
	struct names *names = names_new();
	struct told told = {.stop = 5};
	struct table *t = table_new(names, &ops, &told);

	(void)state;
	assert_int_equal(table_feed(t, "%snapshot\n~end\n%snapshot\n~end\n", 30), 5);
	told.stop = 0;
	assert_int_equal(table_feed(t, "the lost line's end\n1.0.0.0/24 24 1\n~end\n", 41), 0);
	assert_int_equal(table_feed(t, "%delta\n~end\n%snapshot\n1.0.0.0/24 24 1\n", 38), 0);
	told.stop = 5;
	assert_int_equal(table_feed(t, "%snapshot\n", 10), 5);
	told.stop = 0;
	assert_int_equal(table_feed(t, "\n~end\n", 6), 0);
	assert_int_equal(buf_add(&told.text, "", 1), 0);
	assert_string_equal(told.text.data, "commit 1 - [] \nreject 6 delta after a block that was refused\n"
					    "reject 9 a block begins before the one before it has ended\n");
	buf_release(&told.text);
	table_free(t);
	names_unref(names);
}

/*
 * A random walk of tables, written as one stream of a snapshot and deltas,
 * leads a reader through the same tables.
 */
static void
test_random_walk(void **state)
{
	static const struct block_attrs none = BLOCK_ATTRS_INIT;
	struct names *names = names_new();
	struct rng rng = {41};

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct told told = {0};
		struct table *t = table_new(names, &ops, &told);
		struct vrpset *now = random_set(&rng, names, 60);

		for (int step = 0; step < 10; step++) {
			struct vrpset *next = random_set(&rng, names, 60);
			struct out o = memory_out();
			struct delta d;
			size_t len;
			char *text;

			if (step == 0 || rng_below(&rng, 5) == 0) {
				stream_write_snapshot(&o, &none, next);
			} else {
				assert_int_equal(delta_between(now, next, &d), 0);
				stream_write_delta(&o, &none, &d);
				delta_release(&d);
			}
			text = memory_done(&o, &len);
			assert_int_equal(table_feed(t, text, len), 0);
			assert_non_null(table_set(t));
			assert_true(vrpset_same(table_set(t), next));
			free(text);
			vrpset_unref(now);
			now = next;
		}
		vrpset_unref(now);
		buf_release(&told.text);
		table_free(t);
	}
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),		   cmocka_unit_test(test_held_set),
		cmocka_unit_test(test_set_that_cannot_be), cmocka_unit_test(test_callbacks_stop),
		cmocka_unit_test(test_random_walk),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
