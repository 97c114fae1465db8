/* SPDX-License-Identifier: ISC */
#include "rtr_image.h"

#include "buf.h"
#include "rtr_pdu.h"

#define IPV4_PDU_LEN 20
#define IPV6_PDU_LEN 32

/* An image as it is written: the size is known before the first PDU. */
struct writer {
	uint8_t version;
	unsigned char *pos;
	struct buf scratch;	/* a PDU of a rare kind */
	struct buf order;	/* pointers to sort */
	bool failed;
};

static void
put_vrp(struct writer *w, bool announce, const struct vrp *vrp)
{
	w->pos = rtr_vrp_encode(w->pos, w->version, announce, vrp);
}

static void
put_payload(struct writer *w, bool announce, enum payload_kind kind, const void *record)
{
	struct rtr_pdu pdu = {.version = w->version, .announce = announce, .payload.kind = kind};

	if (kind == PAYLOAD_ROUTER_KEY) {
		pdu.type = RTR_ROUTER_KEY;
		pdu.payload.key = *(const struct router_key *)record;
	} else {
		pdu.type = RTR_ASPA;
		pdu.payload.aspa = *(const struct aspa *)record;
	}
	buf_reset(&w->scratch);
	if (rtr_pdu_encode(&w->scratch, &pdu) < 0) {
		w->failed = true;
		return;
	}
	memcpy(w->pos, w->scratch.data, w->scratch.len);
	w->pos += w->scratch.len;
}

/* Pointers to n records of size bytes in w->order, or NULL. */
static const void **
pointers(struct writer *w, const void *records, size_t n, size_t size)
{
	const void **p;

	buf_reset(&w->order);
	if (buf_reserve(&w->order, n * sizeof(*p)) < 0) {
		w->failed = true;
		return NULL;
	}
	p = (const void **)(void *)w->order.data;
	for (size_t i = 0; i < n; i++)
		p[i] = (const char *)records + i * size;
	return p;
}

/* Of prefixes with one address: maximum length, length, AS. */
static int
wire_order(const void *a, const void *b)
{
	const struct vrp *x = *(const struct vrp *const *)a, *y = *(const struct vrp *const *)b;

	if (x->maxlen != y->maxlen)
		return (int)x->maxlen - (int)y->maxlen;
	if (x->prefix.len != y->prefix.len)
		return (int)x->prefix.len - (int)y->prefix.len;
	return (x->asn > y->asn) - (x->asn < y->asn);
}

/*
 * The n records of one address, in canonical order: length, maximum length, AS.
 * That is the order on the wire, too, unless lengths differ, which is rare.
 */
static void
put_group(struct writer *w, bool announce, const struct vrp *vrps, size_t n)
{
	const void **p;

	if (vrps[0].prefix.len == vrps[n - 1].prefix.len) {
		for (size_t i = 0; i < n; i++)
			put_vrp(w, announce, &vrps[announce ? n - 1 - i : i]);
		return;
	}
	p = pointers(w, vrps, n, sizeof(*vrps));
	if (!p)
		return;
	qsort(p, n, sizeof(*p), wire_order);
	for (size_t i = 0; i < n; i++)
		put_vrp(w, announce, p[announce ? n - 1 - i : i]);
}

static bool
same_address(const struct vrp *a, const struct vrp *b)
{
	return memcmp(a->prefix.addr, b->prefix.addr, sizeof(a->prefix.addr)) == 0;
}

/* VRPs of one family: announcements from the last to the first, withdrawals from the first. */
static void
put_vrps(struct writer *w, bool announce, const struct vrp *vrps, size_t count)
{
	size_t n;

	if (announce) {
		for (size_t end = count; end > 0; end -= n) {
			for (n = 1; n < end && same_address(&vrps[end - n - 1], &vrps[end - 1]);)
				n++;
			put_group(w, true, &vrps[end - n], n);
		}
	} else {
		for (size_t i = 0; i < count; i += n) {
			for (n = 1; i + n < count && same_address(&vrps[i], &vrps[i + n]);)
				n++;
			put_group(w, false, &vrps[i], n);
		}
	}
}

static int
key_wire_order(const void *a, const void *b)
{
	const struct router_key *x = *(const struct router_key *const *)a, *y = *(const struct router_key *const *)b;
	int c = memcmp(x->ski, y->ski, SKI_LEN);

	if (c == 0)
		c = (int)x->spki_len - (int)y->spki_len;
	if (c == 0)
		c = memcmp(x->spki, y->spki, x->spki_len);
	return c ? c : (x->asn > y->asn) - (x->asn < y->asn);
}

static void
put_keys(struct writer *w, bool announce, const struct vrpset *set)
{
	size_t n;
	const struct router_key *keys = vrpset_router_keys(set, &n);
	const void **p = n && w->version >= 1 ? pointers(w, keys, n, sizeof(*keys)) : NULL;

	if (!p)
		return;
	qsort(p, n, sizeof(*p), key_wire_order);
	for (size_t i = 0; i < n && !w->failed; i++)
		put_payload(w, announce, PAYLOAD_ROUTER_KEY, p[i]);
}

/* The ASPAs of set but those whose customer `except`, unless NULL, has too: an announcement replaces. */
static void
put_aspas(struct writer *w, bool announce, const struct vrpset *set, const struct vrpset *except)
{
	size_t n, skip_count = 0, skip = 0;
	const struct aspa *aspas = vrpset_aspas(set, &n), *skips = except ? vrpset_aspas(except, &skip_count) : NULL;

	for (size_t i = 0; i < n && w->version >= 2 && !w->failed; i++) {
		while (skip < skip_count && skips[skip].customer < aspas[i].customer)
			skip++;
		if (skip == skip_count || skips[skip].customer != aspas[i].customer)
			put_payload(w, announce, PAYLOAD_ASPA, &aspas[i]);
	}
}

/* No fewer bytes than the payload PDUs of set take. */
static size_t
room_for(const struct vrpset *set, uint8_t version)
{
	size_t n, size, ipv4 = vrpset_ipv4_count(set);
	const struct router_key *keys;
	const struct aspa *aspas;

	vrpset_vrps(set, &n);
	size = ipv4 * IPV4_PDU_LEN + (n - ipv4) * IPV6_PDU_LEN;
	keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n && version >= 1; i++)
		size += 32U + keys[i].spki_len;
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n && version >= 2; i++)
		size += 12U + 4U * aspas[i].provider_count;
	return size;
}

static struct blob *
encode(const struct vrpset *announced, const struct vrpset *withdrawn, uint8_t version)
{
	struct writer w = {.version = version};
	size_t na, nw = 0, a4 = vrpset_ipv4_count(announced), w4 = withdrawn ? vrpset_ipv4_count(withdrawn) : 0;
	const struct vrp *a = vrpset_vrps(announced, &na), *gone = withdrawn ? vrpset_vrps(withdrawn, &nw) : NULL;
	struct blob *image = blob_new(room_for(announced, version) + (withdrawn ? room_for(withdrawn, version) : 0)), *fitting;

	if (!image)
		return NULL;
	w.pos = image->data;
	if (a4)
		put_vrps(&w, true, a, a4);
	if (w4)
		put_vrps(&w, false, gone, w4);
	if (na > a4)
		put_vrps(&w, true, a + a4, na - a4);
	if (nw > w4)
		put_vrps(&w, false, gone + w4, nw - w4);
	put_keys(&w, true, announced);
	if (withdrawn)
		put_keys(&w, false, withdrawn);
	put_aspas(&w, true, announced, NULL);
	if (withdrawn)
		put_aspas(&w, false, withdrawn, announced);
	buf_release(&w.scratch);
	buf_release(&w.order);
	fitting = w.failed ? NULL : blob_resize(image, (size_t)(w.pos - image->data));
	if (!fitting)
		blob_unref(image);
	return fitting;
}

struct blob *
rtr_image_table(const struct vrpset *set, uint8_t version)
{
	return encode(set, NULL, version);
}

struct blob *
rtr_image_delta(const struct delta *delta, uint8_t version)
{
	return encode(delta->announced, delta->withdrawn, version);
}
