/* SPDX-License-Identifier: ISC */
#include "kcache.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "export.h"
#include "huge.h"
#include "prefix.h"

#define CHANGES_MAX ((size_t)1 << 16)	/* beyond it all that is held counts as changed */
#define EVICT_STEP ((size_t)4096)

enum drop {
	DROP_NOTHING,
	DROP_NAME,
	DROP_ATTRIBUTES,
};

/* A number is the place of its slot and one. */
struct slot {
	struct node node;
	uint32_t next;		/* slot + 1 with the same hash, or the next free one; 0 ends */
	uint64_t lookups;	/* 0: free */
	struct node_stat stat;
	uint8_t drop;		/* enum drop */
	bool old;		/* no longer what its name leads to, and not in the hash */
	bool asked;		/* since kcache_evict() came by */
};

struct kcache {
	pthread_mutex_t lock;
	struct view *view;
	uint64_t epoch;

	struct slot *slots;
	size_t used, cap;	/* slots ever used; room */
	size_t held;		/* in use now */
	uint32_t free;		/* first free slot + 1 */
	uint32_t *heads;	/* slot + 1 by hash */
	size_t buckets;		/* a power of two */
	uint64_t seed;

	size_t limit, hand;
};

/* ---- slots by place ---- */

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 29);
}

static size_t
bucket_of(const struct kcache *k, const struct node *node)
{
	uint64_t h = mix(k->seed, (uint64_t)node->kind << 48 | (uint64_t)node->prefix.family << 40 |
					  (uint64_t)node->prefix.len << 32 | node->number);
	uint64_t words[2];

	memcpy(words, node->prefix.addr, sizeof(words));
	h = mix(mix(mix(h, words[0]), words[1]), k->seed);
	return (size_t)(h >> 7) & (k->buckets - 1);
}

static struct slot *
find(const struct kcache *k, const struct node *node)
{
	for (uint32_t at = k->heads[bucket_of(k, node)]; at; at = k->slots[at - 1].next)
		if (node_same(&k->slots[at - 1].node, node))
			return &k->slots[at - 1];
	return NULL;
}

static void
link_slot(struct kcache *k, struct slot *s)
{
	uint32_t *head = &k->heads[bucket_of(k, &s->node)];

	s->next = *head;
	*head = (uint32_t)(s - k->slots) + 1;
}

static void
unlink_slot(struct kcache *k, const struct slot *s)
{
	uint32_t *at = &k->heads[bucket_of(k, &s->node)];
	uint32_t wanted = (uint32_t)(s - k->slots) + 1;

	while (*at && *at != wanted)
		at = &k->slots[*at - 1].next;
	if (*at)
		*at = s->next;
}

static int
grow_heads(struct kcache *k)
{
	size_t buckets = k->buckets * 2;
	uint32_t *heads = calloc(buckets, sizeof(*heads));

	if (!heads)
		return -1;
	free(k->heads);
	k->heads = heads;
	k->buckets = buckets;
	for (size_t i = 0; i < k->used; i++)
		if (k->slots[i].lookups && !k->slots[i].old)
			link_slot(k, &k->slots[i]);
	return 0;
}

static int
grow_slots(struct kcache *k)
{
	size_t cap = k->cap ? k->cap * 2 : 1024;
	struct slot *slots;

	if (cap >= UINT32_MAX)
		return -1;
	slots = huge_realloc(k->slots, k->cap * sizeof(*slots), cap * sizeof(*slots));
	if (!slots)
		return -1;
	k->slots = slots;
	k->cap = cap;
	return 0;
}

static struct slot *
take_slot(struct kcache *k)
{
	struct slot *s;

	if (k->held >= k->buckets && grow_heads(k) < 0 && k->held / 8 >= k->buckets)
		return NULL;
	if (k->free) {
		s = &k->slots[k->free - 1];
		k->free = s->next;
	} else {
		if (k->used == k->cap && grow_slots(k) < 0)
			return NULL;
		s = &k->slots[k->used++];
	}
	k->held++;
	return s;
}

static struct slot *
slot_of(const struct kcache *k, uint64_t id)
{
	return id >= 1 && id <= k->used && k->slots[id - 1].lookups ? &k->slots[id - 1] : NULL;
}

/* ---- life ---- */

struct kcache *
kcache_new(struct view *view, size_t limit)
{
	struct kcache *k = calloc(1, sizeof(*k));
	struct slot *root;

	if (!k)
		return NULL;
	pthread_mutex_init(&k->lock, NULL);
	k->limit = limit;
	k->buckets = 1024;
	k->heads = calloc(k->buckets, sizeof(*k->heads));
	k->view = view_ref(view);
	if (getrandom(&k->seed, sizeof(k->seed), GRND_NONBLOCK) < 0)
		k->seed = (uintptr_t)k;
	root = k->heads ? take_slot(k) : NULL;
	if (!root) {
		kcache_free(k);
		return NULL;
	}
	*root = (struct slot){.node = NODE_OF(NODE_ROOT), .lookups = 1};
	link_slot(k, root);
	return k;
}

void
kcache_free(struct kcache *k)
{
	if (!k)
		return;
	view_unref(k->view);
	if (k->slots)
		huge_free(k->slots, k->cap * sizeof(*k->slots));
	free(k->heads);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

struct view *
kcache_view(struct kcache *k, uint64_t *epoch)
{
	struct view *view;

	pthread_mutex_lock(&k->lock);
	view = view_ref(k->view);
	if (epoch)
		*epoch = k->epoch;
	pthread_mutex_unlock(&k->lock);
	return view;
}

/* Of these a change is told by their attributes, and their number stays. */
static bool
keeps_number(const struct node *node)
{
	return node_is_dir(node) || node->kind == NODE_EVENTS;
}

static int
enter(struct kcache *k, const struct node *node, const struct node_stat *stat, uint64_t *id)
{
	struct slot *s = find(k, node);

	if (!s) {
		s = take_slot(k);
		if (!s)
			return ENOMEM;
		*s = (struct slot){.node = *node, .stat = *stat};
		link_slot(k, s);
	} else if (keeps_number(node)) {
		s->stat = *stat;
	}
	s->lookups++;
	s->asked = true;
	*id = (uint64_t)(s - k->slots) + 1;
	return 0;
}

int
kcache_enter(struct kcache *k, uint64_t epoch, const struct node *node, const struct node_stat *stat, uint64_t *id)
{
	int rc = EAGAIN;

	pthread_mutex_lock(&k->lock);
	if (epoch == k->epoch)
		rc = enter(k, node, stat, id);
	pthread_mutex_unlock(&k->lock);
	return rc;
}

void
kcache_forget(struct kcache *k, uint64_t id, uint64_t lookups)
{
	struct slot *s;

	pthread_mutex_lock(&k->lock);
	s = slot_of(k, id);
	if (s && id != KCACHE_ROOT) {
		s->lookups -= lookups < s->lookups ? lookups : s->lookups;
		if (!s->lookups) {
			if (!s->old)
				unlink_slot(k, s);
			s->drop = DROP_NOTHING;
			s->next = k->free;
			k->free = (uint32_t)id;
			k->held--;
		}
	}
	pthread_mutex_unlock(&k->lock);
}

int
kcache_node(struct kcache *k, uint64_t id, struct node *node, struct node_stat *stat)
{
	const struct slot *s;

	pthread_mutex_lock(&k->lock);
	s = slot_of(k, id);
	if (s) {
		*node = s->node;
		*stat = s->stat;
	}
	pthread_mutex_unlock(&k->lock);
	return s ? 0 : ESTALE;
}

int
kcache_open(struct kcache *k, uint64_t id, struct node *node, struct view **view)
{
	const struct slot *s;

	pthread_mutex_lock(&k->lock);
	s = slot_of(k, id);
	if (s && s->old)
		s = NULL;
	if (s) {
		*node = s->node;
		*view = view_ref(k->view);
	}
	pthread_mutex_unlock(&k->lock);
	return s ? 0 : ESTALE;
}

size_t
kcache_count(struct kcache *k)
{
	size_t held;

	pthread_mutex_lock(&k->lock);
	held = k->held;
	pthread_mutex_unlock(&k->lock);
	return held;
}

/* ---- changes ---- */

void
kcache_changed(struct kcache_changes *c, const struct node *node, enum tree_change what)
{
	c->whole = true;
	if (c->all)
		return;
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct kcache_change *list = cap <= CHANGES_MAX ? realloc(c->list, cap * sizeof(*list)) : NULL;

		if (!list) {
			c->all = true;
			return;
		}
		c->list = list;
		c->cap = cap;
	}
	c->list[c->count++] = (struct kcache_change){*node, what};
}

void
kcache_changes_release(struct kcache_changes *c)
{
	free(c->list);
	*c = (struct kcache_changes){0};
}

static void
outdate(struct kcache *k, struct slot *s)
{
	if (keeps_number(&s->node)) {
		/* Rather than the name, if that was to be evicted: somebody may have it open. */
		s->drop = DROP_ATTRIBUTES;
		return;
	}
	unlink_slot(k, s);
	s->old = true;
	s->drop = DROP_NAME;
}

static void
outdate_node(struct kcache *k, const struct node *node, enum tree_change what)
{
	struct slot *s = find(k, node);

	if (!s)
		return;
	outdate(k, s);
	if (what != TREE_REMOVED || s->old || s->node.kind == NODE_EVENTS)
		return;
	unlink_slot(k, s);
	s->old = true;
	s->drop = DROP_NAME;
}

static void
outdate_kinds(struct kcache *k, uint8_t first, uint8_t last, uint32_t number, enum tree_change what)
{
	for (uint8_t kind = first; kind <= last; kind++)
		outdate_node(k, &(struct node){.kind = kind, .number = number}, what);
}

/* A change of an AS or a trust anchor is one of all its files, some of which may have gone. */
static void
outdate_change(struct kcache *k, const struct kcache_change *c)
{
	outdate_node(k, &c->node, c->what);
	if (c->node.kind == NODE_AS)
		outdate_kinds(k, NODE_AS_VRPS, NODE_AS_SUMMARY, c->node.number, c->what);
	else if (c->node.kind == NODE_TA)
		outdate_kinds(k, NODE_TA_VRPS, NODE_TA_ASPA, c->node.number, c->what);
}

/* What is made of the whole table, and the directories above whatever has changed. */
static void
outdate_whole(struct kcache *k)
{
	outdate_kinds(k, NODE_ROOT, NODE_ROOT, 0, TREE_CHANGED);
	outdate_kinds(k, NODE_VRPS, NODE_DELTAS_DIR, 0, TREE_CHANGED);
	for (uint32_t i = 0; i < export_count(); i++)
		outdate_kinds(k, NODE_EXPORT, NODE_EXPORT, i, TREE_CHANGED);
}

static int
compare_changes(const void *a, const void *b)
{
	const struct kcache_change *x = a, *y = b;

	if (x->node.kind != y->node.kind)
		return x->node.kind < y->node.kind ? -1 : 1;
	return prefix_cmp(&x->node.prefix, &y->node.prefix);
}

/* The prefixes among changes, and which lengths they have. */
struct prefixes {
	const struct kcache_change *list;	/* sorted */
	size_t count;
	bool has[2][129];
};

static void
find_prefixes(struct kcache_changes *c, struct prefixes *p)
{
	size_t first = 0, end;

	memset(p, 0, sizeof(*p));
	if (c->count == 0)
		return;
	qsort(c->list, c->count, sizeof(*c->list), compare_changes);
	while (first < c->count && c->list[first].node.kind < NODE_PREFIX)
		first++;
	for (end = first; end < c->count && c->list[end].node.kind == NODE_PREFIX; end++)
		p->has[c->list[end].node.prefix.family == FAMILY_IPV6][c->list[end].node.prefix.len] = true;
	p->list = c->list + first;
	p->count = end - first;
}

static bool
any_covers(const struct prefixes *p, const struct prefix *prefix)
{
	struct kcache_change key = {.node = {.kind = NODE_PREFIX, .prefix = *prefix}};
	const bool *has = p->has[prefix->family == FAMILY_IPV6];

	if (p->count == 0)
		return false;
	for (unsigned len = prefix->len + 1; len-- > 0;) {
		if (!has[len])
			continue;
		key.node.prefix.len = (uint8_t)len;
		prefix_clear_host_bits(&key.node.prefix);
		if (bsearch(&key, p->list, p->count, sizeof(key), compare_changes))
			return true;
	}
	return false;
}

/* Answers of /route and /covering hang on every prefix that covers them. */
static void
outdate_answers(struct kcache *k, const struct prefixes *p)
{
	for (size_t i = 0; i < k->used; i++) {
		struct slot *s = &k->slots[i];

		if (s->lookups && !s->old && (s->node.kind == NODE_ROUTE || s->node.kind == NODE_COVERING) &&
		    any_covers(p, &s->node.prefix))
			outdate(k, s);
	}
}

static void
outdate_all(struct kcache *k)
{
	for (size_t i = 0; i < k->used; i++) {
		struct slot *s = &k->slots[i];
		struct node_stat stat;

		if (!s->lookups || s->old || s->node.kind == NODE_README)
			continue;
		outdate_node(k, &s->node, view_stat(k->view, &s->node, &stat) == ENOENT ? TREE_REMOVED : TREE_CHANGED);
	}
}

void
kcache_publish(struct kcache *k, struct view *view, struct kcache_changes *changes)
{
	struct prefixes prefixes;
	struct view *before;

	find_prefixes(changes, &prefixes);
	pthread_mutex_lock(&k->lock);
	before = k->view;
	k->view = view_ref(view);
	k->epoch++;
	if (changes->all) {
		outdate_all(k);
	} else if (changes->whole) {
		for (size_t i = 0; i < changes->count; i++)
			outdate_change(k, &changes->list[i]);
		outdate_whole(k);
		outdate_answers(k, &prefixes);
	} else if (changes->status) {
		outdate_kinds(k, NODE_STATUS, NODE_STATUS, 0, TREE_CHANGED);
	}
	pthread_mutex_unlock(&k->lock);
	view_unref(before);
}

/* ---- what to drop ---- */

/* Not what is above everything, and few. */
static bool
evictable(const struct slot *s)
{
	return s->lookups && !s->old && s->drop == DROP_NOTHING && s->node.kind >= NODE_AS && s->node.kind != NODE_TA &&
	       s->node.kind != NODE_EXPORT && s->node.kind != NODE_DELTA;
}

bool
kcache_over_limit(struct kcache *k)
{
	return kcache_count(k) > k->limit;
}

/* A clock: what was asked for since the hand came by last is left alone once. */
void
kcache_evict(struct kcache *k)
{
	size_t marked = 0;

	pthread_mutex_lock(&k->lock);
	for (size_t steps = 0; k->held > k->limit && marked < EVICT_STEP && steps < 2 * k->used; steps++) {
		struct slot *s = &k->slots[k->hand++ % k->used];

		if (!evictable(s))
			continue;
		if (!s->asked) {
			s->drop = DROP_NAME;
			marked++;
		}
		s->asked = false;
	}
	pthread_mutex_unlock(&k->lock);
}

/* A directory that is not in the hash has been dropped itself, and what is in it with it. */
static bool
describe_drop(struct kcache *k, struct slot *s, struct kcache_drop *out)
{
	struct node above = node_parent(&s->node);
	const struct slot *parent = find(k, &above);

	*out = (struct kcache_drop){
		.attributes = s->drop == DROP_ATTRIBUTES,
		.id = (uint64_t)(s - k->slots) + 1,
		.parent = parent ? (uint64_t)(parent - k->slots) + 1 : 0,
		.node = s->node,
	};
	s->drop = DROP_NOTHING;
	return parent != NULL;
}

bool
kcache_next_drop(struct kcache *k, uint64_t *cursor, struct kcache_drop *out)
{
	bool found = false;

	pthread_mutex_lock(&k->lock);
	while (!found && *cursor < k->used) {
		struct slot *s = &k->slots[(*cursor)++];

		found = s->lookups && s->drop != DROP_NOTHING && describe_drop(k, s, out);
	}
	pthread_mutex_unlock(&k->lock);
	return found;
}
