/* SPDX-License-Identifier: ISC */
/*
 * What the router's machine makes of the bytes of a cache: PDUs cut out of the
 * stream, and one handler for each type.
 */
#include "rtr_client_internal.h"

#include <stdio.h>

/* A response of max_records prefixes has less; router keys and ASPAs are bounded by it too. */
#define BYTES_PER_RECORD 64

/* After No Data Available, 8210bis section 8.4 asks for patience. */
#define NO_DATA_WAIT_MIN 60

/* Is the version of this PDU, not an Error Report, fine?  May settle the version; false when the session is over. */
static bool
settle_version(struct rtr_client *c, const struct rtr_header *h, const unsigned char *data, size_t len)
{
	char text[96];

	if (h->version == c->version) {
		c->negotiated |= h->type == RTR_CACHE_RESPONSE || h->type == RTR_CACHE_RESET;
		return true;
	}
	if (c->negotiated) {
		snprintf(text, sizeof(text), "version %u in a session of version %u", h->version, c->version);
		client_fatal(c, RTR_UNEXPECTED_VERSION, data, len, DOUBTFUL, text);
		return false;
	}
	snprintf(text, sizeof(text), "cache answers in version %u", h->version);
	if (h->version > c->version || h->version < c->config.min_version ||
	    (h->type != RTR_CACHE_RESPONSE && h->type != RTR_CACHE_RESET)) {
		client_fatal(c, RTR_UNSUPPORTED_VERSION, data, len, DOUBTFUL, text);
		return false;
	}
	/* Session and serial of a table belong to one version; a delta to it can't come in another. */
	if (c->state == RTR_CLIENT_SYNC && !c->any_version) {
		client_reconnect_at(c, h->version, text);
		return false;
	}
	c->version = h->version;
	c->negotiated = true;
	client_move(c, c->state, "%s, so be it", text);
	return true;
}

static void
on_cache_response(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	bool reset = c->state == RTR_CLIENT_RESET;

	if ((!reset && c->state != RTR_CLIENT_SYNC) || c->receiving) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "not asked for");
		return;
	}
	if (!reset && pdu->session != c->session) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not the one asked about");
		return;
	}
	if (rtr_response_begin(&c->response, c->config.names, reset) < 0) {
		client_out_of_memory(c);
		return;
	}
	c->receiving = true;
	c->response_session = pdu->session;
	if (reset)
		client_move(c, RTR_CLIENT_SYNC, "Cache Response of session %u", pdu->session);
}

/* Only seen in versions 0 and 1: version 2 forbids them. */
static void
clear_host_bits(struct rtr_client *c, struct payload *p)
{
	char text[PREFIX_TEXT_MAX];

	if (p->kind != PAYLOAD_VRP || !prefix_has_host_bits(&p->vrp.prefix))
		return;
	if (c->host_bits++ == 0) {
		*prefix_format(text, &p->vrp.prefix) = '\0';
		client_warn(c, "%s AS%u: host bits set, cleared", text, p->vrp.asn);
	}
	prefix_clear_host_bits(&p->vrp.prefix);
}

static void
on_payload(struct rtr_client *c, struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	const char *reason;
	enum rtr_error error;

	if (!c->receiving) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "outside of a response");
		return;
	}
	error = rtr_payload_check(pdu, &reason);
	if (error == RTR_NO_ERROR && !pdu->announce && !c->response.withdrawn) {
		error = RTR_CORRUPT_DATA;
		reason = "withdrawal in the answer to a Reset Query";
	}
	if (error != RTR_NO_ERROR) {
		client_fatal(c, error, data, len, DOUBTFUL, reason);
		return;
	}
	clear_host_bits(c, &pdu->payload);
	c->response_bytes += len;
	if (rtr_response_count(&c->response) >= c->config.max_records ||
	    c->response_bytes / BYTES_PER_RECORD >= c->config.max_records) {
		char text[64];

		snprintf(text, sizeof(text), "response is larger than %zu records", c->config.max_records);
		client_fatal(c, RTR_INTERNAL_ERROR, NULL, 0, DOUBTFUL, text);
		return;
	}
	if (rtr_response_add(&c->response, pdu) < 0)
		client_out_of_memory(c);
}

/* The copy of a PDU that is long gone, made again from its record. */
static void
fatal_about(struct rtr_client *c, enum rtr_error error, const struct rtr_result *result)
{
	static const uint8_t types[] = {
		[PAYLOAD_VRP] = RTR_IPV4_PREFIX, [PAYLOAD_ROUTER_KEY] = RTR_ROUTER_KEY, [PAYLOAD_ASPA] = RTR_ASPA};
	struct rtr_pdu pdu = {
		.version = c->version,
		.announce = error == RTR_DUPLICATE_ANNOUNCEMENT,
		.payload = result->culprit,
	};
	struct buf copy = BUF_INIT;

	pdu.type = types[result->culprit.kind];
	if (result->has_culprit && rtr_pdu_encode(&copy, &pdu) == 0)
		client_fatal(c, error, (const unsigned char *)copy.data, copy.len, DOUBTFUL, result->err.msg);
	else
		client_fatal(c, error, NULL, 0, DOUBTFUL, result->err.msg);
	buf_release(&copy);
}

static void
take_timers(struct rtr_client *c, const struct rtr_pdu *pdu)
{
	const char *wrong = pdu->version > 0 ? rtr_timers_check(&pdu->timers) : NULL;

	client_hold_timers(c, pdu->version > 0 && !wrong ? &pdu->timers : &c->config.timers);
	if (wrong)
		client_warn(c, "End of Data: %s, timers ignored", wrong);
}

static void
commit(struct rtr_client *c, const struct rtr_pdu *pdu, struct rtr_result *result, bool reset, size_t records)
{
	struct rtr_client_update update;

	if (result->set) {
		vrpset_unref(c->set);
		c->set = vrpset_ref(result->set);
	}
	c->have_serial = true;
	c->any_version = false;
	c->data_version = c->version;
	c->session = pdu->session;
	c->serial = pdu->serial;
	take_timers(c, pdu);
	if (c->host_bits > 1)
		client_warn(c, "%zu prefixes had host bits set", c->host_bits);
	c->expires = client_after_seconds(c, c->timers.expire);
	c->wake = client_after_seconds(c, c->timers.refresh);
	client_end_response(c);
	client_move(c, RTR_CLIENT_ESTABLISHED, "%s of session %u, serial %u: %zu records", reset ? "table" : "delta",
		    c->session, c->serial, records);
	update = (struct rtr_client_update){
		.version = c->version,
		.session = c->session,
		.serial = c->serial,
		.timers = c->timers,
		.set = c->set,
		.delta = reset ? NULL : &result->delta,
	};
	if (c->config.ops->update)
		c->config.ops->update(c->config.ctx, &update);
	if (c->notified && rtr_serial_older(c->serial, c->notified_serial))
		client_send_query(c, "a Notify came meanwhile");
}

static void
on_end_of_data(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	struct rtr_result result;
	enum rtr_error error;
	size_t records;
	bool reset;

	if (!c->receiving) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "outside of a response");
		return;
	}
	if (pdu->session != c->response_session) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not that of the Cache Response");
		return;
	}
	reset = !c->response.withdrawn;
	if (!reset && pdu->serial != c->serial && !rtr_serial_older(c->serial, pdu->serial)) {
		client_query_anew(c, "serial went backwards");
		return;
	}
	if (!reset && c->base_lost) {
		client_query_anew(c, "the table has expired before the delta to it came");
		return;
	}
	records = rtr_response_count(&c->response);
	error = rtr_response_finish(&c->response, c->set, &result);
	if (error != RTR_NO_ERROR)
		fatal_about(c, error, &result);
	else
		commit(c, pdu, &result, reset, records);
	rtr_result_release(&result);
}

static void
on_cache_reset(struct rtr_client *c, const unsigned char *data, size_t len)
{
	if (c->state != RTR_CLIENT_SYNC || c->receiving) {
		client_fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "not in answer to a Serial Query");
		return;
	}
	client_query_anew(c, "Cache Reset: no delta from our serial");
}

/* Version settled.  In state RESET the session is not known, so that nothing can be said about the Notify's. */
static void
on_notify(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	switch (c->state) {
	case RTR_CLIENT_ESTABLISHED:
	case RTR_CLIENT_SYNC:
		if (pdu->session != (c->receiving ? c->response_session : c->session)) {
			client_fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not that of the session");
		} else if (c->state == RTR_CLIENT_SYNC) {
			c->notified = true;
			c->notified_serial = pdu->serial;
		} else if (pdu->serial != c->serial) {
			client_send_query(c, "Serial Notify");
		}
		break;
	case RTR_CLIENT_NO_DATA:
		client_send_query(c, "Serial Notify");
		break;
	default:
		break;
	}
}

/* Error Report 4: C is the cache's highest version, if it is honest.  Some repeat ours, or say 255. */
static void
on_version_refused(struct rtr_client *c, uint8_t highest, const char *text)
{
	if (highest < c->version && highest >= c->config.min_version)
		client_reconnect_at(c, highest, text);
	else if (highest >= c->version && c->version > c->config.min_version)
		client_reconnect_at(c, (uint8_t)(c->version - 1), text);
	else
		client_fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
}

static void
on_error_report(struct rtr_client *c, const struct rtr_pdu *pdu)
{
	char text[sizeof(c->reason)];
	int n = snprintf(text, sizeof(text), "cache sent Error Report %u (%s)", pdu->error, rtr_error_name(pdu->error));

	if (pdu->text_len && n > 0)
		snprintf(text + n, sizeof(text) - (size_t)n, ": %.*s", (int)pdu->text_len, pdu->text);
	/* The text is a stranger's: it must not forge lines of a log or drive a terminal. */
	for (char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';

	if (!c->negotiated && pdu->error == RTR_UNSUPPORTED_VERSION) {
		on_version_refused(c, pdu->version, text);
		return;
	}
	if (!c->negotiated && pdu->version < c->version && pdu->version >= c->config.min_version)
		c->version = pdu->version;
	if (pdu->version != c->version) {
		client_fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
	} else if (pdu->error == RTR_CORRUPT_DATA && c->state == RTR_CLIENT_SYNC && !c->negotiated && !c->any_version) {
		/* StayRTR says so of a session that it doesn't know any more: the query was at fault and not the data. */
		client_forget_serial(c);
		client_reconnect_at(c, c->version, text);
	} else if (pdu->error == RTR_NO_DATA_AVAILABLE) {
		uint32_t wait = c->timers.retry > NO_DATA_WAIT_MIN ? c->timers.retry : NO_DATA_WAIT_MIN;

		c->negotiated = true;
		client_forget_serial(c);
		client_give_up(c, RTR_CLIENT_NO_DATA, wait, text);
	} else if (pdu->error == RTR_CACHE_RESTART && c->version >= 2) {
		client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, text);
	} else if (pdu->error == RTR_CACHE_SHUTDOWN && c->version >= 2) {
		client_hold_timers(c, &c->config.timers);
		client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, text);
		client_flush_table(c, false, text);
	} else {
		client_fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
	}
}

static void
on_pdu(struct rtr_client *c, const unsigned char *data, size_t len)
{
	struct rtr_header h = rtr_header_decode(data);
	const char *reason;
	struct rtr_pdu pdu;
	enum rtr_error error;

	if (c->config.ops->pdu)
		c->config.ops->pdu(c->config.ctx, false, data, len);
	/* RFC 8210 section 7: not even its version counts before the version is settled. */
	if (h.type == RTR_SERIAL_NOTIFY && !c->negotiated)
		return;
	c->answered = true;
	error = rtr_pdu_decode(data, len, &c->scratch, &pdu, &reason);
	if (h.type == RTR_ERROR_REPORT) {
		if (error == RTR_NO_ERROR)
			on_error_report(c, &pdu);
		else
			client_fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, "cache sent a malformed Error Report");
		return;
	}
	if (!settle_version(c, &h, data, len))
		return;
	if (error != RTR_NO_ERROR) {
		client_fatal(c, error, data, len, DOUBTFUL, reason);
		return;
	}
	switch (pdu.type) {
	case RTR_CACHE_RESPONSE:
		on_cache_response(c, &pdu, data, len);
		break;
	case RTR_IPV4_PREFIX:
	case RTR_IPV6_PREFIX:
	case RTR_ROUTER_KEY:
	case RTR_ASPA:
		on_payload(c, &pdu, data, len);
		break;
	case RTR_END_OF_DATA:
		on_end_of_data(c, &pdu, data, len);
		break;
	case RTR_CACHE_RESET:
		on_cache_reset(c, data, len);
		break;
	case RTR_SERIAL_NOTIFY:
		on_notify(c, &pdu, data, len);
		break;
	default:
		client_fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "only routers send this");
		break;
	}
}

/* The length of the PDU that begins at data, 0 as long as it isn't known; false when there can't be such a PDU. */
static bool
pdu_length(struct rtr_client *c, const unsigned char *data, size_t have, size_t *len)
{
	*len = 0;
	if (have < RTR_HEADER_LEN)
		return true;
	*len = rtr_header_decode(data).len;
	if (*len >= RTR_HEADER_LEN && *len <= RTR_PDU_MAX)
		return true;
	if (c->config.ops->pdu)
		c->config.ops->pdu(c->config.ctx, false, data, RTR_HEADER_LEN);
	c->answered = true;
	client_fatal(c, data[1] == RTR_ERROR_REPORT ? RTR_NO_ERROR : RTR_CORRUPT_DATA, data, RTR_HEADER_LEN, DOUBTFUL,
		     "impossible length in a header");
	return false;
}

/* Complete the PDU whose beginning is in c->in.  Returns how many bytes that took. */
static size_t
top_up(struct rtr_client *c, const unsigned char *data, size_t len)
{
	size_t taken = 0;

	for (;;) {
		size_t want, n;

		if (!pdu_length(c, (const unsigned char *)c->in.data, c->in.len, &want))
			return taken;
		if (want && c->in.len == want)
			break;
		n = (want ? want : RTR_HEADER_LEN) - c->in.len;
		if (n > len - taken)
			n = len - taken;
		if (n == 0)
			return taken;
		if (buf_add(&c->in, data + taken, n) < 0) {
			client_out_of_memory(c);
			return taken;
		}
		taken += n;
	}
	on_pdu(c, (const unsigned char *)c->in.data, c->in.len);
	buf_reset(&c->in);
	return taken;
}

void
rtr_client_receive(struct rtr_client *c, int64_t now, const void *data, size_t len)
{
	const unsigned char *p = data, *end = p + len;
	size_t n;

	c->now = now;
	if (c->idle_due != NEVER && len)
		c->idle_due = now + c->config.idle_timeout;
	if (c->in.len && rtr_client_need(c) == RTR_NEED_IO)
		p += top_up(c, p, len);
	while (p < end && c->in.len == 0 && rtr_client_need(c) == RTR_NEED_IO) {
		if (!pdu_length(c, p, (size_t)(end - p), &n))
			return;
		if (n == 0 || n > (size_t)(end - p)) {
			if (buf_add(&c->in, p, (size_t)(end - p)) < 0)
				client_out_of_memory(c);
			return;
		}
		on_pdu(c, p, n);
		p += n;
	}
}
