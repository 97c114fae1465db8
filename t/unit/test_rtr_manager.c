/* SPDX-License-Identifier: ISC */
/*
 * Which caches a router goes by, with simulated time and without sockets.
 *
 * What the manager reports is written to a log, one line each, which the tests
 * compare: "group PREFERENCE STATE", "first ...", "update ...", "switch ...",
 * "withdrawn ..." with the caches in use and the table or what changed in it.
 * Steps of the single machines are test_rtr_client.c's.
 */
#include "test.h"

#include "../caches.h"

#define SECOND INT64_C(1000)

static struct rtr_manager *manager;
static struct rtr_manager_config config;
static struct names *names;
static struct buf got;
static int64_t now;

/* ---- harness ---- */

static void
note_records(const char *sign, const struct vrpset *set)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct aspa *aspas;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_addf(&got, " %s%u", sign, vrps[i].asn), 0);
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(buf_addf(&got, " %saspa:%u", sign, aspas[i].customer), 0);
		for (uint32_t k = 0; k < aspas[i].provider_count; k++)
			assert_int_equal(buf_addf(&got, ",%u", aspas[i].providers[k]), 0);
	}
}

static void
on_table(void *ctx, const struct rtr_manager_update *u)
{
	static const char *const causes[] = {
		[RTR_CAUSE_FIRST] = "first",
		[RTR_CAUSE_UPDATE] = "update",
		[RTR_CAUSE_SWITCH] = "switch",
		[RTR_CAUSE_WITHDRAWN] = "withdrawn",
	};

	(void)ctx;
	assert_int_equal(buf_addf(&got, "%s [", causes[u->cause]), 0);
	for (size_t i = 0; i < u->cache_count; i++)
		assert_int_equal(buf_addf(&got, "%s%zu", i ? " " : "", u->caches[i]), 0);
	assert_int_equal(buf_addf(&got, "]"), 0);
	if (u->delta) {
		note_records("-", u->delta->withdrawn);
		note_records("+", u->delta->announced);
	} else {
		note_records("", u->set);
	}
	assert_int_equal(buf_addf(&got, "\n"), 0);
}

static void
on_group(void *ctx, uint8_t preference, enum rtr_group_state from, enum rtr_group_state to, const char *reason)
{
	(void)ctx;
	assert_true(from != to && *reason);
	assert_int_equal(buf_addf(&got, "group %u %s\n", preference, rtr_group_state_name(to)), 0);
}

static const struct rtr_manager_ops ops = {.table = on_table, .group = on_group};

/* Compare and forget what happened since the last call. */
#define expect(want) expect_at(want, __LINE__)

static void
expect_at(const char *want, int line)
{
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
	config = (struct rtr_manager_config)RTR_MANAGER_CONFIG_DEFAULT;
	config.client.names = names;
	config.ops = &ops;
	manager = NULL;
	now = 1000000;
	buf_reset(&got);
	return names ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	rtr_manager_free(manager);
	names_unref(names);
	buf_release(&got);
	return 0;
}

/* Caches of these preferences, one digit each. */
static void
start(const char *preferences)
{
	uint8_t p[8] = {0};
	size_t n = strlen(preferences);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(preferences[i] - '0');
	manager = rtr_manager_new(&config, p, n);
	assert_non_null(manager);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rtr_manager_need(manager, i), RTR_NEED_NOTHING);
	rtr_manager_start(manager, now);
}

static void
connected(size_t cache)
{
	assert_int_equal(rtr_manager_need(manager, cache), RTR_NEED_CONNECT);
	rtr_manager_connected(manager, cache, now);
	assert_int_equal(rtr_manager_need(manager, cache), RTR_NEED_IO);
}

static void
refused(size_t cache)
{
	assert_int_equal(rtr_manager_need(manager, cache), RTR_NEED_CONNECT);
	rtr_manager_closed(manager, cache, now, "connection refused");
}

static void
receive_pdu(size_t cache, struct rtr_pdu pdu)
{
	struct buf out = BUF_INIT;

	assert_int_equal(rtr_pdu_encode(&out, &pdu), 0);
	rtr_manager_receive(manager, cache, now, out.data, out.len);
	buf_release(&out);
}

static void
simple(size_t cache, enum rtr_type type, uint16_t session, uint32_t serial)
{
	receive_pdu(cache, (struct rtr_pdu){.version = rtr_manager_cache(manager, cache).version,
					    .type = (uint8_t)type,
					    .session = session,
					    .serial = serial,
					    .timers = RTR_TIMERS_DEFAULT});
}

/* "+1 -2": VRPs by the AS */
static void
records(size_t cache, const char *text)
{
	while (*text) {
		char *end;
		struct rtr_pdu pdu = {.version = rtr_manager_cache(manager, cache).version, .type = RTR_IPV4_PREFIX};

		pdu.announce = *text == '+';
		pdu.payload = sim_vrp((unsigned)strtoul(text + 1, &end, 10));
		receive_pdu(cache, pdu);
		text = end + strspn(end, " ");
	}
}

static void
answer(size_t cache, uint32_t serial, const char *text)
{
	uint16_t session = (uint16_t)(cache + 1);

	simple(cache, RTR_CACHE_RESPONSE, session, 0);
	records(cache, text);
	simple(cache, RTR_END_OF_DATA, session, serial);
	assert_int_equal(rtr_manager_cache(manager, cache).serial, serial);
}

static void
error_report(size_t cache, uint16_t code)
{
	receive_pdu(cache, (struct rtr_pdu){.version = rtr_manager_cache(manager, cache).version,
					    .type = RTR_ERROR_REPORT, .error = code});
}

/* The cache has news, and what. */
static void
change(size_t cache, uint32_t serial, const char *text)
{
	simple(cache, RTR_SERIAL_NOTIFY, (uint16_t)(cache + 1), serial);
	answer(cache, serial, text);
}

static void
lose(size_t cache)
{
	rtr_manager_closed(manager, cache, now, "reset by peer");
}

/* As whoever waits for the deadlines does. */
static void
wait_ms(int64_t ms)
{
	int64_t end = now + ms;

	while (rtr_manager_deadline(manager) <= end) {
		now = rtr_manager_deadline(manager);
		rtr_manager_tick(manager, now);
		assert_true(rtr_manager_deadline(manager) > now);
	}
	now = end;
}

static enum rtr_group_state
group(uint8_t preference)
{
	return rtr_manager_group(manager, preference);
}

/* Two caches, the second a fallback; the first is in sync and has 1 and 2. */
static void
first_of_two(void)
{
	start("12");
	connected(0);
	answer(0, 10, "+1 +2");
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\nfirst [0] 1 2\n");
	assert_int_equal(rtr_manager_need(manager, 1), RTR_NEED_NOTHING);
}

/* And then lost; the second is in sync and has 2 and 3. */
static void
second_of_two(void)
{
	first_of_two();
	lose(0);
	connected(1);
	answer(1, 5, "+2 +3");
	expect("group 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ESTABLISHED\nswitch [1] -1 +3\n");
}

/* ---- one cache ---- */

static void
test_one_cache(void **state)
{
	(void)state;
	start("7");
	assert_null(rtr_manager_set(manager));
	assert_int_equal(rtr_manager_in_use(manager), -1);
	connected(0);
	assert_false(rtr_manager_in_sync(manager));
	answer(0, 10, "+1 +2");
	expect("group 7 CONNECTING\ngroup 7 ESTABLISHED\nfirst [0] 1 2\n");
	assert_true(rtr_manager_in_sync(manager));
	assert_int_equal(rtr_manager_in_use(manager), 7);
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 2);
	change(0, 11, "-1 +3");
	expect("update [0] -1 +3\n");
	/* An answer that changes nothing. */
	change(0, 12, "");
	expect("");
	assert_int_equal(rtr_manager_cache(manager, 0).serial, 12);
	assert_int_equal(rtr_manager_cache(manager, 0).updated, now);
}

static void
test_an_empty_table_is_a_table(void **state)
{
	(void)state;
	start("1");
	connected(0);
	answer(0, 10, "");
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\nfirst [0]\n");
	change(0, 11, "+1");
	change(0, 12, "-1");
	expect("update [0] +1\nupdate [0] -1\n");
}

static void
test_C15_the_table_of_a_lost_cache_stays_until_it_expires(void **state)
{
	(void)state;
	start("1");
	connected(0);
	answer(0, 10, "+1");
	buf_reset(&got);
	lose(0);
	expect("group 1 ERROR\n");
	assert_false(rtr_manager_in_sync(manager));
	assert_int_equal(rtr_manager_in_use(manager), 1);
	for (int i = 0; i < 11; i++) {
		wait_ms(600 * SECOND);
		refused(0);
	}
	wait_ms(600 * SECOND - 1);
	expect("");
	wait_ms(1);
	expect("withdrawn [] -1\n");
	assert_int_equal(rtr_manager_in_use(manager), -1);
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 0);
	/* And back. */
	connected(0);
	answer(0, 3, "+1 +2");
	expect("group 1 ESTABLISHED\nswitch [0] +1 +2\n");
}

static void
test_C16_restart_with_another_session_is_a_delta(void **state)
{
	(void)state;
	start("1");
	connected(0);
	answer(0, 10, "+1 +2");
	buf_reset(&got);
	lose(0);
	wait_ms(600 * SECOND);
	connected(0);
	simple(0, RTR_CACHE_RESET, 0, 0);
	simple(0, RTR_CACHE_RESPONSE, 77, 0);
	records(0, "+2 +3");
	expect("group 1 ERROR\n");
	simple(0, RTR_END_OF_DATA, 77, 1);
	expect("group 1 ESTABLISHED\nupdate [0] -1 +3\n");
	/* The very same table under a third session. */
	lose(0);
	wait_ms(600 * SECOND);
	connected(0);
	simple(0, RTR_CACHE_RESET, 0, 0);
	simple(0, RTR_CACHE_RESPONSE, 78, 0);
	records(0, "+2 +3");
	simple(0, RTR_END_OF_DATA, 78, 1);
	expect("group 1 ERROR\ngroup 1 ESTABLISHED\n");
	assert_int_equal(rtr_manager_cache(manager, 0).session, 78);
}

static void
test_C18_cache_shutdown_without_another_cache(void **state)
{
	(void)state;
	start("1");
	connected(0);
	answer(0, 10, "+1");
	buf_reset(&got);
	error_report(0, RTR_CACHE_SHUTDOWN);
	expect("group 1 ERROR\nwithdrawn [] -1\n");
}

static void
test_C18_cache_restart_keeps_the_table(void **state)
{
	(void)state;
	start("1");
	connected(0);
	answer(0, 10, "+1");
	buf_reset(&got);
	error_report(0, RTR_CACHE_RESTART);
	expect("group 1 ERROR\n");
	lose(0);
	wait_ms(600 * SECOND);
	connected(0);
	answer(0, 11, "+2");
	expect("group 1 ESTABLISHED\nupdate [0] +2\n");
}

/* ---- fail-over ---- */

static void
test_the_next_group_starts_when_the_first_fails(void **state)
{
	(void)state;
	start("12");
	refused(0);
	expect("group 1 CONNECTING\ngroup 1 ERROR\ngroup 2 CONNECTING\n");
	connected(1);
	answer(1, 5, "+2");
	expect("group 2 ESTABLISHED\nfirst [1] 2\n");
	/* The first goes on trying. */
	wait_ms(600 * SECOND);
	assert_int_equal(rtr_manager_need(manager, 0), RTR_NEED_CONNECT);
}

static void
test_order_of_preference_is_not_order_of_caches(void **state)
{
	(void)state;
	start("931");
	assert_int_equal(rtr_manager_need(manager, 0), RTR_NEED_NOTHING);
	assert_int_equal(rtr_manager_need(manager, 1), RTR_NEED_NOTHING);
	refused(2);
	refused(1);
	connected(0);
	expect("group 1 CONNECTING\ngroup 1 ERROR\ngroup 3 CONNECTING\ngroup 3 ERROR\ngroup 9 CONNECTING\n");
}

static void
test_the_next_group_starts_when_patience_is_over(void **state)
{
	(void)state;
	start("12");
	/* Neither connected nor refused: a black hole. */
	wait_ms(config.patience - 1);
	expect("group 1 CONNECTING\n");
	wait_ms(1);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	connected(1);
	answer(1, 5, "+2");
	expect("group 2 ESTABLISHED\nfirst [1] 2\n");
	connected(0);
	answer(0, 1, "+1");
	expect("group 1 ESTABLISHED\nswitch [0] -2 +1\ngroup 2 CLOSED\n");
}

static void
test_fail_over_is_one_step(void **state)
{
	(void)state;
	first_of_two();
	lose(0);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	connected(1);
	simple(1, RTR_CACHE_RESPONSE, 2, 0);
	records(1, "+2 +3");
	/* The old table stays until the new one is whole. */
	expect("");
	assert_int_equal(rtr_manager_in_use(manager), 1);
	simple(1, RTR_END_OF_DATA, 2, 5);
	expect("group 2 ESTABLISHED\nswitch [1] -1 +3\n");
	change(1, 6, "+4");
	expect("update [1] +4\n");
}

static void
test_return_is_one_step_and_stops_the_fallback(void **state)
{
	(void)state;
	second_of_two();
	wait_ms(600 * SECOND);
	connected(0);
	simple(0, RTR_CACHE_RESPONSE, 1, 0);
	records(0, "+4");
	change(1, 6, "+5");
	expect("update [1] +5\n");
	simple(0, RTR_END_OF_DATA, 1, 12);
	expect("group 1 ESTABLISHED\nswitch [0] -3 -5 +1 +4\ngroup 2 CLOSED\n");
	assert_int_equal(rtr_manager_need(manager, 1), RTR_NEED_CLOSE);
	rtr_manager_closed(manager, 1, now, NULL);
	assert_int_equal(rtr_manager_need(manager, 1), RTR_NEED_NOTHING);
	assert_null(rtr_manager_cache(manager, 1).set);
	/* And once more: the fallback begins anew. */
	lose(0);
	connected(1);
	answer(1, 7, "+3");
	expect("group 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ESTABLISHED\nswitch [1] -1 -2 -4 +3\n");
}

static void
test_fail_over_to_the_same_table_is_no_news(void **state)
{
	(void)state;
	first_of_two();
	lose(0);
	connected(1);
	answer(1, 5, "+1 +2");
	expect("group 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ESTABLISHED\n");
	assert_int_equal(rtr_manager_in_use(manager), 2);
	change(1, 6, "-1");
	expect("update [1] -1\n");
}

static void
test_both_gone_and_back(void **state)
{
	(void)state;
	second_of_two();
	lose(1);
	expect("group 2 ERROR\n");
	/* The table of the first is older, and expires before. */
	wait_ms(600 * SECOND);
	refused(0);
	refused(1);
	assert_int_equal(rtr_manager_in_use(manager), 2);
	for (int i = 0; i < 11; i++) {
		wait_ms(600 * SECOND);
		if (rtr_manager_need(manager, 0) == RTR_NEED_CONNECT)
			refused(0);
		if (rtr_manager_need(manager, 1) == RTR_NEED_CONNECT)
			refused(1);
	}
	expect("withdrawn [] -2 -3\n");
	wait_ms(600 * SECOND);
	connected(1);
	answer(1, 1, "+3");
	connected(0);
	answer(0, 1, "+1");
	expect("group 2 ESTABLISHED\nswitch [1] +3\ngroup 1 ESTABLISHED\nswitch [0] -3 +1\ngroup 2 CLOSED\n");
}

static void
test_C17_no_data_at_the_first(void **state)
{
	(void)state;
	start("12");
	connected(0);
	error_report(0, RTR_NO_DATA_AVAILABLE);
	connected(1);
	answer(1, 5, "+2");
	expect("group 1 CONNECTING\ngroup 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ESTABLISHED\nfirst [1] 2\n");
	/* It has some now, and says so. */
	simple(0, RTR_SERIAL_NOTIFY, 1, 1);
	answer(0, 1, "+1");
	expect("group 1 ESTABLISHED\nswitch [0] -2 +1\ngroup 2 CLOSED\n");
}

static void
test_C3_C4_negotiation_is_no_failure(void **state)
{
	(void)state;
	start("12");
	connected(0);
	receive_pdu(0, (struct rtr_pdu){.version = 1, .type = RTR_ERROR_REPORT, .error = RTR_UNSUPPORTED_VERSION});
	assert_int_equal(rtr_manager_need(manager, 0), RTR_NEED_CLOSE);
	rtr_manager_closed(manager, 0, now, NULL);
	connected(0);
	/* Version 1 isn't to its liking either: it closes. */
	rtr_manager_closed(manager, 0, now, NULL);
	connected(0);
	expect("group 1 CONNECTING\n");
	answer(0, 1, "+1");
	assert_int_equal(rtr_manager_cache(manager, 0).version, 0);
	expect("group 1 ESTABLISHED\nfirst [0] 1\n");
}

static void
test_C14_a_cache_that_hangs_within_a_response(void **state)
{
	(void)state;
	first_of_two();
	simple(0, RTR_SERIAL_NOTIFY, 1, 11);
	simple(0, RTR_CACHE_RESPONSE, 1, 0);
	records(0, "-1 +4");
	wait_ms(config.client.idle_timeout - 1);
	expect("");
	wait_ms(1);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 2);
	connected(1);
	answer(1, 5, "+2");
	expect("group 2 ESTABLISHED\nswitch [1] -1\n");
}

/* ---- caches that lie: the fallback takes over, and nobody sees anything in between ---- */

static const struct lie {
	const char *name;
	const char *bytes;
	size_t len;
	bool end;	/* shows at End of Data only */
} lies[] = {
	{"C8 session of the Cache Response", "\2\3\0\7\0\0\0\10", 8, false},
	{"C8 session of a Notify", "\2\0\0\7\0\0\0\14\0\0\0\13", 12, false},
	{"C9 unknown type", "\2\143\0\0\0\0\0\10", 8, false},
	{"C9 too long", "\2\4\0\0\377\377\377\377", 8, false},
	{"C9 too short", "\2\4\0\0\0\0\0\4", 8, false},
	{"C9 End of Data of version 0", "\2\7\0\1\0\0\0\14\0\0\0\13", 12, false},
	{"C11 announced already", "\2\4\0\0\0\0\0\24\1\30\30\0\12\0\0\0\0\0\0\1", 20, true},
	{"C11 unknown withdrawal", "\2\4\0\0\0\0\0\24\0\30\30\0\12\0\1\0\0\0\0\1", 20, true},
	{"C12 no providers", "\2\13\1\0\0\0\0\14\0\0\0\1", 12, false},
	{"C12 unsorted providers", "\2\13\1\0\0\0\0\24\0\0\0\1\0\0\0\3\0\0\0\2", 20, false},
	{"C12 AS0 and others", "\2\13\1\0\0\0\0\24\0\0\0\1\0\0\0\0\0\0\0\2", 20, false},
	{"C12 withdrawal with providers", "\2\13\0\0\0\0\0\20\0\0\0\1\0\0\0\2", 16, false},
	{"C13 length above maximum length", "\2\4\0\0\0\0\0\24\1\31\30\0\12\0\0\0\0\0\0\5", 20, false},
	{"C13 length out of range", "\2\4\0\0\0\0\0\24\1\41\41\0\12\0\0\0\0\0\0\5", 20, false},
	{"C13 host bits", "\2\4\0\0\0\0\0\24\1\30\30\0\12\0\0\1\0\0\0\5", 20, false},
	{"C7 another version", "\1\4\0\0\0\0\0\24\1\30\30\0\12\0\0\0\0\0\0\5", 20, false},
	{"C19 malformed Error Report", "\2\12\0\0\0\0\0\14\0\0\0\3", 12, false},
	{"a query", "\2\2\0\0\0\0\0\10", 8, false},
	{"Cache Shutdown", "\2\12\0\15\0\0\0\20\0\0\0\0\0\0\0\0", 16, false},
};

static void
tell(size_t cache, const struct lie *lie)
{
	rtr_manager_receive(manager, cache, now, lie->bytes, lie->len);
	if (lie->end)
		simple(cache, RTR_END_OF_DATA, 1, 11);
	assert_case(rtr_manager_need(manager, cache) == RTR_NEED_CLOSE, "%s", lie->name);
	rtr_manager_closed(manager, cache, now, NULL);
}

static void
test_C8_to_C14_a_cache_that_lies_is_replaced_in_one_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		first_of_two();
		simple(0, RTR_SERIAL_NOTIFY, 1, 11);
		simple(0, RTR_CACHE_RESPONSE, 1, 0);
		records(0, "-2 +4");
		tell(0, &lies[i]);
		expect("group 1 ERROR\ngroup 2 CONNECTING\n");
		assert_null(rtr_manager_cache(manager, 0).set);
		connected(1);
		answer(1, 5, "+2 +3");
		expect("group 2 ESTABLISHED\nswitch [1] -1 +3\n");
		rtr_manager_free(manager);
	}
	manager = NULL;
}

static void
test_C8_to_C14_a_cache_that_lies_at_first_has_said_nothing(void **state)
{
	(void)state;
	for (size_t i = 2; i < ARRAY_LEN(lies); i++) {
		start("1");
		connected(0);
		simple(0, RTR_CACHE_RESPONSE, 1, 0);
		/* Not the very same, so that it is new in a whole table, too, and twice. */
		records(0, "+1 +4");
		tell(0, &lies[i]);
		expect("group 1 CONNECTING\ngroup 1 ERROR\n");
		assert_null(rtr_manager_set(manager));
		rtr_manager_free(manager);
	}
	manager = NULL;
}

static void
test_C10_withdrawal_in_a_whole_table(void **state)
{
	(void)state;
	start("12");
	connected(0);
	simple(0, RTR_CACHE_RESPONSE, 1, 0);
	records(0, "+1 -2");
	expect("group 1 CONNECTING\ngroup 1 ERROR\ngroup 2 CONNECTING\n");
}

static void
test_a_table_taken_back_is_held_for_a_bounded_time(void **state)
{
	(void)state;
	first_of_two();
	error_report(0, RTR_CACHE_SHUTDOWN);
	rtr_manager_closed(manager, 0, now, NULL);
	connected(1);
	wait_ms(config.patience - 1);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 2);
	wait_ms(1);
	expect("group 2 ERROR\nwithdrawn [] -1 -2\n");
}

static void
test_a_table_taken_back_goes_when_no_cache_is_left(void **state)
{
	(void)state;
	first_of_two();
	error_report(0, RTR_CACHE_SHUTDOWN);
	rtr_manager_closed(manager, 0, now, NULL);
	refused(1);
	expect("group 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ERROR\nwithdrawn [] -1 -2\n");
}

static void
test_a_table_taken_back_is_not_held_longer_than_it_would_last(void **state)
{
	(void)state;
	config.client.fixed = (struct rtr_timers){.expire = 10};
	first_of_two();
	wait_ms(4 * SECOND);
	error_report(0, RTR_CACHE_SHUTDOWN);
	rtr_manager_closed(manager, 0, now, NULL);
	wait_ms(6 * SECOND - 1);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	wait_ms(1);
	expect("withdrawn [] -1 -2\n");
}

static void
test_a_table_that_has_expired_is_not_held_at_all(void **state)
{
	(void)state;
	config.client.fixed = (struct rtr_timers){.expire = 10};
	config.client.idle_timeout = 8 * SECOND;
	first_of_two();
	/* The first is lost just before, so that the second is still being tried. */
	wait_ms(9 * SECOND);
	lose(0);
	connected(1);
	buf_reset(&got);
	wait_ms(SECOND);
	expect("withdrawn [] -1 -2\n");
	/* That it has expired once is no reason not to hold what comes later. */
	answer(1, 5, "+2");
	wait_ms(5 * SECOND);
	connected(0);
	answer(0, 11, "+1");
	expect("group 2 ESTABLISHED\nswitch [1] +2\ngroup 1 ESTABLISHED\nswitch [0] -2 +1\ngroup 2 CLOSED\n");
	rtr_manager_closed(manager, 1, now, NULL);
	error_report(0, RTR_CACHE_SHUTDOWN);
	expect("group 1 ERROR\ngroup 2 CONNECTING\n");
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 1);
}

/* ---- caches of equal preference ---- */

static void
test_a_group_is_shown_together(void **state)
{
	(void)state;
	start("11");
	connected(0);
	connected(1);
	answer(0, 10, "+1 +2");
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\n");
	answer(1, 5, "+2 +3");
	expect("first [0 1] 1 2 3\n");
}

static void
test_a_group_waits_only_so_long(void **state)
{
	(void)state;
	start("11");
	connected(0);
	answer(0, 10, "+1 +2");
	wait_ms(config.grace - 1);
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\n");
	wait_ms(1);
	expect("first [0] 1 2\n");
	connected(1);
	answer(1, 5, "+2 +3");
	expect("update [0 1] +3\n");
}

static void
test_a_group_does_not_wait_for_what_has_failed(void **state)
{
	(void)state;
	start("111");
	refused(1);
	connected(0);
	answer(0, 10, "+1");
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\n");
	refused(2);
	expect("first [0] 1\n");
}

static void
test_a_twin_that_is_one_serial_behind(void **state)
{
	(void)state;
	start("11");
	connected(0);
	connected(1);
	answer(0, 10, "+1 +2");
	answer(1, 10, "+1 +2");
	buf_reset(&got);
	/* What is announced comes with the first, what is withdrawn goes with the last. */
	change(0, 11, "-1 +3");
	expect("update [0 1] +3\n");
	change(1, 11, "-1 +3");
	expect("update [0 1] -1\n");
}

static void
test_aspas_of_twins_are_joined(void **state)
{
	static const uint32_t one[] = {7}, other[] = {8};
	struct rtr_pdu pdu = {.version = 2, .type = RTR_ASPA, .announce = true, .payload.kind = PAYLOAD_ASPA};

	(void)state;
	start("11");
	connected(0);
	connected(1);
	for (size_t i = 0; i < 2; i++) {
		pdu.payload.aspa = (struct aspa){.customer = 5, .provider_count = 1, .providers = i ? other : one};
		simple(i, RTR_CACHE_RESPONSE, 1, 0);
		receive_pdu(i, pdu);
		simple(i, RTR_END_OF_DATA, 1, 1);
	}
	expect("group 1 CONNECTING\ngroup 1 ESTABLISHED\nfirst [0 1] aspa:5,7,8\n");
}

static void
test_the_last_table_of_a_lost_twin_counts_until_it_expires(void **state)
{
	(void)state;
	start("112");
	connected(0);
	connected(1);
	answer(0, 10, "+1 +2");
	answer(1, 10, "+2 +3");
	buf_reset(&got);
	lose(1);
	expect("");
	/* The group is in sync, so that no other is started. */
	assert_int_equal(group(1), RTR_GROUP_ESTABLISHED);
	assert_int_equal(group(2), RTR_GROUP_CLOSED);
	change(0, 11, "-1 -2");
	expect("update [0 1] -1\n");
	for (int i = 0; i < 12; i++) {
		wait_ms(600 * SECOND);
		if (rtr_manager_need(manager, 1) == RTR_NEED_CONNECT)
			refused(1);
		if (i % 6 == 5)
			answer(0, 11, "");
	}
	expect("update [0] -2 -3\n");
	/* What it took back goes at once. */
	wait_ms(600 * SECOND);
	connected(1);
	answer(1, 1, "+5");
	error_report(1, RTR_CACHE_SHUTDOWN);
	expect("update [0 1] +5\nupdate [0] -5\n");
}

static void
test_a_group_in_use_waits_for_nobody(void **state)
{
	(void)state;
	start("112");
	connected(0);
	connected(1);
	answer(0, 10, "+1");
	answer(1, 10, "+2");
	lose(0);
	lose(1);
	buf_reset(&got);
	wait_ms(600 * SECOND);
	connected(0);
	connected(1);
	connected(2);
	/* Not even for the second, so that no fallback comes in between. */
	answer(0, 11, "+3");
	expect("group 2 ERROR\ngroup 1 ESTABLISHED\nupdate [0 1] +3\ngroup 2 CLOSED\n");
}

static void
test_a_group_that_returns_returns_together(void **state)
{
	(void)state;
	start("112");
	refused(0);
	refused(1);
	connected(2);
	answer(2, 1, "+9");
	buf_reset(&got);
	wait_ms(600 * SECOND);
	connected(0);
	connected(1);
	answer(0, 1, "+1");
	expect("group 1 ESTABLISHED\n");
	answer(1, 1, "+2");
	expect("switch [0 1] -9 +1 +2\ngroup 2 CLOSED\n");
}

/* ---- beyond ---- */

static void
test_stop_and_start(void **state)
{
	(void)state;
	first_of_two();
	rtr_manager_stop(manager, now);
	expect("group 1 CLOSED\n");
	assert_int_equal(rtr_manager_need(manager, 0), RTR_NEED_CLOSE);
	rtr_manager_closed(manager, 0, now, NULL);
	assert_int_equal(rtr_manager_need(manager, 0), RTR_NEED_NOTHING);
	assert_int_equal(rtr_manager_deadline(manager), INT64_MAX);
	assert_int_equal(vrpset_count(rtr_manager_set(manager)), 2);
	assert_false(rtr_manager_in_sync(manager));
	rtr_manager_start(manager, now);
	expect("group 1 CONNECTING\n");
	connected(0);
	answer(0, 1, "+2 +3");
	expect("group 1 ESTABLISHED\nswitch [0] -1 +3\n");
}

static void
test_the_connection_may_still_be_open_when_a_fallback_starts_again(void **state)
{
	(void)state;
	second_of_two();
	wait_ms(600 * SECOND);
	connected(0);
	answer(0, 11, "");
	assert_int_equal(rtr_manager_need(manager, 1), RTR_NEED_CLOSE);
	lose(0);
	/* Whatever is open there is an old one. */
	connected(1);
	buf_reset(&got);
	answer(1, 6, "+6");
	expect("group 2 ESTABLISHED\nswitch [1] -1 -2 +6\n");
}

static uint32_t
rng_choice(void *ctx, uint32_t n)
{
	return rng_below(ctx, n);
}

static void
test_random_caches(void **state)
{
	size_t updates = 0, withdrawals = 0, switches = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct rng rng = {seed};
		struct sim sim;

		sim_init(&sim, rng_choice, &rng);
		for (int i = 0; i < 600; i++)
			sim_step(&sim);
		updates += sim.updates;
		withdrawals += sim.withdrawals;
		switches += sim.switches;
		sim_release(&sim);
	}
	/* It did happen. */
	assert_true(updates > 5000 && withdrawals > 1000 && switches > 2000);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_cache),
		T(an_empty_table_is_a_table),
		T(C15_the_table_of_a_lost_cache_stays_until_it_expires),
		T(C16_restart_with_another_session_is_a_delta),
		T(C18_cache_shutdown_without_another_cache),
		T(C18_cache_restart_keeps_the_table),
		T(the_next_group_starts_when_the_first_fails),
		T(order_of_preference_is_not_order_of_caches),
		T(the_next_group_starts_when_patience_is_over),
		T(fail_over_is_one_step),
		T(return_is_one_step_and_stops_the_fallback),
		T(fail_over_to_the_same_table_is_no_news),
		T(both_gone_and_back),
		T(C17_no_data_at_the_first),
		T(C3_C4_negotiation_is_no_failure),
		T(C14_a_cache_that_hangs_within_a_response),
		T(C8_to_C14_a_cache_that_lies_is_replaced_in_one_step),
		T(C8_to_C14_a_cache_that_lies_at_first_has_said_nothing),
		T(C10_withdrawal_in_a_whole_table),
		T(a_table_taken_back_is_held_for_a_bounded_time),
		T(a_table_taken_back_goes_when_no_cache_is_left),
		T(a_table_taken_back_is_not_held_longer_than_it_would_last),
		T(a_table_that_has_expired_is_not_held_at_all),
		T(a_group_is_shown_together),
		T(a_group_waits_only_so_long),
		T(a_group_does_not_wait_for_what_has_failed),
		T(a_twin_that_is_one_serial_behind),
		T(aspas_of_twins_are_joined),
		T(the_last_table_of_a_lost_twin_counts_until_it_expires),
		T(a_group_in_use_waits_for_nobody),
		T(a_group_that_returns_returns_together),
		T(stop_and_start),
		T(the_connection_may_still_be_open_when_a_fallback_starts_again),
		T(random_caches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
