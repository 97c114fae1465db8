/* SPDX-License-Identifier: ISC */
#include "node.h"

#include <errno.h>

#include "export.h"
#include "num.h"

/* What there is of each kind: its parent's kind, and a name where that is fixed. */
static const struct {
	uint8_t parent;
	bool dir;
	const char *name;
} kinds[NODE_KINDS] = {
	[NODE_ROOT] = {NODE_ROOT, true, NULL},
	[NODE_README] = {NODE_ROOT, false, "README"},
	[NODE_VRPS] = {NODE_ROOT, false, "vrps"},
	[NODE_STATUS] = {NODE_ROOT, false, "status"},
	[NODE_EVENTS] = {NODE_ROOT, false, "events"},
	[NODE_ASN_DIR] = {NODE_ROOT, true, "asn"},
	[NODE_PREFIX_DIR] = {NODE_ROOT, true, "prefix"},
	[NODE_TA_DIR] = {NODE_ROOT, true, "ta"},
	[NODE_COVERING_DIR] = {NODE_ROOT, true, "covering"},
	[NODE_ROUTE_DIR] = {NODE_ROOT, true, "route"},
	[NODE_EXPORT_DIR] = {NODE_ROOT, true, "export"},
	[NODE_DELTAS_DIR] = {NODE_ROOT, true, "deltas"},
	[NODE_AS] = {NODE_ASN_DIR, true, NULL},
	[NODE_AS_VRPS] = {NODE_AS, false, "vrps"},
	[NODE_AS_KEYS] = {NODE_AS, false, "router-keys"},
	[NODE_AS_ASPA] = {NODE_AS, false, "aspa"},
	[NODE_AS_SUMMARY] = {NODE_AS, false, "summary"},
	[NODE_TA] = {NODE_TA_DIR, true, NULL},
	[NODE_TA_VRPS] = {NODE_TA, false, "vrps"},
	[NODE_TA_KEYS] = {NODE_TA, false, "router-keys"},
	[NODE_TA_ASPA] = {NODE_TA, false, "aspa"},
	[NODE_PREFIX_ADDRESS] = {NODE_PREFIX_DIR, true, NULL},
	[NODE_PREFIX] = {NODE_PREFIX_ADDRESS, false, NULL},
	[NODE_COVERING_ADDRESS] = {NODE_COVERING_DIR, true, NULL},
	[NODE_COVERING] = {NODE_COVERING_ADDRESS, false, NULL},
	[NODE_ROUTE_ADDRESS] = {NODE_ROUTE_DIR, true, NULL},
	[NODE_ROUTE_PREFIX] = {NODE_ROUTE_ADDRESS, true, NULL},
	[NODE_ROUTE] = {NODE_ROUTE_PREFIX, false, NULL},
	[NODE_EXPORT] = {NODE_EXPORT_DIR, false, NULL},
	[NODE_DELTA] = {NODE_DELTAS_DIR, false, NULL},
};

/* Files of dialects; a dialect that is not here has its own name. */
static const struct {
	const char *dialect;
	const char *file;
} export_names[] = {
	{"json", "rpki.json"},
	{"csv", "rpki.csv"},
	{"csvcompat", "rpki-compat.csv"},
	{"openbgpd", "openbgpd.conf"},
	{"openbgpd-aspa", "openbgpd-aspa.conf"},
	{"bird", "bird.conf"},
	{"bird1", "bird1.conf"},
	{"bird1v4", "bird1-ipv4.conf"},
	{"bird1v6", "bird1-ipv6.conf"},
	{"rpsl", "routes.rpsl"},
	{"slurm", "slurm.json"},
	{"jsonl", "rpki.jsonl"},
	{"summary", "summary.txt"},
};

bool
node_is_dir(const struct node *node)
{
	return kinds[node->kind].dir;
}

bool
node_same(const struct node *a, const struct node *b)
{
	return a->kind == b->kind && a->number == b->number && prefix_cmp(&a->prefix, &b->prefix) == 0;
}

/* The address of a prefix, as its directory has it. */
static struct prefix
address_of(struct prefix p)
{
	p.len = (uint8_t)prefix_bits((enum family)p.family);
	return p;
}

struct node
node_parent(const struct node *node)
{
	struct node up = *node;

	up.kind = kinds[node->kind].parent;
	switch (up.kind) {
	case NODE_AS:
	case NODE_TA:
		break;
	case NODE_ROUTE_PREFIX:
		up.number = 0;
		break;
	case NODE_PREFIX_ADDRESS:
	case NODE_COVERING_ADDRESS:
	case NODE_ROUTE_ADDRESS:
		up.prefix = address_of(up.prefix);
		break;
	default:
		up = NODE_OF(up.kind);
	}
	return up;
}

const char *
node_export_name(size_t i)
{
	const char *dialect = export_at(i)->name;

	for (size_t k = 0; k < ARRAY_LEN(export_names); k++)
		if (strcmp(export_names[k].dialect, dialect) == 0)
			return export_names[k].file;
	return dialect;
}

/* ---- names as numbers and addresses */

static int
lookup_as(uint8_t kind, const char *name, size_t len, struct node *out)
{
	out->kind = kind;
	return len > 2 && name[0] == 'A' && name[1] == 'S' && num_u32(name + 2, len - 2, &out->number) ? 0 : EINVAL;
}

static int
lookup_number(uint8_t kind, const char *name, size_t len, struct node *out)
{
	out->kind = kind;
	return num_u32(name, len, &out->number) ? 0 : EINVAL;
}

static int
lookup_address(uint8_t kind, const char *name, size_t len, struct node *out)
{
	char text[PREFIX_TEXT_MAX + 4], canonical[PREFIX_TEXT_MAX];

	out->kind = kind;
	if (len > PREFIX_TEXT_MAX)
		return EINVAL;
	memcpy(text, name, len);
	memcpy(text + len, "/0", 2);
	if (!prefix_parse(text, len + 2, &out->prefix, NULL))
		return EINVAL;
	if ((size_t)(prefix_format(canonical, &out->prefix) - canonical) != len + 2 || memcmp(canonical, name, len) != 0)
		return EINVAL;
	out->prefix = address_of(out->prefix);
	return 0;
}

static int
lookup_length(uint8_t kind, const char *name, size_t len, struct node *out)
{
	uint32_t bits;

	out->kind = kind;
	if (!num_u32(name, len, &bits) || bits > out->prefix.len)
		return EINVAL;
	out->prefix.len = (uint8_t)bits;
	return prefix_has_host_bits(&out->prefix) ? EINVAL : 0;
}

static int
lookup_export(const char *name, struct node *out)
{
	out->kind = NODE_EXPORT;
	for (size_t i = 0; i < export_count(); i++) {
		if (strcmp(node_export_name(i), name) == 0) {
			out->number = (uint32_t)i;
			return 0;
		}
	}
	return ENOENT;
}

static int
lookup_fixed(const struct node *dir, const char *name, struct node *out)
{
	for (size_t k = 0; k < NODE_KINDS; k++) {
		if (kinds[k].parent == dir->kind && kinds[k].name && strcmp(kinds[k].name, name) == 0) {
			out->kind = (uint8_t)k;
			return 0;
		}
	}
	return ENOENT;
}

int
node_lookup(const struct node *dir, const char *name, struct node *out)
{
	size_t len = strlen(name);

	*out = *dir;
	if (!node_is_dir(dir))
		return ENOTDIR;
	if (len > NODE_NAME_MAX)
		return ENAMETOOLONG;
	if (len == 0 || name[0] == '.')
		return ENOENT;
	switch (dir->kind) {
	case NODE_ASN_DIR:
		return lookup_as(NODE_AS, name, len, out);
	case NODE_ROUTE_PREFIX:
		return lookup_as(NODE_ROUTE, name, len, out);
	case NODE_PREFIX_DIR:
		return lookup_address(NODE_PREFIX_ADDRESS, name, len, out);
	case NODE_COVERING_DIR:
		return lookup_address(NODE_COVERING_ADDRESS, name, len, out);
	case NODE_ROUTE_DIR:
		return lookup_address(NODE_ROUTE_ADDRESS, name, len, out);
	case NODE_PREFIX_ADDRESS:
		return lookup_length(NODE_PREFIX, name, len, out);
	case NODE_COVERING_ADDRESS:
		return lookup_length(NODE_COVERING, name, len, out);
	case NODE_ROUTE_ADDRESS:
		return lookup_length(NODE_ROUTE_PREFIX, name, len, out);
	case NODE_DELTAS_DIR:
		return lookup_number(NODE_DELTA, name, len, out);
	case NODE_EXPORT_DIR:
		return lookup_export(name, out);
	case NODE_TA_DIR:
		return ENOENT;
	}
	return lookup_fixed(dir, name, out);
}

size_t
node_name(const struct node *node, char out[NODE_NAME_MAX + 1])
{
	char *end = out;

	switch (node->kind) {
	case NODE_AS:
	case NODE_ROUTE:
		memcpy(out, "AS", 2);
		end = num_format_u32(out + 2, node->number);
		break;
	case NODE_DELTA:
		end = num_format_u32(out, node->number);
		break;
	case NODE_PREFIX_ADDRESS:
	case NODE_COVERING_ADDRESS:
	case NODE_ROUTE_ADDRESS:
		end = prefix_format(out, &node->prefix);
		while (*--end != '/')
			;
		break;
	case NODE_PREFIX:
	case NODE_COVERING:
	case NODE_ROUTE_PREFIX:
		end = num_format_u8(out, node->prefix.len);
		break;
	default: {
		const char *name = node->kind == NODE_EXPORT ? node_export_name(node->number) : kinds[node->kind].name;
		size_t len = name ? strlen(name) : 0;

		memcpy(out, name ? name : "", len);
		end = out + len;
	}
	}
	*end = '\0';
	return (size_t)(end - out);
}
