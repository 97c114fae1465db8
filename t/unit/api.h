/* SPDX-License-Identifier: ISC */
/* Values of the public interface from text, for its tests. */
#ifndef VRP_TEST_API_H
#define VRP_TEST_API_H

#include "test.h"

#include <vrp/vrp.h>

static inline struct vrp_prefix
prefix_of(const char *text)
{
	struct vrp_prefix p;

	assert_case(vrp_prefix_parse(text, &p) == VRP_OK, "%s", text);
	return p;
}

static inline struct vrp_record
record_of(const char *prefix, unsigned max_len, uint32_t asn)
{
	struct vrp_record r = {.asn = asn, .max_len = (uint8_t)max_len, .expires = VRP_EXPIRES_UNKNOWN};

	r.prefix = prefix_of(prefix);
	return r;
}

static inline void
add(struct vrp_table *t, const char *prefix, unsigned max_len, uint32_t asn)
{
	struct vrp_record r = record_of(prefix, max_len, asn);

	assert_case(vrp_table_add_record(t, &r) == VRP_OK, "%s %u AS%u", prefix, max_len, asn);
}

static inline struct vrp_view *
committed(struct vrp_table *t)
{
	struct vrp_error err = {0};

	assert_case(vrp_table_commit(t, &err) == VRP_OK, "%s", err.text);
	return vrp_table_view(t);
}

static inline int
state_of(const struct vrp_view *view, const char *prefix, uint32_t asn)
{
	struct vrp_prefix p = prefix_of(prefix);

	return vrp_view_validate(view, &p, asn);
}

#endif
