/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "route.h"

struct fixture {
	struct route_scratch scratch;
	struct route route;
	struct vrp_err err;
};

static int
parse(struct fixture *f, const char *line)
{
	f->err = (struct vrp_err){0};
	return route_parse(line, strlen(line), &f->scratch, &f->route, &f->err);
}

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	route_scratch_release(&f->scratch);
	free(f);
	return 0;
}

/* What a route is, in one text: "PREFIX ORIGIN path=A,B set neighbour=N". */
static void
describe(const struct route *r, char *dst, size_t size)
{
	char prefix[PREFIX_TEXT_MAX + 1];
	size_t n;

	*prefix_format(prefix, &r->prefix) = '\0';
	n = (size_t)snprintf(dst, size, "%s ", prefix);
	if (r->kind == ROUTE_ORIGIN_AS)
		n += (size_t)snprintf(dst + n, size - n, "AS%u path=", r->origin);
	else
		n += (size_t)snprintf(dst + n, size - n, "%s path=", r->kind == ROUTE_ORIGIN_NONE ? "NONE" : "OWN");
	for (size_t i = 0; i < r->path_len; i++)
		n += (size_t)snprintf(dst + n, size - n, "%s%u", i ? "," : "", r->path[i]);
	if (r->has_set)
		n += (size_t)snprintf(dst + n, size - n, " set");
	if (r->has_neighbour)
		snprintf(dst + n, size - n, " neighbour=%u", r->neighbour);
}

static void
test_good(void **state)
{
	static const struct {
		const char *line;
		const char *want;
	} cases[] = {
		{"1.0.0.0/24 13335", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.0/24 AS13335", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.0/24\tas13335\r", "1.0.0.0/24 AS13335 path=13335"},
		{"  1.0.0.0/24  13335 \t", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.0/24 13335 # a comment | with a bar", NULL},
		{"1.0.0.0/24 13335 # a comment", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.0/24 => AS13335", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.0/24 => AS13335 # Cloudflare", "1.0.0.0/24 AS13335 path=13335"},
		{"2001:DB8::/32 AS4294967295", "2001:db8::/32 AS4294967295 path=4294967295"},
		{"0.0.0.0/0 0", "0.0.0.0/0 AS0 path=0"},
		{"1.0.0.0/24 3356 174 174 13335", "1.0.0.0/24 AS13335 path=3356,174,174,13335"},
		{"1.0.0.0/24 3356 {13335}", "1.0.0.0/24 NONE path=3356 set"},
		{"1.0.0.0/24 {13335,AS174}", "1.0.0.0/24 NONE path= set"},
		{"1.0.0.0/24 3356 {1 2} 13335", "1.0.0.0/24 AS13335 path=3356,13335 set"},
		{"1.0.0.0/24 3356 {}", "1.0.0.0/24 NONE path=3356 set"},
		{"1.0.0.0/24 (64512 64513)", "1.0.0.0/24 OWN path="},
		{"1.0.0.0/24 (64512 64513) 3356", "1.0.0.0/24 AS3356 path=3356"},
		{"1.0.0.0/24 [64512,64513]", "1.0.0.0/24 OWN path="},
		{"1.0.0.0 24 13335", "1.0.0.0/24 AS13335 path=13335"},
		{"1.0.0.9 24 AS13335", "1.0.0.9/24 AS13335 path=13335"},
		{"2001:db8:: 32 1", "2001:db8::/32 AS1 path=1"},
		{"TABLE_DUMP2|1400824800|B|147.28.7.1|3130|1.0.0.0/24|3130 2914 13335|IGP|147.28.7.1|0|0||NAG||",
		 "1.0.0.0/24 AS13335 path=3130,2914,13335 neighbour=3130"},
		{"TABLE_DUMP2|05/23/14 06:00:00|B|::1|3130|2001:db8::/32|3130 {1,2}|IGP", "2001:db8::/32 NONE path=3130 set neighbour=3130"},
		{"TABLE_DUMP|1|B|1.1.1.1|65000|10.0.0.0/8||IGP", "10.0.0.0/8 OWN path= neighbour=65000"},
		{"BGP4MP|1|A|1.1.1.1|65000|10.0.0.0/8|65000", "10.0.0.0/8 AS65000 path=65000 neighbour=65000"},
	};
	struct fixture *f = *state;
	char text[256];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int rc = parse(f, cases[i].line);

		if (!cases[i].want) {
			assert_case(rc == -1, "%s", cases[i].line);
			continue;
		}
		assert_case(rc == 1, "%s: %s", cases[i].line, f->err.msg);
		describe(&f->route, text, sizeof(text));
		assert_case(strcmp(text, cases[i].want) == 0, "%s: %s", cases[i].line, text);
	}
}

static void
test_nothing(void **state)
{
	static const char *const lines[] = {
		"", "\r", "  \t", "# 1.0.0.0/24 13335", " #", "; IP-ASN32-DAT file", "BGP4MP|1|W|1.1.1.1|65000|10.0.0.0/8",
		"BGP4MP|1|STATE|1.1.1.1|65000|5|6", "# a | b",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_case(parse(*state, lines[i]) == 0, "%s", lines[i]);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *line;
		size_t column;
		const char *what;
	} cases[] = {
		{"1.0.0.0/33 1", 1, "bad prefix length"},
		{"1.0.0/24 1", 1, "bad address"},
		{"1.0.0.1/24 1", 1, "host bits"},
		{"1.0.0.0/24", 11, "without an AS"},
		{"1.0.0.0/24 ", 12, "without an AS"},
		{"1.0.0.0/24 =>", 14, "without an AS"},
		{"1.0.0.0/24 ASX", 12, "bad AS"},
		{"1.0.0.0/24 4294967296", 12, "bad AS"},
		{"1.0.0.0/24 1 2 x", 16, "bad AS"},
		{"1.0.0.0/24 -1", 12, "bad AS"},
		{"1.0.0.0/24 1 {2,3", 14, "without its end"},
		{"1.0.0.0/24 1 {2,z}", 17, "bad AS"},
		{"1.0.0.0/24 1 (2]", 15, "bad AS"},
		{"1.0.0.0/24 }", 12, "bad AS"},
		{"1.0.0.0 24", 11, "bad AS"},
		{"1.0.0.0 33 1", 9, "bad prefix length"},
		{"1.0.0.0 x 1", 9, "bad prefix length"},
		{"hello", 1, "bad address"},
		{"1.0.0.0 24 1 2", 14, "more than"},
		{"TABLE_DUMP3|1|B|1.1.1.1|1|10.0.0.0/8|1", 1, "not a line of bgpdump"},
		{"TABLE_DUMP2|1|B|1.1.1.1|1|10.0.0.0/8", 37, "cut short"},
		{"TABLE_DUMP2|1|X|1.1.1.1|1|10.0.0.0/8|1", 15, "neither a route"},
		{"TABLE_DUMP2|1|B|1.1.1.1|x|10.0.0.0/8|1", 25, "bad AS"},
		{"TABLE_DUMP2|1|B|1.1.1.1|1|10.0.0.0/40|1", 27, "bad prefix length"},
		{"TABLE_DUMP2|1|B|1.1.1.1|1|10.0.0.0/8|1 y|IGP", 40, "bad AS"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_case(parse(f, cases[i].line) == -1, "%s", cases[i].line);
		assert_case(f->err.column == cases[i].column, "%s: column %zu", cases[i].line, f->err.column);
		assert_case(strstr(f->err.msg, cases[i].what), "%s: %s", cases[i].line, f->err.msg);
	}
}

static void
test_long(void **state)
{
	struct fixture *f = *state;
	size_t len = ROUTE_LINE_MAX + 1;
	char *line = malloc(len);

	assert_non_null(line);
	memset(line, '1', len);
	memcpy(line, "1.0.0.0/24 ", 11);
	for (size_t i = 12; i < len; i += 2)
		line[i] = ' ';
	assert_int_equal(route_parse(line, len, &f->scratch, &f->route, &f->err), -1);
	assert_true(strstr(f->err.msg, "1 MiB"));
	assert_int_equal(route_parse(line, len - 1, &f->scratch, &f->route, &f->err), 1);
	assert_int_equal(f->route.path_len, (len - 1 - 10) / 2);
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
