/* SPDX-License-Identifier: ISC */
#include "rtr_pdu.h"

#include "enc.h"
#include "wire.h"

#define FLAG_ANNOUNCE 1

#define QUERY_LEN 12		/* Serial Notify, Serial Query, End of Data of version 0 */
#define IPV4_LEN 20
#define IPV6_LEN 32
#define END_LEN 24		/* End of Data from version 1 on */
#define ROUTER_KEY_MIN 32
#define ASPA_MIN 12
#define ERROR_MIN 16

/* What is left of a long text in an Error Report, so that the copy of the PDU has the rest. */
#define ERROR_TEXT_MAX 1024

/* How much of the copied PDU a readable line shows. */
#define DESCRIBE_COPY_MAX 32

static const char *const type_names[] = {
	[RTR_SERIAL_NOTIFY] = "Serial Notify",
	[RTR_SERIAL_QUERY] = "Serial Query",
	[RTR_RESET_QUERY] = "Reset Query",
	[RTR_CACHE_RESPONSE] = "Cache Response",
	[RTR_IPV4_PREFIX] = "IPv4 Prefix",
	[RTR_IPV6_PREFIX] = "IPv6 Prefix",
	[RTR_END_OF_DATA] = "End of Data",
	[RTR_CACHE_RESET] = "Cache Reset",
	[RTR_ROUTER_KEY] = "Router Key",
	[RTR_ERROR_REPORT] = "Error Report",
	[RTR_ASPA] = "ASPA",
};

static const char *const error_names[] = {
	[RTR_CORRUPT_DATA] = "Corrupt Data",
	[RTR_INTERNAL_ERROR] = "Internal Error",
	[RTR_NO_DATA_AVAILABLE] = "No Data Available",
	[RTR_INVALID_REQUEST] = "Invalid Request",
	[RTR_UNSUPPORTED_VERSION] = "Unsupported Protocol Version",
	[RTR_UNSUPPORTED_PDU_TYPE] = "Unsupported PDU Type",
	[RTR_WITHDRAWAL_OF_UNKNOWN] = "Withdrawal of Unknown Record",
	[RTR_DUPLICATE_ANNOUNCEMENT] = "Duplicate Announcement Received",
	[RTR_UNEXPECTED_VERSION] = "Unexpected Protocol Version",
	[RTR_ASPA_PROVIDER_LIST] = "ASPA Provider List Error",
	[RTR_TRANSPORT_FAILED] = "Transport Failed",
	[RTR_ORDERING] = "Ordering Error",
	[RTR_CACHE_RESTART] = "Cache Restart",
	[RTR_CACHE_SHUTDOWN] = "Cache Shutdown",
};

const char *
rtr_type_name(unsigned type)
{
	return type < ARRAY_LEN(type_names) && type_names[type] ? type_names[type] : "unknown";
}

const char *
rtr_error_name(unsigned error)
{
	return error < ARRAY_LEN(error_names) ? error_names[error] : "unknown";
}

enum rtr_error
rtr_error_for_version(uint8_t version, enum rtr_error error)
{
	if (version == 0 && error == RTR_UNEXPECTED_VERSION)
		return RTR_INVALID_REQUEST;
	if (version < 2 && error >= RTR_ASPA_PROVIDER_LIST)
		return RTR_CORRUPT_DATA;
	return error;
}

const char *
rtr_timers_check(const struct rtr_timers *timers)
{
	if (timers->refresh < 1 || timers->refresh > 86400)
		return "refresh interval out of range 1 to 86400";
	if (timers->retry < 1 || timers->retry > 7200)
		return "retry interval out of range 1 to 7200";
	if (timers->expire < 600 || timers->expire > 172800)
		return "expire interval out of range 600 to 172800";
	if (timers->expire <= timers->refresh)
		return "expire interval not larger than refresh interval";
	if (timers->expire <= timers->retry)
		return "expire interval not larger than retry interval";
	return NULL;
}

struct rtr_header
rtr_header_decode(const unsigned char *data)
{
	return (struct rtr_header){data[0], data[1], be16_load(data + 2), be32_load(data + 4)};
}

static enum rtr_error
fail(enum rtr_error error, const char **reason, const char *why)
{
	*reason = why;
	return error;
}

static enum rtr_error
corrupt(const char **reason, const char *why)
{
	return fail(RTR_CORRUPT_DATA, reason, why);
}

static enum rtr_error
decode_prefix(const unsigned char *data, size_t len, struct rtr_pdu *pdu, const char **reason)
{
	bool ipv6 = pdu->type == RTR_IPV6_PREFIX;
	unsigned bits = ipv6 ? 128 : 32;
	unsigned plen, mlen;
	struct vrp *vrp = &pdu->payload.vrp;

	if (len != (ipv6 ? IPV6_LEN : IPV4_LEN))
		return corrupt(reason, "bad length");
	plen = data[9];
	mlen = data[10];
	if (plen > bits)
		return corrupt(reason, "prefix length out of range");
	if (mlen > bits)
		return corrupt(reason, "maximum length out of range");
	if (mlen < plen)
		return corrupt(reason, "maximum length below the prefix length");
	pdu->announce = data[8] & FLAG_ANNOUNCE;
	pdu->payload.kind = PAYLOAD_VRP;
	*vrp = (struct vrp){
		.prefix = {.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4, .len = (uint8_t)plen},
		.maxlen = (uint8_t)mlen,
		.asn = be32_load(data + len - 4),
		.expires = EXPIRES_UNKNOWN,
	};
	memcpy(vrp->prefix.addr, data + 12, bits / 8);
	return RTR_NO_ERROR;
}

static enum rtr_error
decode_router_key(const unsigned char *data, size_t len, struct rtr_pdu *pdu, const char **reason)
{
	struct router_key *key = &pdu->payload.key;

	if (pdu->version == 0)
		return fail(RTR_UNSUPPORTED_PDU_TYPE, reason, "not part of version 0");
	if (len <= ROUTER_KEY_MIN)
		return corrupt(reason, "bad length");
	pdu->announce = data[2] & FLAG_ANNOUNCE;
	pdu->payload.kind = PAYLOAD_ROUTER_KEY;
	*key = (struct router_key){
		.asn = be32_load(data + 8 + SKI_LEN),
		.expires = EXPIRES_UNKNOWN,
		.spki_len = (uint16_t)(len - ROUTER_KEY_MIN),
		.spki = data + ROUTER_KEY_MIN,
	};
	memcpy(key->ski, data + 8, SKI_LEN);
	return RTR_NO_ERROR;
}

/*
 * Up to draft 13 of 8210bis the flags stood behind the header, so that such a
 * PDU reads as a withdrawal with providers: `flags, afi, count, customer,
 * providers`.  StayRTR up to 0.5.1 sends it under the same version number.
 */
static bool
is_old_draft_aspa(const unsigned char *data, size_t len)
{
	return be16_load(data + 2) == 0 && len >= 16 && len == 16 + 4 * (size_t)be16_load(data + 10);
}

static enum rtr_error
decode_aspa(const unsigned char *data, size_t len, struct rtr_scratch *scratch, struct rtr_pdu *pdu,
	    const char **reason)
{
	size_t count;

	if (pdu->version < 2)
		return fail(RTR_UNSUPPORTED_PDU_TYPE, reason, "not part of versions below 2");
	if (len < ASPA_MIN || len % 4)
		return corrupt(reason, "bad length");
	pdu->announce = data[2] & FLAG_ANNOUNCE;
	count = (len - ASPA_MIN) / 4;
	if (!pdu->announce && count)
		return corrupt(reason, is_old_draft_aspa(data, len) ? "in the form of an old draft"
								    : "withdrawn with providers");
	for (size_t i = 0; i < count; i++)
		scratch->providers[i] = be32_load(data + ASPA_MIN + 4 * i);
	pdu->payload.kind = PAYLOAD_ASPA;
	pdu->payload.aspa = (struct aspa){
		.customer = be32_load(data + 8),
		.provider_count = (uint32_t)count,
		.providers = scratch->providers,
		.expires = EXPIRES_UNKNOWN,
	};
	return RTR_NO_ERROR;
}

static enum rtr_error
decode_end_of_data(const unsigned char *data, size_t len, struct rtr_pdu *pdu, const char **reason)
{
	if (len != (pdu->version == 0 ? QUERY_LEN : END_LEN))
		return corrupt(reason, "bad length");
	pdu->serial = be32_load(data + 8);
	if (pdu->version > 0)
		pdu->timers = (struct rtr_timers){be32_load(data + 12), be32_load(data + 16), be32_load(data + 20)};
	return RTR_NO_ERROR;
}

static enum rtr_error
decode_error_report(const unsigned char *data, size_t len, struct rtr_pdu *pdu, const char **reason)
{
	struct wire w = wire_init(data + RTR_HEADER_LEN, len - RTR_HEADER_LEN);

	pdu->error = be16_load(data + 2);
	pdu->copy_len = wire_u32(&w);
	pdu->copy = wire_bytes(&w, pdu->copy_len);
	pdu->text_len = wire_u32(&w);
	pdu->text = (const char *)wire_bytes(&w, pdu->text_len);
	if (w.error || wire_left(&w))
		return corrupt(reason, "bad length");
	while (pdu->text_len && pdu->text[pdu->text_len - 1] == '\0')
		pdu->text_len--;
	return RTR_NO_ERROR;
}

enum rtr_error
rtr_pdu_decode(const unsigned char *data, size_t len, struct rtr_scratch *scratch, struct rtr_pdu *pdu,
	       const char **reason)
{
	struct rtr_header h;

	if (len < RTR_HEADER_LEN || len > RTR_PDU_MAX)
		return corrupt(reason, "bad length");
	h = rtr_header_decode(data);
	if (h.len != len)
		return corrupt(reason, "bad length");
	*pdu = (struct rtr_pdu){.version = h.version, .type = h.type};

	/* An Error Report looks the same in all versions, and those about versions bear any. */
	if (h.type == RTR_ERROR_REPORT)
		return decode_error_report(data, len, pdu, reason);
	if (h.version > RTR_VERSION_MAX)
		return fail(RTR_UNSUPPORTED_VERSION, reason, "unsupported protocol version");

	switch (h.type) {
	case RTR_SERIAL_NOTIFY:
	case RTR_SERIAL_QUERY:
		if (len != QUERY_LEN)
			return corrupt(reason, "bad length");
		pdu->session = h.x;
		pdu->serial = be32_load(data + 8);
		return RTR_NO_ERROR;
	case RTR_CACHE_RESPONSE:
		pdu->session = h.x;
		VRP_FALLTHROUGH;
	case RTR_RESET_QUERY:
	case RTR_CACHE_RESET:
		if (len != RTR_HEADER_LEN)
			return corrupt(reason, "bad length");
		return RTR_NO_ERROR;
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
		return decode_prefix(data, len, pdu, reason);
	case RTR_END_OF_DATA:
		pdu->session = h.x;
		return decode_end_of_data(data, len, pdu, reason);
	case RTR_ROUTER_KEY:
		return decode_router_key(data, len, pdu, reason);
	case RTR_ASPA:
		return decode_aspa(data, len, scratch, pdu, reason);
	default:
		return fail(RTR_UNSUPPORTED_PDU_TYPE, reason, "unknown PDU type");
	}
}

enum rtr_error
rtr_payload_check(const struct rtr_pdu *pdu, const char **reason)
{
	const struct aspa *aspa = &pdu->payload.aspa;

	if (pdu->payload.kind == PAYLOAD_VRP && pdu->version >= 2 && prefix_has_host_bits(&pdu->payload.vrp.prefix))
		return corrupt(reason, "host bits set");
	if (pdu->payload.kind != PAYLOAD_ASPA || !pdu->announce)
		return RTR_NO_ERROR;
	if (aspa->provider_count == 0)
		return fail(RTR_ASPA_PROVIDER_LIST, reason, "announced without providers");
	if (aspa->providers[0] == 0 && aspa->provider_count > 1)
		return fail(RTR_ASPA_PROVIDER_LIST, reason, "AS0 among other providers");
	for (uint32_t i = 1; i < aspa->provider_count; i++)
		if (aspa->providers[i] <= aspa->providers[i - 1])
			return fail(RTR_ASPA_PROVIDER_LIST, reason, "providers not ascending");
	return RTR_NO_ERROR;
}

static unsigned char *
put_header(unsigned char *dst, uint8_t version, uint8_t type, uint16_t x, size_t len)
{
	dst[0] = version;
	dst[1] = type;
	be16_store(dst + 2, x);
	be32_store(dst + 4, (uint32_t)len);
	return dst + RTR_HEADER_LEN;
}

unsigned char *
rtr_vrp_encode(unsigned char *dst, uint8_t version, bool announce, const struct vrp *vrp)
{
	bool ipv6 = vrp->prefix.family == FAMILY_IPV6;
	size_t addr_len = ipv6 ? 16 : 4;

	dst = put_header(dst, version, ipv6 ? RTR_IPV6_PREFIX : RTR_IPV4_PREFIX, 0, ipv6 ? IPV6_LEN : IPV4_LEN);
	dst[0] = announce ? FLAG_ANNOUNCE : 0;
	dst[1] = vrp->prefix.len;
	dst[2] = vrp->maxlen;
	dst[3] = 0;
	memcpy(dst + 4, vrp->prefix.addr, addr_len);
	be32_store(dst + 4 + addr_len, vrp->asn);
	return dst + 8 + addr_len;
}

static uint16_t
flags_in_header(const struct rtr_pdu *pdu)
{
	return pdu->announce ? FLAG_ANNOUNCE << 8 : 0;
}

static size_t
put_router_key(unsigned char *dst, const struct rtr_pdu *pdu)
{
	const struct router_key *key = &pdu->payload.key;
	size_t len = ROUTER_KEY_MIN + (size_t)key->spki_len;

	dst = put_header(dst, pdu->version, RTR_ROUTER_KEY, flags_in_header(pdu), len);
	memcpy(dst, key->ski, SKI_LEN);
	be32_store(dst + SKI_LEN, key->asn);
	memcpy(dst + SKI_LEN + 4, key->spki, key->spki_len);
	return len;
}

static size_t
put_aspa(unsigned char *dst, const struct rtr_pdu *pdu)
{
	const struct aspa *aspa = &pdu->payload.aspa;
	size_t count = pdu->announce ? aspa->provider_count : 0;
	size_t len = ASPA_MIN + 4 * count;

	dst = put_header(dst, pdu->version, RTR_ASPA, flags_in_header(pdu), len);
	be32_store(dst, aspa->customer);
	for (size_t i = 0; i < count; i++)
		be32_store(dst + 4 + 4 * i, aspa->providers[i]);
	return len;
}

static size_t
put_end_of_data(unsigned char *dst, const struct rtr_pdu *pdu)
{
	size_t len = pdu->version == 0 ? QUERY_LEN : END_LEN;

	dst = put_header(dst, pdu->version, RTR_END_OF_DATA, pdu->session, len);
	be32_store(dst, pdu->serial);
	if (pdu->version > 0) {
		be32_store(dst + 4, pdu->timers.refresh);
		be32_store(dst + 8, pdu->timers.retry);
		be32_store(dst + 12, pdu->timers.expire);
	}
	return len;
}

/* The most bytes that rtr_pdu_encode() may write for this PDU. */
static size_t
encoded_max(const struct rtr_pdu *pdu)
{
	if (pdu->type == RTR_ROUTER_KEY)
		return ROUTER_KEY_MIN + (size_t)pdu->payload.key.spki_len;
	if (pdu->type == RTR_ASPA)
		return ASPA_MIN + 4 * (size_t)pdu->payload.aspa.provider_count;
	return IPV6_LEN;
}

static int
encode_error_report(struct buf *out, uint8_t version, uint16_t error, const unsigned char *copy, size_t copy_len,
		    const char *text, size_t text_len)
{
	unsigned char *dst;
	size_t len;

	if (text_len > ERROR_TEXT_MAX) {
		text_len = ERROR_TEXT_MAX;
		/* Not in the middle of a UTF-8 sequence. */
		while (text_len && ((unsigned char)text[text_len] & 0xc0) == 0x80)
			text_len--;
	}
	if (copy_len > RTR_PDU_MAX - ERROR_MIN - text_len)
		copy_len = RTR_PDU_MAX - ERROR_MIN - text_len;
	len = ERROR_MIN + copy_len + text_len;
	if (buf_reserve(out, len) < 0)
		return -1;
	dst = put_header((unsigned char *)out->data + out->len, version, RTR_ERROR_REPORT, error, len);
	be32_store(dst, (uint32_t)copy_len);
	dst += 4;
	if (copy_len)
		memcpy(dst, copy, copy_len);
	dst += copy_len;
	be32_store(dst, (uint32_t)text_len);
	if (text_len)
		memcpy(dst + 4, text, text_len);
	out->len += len;
	return 0;
}

int
rtr_error_encode(struct buf *out, uint8_t version, enum rtr_error error, const unsigned char *copy, size_t copy_len,
		 const char *text)
{
	return encode_error_report(out, version, (uint16_t)error, copy, copy ? copy_len : 0, text,
				   text ? strlen(text) : 0);
}

int
rtr_pdu_encode(struct buf *out, const struct rtr_pdu *pdu)
{
	unsigned char *dst;
	size_t len;

	if (pdu->type == RTR_ERROR_REPORT)
		return encode_error_report(out, pdu->version, pdu->error, pdu->copy, pdu->copy_len, pdu->text,
					   pdu->text_len);
	if (buf_reserve(out, encoded_max(pdu)) < 0)
		return -1;
	dst = (unsigned char *)out->data + out->len;
	switch (pdu->type) {
	case RTR_SERIAL_NOTIFY:
	case RTR_SERIAL_QUERY:
		len = QUERY_LEN;
		be32_store(put_header(dst, pdu->version, pdu->type, pdu->session, len), pdu->serial);
		break;
	case RTR_RESET_QUERY:
	case RTR_CACHE_RESET:
		len = RTR_HEADER_LEN;
		put_header(dst, pdu->version, pdu->type, 0, len);
		break;
	case RTR_CACHE_RESPONSE:
		len = RTR_HEADER_LEN;
		put_header(dst, pdu->version, pdu->type, pdu->session, len);
		break;
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
		len = (size_t)(rtr_vrp_encode(dst, pdu->version, pdu->announce, &pdu->payload.vrp) - dst);
		break;
	case RTR_END_OF_DATA:
		len = put_end_of_data(dst, pdu);
		break;
	case RTR_ROUTER_KEY:
		len = put_router_key(dst, pdu);
		break;
	case RTR_ASPA:
		len = put_aspa(dst, pdu);
		break;
	default:
		return -1;
	}
	out->len += len;
	return 0;
}

static int
describe_router_key(struct buf *out, char sign, const struct router_key *key)
{
	if (buf_addf(out, " %c AS%u ", sign, key->asn) < 0 ||
	    buf_reserve(out, 2 * SKI_LEN + 1 + BASE64_LEN((size_t)key->spki_len)) < 0)
		return -1;
	hex_encode(out->data + out->len, key->ski, SKI_LEN);
	out->len += 2 * SKI_LEN;
	out->data[out->len++] = ' ';
	out->len = (size_t)(base64_encode(out->data + out->len, key->spki, key->spki_len) - out->data);
	return 0;
}

static int
describe_aspa(struct buf *out, char sign, const struct aspa *aspa)
{
	if (buf_addf(out, " %c AS%u", sign, aspa->customer) < 0)
		return -1;
	for (uint32_t i = 0; i < aspa->provider_count; i++)
		if (buf_addf(out, "%cAS%u", i ? ',' : ' ', aspa->providers[i]) < 0)
			return -1;
	return 0;
}

static int
describe_payload(struct buf *out, const struct rtr_pdu *pdu)
{
	char sign = pdu->announce ? '+' : '-';
	const struct vrp *vrp = &pdu->payload.vrp;
	char prefix[PREFIX_TEXT_MAX];

	if (pdu->type == RTR_ROUTER_KEY)
		return describe_router_key(out, sign, &pdu->payload.key);
	if (pdu->type == RTR_ASPA)
		return describe_aspa(out, sign, &pdu->payload.aspa);
	*prefix_format(prefix, &vrp->prefix) = '\0';
	return buf_addf(out, " %c %s %u AS%u", sign, prefix, vrp->maxlen, vrp->asn);
}

/* The text comes from a peer: what isn't printable ASCII becomes '?'. */
static int
describe_error_report(struct buf *out, const struct rtr_pdu *pdu)
{
	size_t shown = pdu->copy_len < DESCRIBE_COPY_MAX ? pdu->copy_len : DESCRIBE_COPY_MAX;

	if (buf_addf(out, " %u (%s)", pdu->error, rtr_error_name(pdu->error)) < 0)
		return -1;
	if (pdu->text_len) {
		if (buf_add(out, " \"", 2) < 0 || buf_reserve(out, pdu->text_len + 1) < 0)
			return -1;
		for (size_t i = 0; i < pdu->text_len; i++) {
			char c = pdu->text[i];

			out->data[out->len++] = c >= 0x20 && c <= 0x7e ? c : '?';
		}
		out->data[out->len++] = '"';
	}
	if (pdu->copy_len) {
		if (buf_add(out, " about ", 7) < 0 || buf_reserve(out, 2 * shown) < 0)
			return -1;
		hex_encode(out->data + out->len, pdu->copy, shown);
		out->len += 2 * shown;
		if (shown < pdu->copy_len)
			return buf_addf(out, "... (%zu bytes)", pdu->copy_len);
	}
	return 0;
}

int
rtr_pdu_describe(struct buf *out, const struct rtr_pdu *pdu)
{
	if (buf_addf(out, "v%u %s", pdu->version, rtr_type_name(pdu->type)) < 0)
		return -1;
	switch (pdu->type) {
	case RTR_SERIAL_NOTIFY:
	case RTR_SERIAL_QUERY:
		return buf_addf(out, " session %u serial %u", pdu->session, pdu->serial);
	case RTR_CACHE_RESPONSE:
		return buf_addf(out, " session %u", pdu->session);
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
	case RTR_ROUTER_KEY:
	case RTR_ASPA:
		return describe_payload(out, pdu);
	case RTR_END_OF_DATA:
		if (buf_addf(out, " session %u serial %u", pdu->session, pdu->serial) < 0)
			return -1;
		return pdu->version == 0 ? 0
					 : buf_addf(out, " refresh %u retry %u expire %u", pdu->timers.refresh,
						    pdu->timers.retry, pdu->timers.expire);
	case RTR_ERROR_REPORT:
		return describe_error_report(out, pdu);
	default:
		return 0;
	}
}
