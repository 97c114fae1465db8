/* SPDX-License-Identifier: ISC */
/*
 * One machine with explicit states (rtr_client.h).  Input enters through the
 * functions here and rtr_client_receive(); every step between states goes
 * through client_move(), every violation of the protocol through client_fatal().
 *
 * Versions only go down while they are negotiated: because the cache says so
 * in an Error Report 4 or answers in a lower one, or because it closes without
 * any answer.  Each attempt after the first takes a new connection, since some
 * caches close the old one and some don't.
 */
#include "rtr_client_internal.h"

#include <stdio.h>

void
rtr_client_connected(struct rtr_client *c, int64_t now)
{
	c->now = now;
	if (c->state != RTR_CLIENT_CONNECTING)
		return;
	c->connected = true;
	c->answered = false;
	c->refused = false;
	c->negotiated = false;
	buf_reset(&c->in);
	buf_reset(&c->out);
	client_send_query(c, "connected");
}

static void
on_lost(struct rtr_client *c, const char *reason)
{
	bool version_known = c->have_serial && !c->any_version;
	bool silent = !c->refused && !c->answered && c->in.len == 0 && !version_known;
	char text[sizeof(c->reason)];

	/* A cache that knows only older versions may just close (RFC 8210 section 7). */
	if (silent && c->version > c->config.min_version) {
		client_reconnect_at(c, (uint8_t)(c->version - 1), "cache closed the connection without an answer");
		client_move(c, RTR_CLIENT_CONNECTING, "connecting again");
		return;
	}
	if (c->receiving)
		snprintf(text, sizeof(text), "%s before End of Data, after %zu records",
			 reason ? reason : "cache closed the connection", rtr_response_count(&c->response));
	else if (!c->refused && (c->state == RTR_CLIENT_RESET || c->state == RTR_CLIENT_SYNC))
		snprintf(text, sizeof(text), "%s without an answer", reason ? reason : "cache closed the connection");
	else
		snprintf(text, sizeof(text), "%s", reason ? reason : "cache closed the connection");
	/* It may be what we ask about that it doesn't like. */
	if (c->state == RTR_CLIENT_SYNC && !c->answered && version_known)
		client_forget_serial(c);
	client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, text);
}

void
rtr_client_refused(struct rtr_client *c)
{
	c->refused = true;
}

void
rtr_client_closed(struct rtr_client *c, int64_t now, const char *reason)
{
	c->now = now;
	c->connected = false;
	switch (c->state) {
	case RTR_CLIENT_FAST_RECONNECT:
		client_move(c, RTR_CLIENT_CONNECTING, "connecting again");
		break;
	case RTR_CLIENT_CONNECTING:
		client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, reason ? reason : "no connection");
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
		client_flush_table(c, true, "expired");
	switch (c->state) {
	case RTR_CLIENT_RESET:
	case RTR_CLIENT_SYNC:
		if (now >= c->idle_due)
			client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry,
				       c->receiving ? "cache fell silent before End of Data" : "cache does not answer");
		else if (now >= c->answer_due)
			client_give_up(c, RTR_CLIENT_TRANSPORT, c->timers.retry, "End of Data did not come in time");
		break;
	case RTR_CLIENT_ESTABLISHED:
		if (now >= c->wake)
			client_send_query(c, "refresh interval");
		break;
	case RTR_CLIENT_NO_DATA:
		if (now >= c->wake)
			client_send_query(c, "retry interval");
		break;
	case RTR_CLIENT_FATAL:
	case RTR_CLIENT_TRANSPORT:
		if (now >= c->wake && !c->connected) {
			c->version = c->have_serial && !c->any_version ? c->data_version : c->config.version;
			client_move(c, RTR_CLIENT_CONNECTING, "retry interval");
		}
		break;
	default:
		break;
	}
}

void
rtr_client_hurry(struct rtr_client *c, int64_t now)
{
	if (c->wake > now)
		c->wake = now;
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
	client_end_response(c);
	client_forget_serial(c);
	c->expires = NEVER;
	vrpset_unref(c->set);
	c->set = NULL;
	client_move(c, RTR_CLIENT_SHUTDOWN, "stopped");
}

void
rtr_client_start(struct rtr_client *c)
{
	if (c->state != RTR_CLIENT_SHUTDOWN)
		return;
	c->connected = false;
	c->version = c->config.version;
	client_hold_timers(c, &c->config.timers);
	client_move(c, RTR_CLIENT_CONNECTING, "started");
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
	client_hold_timers(c, &config->timers);
	c->expires = NEVER;
	client_end_response(c);
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

struct rtr_timers
rtr_client_timers(const struct rtr_client *c)
{
	return c->timers;
}
