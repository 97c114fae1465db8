/* SPDX-License-Identifier: ISC */
/* Signing and verifying streams in memory, for the tests of both. */
#ifndef VRP_TEST_SIG_H
#define VRP_TEST_SIG_H

#include "../sigkeys.h"
#include "sig_signer.h"
#include "sig_verifier.h"

#define NOW INT64_C(1795000000)	/* 2026-11-18 */
#define NOW_US (NOW * 1000000)

static inline struct sig_key *
private_key(const char *pem)
{
	struct vrp_err err = {0};
	struct sig_key *key = sig_key_private(pem, strlen(pem), &err);

	if (!key)
		fail_msg("%s", err.msg);
	return key;
}

/* Trust one key, of PEM. */
static inline void
trust(struct sig_keys *keys, const char *pem)
{
	struct vrp_err err = {0};
	struct sig_key *key = sig_key_public(pem, strlen(pem), &err);

	assert_non_null(key);
	assert_int_equal(sig_keys_add(keys, key), 0);
}

/* What signers and verifiers said and wrote. */
struct told {
	struct buf out;
	size_t refused;
	char why[256];
};

static inline int
told_write(void *ctx, const char *data, size_t len)
{
	assert_int_equal(buf_add(&((struct told *)ctx)->out, data, len), 0);
	return 0;
}

static inline void
told_refused(void *ctx, const struct vrp_err *err)
{
	struct told *t = ctx;

	t->refused++;
	snprintf(t->why, sizeof(t->why), "%zu: %.200s", err->line, err->msg);
}

static inline const char *
text_of(struct buf *b)
{
	assert_int_equal(buf_add(b, "", 1), 0);
	b->len--;
	return b->data;
}

/* Sign text, fed in pieces, into t->out.  As sig_signer_finish() returns. */
static inline int
sign_text(struct told *t, const struct sig_signer_config *config, const char *text, size_t len, size_t piece, int64_t now_us)
{
	struct sig_signer_config c = *config;
	struct vrp_err err = {0};
	struct sig_signer *s;
	int rc = 0;

	c.write = told_write;
	c.refused = told_refused;
	c.ctx = t;
	s = sig_signer_new(&c);
	assert_non_null(s);
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = sig_signer_feed(s, text + at, len - at < piece ? len - at : piece, now_us, &err);
	if (rc == 0)
		rc = sig_signer_finish(s, now_us, &err);
	if (rc < 0)
		snprintf(t->why, sizeof(t->why), "%zu: %.200s", err.line, err.msg);
	sig_signer_free(s);
	return rc;
}

static inline int
verify_text(struct told *t, const struct sig_verifier_config *config, const char *text, size_t len, size_t piece, int64_t now)
{
	struct sig_verifier_config c = *config;
	struct vrp_err err = {0};
	struct sig_verifier *v;
	int rc = 0;

	c.accepted = told_write;
	c.ctx = t;
	v = sig_verifier_new(&c);
	assert_non_null(v);
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = sig_verifier_feed(v, text + at, len - at < piece ? len - at : piece, now, &err);
	if (rc == 0)
		rc = sig_verifier_finish(v, &err);
	if (rc < 0)
		snprintf(t->why, sizeof(t->why), "%zu: %.200s", err.line, err.msg);
	sig_verifier_free(v);
	return rc;
}

static inline void
told_release(struct told *t)
{
	buf_release(&t->out);
	*t = (struct told){0};
}

#endif
