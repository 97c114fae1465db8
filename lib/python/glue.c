/* SPDX-License-Identifier: ISC */
/*
 * rtrlib's records and prefix table, over libvrp's.
 */
#include "glue.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* More than any route of the real table has; those with more take an allocation. */
#define COVERING 64

/* ---- Addresses */

int
lrtr_ip_str_to_addr(const char *str, struct lrtr_ip_addr *ip)
{
	uint32_t words[4];

	if (inet_pton(AF_INET, str, words) == 1) {
		ip->ver = LRTR_IPV4;
		ip->u.addr4.addr = ntohl(words[0]);
		return 0;
	}
	if (inet_pton(AF_INET6, str, words) != 1)
		return -1;
	ip->ver = LRTR_IPV6;
	for (int i = 0; i < 4; i++)
		ip->u.addr6.addr[i] = ntohl(words[i]);
	return 0;
}

/* -1 for a length that the family doesn't have, or an unknown family. */
static int
prefix_of(const struct lrtr_ip_addr *ip, unsigned len, struct vrp_prefix *out)
{
	uint32_t words[4] = {0};

	memset(out, 0, sizeof(*out));
	switch (ip->ver) {
	case LRTR_IPV4:
		out->family = VRP_IPV4;
		words[0] = htonl(ip->u.addr4.addr);
		break;
	case LRTR_IPV6:
		out->family = VRP_IPV6;
		for (int i = 0; i < 4; i++)
			words[i] = htonl(ip->u.addr6.addr[i]);
		break;
	default:
		return -1;
	}
	if (len > (out->family == VRP_IPV4 ? 32 : 128))
		return -1;
	memcpy(out->addr, words, sizeof(words));
	out->len = (uint8_t)len;
	return 0;
}

static void
address_of(const struct vrp_prefix *prefix, struct lrtr_ip_addr *out)
{
	uint32_t words[4];

	memcpy(words, prefix->addr, sizeof(words));
	memset(out, 0, sizeof(*out));
	if (prefix->family == VRP_IPV4) {
		out->ver = LRTR_IPV4;
		out->u.addr4.addr = ntohl(words[0]);
	} else {
		out->ver = LRTR_IPV6;
		for (int i = 0; i < 4; i++)
			out->u.addr6.addr[i] = ntohl(words[i]);
	}
}

int
lrtr_ip_addr_to_str(const struct lrtr_ip_addr *ip, char *str, unsigned int len)
{
	char text[VRP_PREFIX_TEXT];
	struct vrp_prefix prefix;
	size_t size;

	if (prefix_of(ip, 0, &prefix) == -1 || vrp_prefix_format(&prefix, text) < 0)
		return -1;
	size = strcspn(text, "/");
	if (size >= len)
		return -1;
	memcpy(str, text, size);
	str[size] = '\0';
	return 0;
}

bool
lrtr_ip_addr_equal(const struct lrtr_ip_addr a, const struct lrtr_ip_addr b)
{
	if (a.ver != b.ver)
		return false;
	if (a.ver == LRTR_IPV4)
		return a.u.addr4.addr == b.u.addr4.addr;
	return memcmp(a.u.addr6.addr, b.u.addr6.addr, sizeof(a.u.addr6.addr)) == 0;
}

/* ---- Records */

/* The first cache that has announced it, of those that count: without a look where there is but one. */
static const struct rtr_socket *
socket_of(const struct vrp_view *view, const struct vpy_sockets *sockets, const struct vrp_record *record)
{
	unsigned cache = 0;

	if (sockets == NULL || sockets->count == 0)
		return NULL;
	if (sockets->count > 1 && (vrp_view_sources(view, record, &cache, 1) == 0 || cache >= sockets->count))
		return NULL;
	return sockets->at + cache;
}

static void
pfx_record_of(const struct vrp_record *from, const struct rtr_socket *socket, struct pfx_record *to)
{
	memset(to, 0, sizeof(*to));
	to->asn = from->asn;
	to->min_len = from->prefix.len;
	to->max_len = from->max_len;
	to->socket = socket;
	address_of(&from->prefix, &to->prefix);
}

void
vpy_pfx_records(const struct vrp_view *view, const struct vpy_sockets *sockets, const struct vrp_record *from,
		size_t count, struct pfx_record *to)
{
	for (size_t i = 0; i < count; i++)
		pfx_record_of(&from[i], socket_of(view, sockets, &from[i]), &to[i]);
}

void
vpy_spki_records(const struct rtr_socket *socket, const struct vrp_router_key *from, size_t count,
		 struct spki_record *to)
{
	for (size_t i = 0; i < count; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		memcpy(to[i].ski, from[i].ski, sizeof(to[i].ski));
		to[i].asn = from[i].asn;
		to[i].spki = from[i].spki;
		to[i].spki_len = from[i].spki_len;
		to[i].socket = socket;
	}
}

/* ---- Validation */

static struct pfx_record *
reasons_new(const struct vrp_view *view, const struct vpy_sockets *sockets, const struct vrp_record **from,
	    size_t count)
{
	struct pfx_record *reasons = calloc(count, sizeof(*reasons));

	for (size_t i = 0; i < count && reasons != NULL; i++)
		pfx_record_of(from[i], socket_of(view, sockets, from[i]), &reasons[i]);
	return reasons;
}

int
vpy_validate_r(const struct vrp_view *view, const struct vpy_sockets *sockets, struct pfx_record **reason,
	       unsigned int *reason_len, uint32_t asn, const struct lrtr_ip_addr *ip, unsigned int mask_len,
	       enum pfxv_state *result)
{
	const struct vrp_record *first[COVERING], **covering = first;
	struct vrp_prefix prefix;
	size_t count = 0;
	int state;

	if (reason != NULL) {
		*reason = NULL;
		*reason_len = 0;
	}
	if (prefix_of(ip, mask_len, &prefix) == -1)
		return PFX_ERROR;
	state = vrp_view_validate_reasons(view, &prefix, asn, first, COVERING, &count);
	if (state < 0)
		return PFX_ERROR;
	*result = (enum pfxv_state)state;
	if (count == 0 || reason == NULL)
		return PFX_SUCCESS;
	if (count > COVERING) {
		covering = reallocarray(NULL, count, sizeof(const struct vrp_record *));
		if (covering == NULL)
			return PFX_ERROR;
		vrp_view_validate_reasons(view, &prefix, asn, covering, count, &count);
	}
	*reason = reasons_new(view, sockets, covering, count);
	*reason_len = *reason != NULL ? (unsigned)count : 0;
	if (covering != first)
		free(covering);
	return *reason != NULL ? PFX_SUCCESS : PFX_ERROR;
}

/* ---- The prefix table */

void
pfx_table_init(struct pfx_table *t, void (*update_fp)(struct pfx_table *, const struct pfx_record, const bool))
{
	t->table = vrp_table_new();
	t->update_fp = update_fp;
}

void
pfx_table_free(struct pfx_table *t)
{
	vrp_table_free(t->table);
	t->table = NULL;
}

static int
vrp_record_of(const struct pfx_record *from, struct vrp_record *to)
{
	memset(to, 0, sizeof(*to));
	if (prefix_of(&from->prefix, from->min_len, &to->prefix) == -1)
		return -1;
	vrp_prefix_mask(&to->prefix);
	to->max_len = from->max_len;
	to->asn = from->asn;
	to->expires = VRP_EXPIRES_UNKNOWN;
	return 0;
}

static int
pfx_table_change(struct pfx_table *t, const struct pfx_record *record, bool added)
{
	struct vrp_record own;
	int code;

	if (t->table == NULL || vrp_record_of(record, &own) == -1)
		return PFX_ERROR;
	code = added ? vrp_table_add_record(t->table, &own) : vrp_table_remove_record(t->table, &own);
	switch (code) {
	case VRP_OK:
		break;
	case VRP_DUPLICATE:
		return PFX_DUPLICATE_RECORD;
	case VRP_NOT_FOUND:
		return PFX_RECORD_NOT_FOUND;
	default:
		return PFX_ERROR;
	}
	if (t->update_fp != NULL)
		t->update_fp(t, *record, added);
	return PFX_SUCCESS;
}

int
pfx_table_add(struct pfx_table *t, const struct pfx_record *record)
{
	return pfx_table_change(t, record, true);
}

int
pfx_table_remove(struct pfx_table *t, const struct pfx_record *record)
{
	return pfx_table_change(t, record, false);
}

struct vrp_view *
vpy_table_view(struct pfx_table *t)
{
	if (t->table == NULL || vrp_table_commit(t->table, NULL) != VRP_OK)
		return NULL;
	return vrp_table_view(t->table);
}

int
pfx_table_validate_r(struct pfx_table *t, struct pfx_record **reason, unsigned int *reason_len, const uint32_t asn,
		     const struct lrtr_ip_addr *ip, const uint8_t mask_len, enum pfxv_state *result)
{
	struct vrp_view *view = vpy_table_view(t);
	int ret;

	if (view == NULL)
		return PFX_ERROR;
	ret = vpy_validate_r(view, NULL, reason, reason_len, asn, ip, mask_len, result);
	vrp_view_unref(view);
	return ret;
}

int
pfx_table_validate(struct pfx_table *t, const uint32_t asn, const struct lrtr_ip_addr *ip, const uint8_t mask_len,
		   enum pfxv_state *result)
{
	return pfx_table_validate_r(t, NULL, NULL, asn, ip, mask_len, result);
}

static void
for_each(struct pfx_table *t, enum vrp_family family, void (*fp)(const struct pfx_record *, void *), void *data)
{
	struct vrp_view *view = vpy_table_view(t);
	const struct vrp_record *records;
	struct pfx_record record;
	size_t count;

	if (view == NULL)
		return;
	records = vrp_view_records(view, family, &count);
	for (size_t i = 0; i < count; i++) {
		pfx_record_of(&records[i], NULL, &record);
		fp(&record, data);
	}
	vrp_view_unref(view);
}

void
pfx_table_for_each_ipv4_record(struct pfx_table *t, void (*fp)(const struct pfx_record *, void *), void *data)
{
	for_each(t, VRP_IPV4, fp, data);
}

void
pfx_table_for_each_ipv6_record(struct pfx_table *t, void (*fp)(const struct pfx_record *, void *), void *data)
{
	for_each(t, VRP_IPV6, fp, data);
}
