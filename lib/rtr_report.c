/* SPDX-License-Identifier: ISC */
#include "rtr_report.h"

const char *const rtr_end_names[RTR_ENDS] = {
	[RTR_END_CLOSED] = "closed",	 [RTR_END_RESET] = "reset",   [RTR_END_STALLED] = "stalled",
	[RTR_END_TIMEOUT] = "timeout",	 [RTR_END_PROTOCOL] = "protocol", [RTR_END_DENIED] = "denied",
	[RTR_END_SHUTDOWN] = "shutdown", [RTR_END_OTHER] = "other",
};

const char *const rtr_response_names[RTR_RESPONSES] = {
	[RTR_EVENT_TABLE] = "table",	 [RTR_EVENT_DELTA] = "delta",	  [RTR_EVENT_RESET] = "reset",
	[RTR_EVENT_NO_DATA] = "no_data", [RTR_EVENT_REFUSED] = "refused",
};

const char *const rtr_client_state_names[RTR_CLIENT_STATES] = {
	[RTR_CLIENT_NEW] = "new",	  [RTR_CLIENT_IDLE] = "idle",	    [RTR_CLIENT_SENDING] = "sending",
	[RTR_CLIENT_STALLED] = "stalled", [RTR_CLIENT_CLOSING] = "closing",
};

struct rtr_report *
rtr_report_new(size_t ports, size_t clients)
{
	struct rtr_report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	atomic_init(&r->refs, 1);
	r->ports = calloc(ports + 1, sizeof(*r->ports));
	r->clients = calloc(clients + 1, sizeof(*r->clients));
	if (!r->ports || !r->clients) {
		rtr_report_unref(r);
		return NULL;
	}
	r->port_count = ports;
	r->client_count = clients;
	return r;
}

struct rtr_report *
rtr_report_ref(struct rtr_report *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void
rtr_report_unref(struct rtr_report *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(r->ports);
	free(r->clients);
	free(r);
}

uint32_t
rtr_report_lag(const struct rtr_report *r, const struct rtr_report_client *c)
{
	uint32_t lag = r->serial - c->serial;

	if (c->serial == 0)
		return 0;
	/* 0 is no serial. */
	return c->serial > r->serial ? lag - 1 : lag;
}
