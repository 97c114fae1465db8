/* SPDX-License-Identifier: ISC */
#include "sig_input.h"

#include "sig_json.h"

#define READ_SIZE ((size_t)256 * 1024)

static const struct sig_rules rules = {.skew = SIG_SKEW_DEFAULT};

static int
accepted(void *ctx, const char *data, size_t len)
{
	struct sig_input *si = ctx;

	return buf_add(&si->text, data, len) < 0;
}

/* The stream whose first bytes are in text, which becomes what was verified of it. */
static int
verify_stream(struct sig_input *si, struct vrp_err *err)
{
	struct sig_mark mark = si->mark ? *si->mark : (struct sig_mark){0};
	struct sig_verifier_config config = {.keys = si->keys, .mark = &mark, .rules = rules, .accepted = accepted, .ctx = si};
	struct sig_verifier *v = sig_verifier_new(&config);
	char *data = si->text.data;
	ssize_t n = (ssize_t)si->text.len;
	int rc = v ? 0 : 1;

	buf_init(&si->text);
	while (rc == 0 && n > 0) {
		rc = sig_verifier_feed(v, data, (size_t)n, si->now, err);
		if (rc == 0)
			n = si->from.read(si->from.ctx, data, READ_SIZE, err);
	}
	if (rc == 0)
		rc = n < 0 ? -1 : sig_verifier_finish(v, err);
	if (rc == 0 && si->mark)
		*si->mark = mark;
	sig_verifier_free(v);
	free(data);
	return rc > 0 ? vrp_err_nomem(err) : rc;
}

static int
verify_json(struct sig_input *si, struct vrp_err *err)
{
	ssize_t n;

	do {
		if (buf_reserve(&si->text, READ_SIZE) < 0)
			return vrp_err_nomem(err);
		n = si->from.read(si->from.ctx, si->text.data + si->text.len, READ_SIZE, err);
		si->text.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n < 0)
		return -1;
	return sig_json_verify(si->text.data, si->text.len, si->keys, true, &rules, si->now, err);
}

static int
verify(struct sig_input *si, struct vrp_err *err)
{
	size_t at = 0;
	ssize_t n;
	char c;

	if (buf_reserve(&si->text, READ_SIZE) < 0)
		return vrp_err_nomem(err);
	n = si->from.read(si->from.ctx, si->text.data, READ_SIZE, err);
	if (n < 0)
		return -1;
	si->text.len = (size_t)n;
	while (at < si->text.len && memchr(" \t\r\n", si->text.data[at], 4))
		at++;
	c = at < si->text.len ? si->text.data[at] : '\0';
	return c == '{' || c == '[' ? verify_json(si, err) : verify_stream(si, err);
}

static ssize_t
read_verified(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct sig_input *si = ctx;
	size_t left;

	if (!si->read && verify(si, err) < 0) {
		buf_release(&si->text);
		return -1;
	}
	si->read = true;
	left = si->text.len - si->given;
	if (len > left)
		len = left;
	if (len)
		memcpy(dst, si->text.data + si->given, len);
	si->given += len;
	return (ssize_t)len;
}

void
sig_input_init(struct sig_input *si, const struct feed_input *from, const struct sig_keys *keys, struct sig_mark *mark,
	       int64_t now)
{
	*si = (struct sig_input){.from = *from, .keys = keys, .mark = mark, .now = now};
	si->input = (struct feed_input){read_verified, si};
}

void
sig_input_release(struct sig_input *si)
{
	buf_release(&si->text);
}
