/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "merge.h"

#define SETS_MAX 5

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

static char *
merged_text(struct names *names, struct vrpset *const *sets, size_t count, size_t quorum)
{
	struct vrp_err err = {0};
	struct vrpset *set = merge_sets(names, sets, count, quorum, &err);
	char *text;

	assert_case(set != NULL, "%s", err.msg);
	text = set_text(set);
	vrpset_unref(set);
	return text;
}

#define KEY "router-key 1 0000000000000000000000000000000000000000 AA=="
#define KEY_OUT "router-key AS1 0000000000000000000000000000000000000000 AA=="

static void
test_cases(void **state)
{
	static const struct {
		const char *tables[SETS_MAX];	/* "none" is a table that is not there */
		size_t quorum;
		const char *want;
	} cases[] = {
		{{""}, 1, ""},
		{{"1.0.0.0/24 24 1 a 5"}, 1, "1.0.0.0/24 24 AS1 a 5\n"},
		{{"", ""}, 1, ""},
		{{"1.0.0.0/24 24 1", "2.0.0.0/24 24 1"}, 1, "1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS1 - -\n"},
		{{"1.0.0.0/24 24 1", "2.0.0.0/24 24 1"}, 2, ""},
		{{"1.0.0.0/24 24 1\n2.0.0.0/24 24 1", "2.0.0.0/24 24 1\n3.0.0.0/24 24 1"}, 2, "2.0.0.0/24 24 AS1 - -\n"},
		{{"::/0 0 1\n1.0.0.0/24 24 1", "", "::/0 0 1"}, 2, "::/0 0 AS1 - -\n"},
		{{"1.0.0.0/24 24 1", "1.0.0.0/24 25 1", "1.0.0.0/24 24 2"}, 2, ""},
		/* A table that is not there holds nothing, and counts. */
		{{"1.0.0.0/24 24 1", "none", "1.0.0.0/24 24 1"}, 2, "1.0.0.0/24 24 AS1 - -\n"},
		{{"1.0.0.0/24 24 1", "none", "1.0.0.0/24 24 1"}, 3, ""},
		{{"none"}, 1, ""},
		/* The quorum-th latest expiry, with its trust anchor. */
		{{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b 7", "1.0.0.0/24 24 1 c 6"}, 1, "1.0.0.0/24 24 AS1 b 7\n"},
		{{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b 7", "1.0.0.0/24 24 1 c 6"}, 2, "1.0.0.0/24 24 AS1 c 6\n"},
		{{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b 7", "1.0.0.0/24 24 1 c 6"}, 3, "1.0.0.0/24 24 AS1 a 5\n"},
		{{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b -"}, 1, "1.0.0.0/24 24 AS1 b -\n"},
		{{"1.0.0.0/24 24 1 a 5", "1.0.0.0/24 24 1 b -"}, 2, "1.0.0.0/24 24 AS1 a 5\n"},
		/* Of equal expiries the trust anchor that sorts first. */
		{{"1.0.0.0/24 24 1 b 5", "1.0.0.0/24 24 1 a 5"}, 1, "1.0.0.0/24 24 AS1 a 5\n"},
		{{"1.0.0.0/24 24 1 b 5", "1.0.0.0/24 24 1 a 5"}, 2, "1.0.0.0/24 24 AS1 b 5\n"},
		{{KEY " a 5", KEY " b 7", KEY " c 6"}, 1, KEY_OUT " b 7\n"},
		{{KEY " a 5", KEY " b 7", KEY " c 6"}, 2, KEY_OUT " c 6\n"},
		{{KEY " a 5", "", KEY " c 6"}, 3, ""},
		/* ASPAs: lists that a quorum agrees on, joined. */
		{{"aspa 1 2", "aspa 1 3"}, 1, "aspa AS1 AS2,AS3 - -\n"},
		{{"aspa 1 2", "aspa 1 3"}, 2, ""},
		{{"aspa 1 2,3", "aspa 1 2,4"}, 2, ""},
		{{"aspa 1 2,3", "aspa 1 2", "aspa 1 3"}, 2, ""},
		{{"aspa 1 2,3 a 5", "aspa 1 2", "aspa 1 2,3 b 6"}, 2, "aspa AS1 AS2,AS3 a 5\n"},
		{{"aspa 1 2,3 a 5", "aspa 1 2", "aspa 1 2,3 b 6"}, 1, "aspa AS1 AS2,AS3 - -\n"},
		{{"aspa 1 2 a 5", "aspa 1 3 b 6", "aspa 1 2 c 7", "aspa 1 3 d 8"}, 2, "aspa AS1 AS2,AS3 b 6\n"},
		{{"aspa 1 2 a 5", "aspa 1 3 b 6", "aspa 1 2 c 7", "aspa 1 3 d 8"}, 3, ""},
		{{"aspa 1 2 a 9", "aspa 1 3 b 6", "aspa 1 2 c 7", "aspa 1 3 d 8"}, 2, "aspa AS1 AS2,AS3 c 7\n"},
		{{"aspa 1 0", "aspa 1 0"}, 2, "aspa AS1 AS0 - -\n"},
		{{"aspa 1 0", "aspa 1 5"}, 1, "aspa AS1 AS5 - -\n"},
		{{"aspa 1 0", "aspa 1 5"}, 2, ""},
		{{"aspa 1 2\naspa 3 4", "aspa 2 2\naspa 3 4", "aspa 0 1\naspa 3 4"}, 3, "aspa AS3 AS4 - -\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrpset *sets[SETS_MAX] = {0};
		size_t count = 0;
		char *text;

		for (; count < SETS_MAX && cases[i].tables[count]; count++)
			if (strcmp(cases[i].tables[count], "none") != 0)
				sets[count] = set_of(*state, cases[i].tables[count]);
		text = merged_text(*state, sets, count, cases[i].quorum);
		assert_case(strcmp(text, cases[i].want) == 0, "%zu: %s", i, text);
		free(text);
		for (size_t k = 0; k < count; k++)
			vrpset_unref(sets[k]);
	}
}

/* A model that knows records by their text alone. */
struct entry {
	char key[256];		/* the line without annotations */
	struct payload p;
	const char *ta;
	uint32_t expires;
};

struct model {
	struct entry entries[1024];
	size_t count;
};

static void
model_add(struct model *m, const struct payload *p, uint16_t ta, uint32_t expires, struct names *names)
{
	struct entry *e = &m->entries[m->count++];
	struct payload plain = *p;
	struct out o;

	assert_true(m->count < ARRAY_LEN(m->entries));
	annotate(&plain, 0, EXPIRES_UNKNOWN);
	/* One line is never flushed. */
	out_init(&o, -1);
	line_write(&o, 0, &plain, names);
	snprintf(e->key, sizeof(e->key), "%.*s", (int)o.buf.len, o.buf.data);
	out_release(&o);
	e->p = *p;
	e->ta = names_get(names, ta, NULL);
	e->expires = expires;
}

static void
model_add_set(struct model *m, const struct vrpset *set)
{
	struct names *names = vrpset_names(set);
	const struct vrp *vrps;
	const struct router_key *keys;
	const struct aspa *aspas;
	size_t n;

	vrps = vrpset_vrps(set, &n);
	for (size_t i = 0; i < n; i++)
		model_add(m, &(struct payload){.kind = PAYLOAD_VRP, .vrp = vrps[i]}, vrps[i].ta, vrps[i].expires, names);
	keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++)
		model_add(m, &(struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = keys[i]}, keys[i].ta, keys[i].expires, names);
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++)
		model_add(m, &(struct payload){.kind = PAYLOAD_ASPA, .aspa = aspas[i]}, aspas[i].ta, aspas[i].expires, names);
}

/* By key, then those that live longest, then by name. */
static int
cmp_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c == 0)
		c = (x->expires < y->expires) - (x->expires > y->expires);
	return c ? c : strcmp(x->ta, y->ta);
}

static struct vrpset *
model_result(struct model *m, struct names *names, size_t quorum)
{
	struct vrpset_builder *b = vrpset_builder_new(names);

	qsort(m->entries, m->count, sizeof(m->entries[0]), cmp_entry);
	for (size_t i = 0, n; i < m->count; i += n) {
		struct entry *e = &m->entries[i];

		for (n = 1; i + n < m->count && strcmp(e[n].key, e->key) == 0;)
			n++;
		/* Each table holds a record once, so that n is how many hold it. */
		if (n >= quorum)
			assert_int_equal(vrpset_add(b, &e[quorum - 1].p), 0);
	}
	return vrpset_finish(b, NULL);
}

static void
test_against_model(void **state)
{
	struct rng rng = {31};
	struct model *m = malloc(sizeof(*m));
	size_t kept = 0;

	assert_non_null(m);
	for (int i = 0; i < ROUNDS(1500); i++) {
		struct vrpset *sets[SETS_MAX], *want, *last;
		size_t count = 1 + rng_below(&rng, SETS_MAX), quorum = 1 + rng_below(&rng, (uint32_t)count);
		char *got, *text;

		m->count = 0;
		for (size_t k = 0; k < count; k++) {
			/* Now and then twice the same table. */
			sets[k] = k > 0 && rng_below(&rng, 8) == 0 ? vrpset_ref(sets[0])
								   : random_annotated_set(&rng, *state, 100);
			model_add_set(m, sets[k]);
		}
		want = model_result(m, *state, quorum);
		text = set_text(want);
		got = merged_text(*state, sets, count, quorum);
		assert_string_equal(got, text);
		kept += quorum > 1 ? vrpset_count(want) : 0;
		free(got);
		vrpset_unref(want);
		/* The order of the tables is no matter. */
		last = sets[count - 1];
		sets[count - 1] = sets[0];
		sets[0] = last;
		got = merged_text(*state, sets, count, quorum);
		assert_string_equal(got, text);
		free(got);
		free(text);
		for (size_t k = 0; k < count; k++)
			vrpset_unref(sets[k]);
	}
	assert_true(kept > ROUNDS(1000));
	free(m);
}

/* The VRPs and keys of a set, as text, that have not expired. */
static char *
living_text(struct vrpset *set, int64_t now)
{
	struct vrpset *living = vrpset_unexpired(set, now);
	char *text = set_text(living), *aspas = strstr(text, "aspa ");

	if (aspas)
		*aspas = '\0';
	vrpset_unref(living);
	return text;
}

/* It is all one whether records expire in the inputs or in the result. */
static void
test_expiry(void **state)
{
	struct rng rng = {32};

	for (int i = 0; i < ROUNDS(1000); i++) {
		struct vrpset *sets[SETS_MAX], *later[SETS_MAX], *all, *living;
		size_t count = 1 + rng_below(&rng, SETS_MAX), quorum = 1 + rng_below(&rng, (uint32_t)count);
		int64_t now = 4 + rng_below(&rng, 3);
		char *a, *b;

		for (size_t k = 0; k < count; k++) {
			sets[k] = random_annotated_set(&rng, *state, 100);
			later[k] = vrpset_unexpired(sets[k], now);
		}
		all = merge_sets(*state, sets, count, quorum, NULL);
		living = merge_sets(*state, later, count, quorum, NULL);
		a = living_text(all, now);
		b = living_text(living, 0);
		assert_string_equal(a, b);
		free(a);
		free(b);
		vrpset_unref(all);
		vrpset_unref(living);
		for (size_t k = 0; k < count; k++) {
			vrpset_unref(sets[k]);
			vrpset_unref(later[k]);
		}
	}
}

/* Disjoint lists that have too many providers only together. */
static void
test_too_many_providers(void **state)
{
	struct vrpset *sets[2];
	struct vrp_err err = {0};

	for (uint32_t k = 0; k < 2; k++) {
		uint32_t *providers = calloc(ASPA_PROVIDERS_MAX, sizeof(*providers));
		struct aspa a = {.customer = 1, .providers = providers, .provider_count = ASPA_PROVIDERS_MAX};
		struct vrpset_builder *b = vrpset_builder_new(*state);

		assert_non_null(providers);
		for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
			providers[i] = 1 + 2 * i + k;
		assert_int_equal(vrpset_add_aspa(b, &a), 0);
		sets[k] = vrpset_finish(b, NULL);
		free(providers);
	}
	assert_null(merge_sets(*state, sets, 2, 1, &err));
	assert_string_equal(err.msg, "the ASPAs of AS1 have 32760 providers together, more than 16380");
	assert_null(merge_sets(*state, sets, 2, 1, NULL));
	vrpset_unref(sets[0]);
	vrpset_unref(sets[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_against_model, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_providers, setup, teardown),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
