/* SPDX-License-Identifier: ISC */
/* Any bytes as a feed, in pieces and under options that the first two bytes choose. */
#include "../pieces.h"
#include "feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_skipped(void *ctx, const struct vrp_err *err)
{
	size_t *named = ctx;

	if (!err->msg[0] || err->line == 0 || ++*named > FEED_NAMED_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pieces text = {(const char *)data + 2, size - 2, size < 2 ? 1 : (size_t)data[0] + 1};
	size_t named = 0;
	struct feed_options options = {.now = 1795392060, .skipped = on_skipped, .ctx = &named};
	struct feed_input in = {pieces_read, &text};
	struct feed_result result;
	struct vrp_err err = {0};
	struct vrpset *set;
	struct names *names;

	if (size < 2 || !(names = names_new()))
		return 0;
	options.strict = data[1] & 1;
	options.ignore_expiry = data[1] & 2;
	options.max_age = data[1] & 4 ? 86400 : 0;
	set = feed_read(&in, &options, names, &result, &err);
	/* A refusal has a reason; what is taken has been read to its end. */
	if (set ? text.len != 0 : !err.msg[0])
		abort();
	vrpset_unref(set);
	names_unref(names);
	return 0;
}
