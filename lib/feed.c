/* SPDX-License-Identifier: ISC */
#include "feed.h"

#include "feed_internal.h"
#include "stamp.h"
#include "table.h"

ssize_t
feed_pull(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct feed *f = ctx;
	size_t n = f->peeked - f->taken;

	if (n == 0)
		return f->in->read(f->in->ctx, dst, len, err);
	if (n > len)
		n = len;
	memcpy(dst, f->peek + f->taken, n);
	f->taken += n;
	return (ssize_t)n;
}

const char *
feed_check_vrp(const struct vrp *vrp)
{
	if (prefix_has_host_bits(&vrp->prefix))
		return "host bits are set";
	if (vrp->maxlen < vrp->prefix.len)
		return "maximum length below the prefix length";
	if (vrp->maxlen > prefix_bits((enum family)vrp->prefix.family))
		return "maximum length above the address length";
	return NULL;
}

static bool
expired(struct feed *f, uint32_t expires)
{
	if (f->options->ignore_expiry || expires == EXPIRES_UNKNOWN || (int64_t)expires > f->options->now)
		return false;
	f->result->expired++;
	return true;
}

int
feed_add_vrp(struct feed *f, const struct vrp *vrp)
{
	if (expired(f, vrp->expires))
		return 0;
	return vrpset_add_vrp(f->builder, vrp) < 0 ? vrp_err_nomem(f->err) : 0;
}

int
feed_add(struct feed *f, const struct payload *p)
{
	if (expired(f, p->kind == PAYLOAD_VRP ? p->vrp.expires : p->kind == PAYLOAD_ASPA ? p->aspa.expires : p->key.expires))
		return 0;
	return vrpset_add(f->builder, p) < 0 ? vrp_err_nomem(f->err) : 0;
}

int
feed_bad(struct feed *f, const struct vrp_err *why)
{
	f->result->skipped++;
	if (f->options->strict) {
		*f->err = *why;
		return -1;
	}
	if (f->options->skipped && f->named < FEED_NAMED_MAX) {
		f->named++;
		f->options->skipped(f->options->ctx, why);
	}
	return 0;
}

struct feed_quote
feed_quote(const char *s, size_t len)
{
	struct feed_quote q;
	size_t n = 0;

	q.text[n++] = '\'';
	for (size_t i = 0; i < len && i < FEED_QUOTE_MAX; i++)
		q.text[n++] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	memcpy(q.text + n, len > FEED_QUOTE_MAX ? "...'" : "'", len > FEED_QUOTE_MAX ? 5 : 2);
	return q;
}

int
feed_ta(struct feed *f, const char *s, size_t len)
{
	return len == 3 && memcmp(s, "N/A", 3) == 0 ? 0 : names_raw(f->names, s, len);
}

bool
feed_expiry(int64_t seconds, uint32_t *out)
{
	if (seconds < 0)
		return false;
	*out = seconds > EXPIRES_MAX ? EXPIRES_MAX : (uint32_t)seconds;
	return true;
}

/* Our own format, read by the reader that holds a table: the last whole block is the feed. */
static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct feed *f = ctx;

	f->result->records = vrpset_count(set);
	if (head->time != STAMP_UNKNOWN)
		f->result->time = head->time;
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct feed *f = ctx;

	*f->err = *reason;
	return 1;
}

static int
feed_lines(struct feed *f, struct vrpset **set)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct table *table = table_new(f->names, &ops, f);
	char *buf = malloc(64 * 1024);
	ssize_t n = 0;
	int rc = -1;

	vrp_err_nomem(f->err);
	if (table && buf) {
		for (rc = 0; rc == 0 && (n = feed_pull(f, buf, 64 * 1024, f->err)) > 0;)
			rc = table_feed(table, buf, (size_t)n);
		if (rc == 0 && n == 0)
			rc = table_finish(table);
		if (rc == 0 && n == 0 && !table_set(table))
			rc = vrp_err_set(f->err, "there is no record in it");
	}
	if (rc == 0 && n == 0) {
		*set = f->options->ignore_expiry ? vrpset_ref(table_set(table))
						 : vrpset_unexpired(table_set(table), f->options->now);
		if (*set)
			f->result->expired = vrpset_count(table_set(table)) - vrpset_count(*set);
		else
			vrp_err_nomem(f->err);
	}
	table_free(table);
	free(buf);
	return *set ? 0 : -1;
}

enum format {
	FORMAT_UNKNOWN,
	FORMAT_JSON,
	FORMAT_CSV,
	FORMAT_LINES,
};

static bool
begins(const char *s, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

/* By the first line that is neither empty nor a comment. */
static enum format
detect_by_line(const char *s, size_t len, const char **reason)
{
	while (len && (*s == '#' || *s == '\n' || *s == '\r')) {
		const char *newline = memchr(s, '\n', len);

		if (!newline)
			return FORMAT_LINES;
		len -= (size_t)(newline + 1 - s);
		s = newline + 1;
	}
	if (len == 0 || *s == '%' || begins(s, len, "router-key ") || begins(s, len, "aspa "))
		return FORMAT_LINES;
	if (begins(s, len, "roa-set") || begins(s, len, "roa ") || begins(s, len, "route ") || begins(s, len, "define ")) {
		*reason = "this is a configuration for OpenBGPD or BIRD; use the validator's JSON or CSV";
		return FORMAT_UNKNOWN;
	}
	for (size_t i = 0; i < len && s[i] != '\n'; i++) {
		if (s[i] == ',')
			return FORMAT_CSV;
		if (i && (s[i] == ' ' || s[i] == '\t') && memchr(s, '/', i))
			return FORMAT_LINES;
	}
	return FORMAT_UNKNOWN;
}

static enum format
detect(const struct feed *f, const char **reason)
{
	const char *s = f->peek;
	size_t len = f->peeked;

	*reason = "not a format that is known here: neither a validator's JSON or CSV, nor lines of vrp(5)";
	while (len && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')) {
		s++;
		len--;
	}
	if (len == 0) {
		*reason = "the input is empty";
		return f->peeked == FEED_PEEK ? FORMAT_JSON : FORMAT_UNKNOWN;
	}
	if (*s == '{' || *s == '[')
		return FORMAT_JSON;
	if (*s == '<')
		*reason = "this is HTML or XML, not a feed";
	else if (begins(s, len, "\x1f\x8b") || begins(s, len, "\xfd" "7zXZ") || begins(s, len, "BZh") ||
		 begins(s, len, "\x28\xb5\x2f\xfd"))
		*reason = "the input is compressed; decompress it first";
	else
		return detect_by_line(s, len, reason);
	return FORMAT_UNKNOWN;
}

static int
peek(struct feed *f)
{
	ssize_t n;

	while (f->peeked < sizeof(f->peek)) {
		n = f->in->read(f->in->ctx, f->peek + f->peeked, sizeof(f->peek) - f->peeked, f->err);
		if (n <= 0)
			return (int)n;
		f->peeked += (size_t)n;
	}
	return 0;
}

static int
check_age(const struct feed *f)
{
	int64_t made = f->result->time, age;
	char stamp[STAMP_MAX];

	if (f->options->max_age == 0 || made == STAMP_UNKNOWN || made > f->options->now)
		return 0;
	age = f->options->now - made;
	if (age <= f->options->max_age)
		return 0;
	stamp_format(made, stamp);
	return vrp_err_set(f->err, "the feed is too old: made %s, %lld %s ago", stamp,
			   (long long)(age < 172800 ? age / 3600 : age / 86400), age < 172800 ? "hours" : "days");
}

/* Would this table empty a router that should not be? */
static int
check_content(const struct feed *f, size_t count)
{
	const struct feed_result *r = f->result;

	if (f->promised && f->vrps == 0)
		return vrp_err_set(f->err, "its metadata counts VRPs, but there are none in it");
	if (count > 0 || r->records == 0)
		return 0;
	if (r->skipped == 0)
		return vrp_err_set(f->err, "all of its %zu records have expired", r->expired);
	return vrp_err_set(f->err, "none of its %zu records can be used: %zu bad, %zu expired", r->records, r->skipped,
			   r->expired);
}

static struct vrpset *
read_whole(struct feed *f)
{
	struct vrpset *set = NULL;
	const char *reason;
	int rc = -1;

	if (peek(f) < 0)
		return NULL;
	switch (detect(f, &reason)) {
	case FORMAT_JSON:
		f->result->dialect = "json";
		rc = feed_json(f);
		break;
	case FORMAT_CSV:
		f->result->dialect = "csv";
		rc = feed_csv(f);
		break;
	case FORMAT_LINES:
		f->result->dialect = "lines";
		rc = feed_lines(f, &set);
		break;
	case FORMAT_UNKNOWN:
		rc = vrp_err_set(f->err, "%s", reason);
		break;
	}
	if (rc < 0)
		return NULL;
	if (!set) {
		vrp_err_nomem(f->err);
		set = vrpset_finish(f->builder, f->err);
		f->builder = NULL;
	}
	if (set && (check_age(f) < 0 || check_content(f, vrpset_count(set)) < 0)) {
		vrpset_unref(set);
		set = NULL;
	}
	return set;
}

struct vrpset *
feed_read(const struct feed_input *in, const struct feed_options *options, struct names *names,
	  struct feed_result *result, struct vrp_err *err)
{
	struct feed *f = calloc(1, sizeof(*f));
	struct vrp_err reason = {0};
	struct vrpset *set = NULL;

	*result = (struct feed_result){.dialect = "unknown", .time = STAMP_UNKNOWN};
	vrp_err_nomem(&reason);
	if (f && (f->builder = vrpset_builder_new(names))) {
		f->in = in;
		f->options = options;
		f->names = names;
		f->result = result;
		f->err = &reason;
		set = read_whole(f);
	}
	if (!set && err)
		*err = reason;
	if (f)
		vrpset_builder_free(f->builder);
	free(f);
	return set;
}
