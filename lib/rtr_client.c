/* SPDX-License-Identifier: ISC */
/*
 * One machine with explicit states (rtr_client.h).  Input enters through the
 * functions at the end; every step between states goes through move(), every
 * violation of the protocol through fatal().
 *
 * Versions only go down while they are negotiated: because the cache says so
 * in an Error Report 4 or answers in a lower one, or because it closes without
 * any answer.  Each attempt after the first takes a new connection, since some
 * caches close the old one and some don't.
 */
#include "rtr_client.h"

#include <stdarg.h>
#include <stdio.h>

#include "rtr_response.h"

/* A response of max_records prefixes has less; router keys and ASPAs are bounded by it too. */
#define BYTES_PER_RECORD 64

/* After No Data Available, 8210bis section 8.4 asks for patience. */
#define NO_DATA_WAIT_MIN 60

/* What an ESTABLISHED or waiting client waits for when nothing else is due. */
#define NEVER INT64_MAX

struct rtr_client {
	struct rtr_client_config config;
	enum rtr_client_state state;
	char reason[256];
	int64_t now;		/* of the call under way */

	/* The connection. */
	bool connected;
	bool answered;		/* something came that wasn't a Notify */
	bool negotiated;	/* the version is agreed on */
	uint8_t version;	/* agreed on, or tried */
	struct buf in;		/* a PDU that is not whole yet */
	struct buf out;

	/* The data: what the next Serial Query is about. */
	bool have_serial;
	bool any_version;	/* resumed: the caller vouches for session and serial, whatever the version */
	uint8_t data_version;
	uint16_t session;
	uint32_t serial;
	struct vrpset *set;
	struct rtr_timers timers;
	int64_t expires;

	/* The query under way. */
	bool receiving;			/* its Cache Response was seen */
	uint16_t response_session;
	struct rtr_response response;
	size_t response_bytes;
	size_t host_bits;		/* prefixes that had some */
	int64_t answer_due;
	int64_t idle_due;
	bool notified;			/* a Notify came meanwhile */
	uint32_t notified_serial;

	int64_t wake;		/* refresh or retry */
	struct rtr_scratch scratch;
};

static const char *const state_names[] = {
	[RTR_CLIENT_CONNECTING] = "CONNECTING",
	[RTR_CLIENT_RESET] = "RESET",
	[RTR_CLIENT_SYNC] = "SYNC",
	[RTR_CLIENT_ESTABLISHED] = "ESTABLISHED",
	[RTR_CLIENT_FAST_RECONNECT] = "FAST_RECONNECT",
	[RTR_CLIENT_NO_DATA] = "ERROR_NO_DATA_AVAILABLE",
	[RTR_CLIENT_NO_INCREMENTAL] = "ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE",
	[RTR_CLIENT_FATAL] = "ERROR_FATAL",
	[RTR_CLIENT_TRANSPORT] = "ERROR_TRANSPORT",
	[RTR_CLIENT_SHUTDOWN] = "SHUTDOWN",
};

const char *
rtr_client_state_name(enum rtr_client_state state)
{
	return state < ARRAY_LEN(state_names) ? state_names[state] : "unknown";
}

static void VRP_PRINTF(3, 4)
move(struct rtr_client *c, enum rtr_client_state to, const char *fmt, ...)
{
	enum rtr_client_state from = c->state;
	char reason[sizeof(c->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	memcpy(c->reason, reason, sizeof(reason));
	c->state = to;
	if (c->config.ops->state)
		c->config.ops->state(c->config.ctx, from, to, c->reason);
}

static void VRP_PRINTF(2, 3)
warn(struct rtr_client *c, const char *fmt, ...)
{
	char text[sizeof(c->reason)];
	va_list ap;

	if (!c->config.ops->warning)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->config.ops->warning(c->config.ctx, text);
}

static int64_t
after_seconds(const struct rtr_client *c, uint32_t seconds)
{
	return c->now + (int64_t)seconds * 1000;
}

/* The next query will be a Reset Query; the table stays until it expires. */
static void
forget_serial(struct rtr_client *c)
{
	c->have_serial = false;
	c->any_version = false;
}

static void
flush_table(struct rtr_client *c, const char *reason)
{
	forget_serial(c);
	c->expires = NEVER;
	if (!c->set)
		return;
	vrpset_unref(c->set);
	c->set = NULL;
	if (c->config.ops->flush)
		c->config.ops->flush(c->config.ctx, reason);
}

static void
end_response(struct rtr_client *c)
{
	rtr_response_release(&c->response);
	c->receiving = false;
	c->response_bytes = 0;
	c->host_bits = 0;
	c->answer_due = NEVER;
	c->idle_due = NEVER;
}

/* To one of the states that wait before the next attempt. */
static void
give_up(struct rtr_client *c, enum rtr_client_state to, uint32_t wait, const char *reason)
{
	end_response(c);
	c->wake = after_seconds(c, wait);
	move(c, to, "%s", reason);
}

static void
out_of_memory(struct rtr_client *c)
{
	give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, "out of memory");
}

/* Tell of what was appended to the output from `from` on. */
static void
sent(struct rtr_client *c, size_t from)
{
	if (c->config.ops->pdu)
		c->config.ops->pdu(c->config.ctx, true, (const unsigned char *)c->out.data + from, c->out.len - from);
}

/* What a broken protocol does to the table. */
enum damage {
	DOUBTFUL,	/* version 2 drops it, versions 0 and 1 keep it until it expires */
	VOID,
};

/*
 * The session is over because one side broke the protocol.  data is the PDU
 * at fault, copied into an Error Report; error is RTR_NO_ERROR where the cache
 * itself reported it, which is never answered (RFC 8210 section 5.11).
 */
static void
fatal(struct rtr_client *c, enum rtr_error error, const unsigned char *data, size_t len, enum damage damage,
      const char *reason)
{
	size_t from = c->out.len;
	char text[sizeof(c->reason)];

	if (error == RTR_NO_ERROR) {
		snprintf(text, sizeof(text), "%s", reason);
	} else {
		enum rtr_error code = rtr_error_for_version(c->version, error);

		if (rtr_error_encode(&c->out, c->version, code, data, len, reason) == 0)
			sent(c, from);
		snprintf(text, sizeof(text), "%s%s%s (Error Report %u sent)",
			 data && len >= RTR_HEADER_LEN ? rtr_type_name(data[1]) : "",
			 data && len >= RTR_HEADER_LEN ? ": " : "", reason, (unsigned)code);
	}
	give_up(c, RTR_CLIENT_FATAL, c->timers.retry, text);
	if (damage == VOID || c->version >= 2)
		flush_table(c, text);
	else
		forget_serial(c);
}

static void
send_query(struct rtr_client *c, const char *reason)
{
	bool serial = c->have_serial && (c->any_version || c->data_version == c->version);
	struct rtr_pdu query = {
		.version = c->version,
		.type = serial ? RTR_SERIAL_QUERY : RTR_RESET_QUERY,
		.session = c->session,
		.serial = c->serial,
	};
	size_t from = c->out.len;

	if (rtr_pdu_encode(&c->out, &query) < 0) {
		out_of_memory(c);
		return;
	}
	sent(c, from);
	c->notified = false;
	c->answer_due = c->now + c->config.answer_timeout;
	c->idle_due = c->now + c->config.idle_timeout;
	move(c, serial ? RTR_CLIENT_SYNC : RTR_CLIENT_RESET, "%s", reason);
}

static void
query_anew(struct rtr_client *c, const char *why)
{
	end_response(c);
	move(c, RTR_CLIENT_NO_INCREMENTAL, "%s", why);
	forget_serial(c);
	send_query(c, "asking for the whole table");
}

static void
reconnect_at(struct rtr_client *c, uint8_t version, const char *why)
{
	end_response(c);
	c->version = version;
	move(c, RTR_CLIENT_FAST_RECONNECT, "%s, trying version %u", why, version);
}

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
		fatal(c, RTR_UNEXPECTED_VERSION, data, len, DOUBTFUL, text);
		return false;
	}
	snprintf(text, sizeof(text), "cache answers in version %u", h->version);
	if (h->version > c->version || h->version < c->config.min_version ||
	    (h->type != RTR_CACHE_RESPONSE && h->type != RTR_CACHE_RESET)) {
		fatal(c, RTR_UNSUPPORTED_VERSION, data, len, DOUBTFUL, text);
		return false;
	}
	/* Session and serial of a table belong to one version; a delta to it can't come in another. */
	if (c->state == RTR_CLIENT_SYNC && !c->any_version) {
		reconnect_at(c, h->version, text);
		return false;
	}
	c->version = h->version;
	c->negotiated = true;
	move(c, c->state, "%s, so be it", text);
	return true;
}

static void
on_cache_response(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	bool reset = c->state == RTR_CLIENT_RESET;

	if ((!reset && c->state != RTR_CLIENT_SYNC) || c->receiving) {
		fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "not asked for");
		return;
	}
	if (!reset && pdu->session != c->session) {
		fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not the one asked about");
		return;
	}
	if (rtr_response_begin(&c->response, c->config.names, reset) < 0) {
		out_of_memory(c);
		return;
	}
	c->receiving = true;
	c->response_session = pdu->session;
	if (reset)
		move(c, RTR_CLIENT_SYNC, "Cache Response of session %u", pdu->session);
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
		warn(c, "%s AS%u: host bits set, cleared", text, p->vrp.asn);
	}
	prefix_clear_host_bits(&p->vrp.prefix);
}

static void
on_payload(struct rtr_client *c, struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	const char *reason;
	enum rtr_error error;

	if (!c->receiving) {
		fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "outside of a response");
		return;
	}
	error = rtr_payload_check(pdu, &reason);
	if (error == RTR_NO_ERROR && !pdu->announce && !c->response.withdrawn) {
		error = RTR_CORRUPT_DATA;
		reason = "withdrawal in the answer to a Reset Query";
	}
	if (error != RTR_NO_ERROR) {
		fatal(c, error, data, len, DOUBTFUL, reason);
		return;
	}
	clear_host_bits(c, &pdu->payload);
	c->response_bytes += len;
	if (rtr_response_count(&c->response) >= c->config.max_records ||
	    c->response_bytes / BYTES_PER_RECORD >= c->config.max_records) {
		char text[64];

		snprintf(text, sizeof(text), "response is larger than %zu records", c->config.max_records);
		fatal(c, RTR_INTERNAL_ERROR, NULL, 0, DOUBTFUL, text);
		return;
	}
	if (rtr_response_add(&c->response, pdu) < 0)
		out_of_memory(c);
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
		fatal(c, error, (const unsigned char *)copy.data, copy.len, DOUBTFUL, result->err.msg);
	else
		fatal(c, error, NULL, 0, DOUBTFUL, result->err.msg);
	buf_release(&copy);
}

static void
take_timers(struct rtr_client *c, const struct rtr_pdu *pdu)
{
	const char *wrong = pdu->version > 0 ? rtr_timers_check(&pdu->timers) : NULL;

	c->timers = pdu->version > 0 && !wrong ? pdu->timers : c->config.timers;
	if (wrong)
		warn(c, "End of Data: %s, timers ignored", wrong);
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
		warn(c, "%zu prefixes had host bits set", c->host_bits);
	c->expires = after_seconds(c, c->timers.expire);
	c->wake = after_seconds(c, c->timers.refresh);
	end_response(c);
	move(c, RTR_CLIENT_ESTABLISHED, "%s of session %u, serial %u: %zu records", reset ? "table" : "delta",
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
		send_query(c, "a Notify came meanwhile");
}

static void
on_end_of_data(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	struct rtr_result result;
	enum rtr_error error;
	size_t records;
	bool reset;

	if (!c->receiving) {
		fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "outside of a response");
		return;
	}
	if (pdu->session != c->response_session) {
		fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not that of the Cache Response");
		return;
	}
	reset = !c->response.withdrawn;
	if (!reset && pdu->serial != c->serial && !rtr_serial_older(c->serial, pdu->serial)) {
		query_anew(c, "serial went backwards");
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
		fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "not in answer to a Serial Query");
		return;
	}
	query_anew(c, "Cache Reset: no delta from our serial");
}

/* Version settled.  In state RESET the session is not known, so that nothing can be said about the Notify's. */
static void
on_notify(struct rtr_client *c, const struct rtr_pdu *pdu, const unsigned char *data, size_t len)
{
	switch (c->state) {
	case RTR_CLIENT_ESTABLISHED:
	case RTR_CLIENT_SYNC:
		if (pdu->session != (c->receiving ? c->response_session : c->session)) {
			fatal(c, RTR_CORRUPT_DATA, data, len, VOID, "session ID is not that of the session");
		} else if (c->state == RTR_CLIENT_SYNC) {
			c->notified = true;
			c->notified_serial = pdu->serial;
		} else if (pdu->serial != c->serial) {
			send_query(c, "Serial Notify");
		}
		break;
	case RTR_CLIENT_NO_DATA:
		send_query(c, "Serial Notify");
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
		reconnect_at(c, highest, text);
	else if (highest >= c->version && c->version > c->config.min_version)
		reconnect_at(c, (uint8_t)(c->version - 1), text);
	else
		fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
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
		fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
	} else if (pdu->error == RTR_NO_DATA_AVAILABLE) {
		uint32_t wait = c->timers.retry > NO_DATA_WAIT_MIN ? c->timers.retry : NO_DATA_WAIT_MIN;

		c->negotiated = true;
		forget_serial(c);
		give_up(c, RTR_CLIENT_NO_DATA, wait, text);
	} else if (pdu->error == RTR_CACHE_RESTART && c->version >= 2) {
		give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, text);
	} else if (pdu->error == RTR_CACHE_SHUTDOWN && c->version >= 2) {
		give_up(c, RTR_CLIENT_TRANSPORT, c->config.timers.retry, text);
		flush_table(c, text);
	} else {
		fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, text);
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
			fatal(c, RTR_NO_ERROR, NULL, 0, DOUBTFUL, "cache sent a malformed Error Report");
		return;
	}
	if (!settle_version(c, &h, data, len))
		return;
	if (error != RTR_NO_ERROR) {
		fatal(c, error, data, len, DOUBTFUL, reason);
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
		fatal(c, RTR_CORRUPT_DATA, data, len, DOUBTFUL, "only routers send this");
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
	fatal(c, data[1] == RTR_ERROR_REPORT ? RTR_NO_ERROR : RTR_CORRUPT_DATA, data, RTR_HEADER_LEN, DOUBTFUL,
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
			out_of_memory(c);
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
				out_of_memory(c);
			return;
		}
		on_pdu(c, p, n);
		p += n;
	}
}

void
rtr_client_connected(struct rtr_client *c, int64_t now)
{
	c->now = now;
	if (c->state != RTR_CLIENT_CONNECTING)
		return;
	c->connected = true;
	c->answered = false;
	c->negotiated = false;
	buf_reset(&c->in);
	buf_reset(&c->out);
	send_query(c, "connected");
}

static void
on_lost(struct rtr_client *c, const char *reason)
{
	bool version_known = c->have_serial && !c->any_version;
	bool silent = !c->answered && c->in.len == 0 && !version_known;
	char text[sizeof(c->reason)];

	/* A cache that knows only older versions may just close (RFC 8210 section 7). */
	if (silent && c->version > c->config.min_version) {
		reconnect_at(c, (uint8_t)(c->version - 1), "cache closed the connection without an answer");
		move(c, RTR_CLIENT_CONNECTING, "connecting again");
		return;
	}
	if (c->receiving)
		snprintf(text, sizeof(text), "%s before End of Data, after %zu records",
			 reason ? reason : "cache closed the connection", rtr_response_count(&c->response));
	else if (c->state == RTR_CLIENT_RESET || c->state == RTR_CLIENT_SYNC)
		snprintf(text, sizeof(text), "%s without an answer", reason ? reason : "cache closed the connection");
	else
		snprintf(text, sizeof(text), "%s", reason ? reason : "cache closed the connection");
	give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, text);
}

void
rtr_client_closed(struct rtr_client *c, int64_t now, const char *reason)
{
	c->now = now;
	c->connected = false;
	switch (c->state) {
	case RTR_CLIENT_FAST_RECONNECT:
		move(c, RTR_CLIENT_CONNECTING, "connecting again");
		break;
	case RTR_CLIENT_CONNECTING:
		give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, reason ? reason : "no connection");
		break;
	case RTR_CLIENT_RESET:
	case RTR_CLIENT_SYNC:
	case RTR_CLIENT_ESTABLISHED:
	case RTR_CLIENT_NO_DATA:
	case RTR_CLIENT_NO_INCREMENTAL:
		on_lost(c, reason);
		break;
	case RTR_CLIENT_FATAL:
	case RTR_CLIENT_TRANSPORT:
	case RTR_CLIENT_SHUTDOWN:
		break;
	}
	buf_reset(&c->in);
	buf_reset(&c->out);
}

void
rtr_client_tick(struct rtr_client *c, int64_t now)
{
	c->now = now;
	if (now >= c->expires)
		flush_table(c, "expired");
	switch (c->state) {
	case RTR_CLIENT_RESET:
	case RTR_CLIENT_SYNC:
		if (now >= c->idle_due)
			give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry,
					c->receiving ? "cache fell silent before End of Data" : "cache does not answer");
		else if (now >= c->answer_due)
			give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, "End of Data did not come in time");
		break;
	case RTR_CLIENT_ESTABLISHED:
		if (now >= c->wake)
			send_query(c, "refresh interval");
		break;
	case RTR_CLIENT_NO_DATA:
		if (now >= c->wake)
			send_query(c, "retry interval");
		break;
	case RTR_CLIENT_FATAL:
	case RTR_CLIENT_TRANSPORT:
		if (now >= c->wake && !c->connected) {
			c->version = c->have_serial && !c->any_version ? c->data_version : c->config.version;
			move(c, RTR_CLIENT_CONNECTING, "retry interval");
		}
		break;
	default:
		break;
	}
}

int64_t
rtr_client_deadline(const struct rtr_client *c)
{
	int64_t due = NEVER;

	switch (c->state) {
	case RTR_CLIENT_RESET:
	case RTR_CLIENT_SYNC:
		due = c->idle_due < c->answer_due ? c->idle_due : c->answer_due;
		break;
	case RTR_CLIENT_ESTABLISHED:
	case RTR_CLIENT_NO_DATA:
		due = c->wake;
		break;
	case RTR_CLIENT_FATAL:
	case RTR_CLIENT_TRANSPORT:
		due = c->connected ? NEVER : c->wake;
		break;
	default:
		break;
	}
	return due < c->expires ? due : c->expires;
}

enum rtr_client_need
rtr_client_need(const struct rtr_client *c)
{
	switch (c->state) {
	case RTR_CLIENT_CONNECTING:
		return RTR_NEED_CONNECT;
	case RTR_CLIENT_RESET:
	case RTR_CLIENT_SYNC:
	case RTR_CLIENT_ESTABLISHED:
	case RTR_CLIENT_NO_DATA:
	case RTR_CLIENT_NO_INCREMENTAL:
		return RTR_NEED_IO;
	case RTR_CLIENT_FAST_RECONNECT:
		return RTR_NEED_CLOSE;
	case RTR_CLIENT_FATAL:
	case RTR_CLIENT_TRANSPORT:
		return c->connected ? RTR_NEED_CLOSE : RTR_NEED_TIME;
	case RTR_CLIENT_SHUTDOWN:
		break;
	}
	return c->connected ? RTR_NEED_CLOSE : RTR_NEED_NOTHING;
}

void
rtr_client_stop(struct rtr_client *c)
{
	end_response(c);
	move(c, RTR_CLIENT_SHUTDOWN, "stopped");
}

struct rtr_client *
rtr_client_new(const struct rtr_client_config *config)
{
	struct rtr_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->config = *config;
	names_ref(c->config.names);
	c->state = RTR_CLIENT_CONNECTING;
	c->version = config->version;
	c->timers = config->timers;
	c->expires = NEVER;
	end_response(c);
	return c;
}

void
rtr_client_free(struct rtr_client *c)
{
	if (!c)
		return;
	rtr_response_release(&c->response);
	vrpset_unref(c->set);
	names_unref(c->config.names);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

void
rtr_client_resume(struct rtr_client *c, struct vrpset *set, uint16_t session, uint32_t serial)
{
	vrpset_unref(c->set);
	c->set = set ? vrpset_ref(set) : NULL;
	c->have_serial = true;
	c->any_version = true;
	c->session = session;
	c->serial = serial;
}

enum rtr_client_state
rtr_client_state(const struct rtr_client *c)
{
	return c->state;
}

struct buf *
rtr_client_output(struct rtr_client *c)
{
	return &c->out;
}

uint8_t
rtr_client_version(const struct rtr_client *c)
{
	return c->version;
}

size_t
rtr_client_records(const struct rtr_client *c)
{
	return rtr_response_count(&c->response);
}

struct vrpset *
rtr_client_set(const struct rtr_client *c)
{
	return c->set;
}

const char *
rtr_client_reason(const struct rtr_client *c)
{
	return c->reason;
}
