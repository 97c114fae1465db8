/* SPDX-License-Identifier: ISC */
/*
 * A hostile cache.  The input is a list of steps: one byte that says what
 * happens (a piece of so many bytes arrives, the cache closes, time passes),
 * then the bytes of the piece.  Whatever comes, what the client sends has to be
 * well-formed, Error Reports must not be answered by Error Reports, and it has
 * to need something sensible.
 */
#include "rtr_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct rtr_client *client;
	bool report_seen;	/* the cache's last PDU was an Error Report */
};

static void
require(bool ok)
{
	if (!ok)
		abort();
}

static void
on_pdu(void *ctx, bool sent, const unsigned char *data, size_t len)
{
	static struct rtr_scratch scratch;
	struct world *w = ctx;
	struct rtr_pdu pdu;
	const char *reason;

	require(len >= RTR_HEADER_LEN);
	if (!sent) {
		w->report_seen = data[1] == RTR_ERROR_REPORT;
		return;
	}
	require(rtr_pdu_decode(data, len, &scratch, &pdu, &reason) == RTR_NO_ERROR);
	require(pdu.type == RTR_RESET_QUERY || pdu.type == RTR_SERIAL_QUERY || pdu.type == RTR_ERROR_REPORT);
	require(pdu.type != RTR_ERROR_REPORT || !w->report_seen);
}

static void
on_update(void *ctx, const struct rtr_client_update *u)
{
	(void)ctx;
	require(u->set || u->delta);
	require(!u->set || vrpset_duplicates(u->set) == 0);
	require(rtr_timers_check(&u->timers) == NULL);
}

static void
step(struct rtr_client *c, int64_t now)
{
	switch (rtr_client_need(c)) {
	case RTR_NEED_CONNECT:
		rtr_client_connected(c, now);
		require(rtr_client_need(c) == RTR_NEED_IO);
		break;
	case RTR_NEED_CLOSE:
		rtr_client_closed(c, now, NULL);
		require(rtr_client_need(c) != RTR_NEED_CLOSE && rtr_client_need(c) != RTR_NEED_IO);
		break;
	case RTR_NEED_TIME:
		require(rtr_client_deadline(c) != INT64_MAX);
		break;
	case RTR_NEED_IO:
	case RTR_NEED_NOTHING:
		break;
	}
	buf_reset(rtr_client_output(c));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rtr_client_ops ops = {.pdu = on_pdu, .update = on_update};
	struct rtr_client_config config = RTR_CLIENT_CONFIG_DEFAULT;
	const uint8_t *end = data + size;
	struct world w = {0};
	int64_t now = 1;

	config.names = names_new();
	config.max_records = 64;
	config.ops = &ops;
	config.ctx = &w;
	require(config.names && (w.client = rtr_client_new(&config)));
	if (size && *data & 1)
		rtr_client_resume(w.client, NULL, 7, 10);
	while (data < end) {
		size_t n = *data++;

		step(w.client, now);
		if (n == 255) {
			if (rtr_client_need(w.client) == RTR_NEED_IO)
				rtr_client_closed(w.client, now, NULL);
		} else if (n >= 250) {
			now += INT64_C(1000) << 4 * (n - 250);
			rtr_client_tick(w.client, now);
		} else if (rtr_client_need(w.client) == RTR_NEED_IO) {
			n = n < (size_t)(end - data) ? n : (size_t)(end - data);
			rtr_client_receive(w.client, now, data, n);
			data += n;
		}
	}
	rtr_client_free(w.client);
	names_unref(config.names);
	return 0;
}
