/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <jansson.h>

#include "jsonout.h"

static void
test_form(void **state)
{
	struct out o = memory_out();
	struct jsonout j;
	char *text;

	(void)state;
	jsonout_init(&j, &o);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", "a\"b");
	jsonout_array(&j, "list");
	jsonout_number(&j, NULL, -1);
	jsonout_object(&j, NULL);
	jsonout_end(&j);
	jsonout_end(&j);
	jsonout_array(&j, "none");
	jsonout_end(&j);
	jsonout_bool(&j, "yes", true);
	jsonout_time(&j, "when", 1795392000);
	jsonout_time(&j, "never", STAMP_UNKNOWN);
	jsonout_end(&j);
	text = memory_done(&o, NULL);
	assert_string_equal(text, "{\n"
				  "  \"name\": \"a\\\"b\",\n"
				  "  \"list\": [\n"
				  "    -1,\n"
				  "    {}\n"
				  "  ],\n"
				  "  \"none\": [],\n"
				  "  \"yes\": true,\n"
				  "  \"when\": \"2026-11-23T00:00:00Z\",\n"
				  "  \"never\": null\n"
				  "}\n");
	free(text);
}

/* What a parser of others makes of any text: the same, but for bytes that are no UTF-8. */
static void
test_any_text(void **state)
{
	struct rng rng = {7};

	(void)state;
	for (int round = 0; round < ROUNDS(20000); round++) {
		char value[16];
		size_t len = rng_below(&rng, sizeof(value));
		struct out o = memory_out();
		struct jsonout j;
		json_t *root, *expect;
		char *text;

		for (size_t i = 0; i < len; i++)
			value[i] = rng_below(&rng, 3) ? (char)(1 + rng_below(&rng, 127)) : (char)(1 + rng_below(&rng, 255));
		value[len] = '\0';
		jsonout_init(&j, &o);
		jsonout_array(&j, NULL);
		jsonout_string(&j, NULL, value);
		jsonout_end(&j);
		text = memory_done(&o, NULL);
		root = json_loads(text, 0, NULL);
		assert_case(root, "%s", text);
		expect = json_string(value);
		if (expect)
			assert_string_equal(json_string_value(json_array_get(root, 0)), value);
		else
			assert_non_null(strstr(text, "\xef\xbf\xbd"));
		json_decref(expect);
		json_decref(root);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
