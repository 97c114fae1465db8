/* SPDX-License-Identifier: ISC */
/*
 * The cache's side of one connection, byte by byte.  The items S4 to S31 are
 * what RFC 8210 and 8210bis (draft-ietf-sidrops-8210bis-27) ask of a cache:
 *
 *	S4	reserved fields are zero, and ignored when received
 *	S5	the query's version is the session's
 *	S6	a version above ours: Error 4 with our highest, the router may ask again
 *	S8	no Notify before the first accepted query
 *	S9	another version later on: Error 8, in version 0 Error 3
 *	S10	session IDs are told apart by version
 *	S11	serial 0 is no base of a delta
 *	S12	one response is one version of the table
 *	S13	Reset Query: Cache Response, all records announced, End of Data
 *	S14	Serial Query: the net delta, which may be empty
 *	S15	old, unknown or future serials: Cache Reset
 *	S16	a foreign session ID: Cache Reset before ours was told, Error 0 after
 *	S17	no data yet: Error 2, the session goes on
 *	S18	changes that cancel are not mentioned
 *	S19	one PDU for each record
 *	S20	prefix and maximum length are in range, host bits zero
 *	S21	an ASPA is announced as a whole and withdrawn without providers
 *	S22	no router key in version 0, no ASPA before version 2
 *	S23	the order of PDUs
 *	S24	End of Data has the response's session and version, and the timers
 *	S25	Notify once for a serial, no more than one an interval
 *	S26	what a router must not send: Error 3, 5 or 0
 *	S27	an Error Report is never answered
 *	S28	an Error Report copies the PDU at fault
 *	S30	a planned stop: version 2 is told, older ones are closed
 *	S31	queries in a row are answered in order
 */
#include "router.h"

#include "rtr_session.h"

struct fixture {
	struct names *names;
	struct rtr_cache *cache;
	struct rtr_session s;
	struct buf out;
	size_t shared;			/* images that were sent by reference */
	enum rtr_session_event event;	/* of the last PDU taken */
	int fail;			/* the n-th output from now fails, 0 = none */
};

static int
on_copy(void *ctx, const void *data, size_t len)
{
	struct fixture *f = ctx;

	if (f->fail && --f->fail == 0)
		return -1;
	return buf_add(&f->out, data, len);
}

static int
on_share(void *ctx, struct blob *image)
{
	struct fixture *f = ctx;
	int rc = on_copy(f, image->data, image->len);

	f->shared++;
	blob_unref(image);
	return rc;
}

static const struct rtr_session_io io = {on_copy, on_share};

static struct rtr_cache *
new_cache(uint8_t max_version)
{
	const struct rtr_cache_config config = {
		.timers = RTR_TIMERS_DEFAULT,
		.max_version = max_version,
		.history = 100,
		.sessions = {0x1000, 0x1001, 0x1002},
	};
	struct rtr_cache *c = rtr_cache_new(&config);

	assert_non_null(c);
	return c;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->names = names_new();
	f->cache = new_cache(2);
	rtr_session_init(&f->s, f->cache, &io, f);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rtr_cache_free(f->cache);
	names_unref(f->names);
	buf_release(&f->out);
	free(f);
	return 0;
}

/* Another connection to the same cache. */
static void
reconnect(struct fixture *f)
{
	buf_reset(&f->out);
	rtr_session_init(&f->s, f->cache, &io, f);
}

static void
use_max_version(struct fixture *f, uint8_t version)
{
	rtr_cache_free(f->cache);
	f->cache = new_cache(version);
	reconnect(f);
}

static void
commit_set(struct fixture *f, struct vrpset *set)
{
	struct rtr_update *u = rtr_update_new(rtr_cache_set(f->cache), set, 0);

	assert_non_null(u);
	rtr_cache_commit(f->cache, u);
}

static void
commit(struct fixture *f, const char *text)
{
	struct vrpset *set = set_of(f->names, text);

	commit_set(f, set);
	vrpset_unref(set);
}

/* Bytes from hex digits and blanks. */
static size_t
unhex(const char *hex, unsigned char *out)
{
	size_t n = 0;

	while (*hex) {
		unsigned v;

		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		out[n++] = (unsigned char)v;
		hex += 2;
	}
	return n;
}

/* Everything that the session takes of these bytes, one PDU after the other; how much it took. */
static size_t
take_bytes(struct fixture *f, const unsigned char *data, size_t len)
{
	size_t done = 0, n;

	do {
		/* In memory of its own, so that a read past the end is seen. */
		unsigned char *exact = malloc(len - done + 1);
		enum rtr_session_event event;

		assert_non_null(exact);
		memcpy(exact, data + done, len - done);
		n = rtr_session_take(&f->s, exact, len - done, &event);
		free(exact);
		assert_true(n <= len - done);
		if (n)
			f->event = event;
		else
			assert_int_equal(event, RTR_EVENT_NONE);
		done += n;
	} while (n);
	return done;
}

static size_t
take(struct fixture *f, const char *hex)
{
	unsigned char data[1024];

	return take_bytes(f, data, unhex(hex, data));
}

/* What was sent since the last call. */
static void
assert_sent(struct fixture *f, const char *hex)
{
	static unsigned char want[65536];
	size_t len = unhex(hex, want);

	for (size_t i = 0; i < f->out.len && i < len; i++)
		assert_case((unsigned char)f->out.data[i] == want[i], "byte %zu of %s", i, hex);
	assert_int_equal(f->out.len, len);
	buf_reset(&f->out);
}

/* One Error Report with this version, code and copy, and a text that is UTF-8 without NUL. */
static void
assert_error(struct fixture *f, uint8_t version, uint16_t code, const char *copy_hex)
{
	static unsigned char copy[65536];
	const unsigned char *p = (const unsigned char *)f->out.data;
	uint32_t copy_len = (uint32_t)unhex(copy_hex, copy), text_len;

	assert_true(f->out.len >= 16 + copy_len);
	assert_int_equal(p[0], version);
	assert_int_equal(p[1], 10);
	assert_int_equal(be16_load(p + 2), code);
	assert_int_equal(be32_load(p + 4), f->out.len);
	assert_int_equal(be32_load(p + 8), copy_len);
	assert_memory_equal(p + 12, copy, copy_len);
	text_len = be32_load(p + 12 + copy_len);
	assert_int_equal(16 + copy_len + text_len, f->out.len);
	assert_true(text_len > 0);
	for (uint32_t i = 0; i < text_len; i++)
		assert_true(p[16 + copy_len + i] >= 0x20 && p[16 + copy_len + i] < 0x7f);
	buf_reset(&f->out);
}

static void
assert_closed(struct fixture *f)
{
	assert_int_equal(f->s.state, RTR_SESSION_CLOSED);
	assert_int_equal(f->event, RTR_EVENT_CLOSED);
	assert_true(f->s.reason[0]);
	/* Whatever comes now is left alone. */
	assert_int_equal(take(f, "01020000 00000008"), 0);
	assert_int_equal(f->out.len, 0);
	assert_false(rtr_session_notify(&f->s, INT64_MAX / 2, 0));
	assert_int_equal(f->out.len, 0);
}

#define RESET_V0 "00020000 00000008"
#define RESET_V1 "01020000 00000008"
#define RESET_V2 "02020000 00000008"
#define TIMERS "00000e10 00000258 00001c20"
#define EOD_V0(serial) "00071000 0000000c " serial
#define EOD_V1(serial) "01071001 00000018 " serial TIMERS
#define EOD_V2(serial) "02071002 00000018 " serial TIMERS

#define ROUTER_KEY "router-key 64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC"
#define ROUTER_KEY_BODY "510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 0000fbf0 000102"
#define ALL_KINDS "192.0.2.0/24 25 64496\n2001:db8::/32 48 64497\n" ROUTER_KEY "\naspa 65551 65549,65550"

static void
test_S4_reserved_fields_are_ignored(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	/* A Reset Query with something in its reserved field. */
	assert_int_equal(take(f, "0102beef 00000008"), 8);
	assert_sent(f, "01031001 00000008  01040000 00000014 01181900 c0000200 0000fbf0" EOD_V1("00000001"));
	assert_int_equal(f->event, RTR_EVENT_TABLE);
}

static void
test_S5_the_query_sets_the_version(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	take(f, RESET_V0);
	assert_sent(f, "00031000 00000008  00040000 00000014 01181900 c0000200 0000fbf0" EOD_V0("00000001"));
	reconnect(f);
	take(f, RESET_V1);
	assert_sent(f, "01031001 00000008  01040000 00000014 01181900 c0000200 0000fbf0" EOD_V1("00000001"));
	reconnect(f);
	take(f, RESET_V2);
	assert_sent(f, "02031002 00000008  02040000 00000014 01181900 c0000200 0000fbf0" EOD_V2("00000001"));
	assert_int_equal(f->s.version, 2);
	/* Every further PDU is of that version. */
	commit(f, "192.0.2.0/24 25 64496\n192.0.3.0/24 24 1");
	assert_true(rtr_session_notify(&f->s, 0, 60000));
	assert_sent(f, "02001002 0000000c 00000002");
}

static void
test_S6_a_higher_version_gets_error_4_with_ours(void **state)
{
	struct fixture *f = *state;

	for (uint8_t highest = 0; highest <= 2; highest++) {
		for (unsigned asked = highest + 1U; asked <= 255; asked += asked < 4 ? 1 : 251) {
			char hex[32];

			use_max_version(f, highest);
			commit(f, "192.0.2.0/24 25 64496");
			snprintf(hex, sizeof(hex), "%02x020000 00000008", asked);
			take(f, hex);
			assert_int_equal(f->event, RTR_EVENT_REFUSED);
			assert_error(f, highest, 4, hex);
			/* It may ask again in that one. */
			assert_int_equal(f->s.state, RTR_SESSION_NEW);
			snprintf(hex, sizeof(hex), "%02x020000 00000008", highest);
			take(f, hex);
			assert_int_equal(f->event, RTR_EVENT_TABLE);
			assert_int_equal(f->out.data[0], highest);
			buf_reset(&f->out);
		}
	}
}

static void
test_S6_a_serial_query_of_a_higher_version(void **state)
{
	struct fixture *f = *state;

	use_max_version(f, 1);
	commit(f, "192.0.2.0/24 25 64496");
	take(f, "02011001 0000000c 00000001");
	assert_error(f, 1, 4, "02011001 0000000c 00000001");
	assert_int_equal(f->s.state, RTR_SESSION_NEW);
}

static void
test_S6_a_router_that_insists_is_closed(void **state)
{
	struct fixture *f = *state;
	int refused = 0;

	use_max_version(f, 1);
	while (f->s.state == RTR_SESSION_NEW && refused < 100) {
		take(f, RESET_V2);
		assert_error(f, 1, 4, RESET_V2);
		refused++;
	}
	assert_true(refused >= 2 && refused <= 10);
	assert_closed(f);
}

static void
test_S8_no_notify_before_a_query(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	assert_false(rtr_session_notify(&f->s, 1000000, 0));
	commit(f, "192.0.2.0/24 24 64496");
	assert_false(rtr_session_notify(&f->s, 2000000, 0));
	/* Nor after one that was refused. */
	take(f, "03020000 00000008");
	buf_reset(&f->out);
	assert_false(rtr_session_notify(&f->s, 3000000, 0));
	assert_int_equal(f->out.len, 0);
}

static void
test_S9_version_change_is_error_8(void **state)
{
	static const struct {
		const char *first, *then;
		uint8_t version;
		uint16_t code;
	} cases[] = {
		{RESET_V2, RESET_V1, 2, 8},
		{RESET_V2, RESET_V0, 2, 8},
		{RESET_V1, RESET_V0, 1, 8},
		{RESET_V1, RESET_V2, 1, 8},
		{RESET_V1, "03020000 00000008", 1, 8},
		{RESET_V1, "00011001 0000000c 00000001", 1, 8},
		/* Version 0 has no such code. */
		{RESET_V0, RESET_V1, 0, 3},
		{RESET_V0, "ff020000 00000008", 0, 3},
	};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reconnect(f);
		take(f, cases[i].first);
		buf_reset(&f->out);
		take(f, cases[i].then);
		assert_error(f, cases[i].version, cases[i].code, cases[i].then);
		assert_closed(f);
	}
	/* An Error Report of another version is just the end. */
	reconnect(f);
	take(f, RESET_V2);
	buf_reset(&f->out);
	take(f, "010a0002 00000010 00000000 00000000");
	assert_int_equal(f->out.len, 0);
	assert_closed(f);
}

static void
test_S10_session_ids_differ_by_version(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	/* Version 1's ID is unknown in version 2, even with a serial that exists. */
	take(f, "02011001 0000000c 00000001");
	assert_sent(f, "02080000 00000008");
	reconnect(f);
	take(f, "01011001 0000000c 00000001");
	assert_sent(f, "01031001 00000008" EOD_V1("00000001"));
}

/* OpenBGPD asks from serial 0 after Error 2 and a Notify: an empty delta would leave it silently empty. */
static void
test_S11_serial_0_is_no_base(void **state)
{
	struct fixture *f = *state;

	take(f, RESET_V1);
	assert_error(f, 1, 2, RESET_V1);
	commit(f, "192.0.2.0/24 25 64496");
	assert_true(rtr_session_notify(&f->s, 0, 60000));
	assert_sent(f, "01001001 0000000c 00000001");
	take(f, "01011001 0000000c 00000000");
	assert_sent(f, "01080000 00000008");
	take(f, RESET_V1);
	assert_sent(f, "01031001 00000008  01040000 00000014 01181900 c0000200 0000fbf0" EOD_V1("00000001"));
}

static void
test_S12_one_response_is_one_version(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	take(f, RESET_V1);
	/* A commit while the answer is on its way changes nothing of it. */
	commit(f, "198.51.100.0/24 24 1");
	assert_int_equal(f->shared, 1);
	assert_sent(f, "01031001 00000008  01040000 00000014 01181900 c0000200 0000fbf0" EOD_V1("00000001"));
}

static void
test_S13_reset_query(void **state)
{
	struct fixture *f = *state;

	commit(f, ALL_KINDS);
	take(f, RESET_V2);
	assert_sent(f, "02031002 00000008"
		       "02040000 00000014 01181900 c0000200 0000fbf0"
		       "02060000 00000020 01203000 20010db8 00000000 00000000 00000000 0000fbf1"
		       "02090100 00000023" ROUTER_KEY_BODY
		       "020b0100 00000014 0001000f 0001000d 0001000e" EOD_V2("00000001"));
	assert_int_equal(f->s.queries, 1);
	/* As often as it likes. */
	take(f, RESET_V2);
	assert_int_equal(f->event, RTR_EVENT_TABLE);
	assert_int_equal(f->s.queries, 2);
}

/* An empty table is a table. */
static void
test_S13_empty_table(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	take(f, RESET_V1);
	assert_sent(f, "01031001 00000008" EOD_V1("00000001"));
}

static void
test_S14_serial_query(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496\n198.51.100.0/24 24 64496");
	commit(f, "192.0.2.0/24 25 64496\n203.0.113.0/24 24 64496");
	take(f, "01011001 0000000c 00000001");
	assert_sent(f, "01031001 00000008"
		       "01040000 00000014 01181800 cb007100 0000fbf0"
		       "01040000 00000014 00181800 c6336400 0000fbf0" EOD_V1("00000002"));
	assert_int_equal(f->event, RTR_EVENT_DELTA);
	/* Nothing changed since: an empty answer, no Cache Reset. */
	take(f, "01011001 0000000c 00000002");
	assert_sent(f, "01031001 00000008" EOD_V1("00000002"));
	assert_int_equal(f->event, RTR_EVENT_DELTA);
}

static void
test_S15_unknown_serials(void **state)
{
	static const char *const serials[] = {"00000000", "00000003", "7fffffff", "80000002", "80000001", "ffffffff"};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	commit(f, "192.0.2.0/24 24 64496");
	for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
		char hex[64];

		snprintf(hex, sizeof(hex), "01011001 0000000c %s", serials[i]);
		take(f, hex);
		assert_sent(f, "01080000 00000008");
		assert_int_equal(f->event, RTR_EVENT_RESET);
		/* The connection stays. */
		assert_int_equal(f->s.state, RTR_SESSION_ESTABLISHED);
	}
	take(f, RESET_V1);
	assert_int_equal(f->event, RTR_EVENT_TABLE);
}

/* A serial that fell out of the history. */
static void
test_S15_old_serial(void **state)
{
	struct fixture *f = *state;
	char text[64];

	for (unsigned i = 0; i < 110; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16 16 1", i);
		commit(f, text);
	}
	take(f, "01011001 0000000c 00000009");
	assert_sent(f, "01080000 00000008");
	take(f, "01011001 0000000c 0000000a");
	assert_sent(f, "01031001 00000008 01040000 00000014 01101000 0a6d0000 00000001"
		       "01040000 00000014 00101000 0a090000 00000001" EOD_V1("0000006e"));
}

static void
test_S16_session_from_before_the_connection(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	/* A router that comes back after we restarted: it is told to start over, as often as it asks. */
	take(f, "0101abcd 0000000c 00000001");
	assert_sent(f, "01080000 00000008");
	take(f, "01011234 0000000c 00000001");
	assert_sent(f, "01080000 00000008");
	assert_int_equal(f->s.state, RTR_SESSION_ESTABLISHED);
	take(f, RESET_V1);
	assert_int_equal(f->event, RTR_EVENT_TABLE);
}

static void
test_S16_other_session_than_was_told(void **state)
{
	struct fixture *f = *state;

	for (int v = 0; v <= 2; v++) {
		char reset[32], query[40];

		snprintf(reset, sizeof(reset), "%02x020000 00000008", (unsigned)v);
		snprintf(query, sizeof(query), "%02x01abcd 0000000c 00000001", (unsigned)v);
		commit(f, v % 2 ? "192.0.2.0/24 25 64496" : "192.0.2.0/24 24 64496");
		reconnect(f);
		take(f, reset);
		buf_reset(&f->out);
		take(f, query);
		assert_error(f, (uint8_t)v, 0, query);
		assert_closed(f);
	}
}

static void
test_S17_no_data_yet(void **state)
{
	struct fixture *f = *state;

	for (int v = 0; v <= 2; v++) {
		char reset[32], query[40];

		reconnect(f);
		snprintf(reset, sizeof(reset), "%02x020000 00000008", (unsigned)v);
		snprintf(query, sizeof(query), "%02x011001 0000000c 00000001", (unsigned)v);
		take(f, reset);
		assert_int_equal(f->event, RTR_EVENT_NO_DATA);
		assert_error(f, (uint8_t)v, 2, reset);
		take(f, query);
		assert_error(f, (uint8_t)v, 2, query);
		assert_int_equal(f->s.state, RTR_SESSION_ESTABLISHED);
		assert_false(rtr_session_notify(&f->s, 1000000, 0));
	}
	/* With the first table it is told at once that there is something now. */
	commit(f, "192.0.2.0/24 25 64496");
	assert_true(rtr_session_notify(&f->s, 1000000, 60000));
	assert_sent(f, "02001002 0000000c 00000001");
	take(f, RESET_V2);
	assert_int_equal(f->event, RTR_EVENT_TABLE);
}

static void
test_S18_changes_that_cancel(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496\naspa 1 2");
	commit(f, "198.51.100.0/24 24 1\naspa 1 3");
	commit(f, "192.0.2.0/24 25 64496\naspa 1 2\n203.0.113.0/24 24 1");
	take(f, "02011002 0000000c 00000001");
	assert_sent(f, "02031002 00000008 02040000 00000014 01181800 cb007100 00000001" EOD_V2("00000003"));
}

/* Records that come twice, or with the maximum length spelled in two ways, are one PDU. */
static void
test_S19_one_pdu_each(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 24 64496 ripe 5\n192.0.2.0/24 - 64496 apnic 6\n192.0.2.0/24 24 AS64496\n"
		  ROUTER_KEY " ripe 5\n" ROUTER_KEY "\naspa 65551 65550,65549\naspa 65551 65549");
	take(f, RESET_V2);
	assert_sent(f, "02031002 00000008 02040000 00000014 01181800 c0000200 0000fbf0"
		       "02090100 00000023" ROUTER_KEY_BODY
		       "020b0100 00000014 0001000f 0001000d 0001000e" EOD_V2("00000001"));
	/* Annotations are no reason for a delta. */
	commit(f, "192.0.2.0/24 24 64496 lacnic 7\n" ROUTER_KEY " lacnic 8\naspa 65551 65549,65550 lacnic 9");
	take(f, "02011002 0000000c 00000001");
	assert_sent(f, "02031002 00000008" EOD_V2("00000002"));
}

static void
test_S20_extreme_prefixes(void **state)
{
	struct fixture *f = *state;

	commit(f, "0.0.0.0/0 0 0\n255.255.255.255/32 32 4294967295\n::/0 128 1\n::1/128 128 2");
	take(f, RESET_V0);
	assert_sent(f, "00031000 00000008"
		       "00040000 00000014 01202000 ffffffff ffffffff"
		       "00040000 00000014 01000000 00000000 00000000"
		       "00060000 00000020 01808000 00000000 00000000 00000000 00000001 00000002"
		       "00060000 00000020 01008000 00000000 00000000 00000000 00000000 00000001" EOD_V0("00000001"));
}

static void
test_S21_aspas(void **state)
{
	struct fixture *f = *state;

	/* All ASPAs of a customer in one; providers ascending and unique; AS0 only alone. */
	commit(f, "aspa 1 4,2\naspa 1 3,2,0\naspa 2 0\naspa 3 5");
	take(f, RESET_V2);
	assert_sent(f, "02031002 00000008 020b0100 00000018 00000001 00000002 00000003 00000004"
		       "020b0100 00000010 00000002 00000000 020b0100 00000010 00000003 00000005" EOD_V2("00000001"));
	/* A change is one announcement; a withdrawal has no providers. */
	commit(f, "aspa 1 9\naspa 2 0");
	take(f, "02011002 0000000c 00000001");
	assert_sent(f, "02031002 00000008 020b0100 00000010 00000001 00000009 020b0000 0000000c 00000003" EOD_V2("00000002"));
}

static void
test_S22_kinds_by_version(void **state)
{
	struct fixture *f = *state;

	commit(f, ROUTER_KEY "\naspa 65551 65549,65550");
	take(f, RESET_V0);
	assert_sent(f, "00031000 00000008" EOD_V0("00000001"));
	reconnect(f);
	take(f, RESET_V1);
	assert_sent(f, "01031001 00000008 01090100 00000023" ROUTER_KEY_BODY EOD_V1("00000001"));
	/* In deltas, too: one of nothing else is empty. */
	commit(f, "");
	reconnect(f);
	take(f, "00011000 0000000c 00000001");
	assert_sent(f, "00031000 00000008" EOD_V0("00000002"));
	reconnect(f);
	take(f, "01011001 0000000c 00000001");
	assert_sent(f, "01031001 00000008 01090000 00000023" ROUTER_KEY_BODY EOD_V1("00000002"));
	reconnect(f);
	take(f, "02011002 0000000c 00000001");
	assert_sent(f, "02031002 00000008 02090000 00000023" ROUTER_KEY_BODY "020b0000 0000000c 0001000f" EOD_V2("00000002"));
}

/* The pairs of the draft's own test suite: of each the first goes first. */
static void
test_S23_order_of_announcements(void **state)
{
	struct fixture *f = *state;

	commit(f, "10.0.0.0/24 24 1\n10.0.0.0/24 25 1\n10.0.0.0/25 25 1\n11.0.0.0/24 24 0\n11.0.0.0/24 24 1\n11.0.0.0/24 24 2\n"
		  "::/0 0 1\n2001:db8::/32 32 1\naspa 2 1\naspa 1 1\n" ROUTER_KEY);
	take(f, RESET_V2);
	assert_sent(f, "02031002 00000008"
		       "02040000 00000014 01181800 0b000000 00000002"
		       "02040000 00000014 01181800 0b000000 00000001"
		       "02040000 00000014 01181800 0b000000 00000000"
		       "02040000 00000014 01191900 0a000000 00000001"
		       "02040000 00000014 01181900 0a000000 00000001"
		       "02040000 00000014 01181800 0a000000 00000001"
		       "02060000 00000020 01202000 20010db8 00000000 00000000 00000000 00000001"
		       "02060000 00000020 01000000 00000000 00000000 00000000 00000000 00000001"
		       "02090100 00000023" ROUTER_KEY_BODY
		       "020b0100 00000010 00000001 00000001 020b0100 00000010 00000002 00000001" EOD_V2("00000001"));
}

static void
test_S23_order_of_withdrawals(void **state)
{
	struct fixture *f = *state;

	commit(f, "10.0.0.0/24 24 1\n10.0.0.0/24 25 1\n10.0.0.0/25 25 1\n11.0.0.0/24 24 0\n11.0.0.0/24 24 1\n::/0 0 1\naspa 5 1");
	commit(f, "12.0.0.0/24 24 1\n2001:db8::/32 32 1\naspa 6 1");
	take(f, "02011002 0000000c 00000001");
	assert_sent(f, "02031002 00000008"
		       "02040000 00000014 01181800 0c000000 00000001"
		       "02040000 00000014 00181800 0a000000 00000001"
		       "02040000 00000014 00181900 0a000000 00000001"
		       "02040000 00000014 00191900 0a000000 00000001"
		       "02040000 00000014 00181800 0b000000 00000000"
		       "02040000 00000014 00181800 0b000000 00000001"
		       "02060000 00000020 01202000 20010db8 00000000 00000000 00000000 00000001"
		       "02060000 00000020 00000000 00000000 00000000 00000000 00000000 00000001"
		       "020b0100 00000010 00000006 00000001 020b0000 0000000c 00000005" EOD_V2("00000002"));
}

/* Router keys: SKI, then the key's length, then its bytes, then the AS. */
static void
test_S23_order_of_router_keys(void **state)
{
	struct fixture *f = *state;

	commit(f, "router-key 1 0200000000000000000000000000000000000000 AA==\n"
		  "router-key 2 0100000000000000000000000000000000000000 AgA=\n"
		  "router-key 4 0100000000000000000000000000000000000000 Aw==\n"
		  "router-key 3 0100000000000000000000000000000000000000 Aw==\n"
		  "router-key 9 0100000000000000000000000000000000000000 Ag==");
	take(f, RESET_V1);
	assert_sent(f, "01031001 00000008"
		       "01090100 00000021 0100000000000000000000000000000000000000 00000009 02"
		       "01090100 00000021 0100000000000000000000000000000000000000 00000003 03"
		       "01090100 00000021 0100000000000000000000000000000000000000 00000004 03"
		       "01090100 00000022 0100000000000000000000000000000000000000 00000002 0200"
		       "01090100 00000021 0200000000000000000000000000000000000000 00000001 00" EOD_V1("00000001"));
}

static void
test_S24_end_of_data(void **state)
{
	struct fixture *f = *state;
	const struct rtr_cache_config config = {
		.timers = {86400, 7200, 172800}, .max_version = 2, .history = 1, .sessions = {0, 0xffff, 7},
	};

	rtr_cache_free(f->cache);
	f->cache = rtr_cache_new(&config);
	reconnect(f);
	commit(f, "");
	take(f, RESET_V0);
	assert_sent(f, "00030000 00000008 00070000 0000000c 00000001");
	reconnect(f);
	take(f, RESET_V1);
	assert_sent(f, "0103ffff 00000008 0107ffff 00000018 00000001 00015180 00001c20 0002a300");
	reconnect(f);
	take(f, RESET_V2);
	assert_sent(f, "02030007 00000008 02070007 00000018 00000001 00015180 00001c20 0002a300");
}

static void
test_S25_notify(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	take(f, RESET_V1);
	buf_reset(&f->out);
	/* It has the newest. */
	assert_false(rtr_session_notify(&f->s, 1000, 60000));
	commit(f, "192.0.2.0/24 24 64496");
	assert_true(rtr_session_notify(&f->s, 1000, 60000));
	assert_sent(f, "01001001 0000000c 00000002");
	/* Once for a serial, ... */
	assert_false(rtr_session_notify(&f->s, 100000, 60000));
	/* ... one in a minute, ... */
	commit(f, "192.0.2.0/25 25 64496");
	assert_false(rtr_session_notify(&f->s, 60999, 60000));
	commit(f, "192.0.2.0/26 26 64496");
	assert_int_equal(f->out.len, 0);
	/* ... and then of the newest. */
	assert_true(rtr_session_notify(&f->s, 61000, 60000));
	assert_sent(f, "01001001 0000000c 00000004");
	/* A router that asked by itself needs none. */
	commit(f, "192.0.2.0/27 27 64496");
	take(f, "01011001 0000000c 00000001");
	buf_reset(&f->out);
	assert_false(rtr_session_notify(&f->s, 1000000, 60000));
	assert_int_equal(f->out.len, 0);
}

static void
test_S26_what_only_a_cache_sends(void **state)
{
	static const char *const pdus[] = {
		"01001001 0000000c 00000001",
		"01031001 00000008",
		"01040000 00000014 01181900 c0000200 0000fbf0",
		"01060000 00000020 01203000 20010db8 00000000 00000000 00000000 0000fbf1",
		"01071001 00000018 00000001" TIMERS,
		"01080000 00000008",
		"01090100 00000023" ROUTER_KEY_BODY,
	};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	for (size_t i = 0; i < ARRAY_LEN(pdus); i++) {
		/* As the first PDU, and within a session. */
		for (int established = 0; established < 2; established++) {
			reconnect(f);
			if (established)
				take(f, RESET_V1);
			buf_reset(&f->out);
			take(f, pdus[i]);
			assert_error(f, 1, 3, pdus[i]);
			assert_closed(f);
		}
	}
	reconnect(f);
	take(f, "020b0100 00000014 0001000f 0001000d 0001000e");
	assert_error(f, 2, 3, "020b0100 00000014 0001000f 0001000d 0001000e");
	assert_closed(f);
}

static void
test_S26_unknown_types(void **state)
{
	static const struct {
		const char *pdu;
		uint8_t version;
	} cases[] = {
		{"01050000 00000008", 1}, {"010c0000 00000008", 1}, {"01ff0000 00000008", 1}, {"02640000 0000000c 00000000", 2},
		/* Of a later version than the session's. */
		{"00090100 00000023" ROUTER_KEY_BODY, 0},
		{"010b0100 00000010 00000001 00000002", 1},
		{"000b0100 00000010 00000001 00000002", 0},
	};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reconnect(f);
		take(f, cases[i].pdu);
		assert_error(f, cases[i].version, 5, cases[i].pdu);
		assert_closed(f);
	}
}

static void
test_S26_wrong_lengths(void **state)
{
	static const struct {
		const char *pdu, *copy;
	} cases[] = {
		{"01020000 0000000c 00000000", "01020000 0000000c 00000000"},
		{"01011001 00000008", "01011001 00000008"},
		{"01011001 00000010 00000001 00000002", "01011001 00000010 00000001 00000002"},
		/* Shorter than a header, longer than any PDU: refused by the header alone. */
		{"01020000 00000000", "01020000 00000000"},
		{"01020000 00000007", "01020000 00000007"},
		{"01020000 00010000", "01020000 00010000"},
		{"01020000 ffffffff", "01020000 ffffffff"},
		{"01011001 80000000 00000001", "01011001 80000000"},
		{"01630000 ffffffff", "01630000 ffffffff"},
	};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reconnect(f);
		take(f, cases[i].pdu);
		assert_error(f, 1, 0, cases[i].copy);
		assert_closed(f);
	}
	/* The version of the report is one that we speak. */
	use_max_version(f, 1);
	take(f, "09020000 ffffffff");
	assert_error(f, 1, 0, "09020000 ffffffff");
	assert_closed(f);
}

static void
test_S27_error_reports_are_not_answered(void **state)
{
	static const char *const reports[] = {
		"010a0002 00000010 00000000 00000000",
		"010a0000 00000018 00000008 01020000 00000008 00000000",
		"010a0003 00000013 00000000 00000003 626164",
		/* Malformed in every way. */
		"010a0000 0000000c 00000003",
		"010a0000 00000008",
		"010a0000 00000000",
		"010a0000 ffffffff",
		"010a0000 00010000",
		"010a0000 00000010 ffffffff 00000000",
		"010a0000 00000010 00000000 ffffffff",
		"010a0000 00000010 00000004 00000000",
		"010affff 00000010 00000000 00000000",
		/* Of versions that we don't speak. */
		"000a0000 00000010 00000000 00000000",
		"ff0a0000 00000010 00000000 00000000",
	};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
		for (int established = 0; established < 2; established++) {
			reconnect(f);
			if (established)
				take(f, RESET_V1);
			buf_reset(&f->out);
			assert_case(take(f, reports[i]) > 0, "%s", reports[i]);
			assert_case(f->out.len == 0, "%s", reports[i]);
			assert_closed(f);
		}
	}
}

/* The router's words are in the reason, printable or not: the log makes them harmless. */
static void
test_S27_reason_names_the_report(void **state)
{
	struct fixture *f = *state;

	take(f, "010a0000 00000013 00000000 00000003 626164");
	assert_non_null(strstr(f->s.reason, "Corrupt Data"));
	assert_non_null(strstr(f->s.reason, "bad"));
}

/* A copy of any length, cut so that the report is one PDU. */
static void
test_S28_longest_copy(void **state)
{
	struct fixture *f = *state;
	unsigned char *pdu = calloc(1, 65535);
	const unsigned char *p;
	uint32_t copy_len, text_len;

	assert_non_null(pdu);
	pdu[0] = 1;
	pdu[1] = 99;
	be32_store(pdu + 4, 65535);
	memset(pdu + 8, 0xee, 65535 - 8);
	assert_int_equal(take_bytes(f, pdu, 65534), 0);
	assert_int_equal(take_bytes(f, pdu, 65535), 65535);
	p = (const unsigned char *)f->out.data;
	assert_true(f->out.len <= 65535);
	assert_int_equal(be16_load(p + 2), 5);
	assert_int_equal(be32_load(p + 4), f->out.len);
	copy_len = be32_load(p + 8);
	assert_true(copy_len > 60000);
	assert_memory_equal(p + 12, pdu, copy_len);
	text_len = be32_load(p + 12 + copy_len);
	assert_int_equal(16 + copy_len + text_len, f->out.len);
	buf_reset(&f->out);
	assert_closed(f);
	free(pdu);
}

static void
test_S30_planned_stop(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	take(f, RESET_V2);
	buf_reset(&f->out);
	rtr_session_shutdown(&f->s);
	assert_int_equal(f->out.data[1], 10);
	assert_int_equal(be16_load(f->out.data + 2), 13);
	assert_int_equal(f->out.data[0], 2);
	assert_int_equal(f->s.state, RTR_SESSION_CLOSED);
	/* Versions 0 and 1 have no such code; nor has a router that has not asked yet. */
	for (int v = -1; v < 2; v++) {
		reconnect(f);
		if (v >= 0)
			take(f, v ? RESET_V1 : RESET_V0);
		buf_reset(&f->out);
		rtr_session_shutdown(&f->s);
		assert_int_equal(f->out.len, 0);
		assert_int_equal(f->s.state, RTR_SESSION_CLOSED);
	}
}

static void
test_S31_queries_in_a_row(void **state)
{
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	commit(f, "192.0.2.0/24 24 64496");
	assert_int_equal(take(f, "01011001 0000000c 00000002" "01011001 0000000c 00000007" RESET_V1 "01011001 0000000c 00000001"), 44);
	assert_sent(f, "01031001 00000008" EOD_V1("00000002")
		       "01080000 00000008"
		       "01031001 00000008 01040000 00000014 01181800 c0000200 0000fbf0" EOD_V1("00000002")
		       "01031001 00000008 01040000 00000014 01181800 c0000200 0000fbf0"
		       "01040000 00000014 00181900 c0000200 0000fbf0" EOD_V1("00000002"));
	/* One at a time, so that a router that pipelines costs no memory. */
	{
		unsigned char two[64];
		size_t len = unhex(RESET_V1 RESET_V1, two);

		assert_int_equal(rtr_session_take(&f->s, two, len, &f->event), 8);
		assert_int_equal(f->event, RTR_EVENT_TABLE);
	}
}

/* However the bytes are cut, the answers are the same. */
static void
test_split_pdus(void **state)
{
	static const char stream[] = RESET_V1 "01011001 0000000c 00000001" RESET_V1;
	struct fixture *f = *state;
	unsigned char data[64];
	size_t len = unhex(stream, data);
	struct buf whole = BUF_INIT;

	commit(f, ALL_KINDS);
	take_bytes(f, data, len);
	assert_int_equal(buf_add(&whole, f->out.data, f->out.len), 0);
	for (size_t chunk = 1; chunk < len; chunk++) {
		size_t have = 0, start = 0;

		reconnect(f);
		while (have < len) {
			have = have + chunk < len ? have + chunk : len;
			start += take_bytes(f, data + start, have - start);
		}
		assert_int_equal(start, len);
		assert_int_equal(f->out.len, whole.len);
		assert_memory_equal(f->out.data, whole.data, whole.len);
	}
	buf_release(&whole);
}

/* When there is no memory for an answer the session ends, whichever part of it failed. */
static void
test_output_fails(void **state)
{
	static const char *const queries[] = {RESET_V1, "01011001 0000000c 00000001", "01011001 0000000c 00000009", "03020000 00000008"};
	struct fixture *f = *state;

	commit(f, "192.0.2.0/24 25 64496");
	commit(f, "192.0.2.0/24 24 64496");
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		for (int at = 1; at <= 3; at++) {
			reconnect(f);
			f->fail = at;
			take(f, queries[i]);
			if (f->fail == 0)
				assert_int_equal(f->s.state, RTR_SESSION_CLOSED);
			f->fail = 0;
		}
	}
	reconnect(f);
	take(f, RESET_V1);
	commit(f, "");
	f->fail = 1;
	assert_false(rtr_session_notify(&f->s, 0, 0));
	assert_int_equal(f->s.state, RTR_SESSION_CLOSED);
}

/* Payload of one response at the front of f->out, which is dropped; *serial is that of its End of Data. */
static size_t
read_response(struct fixture *f, struct router *r, uint32_t *serial)
{
	const unsigned char *p = (const unsigned char *)f->out.data;
	size_t end = 8, n;

	assert_true(f->out.len > 8 && p[1] == 3);
	while (p[end + 1] != 7) {
		end += be32_load(p + end + 4);
		assert_true(end + 12 <= f->out.len);
	}
	n = router_take(r, p + 8, end - 8);
	assert_int_equal(be16_load(p + end + 2), be16_load(p + 2));
	*serial = be32_load(p + end + 8);
	assert_int_equal(f->out.len, end + be32_load(p + end + 4));
	buf_reset(&f->out);
	return n;
}

/*
 * Routers of all versions that ask now and then while the table walks at
 * random: each has exactly the table of the serial that it was told, after a
 * delta or, when it was away for too long, after a Cache Reset.
 */
static void
test_routers_follow(void **state)
{
	enum { ROUTERS = 6 };
	struct fixture *f = *state;
	struct rng rng = {61};
	struct router router[ROUTERS] = {{0}};
	uint32_t serial[ROUTERS] = {0};
	size_t deltas = 0, resets = 0;

	for (int step = 0; step < 400; step++) {
		struct vrpset *set = random_set(&rng, f->names, 40);
		int i = (int)rng_below(&rng, rng_below(&rng, 3) ? 3 : ROUTERS);
		uint8_t v = (uint8_t)(i % 3);
		char query[64];

		commit_set(f, set);
		router[i].version = v;
		reconnect(f);
		snprintf(query, sizeof(query), "%02x01100%u 0000000c %08x", v, v, (unsigned)serial[i]);
		take(f, query);
		if (f->event == RTR_EVENT_RESET) {
			assert_int_equal(f->out.len, 8);
			buf_reset(&f->out);
			router_release(&router[i]);
			snprintf(query, sizeof(query), "%02x020000 00000008", v);
			take(f, query);
			assert_int_equal(f->event, RTR_EVENT_TABLE);
			resets++;
		} else {
			assert_int_equal(f->event, RTR_EVENT_DELTA);
			deltas++;
		}
		read_response(f, &router[i], &serial[i]);
		assert_int_equal(serial[i], rtr_cache_serial(f->cache));
		assert_router(&router[i], set);
		vrpset_unref(set);
	}
	assert_true(deltas > 300 && resets >= ROUTERS);
	for (int i = 0; i < ROUTERS; i++)
		router_release(&router[i]);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_S4_reserved_fields_are_ignored),
		T(test_S5_the_query_sets_the_version),
		T(test_S6_a_higher_version_gets_error_4_with_ours),
		T(test_S6_a_serial_query_of_a_higher_version),
		T(test_S6_a_router_that_insists_is_closed),
		T(test_S8_no_notify_before_a_query),
		T(test_S9_version_change_is_error_8),
		T(test_S10_session_ids_differ_by_version),
		T(test_S11_serial_0_is_no_base),
		T(test_S12_one_response_is_one_version),
		T(test_S13_reset_query),
		T(test_S13_empty_table),
		T(test_S14_serial_query),
		T(test_S15_unknown_serials),
		T(test_S15_old_serial),
		T(test_S16_session_from_before_the_connection),
		T(test_S16_other_session_than_was_told),
		T(test_S17_no_data_yet),
		T(test_S18_changes_that_cancel),
		T(test_S19_one_pdu_each),
		T(test_S20_extreme_prefixes),
		T(test_S21_aspas),
		T(test_S22_kinds_by_version),
		T(test_S23_order_of_announcements),
		T(test_S23_order_of_withdrawals),
		T(test_S23_order_of_router_keys),
		T(test_S24_end_of_data),
		T(test_S25_notify),
		T(test_S26_what_only_a_cache_sends),
		T(test_S26_unknown_types),
		T(test_S26_wrong_lengths),
		T(test_S27_error_reports_are_not_answered),
		T(test_S27_reason_names_the_report),
		T(test_S28_longest_copy),
		T(test_S30_planned_stop),
		T(test_S31_queries_in_a_row),
		T(test_split_pdus),
		T(test_output_fails),
		T(test_routers_follow),
	};

	return cmocka_run_group_tests_name("rtr_session", tests, NULL, NULL);
}
