/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "file.h"
#include "view_internal.h"
#include "wire.h"

struct view *
view_new(struct edition *e, int64_t start)
{
	struct view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	atomic_init(&v->refs, 1);
	v->edition = edition_ref(e);
	v->start = start;
	return v;
}

struct view *
view_ref(struct view *v)
{
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	return v;
}

void
view_unref(struct view *v)
{
	if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
		return;
	blob_unref(v->status);
	edition_unref(v->edition);
	free(v);
}

uint32_t
view_version(const struct view *v)
{
	return v->edition->version;
}

struct vrpset *
view_set(const struct view *v)
{
	return v->edition->index->set;
}

size_t
view_memory(const struct view *v)
{
	return index_memory(v->edition->index);
}

/* ---- what is there */

static bool
as_has(const struct index *x, const struct node *node)
{
	size_t at, end;

	if (!index_find_as(x, node->number, &at))
		return false;
	if (node->kind == NODE_AS_ASPA)
		return index_aspa_of(x, node->number, &at);
	if (node->kind != NODE_AS_KEYS)
		return true;
	index_keys_of(x, node->number, &at, &end);
	return at < end;
}

static bool
ta_has(const struct index *x, const struct node *node)
{
	size_t at;

	if (!index_find_ta(x, node->number, &at))
		return false;
	if (node->kind == NODE_TA_KEYS)
		return x->tas[at].keys < x->tas[at].aspas;
	return node->kind != NODE_TA_ASPA || x->tas[at].aspas < x->tas[at].end;
}

static bool
is_there(const struct view *v, const struct node *node)
{
	const struct index *x = v->edition->index;
	size_t at;

	switch (node->kind) {
	case NODE_AS:
	case NODE_AS_VRPS:
	case NODE_AS_KEYS:
	case NODE_AS_ASPA:
	case NODE_AS_SUMMARY:
		return as_has(x, node);
	case NODE_TA:
	case NODE_TA_VRPS:
	case NODE_TA_KEYS:
	case NODE_TA_ASPA:
		return ta_has(x, node);
	case NODE_PREFIX_ADDRESS:
		return index_find_address(x, &node->prefix, &at);
	case NODE_PREFIX:
		return index_find_prefix(x, &node->prefix, &at);
	case NODE_EXPORT:
		return v->edition->version > 0 && node->number < export_count();
	case NODE_DELTA:
		return edition_delta(v->edition, node->number) != NULL;
	}
	return true;
}

static int
lookup_ta(const struct view *v, const char *name, struct node *out)
{
	const struct index *x = v->edition->index;
	size_t len = strlen(name);

	if (len > NODE_NAME_MAX)
		return ENAMETOOLONG;
	for (size_t i = 0; i < x->ta_count; i++) {
		size_t n;
		const char *s = anchors_name(v->edition->anchors, x->tas[i].id, &n);

		if (n == len && memcmp(s, name, n) == 0) {
			*out = (struct node){.kind = NODE_TA, .number = x->tas[i].id};
			return 0;
		}
	}
	return ENOENT;
}

int
view_lookup(const struct view *v, const struct node *dir, const char *name, struct node *out)
{
	int rc = dir->kind == NODE_TA_DIR ? lookup_ta(v, name, out) : node_lookup(dir, name, out);

	return rc == 0 && !is_there(v, out) ? ENOENT : rc;
}

int
view_resolve(const struct view *v, const char *path, struct node *out)
{
	*out = NODE_OF(NODE_ROOT);
	while (*(path += strspn(path, "/"))) {
		char name[NODE_NAME_MAX + 1];
		size_t len = strcspn(path, "/");
		struct node dir = *out;
		int rc;

		if (len > NODE_NAME_MAX)
			return ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		rc = view_lookup(v, &dir, name, out);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- stat */

static struct timespec
timespec_of(int64_t ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static int64_t
time_of(const struct view *v, const struct node *node)
{
	const struct index *x = v->edition->index;
	size_t at;

	switch (node->kind) {
	case NODE_README:
		return v->start;
	case NODE_STATUS:
		return v->status_time;
	case NODE_ROOT:
		return v->status_time > v->edition->time ? v->status_time : v->edition->time;
	case NODE_ASN_DIR:
		return x->asn_time;
	case NODE_TA_DIR:
		return x->ta_time;
	case NODE_PREFIX_DIR:
		return x->prefix_time;
	case NODE_AS:
	case NODE_AS_VRPS:
	case NODE_AS_KEYS:
	case NODE_AS_ASPA:
	case NODE_AS_SUMMARY:
		return index_find_as(x, node->number, &at) ? x->ases[at].time : 0;
	case NODE_TA:
	case NODE_TA_VRPS:
	case NODE_TA_KEYS:
	case NODE_TA_ASPA:
		return index_find_ta(x, node->number, &at) ? x->tas[at].time : 0;
	case NODE_PREFIX_ADDRESS:
		return index_find_address(x, &node->prefix, &at) ? index_address_time(x, at) : 0;
	case NODE_PREFIX:
		return index_find_prefix(x, &node->prefix, &at) ? index_prefix_time(x, at) : 0;
	case NODE_DELTA:
		return edition_delta(v->edition, node->number)->time;
	}
	return v->edition->time;
}

/* Not /events: who reads all files that there are must not wait for what has no end. */
static const uint8_t root_entries[] = {
	NODE_README, NODE_VRPS, NODE_STATUS, NODE_ASN_DIR, NODE_PREFIX_DIR, NODE_TA_DIR,
	NODE_COVERING_DIR, NODE_ROUTE_DIR, NODE_EXPORT_DIR, NODE_DELTAS_DIR,
};
#define ROOT_DIRS 7

static const uint8_t as_entries[] = {NODE_AS_VRPS, NODE_AS_KEYS, NODE_AS_ASPA, NODE_AS_SUMMARY};
static const uint8_t ta_entries[] = {NODE_TA_VRPS, NODE_TA_KEYS, NODE_TA_ASPA};

static size_t
count_there(const struct view *v, const struct node *dir, const uint8_t *kinds, size_t count)
{
	struct node node = *dir;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		node.kind = kinds[i];
		n += is_there(v, &node);
	}
	return n;
}

static size_t
prefixes_at(const struct index *x, const struct prefix *address)
{
	size_t at;

	return index_find_address(x, address, &at) ? x->addresses[at + 1] - x->addresses[at] : 0;
}

/* How many names a directory lists. */
static size_t
entries(const struct view *v, const struct node *dir)
{
	const struct index *x = v->edition->index;

	switch (dir->kind) {
	case NODE_ROOT:
		return ARRAY_LEN(root_entries);
	case NODE_ASN_DIR:
		return x->as_count;
	case NODE_PREFIX_DIR:
		return x->address_count;
	case NODE_TA_DIR:
		return x->ta_count;
	case NODE_EXPORT_DIR:
		return v->edition->version ? export_count() : 0;
	case NODE_DELTAS_DIR:
		return v->edition->delta_count;
	case NODE_AS:
		return count_there(v, dir, as_entries, ARRAY_LEN(as_entries));
	case NODE_TA:
		return count_there(v, dir, ta_entries, ARRAY_LEN(ta_entries));
	case NODE_PREFIX_ADDRESS:
		return prefixes_at(x, &dir->prefix);
	}
	return 0;
}

int
view_stat(const struct view *v, const struct node *node, struct node_stat *out)
{
	if (!is_there(v, node))
		return ENOENT;
	*out = (struct node_stat){.dir = node_is_dir(node), .nlink = 1, .mtime = timespec_of(time_of(v, node))};
	if (!out->dir)
		return file_size(v, node, &out->size);
	out->size = entries(v, node);
	out->nlink = 2;
	if (node->kind == NODE_ROOT)
		out->nlink += ROOT_DIRS;
	else if (node->kind == NODE_ASN_DIR || node->kind == NODE_PREFIX_DIR || node->kind == NODE_TA_DIR)
		out->nlink += (uint32_t)out->size;
	return 0;
}

/* ---- directories */

/*
 * Cookies are LISTING_COOKIE_MIN and a number that grows from name to name: that
 * of an AS, of a trust anchor, an IPv4 address, the length of a prefix.  An IPv6
 * address has more bits than there is room for: its number is the first 40 of
 * them, and how many addresses with the same came before.
 */
#define COOKIE_IPV6 (UINT64_C(1) << 62)
#define ORDINAL_BITS 22
#define ORDINAL_MAX ((UINT64_C(1) << ORDINAL_BITS) - 1)

static uint64_t
group_of(const struct prefix *address)
{
	return be64_load(address->addr) >> 24;
}

static uint64_t
address_cookie(const struct index *x, size_t at, size_t group)
{
	const struct prefix *address = index_address(x, at);
	uint64_t ordinal = at - group;

	if (address->family == FAMILY_IPV4)
		return be32_load(address->addr);
	return COOKIE_IPV6 | group_of(address) << ORDINAL_BITS | (ordinal < ORDINAL_MAX ? ordinal : ORDINAL_MAX);
}

static size_t
find_address(const struct index *x, enum family family, uint64_t high)
{
	struct prefix address = {.family = (uint8_t)family};
	size_t at;

	be64_store(address.addr, high);
	(void)index_find_address(x, &address, &at);
	return at;
}

/* The first address behind a cookie. */
static size_t
start_addresses(const struct index *x, uint64_t cookie, size_t *group)
{
	uint64_t bits = cookie >> ORDINAL_BITS & ((UINT64_C(1) << 40) - 1), ordinal = cookie & ORDINAL_MAX;
	size_t end;

	*group = SIZE_MAX;
	if (cookie < UINT32_MAX)
		return find_address(x, FAMILY_IPV4, (cookie + 1) << 32);
	*group = find_address(x, FAMILY_IPV6, 0);
	if (!(cookie & COOKIE_IPV6))
		return *group;
	*group = find_address(x, FAMILY_IPV6, bits << 24);
	end = bits + 1 < UINT64_C(1) << 40 ? find_address(x, FAMILY_IPV6, (bits + 1) << 24) : x->address_count;
	return ordinal < ORDINAL_MAX && *group + ordinal + 1 < end ? *group + ordinal + 1 : end;
}

/* The first place of a directory whose number is above a cookie's. */
static size_t
start_after(const struct view *v, const struct node *dir, uint64_t cookie, struct listing *l)
{
	const struct index *x = v->edition->index;
	uint32_t next = cookie < UINT32_MAX ? (uint32_t)cookie + 1 : UINT32_MAX;
	size_t at = l->at;

	switch (dir->kind) {
	case NODE_ASN_DIR:
		if (cookie >= UINT32_MAX)
			return l->end;
		(void)index_find_as(x, next, &at);
		return at;
	case NODE_TA_DIR:
		(void)index_find_ta(x, next, &at);
		return at;
	case NODE_PREFIX_DIR:
		return start_addresses(x, cookie, &l->group);
	case NODE_PREFIX_ADDRESS:
		while (at < l->end && index_prefix(x, at)->len <= cookie)
			at++;
		return at;
	case NODE_DELTAS_DIR:
		while (at < l->end && v->edition->deltas[at].version <= cookie)
			at++;
		return at;
	}
	return cookie < l->end ? (size_t)cookie + 1 : l->end;
}

int
view_list(const struct view *v, const struct node *dir, uint64_t cookie, struct listing *out)
{
	size_t at;

	*out = (struct listing){.view = v, .dir = *dir, .end = entries(v, dir), .group = SIZE_MAX};
	if (!node_is_dir(dir))
		return ENOTDIR;
	if (!is_there(v, dir))
		return ENOENT;
	if (dir->kind == NODE_AS)
		out->end = ARRAY_LEN(as_entries);
	if (dir->kind == NODE_TA)
		out->end = ARRAY_LEN(ta_entries);
	if (dir->kind == NODE_PREFIX_ADDRESS && index_find_address(v->edition->index, &dir->prefix, &at)) {
		out->at = v->edition->index->addresses[at];
		out->end += out->at;
	}
	if (cookie >= LISTING_COOKIE_MIN)
		out->at = start_after(v, dir, cookie - LISTING_COOKIE_MIN, out);
	return 0;
}

/* One of a fixed set of names; false when it isn't there. */
static bool
fixed_entry(const struct listing *l, const uint8_t *kinds, struct listing_entry *out)
{
	out->node = l->dir;
	out->node.kind = kinds[l->at];
	out->cookie = l->at;
	return is_there(l->view, &out->node);
}

static void
address_entry(struct listing *l, const struct index *x, struct listing_entry *out)
{
	const struct prefix *address = index_address(x, l->at);

	if (address->family == FAMILY_IPV6 &&
	    (l->group == SIZE_MAX || l->group > l->at || group_of(index_address(x, l->group)) != group_of(address)))
		l->group = l->at;
	out->node = (struct node){.kind = NODE_PREFIX_ADDRESS, .prefix = *address};
	out->node.prefix.len = (uint8_t)prefix_bits((enum family)address->family);
	out->cookie = address_cookie(x, l->at, l->group);
}

/* Node and number of the entry at the present place. */
static bool
take_entry(struct listing *l, struct listing_entry *out)
{
	const struct index *x = l->view->edition->index;

	switch (l->dir.kind) {
	case NODE_ROOT:
		return fixed_entry(l, root_entries, out);
	case NODE_AS:
		return fixed_entry(l, as_entries, out);
	case NODE_TA:
		return fixed_entry(l, ta_entries, out);
	case NODE_ASN_DIR:
		out->node = (struct node){.kind = NODE_AS, .number = x->ases[l->at].asn};
		break;
	case NODE_TA_DIR:
		out->node = (struct node){.kind = NODE_TA, .number = x->tas[l->at].id};
		break;
	case NODE_PREFIX_DIR:
		address_entry(l, x, out);
		return true;
	case NODE_PREFIX_ADDRESS:
		out->node = (struct node){.kind = NODE_PREFIX, .prefix = *index_prefix(x, l->at)};
		out->cookie = out->node.prefix.len;
		return true;
	case NODE_EXPORT_DIR:
		out->node = (struct node){.kind = NODE_EXPORT, .number = (uint32_t)l->at};
		break;
	case NODE_DELTAS_DIR:
		out->node = (struct node){.kind = NODE_DELTA, .number = l->view->edition->deltas[l->at].version};
		break;
	}
	out->cookie = out->node.number;
	return true;
}

bool
listing_next(struct listing *l, struct listing_entry *out)
{
	for (; l->at < l->end; l->at++) {
		if (!take_entry(l, out))
			continue;
		out->cookie += LISTING_COOKIE_MIN;
		if (out->node.kind == NODE_TA) {
			const char *name = anchors_name(l->view->edition->anchors, out->node.number, &out->name_len);

			memcpy(out->name, name, out->name_len + 1);
		} else {
			out->name_len = node_name(&out->node, out->name);
		}
		l->at++;
		return true;
	}
	return false;
}
