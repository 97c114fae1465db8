/* SPDX-License-Identifier: ISC */
/*
 * Any line is a route, none, or an error with a column within it; a route is
 * the same again when it is written plainly, and its answer by a small table
 * agrees with its state in every form of output.
 */
#include <assert.h>

#include "route.h"
#include "validity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prefix and path as a line of the plain form; sets and confederates are gone. */
static void
check_again(const struct route *r)
{
	struct route_scratch scratch = ROUTE_SCRATCH_INIT;
	struct buf line = BUF_INIT;
	struct vrp_err err = {0};
	struct prefix p = r->prefix;
	char text[PREFIX_TEXT_MAX];
	struct route again;

	prefix_clear_host_bits(&p);
	assert(buf_add(&line, text, (size_t)(prefix_format(text, &p) - text)) == 0);
	for (size_t i = 0; i < r->path_len; i++)
		assert(buf_addf(&line, " AS%u", r->path[i]) == 0);
	assert(route_parse(line.data, line.len, &scratch, &again, &err) == 1);
	assert(prefix_cmp(&again.prefix, &p) == 0 && again.path_len == r->path_len);
	assert(memcmp(again.path, r->path, r->path_len * sizeof(*r->path)) == 0);
	route_scratch_release(&scratch);
	buf_release(&line);
}

static struct rov *
make_table(struct names *names)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;
	struct rov *rov;

	for (uint8_t i = 0; i <= 32; i += 4) {
		struct vrp v = {.prefix = {.addr = {10, 1, 2, 3}, .family = FAMILY_IPV4, .len = i}, .asn = i, .maxlen = i};

		prefix_clear_host_bits(&v.prefix);
		assert(vrpset_add_vrp(b, &v) == 0);
		v.prefix.family = FAMILY_IPV6;
		assert(vrpset_add_vrp(b, &v) == 0);
	}
	set = vrpset_finish(b, NULL);
	rov = rov_new(set, NULL);
	assert(rov);
	vrpset_unref(set);
	return rov;
}

static void
check_output(const struct route *r, const struct rov *rov)
{
	struct out out;
	struct validity_writer w = {.out = &out, .rov = rov};
	struct validity v = {.route = {r->prefix, r->origin}, .has_origin = r->kind == ROUTE_ORIGIN_AS};

	out_init(&out, -1);
	v.answer = rov_ask(rov, &v.route.prefix, v.route.origin);
	validity_write_line(&w, &v);
	validity_write_change(&w, &v, ROV_VALID);
	validity_write_rov(&w, &v);
	validity_json_add(&w, &v);
	validity_explain(&w, &v);
	assert(w.count == 5 && out.error == 0 && out.buf.len > 0 && out.buf.data[out.buf.len - 1] == '\n');
	validity_writer_release(&w);
	out_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct route_scratch scratch = ROUTE_SCRATCH_INIT;
	struct vrp_err err = {0};
	struct route r;
	int rc = route_parse((const char *)data, size, &scratch, &r, &err);

	if (rc < 0) {
		assert(err.msg[0] && err.column >= 1 && err.column <= size + 1);
	} else if (rc > 0) {
		struct names *names = names_new();
		struct rov *rov = make_table(names);

		assert(r.kind == ROUTE_ORIGIN_AS || r.origin == 0);
		if (r.path_len)
			check_again(&r);
		check_output(&r, rov);
		rov_free(rov);
		names_unref(names);
	}
	route_scratch_release(&scratch);
	return 0;
}
