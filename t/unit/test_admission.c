/* SPDX-License-Identifier: ISC */
/* Who gets a slot, and whose coming is logged. */
#include "test.h"

#include "admission.h"

static struct prefix
address(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, strlen(text), &p, NULL));
	return p;
}

static struct prefix
numbered(uint32_t n)
{
	struct prefix p = {.family = FAMILY_IPV4, .len = 32};

	memcpy(p.addr, &n, 4);
	return p;
}

static void
test_in_all(void **state)
{
	struct admission *a = admission_new(2);
	struct admission_port port = {.max_version = 2};
	struct prefix one = address("192.0.2.1/32"), two = address("192.0.2.2/32");
	struct admission_ticket t[3];
	(void)state;

	assert_int_equal(admission_ask(a, &port, &one, 0, &t[0]), ADMISSION_GRANTED);
	assert_int_equal(admission_ask(a, &port, &two, 0, &t[1]), ADMISSION_GRANTED);
	assert_int_equal(admission_ask(a, &port, &two, 0, &t[2]), ADMISSION_FULL);
	assert_int_equal(admission_clients(a), 2);
	admission_return(a, &t[0]);
	assert_int_equal(admission_ask(a, &port, &two, 0, &t[2]), ADMISSION_GRANTED);
	admission_return(a, &t[1]);
	admission_return(a, &t[2]);
	assert_int_equal(port.clients, 0);
	admission_free(a);
}

/* One address can't take all slots: a quarter by default, whichever of its ports it comes from. */
static void
test_per_address(void **state)
{
	struct admission *a = admission_new(400);
	struct admission_port port = {.max_version = 2};
	struct prefix one = address("192.0.2.1/32"), two = address("192.0.2.2/32");
	struct admission_ticket t[101], other;
	(void)state;

	for (size_t i = 0; i < 100; i++)
		assert_int_equal(admission_ask(a, &port, &one, 0, &t[i]), ADMISSION_GRANTED);
	assert_int_equal(admission_ask(a, &port, &one, 0, &t[100]), ADMISSION_ADDRESS_FULL);
	assert_int_equal(admission_ask(a, &port, &two, 0, &other), ADMISSION_GRANTED);
	admission_return(a, &other);
	for (size_t i = 0; i < 100; i++)
		admission_return(a, &t[i]);
	admission_free(a);
}

/* An IPv6 host has 2^64 addresses. */
static void
test_ipv6_network(void **state)
{
	struct admission *a = admission_new(100);
	struct admission_port port = {.max_version = 2, .max_per_address = 1};
	struct prefix one = address("2001:db8::1/128"), near = address("2001:db8::ffff:1/128");
	struct prefix far = address("2001:db8:0:1::1/128");
	struct admission_ticket t[3];
	(void)state;

	assert_int_equal(admission_ask(a, &port, &one, 0, &t[0]), ADMISSION_GRANTED);
	assert_int_equal(admission_ask(a, &port, &near, 0, &t[1]), ADMISSION_ADDRESS_FULL);
	assert_int_equal(admission_ask(a, &port, &far, 0, &t[1]), ADMISSION_GRANTED);
	admission_return(a, &t[0]);
	admission_return(a, &t[1]);
	admission_free(a);
}

static void
test_port_and_rule(void **state)
{
	static const char text[] = "deny 192.0.2.9\nallow 192.0.2.0/24 max-clients=1 max-version=1\nallow any";
	struct admission *a = admission_new(100);
	struct admission_port port = {.max_version = 2, .max_clients = 2}, tls = {.transport = LISTEN_TLS, .max_version = 0};
	struct prefix one = address("192.0.2.1/32"), two = address("192.0.2.2/32"), nine = address("192.0.2.9/32"),
		      far = address("198.51.100.1/32");
	struct admission_ticket t[4];
	(void)state;

	admission_set_access(a, access_parse(text, strlen(text), NULL));
	assert_int_equal(admission_ask(a, &port, &nine, 0, &t[0]), ADMISSION_DENIED);
	assert_int_equal(admission_ask(a, &port, &one, 0, &t[0]), ADMISSION_GRANTED);
	assert_int_equal(t[0].max_version, 1);
	assert_int_equal(admission_ask(a, &port, &two, 0, &t[1]), ADMISSION_RULE_FULL);
	assert_int_equal(admission_ask(a, &port, &far, 0, &t[1]), ADMISSION_GRANTED);
	assert_int_equal(t[1].max_version, 2);
	assert_int_equal(admission_ask(a, &port, &far, 0, &t[2]), ADMISSION_PORT_FULL);
	assert_int_equal(admission_ask(a, &tls, &far, 0, &t[2]), ADMISSION_GRANTED);
	assert_int_equal(t[2].max_version, 0);
	for (size_t i = 0; i < 3; i++)
		admission_return(a, &t[i]);
	admission_free(a);
}

/* A new file judges who is there, and its rules count them. */
static void
test_new_access(void **state)
{
	static const char first[] = "allow any", second[] = "deny 192.0.2.1\nallow any max-clients=1 max-version=0";
	struct admission *a = admission_new(100);
	struct admission_port port = {.max_version = 2};
	struct prefix one = address("192.0.2.1/32"), two = address("192.0.2.2/32"), three = address("192.0.2.3/32");
	struct admission_ticket t[3];
	(void)state;

	admission_set_access(a, access_parse(first, strlen(first), NULL));
	assert_int_equal(admission_ask(a, &port, &one, 0, &t[0]), ADMISSION_GRANTED);
	assert_int_equal(admission_ask(a, &port, &two, 0, &t[1]), ADMISSION_GRANTED);
	admission_set_access(a, access_parse(second, strlen(second), NULL));
	assert_false(admission_judge(a, &t[0]));
	assert_true(admission_judge(a, &t[1]));
	assert_int_equal(t[1].max_version, 0);
	assert_int_equal(admission_ask(a, &port, &three, 0, &t[2]), ADMISSION_RULE_FULL);
	admission_set_access(a, NULL);
	assert_true(admission_judge(a, &t[0]));
	assert_true(admission_judge(a, &t[1]));
	assert_int_equal(t[1].max_version, 2);
	admission_return(a, &t[0]);
	admission_return(a, &t[1]);
	admission_free(a);
}

/* A unix socket has no address, and takes no address's share. */
static void
test_local(void **state)
{
	static const char text[] = "allow local\ndeny any";
	struct admission *a = admission_new(100);
	struct admission_port port = {.transport = LISTEN_UNIX, .max_version = 2};
	struct prefix one = address("192.0.2.1/32");
	struct admission_ticket t[50];
	(void)state;

	admission_set_access(a, access_parse(text, strlen(text), NULL));
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(admission_ask(a, &port, NULL, 0, &t[i]), ADMISSION_GRANTED);
	for (size_t i = 0; i < 50; i++)
		admission_return(a, &t[i]);
	/* Nor does the transport make one of who has one: a socket of TCP may be passed under the name "unix". */
	assert_int_equal(admission_ask(a, &port, &one, 0, &t[0]), ADMISSION_DENIED);
	admission_free(a);
}

/* How many of n comings and goings of these addresses are logged. */
static size_t
logged(struct admission *a, struct admission_port *port, size_t n, size_t addresses, int64_t now)
{
	size_t lines = 0;

	for (size_t i = 0; i < n; i++) {
		struct prefix p = numbered((uint32_t)(i % addresses));
		struct admission_ticket t;

		assert_int_equal(admission_ask(a, port, &p, now, &t), ADMISSION_GRANTED);
		lines += t.logged;
		admission_return(a, &t);
	}
	return lines;
}

/* A thousand routers are logged when they come at once; one address that comes back for ever is not. */
static void
test_log_budget(void **state)
{
	struct admission *a = admission_new(100000);
	struct admission_port port = {.max_version = 2};
	struct prefix other = address("198.51.100.1/32");
	struct admission_ticket t;
	(void)state;

	assert_int_equal(logged(a, &port, 1000, 1000, 0), 1000);
	assert_in_range(logged(a, &port, 100000, 1, 1000), 20, 100);
	assert_int_equal(logged(a, &port, 10000, 1, 1000), 0);
	assert_int_equal(admission_ask(a, &port, &other, 1000, &t), ADMISSION_GRANTED);
	assert_true(t.logged);
	admission_return(a, &t);
	assert_int_equal(logged(a, &port, 10000, 1, 11000), 10);
	/* Nor do many addresses together fill the log. */
	assert_in_range(logged(a, &port, ROUNDS(1000000), 50000, 12000), 100, 4000);
	admission_free(a);
}

/* Addresses that are gone are forgotten, all at once when there are too many. */
static void
test_tick(void **state)
{
	struct admission *a = admission_new(100000);
	struct admission_port port = {.max_version = 2};
	struct prefix p = numbered(7);
	struct admission_ticket t, stays;
	(void)state;

	assert_int_equal(admission_ask(a, &port, &p, 0, &stays), ADMISSION_GRANTED);
	logged(a, &port, 80000, 80000, 0);
	admission_tick(a, 1);
	admission_tick(a, 5000);
	assert_int_equal(admission_ask(a, &port, &p, 0, &t), ADMISSION_GRANTED);
	assert_ptr_equal(t.peer, stays.peer);
	admission_return(a, &t);
	admission_return(a, &stays);
	admission_tick(a, 1000000);
	admission_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_all),	    cmocka_unit_test(test_per_address), cmocka_unit_test(test_ipv6_network),
		cmocka_unit_test(test_port_and_rule), cmocka_unit_test(test_new_access), cmocka_unit_test(test_local),
		cmocka_unit_test(test_log_budget),  cmocka_unit_test(test_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
