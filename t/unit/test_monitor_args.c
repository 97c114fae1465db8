/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "monitor_args.h"

static void
test_name_and_source(void **state)
{
	struct monitor_arg a;
	struct vrp_err err;

	(void)state;
	assert_int_equal(monitor_arg_parse("a.B_9-=tcp://h:1?x=y", &a, &err), 0);
	assert_string_equal(a.name, "a.B_9-");
	assert_string_equal(a.source, "tcp://h:1?x=y");
}

static void
test_bad_names(void **state)
{
	static const char *const bad[] = {"", "a", "=", "=b", "a=", "a/b=c", "a b=c", "\xc3\xa4=c", "a\n=c"};
	struct monitor_arg a;
	struct vrp_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(monitor_arg_parse(bad[i], &a, &err), -1);
}

static void
test_longest_name(void **state)
{
	char text[MONITOR_NAME_MAX + 4];
	struct monitor_arg a;
	struct vrp_err err;

	(void)state;
	memset(text, 'n', sizeof(text));
	memcpy(text + MONITOR_NAME_MAX, "=s", 3);
	assert_int_equal(monitor_arg_parse(text, &a, &err), 0);
	assert_int_equal(strlen(a.name), MONITOR_NAME_MAX);
	assert_string_equal(a.source, "s");
	memset(text, 'n', sizeof(text));
	memcpy(text + MONITOR_NAME_MAX + 1, "=s", 3);
	assert_int_equal(monitor_arg_parse(text, &a, &err), -1);
}

static void
test_thresholds(void **state)
{
	static const char *const bad[] = {"", ",", "1,", ",1", "x", "1,1", "2,1", "1,,2", "-1", "1 ,2",
					  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"};
	uint32_t out[MONITOR_THRESHOLDS_MAX];
	struct vrp_err err;

	(void)state;
	assert_int_equal(monitor_thresholds_parse("0", out, &err), 1);
	assert_int_equal(out[0], 0);
	assert_int_equal(monitor_thresholds_parse("0,56,5m", out, &err), 3);
	assert_int_equal(out[2], 300);
	assert_int_equal(monitor_thresholds_parse("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", out, &err), 16);
	assert_int_equal(out[15], 15);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(monitor_thresholds_parse(bad[i], out, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_and_source),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_thresholds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
