/* SPDX-License-Identifier: ISC */
#include "feed_ask.h"

#include <time.h>

struct asking {
	const struct feed_ask_options *options;
	const struct feed_result *result;
	struct fetch *fetch;
	bool broken;		/* it could not be read to its end */
};

static ssize_t
read_some(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct asking *a = ctx;
	ssize_t n;

	if (a->options->progress)
		a->options->progress(a->options->ctx, fetch_bytes(a->fetch), a->result->records);
	n = fetch_read(a->fetch, dst, len, err);
	a->broken |= n < 0;
	return n;
}

static struct vrpset *
read_body(const struct feed_ask_options *options, const struct feed_input *input, const struct feed_options *feed,
	  struct names *names, struct feed_answer *out)
{
	struct sig_input verified;
	struct vrpset *set;

	if (!options->keys)
		return feed_read(input, feed, names, &out->result, &out->err);
	sig_input_init(&verified, input, options->keys, options->mark, feed->now);
	set = feed_read(&verified.input, feed, names, &out->result, &out->err);
	sig_input_release(&verified);
	return set;
}

void
feed_ask(const char *source, const struct feed_ask_options *options, const struct validators *known, struct names *names,
	 struct feed_answer *out)
{
	struct asking a = {.options = options, .result = &out->result};
	struct feed_input input = {read_some, &a};
	struct feed_options feed = options->feed;
	enum fetch_answer answer = FETCH_FAILED;

	*out = (struct feed_answer){.validators = VALIDATORS_NONE};
	feed.now = time(NULL);
	a.fetch = fetch_open(source, &options->fetch, known, &out->err);
	if (a.fetch)
		answer = fetch_ask(a.fetch, &out->err);
	if (answer == FETCH_BODY)
		out->set = read_body(options, &input, &feed, names, out);
	if (out->set)
		fetch_remember(a.fetch, &out->validators);
	else if (a.fetch && answer != FETCH_UNCHANGED)
		out->retry_after = fetch_retry_after(a.fetch);
	fetch_close(a.fetch);
	out->refused = answer == FETCH_BODY && !out->set && !a.broken;
	out->outcome = out->set ? FEED_GOOD : answer == FETCH_UNCHANGED ? FEED_UNCHANGED : FEED_FAILED;
}
