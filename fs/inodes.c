/* SPDX-License-Identifier: ISC */
/*
 * A number from its top: a bit that is 0, 6 bits of kind, 57 of key.  The key of
 * what is kept is a hash; where two places have the same, the second gets the
 * next number.  Numbers are found in a table with open addressing, whose slots
 * move up when one before them is freed.
 */
#include "inodes.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include "wire.h"

#define KEY_BITS 57
#define KEY_MASK ((UINT64_C(1) << KEY_BITS) - 1)
#define KEPT 63			/* the kind of numbers that are kept */

#define KEY_IPV6 (UINT64_C(1) << 56)
#define IPV6_BITS 48		/* of an address that fits */

#define SLOTS_MIN 64

struct slot {
	uint64_t ino;		/* 0 when it is free */
	uint64_t lookups;
	struct node node;
};

struct inodes {
	pthread_mutex_t lock;
	uint64_t secret[4];
	struct slot *slots;
	size_t size;		/* a power of two */
	size_t count;
};

struct inodes *
inodes_new(void)
{
	struct inodes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->size = SLOTS_MIN;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (!t->slots) {
		free(t);
		return NULL;
	}
	/* Only against places that were chosen to collide: any number does where there is no better. */
	if (getrandom(t->secret, sizeof(t->secret), GRND_NONBLOCK) != (ssize_t)sizeof(t->secret))
		for (size_t i = 0; i < ARRAY_LEN(t->secret); i++)
			t->secret[i] = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)t << i;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
inodes_free(struct inodes *inodes)
{
	if (!inodes)
		return;
	pthread_mutex_destroy(&inodes->lock);
	free(inodes->slots);
	free(inodes);
}

/* ---- numbers that are places */

static bool
is_address(const struct node *node)
{
	return node->kind == NODE_PREFIX_ADDRESS || node->kind == NODE_COVERING_ADDRESS || node->kind == NODE_ROUTE_ADDRESS;
}

/* False when it does not fit. */
static bool
prefix_key(const struct node *node, uint64_t *key)
{
	const struct prefix *p = &node->prefix;
	uint64_t len = is_address(node) ? 0 : p->len, high = be64_load(p->addr);

	if (p->family == FAMILY_IPV4) {
		*key = len << 32 | be32_load(p->addr);
		return true;
	}
	*key = KEY_IPV6 | len << IPV6_BITS | high >> (64 - IPV6_BITS);
	return len <= IPV6_BITS && high << IPV6_BITS == 0 && be64_load(p->addr + 8) == 0;
}

static bool
encode(const struct node *node, uint64_t *ino)
{
	uint64_t key = node->number;

	if (node->kind == NODE_ROOT) {
		*ino = INODE_ROOT;
		return true;
	}
	if (node->kind == NODE_ROUTE || (node->prefix.family && !prefix_key(node, &key)))
		return false;
	*ino = (uint64_t)node->kind << KEY_BITS | key;
	return true;
}

static struct node
decode_prefix(uint8_t kind, uint64_t key)
{
	struct node node = NODE_OF(kind);

	if (key & KEY_IPV6) {
		node.prefix.family = FAMILY_IPV6;
		be64_store(node.prefix.addr, key << (64 - IPV6_BITS));
		node.prefix.len = (uint8_t)(key >> IPV6_BITS & 0x3f);
	} else {
		node.prefix.family = FAMILY_IPV4;
		be32_store(node.prefix.addr, (uint32_t)key);
		node.prefix.len = (uint8_t)(key >> 32 & 0x3f);
	}
	if (is_address(&node))
		node.prefix.len = (uint8_t)prefix_bits((enum family)node.prefix.family);
	return node;
}

/* Whatever the number is; the caller looks whether the node has it. */
static struct node
decode(uint64_t ino)
{
	uint8_t kind = (uint8_t)(ino >> KEY_BITS);
	struct node node = {.kind = kind, .number = (uint32_t)ino};

	if (ino == INODE_ROOT)
		return NODE_OF(NODE_ROOT);
	if (is_address(&node) || kind == NODE_PREFIX || kind == NODE_COVERING || kind == NODE_ROUTE_PREFIX)
		return decode_prefix(kind, ino & KEY_MASK);
	return node;
}

/* ---- numbers that are kept */

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static uint64_t
hash(const struct inodes *t, const struct node *node)
{
	uint64_t rest = (uint64_t)node->kind << 56 | (uint64_t)node->prefix.family << 48 | (uint64_t)node->prefix.len << 40 |
			node->number;
	uint64_t h = fold(be64_load(node->prefix.addr) ^ t->secret[0], be64_load(node->prefix.addr + 8) ^ t->secret[1]);

	return fold(h ^ t->secret[2], rest ^ t->secret[3]) & KEY_MASK;
}

/* Where a number is, or would be. */
static struct slot *
find(const struct inodes *t, uint64_t ino)
{
	size_t i = ino & (t->size - 1);

	while (t->slots[i].ino && t->slots[i].ino != ino)
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

/* The slot of a place, with its number in *ino; a free one when it isn't kept. */
static struct slot *
find_node(const struct inodes *t, const struct node *node, uint64_t *ino)
{
	for (uint64_t key = hash(t, node);; key = (key + 1) & KEY_MASK) {
		struct slot *s = find(t, *ino = (uint64_t)KEPT << KEY_BITS | key);

		if (!s->ino || node_same(&s->node, node))
			return s;
	}
}

static int
resize(struct inodes *t, size_t size)
{
	struct slot *old = t->slots, *slots = calloc(size, sizeof(*slots));
	size_t had = t->size;

	if (!slots)
		return -1;
	t->slots = slots;
	t->size = size;
	for (size_t i = 0; i < had; i++)
		if (old[i].ino)
			*find(t, old[i].ino) = old[i];
	free(old);
	return 0;
}

/* Free a slot, and let those move up that are not where they belong because of it. */
static void
remove_slot(struct inodes *t, struct slot *s)
{
	size_t mask = t->size - 1, hole = (size_t)(s - t->slots);

	for (size_t i = (hole + 1) & mask; t->slots[i].ino; i = (i + 1) & mask) {
		size_t home = t->slots[i].ino & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole].ino = 0;
	t->count--;
	if (t->size > SLOTS_MIN && t->count < t->size / 8)
		(void)resize(t, t->size / 2);
}

static int
keep(struct inodes *t, const struct node *node, uint64_t *ino)
{
	struct slot *s;

	if (t->count >= t->size / 2 && resize(t, 2 * t->size) < 0)
		return ENOMEM;
	s = find_node(t, node, ino);
	if (!s->ino) {
		*s = (struct slot){.ino = *ino, .node = *node};
		t->count++;
	}
	s->lookups++;
	return 0;
}

/* ---- what callers see */

uint64_t
inodes_number(struct inodes *inodes, const struct node *node)
{
	uint64_t ino;

	if (encode(node, &ino))
		return ino;
	pthread_mutex_lock(&inodes->lock);
	(void)find_node(inodes, node, &ino);
	pthread_mutex_unlock(&inodes->lock);
	return ino;
}

int
inodes_lookup(struct inodes *inodes, const struct node *node, uint64_t *ino)
{
	int rc;

	if (encode(node, ino))
		return 0;
	pthread_mutex_lock(&inodes->lock);
	rc = keep(inodes, node, ino);
	pthread_mutex_unlock(&inodes->lock);
	return rc;
}

int
inodes_node(struct inodes *inodes, uint64_t ino, struct node *out)
{
	const struct slot *s;
	uint64_t again;
	bool found;

	if (ino >> KEY_BITS != KEPT) {
		*out = decode(ino);
		found = out->kind > 0 && out->kind < NODE_KINDS && encode(out, &again) && again == ino;
		return found ? 0 : ESTALE;
	}
	pthread_mutex_lock(&inodes->lock);
	s = find(inodes, ino);
	found = s->ino != 0;
	*out = s->node;
	pthread_mutex_unlock(&inodes->lock);
	return found ? 0 : ESTALE;
}

void
inodes_forget(struct inodes *inodes, uint64_t ino, uint64_t lookups)
{
	struct slot *s;

	if (ino >> KEY_BITS != KEPT)
		return;
	pthread_mutex_lock(&inodes->lock);
	s = find(inodes, ino);
	if (s->ino) {
		s->lookups -= lookups < s->lookups ? lookups : s->lookups;
		if (s->lookups == 0)
			remove_slot(inodes, s);
	}
	pthread_mutex_unlock(&inodes->lock);
}

size_t
inodes_count(struct inodes *inodes)
{
	size_t count;

	pthread_mutex_lock(&inodes->lock);
	count = inodes->count;
	pthread_mutex_unlock(&inodes->lock);
	return count;
}
