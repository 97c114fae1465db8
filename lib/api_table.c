/* SPDX-License-Identifier: ISC */
/*
 * Changes that were not committed are kept by record: what it was last said to be,
 * there or not.  They stand in an array, in the order in which records were first
 * mentioned, and an open-addressed hash finds them.  A commit turns those that say
 * something else than the set into a delta, and applies it.
 *
 * `writing` is held by who changes anything, for as long as that takes; `lock` by
 * anybody, and only to take or to exchange the view.
 */
#include <pthread.h>
#include <stdlib.h>

#include <vrp/table.h>

#include "api.h"
#include "arena.h"
#include "delta.h"
#include "load.h"
#include "names.h"

#define CHANGES_MAX ((size_t)1 << 31)

struct change {
	struct payload p;	/* keys and providers are in the arena */
	bool there;
};

struct vrp_table {
	pthread_mutex_t writing;
	struct names *names;
	struct change *changes;
	size_t count, room;
	uint32_t *slots;	/* the number of a change, plus one; 2 * room of them, a power of two */
	struct arena arena;

	pthread_mutex_t lock;
	struct vrp_view *view;	/* changed with both held, so who holds either may read it */
};

/* ---- changes that were not committed */

static uint64_t
mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* Of what makes a record the same; the start differs from table to table and run to run. */
static uint64_t
hash(const struct vrp_table *t, const struct payload *p)
{
	const struct vrp *v = &p->vrp;
	uint64_t h = mix((uintptr_t)t, (uint64_t)p->kind);

	switch (p->kind) {
	case PAYLOAD_VRP:
		h = mix(mix(h, be64_load(v->prefix.addr)), be64_load(v->prefix.addr + 8));
		h = mix(h, (uint64_t)v->prefix.family << 16 | (uint64_t)v->prefix.len << 8 | v->maxlen);
		return mix(h, v->asn);
	case PAYLOAD_ROUTER_KEY:
		h = mix(mix(h, be64_load(p->key.ski)), be64_load(p->key.ski + 8));
		h = mix(h, (uint64_t)p->key.asn << 32 | p->key.spki_len);
		for (size_t i = 0; i < p->key.spki_len; i++)
			h = mix(h, p->key.spki[i]);
		return h;
	case PAYLOAD_ASPA:
		return mix(h, p->aspa.customer);
	}
	return h;
}

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
		return aspa_cmp(&a->aspa, &b->aspa) == 0;
	}
	return false;
}

/* The slot that has the record's change, or the free one where it belongs. */
static uint32_t *
find_slot(const struct vrp_table *t, const struct payload *p)
{
	size_t mask = 2 * t->room - 1;
	size_t i = (size_t)hash(t, p) & mask;

	while (t->slots[i] && !same_record(&t->changes[t->slots[i] - 1].p, p))
		i = (i + 1) & mask;
	return &t->slots[i];
}

static int
make_room(struct vrp_table *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	uint32_t *slots;
	void *p;

	if (t->count < t->room)
		return 0;
	if (room > CHANGES_MAX || !(slots = calloc(2 * room, sizeof(*slots))))
		return -1;
	p = realloc(t->changes, room * sizeof(*t->changes));
	if (!p) {
		free(slots);
		return -1;
	}
	free(t->slots);
	t->slots = slots;
	t->changes = p;
	t->room = room;
	for (size_t i = 0; i < t->count; i++)
		*find_slot(t, &t->changes[i].p) = (uint32_t)(i + 1);
	return 0;
}

/* Let p borrow from the arena instead of from the caller. */
static int
keep_bytes(struct vrp_table *t, struct payload *p)
{
	const void *bytes = p;

	if (p->kind == PAYLOAD_ROUTER_KEY)
		bytes = p->key.spki = arena_dup(&t->arena, p->key.spki, p->key.spki_len);
	else if (p->kind == PAYLOAD_ASPA && p->aspa.provider_count)
		bytes = p->aspa.providers =
			arena_dup(&t->arena, p->aspa.providers, p->aspa.provider_count * sizeof(*p->aspa.providers));
	return bytes ? 0 : -1;
}

static bool
is_there(const struct vrp_table *t, const struct payload *p)
{
	uint32_t number = t->room ? *find_slot(t, p) : 0;

	return number ? t->changes[number - 1].there : vrpset_contains(api_view_set(t->view), p);
}

static int
note(struct vrp_table *t, const struct payload *p, bool there)
{
	struct change change = {*p, there};
	uint32_t *slot;

	if (make_room(t) < 0 || keep_bytes(t, &change.p) < 0)
		return VRP_NOMEM;
	slot = find_slot(t, p);
	if (!*slot)
		*slot = (uint32_t)++t->count;
	t->changes[*slot - 1] = change;
	return VRP_OK;
}

static int
change(struct vrp_table *t, const struct payload *p, bool there)
{
	int rc;

	pthread_mutex_lock(&t->writing);
	if (is_there(t, p) != there)
		rc = note(t, p, there);
	else
		rc = there ? VRP_DUPLICATE : VRP_NOT_FOUND;
	pthread_mutex_unlock(&t->writing);
	return rc;
}

static void
forget(struct vrp_table *t)
{
	free(t->changes);
	free(t->slots);
	arena_release(&t->arena);
	t->changes = NULL;
	t->slots = NULL;
	t->count = t->room = 0;
}

/* ---- what callers hand in */

static bool
vrp_good(const struct vrp_record *r)
{
	struct prefix p = api_prefix(&r->prefix);

	if (!api_prefix_good(&r->prefix) || prefix_has_host_bits(&p))
		return false;
	for (size_t i = 4; r->prefix.family == VRP_IPV4 && i < sizeof(p.addr); i++)
		if (p.addr[i])
			return false;
	return r->prefix.len <= r->max_len && r->max_len <= prefix_bits((enum family)p.family);
}

static bool
anchor_good(struct vrp_table *t, uint16_t number)
{
	return number < names_count(t->names);
}

int
vrp_table_add_record(struct vrp_table *table, const struct vrp_record *record)
{
	struct payload p = {PAYLOAD_VRP, .vrp = api_vrp(record)};

	return vrp_good(record) && anchor_good(table, record->trust_anchor) ? change(table, &p, true) : VRP_INVALID;
}

int
vrp_table_remove_record(struct vrp_table *table, const struct vrp_record *record)
{
	struct payload p = {PAYLOAD_VRP, .vrp = api_vrp(record)};

	return vrp_good(record) ? change(table, &p, false) : VRP_INVALID;
}

static struct payload
key_payload(const struct vrp_router_key *key)
{
	struct payload p = {.kind = PAYLOAD_ROUTER_KEY};

	memcpy(&p.key, key, sizeof(p.key));
	return p;
}

static bool
key_good(const struct vrp_router_key *key)
{
	return key->spki && key->spki_len >= 1 && key->spki_len <= SPKI_MAX;
}

int
vrp_table_add_router_key(struct vrp_table *table, const struct vrp_router_key *key)
{
	struct payload p = key_payload(key);

	return key_good(key) && anchor_good(table, key->trust_anchor) ? change(table, &p, true) : VRP_INVALID;
}

int
vrp_table_remove_router_key(struct vrp_table *table, const struct vrp_router_key *key)
{
	struct payload p = key_payload(key);

	return key_good(key) ? change(table, &p, false) : VRP_INVALID;
}

int
vrp_table_add_aspa(struct vrp_table *table, const struct vrp_aspa *aspa)
{
	struct payload p = {.kind = PAYLOAD_ASPA};

	memcpy(&p.aspa, aspa, sizeof(p.aspa));
	if (!aspa->providers || aspa->provider_count < 1 || aspa->provider_count > ASPA_PROVIDERS_MAX ||
	    !anchor_good(table, aspa->trust_anchor))
		return VRP_INVALID;
	return change(table, &p, true);
}

int
vrp_table_remove_aspa(struct vrp_table *table, uint32_t customer)
{
	struct payload p = {PAYLOAD_ASPA, .aspa = {.customer = customer}};

	return change(table, &p, false);
}

int
vrp_table_trust_anchor(struct vrp_table *table, const char *name)
{
	int number;

	pthread_mutex_lock(&table->writing);
	number = names_raw(table->names, name, strlen(name));
	pthread_mutex_unlock(&table->writing);
	return number < 0 ? VRP_INVALID : number;
}

/* ---- commits */

/* Let this set be what is seen.  Who writes holds `writing`. */
static int
show(struct vrp_table *t, struct vrpset *set, struct vrp_err *err)
{
	struct vrp_view *old = t->view, *new = api_view_new(set, vrp_view_number(old) + 1, NULL, 0, err);

	if (!new)
		return -1;
	pthread_mutex_lock(&t->lock);
	t->view = new;
	pthread_mutex_unlock(&t->lock);
	vrp_view_unref(old);
	forget(t);
	return 0;
}

/*
 * An announcement of what is there just so is no change, and delta_apply() would
 * refuse it.  An ASPA is not looked at: it is withdrawn first.
 */
static bool
stands_just_so(const struct vrpset *set, const struct payload *p)
{
	const struct vrp *v;
	const struct router_key *k;

	switch (p->kind) {
	case PAYLOAD_VRP:
		v = vrpset_find_vrp(set, &p->vrp);
		return v && v->ta == p->vrp.ta && v->expires == p->vrp.expires;
	case PAYLOAD_ROUTER_KEY:
		k = vrpset_find_router_key(set, &p->key);
		return k && k->ta == p->key.ta && k->expires == p->key.expires;
	case PAYLOAD_ASPA:
		break;
	}
	return false;
}

/* The record as it stands in the set, with its providers. */
static int
add_as_it_stands(struct vrpset_builder *to, const struct vrpset *set, const struct payload *p)
{
	return p->kind == PAYLOAD_ASPA ? vrpset_add_aspa(to, vrpset_find_aspa(set, &p->aspa)) : vrpset_add(to, p);
}

/* Finishes both builders in any case; -1 with a reason. */
static int
finish(struct vrpset_builder *withdrawn, struct vrpset_builder *announced, struct delta *out, struct vrp_err *err)
{
	out->withdrawn = vrpset_finish(withdrawn, err);
	out->announced = vrpset_finish(announced, err);
	if (out->withdrawn && out->announced)
		return 0;
	delta_release(out);
	return -1;
}

static int
collect(const struct vrp_table *t, const struct vrpset *set, struct delta *out, struct vrp_err *err)
{
	struct vrpset_builder *withdrawn = vrpset_builder_new(t->names), *announced = vrpset_builder_new(t->names);
	bool failed = !withdrawn || !announced;

	for (size_t i = 0; i < t->count && !failed; i++) {
		const struct change *c = &t->changes[i];

		if ((!c->there || c->p.kind == PAYLOAD_ASPA) && vrpset_contains(set, &c->p))
			failed = add_as_it_stands(withdrawn, set, &c->p) < 0;
		if (c->there && !failed && !stands_just_so(set, &c->p))
			failed = vrpset_add(announced, &c->p) < 0;
	}
	if (!failed)
		return finish(withdrawn, announced, out, err);
	vrpset_builder_free(withdrawn);
	vrpset_builder_free(announced);
	return vrp_err_nomem(err);
}

static int
commit(struct vrp_table *t, struct vrp_err *err)
{
	struct vrpset *old = api_view_set(t->view), *new;
	struct delta delta = DELTA_INIT;
	int rc;

	if (t->count == 0)
		return 0;
	if (collect(t, old, &delta, err) < 0)
		return -1;
	if (delta_count(&delta) == 0) {
		delta_release(&delta);
		forget(t);
		return 0;
	}
	new = delta_apply(old, &delta, err);
	delta_release(&delta);
	rc = new ? show(t, new, err) : -1;
	vrpset_unref(new);
	return rc;
}

int
vrp_table_commit(struct vrp_table *table, struct vrp_error *err)
{
	struct vrp_err why = {0};
	int rc;

	pthread_mutex_lock(&table->writing);
	rc = commit(table, &why);
	pthread_mutex_unlock(&table->writing);
	return rc == 0 ? VRP_OK : api_fail_err(err, VRP_ERROR, NULL, &why);
}

void
vrp_table_rollback(struct vrp_table *table)
{
	pthread_mutex_lock(&table->writing);
	forget(table);
	pthread_mutex_unlock(&table->writing);
}

int
vrp_table_load(struct vrp_table *table, const char *path, struct vrp_error *err)
{
	struct vrp_err why = {0};
	struct load load;
	int rc;

	pthread_mutex_lock(&table->writing);
	rc = load_read(&load, path, table->names, &why);
	if (rc == 0) {
		rc = show(table, load.set, &why);
		load_release(&load);
	}
	pthread_mutex_unlock(&table->writing);
	return rc == 0 ? VRP_OK : api_fail_err(err, VRP_ERROR, path, &why);
}

/* ---- the table itself */

struct vrp_table *
vrp_table_new(void)
{
	struct vrp_table *t = calloc(1, sizeof(*t));
	struct vrpset *empty = NULL;

	if (!t)
		return NULL;
	t->names = names_new();
	empty = t->names ? vrpset_empty(t->names) : NULL;
	t->view = empty ? api_view_new(empty, 0, NULL, 0, NULL) : NULL;
	vrpset_unref(empty);
	if (!t->view) {
		names_unref(t->names);
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->writing, NULL);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
vrp_table_free(struct vrp_table *table)
{
	if (!table)
		return;
	forget(table);
	vrp_view_unref(table->view);
	names_unref(table->names);
	pthread_mutex_destroy(&table->writing);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

struct vrp_view *
vrp_table_view(struct vrp_table *table)
{
	struct vrp_view *view;

	pthread_mutex_lock(&table->lock);
	view = vrp_view_ref(table->view);
	pthread_mutex_unlock(&table->lock);
	return view;
}
