/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <glob.h>

#include "delta.h"
#include "num.h"

static int
setup(void **state)
{
	*state = names_new();
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	names_unref(*state);
	return 0;
}

static struct delta
between(const struct vrpset *a, const struct vrpset *b)
{
	struct delta d;

	assert_int_equal(delta_between(a, b, &d), 0);
	return d;
}

static void
assert_text(const struct vrpset *set, const char *want)
{
	char *text = set_text(set);

	assert_string_equal(text, want);
	free(text);
}

static void
assert_same_delta(const struct delta *a, const struct delta *b)
{
	assert_true(vrpset_same(a->withdrawn, b->withdrawn));
	assert_true(vrpset_same(a->announced, b->announced));
	assert_int_equal(delta_count(a), delta_count(b));
}

static void
test_between(void **state)
{
	static const struct {
		const char *from, *to, *withdrawn, *announced;
		size_t count;
	} cases[] = {
		{"", "", "", "", 0},
		{"", "1.0.0.0/24 24 1", "", "1.0.0.0/24 24 AS1 - -\n", 1},
		{"1.0.0.0/24 24 1", "", "1.0.0.0/24 24 AS1 - -\n", "", 1},
		{"1.0.0.0/24 24 1", "1.0.0.0/24 24 1", "", "", 0},
		/* Annotations are no change. */
		{"1.0.0.0/24 24 1 apnic 5", "1.0.0.0/24 24 1 ripe 6", "", "", 0},
		/* Whatever else differs is another record. */
		{"1.0.0.0/24 24 1", "1.0.0.0/24 25 1", "1.0.0.0/24 24 AS1 - -\n", "1.0.0.0/24 25 AS1 - -\n", 2},
		{"1.0.0.0/24 24 1", "1.0.0.0/24 24 2", "1.0.0.0/24 24 AS1 - -\n", "1.0.0.0/24 24 AS2 - -\n", 2},
		{"1.0.0.0/24 24 1", "1.0.0.0/25 25 1", "1.0.0.0/24 24 AS1 - -\n", "1.0.0.0/25 25 AS1 - -\n", 2},
		/* An ASPA with other providers stands in both and counts once. */
		{"aspa 1 2", "aspa 1 3", "aspa AS1 AS2 - -\n", "aspa AS1 AS3 - -\n", 1},
		{"aspa 1 2", "aspa 1 2,3", "aspa AS1 AS2 - -\n", "aspa AS1 AS2,AS3 - -\n", 1},
		{"aspa 1 2", "aspa 2 2", "aspa AS1 AS2 - -\n", "aspa AS2 AS2 - -\n", 2},
		{"aspa 1 2\naspa 3 4\naspa 5 6", "aspa 0 1\naspa 1 2\naspa 3 5\naspa 7 8",
		 "aspa AS3 AS4 - -\naspa AS5 AS6 - -\n", "aspa AS0 AS1 - -\naspa AS3 AS5 - -\naspa AS7 AS8 - -\n", 4},
		{"aspa 1 2 apnic 5", "aspa 1 2 ripe 6", "", "", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrpset *from = set_of(*state, cases[i].from), *to = set_of(*state, cases[i].to);
		struct delta d = between(from, to);

		assert_text(d.withdrawn, cases[i].withdrawn);
		assert_text(d.announced, cases[i].announced);
		assert_int_equal(delta_count(&d), cases[i].count);
		delta_release(&d);
		assert_null(d.withdrawn);
		delta_release(&d);
		vrpset_unref(from);
		vrpset_unref(to);
	}
}

/* Is there a record like this in the text of a set, told apart by all but annotations (" - -" in all of them)? */
static size_t
lines_not_in(const char *a, const char *b, const char *result)
{
	size_t n = 0;

	while (*a) {
		size_t len = strcspn(a, "\n") + 1;
		char *line = strndup(a, len);
		bool in_b = strncmp(b, line, len) == 0, in_result = strncmp(result, line, len) == 0;
		char *anywhere = malloc(len + 2);

		assert_non_null(line);
		assert_non_null(anywhere);
		snprintf(anywhere, len + 2, "\n%s", line);
		in_b = in_b || strstr(b, anywhere);
		in_result = in_result || strstr(result, anywhere);
		assert_case(in_b != in_result, "%s", line);
		n += !in_b;
		free(line);
		free(anywhere);
		a += len;
	}
	return n;
}

/* Against lines of text compared one by one. */
static void
test_between_against_text(void **state)
{
	struct rng rng = {21};

	for (int i = 0; i < 300; i++) {
		struct vrpset *a = random_set(&rng, *state, 60), *b = random_set(&rng, *state, 60);
		struct delta d = between(a, b);
		char *ta = set_text(a), *tb = set_text(b), *tw = set_text(d.withdrawn), *tn = set_text(d.announced);

		assert_int_equal(lines_not_in(ta, tb, tw), vrpset_count(d.withdrawn));
		assert_int_equal(lines_not_in(tb, ta, tn), vrpset_count(d.announced));
		free(ta);
		free(tb);
		free(tw);
		free(tn);
		delta_release(&d);
		vrpset_unref(a);
		vrpset_unref(b);
	}
}

/* apply(A, between(A, B)) is B. */
static void
test_apply_between(void **state)
{
	struct rng rng = {22};

	for (int i = 0; i < 1000; i++) {
		struct vrpset *a = random_set(&rng, *state, 80), *b = random_set(&rng, *state, 80), *got;
		struct delta d = between(a, b);
		struct vrp_err err = {0};

		got = delta_apply(a, &d, &err);
		assert_case(got != NULL, "%s", err.msg);
		assert_true(vrpset_same(got, b));
		vrpset_unref(got);
		/* Twice does not fit, unless nothing changes. */
		got = delta_apply(b, &d, &err);
		assert_true((got != NULL) == (delta_count(&d) == 0));
		vrpset_unref(got);
		delta_release(&d);
		vrpset_unref(a);
		vrpset_unref(b);
	}
}

/* compose(between(A, B), between(B, C)) is between(A, C), in any bracketing of a longer chain. */
static void
test_compose(void **state)
{
	struct rng rng = {23};

	for (int i = 0; i < 1000; i++) {
		struct vrpset *s[4];
		struct delta ab, bc, cd, ac, bd, ad, got, left, right;

		for (int k = 0; k < 4; k++)
			s[k] = rng_below(&rng, 8) == 0 && k > 0 ? vrpset_ref(s[0]) : random_set(&rng, *state, 40);
		ab = between(s[0], s[1]);
		bc = between(s[1], s[2]);
		cd = between(s[2], s[3]);
		ac = between(s[0], s[2]);
		bd = between(s[1], s[3]);
		ad = between(s[0], s[3]);
		assert_int_equal(delta_compose(&ab, &bc, &got), 0);
		assert_same_delta(&got, &ac);
		assert_int_equal(delta_compose(&got, &cd, &left), 0);
		assert_int_equal(delta_compose(&ab, &bd, &right), 0);
		assert_same_delta(&left, &ad);
		assert_same_delta(&right, &ad);
		delta_release(&ab);
		delta_release(&bc);
		delta_release(&cd);
		delta_release(&ac);
		delta_release(&bd);
		delta_release(&ad);
		delta_release(&got);
		delta_release(&left);
		delta_release(&right);
		for (int k = 0; k < 4; k++)
			vrpset_unref(s[k]);
	}
}

/* There and back again cancels to nothing. */
static void
test_compose_cancels(void **state)
{
	static const char *const tables[][2] = {
		{"1.0.0.0/24 24 1", "2.0.0.0/24 24 1"},
		{"aspa 1 2", "aspa 1 3"},
		{"aspa 1 2", ""},
		{"", "router-key 1 0000000000000000000000000000000000000000 AA=="},
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct vrpset *a = set_of(*state, tables[i][0]), *b = set_of(*state, tables[i][1]);
		struct delta there = between(a, b), back = between(b, a), net;

		assert_int_equal(delta_compose(&there, &back, &net), 0);
		assert_int_equal(delta_count(&net), 0);
		assert_int_equal(vrpset_count(net.withdrawn) + vrpset_count(net.announced), 0);
		delta_release(&there);
		delta_release(&back);
		delta_release(&net);
		vrpset_unref(a);
		vrpset_unref(b);
	}
}

/* Delta blocks by hand: what they make of a table, or why they don't fit. */
static void
test_apply(void **state)
{
	static const struct {
		const char *base, *withdrawn, *announced, *result, *why;
	} cases[] = {
		{"1.0.0.0/24 24 1", "", "", "1.0.0.0/24 24 AS1 - -\n", NULL},
		{"", "", "1.0.0.0/24 24 1 ripe 5", "1.0.0.0/24 24 AS1 ripe 5\n", NULL},
		/* A withdrawal goes by identity: its annotations and providers say nothing. */
		{"1.0.0.0/24 24 1 apnic 5", "1.0.0.0/24 24 1 ripe 6", "", "", NULL},
		{"aspa 1 2,3", "aspa 1 4", "", "", NULL},
		/* An announcement replaces annotations and providers. */
		{"1.0.0.0/24 24 1 apnic 5", "", "1.0.0.0/24 24 1 apnic 6", "1.0.0.0/24 24 AS1 apnic 6\n", NULL},
		{"1.0.0.0/24 24 1 apnic 5", "", "1.0.0.0/24 24 1 ripe 5", "1.0.0.0/24 24 AS1 ripe 5\n", NULL},
		{"1.0.0.0/24 24 1 apnic 9", "", "1.0.0.0/24 24 1 apnic 5", "1.0.0.0/24 24 AS1 apnic 5\n", NULL},
		{"aspa 1 2,3 - 5", "", "aspa 1 4 - 5", "aspa AS1 AS4 - 5\n", NULL},
		{"aspa 1 2 - 5", "", "aspa 1 2 - 6", "aspa AS1 AS2 - 6\n", NULL},
		/* Withdrawals go first, so both of one record is a replacement. */
		{"1.0.0.0/24 24 1", "1.0.0.0/24 24 1", "1.0.0.0/24 24 1", "1.0.0.0/24 24 AS1 - -\n", NULL},
		{"aspa 1 2", "aspa 1 2", "aspa 1 2", "aspa AS1 AS2 - -\n", NULL},
		{"", "1.0.0.0/24 24 1", "1.0.0.0/24 24 1", NULL, "delta withdraws what is not there: 1.0.0.0/24 24 AS1"},
		/* What does not fit. */
		{"", "1.0.0.0/24 24 1", "", NULL, "delta withdraws what is not there: 1.0.0.0/24 24 AS1"},
		{"1.0.0.0/24 24 1\n3.0.0.0/24 24 1", "2.0.0.0/24 24 1", "", NULL,
		 "delta withdraws what is not there: 2.0.0.0/24 24 AS1"},
		{"1.0.0.0/24 24 1", "1.0.0.0/24 25 1", "", NULL, "delta withdraws what is not there: 1.0.0.0/24 25 AS1"},
		{"1.0.0.0/24 24 1", "", "1.0.0.0/24 24 1", NULL, "delta announces what is there: 1.0.0.0/24 24 AS1"},
		{"1.0.0.0/24 24 1 ripe 5", "", "1.0.0.0/24 24 1 ripe 5", NULL,
		 "delta announces what is there: 1.0.0.0/24 24 AS1"},
		{"aspa 1 2", "aspa 2 2", "", NULL, "delta withdraws what is not there: the ASPA of AS2"},
		{"aspa 1 2", "", "aspa 1 2", NULL, "delta announces what is there: the ASPA of AS1"},
		{"", "router-key 1 0000000000000000000000000000000000000000 AA==", "", NULL,
		 "delta withdraws what is not there: a router key of AS1"},
		{"router-key 1 0000000000000000000000000000000000000000 AA==", "",
		 "router-key 1 0000000000000000000000000000000000000000 AA==", NULL,
		 "delta announces what is there: a router key of AS1"},
		{"router-key 1 0000000000000000000000000000000000000000 AA== ripe 5", "",
		 "router-key 1 0000000000000000000000000000000000000000 AA== ripe 6",
		 "router-key AS1 0000000000000000000000000000000000000000 AA== ripe 6\n", NULL},
		/* Everything at once. */
		{"1.0.0.0/24 24 1\n2.0.0.0/24 24 1\n4.0.0.0/24 24 1\n::/0 0 1\naspa 1 2\naspa 3 4",
		 "1.0.0.0/24 24 1\n4.0.0.0/24 24 1\naspa 3 4",
		 "0.0.0.0/0 0 1\n3.0.0.0/24 24 1\n4.0.0.0/24 24 1 ripe 1\nff00::/8 8 1\naspa 1 9\naspa 2 2",
		 "0.0.0.0/0 0 AS1 - -\n2.0.0.0/24 24 AS1 - -\n3.0.0.0/24 24 AS1 - -\n4.0.0.0/24 24 AS1 ripe 1\n"
		 "::/0 0 AS1 - -\nff00::/8 8 AS1 - -\naspa AS1 AS9 - -\naspa AS2 AS2 - -\n", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrpset *base = set_of(*state, cases[i].base), *got;
		struct delta d = {set_of(*state, cases[i].withdrawn), set_of(*state, cases[i].announced)};
		struct vrp_err err = {0};

		got = delta_apply(base, &d, &err);
		if (cases[i].result) {
			assert_case(got != NULL, "%zu: %s", i, err.msg);
			assert_text(got, cases[i].result);
		} else {
			assert_case(got == NULL, "%zu", i);
			assert_string_equal(err.msg, cases[i].why);
			assert_null(delta_apply(base, &d, NULL));
		}
		vrpset_unref(got);
		delta_release(&d);
		vrpset_unref(base);
	}
}

/* What only annotations tell apart is announced, and not withdrawn. */
static void
test_exact(void **state)
{
	static const struct {
		const char *from, *to, *withdrawn, *announced;
		size_t count;
	} cases[] = {
		{"", "", "", "", 0},
		{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 a 5", "", "", 0},
		{"1.0.0.0/24 24 1 a 5", "", "1.0.0.0/24 24 AS1 a 5\n", "", 1},
		{"", "1.0.0.0/24 24 1 a 5", "", "1.0.0.0/24 24 AS1 a 5\n", 1},
		{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 a 6", "", "1.0.0.0/24 24 AS1 a 6\n", 1},
		{"1.0.0.0/24 24 1 a 6", "1.0.0.0/24 24 1 a 5", "", "1.0.0.0/24 24 AS1 a 5\n", 1},
		{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b 5", "", "1.0.0.0/24 24 AS1 b 5\n", 1},
		{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1", "", "1.0.0.0/24 24 AS1 - -\n", 1},
		{"1.0.0.0/24 24 1 a 5\n2.0.0.0/24 24 1", "1.0.0.0/24 24 1 a 6\n3.0.0.0/24 24 1",
		 "2.0.0.0/24 24 AS1 - -\n", "1.0.0.0/24 24 AS1 a 6\n3.0.0.0/24 24 AS1 - -\n", 3},
		{"router-key 1 0000000000000000000000000000000000000000 AA== a 5",
		 "router-key 1 0000000000000000000000000000000000000000 AA== a 6", "",
		 "router-key AS1 0000000000000000000000000000000000000000 AA== a 6\n", 1},
		{"aspa 1 2 - 5", "aspa 1 2 - 6", "", "aspa AS1 AS2 - 6\n", 1},
		/* With other providers it stands in both, whatever becomes of its annotations. */
		{"aspa 1 2 - 5", "aspa 1 3 - 5", "aspa AS1 AS2 - 5\n", "aspa AS1 AS3 - 5\n", 1},
		{"aspa 1 2 - 5", "aspa 1 3 - 6", "aspa AS1 AS2 - 5\n", "aspa AS1 AS3 - 6\n", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrpset *from = set_of(*state, cases[i].from), *to = set_of(*state, cases[i].to);
		struct delta d;

		assert_int_equal(delta_exact(from, to, &d), 0);
		assert_text(d.withdrawn, cases[i].withdrawn);
		assert_text(d.announced, cases[i].announced);
		assert_int_equal(delta_count(&d), cases[i].count);
		delta_release(&d);
		vrpset_unref(from);
		vrpset_unref(to);
	}
}

/* apply(A, exact(A, B)) is B to the last annotation, and nothing else is empty. */
static void
test_apply_exact(void **state)
{
	struct rng rng = {24};
	size_t annotations_alone = 0;

	for (int i = 0; i < 2000; i++) {
		struct vrpset *a = random_annotated_set(&rng, *state, 80), *b = random_annotated_set(&rng, *state, 80), *got;
		struct delta d, plain = between(a, b);
		char *ta = set_text(a), *tb = set_text(b), *text;
		struct vrp_err err = {0};

		assert_int_equal(delta_exact(a, b, &d), 0);
		assert_true(vrpset_same(d.withdrawn, plain.withdrawn));
		assert_true(vrpset_count(d.announced) >= vrpset_count(plain.announced));
		annotations_alone += vrpset_count(d.announced) - vrpset_count(plain.announced);
		assert_int_equal(delta_count(&d) == 0, strcmp(ta, tb) == 0);
		got = delta_apply(a, &d, &err);
		assert_case(got != NULL, "%s", err.msg);
		text = set_text(got);
		assert_string_equal(text, tb);
		free(text);
		free(ta);
		free(tb);
		vrpset_unref(got);
		delta_release(&d);
		delta_release(&plain);
		vrpset_unref(a);
		vrpset_unref(b);
	}
	assert_true(annotations_alone > 1000);
}

/* One weekly export, `AS64496,192.0.2.0/24,24,apnic` a line. */
static struct vrpset *
read_csv(struct names *names, const char *path)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;
	char command[512], line[256];
	FILE *f;
	size_t records = 0;

	snprintf(command, sizeof(command), "xz -dc '%s'", path);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct vrp v = {.expires = EXPIRES_UNKNOWN};
		char asn[16], prefix[64], anchor[64];
		unsigned maxlen;

		if (sscanf(line, "%15[^,],%63[^,],%u,%63[^\n]", asn, prefix, &maxlen, anchor) != 4)
			continue;
		assert_true(num_asn(asn, strlen(asn), &v.asn));
		assert_true(prefix_parse(prefix, strlen(prefix), &v.prefix, NULL));
		v.maxlen = (uint8_t)maxlen;
		v.ta = (uint16_t)names_raw(names, anchor, strlen(anchor));
		assert_int_equal(vrpset_add_vrp(b, &v), 0);
		records++;
	}
	assert_int_equal(pclose(f), 0);
	assert_true(records > 30000);
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

/* Seven weeks of 2017: the six real deltas in turn lead from the first table to the last, and so does their net. */
static void
test_seven_weeks(void **state)
{
	const char *data = getenv("VRP_DATA");
	char pattern[512];
	glob_t files;
	struct vrpset *held, *week[7];
	struct delta net = DELTA_INIT, direct;

	snprintf(pattern, sizeof(pattern), "%s/2017/vrps-*.csv.xz", data ? data : "../shared/data");
	if (glob(pattern, 0, NULL, &files) != 0 || files.gl_pathc != 7) {
		globfree(&files);
		print_message("no weekly tables in VRP_DATA\n");
		skip();
	}
	for (size_t i = 0; i < 7; i++)
		week[i] = read_csv(*state, files.gl_pathv[i]);
	globfree(&files);
	held = vrpset_ref(week[0]);
	for (size_t i = 1; i < 7; i++) {
		struct delta step = between(week[i - 1], week[i]), sum;
		struct vrp_err err = {0};
		struct vrpset *next = delta_apply(held, &step, &err);

		assert_case(next != NULL, "%s", err.msg);
		assert_true(vrpset_count(step.announced) > 100 && vrpset_count(step.announced) < 2000);
		assert_true(vrpset_count(step.withdrawn) > 10 && vrpset_count(step.withdrawn) < 500);
		vrpset_unref(held);
		held = next;
		if (net.announced) {
			assert_int_equal(delta_compose(&net, &step, &sum), 0);
			delta_release(&net);
			delta_release(&step);
			net = sum;
		} else {
			net = step;
		}
	}
	assert_true(vrpset_same(held, week[6]));
	direct = between(week[0], week[6]);
	assert_same_delta(&net, &direct);
	delta_release(&net);
	delta_release(&direct);
	vrpset_unref(held);
	for (size_t i = 0; i < 7; i++)
		vrpset_unref(week[i]);
}

/* One in `every` of 5,000 host prefixes, all of them when that is 1. */
static struct vrpset *
sparse_set(struct rng *rng, struct names *names, uint32_t every)
{
	struct vrpset_builder *b = vrpset_builder_new(names);

	for (uint32_t i = 0; i < 5000; i++) {
		struct vrp v = {.prefix = {.family = FAMILY_IPV4, .len = 32, .addr = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}},
				.maxlen = 32, .asn = 1, .expires = EXPIRES_UNKNOWN};

		if (rng_below(rng, every) == 0)
			assert_int_equal(vrpset_add_vrp(b, &v), 0);
	}
	return vrpset_finish(b, NULL);
}

/* Changes that are far apart and close together, at both ends and in the middle. */
static void
test_apply_to_long_runs(void **state)
{
	static const uint32_t density[] = {1, 2, 50, 2000, 100000};
	struct rng rng = {7};

	for (size_t i = 0; i < 200; i++) {
		struct vrpset *all = sparse_set(&rng, *state, 1);
		struct vrpset *few = sparse_set(&rng, *state, density[i % ARRAY_LEN(density)]);
		struct vrpset *more = sparse_set(&rng, *state, density[i / 5 % ARRAY_LEN(density)]);
		struct delta cut = {vrpset_ref(few), vrpset_empty(*state)}, d;
		struct vrpset *rest = delta_apply(all, &cut, NULL), *got;

		assert_int_equal(vrpset_count(rest), 5000 - vrpset_count(few));
		d = between(rest, more);
		got = delta_apply(rest, &d, NULL);
		assert_true(vrpset_same(got, more));
		vrpset_unref(got);
		delta_release(&d);
		delta_release(&cut);
		vrpset_unref(rest);
		vrpset_unref(more);
		vrpset_unref(few);
		vrpset_unref(all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_between_against_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compose, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compose_cancels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply_to_long_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seven_weeks, setup, teardown),
	};

	return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
