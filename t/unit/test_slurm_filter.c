/* SPDX-License-Identifier: ISC */
/* Blocks through the filter, and what it tells; random sequences are t/fuzz/fuzz_slurm_filter.c's. */
#include "test.h"

#include "buf.h"
#include "slurm_filter.h"

#define NO_FILTERS "\"validationOutputFilters\":{\"prefixFilters\":[],\"bgpsecFilters\":[],\"aspaFilters\":[]}"
#define ASSERT_ASPA(list) "{\"slurmVersion\":2," NO_FILTERS ",\"locallyAddedAssertions\":" \
	"{\"prefixAssertions\":[],\"bgpsecAssertions\":[],\"aspaAssertions\":[" list "]}}"
#define FILTER_AS(as) "{\"slurmVersion\":1,\"validationOutputFilters\":{\"prefixFilters\":[{\"asn\":" as "}]," \
	"\"bgpsecFilters\":[]},\"locallyAddedAssertions\":{\"prefixAssertions\":[],\"bgpsecAssertions\":[]}}"

struct fixture {
	struct names *names;
	struct out out;
	struct slurm_filter *filter;
	struct buf told;
	int stop;
};

static ssize_t
read_text(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	const char **text = ctx;
	size_t n = strlen(*text) < len ? strlen(*text) : len;

	(void)err;
	memcpy(dst, *text, n);
	*text += n;
	return (ssize_t)n;
}

static struct slurm *
make_slurm(struct names *names, const char *text)
{
	struct slurm_builder *b = slurm_builder_new(names);
	struct feed_input in = {read_text, &text};
	struct vrp_err err = {0};
	struct slurm *s;

	assert_non_null(b);
	if (slurm_read(b, "test", &in, &err) < 0)
		fail_msg("%zu:%zu: %s", err.line, err.column, err.msg);
	s = slurm_finish(b, &err);
	assert_non_null(s);
	return s;
}

static int
on_written(void *ctx, enum block_kind kind, const struct slurm_counts *c)
{
	struct fixture *f = ctx;

	assert_int_equal(buf_addf(&f->told, "%s %zu %zu %zu\n", kind == BLOCK_DELTA ? "delta" : "snapshot", c->kept,
				  c->removed, c->asserted), 0);
	return f->stop;
}

static int
on_refused(void *ctx, const struct vrp_err *reason)
{
	struct fixture *f = ctx;

	assert_int_equal(buf_addf(&f->told, "refused %zu %s\n", reason->line, reason->msg), 0);
	return f->stop;
}

static const struct slurm_filter_ops ops = {on_written, on_refused};

static struct fixture *
open_filter(const char *slurm, bool hold)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->names = names_new();
	out_init(&f->out, -1);
	f->filter = slurm_filter_new(f->names, make_slurm(f->names, slurm), hold, &f->out, &ops, f);
	assert_non_null(f->filter);
	return f;
}

static void
close_filter(struct fixture *f)
{
	slurm_filter_free(f->filter);
	out_release(&f->out);
	buf_release(&f->told);
	names_unref(f->names);
	free(f);
}

static void
feed(struct fixture *f, const char *text)
{
	/* In pieces of three bytes. */
	for (size_t len = strlen(text), at = 0; at < len; at += 3)
		assert_int_equal(slurm_filter_feed(f->filter, text + at, len - at < 3 ? len - at : 3), 0);
}

/* What was said and written since the last call. */
static void
expect(struct fixture *f, const char *told, const char *written)
{
	assert_int_equal(buf_add(&f->told, "", 1), 0);
	assert_string_equal(f->told.data, told);
	buf_reset(&f->told);
	assert_int_equal(buf_add(&f->out.buf, "", 1), 0);
	assert_string_equal(f->out.buf.data, written);
	buf_reset(&f->out.buf);
}

static void
test_blocks(void **state)
{
	struct fixture *f = open_filter(FILTER_AS("1"), false);

	(void)state;
	feed(f, "%x\n%snapshot a=b  time=2026-01-01T00:00:00Z\n2.0.0.0/8 8 2\n1.0.0.0/8 8 1\n%y\n~end\n~z\n");
	expect(f, "snapshot 1 1 0\n",
	       "%x\n%snapshot a=b  time=2026-01-01T00:00:00Z\n%y\n2.0.0.0/8 8 AS2 - -\n~end\n~z\n");
	feed(f, "%delta\n+3.0.0.0/8 8 1\n-1.0.0.0/8 8 1\n+4.0.0.0/8 8 2 ta 9\n~end\n");
	expect(f, "delta 1 2 0\n", "%delta\n+4.0.0.0/8 8 AS2 ta 9\n~end\n");
	assert_int_equal(slurm_filter_finish(f->filter), 0);
	expect(f, "", "");
	feed(f, "1.0.0.0/8 8 1\n2.0.0.0/8 8 2");
	assert_int_equal(slurm_filter_finish(f->filter), 0);
	expect(f, "snapshot 1 1 0\n", "%snapshot\n2.0.0.0/8 8 AS2 - -\n~end\n");
	close_filter(f);
}

static void
test_refused(void **state)
{
	struct fixture *f = open_filter(FILTER_AS("1"), true);

	(void)state;
	feed(f, "%delta\n~end\n%snapshot\n~end\n%delta\n-2.0.0.0/8 8 2\n~end\n%delta\n+2.0.0.0/8 8 2\n~end\n%snapshot\n%lost\n2.0.0.0/8");
	assert_int_equal(slurm_filter_break(f->filter), 0);
	expect(f, "refused 2 delta before any snapshot\nsnapshot 0 0 0\nrefused 7 delta withdraws what is not there: 2.0.0.0/8 8 AS2\n"
	       "refused 10 delta after a block that was refused\nrefused 12 input broke off\n", "%snapshot\n~end\n");
	/* The next snapshot mends all. */
	feed(f, "%snapshot\n2.0.0.0/8 8 2\n~end\n%delta\n-2.0.0.0/8 8 2\n~end\n");
	expect(f, "snapshot 1 0 0\ndelta 1 0 0\n", "%snapshot\n2.0.0.0/8 8 AS2 - -\n~end\n%delta\n-2.0.0.0/8 8 AS2 - -\n~end\n");
	close_filter(f);
}

static void
test_aspa_union(void **state)
{
	struct fixture *f = open_filter(ASSERT_ASPA("{\"customerAsn\":1,\"providerAsns\":[3]}"), false);

	(void)state;
	feed(f, "%snapshot\naspa 1 2 ta 5\n~end\n");
	expect(f, "snapshot 0 0 1\n", "%snapshot\naspa AS1 AS2,AS3 - -\n~end\n");
	/* The same union by other means is no change; one that is there may not be announced again. */
	feed(f, "%delta\n+aspa 1 2,3\n~end\n%delta\n+aspa 1 2,3 ta 6\n~end\n");
	expect(f, "delta 0 0 1\ndelta 0 0 1\n", "%delta\n~end\n%delta\n~end\n");
	feed(f, "%delta\n-aspa 1 2\n~end\n");
	expect(f, "delta 0 0 1\n", "%delta\n+aspa AS1 AS3 - -\n~end\n");
	close_filter(f);
}

static void
test_change(void **state)
{
	struct fixture *f = open_filter(FILTER_AS("1"), true);
	size_t changed = 7;

	(void)state;
	assert_int_equal(slurm_filter_change(f->filter, make_slurm(f->names, FILTER_AS("2")), &changed, NULL), 0);
	assert_int_equal(changed, 0);
	feed(f, "%snapshot\n1.0.0.0/8 8 1\n2.0.0.0/8 8 2\n~end\n%snap");
	expect(f, "snapshot 1 1 0\n", "%snapshot\n1.0.0.0/8 8 AS1 - -\n~end\n");
	assert_int_equal(slurm_filter_change(f->filter, make_slurm(f->names, FILTER_AS("1")), &changed, NULL), 0);
	assert_int_equal(changed, 2);
	expect(f, "", "%delta\n-1.0.0.0/8 8 AS1 - -\n+2.0.0.0/8 8 AS2 - -\n~end\n");
	assert_int_equal(slurm_filter_change(f->filter, make_slurm(f->names, FILTER_AS("1")), &changed, NULL), 0);
	assert_int_equal(changed, 0);
	feed(f, "shot\n1.0.0.0/8 8 1\n~end\n");
	expect(f, "snapshot 0 1 0\n", "%snapshot\n~end\n");
	close_filter(f);
}

/* What a callback returns stops the feed, and the rest of that piece is lost. */
static void
test_stop(void **state)
{
	static const char text[] = "%snapshot\n~end\n%delta\n~end\n";
	struct fixture *f = open_filter(FILTER_AS("1"), false);

	(void)state;
	f->stop = 5;
	assert_int_equal(slurm_filter_feed(f->filter, text, strlen(text)), 5);
	expect(f, "snapshot 0 0 0\n", "%snapshot\n~end\n");
	f->stop = 0;
	feed(f, "\n%delta\n~end\n");
	expect(f, "refused 4 delta after a block that was refused\n", "");
	close_filter(f);
}

/* More providers than an ASPA can have: the block is refused, not cut. */
static void
test_too_many_providers(void **state)
{
	struct fixture *f = open_filter(ASSERT_ASPA("{\"customerAsn\":1,\"providerAsns\":[2]}"), true);
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(buf_addf(&text, "%%snapshot\naspa 1 10"), 0);
	for (unsigned i = 1; i < ASPA_PROVIDERS_MAX; i++)
		assert_int_equal(buf_addf(&text, ",%u", 10 + i), 0);
	assert_int_equal(buf_addf(&text, "\n~end\n"), 0);
	assert_int_equal(slurm_filter_feed(f->filter, text.data, text.len), 0);
	expect(f, "refused 3 the ASPAs of AS1 have 16381 providers together, more than 16380\n", "");
	feed(f, "%snapshot\n~end\n%delta\n");
	expect(f, "snapshot 0 0 1\n", "%snapshot\naspa AS1 AS2 - -\n~end\n");
	text.data[9] = '\n';
	assert_int_equal(slurm_filter_feed(f->filter, "+", 1), 0);
	assert_int_equal(slurm_filter_feed(f->filter, text.data + 10, text.len - 10), 0);
	expect(f, "refused 8 the ASPAs of AS1 have 16381 providers together, more than 16380\n", "");
	buf_release(&text);
	close_filter(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_aspa_union),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_too_many_providers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
