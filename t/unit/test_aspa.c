/* SPDX-License-Identifier: ISC */
/*
 * Path verification: the example set of the draft as rtrlib's tests have it,
 * the vectors of aspa-fuzz (Ben Maddison) and of OpenBGPD's regression test,
 * and random paths against the draft's algorithm taken literally.
 */
#include "test.h"

#include "aspa.h"
#include "sets.h"

#define PATH_MAX_LEN 16

/* "V", "U" or "I" for each of: upstream, downstream; '-' for a direction that a vector says nothing of. */
struct vector {
	const char *path;	/* the neighbour first */
	const char *want;
};

static size_t
read_path(const char *text, uint32_t *asns)
{
	size_t n = 0;
	char *end;

	while (*text) {
		assert_in_range(n, 0, PATH_MAX_LEN - 1);
		asns[n++] = (uint32_t)strtoul(text, &end, 10);
		text = end + (*end == ' ');
	}
	return n;
}

static char
letter(enum aspa_state state)
{
	return "VUI"[state];
}

static char
verify(const struct vrpset *set, const uint32_t *asns, size_t n, enum aspa_direction direction)
{
	struct aspa_path path = {asns, n, false};

	return letter(aspa_verify(set, &path, n ? asns : NULL, direction));
}

static void
check_vectors(const char *lines, const struct vector *v, size_t count)
{
	struct names *names = names_new();
	struct vrpset *set = set_of(names, lines);

	for (size_t i = 0; i < count; i++) {
		uint32_t asns[PATH_MAX_LEN];
		size_t n = read_path(v[i].path, asns);

		if (v[i].want[0] != '-')
			assert_case(verify(set, asns, n, ASPA_UPSTREAM) == v[i].want[0], "%s, upstream", v[i].path);
		if (v[i].want[1] != '-')
			assert_case(verify(set, asns, n, ASPA_DOWNSTREAM) == v[i].want[1], "%s, downstream", v[i].path);
	}
	vrpset_unref(set);
	names_unref(names);
}

static void
test_draft(void **state)
{
	static const struct vector vectors[] = {
		{"6 3 1", "V-"}, {"4 3 1", "I-"}, {"4 6 3 1", "U-"}, {"4 5 2", "U-"}, {"1 4 5 2", "I-"}, {"5 2", "V-"},
		{"5 7 6 3 1", "-U"}, {"5 7 4 1", "-V"}, {"5 4 3 1", "-U"}, {"5 7 4 3 1", "-I"}, {"3 6 4 7", "-U"},
		{"4 7 5 2", "-V"}, {"3 4 7 5 2", "-I"}, {"5 1", "-V"},
	};

	(void)state;
	check_vectors("aspa AS1 AS3,AS4\naspa AS2 AS5\naspa AS3 AS6\naspa AS4 AS6,AS7\naspa AS7 AS0\n", vectors, ARRAY_LEN(vectors));
}

#define FUZZ_SET \
	"aspa AS1 4,5,6\naspa AS2 10,11\naspa AS3 1,13,14\naspa AS4 16,24\naspa AS5 1,17,25\naspa AS8 0\naspa AS9 2\n" \
	"aspa AS10 0\naspa AS11 2\naspa AS12 3\naspa AS13 0\naspa AS14 3,25\naspa AS15 4\naspa AS16 4\naspa AS17 5\n" \
	"aspa AS18 6\naspa AS20 19\naspa AS21 0\naspa AS23 22\naspa AS24 0\naspa AS25 0\naspa AS26 5\naspa AS27 14\n" \
	"aspa AS101 102\naspa AS102 103,104,105\naspa AS103 111,112,203\naspa AS105 0\naspa AS112 0\n" \
	"aspa AS113 104,105,204,205\naspa AS201 202\naspa AS202 203,204,205\naspa AS203 103,111,112\naspa AS205 0\n" \
	"aspa AS65000 3,5,10,15,20,21,22,23,24,25,30,35,40,45,50,51,52,53,54,55,60,65,70,75,80,81,82,83,87,90\n" \
	"aspa AS196618 1,2,3,4\n"

static void
test_fuzz_set(void **state)
{
	static const struct vector vectors[] = {
		{"", "II"},
		{"2", "V-"}, {"3", "V-"}, {"4", "-V"}, {"5", "-V"}, {"6", "-V"}, {"7", "V-"},
		{"2 8", "I-"}, {"2 9", "V-"}, {"2 10", "I-"}, {"2 11", "V-"},
		{"3 8", "I-"}, {"3 12", "V-"}, {"3 13", "I-"}, {"3 14", "V-"},
		{"4 8", "-V"}, {"4 15", "-V"}, {"4 16", "-V"}, {"4 24", "-V"},
		{"5 8", "-V"}, {"5 17", "-V"}, {"5 25", "-V"}, {"5 26", "-V"}, {"6 18", "-V"}, {"6 19", "-V"},
		{"7 19", "U-"}, {"7 21", "I-"},
		{"6 19 20", "-V"}, {"20 19 6", "-V"},
		{"3 14 25", "I-"}, {"3 14 19", "U-"}, {"3 14 21", "I-"}, {"3 14 27", "V-"},
		{"7 19 22 21", "I-"}, {"6 19 22 23", "-U"},
		{"1 5 17 13 3 14 27", "-V"}, {"27 14 3 13 17 5 1", "-V"},
		{"27 14 3 6 7 19 17 5 1", "-I"}, {"27 14 3 7 19 6 1 5 17", "-U"},
		/* Ramps that overlap, that touch, and that are one hop apart. */
		{"201 202 203 103 102 101", "-V"}, {"101 102 103 203 202 201", "-V"},
		{"201 202 203 111 103 102 101", "-V"}, {"101 102 103 111 203 202 201", "-V"},
		{"201 202 203 112 103 102 101", "-V"}, {"101 102 103 112 203 202 201", "-V"},
		{"201 202 204 104 102 101", "-V"}, {"201 202 204 105 102 101", "-V"},
		{"201 202 205 104 102 101", "-V"}, {"201 202 205 105 102 101", "-V"},
		/* Two hops apart, denied and unknown. */
		{"201 202 205 111 105 102 101", "-I"}, {"201 202 205 112 105 102 101", "-I"},
		{"201 202 205 113 105 102 101", "-I"}, {"201 202 205 111 104 102 101", "-U"},
		{"201 202 204 111 105 102 101", "-U"}, {"201 202 204 111 104 102 101", "-U"},
		{"201 202 205 112 104 102 101", "-U"}, {"201 202 204 112 105 102 101", "-U"},
		{"201 202 204 112 104 102 101", "-U"}, {"201 202 205 113 104 102 101", "-U"},
		{"201 202 204 113 105 102 101", "-U"}, {"201 202 204 113 104 102 101", "-U"},
	};

	(void)state;
	check_vectors(FUZZ_SET, vectors, ARRAY_LEN(vectors));
}

static void
test_hops(void **state)
{
	static const struct {
		uint32_t customer, provider;
		enum aspa_hop want;
	} hops[] = {
		{6, 1, ASPA_NO_ATTESTATION}, {42, 1, ASPA_NO_ATTESTATION},
		{1, 2, ASPA_NOT_PROVIDER}, {1, 3, ASPA_NOT_PROVIDER}, {1, 7, ASPA_NOT_PROVIDER}, {5, 2, ASPA_NOT_PROVIDER},
		{5, 16, ASPA_NOT_PROVIDER}, {5, 18, ASPA_NOT_PROVIDER}, {5, 24, ASPA_NOT_PROVIDER}, {5, 26, ASPA_NOT_PROVIDER},
		{8, 2, ASPA_NOT_PROVIDER}, {9, 5, ASPA_NOT_PROVIDER}, {27, 13, ASPA_NOT_PROVIDER}, {27, 15, ASPA_NOT_PROVIDER},
		{1, 4, ASPA_PROVIDER}, {1, 5, ASPA_PROVIDER}, {1, 6, ASPA_PROVIDER}, {2, 10, ASPA_PROVIDER},
		{2, 11, ASPA_PROVIDER}, {9, 2, ASPA_PROVIDER}, {27, 14, ASPA_PROVIDER},
		{196618, 1, ASPA_PROVIDER}, {196618, 2, ASPA_PROVIDER}, {196618, 3, ASPA_PROVIDER}, {196618, 4, ASPA_PROVIDER},
		{196618, 5, ASPA_NOT_PROVIDER},
		{65000, 1, ASPA_NOT_PROVIDER}, {65000, 2, ASPA_NOT_PROVIDER}, {65000, 3, ASPA_PROVIDER},
		{65000, 4, ASPA_NOT_PROVIDER}, {65000, 5, ASPA_PROVIDER}, {65000, 15, ASPA_PROVIDER},
		{65000, 19, ASPA_NOT_PROVIDER}, {65000, 20, ASPA_PROVIDER}, {65000, 25, ASPA_PROVIDER},
		{65000, 26, ASPA_NOT_PROVIDER}, {65000, 85, ASPA_NOT_PROVIDER}, {65000, 86, ASPA_NOT_PROVIDER},
		{65000, 87, ASPA_PROVIDER}, {65000, 88, ASPA_NOT_PROVIDER}, {65000, 89, ASPA_NOT_PROVIDER},
		{65000, 90, ASPA_PROVIDER}, {65000, 91, ASPA_NOT_PROVIDER}, {65000, 6666, ASPA_NOT_PROVIDER},
		/* AS0 is nobody's provider. */
		{8, 0, ASPA_NOT_PROVIDER},
	};
	struct names *names = names_new();
	struct vrpset *set = set_of(names, FUZZ_SET);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hops); i++)
		assert_case(aspa_authorized(set, hops[i].customer, hops[i].provider) == hops[i].want, "%u %u", hops[i].customer,
			    hops[i].provider);
	vrpset_unref(set);
	names_unref(names);
}

static void
test_neighbour_and_sets(void **state)
{
	struct names *names = names_new();
	struct vrpset *set = set_of(names, "aspa AS1 AS2\n");
	static const uint32_t asns[] = {2, 2, 1, 1, 1};
	struct aspa_path path = {asns, ARRAY_LEN(asns), false};
	uint32_t two = 2, three = 3;

	(void)state;
	assert_int_equal(aspa_verify(set, &path, &two, ASPA_UPSTREAM), ASPA_VALID);
	assert_int_equal(aspa_verify(set, &path, NULL, ASPA_UPSTREAM), ASPA_VALID);
	assert_int_equal(aspa_verify(set, &path, &three, ASPA_UPSTREAM), ASPA_INVALID);
	assert_int_equal(aspa_verify(set, &path, &three, ASPA_DOWNSTREAM), ASPA_INVALID);
	path.has_set = true;
	assert_int_equal(aspa_verify(set, &path, &two, ASPA_UPSTREAM), ASPA_INVALID);
	assert_int_equal(aspa_verify(set, &path, &two, ASPA_DOWNSTREAM), ASPA_INVALID);
	assert_string_equal(aspa_state_name(ASPA_VALID), "valid");
	assert_string_equal(aspa_state_name(ASPA_UNKNOWN), "unknown");
	assert_string_equal(aspa_state_name(ASPA_INVALID), "invalid");
	vrpset_unref(set);
	names_unref(names);
}

/*
 * The draft's own words: AS(1) is the origin, AS(N) the neighbour, repetitions
 * are collapsed.  A[] has them from 1 on.
 */
static enum aspa_state
literally(const struct vrpset *set, const uint32_t *asns, size_t count, enum aspa_direction direction)
{
	uint32_t A[PATH_MAX_LEN + 1];
	size_t N = 0, max_up, min_up, max_down, min_down, i;

	for (i = count; i > 0; i--)
		if (N == 0 || A[N] != asns[i - 1])
			A[++N] = asns[i - 1];
	if (N == 0)
		return ASPA_INVALID;
	for (max_up = 1; max_up < N; max_up++)
		if (aspa_authorized(set, A[max_up], A[max_up + 1]) == ASPA_NOT_PROVIDER)
			break;
	for (min_up = 1; min_up < N; min_up++)
		if (aspa_authorized(set, A[min_up], A[min_up + 1]) != ASPA_PROVIDER)
			break;
	max_down = min_down = N;
	for (i = N; i > 1; i--)
		if (aspa_authorized(set, A[i], A[i - 1]) == ASPA_NOT_PROVIDER) {
			max_down = N - i + 1;
			break;
		}
	for (i = N; i > 1; i--)
		if (aspa_authorized(set, A[i], A[i - 1]) != ASPA_PROVIDER) {
			min_down = N - i + 1;
			break;
		}
	if (direction == ASPA_UPSTREAM)
		return max_up < N ? ASPA_INVALID : min_up < N ? ASPA_UNKNOWN : ASPA_VALID;
	return max_up + max_down < N ? ASPA_INVALID : min_up + min_down < N ? ASPA_UNKNOWN : ASPA_VALID;
}

/* Nine ASes, of which most have an ASPA with providers near them. */
static struct vrpset *
random_aspas(struct rng *rng, struct names *names)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	for (uint32_t as = 1; as < 10; as++) {
		uint32_t providers[4];
		struct aspa aspa = {.customer = as, .providers = providers, .expires = EXPIRES_UNKNOWN};

		if (rng_below(rng, 4) == 0)
			continue;
		aspa.provider_count = 1 + rng_below(rng, 4);
		for (uint32_t i = 0; i < aspa.provider_count; i++)
			providers[i] = 1 + rng_below(rng, 9);
		if (rng_below(rng, 6) == 0) {
			providers[0] = 0;
			aspa.provider_count = 1;
		}
		assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

static void
test_random_paths(void **state)
{
	struct rng rng = {7};
	size_t seen[2][ASPA_STATES] = {0};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct names *names = names_new();
		struct vrpset *set = random_aspas(&rng, names);

		for (int j = 0; j < 40; j++) {
			uint32_t asns[PATH_MAX_LEN];
			struct aspa_path path = {asns, rng_below(&rng, 8), false};

			for (size_t k = 0; k < path.count; k++)
				asns[k] = k && rng_below(&rng, 5) == 0 ? asns[k - 1] : 1 + rng_below(&rng, 10);
			for (int d = ASPA_UPSTREAM; d <= ASPA_DOWNSTREAM; d++) {
				enum aspa_state want = literally(set, asns, path.count, (enum aspa_direction)d);

				assert_int_equal(aspa_verify(set, &path, NULL, (enum aspa_direction)d), want);
				seen[d][want]++;
			}
		}
		vrpset_unref(set);
		names_unref(names);
	}
	for (int d = 0; d < 2; d++)
		for (int s = 0; s < ASPA_STATES; s++)
			assert_true(seen[d][s] > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_draft),
		cmocka_unit_test(test_fuzz_set),
		cmocka_unit_test(test_hops),
		cmocka_unit_test(test_neighbour_and_sets),
		cmocka_unit_test(test_random_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
