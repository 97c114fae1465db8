/* SPDX-License-Identifier: ISC */
/*
 * One walk over all tables side by side, for each kind of record.  The least of
 * the first elements is looked for among all of them: inputs are few and mostly
 * alike, so that one look finds all holders of a record and moves on in each.
 */
#include "merge.h"

#define INLINE inline __attribute__((always_inline))

/* The elements of one table that are left. */
struct run {
	const char *next;
	const char *end;
};

struct note {
	uint32_t expires;
	uint16_t ta;
};

struct merge {
	const struct names *names;
	struct vrpset_builder *to;
	size_t count;		/* of tables */
	size_t quorum;
	struct run *runs;	/* one for each table */
	struct run **held;	/* those of the runs that begin with the record in question; room for count */
	struct note *notes;	/* their annotations; room for count */
};

typedef int cmp_fn(const void *a, const void *b);

/* Take what a quorum of the first n of held agree on; they all begin with the same record. */
typedef int take_fn(struct merge *m, size_t n);

static INLINE int
walk(struct merge *m, size_t size, cmp_fn *cmp, take_fn *take)
{
	for (;;) {
		size_t n = 0;

		for (size_t i = 0; i < m->count; i++) {
			struct run *r = &m->runs[i];
			int c;

			if (r->next == r->end)
				continue;
			c = n ? cmp(r->next, m->held[0]->next) : 0;
			if (c < 0)
				n = 0;
			if (c <= 0)
				m->held[n++] = r;
		}
		if (n == 0)
			return 0;
		if (n >= m->quorum && take(m, n) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			m->held[i]->next += size;
	}
}

/* Of the first n notes the one that quorum - 1 others outlive. */
static struct note
agreed(struct merge *m, size_t n)
{
	struct note *notes = m->notes;

	for (size_t i = 1; i < n; i++) {
		struct note t = notes[i];
		size_t k = i;

		for (; k > 0 && vrpset_outlives(m->names, t.expires, t.ta, notes[k - 1].expires, notes[k - 1].ta); k--)
			notes[k] = notes[k - 1];
		notes[k] = t;
	}
	return notes[m->quorum - 1];
}

static int
vrp_order(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

static int
take_vrp(struct merge *m, size_t n)
{
	struct vrp v = {0};
	struct note note;

	for (size_t i = 0; i < n; i++) {
		memcpy(&v, m->held[i]->next, sizeof(v));
		m->notes[i] = (struct note){v.expires, v.ta};
	}
	note = agreed(m, n);
	v.expires = note.expires;
	v.ta = note.ta;
	return vrpset_add_vrp(m->to, &v);
}

static int
key_order(const void *a, const void *b)
{
	return router_key_cmp(a, b);
}

static int
take_key(struct merge *m, size_t n)
{
	struct router_key k = {0};
	struct note note;

	for (size_t i = 0; i < n; i++) {
		memcpy(&k, m->held[i]->next, sizeof(k));
		m->notes[i] = (struct note){k.expires, k.ta};
	}
	note = agreed(m, n);
	k.expires = note.expires;
	k.ta = note.ta;
	return vrpset_add_router_key(m->to, &k);
}

static int
aspa_order(const void *a, const void *b)
{
	return aspa_cmp(a, b);
}

static const struct aspa *
held_aspa(const struct merge *m, size_t i)
{
	return (const void *)m->held[i]->next;
}

/* Note the annotations of those from i on that list the same providers as i, and count them; 0 when one before i does. */
static size_t
note_same_providers(struct merge *m, size_t i, size_t n)
{
	const struct aspa *a = held_aspa(m, i);
	size_t same = 0;

	for (size_t k = 0; k < i; k++)
		if (aspa_same_providers(a, held_aspa(m, k)))
			return 0;
	for (size_t k = i; k < n; k++) {
		const struct aspa *b = held_aspa(m, k);

		if (aspa_same_providers(a, b))
			m->notes[same++] = (struct note){b->expires, b->ta};
	}
	return same;
}

/* Each list of providers that a quorum agrees on; the builder joins them. */
static int
take_aspas(struct merge *m, size_t n)
{
	for (size_t i = 0; i + m->quorum <= n; i++) {
		size_t same = note_same_providers(m, i, n);
		struct aspa a = *held_aspa(m, i);
		struct note note;

		if (same < m->quorum)
			continue;
		note = agreed(m, same);
		a.expires = note.expires;
		a.ta = note.ta;
		if (vrpset_add_aspa(m->to, &a) < 0)
			return -1;
	}
	return 0;
}

static const void *
vrps_of(const struct vrpset *set, size_t *count)
{
	return vrpset_vrps(set, count);
}

static const void *
keys_of(const struct vrpset *set, size_t *count)
{
	return vrpset_router_keys(set, count);
}

static const void *
aspas_of(const struct vrpset *set, size_t *count)
{
	return vrpset_aspas(set, count);
}

/* Let the runs be all elements of one kind. */
static void
begin(struct merge *m, struct vrpset *const *sets, const void *(*of)(const struct vrpset *, size_t *), size_t size)
{
	for (size_t i = 0; i < m->count; i++) {
		size_t n = 0;
		const char *items = sets[i] ? of(sets[i], &n) : NULL;

		m->runs[i].next = m->runs[i].end = items;
		if (n)
			m->runs[i].end += n * size;
	}
}

static int
walk_all(struct merge *m, struct vrpset *const *sets)
{
	begin(m, sets, vrps_of, sizeof(struct vrp));
	if (walk(m, sizeof(struct vrp), vrp_order, take_vrp) < 0)
		return -1;
	begin(m, sets, keys_of, sizeof(struct router_key));
	if (walk(m, sizeof(struct router_key), key_order, take_key) < 0)
		return -1;
	begin(m, sets, aspas_of, sizeof(struct aspa));
	return walk(m, sizeof(struct aspa), aspa_order, take_aspas);
}

struct vrpset *
merge_sets(struct names *names, struct vrpset *const *sets, size_t count, size_t quorum, struct vrp_err *err)
{
	struct merge m = {.names = names, .count = count, .quorum = quorum};
	struct vrpset *set = NULL;
	int rc = -1;

	if (count == 1 && sets[0] && quorum == 1)
		return vrpset_ref(sets[0]);
	m.to = vrpset_builder_new(names);
	m.runs = calloc(count + 1, sizeof(*m.runs));
	m.held = calloc(count + 1, sizeof(struct run *));
	m.notes = calloc(count + 1, sizeof(*m.notes));
	if (m.to && m.runs && m.held && m.notes)
		rc = walk_all(&m, sets);
	free(m.runs);
	free(m.held);
	free(m.notes);
	if (rc == 0) {
		set = vrpset_finish(m.to, err);
	} else {
		vrpset_builder_free(m.to);
		vrp_err_nomem(err);
	}
	return set;
}
