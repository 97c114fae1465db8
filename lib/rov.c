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
 * All of it is one array of words, because the page of a word is looked up, too:
 * the roots first, then nodes, each 64 bits followed by its values.  A value is 0
 * for no prefix, the number of a VRP plus one, or NODE and the place of a node.
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

#define HEAD 2		/* words of a node before its values */

#define BATCH 32	/* routes on their way at once, for as many loads as a core has in flight */

struct trie {
	size_t root;		/* where its 1 << bits values are */
	unsigned bits;
};

struct rov {
	struct vrpset *set;
	const struct vrp *vrps;	/* of the set */
	uint32_t *wider;	/* for each VRP the next that covers what it covers, or ROV_END */
	uint32_t *words;
	struct trie ipv4;
	struct trie ipv6;
	size_t count;		/* VRPs */
	size_t word_count, word_room;
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
	const uint32_t *node = &rov->words[value & ~NODE];
	unsigned slot = (unsigned)(b->high >> (64 - STRIDE));
	uint64_t starts;	/* slots that differ from the one before; slot 0 always does */

	memcpy(&starts, node, sizeof(starts));
	return &node[HEAD + count_bits(starts << (SLOTS - 1 - slot)) - 1];
}

static inline const uint32_t *
root_value(const struct rov *rov, const struct prefix *p, struct bits *b)
{
	const struct trie *t = p->family == FAMILY_IPV4 ? &rov->ipv4 : &rov->ipv6;
	const uint32_t *value = &rov->words[t->root + (b->high >> (64 - t->bits))];

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
		__builtin_prefetch(&rov->words[d->value & ~NODE]);
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
	return sizeof(*rov) + (rov->count + rov->word_count) * sizeof(uint32_t);
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

/* Room for more words, which are then in use; where they begin in *at.  What is beyond is not touched and costs nothing. */
static int
add_words(struct rov *rov, size_t count, size_t *at)
{
	if (rov->word_count + count > rov->word_room) {
		size_t room = rov->word_room + rov->word_room / 2 + count;
		void *p = huge_realloc(rov->words, rov->word_room * sizeof(uint32_t), room * sizeof(uint32_t));

		if (!p || room >= NODE)
			return -1;
		rov->words = p;
		rov->word_room = room;
	}
	*at = rov->word_count;
	rov->word_count += count;
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
	uint32_t slots[SLOTS], values[SLOTS];
	uint64_t starts = 0;
	size_t count = 0, at;

	for (size_t i = 0; i < SLOTS; i++)
		slots[i] = *value;
	if (fill_slots(rov, slots, depth, STRIDE, begin, end) < 0)
		return -1;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (i > 0 && slots[i] == slots[i - 1])
			continue;
		starts |= UINT64_C(1) << i;
		values[count++] = slots[i];
	}
	if (add_words(rov, HEAD + count, &at) < 0)
		return -1;
	memcpy(&rov->words[at], &starts, sizeof(starts));
	memcpy(&rov->words[at + HEAD], values, count * sizeof(*values));
	*value = NODE | (uint32_t)at;
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

static void
choose_bits(struct trie *t, size_t vrps)
{
	t->bits = vrps < LARGE ? ROOT_BITS_SMALL : ROOT_BITS_LARGE;
}

/* The root is filled apart, because words move when there are more of them. */
static int
make_trie(struct rov *rov, const struct trie *t, size_t begin, size_t end)
{
	uint32_t *root = calloc((size_t)1 << t->bits, sizeof(*root));
	int rc = root ? fill_slots(rov, root, 0, t->bits, begin, end) : -1;

	if (rc == 0)
		memcpy(&rov->words[t->root], root, sizeof(*root) << t->bits);
	free(root);
	return rc;
}

/* What is behind the last word is given back. */
static void
trim(struct rov *rov)
{
	void *p = huge_realloc(rov->words, rov->word_room * sizeof(uint32_t), rov->word_count * sizeof(uint32_t));

	if (p) {
		rov->words = p;
		rov->word_room = rov->word_count;
	}
}

static int
make(struct rov *rov)
{
	size_t ipv4 = vrpset_ipv4_count(rov->set);

	if (rov->count && !(rov->wider = huge_realloc(NULL, 0, rov->count * sizeof(*rov->wider))))
		return -1;
	link_wider(rov);
	choose_bits(&rov->ipv4, ipv4);
	choose_bits(&rov->ipv6, rov->count - ipv4);
	if (add_words(rov, (size_t)1 << rov->ipv4.bits, &rov->ipv4.root) < 0 ||
	    add_words(rov, (size_t)1 << rov->ipv6.bits, &rov->ipv6.root) < 0 ||
	    make_trie(rov, &rov->ipv4, 0, ipv4) < 0 || make_trie(rov, &rov->ipv6, ipv4, rov->count) < 0)
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
	huge_free(rov->words, rov->word_room * sizeof(uint32_t));
	vrpset_unref(rov->set);
	free(rov);
}
