/* SPDX-License-Identifier: ISC */
/* What -l takes. */
#include "test.h"

#include "listen_spec.h"

static const struct listen_spec defaults = {
	.max_version = 2, .mode = 0660, .cert = "all.pem", .host_keys = {"hk"}, .host_key_count = 1,
};

static void
test_good(void **state)
{
	static const struct {
		const char *text;
		enum listen_transport transport;
		const char *address;
	} cases[] = {
		{"127.0.0.1:8282", LISTEN_TCP, "127.0.0.1:8282"},
		{":8282", LISTEN_TCP, ":8282"},
		{"tcp://[::1]:8282", LISTEN_TCP, "[::1]:8282"},
		{"tls://:8283,max-version=1,name=edge", LISTEN_TLS, ":8283"},
		{"ssh://router.example:22", LISTEN_SSH, "router.example:22"},
		{"unix:/run/rtr.sock", LISTEN_UNIX, "/run/rtr.sock"},
		{"unix:///run/rtr.sock,mode=0600", LISTEN_UNIX, "/run/rtr.sock"},
		{"unix:with\\,comma,mode=600", LISTEN_UNIX, "with,comma"},
		{"unix:back\\\\slash", LISTEN_UNIX, "back\\slash"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct listen_spec spec;
		struct vrp_err err = {0};

		assert_case(listen_spec_parse(cases[i].text, &defaults, &spec, &err) == 0, "%s: %s", cases[i].text, err.msg);
		assert_case(spec.transport == cases[i].transport, "%s", cases[i].text);
		assert_case(strcmp(spec.address, cases[i].address) == 0, "%s: %s", cases[i].text, spec.address);
		assert_string_equal(spec.cert, "all.pem");
		listen_spec_release(&spec);
	}
}

static void
test_keys(void **state)
{
	struct listen_spec spec;
	(void)state;

	assert_int_equal(listen_spec_parse("tls://:1,max-clients=5,max-clients-per-address=2,cert=c\\,d.pem,key=k,"
					   "client-ca=a,max-version=1,name=n",
					   &defaults, &spec, NULL), 0);
	assert_int_equal(spec.max_clients, 5);
	assert_int_equal(spec.max_per_address, 2);
	assert_int_equal(spec.max_version, 1);
	assert_string_equal(spec.cert, "c,d.pem");
	assert_string_equal(spec.key, "k");
	assert_string_equal(spec.client_ca, "a");
	assert_string_equal(spec.name, "n");
	listen_spec_release(&spec);
	assert_int_equal(listen_spec_parse("ssh://:1,host-key=a,host-key=b,authorized-keys=c,passwords=d,anyone=yes", &defaults,
					   &spec, NULL), 0);
	assert_int_equal(spec.host_key_count, 2);
	assert_string_equal(spec.host_keys[0], "a");
	assert_string_equal(spec.host_keys[1], "b");
	assert_true(spec.anyone);
	listen_spec_release(&spec);
	assert_int_equal(listen_spec_parse("unix:p,mode=0606", &defaults, &spec, NULL), 0);
	assert_int_equal(spec.mode, 0606);
	listen_spec_release(&spec);
}

/* The cap for all is a cap for each. */
static void
test_version_is_never_raised(void **state)
{
	struct listen_spec low = defaults, spec;
	(void)state;

	low.max_version = 1;
	assert_int_equal(listen_spec_parse(":1,max-version=2", &low, &spec, NULL), 0);
	assert_int_equal(spec.max_version, 1);
	listen_spec_release(&spec);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "no address"},
		{"tls://", "no address"},
		{"unix:", "no path"},
		{"udp://:1", "not tcp://"},
		{":1,", "not KEY=VALUE"},
		{":1,max-version", "not KEY=VALUE"},
		{":1,max-version=", "no value"},
		{":1,max-version=3", "not 0, 1 or 2"},
		{":1,max-clients=0", "not a number"},
		{":1,max-clients=99999999999", "not a number"},
		{":1,=1", "unknown key"},
		{":1,colour=red", "unknown key 'colour'"},
		{":1,cert=x", "cert is not for tcp"},
		{"tls://:1,host-key=x", "host-key is not for tls"},
		{"ssh://:1,anyone=maybe", "not yes or no"},
		{"ssh://:1,host-key=1,host-key=2,host-key=3,host-key=4,host-key=5", "too many"},
		{"tcp://:1,mode=0600", "mode is not for tcp"},
		{"unix:x,mode=999", "not an octal mode"},
		{"unix:x,mode=01777", "not an octal mode"},
		{"unix:x,mode=-1", "not an octal mode"},
		{":1,name=two words", "no blanks"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct listen_spec spec;
		struct vrp_err err = {0};

		assert_case(listen_spec_parse(cases[i].text, &defaults, &spec, &err) == -1, "%s", cases[i].text);
		assert_case(strstr(err.msg, cases[i].says), "%s: %s", cases[i].text, err.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_version_is_never_raised),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
