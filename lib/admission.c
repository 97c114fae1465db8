/* SPDX-License-Identifier: ISC */
#include "admission.h"

#define BUCKETS_MIN 256
#define PER_ADDRESS_MIN 16	/* of the default */
#define IDLE_PEERS_MAX 65536	/* addresses without connections that are remembered for the log's sake */

/* How many lines may be logged at once, and how many a second after that: for an address, and in all. */
#define PEER_BURST 100
#define PEER_RATE 1
#define BURST 4000
#define RATE 20

/* Tokens are refilled as time passes; a thousandth is the unit. */
struct token_bucket {
	int64_t tokens;
	int64_t filled;		/* when, milliseconds */
};

struct admission_peer {
	struct admission_peer *next;	/* in its bucket of the table */
	struct prefix network;
	size_t clients;
	struct token_bucket lines;
};

struct admission {
	size_t max_clients, clients;
	struct access *access;
	struct token_bucket lines;
	struct admission_peer **table;
	size_t buckets;		/* a power of two */
	size_t peers;
};

const char *const admission_reasons[ADMISSION_VERDICTS] = {
	[ADMISSION_GRANTED] = "let in",
	[ADMISSION_DENIED] = "denied by the access file",
	[ADMISSION_FULL] = "too many clients in all",
	[ADMISSION_PORT_FULL] = "too many clients of this listener",
	[ADMISSION_RULE_FULL] = "too many clients of this access rule",
	[ADMISSION_ADDRESS_FULL] = "too many clients of this address",
	[ADMISSION_NO_MEMORY] = "out of memory",
};

struct admission *
admission_new(size_t max_clients)
{
	struct admission *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->max_clients = max_clients;
	a->lines.tokens = BURST * 1000;
	a->buckets = BUCKETS_MIN;
	a->table = calloc(a->buckets, sizeof(struct admission_peer *));
	if (!a->table) {
		free(a);
		return NULL;
	}
	return a;
}

void
admission_free(struct admission *a)
{
	struct admission_peer *p;

	if (!a)
		return;
	for (size_t i = 0; i < a->buckets; i++) {
		while ((p = a->table[i])) {
			a->table[i] = p->next;
			free(p);
		}
	}
	access_free(a->access);
	free(a->table);
	free(a);
}

static void
refill(struct token_bucket *b, int64_t now, int64_t rate, int64_t burst)
{
	b->tokens += (now - b->filled) * rate;
	if (b->tokens > burst * 1000)
		b->tokens = burst * 1000;
	b->filled = now;
}

/* ---- addresses */

static struct prefix
network_of(const struct prefix *address)
{
	struct prefix p = *address;

	p.len = p.family == FAMILY_IPV4 ? 32 : 64;
	prefix_clear_host_bits(&p);
	return p;
}

static size_t
bucket_of(const struct admission *a, const struct prefix *p)
{
	uint64_t x;

	memcpy(&x, p->addr, sizeof(x));
	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 32) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 29) & (a->buckets - 1);
}

/* Where the search for p ends: at its pointer, or at the NULL where it belongs. */
static struct admission_peer **
find_peer(const struct admission *a, const struct prefix *p)
{
	struct admission_peer **at = &a->table[bucket_of(a, p)];

	while (*at && prefix_cmp(&(*at)->network, p) != 0)
		at = &(*at)->next;
	return at;
}

/* Twice the buckets; without memory for it, lists get longer. */
static void
grow(struct admission *a)
{
	struct admission_peer **old = a->table, *p;
	size_t buckets = a->buckets;

	a->table = calloc(2 * buckets, sizeof(struct admission_peer *));
	if (!a->table) {
		a->table = old;
		return;
	}
	a->buckets = 2 * buckets;
	for (size_t i = 0; i < buckets; i++) {
		while ((p = old[i])) {
			struct admission_peer **at = &a->table[bucket_of(a, &p->network)];

			old[i] = p->next;
			p->next = *at;
			*at = p;
		}
	}
	free(old);
}

static struct admission_peer *
get_peer(struct admission *a, const struct prefix *address, int64_t now)
{
	struct prefix network = network_of(address);
	struct admission_peer **at = find_peer(a, &network), *p = *at;

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->lines = (struct token_bucket){PEER_BURST * 1000, now};
	p->network = network;
	*at = p;
	if (++a->peers > a->buckets)
		grow(a);
	return p;
}

/* ---- decisions */

static size_t
per_address(const struct admission *a, const struct admission_port *port)
{
	size_t quarter = a->max_clients / 4;

	if (port->max_per_address)
		return port->max_per_address;
	return quarter > PER_ADDRESS_MIN ? quarter : PER_ADDRESS_MIN;
}

static enum admission_verdict
judge(const struct admission *a, const struct admission_ticket *t)
{
	if (a->access && (!t->rule || !t->rule->allow))
		return ADMISSION_DENIED;
	if (a->clients >= a->max_clients)
		return ADMISSION_FULL;
	if (t->port->max_clients && t->port->clients >= t->port->max_clients)
		return ADMISSION_PORT_FULL;
	if (t->rule && t->rule->max_clients && t->rule->clients >= t->rule->max_clients)
		return ADMISSION_RULE_FULL;
	if (t->peer && t->peer->clients >= per_address(a, t->port))
		return ADMISSION_ADDRESS_FULL;
	return ADMISSION_GRANTED;
}

static bool
worth_a_line(struct admission *a, struct admission_peer *p, int64_t now)
{
	refill(&a->lines, now, RATE, BURST);
	if (p)
		refill(&p->lines, now, PEER_RATE, PEER_BURST);
	if (a->lines.tokens < 1000 || (p && p->lines.tokens < 1000))
		return false;
	a->lines.tokens -= 1000;
	if (p)
		p->lines.tokens -= 1000;
	return true;
}

static void
find_rule(struct admission *a, struct admission_ticket *t)
{
	/* By the socket itself: one that a manager passes may have a name that belies it. */
	const struct prefix *address = t->address.family ? &t->address : NULL;

	t->rule = a->access ? access_find(a->access, address, t->port->transport, t->port->name) : NULL;
	t->max_version = t->port->max_version;
	if (t->rule && t->rule->max_version < t->max_version)
		t->max_version = t->rule->max_version;
}

enum admission_verdict
admission_ask(struct admission *a, struct admission_port *port, const struct prefix *address, int64_t now,
	      struct admission_ticket *out)
{
	enum admission_verdict verdict;
	struct prefix network;

	*out = (struct admission_ticket){.port = port};
	if (address) {
		out->address = *address;
		network = network_of(address);
		out->peer = *find_peer(a, &network);
	}
	find_rule(a, out);
	verdict = judge(a, out);
	if (verdict != ADMISSION_GRANTED)
		return verdict;
	if (address && !out->peer && !(out->peer = get_peer(a, address, now)))
		return ADMISSION_NO_MEMORY;
	a->clients++;
	port->clients++;
	if (out->peer)
		out->peer->clients++;
	if (out->rule)
		out->rule->clients++;
	out->logged = worth_a_line(a, out->peer, now);
	return ADMISSION_GRANTED;
}

void
admission_return(struct admission *a, struct admission_ticket *t)
{
	a->clients--;
	t->port->clients--;
	if (t->peer)
		t->peer->clients--;
	if (t->rule)
		t->rule->clients--;
	*t = (struct admission_ticket){0};
}

void
admission_set_access(struct admission *a, struct access *access)
{
	access_free(a->access);
	a->access = access;
}

bool
admission_judge(struct admission *a, struct admission_ticket *t)
{
	find_rule(a, t);
	if (t->rule)
		t->rule->clients++;
	return !a->access || (t->rule && t->rule->allow);
}

void
admission_tick(struct admission *a, int64_t now)
{
	for (size_t i = 0; i < a->buckets; i++) {
		for (struct admission_peer **at = &a->table[i], *p; (p = *at);) {
			refill(&p->lines, now, PEER_RATE, PEER_BURST);
			if (p->clients || (p->lines.tokens < PEER_BURST * 1000 && a->peers <= IDLE_PEERS_MAX + a->clients)) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			free(p);
			a->peers--;
		}
	}
}

size_t
admission_clients(const struct admission *a)
{
	return a->clients;
}

size_t
admission_max_clients(const struct admission *a)
{
	return a->max_clients;
}
