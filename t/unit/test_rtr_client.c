/* SPDX-License-Identifier: ISC */
/*
 * The router's side of RTR, fed with PDUs and time, without sockets.  Tests
 * named after an item of the client's checklist cover that item.
 *
 * Everything the client does is written to a log, one line each, which the
 * tests compare: "> ..." a PDU it sent, "state NAME", "table ...", "delta ...",
 * "flush", "warning".
 */
#include "test.h"

#include "rtr_client.h"

static struct rtr_client *client;
static struct names *names;
static struct buf got;		/* the log */
static struct rtr_scratch scratch;
static int64_t now;
static struct rtr_client_config config;
static const char *last_state;

/* ---- harness ---- */

static void
note(const char *fmt, const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), fmt, text);
	assert_int_equal(buf_addf(&got, "%s\n", line), 0);
}

static void
note_records(const char *sign, const struct vrpset *set)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct aspa *aspas;
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		*prefix_format(text, &vrps[i].prefix) = '\0';
		assert_int_equal(buf_addf(&got, " %s%s-%u:%u", sign, text, vrps[i].maxlen, vrps[i].asn), 0);
	}
	vrpset_router_keys(set, &n);
	if (n)
		assert_int_equal(buf_addf(&got, " %s%zu keys", sign, n), 0);
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(buf_addf(&got, " %saspa:%u", sign, aspas[i].customer), 0);
		for (uint32_t k = 0; k < aspas[i].provider_count; k++)
			assert_int_equal(buf_addf(&got, ",%u", aspas[i].providers[k]), 0);
	}
}

static void
on_update(void *ctx, const struct rtr_client_update *u)
{
	(void)ctx;
	if (u->delta) {
		assert_int_equal(buf_addf(&got, "delta %u/%u", u->session, u->serial), 0);
		note_records("-", u->delta->withdrawn);
		note_records("+", u->delta->announced);
		assert_int_equal(buf_add(&got, "\n", 1), 0);
	}
	if (u->set) {
		assert_int_equal(buf_addf(&got, "table %u/%u", u->session, u->serial), 0);
		note_records("", u->set);
		assert_int_equal(buf_add(&got, "\n", 1), 0);
	}
}

static void
on_flush(void *ctx, bool expired, const char *reason)
{
	(void)ctx;
	assert_int_equal(expired, strcmp(reason, "expired") == 0);
	note("%s", "flush");
}

static void
on_state(void *ctx, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	(void)ctx;
	assert_true(*reason);
	last_state = rtr_client_state_name(to);
	if (from != to)
		note("state %s", last_state);
}

static void
on_warning(void *ctx, const char *text)
{
	(void)ctx;
	note("warning %s", text);
}

static const struct rtr_client_ops ops = {
	.update = on_update, .flush = on_flush, .state = on_state, .warning = on_warning};

/* Move what the client wants to send to the log. */
static void
collect_output(void)
{
	struct buf *out = rtr_client_output(client);

	while (out->len) {
		const unsigned char *data = (const unsigned char *)out->data;
		struct buf line = BUF_INIT;
		struct rtr_pdu pdu;
		const char *reason;
		size_t len;

		assert_true(out->len >= RTR_HEADER_LEN);
		len = rtr_header_decode(data).len;
		assert_true(len <= out->len);
		assert_int_equal(rtr_pdu_decode(data, len, &scratch, &pdu, &reason), RTR_NO_ERROR);
		pdu.text_len = 0;	/* texts are for people */
		assert_int_equal(rtr_pdu_describe(&line, &pdu), 0);
		assert_int_equal(buf_addf(&got, "> %.*s\n", (int)line.len, line.data), 0);
		buf_release(&line);
		buf_drop(out, len);
	}
}

/* Compare and forget what happened since the last call. */
#define expect(want) expect_at(want, __LINE__)

static void
expect_at(const char *want, int line)
{
	collect_output();
	assert_int_equal(buf_add(&got, "", 1), 0);
	if (strcmp(got.data, want) != 0) {
		print_error("line %d: expected:\n%sgot:\n%s", line, want, got.data);
		fail();
	}
	buf_reset(&got);
}

static int
setup(void **state)
{
	(void)state;
	names = names_new();
	config = (struct rtr_client_config)RTR_CLIENT_CONFIG_DEFAULT;
	config.names = names;
	config.ops = &ops;
	now = 1000000;
	client = NULL;
	return names ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	rtr_client_free(client);
	names_unref(names);
	buf_release(&got);
	return 0;
}

static void
start(void)
{
	client = rtr_client_new(&config);
	assert_non_null(client);
	assert_int_equal(rtr_client_need(client), RTR_NEED_CONNECT);
}

static void
connect_client(void)
{
	start();
	rtr_client_connected(client, now);
}

static void
receive(const void *data, size_t len)
{
	/* The very bytes, so that a read behind them shows. */
	unsigned char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, data, len);
	rtr_client_receive(client, now, exact, len);
	free(exact);
}

static void
receive_pdu(const struct rtr_pdu *pdu)
{
	struct buf out = BUF_INIT;

	assert_int_equal(rtr_pdu_encode(&out, pdu), 0);
	receive(out.data, out.len);
	buf_release(&out);
}

static void
simple(uint8_t version, enum rtr_type type, uint16_t session, uint32_t serial)
{
	receive_pdu(&(struct rtr_pdu){.version = version,
				      .type = (uint8_t)type,
				      .session = session,
				      .serial = serial,
				      .timers = RTR_TIMERS_DEFAULT});
}

static void
vrp(uint8_t version, char sign, const char *prefix, uint8_t maxlen, uint32_t asn)
{
	struct rtr_pdu pdu = {.version = version, .announce = sign == '+'};

	pdu.payload.vrp = (struct vrp){.maxlen = maxlen, .asn = asn};
	assert_true(prefix_parse(prefix, strlen(prefix), &pdu.payload.vrp.prefix, NULL));
	pdu.type = pdu.payload.vrp.prefix.family == FAMILY_IPV4 ? RTR_IPV4_PREFIX : RTR_IPV6_PREFIX;
	receive_pdu(&pdu);
}

static void
aspa(char sign, uint32_t customer, uint32_t count, const uint32_t *providers)
{
	struct rtr_pdu pdu = {.version = 2, .type = RTR_ASPA, .announce = sign == '+'};

	pdu.payload.kind = PAYLOAD_ASPA;
	pdu.payload.aspa = (struct aspa){.customer = customer, .provider_count = count, .providers = providers};
	receive_pdu(&pdu);
}

static void
router_key(char sign, uint32_t asn, const char *spki)
{
	struct rtr_pdu pdu = {.version = 2, .type = RTR_ROUTER_KEY, .announce = sign == '+'};

	pdu.payload.kind = PAYLOAD_ROUTER_KEY;
	pdu.payload.key = (struct router_key){
		.asn = asn, .spki = (const uint8_t *)spki, .spki_len = (uint16_t)strlen(spki)};
	receive_pdu(&pdu);
}

static void
error_report(uint8_t version, uint16_t code)
{
	receive_pdu(&(struct rtr_pdu){.version = version, .type = RTR_ERROR_REPORT, .error = code, .text = "so",
				      .text_len = 2});
}

/* Connected with a table of one VRP at session 7, serial 10. */
static void
synced(uint8_t version)
{
	config.version = version;
	connect_client();
	simple(version, RTR_CACHE_RESPONSE, 7, 0);
	vrp(version, '+', "10.0.0.0/8", 24, 1);
	simple(version, RTR_END_OF_DATA, 7, 10);
	assert_string_equal(last_state, "ESTABLISHED");
	collect_output();
	buf_reset(&got);
}

/* The same, and a Serial Query is under way. */
static void
updating(uint8_t version)
{
	synced(version);
	simple(version, RTR_SERIAL_NOTIFY, 7, 11);
	assert_string_equal(last_state, "SYNC");
	collect_output();
	buf_reset(&got);
}

/* ---- the checklist ---- */

static void
test_C1_first_pdu_is_a_query_at_the_highest_version(void **state)
{
	(void)state;
	connect_client();
	expect("state RESET\n> v2 Reset Query\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_IO);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	vrp(2, '+', "2001:db8::/32", 48, 2);
	expect("state SYNC\n");
	assert_int_equal(rtr_client_records(client), 2);
	simple(2, RTR_END_OF_DATA, 7, 10);
	expect("state ESTABLISHED\ntable 7/10 10.0.0.0/8-24:1 2001:db8::/32-48:2\n");
}

static void
test_C2_serial_query_only_for_data_of_this_version(void **state)
{
	(void)state;
	synced(2);
	rtr_client_closed(client, now, NULL);
	expect("state ERROR_TRANSPORT\n");
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	expect("state CONNECTING\nstate SYNC\n> v2 Serial Query session 7 serial 10\n");
	/* The cache now speaks version 1 only: session and serial mean nothing there. */
	error_report(1, RTR_UNSUPPORTED_VERSION);
	rtr_client_closed(client, now, NULL);
	rtr_client_connected(client, now);
	expect("state FAST_RECONNECT\nstate CONNECTING\nstate RESET\n> v1 Reset Query\n");
}

static void
test_C2_expired_data_is_not_asked_about(void **state)
{
	(void)state;
	synced(2);
	rtr_client_closed(client, now, NULL);
	buf_reset(&got);
	now += 7200000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	expect("flush\nstate CONNECTING\nstate RESET\n> v2 Reset Query\n");
}

static void
test_C3_error_4_steps_down(void **state)
{
	(void)state;
	connect_client();
	buf_reset(&got);
	error_report(1, RTR_UNSUPPORTED_VERSION);
	expect("state FAST_RECONNECT\n> v2 Reset Query\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
	assert_int_equal(rtr_client_version(client), 1);
	rtr_client_closed(client, now, NULL);
	assert_int_equal(rtr_client_need(client), RTR_NEED_CONNECT);
	rtr_client_connected(client, now);
	expect("state CONNECTING\nstate RESET\n> v1 Reset Query\n");
	error_report(0, RTR_UNSUPPORTED_VERSION);
	rtr_client_closed(client, now, NULL);
	rtr_client_connected(client, now);
	expect("state FAST_RECONNECT\nstate CONNECTING\nstate RESET\n> v0 Reset Query\n");
	/* There is nothing below 0. */
	error_report(0, RTR_UNSUPPORTED_VERSION);
	expect("state ERROR_FATAL\n");
}

static void
test_C3_error_4_with_a_senseless_version(void **state)
{
	static const uint8_t versions[] = {2, 3, 255};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		connect_client();
		error_report(versions[i], RTR_UNSUPPORTED_VERSION);
		assert_int_equal(rtr_client_state(client), RTR_CLIENT_FAST_RECONNECT);
		assert_int_equal(rtr_client_version(client), 1);
		rtr_client_free(client);
	}
	client = NULL;
}

static void
test_C3_error_4_below_the_lowest_wanted_version(void **state)
{
	(void)state;
	config.min_version = 2;
	connect_client();
	error_report(1, RTR_UNSUPPORTED_VERSION);
	expect("state RESET\nstate ERROR_FATAL\n> v2 Reset Query\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
	rtr_client_closed(client, now, NULL);
	assert_int_equal(rtr_client_need(client), RTR_NEED_TIME);
}

/* A cache that doesn't want us says so in TLS: no version of RTR helps. */
static void
test_C4_refusal_by_the_transport_is_no_silent_close(void **state)
{
	(void)state;

	connect_client();
	rtr_client_refused(client);
	rtr_client_closed(client, now, "refused by peer: unknown CA");
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_TRANSPORT);
	assert_string_equal(rtr_client_reason(client), "refused by peer: unknown CA");
	expect("state RESET\nstate ERROR_TRANSPORT\n");
	/* The next connection is judged anew. */
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	rtr_client_closed(client, now, NULL);
	expect("state CONNECTING\nstate RESET\nstate FAST_RECONNECT\nstate CONNECTING\n");
}

static void
test_C4_silent_close_steps_down_by_one(void **state)
{
	(void)state;
	connect_client();
	rtr_client_closed(client, now, NULL);
	rtr_client_connected(client, now);
	expect("state RESET\nstate FAST_RECONNECT\nstate CONNECTING\nstate RESET\n> v1 Reset Query\n");
	rtr_client_closed(client, now, "read: Connection reset by peer");
	rtr_client_connected(client, now);
	expect("state FAST_RECONNECT\nstate CONNECTING\nstate RESET\n> v0 Reset Query\n");
	rtr_client_closed(client, now, NULL);
	expect("state ERROR_TRANSPORT\n");
	assert_string_equal(rtr_client_reason(client), "cache closed the connection without an answer");
	/* After a while it starts from the top. */
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	expect("state CONNECTING\nstate RESET\n> v2 Reset Query\n");
}

static void
test_C4_close_after_an_answer_or_half_of_one_does_not(void **state)
{
	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	rtr_client_closed(client, now, NULL);
	expect("state RESET\nstate SYNC\nstate ERROR_TRANSPORT\n");
	assert_string_equal(rtr_client_reason(client),
			    "cache closed the connection before End of Data, after 1 records");
	rtr_client_free(client);
	connect_client();
	receive("\2\3\0", 3);
	rtr_client_closed(client, now, NULL);
	expect("state RESET\nstate ERROR_TRANSPORT\n");
}

static void
test_C4_failed_connect_does_not(void **state)
{
	(void)state;
	start();
	rtr_client_closed(client, now, "connect: Connection refused");
	expect("state ERROR_TRANSPORT\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_TIME);
	assert_int_equal(rtr_client_deadline(client), now + 600000);
	assert_int_equal(rtr_client_version(client), 2);
}

static void
test_C5_lower_version_in_the_answer(void **state)
{
	(void)state;
	connect_client();
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	assert_int_equal(rtr_client_version(client), 1);
	vrp(1, '+', "10.0.0.0/8", 24, 1);
	simple(1, RTR_END_OF_DATA, 7, 10);
	expect("state RESET\nstate SYNC\nstate ESTABLISHED\ntable 7/10 10.0.0.0/8-24:1\n> v2 Reset Query\n");
	rtr_client_free(client);

	config.min_version = 2;
	connect_client();
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	expect("state RESET\nstate ERROR_FATAL\n> v2 Reset Query\n"
	       "> v2 Error Report 4 (Unsupported Protocol Version) about 0103000700000008\n");
}

static void
test_C5_lower_version_in_answer_to_a_serial_query(void **state)
{
	(void)state;
	synced(2);
	rtr_client_closed(client, now, NULL);
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	buf_reset(&got);
	collect_output();
	buf_reset(&got);
	/* What it calls session 7 in version 1 is not ours of version 2. */
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	rtr_client_closed(client, now, NULL);
	rtr_client_connected(client, now);
	expect("state FAST_RECONNECT\nstate CONNECTING\nstate RESET\n> v1 Reset Query\n");
	assert_non_null(rtr_client_set(client));
}

static void
test_C5_higher_version_in_the_answer(void **state)
{
	(void)state;
	config.version = 1;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	expect("state RESET\nstate ERROR_FATAL\n> v1 Reset Query\n"
	       "> v1 Error Report 4 (Unsupported Protocol Version) about 0203000700000008\n");
}

static void
test_C6_early_notify_is_ignored(void **state)
{
	static const uint8_t versions[] = {0, 1, 2, 255};

	(void)state;
	connect_client();
	expect("state RESET\n> v2 Reset Query\n");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		simple(versions[i], RTR_SERIAL_NOTIFY, 99, 1);
	expect("");
	assert_int_equal(rtr_client_version(client), 2);
	/* It is no answer either: a close after it is still a silent one. */
	rtr_client_closed(client, now, NULL);
	expect("state FAST_RECONNECT\nstate CONNECTING\n");
	assert_int_equal(rtr_client_version(client), 1);
}

static void
test_C7_other_version_later(void **state)
{
	(void)state;
	synced(1);
	simple(0, RTR_SERIAL_NOTIFY, 7, 11);
	expect("state ERROR_FATAL\n"
	       "> v1 Error Report 8 (Unexpected Protocol Version) about 000000070000000C0000000B\n");
	rtr_client_free(client);
	/* Version 0 has no code 8. */
	synced(0);
	simple(1, RTR_SERIAL_NOTIFY, 7, 11);
	expect("state ERROR_FATAL\n> v0 Error Report 3 (Invalid Request) about 010000070000000C0000000B\n");
	rtr_client_free(client);
	/* An Error Report is never answered. */
	synced(1);
	error_report(0, RTR_CORRUPT_DATA);
	expect("state ERROR_FATAL\n");
}

static void
test_C8_session_mismatch(void **state)
{
	(void)state;
	/* In an End of Data: nothing of the response is applied. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 8, 10);
	expect("state RESET\nstate SYNC\nstate ERROR_FATAL\n> v2 Reset Query\n"
	       "> v2 Error Report 0 (Corrupt Data) about "
	       "02070008000000180000000A00000E100000025800001C20\n");
	rtr_client_free(client);
	/* In a Notify: the table goes, in every version. */
	for (uint8_t v = 0; v <= 2; v++) {
		synced(v);
		simple(v, RTR_SERIAL_NOTIFY, 8, 11);
		assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
		assert_null(rtr_client_set(client));
		buf_reset(&got);
		rtr_client_free(client);
	}
	/* In a Cache Response to a Serial Query; what follows is not even looked at. */
	updating(1);
	simple(1, RTR_CACHE_RESPONSE, 8, 0);
	vrp(1, '+', "11.0.0.0/8", 24, 1);
	simple(1, RTR_END_OF_DATA, 8, 11);
	expect("state ERROR_FATAL\nflush\n> v1 Error Report 0 (Corrupt Data) about 0103000800000008\n");
}

static void
test_C9_lengths_types_and_sizes(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *want;
	} cases[] = {
		{"\2\5\0\0\0\0\0\10", 8, "> v2 Error Report 5 (Unsupported PDU Type) about 0205000000000008\n"},
		{"\2\377\0\0\0\0\0\12xy", 10, "> v2 Error Report 5 (Unsupported PDU Type) about 02FF00000000000A7879\n"},
		{"\2\4\0\0\0\0\0\11x", 9, "> v2 Error Report 0 (Corrupt Data) about 020400000000000978\n"},
		{"\2\4\0\0\0\0\0\7", 8, "> v2 Error Report 0 (Corrupt Data) about 0204000000000007\n"},
		{"\2\4\0\0\0\0\0\0", 8, "> v2 Error Report 0 (Corrupt Data) about 0204000000000000\n"},
		{"\2\4\0\0\0\1\0\0", 8, "> v2 Error Report 0 (Corrupt Data) about 0204000000010000\n"},
		{"\2\4\0\0\377\377\377\377", 8, "> v2 Error Report 0 (Corrupt Data) about 02040000FFFFFFFF\n"},
		{"\2\2\0\0\0\0\0\10", 8, "> v2 Error Report 0 (Corrupt Data) about 0202000000000008\n"},
		{"\2\1\0\0\0\0\0\14abcd", 12, "> v2 Error Report 0 (Corrupt Data) about 020100000000000C61626364\n"},
		/* An End of Data as version 0 has it. */
		{"\2\7\0\7\0\0\0\14\0\0\0\1", 12, "> v2 Error Report 0 (Corrupt Data) about 020700070000000C00000001\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[256];

		connect_client();
		simple(2, RTR_CACHE_RESPONSE, 7, 0);
		collect_output();
		buf_reset(&got);
		receive(cases[i].data, cases[i].len);
		snprintf(want, sizeof(want), "state ERROR_FATAL\n%s", cases[i].want);
		expect(want);
		rtr_client_free(client);
	}
	client = NULL;
}

static void
test_C9_types_by_version(void **state)
{
	(void)state;
	config.version = 1;
	connect_client();
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	buf_reset(&got);
	collect_output();
	buf_reset(&got);
	receive("\1\13\0\0\0\0\0\14\0\0\0\1", 12);
	expect("state ERROR_FATAL\n> v1 Error Report 5 (Unsupported PDU Type) about 010B00000000000C00000001\n");
}

static void
test_C9_pdus_out_of_place(void **state)
{
	(void)state;
	/* Data before a Cache Response, at the very first. */
	connect_client();
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* Cache Response within a response. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* A response nobody asked for. */
	synced(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* End of Data without beginning. */
	synced(1);
	simple(1, RTR_END_OF_DATA, 7, 10);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* Cache Reset in answer to a Reset Query would go on for ever. */
	connect_client();
	simple(2, RTR_CACHE_RESET, 0, 0);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* Nor does it belong into a response. */
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_CACHE_RESET, 0, 0);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
}

static void
test_C10_withdrawal_in_a_reset_response(void **state)
{
	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '-', "10.0.0.0/8", 24, 1);
	expect("state RESET\nstate SYNC\nstate ERROR_FATAL\n> v2 Reset Query\n"
	       "> v2 Error Report 0 (Corrupt Data) about 020400000000001400081800" "0A00000000000001\n");
}

static void
test_C11_duplicates(void **state)
{
	static const uint32_t two[] = {2}, three[] = {3};

	(void)state;
	/* Twice in a reset response. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	vrp(2, '+', "11.0.0.0/8", 24, 1);
	vrp(2, '+', "10.0.0.0/8", 24, 1);
	buf_reset(&got);
	simple(2, RTR_END_OF_DATA, 7, 10);
	expect("state ERROR_FATAL\n> v2 Reset Query\n> v2 Error Report 7 (Duplicate Announcement Received)\n");
	rtr_client_free(client);
	/* One customer twice. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('+', 1, 1, two);
	aspa('+', 1, 1, three);
	simple(2, RTR_END_OF_DATA, 7, 10);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	buf_reset(&got);
	rtr_client_free(client);
	/* What is held already; the report has the PDU. */
	updating(1);
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	vrp(1, '+', "10.0.0.0/8", 24, 1);
	simple(1, RTR_END_OF_DATA, 7, 11);
	expect("state ERROR_FATAL\n"
	       "> v1 Error Report 7 (Duplicate Announcement Received) about 010400000000001401081800" "0A00000000000001\n");
}

static void
test_C11_unknown_withdrawal(void **state)
{
	(void)state;
	updating(1);
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	vrp(1, '-', "10.0.0.0/8", 23, 1);
	simple(1, RTR_END_OF_DATA, 7, 11);
	expect("state ERROR_FATAL\n"
	       "> v1 Error Report 6 (Withdrawal of Unknown Record) about 010400000000001400081700" "0A00000000000001\n");
	rtr_client_free(client);
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	router_key('-', 1, "key");
	simple(2, RTR_END_OF_DATA, 7, 11);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	buf_reset(&got);
	/* Twice the same. */
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '-', "10.0.0.0/8", 24, 1);
	vrp(2, '-', "10.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 7, 11);
	expect("state ERROR_FATAL\nflush\n> v2 Error Report 6 (Withdrawal of Unknown Record)\n");
}

static void
test_C11_withdrawal_and_announcement_of_one_record(void **state)
{
	(void)state;
	updating(1);
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	vrp(1, '-', "10.0.0.0/8", 24, 1);
	vrp(1, '+', "10.0.0.0/8", 24, 1);
	vrp(1, '+', "12.0.0.0/8", 24, 1);
	vrp(1, '-', "12.0.0.0/8", 24, 1);
	vrp(1, '+', "11.0.0.0/8", 24, 1);
	simple(1, RTR_END_OF_DATA, 7, 11);
	expect("state ESTABLISHED\ndelta 7/11 +11.0.0.0/8-24:1\ntable 7/11 10.0.0.0/8-24:1 11.0.0.0/8-24:1\n");
}

static void
test_C11_aspa_replacement(void **state)
{
	static const uint32_t two[] = {2}, some[] = {3, 4};

	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('+', 1, 1, two);
	aspa('+', 5, 2, some);
	simple(2, RTR_END_OF_DATA, 7, 10);
	simple(2, RTR_SERIAL_NOTIFY, 7, 11);
	collect_output();
	buf_reset(&got);
	/* A replacement, one that changes nothing, a new one. */
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('+', 1, 2, some);
	aspa('+', 5, 2, some);
	aspa('+', 9, 1, two);
	simple(2, RTR_END_OF_DATA, 7, 11);
	expect("state ESTABLISHED\ndelta 7/11 -aspa:1,2 +aspa:1,3,4 +aspa:9,2\n"
	       "table 7/11 aspa:1,3,4 aspa:5,3,4 aspa:9,2\n");
	simple(2, RTR_SERIAL_NOTIFY, 7, 12);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('-', 5, 0, NULL);
	simple(2, RTR_END_OF_DATA, 7, 12);
	expect("state SYNC\nstate ESTABLISHED\ndelta 7/12 -aspa:5,3,4\ntable 7/12 aspa:1,3,4 aspa:9,2\n"
	       "> v2 Serial Query session 7 serial 11\n");
}

static void
test_C12_bad_aspas(void **state)
{
	static const uint32_t unsorted[] = {3, 2}, twice[] = {2, 2}, zero[] = {0, 2};
	static const struct {
		uint32_t count;
		const uint32_t *providers;
	} cases[] = {{0, NULL}, {2, unsorted}, {2, twice}, {2, zero}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		connect_client();
		simple(2, RTR_CACHE_RESPONSE, 7, 0);
		collect_output();
		buf_reset(&got);
		aspa('+', 1, cases[i].count, cases[i].providers);
		collect_output();
		assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
		assert_int_equal(buf_add(&got, "", 1), 0);
		assert_non_null(strstr(got.data, "Error Report 9 (ASPA Provider List Error) about 020B0100"));
		buf_reset(&got);
		rtr_client_free(client);
	}
	/* A withdrawal with providers. */
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	receive("\2\13\0\0\0\0\0\20\0\0\0\1\0\0\0\2", 16);
	expect("state ERROR_FATAL\nflush\n"
	       "> v2 Error Report 0 (Corrupt Data) about 020B0000000000100000000100000002\n");
}

static void
test_C13_prefix_ranges_and_host_bits(void **state)
{
	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 7, 1);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
	rtr_client_free(client);
	/* Version 2 forbids host bits. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	collect_output();
	buf_reset(&got);
	vrp(2, '+', "10.0.0.1/8", 8, 1);
	expect("state ERROR_FATAL\n> v2 Error Report 0 (Corrupt Data) about 020400000000001401080800" "0A00000100000001\n");
	rtr_client_free(client);
	/* Versions 0 and 1 don't. */
	config.version = 1;
	connect_client();
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	collect_output();
	buf_reset(&got);
	vrp(1, '+', "10.0.0.1/8", 8, 1);
	vrp(1, '+', "11.0.0.1/8", 8, 1);
	simple(1, RTR_END_OF_DATA, 7, 1);
	expect("warning 10.0.0.1/8 AS1: host bits set, cleared\nwarning 2 prefixes had host bits set\n"
	       "state ESTABLISHED\ntable 7/1 10.0.0.0/8-8:1 11.0.0.0/8-8:1\n");
}

static void
test_C14_applied_at_end_of_data_or_not_at_all(void **state)
{
	(void)state;
	updating(1);
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	vrp(1, '-', "10.0.0.0/8", 24, 1);
	vrp(1, '+', "11.0.0.0/8", 24, 1);
	expect("");
	rtr_client_closed(client, now, NULL);
	expect("state ERROR_TRANSPORT\n");
	assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
	/* The old serial still holds. */
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	expect("state CONNECTING\nstate SYNC\n> v1 Serial Query session 7 serial 10\n");
}

static void
test_C14_waiting_is_bounded(void **state)
{
	(void)state;
	/* Silence. */
	connect_client();
	assert_int_equal(rtr_client_deadline(client), now + 60000);
	rtr_client_tick(client, now + 59999);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_RESET);
	rtr_client_tick(client, now + 60000);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_TRANSPORT);
	assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
	rtr_client_free(client);
	buf_reset(&got);
	/* A trickle without end. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	for (int i = 0; i < 20; i++) {
		char prefix[32];

		now += 30000;
		snprintf(prefix, sizeof(prefix), "10.%d.0.0/16", i);
		rtr_client_tick(client, now);
		if (i < 19)
			assert_int_equal(rtr_client_state(client), RTR_CLIENT_SYNC);
		vrp(2, '+', prefix, 16, 1);
	}
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_TRANSPORT);
	assert_string_equal(rtr_client_reason(client), "End of Data did not come in time");
}

static void
test_C14_memory_is_bounded(void **state)
{
	static uint32_t providers[ASPA_PROVIDERS_MAX];

	(void)state;
	config.max_records = 3;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 8, 1);
	vrp(2, '+', "10.0.0.0/8", 8, 2);
	vrp(2, '+', "10.0.0.0/8", 8, 3);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_SYNC);
	collect_output();
	buf_reset(&got);
	vrp(2, '+', "10.0.0.0/8", 8, 4);
	expect("state ERROR_FATAL\n> v2 Error Report 1 (Internal Error)\n");
	rtr_client_free(client);
	/* Large records count for more. */
	config.max_records = 1000;
	for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
		providers[i] = i + 1;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('+', 1, ASPA_PROVIDERS_MAX, providers);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_FATAL);
}

static void
test_C15_timers_of_the_cache(void **state)
{
	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "10.0.0.0/8", 8, 1);
	receive_pdu(&(struct rtr_pdu){
		.version = 2, .type = RTR_END_OF_DATA, .session = 7, .serial = 1, .timers = {100, 10, 1000}});
	assert_int_equal(rtr_client_deadline(client), now + 100000);
	buf_reset(&got);
	collect_output();
	buf_reset(&got);
	now += 100000;
	rtr_client_tick(client, now);
	expect("state SYNC\n> v2 Serial Query session 7 serial 1\n");
	rtr_client_closed(client, now, NULL);
	assert_int_equal(rtr_client_deadline(client), now + 10000);
	rtr_client_tick(client, now + 899999);
	assert_non_null(rtr_client_set(client));
	rtr_client_tick(client, now + 900000);
	assert_null(rtr_client_set(client));
	expect("state ERROR_TRANSPORT\nstate CONNECTING\nflush\n");
}

static void
test_C15_bad_timers_are_ignored(void **state)
{
	(void)state;
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	collect_output();
	buf_reset(&got);
	receive_pdu(&(struct rtr_pdu){
		.version = 2, .type = RTR_END_OF_DATA, .session = 7, .serial = 1, .timers = {0, 0, 0}});
	expect("warning End of Data: refresh interval out of range 1 to 86400, timers ignored\n"
	       "state ESTABLISHED\ntable 7/1\n");
	assert_int_equal(rtr_client_deadline(client), now + 3600000);
}

static void
test_C15_expiry_while_a_delta_is_on_its_way(void **state)
{
	(void)state;
	config.fixed.expire = 30;
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	now += 30000;
	rtr_client_tick(client, now);
	vrp(2, '+', "11.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 7, 11);
	/* A delta to nothing would be half a table. */
	expect("flush\nstate ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE\nstate RESET\n> v2 Reset Query\n");
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "11.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 7, 11);
	expect("state SYNC\nstate ESTABLISHED\ntable 7/11 11.0.0.0/8-24:1\n");
}

static void
test_C16_cache_reset(void **state)
{
	(void)state;
	updating(1);
	simple(1, RTR_CACHE_RESET, 0, 0);
	expect("state ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE\nstate RESET\n> v1 Reset Query\n");
	/* The old table stays until the new one is whole. */
	assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
	simple(1, RTR_CACHE_RESPONSE, 9, 0);
	assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
	simple(1, RTR_END_OF_DATA, 9, 1);
	expect("state SYNC\nstate ESTABLISHED\ntable 9/1\n");
}

/* Connected anew, with a table from before. */
static void
back_again(uint8_t version)
{
	synced(version);
	rtr_client_closed(client, now, NULL);
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	assert_string_equal(last_state, "SYNC");
	collect_output();
	buf_reset(&got);
}

static void
test_C16_a_session_that_the_cache_calls_corrupt(void **state)
{
	(void)state;
	for (uint8_t v = 0; v <= 2; v++) {
		back_again(v);
		error_report(v, RTR_CORRUPT_DATA);
		assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
		/* The table stays, though the protocol would have version 2 drop it. */
		assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
		rtr_client_closed(client, now, NULL);
		rtr_client_connected(client, now);
		assert_string_equal(last_state, "RESET");
		assert_int_equal(rtr_client_version(client), v);
		/* It is no answer to a Reset Query. */
		error_report(v, RTR_CORRUPT_DATA);
		assert_string_equal(last_state, "ERROR_FATAL");
		assert_int_equal(rtr_client_set(client) != NULL, v < 2);
		rtr_client_free(client);
		buf_reset(&got);
	}
	/* Nor to one within a session. */
	updating(2);
	error_report(2, RTR_CORRUPT_DATA);
	expect("state ERROR_FATAL\nflush\n");
}

static void
test_C16_a_session_that_the_cache_closes_on(void **state)
{
	(void)state;
	back_again(2);
	rtr_client_closed(client, now, NULL);
	expect("state ERROR_TRANSPORT\n");
	assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
	now += 600000;
	rtr_client_tick(client, now);
	rtr_client_connected(client, now);
	expect("state CONNECTING\nstate RESET\n> v2 Reset Query\n");
}

static void
test_C17_no_data_available(void **state)
{
	(void)state;
	connect_client();
	error_report(2, RTR_NO_DATA_AVAILABLE);
	expect("state RESET\nstate ERROR_NO_DATA_AVAILABLE\n> v2 Reset Query\n");
	assert_string_equal(rtr_client_reason(client), "cache sent Error Report 2 (No Data Available): so");
	assert_int_equal(rtr_client_need(client), RTR_NEED_IO);
	assert_int_equal(rtr_client_deadline(client), now + 600000);
	now += 600000;
	rtr_client_tick(client, now);
	expect("state RESET\n> v2 Reset Query\n");
	error_report(2, RTR_NO_DATA_AVAILABLE);
	/* A Notify says that there is some now. */
	simple(2, RTR_SERIAL_NOTIFY, 7, 1);
	expect("state ERROR_NO_DATA_AVAILABLE\nstate RESET\n> v2 Reset Query\n");
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_END_OF_DATA, 7, 1);
	expect("state SYNC\nstate ESTABLISHED\ntable 7/1\n");
}

static void
test_C17_patience_is_a_minute_at_least(void **state)
{
	(void)state;
	config.timers.retry = 1;
	connect_client();
	error_report(2, RTR_NO_DATA_AVAILABLE);
	assert_int_equal(rtr_client_deadline(client), now + 60000);
}

static void
test_C17_in_a_lower_version_settles_it(void **state)
{
	(void)state;
	connect_client();
	error_report(1, RTR_NO_DATA_AVAILABLE);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_NO_DATA);
	assert_int_equal(rtr_client_version(client), 1);
}

static void
test_C18_restart_and_shutdown(void **state)
{
	(void)state;
	synced(2);
	error_report(2, RTR_CACHE_RESTART);
	expect("state ERROR_TRANSPORT\n");
	assert_non_null(rtr_client_set(client));
	assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
	rtr_client_free(client);
	synced(2);
	error_report(2, RTR_CACHE_SHUTDOWN);
	expect("state ERROR_TRANSPORT\nflush\n");
	rtr_client_free(client);
	/* Version 1 has no such codes. */
	synced(1);
	error_report(1, RTR_CACHE_RESTART);
	expect("state ERROR_FATAL\n");
}

static void
test_C19_error_reports_are_never_answered(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 300; code++) {
		if (code == RTR_NO_DATA_AVAILABLE || code == RTR_CACHE_RESTART || code == RTR_CACHE_SHUTDOWN)
			continue;
		synced(2);
		error_report(2, (uint16_t)code);
		expect("state ERROR_FATAL\nflush\n");
		rtr_client_free(client);
	}
	/* Malformed ones: RIPE's, one too short, one too long. */
	synced(2);
	receive("\2\12\0\0\0\0\0\14\0\0\0\3", 12);
	expect("state ERROR_FATAL\nflush\n");
	rtr_client_free(client);
	synced(2);
	receive("\2\12\0\0\0\0\0\10", 8);
	expect("state ERROR_FATAL\nflush\n");
	rtr_client_free(client);
	synced(2);
	receive("\2\12\0\0\0\2\0\0", 8);
	expect("state ERROR_FATAL\nflush\n");
}

static void
test_C20_notify_leads_to_a_serial_query(void **state)
{
	(void)state;
	synced(2);
	simple(2, RTR_SERIAL_NOTIFY, 7, 10);
	expect("");	/* nothing new in it */
	simple(2, RTR_SERIAL_NOTIFY, 7, 11);
	expect("state SYNC\n> v2 Serial Query session 7 serial 10\n");
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	/* One that comes in between is acted on afterwards. */
	simple(2, RTR_SERIAL_NOTIFY, 7, 12);
	simple(2, RTR_END_OF_DATA, 7, 11);
	expect("state ESTABLISHED\ndelta 7/11\ntable 7/11 10.0.0.0/8-24:1\nstate SYNC\n"
	       "> v2 Serial Query session 7 serial 11\n");
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_SERIAL_NOTIFY, 7, 12);
	simple(2, RTR_END_OF_DATA, 7, 12);
	expect("state ESTABLISHED\ndelta 7/12\ntable 7/12 10.0.0.0/8-24:1\n");
}

static void
test_C21_serial_that_goes_backwards(void **state)
{
	(void)state;
	updating(2);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "11.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 7, 9);
	expect("state ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE\nstate RESET\n> v2 Reset Query\n");
	assert_int_equal(vrpset_count(rtr_client_set(client)), 1);
	rtr_client_free(client);
	/* Over the wrap it goes forwards. */
	connect_client();
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_END_OF_DATA, 7, UINT32_MAX);
	simple(2, RTR_SERIAL_NOTIFY, 7, 0);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	simple(2, RTR_END_OF_DATA, 7, 0);
	assert_int_equal(rtr_client_state(client), RTR_CLIENT_ESTABLISHED);
}

/* ---- beyond it ---- */

static void
test_delta_without_a_table_is_handed_out(void **state)
{
	static const uint32_t two[] = {2};

	(void)state;
	start();
	rtr_client_resume(client, NULL, 7, 10);
	rtr_client_connected(client, now);
	expect("state SYNC\n> v2 Serial Query session 7 serial 10\n");
	/* Session and serial were given by hand and hold in any version. */
	error_report(1, RTR_UNSUPPORTED_VERSION);
	rtr_client_closed(client, now, NULL);
	rtr_client_connected(client, now);
	expect("state FAST_RECONNECT\nstate CONNECTING\nstate SYNC\n> v1 Serial Query session 7 serial 10\n");
	simple(1, RTR_CACHE_RESPONSE, 7, 0);
	vrp(1, '-', "10.0.0.0/8", 24, 1);
	vrp(1, '+', "11.0.0.0/8", 24, 1);
	simple(1, RTR_END_OF_DATA, 7, 12);
	expect("state ESTABLISHED\ndelta 7/12 -10.0.0.0/8-24:1 +11.0.0.0/8-24:1\n");
	rtr_client_free(client);

	start();
	rtr_client_resume(client, NULL, 7, 10);
	rtr_client_connected(client, now);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	aspa('-', 1, 0, NULL);
	aspa('+', 5, 1, two);
	simple(2, RTR_END_OF_DATA, 7, 12);
	expect("state SYNC\nstate ESTABLISHED\ndelta 7/12 -aspa:1,0 +aspa:5,2\n"
	       "> v2 Serial Query session 7 serial 10\n");
}

static void
test_resumed_table_is_built_on(void **state)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrp v = {.maxlen = 24, .asn = 1, .expires = 1900000000};
	struct vrpset *set;

	(void)state;
	assert_non_null(b);
	assert_true(prefix_parse("10.0.0.0/8", 10, &v.prefix, NULL));
	assert_int_equal(vrpset_add_vrp(b, &v), 0);
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	start();
	rtr_client_resume(client, set, 7, 10);
	vrpset_unref(set);
	rtr_client_connected(client, now);
	simple(2, RTR_CACHE_RESPONSE, 7, 0);
	vrp(2, '+', "11.0.0.0/8", 24, 1);
	simple(2, RTR_END_OF_DATA, 7, 11);
	expect("state SYNC\nstate ESTABLISHED\ndelta 7/11 +11.0.0.0/8-24:1\n"
	       "table 7/11 10.0.0.0/8-24:1 11.0.0.0/8-24:1\n> v2 Serial Query session 7 serial 10\n");
}

/* A whole conversation in pieces of every size comes out the same. */
static void
test_pieces_of_any_size(void **state)
{
	struct buf bytes = BUF_INIT;
	struct rtr_pdu pdus[] = {
		{.version = 2, .type = RTR_SERIAL_NOTIFY, .session = 1, .serial = 1},
		{.version = 2, .type = RTR_CACHE_RESPONSE, .session = 7},
		{.version = 2, .type = RTR_IPV4_PREFIX, .announce = true},
		{.version = 2, .type = RTR_ROUTER_KEY, .announce = true},
		{.version = 2, .type = RTR_END_OF_DATA, .session = 7, .serial = 3, .timers = RTR_TIMERS_DEFAULT},
	};

	(void)state;
	pdus[2].payload.vrp = (struct vrp){.prefix = {.family = FAMILY_IPV4}, .asn = 1};
	pdus[3].payload.kind = PAYLOAD_ROUTER_KEY;
	pdus[3].payload.key = (struct router_key){.asn = 1, .spki = (const uint8_t *)"abcde", .spki_len = 5};
	for (size_t i = 0; i < ARRAY_LEN(pdus); i++)
		assert_int_equal(rtr_pdu_encode(&bytes, &pdus[i]), 0);
	for (size_t piece = 1; piece <= bytes.len; piece++) {
		connect_client();
		for (size_t at = 0; at < bytes.len; at += piece)
			receive(bytes.data + at, bytes.len - at < piece ? bytes.len - at : piece);
		expect("state RESET\nstate SYNC\nstate ESTABLISHED\ntable 7/3 0.0.0.0/0-0:1 1 keys\n"
		       "> v2 Reset Query\n");
		rtr_client_free(client);
	}
	client = NULL;
	buf_release(&bytes);
}

static void
test_text_of_the_cache_is_tamed(void **state)
{
	struct rtr_pdu pdu = {.version = 2, .type = RTR_ERROR_REPORT, .error = 1, .text = "a\nb\33[2J\xff", .text_len = 8};

	(void)state;
	connect_client();
	receive_pdu(&pdu);
	assert_string_equal(rtr_client_reason(client), "cache sent Error Report 1 (Internal Error): a?b?[2J?");
}

static void
test_stop(void **state)
{
	(void)state;
	synced(2);
	rtr_client_stop(client);
	expect("state SHUTDOWN\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_CLOSE);
	rtr_client_closed(client, now, NULL);
	assert_int_equal(rtr_client_need(client), RTR_NEED_NOTHING);
	assert_int_equal(rtr_client_deadline(client), INT64_MAX);
	assert_null(rtr_client_set(client));
}

static void
test_start_after_a_stop_is_a_new_beginning(void **state)
{
	(void)state;
	synced(1);
	rtr_client_start(client);
	expect("");
	rtr_client_stop(client);
	rtr_client_start(client);
	expect("state SHUTDOWN\nstate CONNECTING\n");
	assert_int_equal(rtr_client_need(client), RTR_NEED_CONNECT);
	rtr_client_connected(client, now);
	expect("state RESET\n> v1 Reset Query\n");
	simple(1, RTR_CACHE_RESPONSE, 8, 0);
	simple(1, RTR_END_OF_DATA, 8, 3);
	expect("state SYNC\nstate ESTABLISHED\ntable 8/3\n");
}

static void
test_fixed_timers_hold_whatever_the_cache_says(void **state)
{
	(void)state;
	config.fixed = (struct rtr_timers){.refresh = 7, .retry = 3, .expire = 20};
	synced(2);
	assert_int_equal(rtr_client_deadline(client), now + 7000);
	assert_int_equal(rtr_client_timers(client).retry, 3);
	rtr_client_closed(client, now, NULL);
	assert_int_equal(rtr_client_deadline(client), now + 3000);
	rtr_client_tick(client, now + 20000);
	assert_null(rtr_client_set(client));
	rtr_client_free(client);
	/* One alone, for which the cache's others are too long. */
	config.fixed = (struct rtr_timers){.expire = 21};
	synced(2);
	assert_int_equal(rtr_client_timers(client).refresh, 11);
	assert_int_equal(rtr_client_timers(client).retry, 11);
	assert_int_equal(rtr_client_deadline(client), now + 11000);
}

/* Whatever waits for an interval waits no longer, and what doesn't is left alone. */
static void
test_hurry(void **state)
{
	(void)state;
	synced(2);
	rtr_client_hurry(client, now);
	assert_true(rtr_client_deadline(client) == now);
	rtr_client_tick(client, now);
	expect("state SYNC\n> v2 Serial Query session 7 serial 10\n");
	rtr_client_hurry(client, now);
	rtr_client_tick(client, now);
	expect("");
	rtr_client_closed(client, now, NULL);
	expect("state ERROR_TRANSPORT\n");
	rtr_client_tick(client, now);
	expect("");
	rtr_client_hurry(client, now);
	rtr_client_tick(client, now);
	expect("state CONNECTING\n");
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(C1_first_pdu_is_a_query_at_the_highest_version),
		T(C2_serial_query_only_for_data_of_this_version),
		T(C2_expired_data_is_not_asked_about),
		T(C3_error_4_steps_down),
		T(C3_error_4_with_a_senseless_version),
		T(C3_error_4_below_the_lowest_wanted_version),
		T(C4_silent_close_steps_down_by_one),
		T(C4_refusal_by_the_transport_is_no_silent_close),
		T(C4_close_after_an_answer_or_half_of_one_does_not),
		T(C4_failed_connect_does_not),
		T(C5_lower_version_in_the_answer),
		T(C5_lower_version_in_answer_to_a_serial_query),
		T(C5_higher_version_in_the_answer),
		T(C6_early_notify_is_ignored),
		T(C7_other_version_later),
		T(C8_session_mismatch),
		T(C9_lengths_types_and_sizes),
		T(C9_types_by_version),
		T(C9_pdus_out_of_place),
		T(C10_withdrawal_in_a_reset_response),
		T(C11_duplicates),
		T(C11_unknown_withdrawal),
		T(C11_withdrawal_and_announcement_of_one_record),
		T(C11_aspa_replacement),
		T(C12_bad_aspas),
		T(C13_prefix_ranges_and_host_bits),
		T(C14_applied_at_end_of_data_or_not_at_all),
		T(C14_waiting_is_bounded),
		T(C14_memory_is_bounded),
		T(C15_timers_of_the_cache),
		T(C15_bad_timers_are_ignored),
		T(C15_expiry_while_a_delta_is_on_its_way),
		T(C16_cache_reset),
		T(C16_a_session_that_the_cache_calls_corrupt),
		T(C16_a_session_that_the_cache_closes_on),
		T(C17_no_data_available),
		T(C17_patience_is_a_minute_at_least),
		T(C17_in_a_lower_version_settles_it),
		T(C18_restart_and_shutdown),
		T(C19_error_reports_are_never_answered),
		T(C20_notify_leads_to_a_serial_query),
		T(C21_serial_that_goes_backwards),
		T(delta_without_a_table_is_handed_out),
		T(resumed_table_is_built_on),
		T(pieces_of_any_size),
		T(text_of_the_cache_is_tamed),
		T(stop),
		T(start_after_a_stop_is_a_new_beginning),
		T(fixed_timers_hold_whatever_the_cache_says),
		T(hurry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
