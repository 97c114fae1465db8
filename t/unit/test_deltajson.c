/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <jansson.h>

#include "deltajson.h"

static const struct deltajson_head head = {.session = 65535, .serial = 4294967295U, .generated = 1795392000};

static char *
change_text(const struct vrpset *from, const struct vrpset *to)
{
	struct out o = memory_out();
	struct delta d;

	assert_int_equal(delta_between(from, to, &d), 0);
	deltajson_write(&o, &head, 7, &d);
	delta_release(&d);
	return memory_done(&o, NULL);
}

static void
test_form(void **state)
{
	struct names *names = names_new();
	struct vrpset *from = set_of(names, "1.0.0.0/24 25 1\naspa 5 1\naspa 6 1\nrouter-key 5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC");
	struct vrpset *to = set_of(names, "2001:db8::/32 128 0 ripe 1900000000\naspa 5 2,4294967295");
	struct out o = memory_out();
	char *text = change_text(from, to);

	(void)state;
	/* What replaces the ASPA of 5 isn't a withdrawal of it. */
	assert_string_equal(text, "{\n  \"reset\": false,\n  \"session\": \"65535\",\n  \"serial\": 4294967295,\n"
				  "  \"fromSerial\": 7,\n"
				  "  \"generated\": 1795392000,\n  \"generatedTime\": \"2026-11-23T00:00:00Z\",\n"
				  "  \"announced\": [\n"
				  "    {\"type\": \"routeOrigin\", \"asn\": \"AS0\", \"prefix\": \"2001:db8::/32\", \"maxLength\": 128},\n"
				  "    {\"type\": \"aspa\", \"customerAsn\": \"AS5\", \"providerAsns\": [\"AS2\", \"AS4294967295\"]}\n"
				  "  ],\n  \"withdrawn\": [\n"
				  "    {\"type\": \"routeOrigin\", \"asn\": \"AS1\", \"prefix\": \"1.0.0.0/24\", \"maxLength\": 25},\n"
				  "    {\"type\": \"routerKey\", \"keyIdentifier\": \"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23\", "
				  "\"asn\": \"AS5\", \"keyInfo\": \"AAEC\"},\n"
				  "    {\"type\": \"aspa\", \"customerAsn\": \"AS6\", \"providerAsns\": [\"AS1\"]}\n"
				  "  ]\n}\n");
	free(text);
	deltajson_write_reset(&o, &head, to);
	text = memory_done(&o, NULL);
	assert_non_null(strstr(text, "\"reset\": true,"));
	assert_null(strstr(text, "withdrawn"));
	assert_null(strstr(text, "fromSerial"));
	free(text);
	vrpset_unref(from);
	vrpset_unref(to);
	names_unref(names);
}

static void
count_items(const char *text, size_t *announced, size_t *withdrawn)
{
	json_error_t why;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	assert_case(root, "%s: %s", why.text, text);
	*announced = json_array_size(json_object_get(root, "announced"));
	*withdrawn = json_array_size(json_object_get(root, "withdrawn"));
	json_decref(root);
}

static size_t
replaced(const struct delta *d)
{
	size_t count, n = 0;
	const struct aspa *aspas = vrpset_aspas(d->withdrawn, &count);

	for (size_t i = 0; i < count; i++)
		n += vrpset_find_aspa(d->announced, &aspas[i]) != NULL;
	return n;
}

/* Whatever kinds a change has: well-formed, with an item for each record. */
static void
test_any_change(void **state)
{
	struct names *names = names_new();
	struct rng rng = {12};

	(void)state;
	for (int round = 0; round < ROUNDS(3000); round++) {
		struct vrpset *from = random_set(&rng, names, rng_below(&rng, 8));
		struct vrpset *to = random_set(&rng, names, rng_below(&rng, 8));
		char *text = change_text(from, to);
		size_t announced, withdrawn;
		struct delta d;

		assert_int_equal(delta_between(from, to, &d), 0);
		count_items(text, &announced, &withdrawn);
		assert_int_equal(announced, vrpset_count(d.announced));
		assert_int_equal(withdrawn, vrpset_count(d.withdrawn) - replaced(&d));
		delta_release(&d);
		free(text);
		vrpset_unref(from);
		vrpset_unref(to);
	}
	names_unref(names);
}

/* Many providers need more room than a record otherwise has. */
static void
test_many_providers(void **state)
{
	struct names *names = names_new();
	struct buf line = BUF_INIT;
	struct vrpset *set;
	struct out o = memory_out();
	size_t announced, withdrawn;
	char *text;

	(void)state;
	assert_int_equal(buf_addf(&line, "aspa 1 4294963199"), 0);
	for (uint32_t i = 4294963200U; i < 4294967290U; i++)
		assert_int_equal(buf_addf(&line, ",%u", i), 0);
	assert_int_equal(buf_add(&line, "", 1), 0);
	set = set_of(names, line.data);
	deltajson_write_reset(&o, &head, set);
	text = memory_done(&o, NULL);
	count_items(text, &announced, &withdrawn);
	assert_int_equal(announced, 1);
	free(text);
	buf_release(&line);
	vrpset_unref(set);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_any_change),
		cmocka_unit_test(test_many_providers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
