/* SPDX-License-Identifier: ISC */
#include "rtr_session.h"

#include <stdarg.h>
#include <stdio.h>

#include "buf.h"

#define REFUSALS_MAX 3	/* a router that insists on a version we don't speak is closed */

/* One PDU of the router's, whole or as much of it as is needed to refuse it. */
struct received {
	const unsigned char *data;
	size_t len;
	struct rtr_header header;
};

void
rtr_session_init(struct rtr_session *s, struct rtr_cache *cache, const struct rtr_session_io *io, void *ctx)
{
	*s = (struct rtr_session){.cache = cache, .io = io, .ctx = ctx, .notified = INT64_MIN};
	s->max_version = rtr_cache_config(cache)->max_version;
}

void
rtr_session_limit_version(struct rtr_session *s, uint8_t max)
{
	uint8_t highest = rtr_cache_config(s->cache)->max_version;

	s->max_version = max < highest ? max : highest;
}

static enum rtr_session_event VRP_PRINTF(2, 3)
close_session(struct rtr_session *s, const char *fmt, ...)
{
	va_list ap;

	s->state = RTR_SESSION_CLOSED;
	va_start(ap, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
	va_end(ap);
	return RTR_EVENT_CLOSED;
}

static int
send_pdu(struct rtr_session *s, const struct rtr_pdu *pdu)
{
	struct buf out = BUF_INIT;
	int rc = rtr_pdu_encode(&out, pdu);

	if (rc == 0)
		rc = s->io->copy(s->ctx, out.data, out.len);
	buf_release(&out);
	return rc;
}

static int
send_error(struct rtr_session *s, uint8_t version, enum rtr_error error, const struct received *r, const char *text)
{
	struct buf out = BUF_INIT;
	int rc = rtr_error_encode(&out, version, error, r ? r->data : NULL, r ? r->len : 0, text);

	if (rc == 0)
		rc = s->io->copy(s->ctx, out.data, out.len);
	buf_release(&out);
	return rc;
}

/* Report an error in r, which is not an Error Report itself, and end the session. */
static enum rtr_session_event
fail(struct rtr_session *s, uint8_t version, enum rtr_error error, const struct received *r, const char *text)
{
	(void)send_error(s, version, error, r, text);
	return close_session(s, "%s: %s (%s)", rtr_error_name(error), text, rtr_type_name(r->header.type));
}

static enum rtr_session_event
out_of_memory(struct rtr_session *s)
{
	(void)send_error(s, s->version, RTR_INTERNAL_ERROR, NULL, "out of memory");
	return close_session(s, "out of memory");
}

/* Cache Response, image (its reference is taken over), End of Data: one version of the table, whole. */
static enum rtr_session_event
send_response(struct rtr_session *s, struct blob *image, enum rtr_session_event event)
{
	const struct rtr_cache_config *config = rtr_cache_config(s->cache);
	struct rtr_pdu pdu = {
		.version = s->version,
		.type = RTR_CACHE_RESPONSE,
		.session = rtr_cache_session(s->cache, s->version),
		.serial = rtr_cache_serial(s->cache),
	};

	if (send_pdu(s, &pdu) < 0) {
		blob_unref(image);
		return out_of_memory(s);
	}
	if (image->len == 0)
		blob_unref(image);
	else if (s->io->share(s->ctx, image) < 0)
		return close_session(s, "out of memory");
	pdu.type = RTR_END_OF_DATA;
	pdu.timers = config->timers;
	if (send_pdu(s, &pdu) < 0)
		return close_session(s, "out of memory");
	s->told = true;
	s->told_session = pdu.session;
	s->sent_serial = s->answered = pdu.serial;
	return event;
}

static enum rtr_session_event
answer_reset_query(struct rtr_session *s)
{
	struct blob *image = rtr_cache_table(s->cache, s->version);

	return image ? send_response(s, image, RTR_EVENT_TABLE) : out_of_memory(s);
}

/*
 * RFC 8210 section 5.3.  A session ID other than the one that this connection
 * was told means that the router is confused (section 5.1); one from before it
 * connected only means that we can't help it with a delta.
 */
static enum rtr_session_event
answer_serial_query(struct rtr_session *s, const struct received *r, const struct rtr_pdu *pdu)
{
	struct blob *image = NULL;
	int known = 0;

	if (s->told && pdu->session != s->told_session)
		return fail(s, s->version, RTR_CORRUPT_DATA, r, "session ID is not the one of this session");
	if (pdu->session == rtr_cache_session(s->cache, s->version))
		known = rtr_cache_delta(s->cache, s->version, pdu->serial, &image);
	if (known < 0)
		return out_of_memory(s);
	if (known)
		return send_response(s, image, RTR_EVENT_DELTA);
	if (send_pdu(s, &(struct rtr_pdu){.version = s->version, .type = RTR_CACHE_RESET}) < 0)
		return out_of_memory(s);
	/* It will ask for the table now: no need to tell it that there is one. */
	s->sent_serial = rtr_cache_serial(s->cache);
	return RTR_EVENT_RESET;
}

static enum rtr_session_event
take_query(struct rtr_session *s, const struct received *r)
{
	const char *reason = "malformed query";
	struct rtr_pdu pdu;
	enum rtr_error error = rtr_pdu_decode(r->data, r->len, NULL, &pdu, &reason);

	if (error != RTR_NO_ERROR)
		return fail(s, r->header.version, error, r, reason);
	if (s->state == RTR_SESSION_NEW) {
		s->state = RTR_SESSION_ESTABLISHED;
		s->version = r->header.version;
	}
	s->queries++;
	if (!rtr_cache_has_data(s->cache)) {
		if (send_error(s, s->version, RTR_NO_DATA_AVAILABLE, r, "no data yet") < 0)
			return close_session(s, "out of memory");
		return RTR_EVENT_NO_DATA;
	}
	return pdu.type == RTR_RESET_QUERY ? answer_reset_query(s) : answer_serial_query(s, r, &pdu);
}

/* Never answered, not even when malformed (RFC 8210 section 5.11). */
static enum rtr_session_event
take_error_report(struct rtr_session *s, const struct received *r)
{
	const char *reason;
	struct rtr_pdu pdu;

	if (r->len != r->header.len || rtr_pdu_decode(r->data, r->len, NULL, &pdu, &reason) != RTR_NO_ERROR)
		return close_session(s, "router sent a malformed Error Report");
	return close_session(s, "router reported %s%s%.*s", rtr_error_name(pdu.error), pdu.text_len ? ": " : "",
			     (int)(pdu.text_len < 100 ? pdu.text_len : 100), pdu.text_len ? pdu.text : "");
}

/*
 * RFC 8210 section 7 and 8210bis section 7: an Error Report with our own
 * highest version, after which the router may ask again in that one.
 */
static enum rtr_session_event
refuse_version(struct rtr_session *s, const struct received *r)
{
	uint8_t highest = s->max_version;

	if (++s->refusals >= REFUSALS_MAX)
		return fail(s, highest, RTR_UNSUPPORTED_VERSION, r, "unsupported version, again");
	if (send_error(s, highest, RTR_UNSUPPORTED_VERSION, r, "unsupported version") < 0)
		return close_session(s, "out of memory");
	return RTR_EVENT_REFUSED;
}

static enum rtr_session_event
take_pdu(struct rtr_session *s, const struct received *r)
{
	const struct rtr_header *h = &r->header;

	if (h->type == RTR_ERROR_REPORT)
		return take_error_report(s, r);
	if (s->state == RTR_SESSION_ESTABLISHED && h->version != s->version)
		return fail(s, s->version, s->version ? RTR_UNEXPECTED_VERSION : RTR_INVALID_REQUEST, r,
			    "version changed within the session");
	if (h->version > s->max_version)
		return refuse_version(s, r);
	switch (h->type) {
	case RTR_SERIAL_QUERY:
	case RTR_RESET_QUERY:
		return take_query(s, r);
	case RTR_ROUTER_KEY:
	case RTR_ASPA:
		if (h->version < (h->type == RTR_ASPA ? 2 : 1))
			return fail(s, h->version, RTR_UNSUPPORTED_PDU_TYPE, r, "PDU type not of this version");
		VRP_FALLTHROUGH;
	case RTR_SERIAL_NOTIFY:
	case RTR_CACHE_RESPONSE:
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
	case RTR_END_OF_DATA:
	case RTR_CACHE_RESET:
		return fail(s, h->version, RTR_INVALID_REQUEST, r, "only a cache sends this");
	default:
		return fail(s, h->version, RTR_UNSUPPORTED_PDU_TYPE, r, "unknown PDU type");
	}
}

/* A length that no PDU has: refused by its header, before any of it is waited for. */
static enum rtr_session_event
refuse_length(struct rtr_session *s, const struct received *r)
{
	uint8_t highest = s->max_version;
	uint8_t version = s->state == RTR_SESSION_ESTABLISHED ? s->version
			  : r->header.version < highest	      ? r->header.version
							      : highest;

	if (r->header.type == RTR_ERROR_REPORT)
		return take_error_report(s, r);
	return fail(s, version, RTR_CORRUPT_DATA, r, "bad PDU length");
}

size_t
rtr_session_take(struct rtr_session *s, const unsigned char *data, size_t len, enum rtr_session_event *event)
{
	struct received r = {.data = data, .len = len};

	*event = RTR_EVENT_NONE;
	if (s->state == RTR_SESSION_CLOSED || len < RTR_HEADER_LEN)
		return 0;
	r.header = rtr_header_decode(data);
	if (r.header.len < RTR_HEADER_LEN || r.header.len > RTR_PDU_MAX) {
		r.len = RTR_HEADER_LEN;
		*event = refuse_length(s, &r);
		return RTR_HEADER_LEN;
	}
	if (len < r.header.len)
		return 0;
	r.len = r.header.len;
	*event = take_pdu(s, &r);
	return r.len;
}

bool
rtr_session_notify(struct rtr_session *s, int64_t now, int64_t interval)
{
	struct rtr_pdu pdu = {.version = s->version, .type = RTR_SERIAL_NOTIFY};

	if (s->state != RTR_SESSION_ESTABLISHED || !rtr_cache_has_data(s->cache) ||
	    s->sent_serial == rtr_cache_serial(s->cache))
		return false;
	if (s->notified != INT64_MIN && now - s->notified < interval)
		return false;
	pdu.session = rtr_cache_session(s->cache, s->version);
	pdu.serial = rtr_cache_serial(s->cache);
	if (send_pdu(s, &pdu) < 0) {
		close_session(s, "out of memory");
		return false;
	}
	s->notified = now;
	s->sent_serial = pdu.serial;
	return true;
}

void
rtr_session_shutdown(struct rtr_session *s)
{
	if (s->state == RTR_SESSION_ESTABLISHED && s->version >= 2)
		(void)send_error(s, s->version, RTR_CACHE_SHUTDOWN, NULL, "cache shuts down");
	if (s->state != RTR_SESSION_CLOSED)
		close_session(s, "shut down");
}
