/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <math.h>

#include "prom.h"
#include "utf8.h"

/* With a NUL; good until out_release(). */
static const char *
text_of(struct out *o)
{
	out_add(o, "", 1);
	o->blob = out_take_blob(o);
	assert_non_null(o->blob);
	return (const char *)o->blob->data;
}

static void
test_families_and_samples(void **state)
{
	struct out o;

	(void)state;
	out_init_blob(&o, 1 << 20);
	prom_family(&o, "rtr_clients", PROM_GAUGE, "Routers that are connected");
	prom_sample(&o, "rtr_clients", 3, "bind", ":8282", NULL);
	prom_sample(&o, "rtr_clients", 0, "bind", "[::1]:323", "transport", "tls", NULL);
	prom_single(&o, "bytes_total", PROM_COUNTER, "Bytes", INT64_MAX);
	prom_single(&o, "odd", PROM_UNTYPED, "Below zero", -1);
	assert_string_equal(text_of(&o), "# HELP rtr_clients Routers that are connected\n"
					 "# TYPE rtr_clients gauge\n"
					 "rtr_clients{bind=\":8282\"} 3\n"
					 "rtr_clients{bind=\"[::1]:323\",transport=\"tls\"} 0\n"
					 "# HELP bytes_total Bytes\n"
					 "# TYPE bytes_total counter\n"
					 "bytes_total 9223372036854775807\n"
					 "# HELP odd Below zero\n"
					 "# TYPE odd untyped\n"
					 "odd -1\n");
	out_release(&o);
}

static void
test_real_numbers(void **state)
{
	struct out o;

	(void)state;
	out_init_blob(&o, 1 << 20);
	prom_sample_real(&o, "x", 0.5, NULL);
	prom_sample_real(&o, "x", INFINITY, "le", "+Inf", NULL);
	prom_sample_real(&o, "x", -INFINITY, NULL);
	prom_sample_real(&o, "x", NAN, NULL);
	assert_string_equal(text_of(&o), "x 0.5\nx{le=\"+Inf\"} +Inf\nx -Inf\nx NaN\n");
	out_release(&o);
}

static void
test_labels_from_outside(void **state)
{
	static const struct {
		const char *value, *text;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"a\"} 1\nevil{b=\"", "a\\\"} 1\\nevil{b=\\\""},
		{"back\\slash", "back\\\\slash"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xff", "?"},
		{"\xc3", "?"},
		{"\xc0\xaf.", "??."},
		{"\xed\xa0\x80", "???"},
		{"\xe2\x82\"", "??\\\""},
		{"cr\r tab\t", "cr\r tab\t"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[128];
		struct out o;

		out_init_blob(&o, 1 << 20);
		prom_sample(&o, "m", 1, "l", cases[i].value, NULL);
		snprintf(want, sizeof(want), "m{l=\"%s\"} 1\n", cases[i].text);
		assert_case(strcmp(text_of(&o), want) == 0, "%zu", i);
		out_release(&o);
	}
}

/* Whatever the bytes, a sample stays one line of UTF-8, and its value can be read back. */
static void
test_any_label_is_one_line(void **state)
{
	struct rng rng = {4};

	(void)state;
	for (int round = 0; round < ROUNDS(20000); round++) {
		char value[24];
		size_t len = rng_below(&rng, sizeof(value)), quotes = 0, i = 0;
		const char *text;
		struct out o;

		for (size_t k = 0; k < len; k++)
			value[k] = rng_below(&rng, 3) ? (char)(1 + rng_below(&rng, 255)) : "\"\\\n"[rng_below(&rng, 3)];
		value[len] = '\0';
		out_init_blob(&o, 1 << 20);
		prom_sample(&o, "m", 7, "l", value, NULL);
		text = text_of(&o);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		for (size_t n; i < strlen(text); i += n) {
			n = utf8_length((const unsigned char *)text + i, strlen(text) - i);
			assert_int_not_equal(n, 0);
			quotes += text[i] == '"';
			if (text[i] == '\\')
				n++;
		}
		assert_int_equal(quotes, 2);
		assert_string_equal(text + strlen(text) - 5, "\"} 7\n");
		out_release(&o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families_and_samples),
		cmocka_unit_test(test_real_numbers),
		cmocka_unit_test(test_labels_from_outside),
		cmocka_unit_test(test_any_label_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
