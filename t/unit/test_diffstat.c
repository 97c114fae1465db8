/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "diffstat.h"

/* The summary with each run of blanks as one. */
static char *
stat_text(struct names *names, const char *old, const char *new, bool annotations, size_t top)
{
	struct vrpset *from = set_of(names, old), *to = set_of(names, new);
	struct out o = memory_out();
	struct delta d;
	char *text, *end;

	assert_int_equal((annotations ? delta_exact : delta_between)(from, to, &d), 0);
	assert_int_equal(diffstat_write(&o, from, to, &d, top), 0);
	text = end = memory_done(&o, NULL);
	for (const char *s = text; *s; s++)
		if (*s != ' ' || s[1] != ' ')
			*end++ = *s;
	*end = '\0';
	delta_release(&d);
	vrpset_unref(from);
	vrpset_unref(to);
	return text;
}

#define HEAD " old new announced withdrawn changed\n"

#define OLD_TABLE								\
	"1.0.0.0/24 24 1 a 5\n2.0.0.0/24 24 1 a 5\n3.0.0.0/24 24 2 b 5\n"	\
	"4.0.0.0/24 24 3 b 5\n2001:db8::/32 32 1 a 5\naspa 1 2\naspa 4 5\naspa 6 7"
#define NEW_TABLE								\
	"1.0.0.0/24 24 1 a 6\n3.0.0.0/24 24 2 b 5\n5.0.0.0/24 24 5 c 5\n"	\
	"2001:db8::/32 32 1 a 5\naspa 1 2,3\naspa 8 9\naspa 6 7\n"		\
	"router-key 5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC c 5"

static void
test_numbers(void **state)
{
	static const struct {
		bool annotations;
		size_t top;
		const char *want;
	} cases[] = {
		{false, 10,
		 HEAD "all records 8 8 +3 -3 ~1\nIPv4 VRPs 4 3 +1 -2 0\nIPv6 VRPs 1 1 0 0 0\nrouter keys 0 1 +1 0 0\n"
		 "ASPAs 3 3 +1 -1 ~1\n\n- 3 3 +1 -1 ~1\nc 0 2 +2 0 0\na 3 2 0 -1 0\nb 2 1 0 -1 0\n"
		 "\nAS1 4 3 0 -1 ~1\nAS5 0 2 +2 0 0\nAS3 1 0 0 -1 0\nAS4 1 0 0 -1 0\nAS8 0 1 +1 0 0\n"},
		{true, 2,
		 HEAD "all records 8 8 +3 -3 ~2\nIPv4 VRPs 4 3 +1 -2 ~1\nIPv6 VRPs 1 1 0 0 0\nrouter keys 0 1 +1 0 0\n"
		 "ASPAs 3 3 +1 -1 ~1\n\n- 3 3 +1 -1 ~1\na 3 2 0 -1 ~1\nc 0 2 +2 0 0\nb 2 1 0 -1 0\n"
		 "\nAS1 4 3 0 -1 ~2\nAS5 0 2 +2 0 0\n3 more 2 1 +1 -2 0\n"},
		{false, 0,
		 HEAD "all records 8 8 +3 -3 ~1\nIPv4 VRPs 4 3 +1 -2 0\nIPv6 VRPs 1 1 0 0 0\nrouter keys 0 1 +1 0 0\n"
		 "ASPAs 3 3 +1 -1 ~1\n\n- 3 3 +1 -1 ~1\nc 0 2 +2 0 0\na 3 2 0 -1 0\nb 2 1 0 -1 0\n"
		 "\n5 ASes 6 6 +3 -3 ~1\n"},
	};
	struct names *names = names_new();
	char *text;

	(void)state;
	/* Numbers for the anchors in the order of their letters, so that ties have one order. */
	for (const char *s = "abc"; *s; s++)
		assert_true(names_token(names, s, 1) > 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		text = stat_text(names, OLD_TABLE, NEW_TABLE, cases[i].annotations, cases[i].top);
		assert_case(strcmp(text, cases[i].want) == 0, "%zu:\n%s", i, text);
		free(text);
	}
	/* No difference: the numbers of the tables alone. */
	text = stat_text(names, OLD_TABLE, OLD_TABLE, true, 10);
	assert_string_equal(text, HEAD "all records 8 8 0 0 0\nIPv4 VRPs 4 4 0 0 0\nIPv6 VRPs 1 1 0 0 0\nrouter keys 0 0 0 0 0\n"
			    "ASPAs 3 3 0 0 0\n");
	free(text);
	names_unref(names);
}

/* The five numbers of a row; false for a line that is none. */
static bool
read_row(const char *line, size_t n[5])
{
	const char *s = line + 16;
	char *end;

	if (strcspn(line, "\n") < 17)
		return false;
	for (size_t k = 0; k < 5; k++) {
		s += strspn(s, " ");
		s += k >= 2 && *s == "+-~"[k - 2];
		n[k] = strtoul(s, &end, 10);
		if (end == s)
			return false;
		s = end;
	}
	return *s == '\n';
}

/* The rows of kinds, of trust anchors and of ASes each add up to that of all records. */
static void
assert_sums(const char *text, size_t differences)
{
	size_t all[5] = {0}, sums[3][5] = {{0}}, n[5], part = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		part += *line == '\n';
		assert_case(part < 3, "%s", text);
		if (read_row(line, n))
			for (size_t k = 0; k < 5; k++)
				*(strncmp(line, "all records", 11) == 0 ? &all[k] : &sums[part][k]) += n[k];
	}
	assert_int_equal(all[2] + all[3] + all[4], differences);
	for (size_t k = 0; k < 5; k++) {
		assert_int_equal(sums[0][k], all[k]);
		/* Anchors and ASes without a difference are not listed. */
		for (size_t p = 1; p < 3; p++)
			assert_case(k < 2 ? sums[p][k] <= all[k] : sums[p][k] == all[k], "part %zu, column %zu", p, k);
	}
}

static void
test_sums(void **state)
{
	struct names *names = names_new();
	struct rng rng = {42};

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct vrpset *a = random_annotated_set(&rng, names, 100), *b = random_annotated_set(&rng, names, 100);
		struct out o = memory_out();
		struct delta d;
		char *text;

		assert_int_equal(delta_exact(a, b, &d), 0);
		assert_int_equal(diffstat_write(&o, a, b, &d, rng_below(&rng, 5)), 0);
		text = memory_done(&o, NULL);
		assert_sums(text, delta_count(&d));
		free(text);
		delta_release(&d);
		vrpset_unref(a);
		vrpset_unref(b);
	}
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests_name("diffstat", tests, NULL, NULL);
}
