/* SPDX-License-Identifier: ISC */
/*
 * A trie finds the longest prefix that covers an address; from there `wider`
 * leads through all others that do.  Both speak of VRPs by their number in the
 * set, which is sorted so that a prefix comes after every wider one.
 *
 * The trie's root is a table over the first bits of an address, each node below
 * it one over the next six.  Neighbouring slots of a node often have the same
 * value, so a node keeps a bit for each slot that differs from the one before,
 * and the values of these; the value of a slot is found by counting bits.  With
 * 18 bits at the root, the usual IPv4 route of 24 bits is one node away.
 *
 * A value is 0 for no prefix, the number of a VRP plus one, or NODE and the
 * number of a node.
 */
#include "rov.h"

#include "huge.h"
#include "wire.h"

#define NODE UINT32_C(0x80000000)
#define STRIDE 6
#define SLOTS (1U << STRIDE)

/* The root is small for small tables: 16 KiB or 1 MiB for each family. */
#define ROOT_BITS_SMALL 12
#define ROOT_BITS_LARGE 18
#define LARGE 16384	/* VRPs */

#define BATCH 32	/* routes on their way at once, for as many loads as a core has in flight */

struct node {
	uint64_t starts;	/* slots that differ from the one before; slot 0 always does */
	uint32_t values;	/* the first of its values */
};

struct trie {
	uint32_t *root;
	unsigned bits;		/* 1 << bits values at the root */
};

struct rov {
	struct vrpset *set;
	const struct vrp *vrps;	/* of the set */
	uint32_t *wider;	/* for each VRP the next that covers what it covers, or ROV_END */
	struct node *nodes;
	uint32_t *values;
	struct trie ipv4;
	struct trie ipv6;
	size_t count;		/* VRPs */
	size_t node_count, node_room;
	size_t value_count, value_room;
};

const char *
rov_state_name(enum rov_state state)
{
	return state == ROV_VALID ? "valid" : state == ROV_NOT_FOUND ? "not-found" : "invalid";
}

const char *
rov_reason_name(enum rov_state state)
{
	static const char *const names[ROV_STATES] = {
		[ROV_NOT_FOUND] = "-",
		[ROV_VALID] = "-",
		[ROV_INVALID_AS] = "as",
		[ROV_INVALID_LENGTH] = "length",
		[ROV_INVALID_BOTH] = "both",
	};

	return names[state];
}

/* ---- lookups */

/* The bits of an address that were not yet used, the next on top. */
struct bits {
	uint64_t high;
	uint64_t low;
};

static inline struct bits
bits_of(const struct prefix *p)
{
	return (struct bits){be64_load(p->addr), be64_load(p->addr + 8)};
}

/* n is 1 to 63. */
static inline void
bits_skip(struct bits *b, unsigned n)
{
	b->high = b->high << n | b->low >> (64 - n);
	b->low <<= n;
}

/* The builtin is a call where the target may lack the instruction. */
static inline unsigned
count_bits(uint64_t x)
{
#if defined(__POPCNT__) || !defined(__x86_64__)
	return (unsigned)__builtin_popcountll(x);
#else
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
#endif
}

/* Where the value of the next slot of a node is. */
static inline const uint32_t *
node_value(const struct rov *rov, uint32_t value, const struct bits *b)
{
	const struct node *n = &rov->nodes[value & ~NODE];
	unsigned slot = (unsigned)(b->high >> (64 - STRIDE));

	return &rov->values[n->values + count_bits(n->starts << (SLOTS - 1 - slot)) - 1];
}

static inline const uint32_t *
root_value(const struct rov *rov, const struct prefix *p, struct bits *b)
{
	const struct trie *t = p->family == FAMILY_IPV4 ? &rov->ipv4 : &rov->ipv6;
	const uint32_t *value = &t->root[b->high >> (64 - t->bits)];

	bits_skip(b, t->bits);
	return value;
}

/* The trie knows addresses: what it found may be longer than the route. */
static inline struct rov_answer
judge(const struct rov *rov, uint32_t value, unsigned len, uint32_t origin)
{
	struct rov_answer answer = {value - 1, ROV_NOT_FOUND};	/* 0 becomes ROV_END */
	bool same_as = false, allowed = false;

	while (answer.nearest != ROV_END && rov->vrps[answer.nearest].prefix.len > len)
		answer.nearest = rov->wider[answer.nearest];
	for (uint32_t at = answer.nearest; at != ROV_END; at = rov->wider[at]) {
		enum rov_match match = rov_match(&rov->vrps[at], len, origin);

		if (match == ROV_MATCH) {
			answer.state = ROV_VALID;
			return answer;
		}
		same_as |= !(match & ROV_OTHER_AS);
		allowed |= !(match & ROV_TOO_LONG);
	}
	if (answer.nearest != ROV_END)
		answer.state = same_as ? ROV_INVALID_LENGTH : allowed ? ROV_INVALID_AS : ROV_INVALID_BOTH;
	return answer;
}

struct rov_answer
rov_ask(const struct rov *rov, const struct prefix *prefix, uint32_t origin)
{
	struct bits b = bits_of(prefix);
	uint32_t value = *root_value(rov, prefix, &b);

	while (value & NODE) {
		value = *node_value(rov, value, &b);
		bits_skip(&b, STRIDE);
	}
	return judge(rov, value, prefix->len, origin);
}

/* A route of a batch on its way down. */
struct descent {
	struct bits bits;
	const uint32_t *at;	/* where its value is, NULL once it is found */
	uint32_t value;
};

/* Ask for what the next step will read. */
static inline void
prefetch_step(const struct rov *rov, const struct descent *d)
{
	if (d->value & NODE) {
		__builtin_prefetch(&rov->nodes[d->value & ~NODE]);
	} else if (d->value) {
		__builtin_prefetch(&rov->vrps[d->value - 1]);
		__builtin_prefetch(&rov->wider[d->value - 1]);
	}
}

/* One level for all that still have one; false when all values are found. */
static bool
descend(const struct rov *rov, struct descent *d, size_t count)
{
	bool more = false;

	for (size_t i = 0; i < count; i++) {
		if (!(d[i].value & NODE))
			continue;
		d[i].at = node_value(rov, d[i].value, &d[i].bits);
		__builtin_prefetch(d[i].at);
	}
	for (size_t i = 0; i < count; i++) {
		if (!(d[i].value & NODE))
			continue;
		d[i].value = *d[i].at;
		bits_skip(&d[i].bits, STRIDE);
		prefetch_step(rov, &d[i]);
		more |= (d[i].value & NODE) != 0;
	}
	return more;
}

static void
ask_batch(const struct rov *rov, const struct rov_route *routes, size_t count, struct rov_answer *answers)
{
	struct descent d[BATCH];

	for (size_t i = 0; i < count; i++) {
		d[i].bits = bits_of(&routes[i].prefix);
		d[i].at = root_value(rov, &routes[i].prefix, &d[i].bits);
		__builtin_prefetch(d[i].at);
	}
	for (size_t i = 0; i < count; i++) {
		d[i].value = *d[i].at;
		prefetch_step(rov, &d[i]);
	}
	while (descend(rov, d, count))
		;
	for (size_t i = 0; i < count; i++)
		answers[i] = judge(rov, d[i].value, routes[i].prefix.len, routes[i].origin);
}

void
rov_ask_many(const struct rov *rov, const struct rov_route *routes, size_t count, struct rov_answer *answers)
{
	for (size_t n; count; count -= n, routes += n, answers += n) {
		n = count < BATCH ? count : BATCH;
		ask_batch(rov, routes, n, answers);
	}
}

uint32_t
rov_wider(const struct rov *rov, uint32_t at)
{
	return rov->wider[at];
}

size_t
rov_covering(const struct rov *rov, uint32_t nearest, const struct vrp **out, size_t room)
{
	size_t count = 0, kept;

	for (uint32_t at = nearest; at != ROV_END; at = rov->wider[at])
		if (count++ < room)
			out[count - 1] = &rov->vrps[at];
	kept = count < room ? count : room;
	for (size_t i = 0; i < kept / 2; i++) {
		const struct vrp *vrp = out[i];

		out[i] = out[kept - 1 - i];
		out[kept - 1 - i] = vrp;
	}
	return count;
}

struct vrpset *
rov_set(const struct rov *rov)
{
	return rov->set;
}

size_t
rov_memory(const struct rov *rov)
{
	size_t roots = ((size_t)1 << rov->ipv4.bits) + ((size_t)1 << rov->ipv6.bits);

	return sizeof(*rov) + rov->count * sizeof(*rov->wider) + rov->node_count * sizeof(*rov->nodes) +
	       (rov->value_count + roots) * sizeof(uint32_t);
}

/* ---- making one */

/* Of nested prefixes each is longer than the one around it, so 129 are all there can be. */
#define NESTED 129

/* Of one family both. */
static inline bool
same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && be64_load(a->addr) == be64_load(b->addr) && be64_load(a->addr + 8) == be64_load(b->addr + 8);
}

/* Behind the last VRP with the prefix of VRP i. */
static size_t
prefix_end(const struct rov *rov, size_t i, size_t end)
{
	size_t j = i + 1;

	while (j < end && same_prefix(&rov->vrps[j].prefix, &rov->vrps[i].prefix))
		j++;
	return j;
}

static void
link_wider(struct rov *rov)
{
	uint32_t around[NESTED];	/* the last VRP of each prefix around the present one, the widest first */
	size_t ipv4 = vrpset_ipv4_count(rov->set), depth = 0, end;

	for (size_t i = 0; i < rov->count; i = end) {
		end = prefix_end(rov, i, i < ipv4 ? ipv4 : rov->count);
		while (depth && !prefix_covers(&rov->vrps[around[depth - 1]].prefix, &rov->vrps[i].prefix))
			depth--;
		rov->wider[i] = depth ? around[depth - 1] : ROV_END;
		for (size_t j = i + 1; j < end; j++)
			rov->wider[j] = (uint32_t)(j - 1);
		around[depth++] = (uint32_t)(end - 1);
	}
}

/* Room for one more node and a node's values.  What is beyond is never touched, so it costs nothing. */
static int
make_room(struct rov *rov)
{
	if (rov->node_count == rov->node_room) {
		size_t room = rov->node_room ? 2 * rov->node_room : 1024;
		void *p = huge_realloc(rov->nodes, rov->node_room * sizeof(*rov->nodes), room * sizeof(*rov->nodes));

		if (!p)
			return -1;
		rov->nodes = p;
		rov->node_room = room;
	}
	if (rov->value_count + SLOTS > rov->value_room) {
		size_t room = rov->value_room ? 2 * rov->value_room : 4096;
		void *p = huge_realloc(rov->values, rov->value_room * sizeof(uint32_t), room * sizeof(uint32_t));

		if (!p)
			return -1;
		rov->values = p;
		rov->value_room = room;
	}
	return 0;
}

static struct bits
bits_from(const struct prefix *p, unsigned depth)
{
	struct bits b = bits_of(p);

	for (; depth > 32; depth -= 32)
		bits_skip(&b, 32);
	if (depth)
		bits_skip(&b, depth);
	return b;
}

static int fill_slots(struct rov *rov, uint32_t *slots, unsigned depth, unsigned bits, size_t begin, size_t end);

/* A node for the VRPs from begin to end; *value is that of the prefix around them and becomes the node's. */
static int
add_node(struct rov *rov, uint32_t *value, unsigned depth, size_t begin, size_t end)
{
	uint32_t slots[SLOTS];
	struct node node = {0};
	size_t number;

	for (size_t i = 0; i < SLOTS; i++)
		slots[i] = *value;
	if (fill_slots(rov, slots, depth, STRIDE, begin, end) < 0 || make_room(rov) < 0)
		return -1;
	node.values = (uint32_t)rov->value_count;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (i > 0 && slots[i] == slots[i - 1])
			continue;
		node.starts |= UINT64_C(1) << i;
		rov->values[rov->value_count++] = slots[i];
	}
	number = rov->node_count++;
	rov->nodes[number] = node;
	*value = NODE | (uint32_t)number;
	return 0;
}

/*
 * Give 1 << bits slots the values of the VRPs from begin to end, all of which
 * share the first depth bits and are longer.  Wider prefixes come first, so
 * each may overwrite what is there.
 */
static int
fill_slots(struct rov *rov, uint32_t *slots, unsigned depth, unsigned bits, size_t begin, size_t end)
{
	size_t next;

	for (size_t i = begin; i < end; i = next) {
		const struct prefix *p = &rov->vrps[i].prefix;
		size_t slot = bits_from(p, depth).high >> (64 - bits);

		if (p->len <= depth + bits) {
			next = prefix_end(rov, i, end);
			for (size_t n = (size_t)1 << (depth + bits - p->len); n > 0; n--)
				slots[slot + n - 1] = (uint32_t)next;
			continue;
		}
		for (next = i + 1; next < end; next++)
			if (bits_from(&rov->vrps[next].prefix, depth).high >> (64 - bits) != slot)
				break;
		if (add_node(rov, &slots[slot], depth + bits, i, next) < 0)
			return -1;
	}
	return 0;
}

static int
make_trie(struct rov *rov, struct trie *t, size_t begin, size_t end)
{
	t->bits = end - begin < LARGE ? ROOT_BITS_SMALL : ROOT_BITS_LARGE;
	t->root = calloc((size_t)1 << t->bits, sizeof(*t->root));
	return t->root ? fill_slots(rov, t->root, 0, t->bits, begin, end) : -1;
}

/* What is behind the last node and value is given back. */
static void
trim(struct rov *rov)
{
	void *p;

	if (rov->node_count && (p = huge_realloc(rov->nodes, rov->node_room * sizeof(*rov->nodes),
						 rov->node_count * sizeof(*rov->nodes)))) {
		rov->nodes = p;
		rov->node_room = rov->node_count;
	}
	if (rov->value_count && (p = huge_realloc(rov->values, rov->value_room * sizeof(uint32_t),
						  rov->value_count * sizeof(uint32_t)))) {
		rov->values = p;
		rov->value_room = rov->value_count;
	}
}

static int
make(struct rov *rov)
{
	size_t ipv4 = vrpset_ipv4_count(rov->set);

	if (rov->count && !(rov->wider = huge_realloc(NULL, 0, rov->count * sizeof(*rov->wider))))
		return -1;
	link_wider(rov);
	if (make_trie(rov, &rov->ipv4, 0, ipv4) < 0 || make_trie(rov, &rov->ipv6, ipv4, rov->count) < 0)
		return -1;
	trim(rov);
	return 0;
}

struct rov *
rov_new(struct vrpset *set, struct vrp_err *err)
{
	struct rov *rov = calloc(1, sizeof(*rov));

	if (!rov) {
		vrp_err_nomem(err);
		return NULL;
	}
	rov->set = vrpset_ref(set);
	rov->vrps = vrpset_vrps(set, &rov->count);
	if (rov->count >= NODE)
		vrp_err_set(err, "too many VRPs for an index");
	else if (make(rov) < 0)
		vrp_err_nomem(err);
	else
		return rov;
	rov_free(rov);
	return NULL;
}

void
rov_free(struct rov *rov)
{
	if (!rov)
		return;
	huge_free(rov->wider, rov->count * sizeof(*rov->wider));
	huge_free(rov->nodes, rov->node_room * sizeof(*rov->nodes));
	huge_free(rov->values, rov->value_room * sizeof(uint32_t));
	free(rov->ipv4.root);
	free(rov->ipv6.root);
	vrpset_unref(rov->set);
	free(rov);
}
