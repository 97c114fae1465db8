/* SPDX-License-Identifier: ISC */
/*
 * The steps of the router's machine that more than one event leads to.
 */
#include "rtr_client_internal.h"

#include <stdarg.h>
#include <stdio.h>

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

void
client_move(struct rtr_client *c, enum rtr_client_state to, const char *fmt, ...)
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

void
client_warn(struct rtr_client *c, const char *fmt, ...)
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

void
client_forget_serial(struct rtr_client *c)
{
	c->have_serial = false;
	c->any_version = false;
}

void
client_flush_table(struct rtr_client *c, bool expired, const char *reason)
{
	client_forget_serial(c);
	c->expires = NEVER;
	if (!c->set)
		return;
	vrpset_unref(c->set);
	c->set = NULL;
	c->base_lost = true;
	if (c->config.ops->flush)
		c->config.ops->flush(c->config.ctx, expired, reason);
}

void
client_end_response(struct rtr_client *c)
{
	rtr_response_release(&c->response);
	c->receiving = false;
	c->response_bytes = 0;
	c->host_bits = 0;
	c->answer_due = NEVER;
	c->idle_due = NEVER;
}

void
client_give_up(struct rtr_client *c, enum rtr_client_state to, uint32_t wait, const char *reason)
{
	client_end_response(c);
	c->wake = client_after_seconds(c, wait);
	client_move(c, to, "%s", reason);
}

void
client_out_of_memory(struct rtr_client *c)
{
	client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, "out of memory");
}

/* Tell of what was appended to the output from `from` on. */
static void
sent(struct rtr_client *c, size_t from)
{
	if (c->config.ops->pdu)
		c->config.ops->pdu(c->config.ctx, true, (const unsigned char *)c->out.data + from, c->out.len - from);
}

void
client_fatal(struct rtr_client *c, enum rtr_error error, const unsigned char *data, size_t len, enum damage damage,
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
	client_give_up(c, RTR_CLIENT_FATAL, c->timers.retry, text);
	if (damage == VOID || c->version >= 2)
		client_flush_table(c, false, text);
	else
		client_forget_serial(c);
}

void
client_send_query(struct rtr_client *c, const char *reason)
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
		client_out_of_memory(c);
		return;
	}
	sent(c, from);
	c->base_lost = false;
	c->notified = false;
	c->answer_due = c->now + c->config.answer_timeout;
	c->idle_due = c->now + c->config.idle_timeout;
	client_move(c, serial ? RTR_CLIENT_SYNC : RTR_CLIENT_RESET, "%s", reason);
}

void
client_query_anew(struct rtr_client *c, const char *why)
{
	client_end_response(c);
	client_move(c, RTR_CLIENT_NO_INCREMENTAL, "%s", why);
	client_forget_serial(c);
	client_send_query(c, "asking for the whole table");
}

void
client_reconnect_at(struct rtr_client *c, uint8_t version, const char *why)
{
	client_end_response(c);
	c->version = version;
	client_move(c, RTR_CLIENT_FAST_RECONNECT, "%s, trying version %u", why, version);
}

/* What is fixed holds.  Data must not expire before it is asked for again, so the expire interval has the last word. */
void
client_hold_timers(struct rtr_client *c, const struct rtr_timers *said)
{
	const struct rtr_timers *fixed = &c->config.fixed;

	c->timers = *said;
	if (fixed->refresh)
		c->timers.refresh = fixed->refresh;
	if (fixed->retry)
		c->timers.retry = fixed->retry;
	if (fixed->expire)
		c->timers.expire = fixed->expire;
	if (c->timers.refresh >= c->timers.expire)
		c->timers.refresh = (c->timers.expire + 1) / 2;
	if (c->timers.retry >= c->timers.expire)
		c->timers.retry = (c->timers.expire + 1) / 2;
}
