/* SPDX-License-Identifier: ISC */
/* Tables side by side: what the header promises, one by one, and at random against a list of everything that ever was. */
#include "sets.h"

#include "monitor.h"

#define T0 INT64_C(5000)
#define GRACE 60

static const uint32_t thresholds[] = {0, 10, 100};

struct fixture {
	struct names *names[3];		/* each source has its own */
	struct monitor *m;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	for (size_t i = 0; i < ARRAY_LEN(f->names); i++)
		if (!(f->names[i] = names_new()))
			return -1;
	/* The same number is another anchor in another source. */
	assert_int_equal(names_token(f->names[1], "ripe", 4), 1);
	return (f->m = monitor_new(3, GRACE, T0)) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	monitor_free(f->m);
	for (size_t i = 0; i < ARRAY_LEN(f->names); i++)
		names_unref(f->names[i]);
	free(f);
	return 0;
}

static void
take(struct fixture *f, size_t source, const char *lines, int64_t now)
{
	struct vrpset *set = set_of(f->names[source], lines);

	assert_int_equal(monitor_take(f->m, source, set, now), 0);
	vrpset_unref(set);
}

struct counts {
	struct monitor_pair pairs[9];
	size_t gone[3];
};

static struct counts
count(const struct fixture *f, int64_t now)
{
	const struct monitor_question q = {now, thresholds, ARRAY_LEN(thresholds)};
	struct monitor_view *v = monitor_view(f->m);
	struct counts c;

	monitor_view_count(v, &q, c.pairs, c.gone);
	monitor_view_unref(v);
	return c;
}

static struct monitor_pair
pair(const struct fixture *f, size_t lhs, size_t rhs, int64_t now)
{
	return count(f, now).pairs[3 * lhs + rhs];
}

static int
add_times(void *ctx, const struct monitor_record *r)
{
	return buf_addf(ctx, "%u:%lld,%lld ", r->payload->vrp.asn, (long long)(r->seen - T0), (long long)(r->since - T0));
}

static void
assert_records(const struct fixture *f, size_t lhs, size_t rhs, const char *want)
{
	struct monitor_view *v = monitor_view(f->m);
	struct buf text = BUF_INIT;

	assert_int_equal(monitor_view_each(v, lhs, rhs, add_times, &text), 0);
	assert_int_equal(buf_add(&text, "", 1), 0);
	assert_string_equal(text.data, want);
	buf_release(&text);
	monitor_view_unref(v);
}

static void
test_nothing_is_compared_before_both_have_a_table(void **state)
{
	struct fixture *f = *state;

	assert_false(pair(f, 0, 1, T0).compared);
	take(f, 0, "10.0.0.0/8 8 AS1\n", T0);
	assert_false(pair(f, 0, 1, T0).compared);
	assert_records(f, 0, 1, "");
	take(f, 1, "", T0 + 5);
	assert_true(pair(f, 0, 1, T0 + 5).compared);
	assert_false(pair(f, 0, 2, T0 + 5).compared);
	assert_false(pair(f, 0, 0, T0 + 5).compared);
	/* It was there before, and is a difference since the second table. */
	assert_records(f, 0, 1, "1:0,5 ");
	assert_int_equal(pair(f, 0, 1, T0 + 5).oldest, T0 + 5);
	assert_int_equal(pair(f, 1, 0, T0 + 5).oldest, MONITOR_NEVER);
}

static void
test_anchors_and_expiries_do_not_matter(void **state)
{
	struct fixture *f = *state;

	take(f, 0, "10.0.0.0/8 8 AS1 ripe 100\naspa AS1 AS2,AS3 arin 5\n", T0);
	take(f, 1, "10.0.0.0/8 8 AS1 apnic 200\naspa AS1 AS3,AS2\n", T0);
	assert_int_equal(pair(f, 0, 1, T0).records, 0);
	take(f, 1, "10.0.0.0/8 8 AS1\naspa AS1 AS2\n", T0 + 1);
	assert_int_equal(pair(f, 0, 1, T0 + 1).kinds[PAYLOAD_ASPA], 1);
	assert_int_equal(pair(f, 1, 0, T0 + 1).kinds[PAYLOAD_ASPA], 1);
	assert_int_equal(pair(f, 1, 0, T0 + 1).visible[0], 0);
}

static void
test_visibility_and_grace(void **state)
{
	struct fixture *f = *state;

	take(f, 0, "10.0.0.0/8 8 AS1\n11.0.0.0/8 8 AS2\n", T0);
	take(f, 1, "10.0.0.0/8 8 AS1\n11.0.0.0/8 8 AS2\n", T0);
	take(f, 1, "10.0.0.0/8 8 AS1\n", T0 + 50);
	assert_records(f, 0, 1, "2:0,50 ");
	assert_int_equal(count(f, T0 + 50).gone[1], 1);
	assert_int_equal(pair(f, 0, 1, T0 + 50).visible[0], 1);
	assert_int_equal(pair(f, 0, 1, T0 + 50).visible[1], 1);
	assert_int_equal(pair(f, 0, 1, T0 + 99).visible[2], 0);
	assert_int_equal(pair(f, 0, 1, T0 + 100).visible[2], 1);
	assert_int_equal(pair(f, 0, 1, T0 + 50 + GRACE - 1).lasting, 0);
	assert_int_equal(pair(f, 0, 1, T0 + 50 + GRACE).lasting, 1);
	assert_int_equal(count(f, T0 + 50 + GRACE - 1).gone[1], 1);
	assert_int_equal(count(f, T0 + 50 + GRACE).gone[1], 0);
	/* Its time there begins anew. */
	take(f, 1, "10.0.0.0/8 8 AS1\n11.0.0.0/8 8 AS2\n", T0 + 200);
	take(f, 0, "10.0.0.0/8 8 AS1\n", T0 + 201);
	assert_records(f, 0, 1, "");
	assert_records(f, 1, 0, "2:200,201 ");
}

static void
test_what_nobody_has_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct monitor_view *v;

	take(f, 0, "10.0.0.0/8 8 AS1\n", T0);
	take(f, 1, "10.0.0.0/8 8 AS1\n", T0);
	take(f, 0, "", T0 + 1);
	take(f, 1, "", T0 + 2);
	assert_int_equal(count(f, T0 + 3).gone[0], 1);
	assert_int_equal(monitor_deadline(f->m), T0 + 2 + GRACE);
	assert_int_equal(monitor_tick(f->m, T0 + 2 + GRACE), 0);
	assert_int_equal(monitor_deadline(f->m), MONITOR_NEVER);
	/* A view that is held stays as it was. */
	v = monitor_view(f->m);
	take(f, 0, "10.0.0.0/8 8 AS1\n", T0 + 100);
	assert_int_equal(vrpset_count(monitor_view_set(v, 0)), 0);
	monitor_view_unref(v);
}

static void
test_a_source_leaves_and_returns(void **state)
{
	struct fixture *f = *state;

	take(f, 0, "10.0.0.0/8 8 AS1\n11.0.0.0/8 8 AS2\n", T0);
	take(f, 1, "10.0.0.0/8 8 AS1\n12.0.0.0/8 8 AS3\n", T0 + 1);
	take(f, 2, "", T0 + 2);
	assert_int_equal(monitor_leave(f->m, 1, T0 + 10), 0);
	assert_false(pair(f, 0, 1, T0 + 10).compared);
	assert_true(pair(f, 0, 2, T0 + 10).compared);
	assert_records(f, 0, 1, "");
	assert_records(f, 0, 2, "1:0,2 2:0,2 ");
	take(f, 0, "11.0.0.0/8 8 AS2\n", T0 + 20);
	take(f, 1, "10.0.0.0/8 8 AS1\n", T0 + 30);
	assert_records(f, 0, 1, "2:0,1 ");
	assert_records(f, 1, 0, "1:1,20 ");
	assert_int_equal(count(f, T0 + 30).gone[1], 1);
}

/* ---- against everything that ever was */

struct known {
	struct loose l;
	bool held[3];
	int64_t seen[3], lost[3];	/* lost: -1 never */
};

struct model {
	struct known *all;
	size_t count;
	int64_t joined[3];	/* -1: not yet */
	bool part[3];
};

static bool
same_record(const struct payload *a, const struct payload *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case PAYLOAD_VRP:
		return vrp_cmp(&a->vrp, &b->vrp) == 0;
	case PAYLOAD_ROUTER_KEY:
		return router_key_cmp(&a->key, &b->key) == 0;
	case PAYLOAD_ASPA:
		return aspa_cmp(&a->aspa, &b->aspa) == 0 && aspa_same_providers(&a->aspa, &b->aspa);
	}
	return false;
}

static struct known *
model_find(struct model *m, const struct payload *p)
{
	struct known *k;

	for (size_t i = 0; i < m->count; i++)
		if (same_record(&m->all[i].l.p, p))
			return &m->all[i];
	m->all = realloc(m->all, (m->count + 1) * sizeof(*m->all));
	assert_non_null(m->all);
	k = &m->all[m->count++];
	*k = (struct known){.lost = {-1, -1, -1}};
	k->l.p = *p;
	if (p->kind == PAYLOAD_ROUTER_KEY)
		memcpy(k->l.spki, p->key.spki, p->key.spki_len);
	if (p->kind == PAYLOAD_ASPA)
		memcpy(k->l.providers, p->aspa.providers, p->aspa.provider_count * sizeof(uint32_t));
	for (size_t i = 0; i < m->count; i++) {
		struct payload *own = &m->all[i].l.p;

		if (own->kind == PAYLOAD_ROUTER_KEY)
			own->key.spki = m->all[i].l.spki;
		if (own->kind == PAYLOAD_ASPA)
			own->aspa.providers = m->all[i].l.providers;
	}
	return k;
}

struct taking {
	struct model *m;
	size_t source;
	int64_t now;
	bool has[4096];
};

static int
note(void *ctx, const struct payload *p)
{
	struct taking *t = ctx;

	t->has[model_find(t->m, p) - t->m->all] = true;
	return 0;
}

static void
model_take(struct model *m, size_t source, const struct vrpset *set, int64_t now)
{
	struct taking t = {.m = m, .source = source, .now = now};

	assert_int_equal(vrpset_each(set, note, &t), 0);
	assert_true(m->count <= ARRAY_LEN(t.has));
	for (size_t i = 0; i < m->count; i++) {
		struct known *k = &m->all[i];

		if (t.has[i] && !k->held[source])
			k->seen[source] = now;
		if (!t.has[i] && k->held[source])
			k->lost[source] = now;
		k->held[source] = t.has[i];
	}
	m->part[source] = true;
	if (m->joined[source] < 0)
		m->joined[source] = now;
}

static int64_t
model_since(const struct model *m, const struct known *k, size_t lhs, size_t rhs)
{
	int64_t t = k->seen[lhs] > m->joined[rhs] ? k->seen[lhs] : m->joined[rhs];

	return k->lost[rhs] > t ? k->lost[rhs] : t;
}

static struct monitor_pair
model_pair(const struct model *m, size_t lhs, size_t rhs, int64_t now)
{
	struct monitor_pair p = {.compared = lhs != rhs && m->part[lhs] && m->part[rhs], .oldest = MONITOR_NEVER};

	for (size_t i = 0; p.compared && i < m->count; i++) {
		const struct known *k = &m->all[i];
		int64_t since = model_since(m, k, lhs, rhs);

		if (!k->held[lhs] || k->held[rhs])
			continue;
		p.records++;
		p.kinds[k->l.p.kind]++;
		p.lasting += now - since >= GRACE;
		p.oldest = since < p.oldest ? since : p.oldest;
		for (size_t t = 0; t < ARRAY_LEN(thresholds); t++)
			p.visible[t] += k->l.p.kind != PAYLOAD_ASPA && now - k->seen[lhs] >= thresholds[t];
	}
	return p;
}

struct checking {
	struct model *m;
	size_t lhs, rhs, count;
};

static int
check_record(void *ctx, const struct monitor_record *r)
{
	struct checking *c = ctx;
	const struct known *k = model_find(c->m, r->payload);

	assert_true(k->held[c->lhs] && !k->held[c->rhs]);
	assert_int_equal(r->seen, k->seen[c->lhs]);
	assert_int_equal(r->since, model_since(c->m, k, c->lhs, c->rhs));
	c->count++;
	return 0;
}

static void
check(struct fixture *f, struct model *m, int64_t now)
{
	struct counts c = count(f, now);
	struct monitor_view *v = monitor_view(f->m);

	for (size_t i = 0; i < 9; i++) {
		struct monitor_pair want = model_pair(m, i / 3, i % 3, now);
		struct checking checking = {m, i / 3, i % 3, 0};

		assert_memory_equal(&c.pairs[i], &want, sizeof(want));
		if (i / 3 != i % 3)
			assert_int_equal(monitor_view_each(v, i / 3, i % 3, check_record, &checking), 0);
		assert_int_equal(checking.count, want.records);
	}
	for (size_t s = 0; s < 3; s++) {
		size_t gone = 0;

		for (size_t i = 0; i < m->count; i++) {
			const struct known *k = &m->all[i];

			gone += k->l.p.kind != PAYLOAD_ASPA && !k->held[s] && k->lost[s] >= 0 && now - k->lost[s] < GRACE;
		}
		assert_int_equal(c.gone[s], gone);
	}
	monitor_view_unref(v);
}

struct mutation {
	struct rng *rng;
	struct vrpset_builder *b;
	uint32_t keep;		/* of eight */
};

static int
keep_some(void *ctx, const struct payload *p)
{
	struct mutation *mu = ctx;

	return rng_below(mu->rng, 8) < mu->keep ? vrpset_add(mu->b, p) : 0;
}

/* Like one of the three tables, with some taken out and a few put in. */
static struct vrpset *
mutate(struct rng *rng, struct names *names, struct vrpset *from)
{
	struct mutation mu = {rng, vrpset_builder_new(names), 5 + rng_below(rng, 4)};
	struct vrpset *set;

	assert_non_null(mu.b);
	if (from)
		assert_int_equal(vrpset_each(from, keep_some, &mu), 0);
	for (uint32_t n = rng_below(rng, 12); n > 0; n--) {
		struct loose l;

		random_any(rng, &l);
		assert_int_equal(vrpset_add(mu.b, &l.p), 0);
	}
	set = vrpset_finish(mu.b, NULL);
	assert_non_null(set);
	return set;
}

static void
random_step(struct fixture *f, struct model *m, struct rng *rng, struct vrpset **sets, int64_t now)
{
	size_t source = rng_below(rng, 3);
	struct vrpset *set;

	if (rng_below(rng, 10) == 0) {
		assert_int_equal(monitor_leave(f->m, source, now), 0);
		m->part[source] = false;
		return;
	}
	/* Mostly on from its own table, at times it becomes like another's. */
	set = mutate(rng, f->names[source], sets[rng_below(rng, 3) ? source : rng_below(rng, 3)]);
	assert_int_equal(monitor_take(f->m, source, set, now), 0);
	model_take(m, source, set, now);
	vrpset_unref(sets[source]);
	sets[source] = set;
}

static void
test_random(void **state)
{
	struct fixture *f = *state;
	struct model m = {.joined = {-1, -1, -1}};
	struct vrpset *sets[3] = {NULL};
	struct rng rng = {7};
	int64_t now = T0;

	for (int i = 0; i < ROUNDS(4000); i++) {
		now += rng_below(&rng, 4) ? rng_below(&rng, 3) : rng_below(&rng, 2 * GRACE);
		random_step(f, &m, &rng, sets, now);
		if (rng_below(&rng, 4) == 0)
			assert_int_equal(monitor_tick(f->m, now), 0);
		if (i % 8 == 0)
			check(f, &m, now + rng_below(&rng, 150));
	}
	for (size_t i = 0; i < 3; i++)
		vrpset_unref(sets[i]);
	free(m.all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_compared_before_both_have_a_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anchors_and_expiries_do_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_visibility_and_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_nobody_has_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_source_leaves_and_returns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
