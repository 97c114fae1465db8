/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a stream to be verified, which nobody signed, and as one to be
 * signed: what the signer writes is the same for pieces of any size, is let
 * through, and is refused when any byte of it is another.
 */
#include <assert.h>

#include "../sigkeys.h"
#include "sig_signer.h"
#include "sig_verifier.h"

#define NOW INT64_C(1795000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
write_to(void *ctx, const char *data, size_t len)
{
	assert(buf_add(ctx, data, len) == 0);
	return 0;
}

static void
refused(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	assert(reason->msg[0]);
}

static int
sign(const struct sig_key *key, const char *data, size_t size, size_t piece, struct buf *out)
{
	struct sig_signer_config config = {.key = key, .max_size = 1 << 20, .write = write_to, .refused = refused, .ctx = out};
	struct sig_signer *s = sig_signer_new(&config);
	struct vrp_err err = {0};
	int rc = 0;

	for (size_t at = 0; at < size && rc == 0; at += piece)
		rc = sig_signer_feed(s, data + at, size - at < piece ? size - at : piece, NOW * 1000000, &err);
	rc = rc < 0 ? rc : sig_signer_finish(s, NOW * 1000000, &err);
	assert(rc == 0 || err.msg[0]);
	sig_signer_free(s);
	return rc;
}

static int
verify(const struct sig_keys *keys, const char *data, size_t size, size_t piece, struct buf *out)
{
	struct sig_mark mark = {.seq = 1};
	struct sig_verifier_config config = {.keys = keys, .mark = piece % 2 ? &mark : NULL, .max_size = 1 << 21,
					     .accepted = write_to, .ctx = out};
	struct sig_verifier *v = sig_verifier_new(&config);
	struct vrp_err err = {0};
	int rc = 0;

	for (size_t at = 0; at < size && rc == 0; at += piece)
		rc = sig_verifier_feed(v, data + at, size - at < piece ? size - at : piece, NOW, &err);
	rc = rc < 0 ? rc : sig_verifier_finish(v, &err);
	assert(rc == 0 || err.msg[0]);
	sig_verifier_free(v);
	return rc;
}

/* One byte is another, where and how the input says; whatever comes out before it was signed. */
static void
change(const struct sig_keys *keys, struct buf *text, const struct buf *clear, const uint8_t *bytes, size_t size)
{
	size_t at = (size_t)(bytes[0] << 16 | bytes[size / 2] << 8 | bytes[size - 1]) % text->len;
	uint8_t by = bytes[size / 3] ? bytes[size / 3] : 1;
	struct buf out = BUF_INIT;

	text->data[at] ^= (char)by;
	assert(verify(keys, text->data, text->len, 1 + bytes[0] % 64, &out) == -1);
	assert(out.len <= clear->len && (out.len == 0 || memcmp(out.data, clear->data, out.len) == 0));
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT, clear = BUF_INIT, forged = BUF_INIT, again = BUF_INIT;
	const char *data = (const char *)bytes + 1;
	size_t piece = size > 0 ? 1 + bytes[0] % 64 : 1;
	static struct sig_keys keys;
	static struct sig_key *key;
	struct vrp_err err = {0};

	if (size < 2)
		return 0;
	/* Reading a key takes longer than all the rest. */
	if (!key) {
		key = sig_key_private(KEY_ED25519, sizeof(KEY_ED25519) - 1, &err);
		assert(key && sig_keys_add(&keys, sig_key_public(KEY_ED25519_PUBLIC, sizeof(KEY_ED25519_PUBLIC) - 1, &err)) == 0);
	}
	(void)verify(&keys, data, size - 1, piece, &forged);
	assert(forged.len == 0);
	if (sign(key, data, size - 1, size, &whole) == 0) {
		assert(sign(key, data, size - 1, piece, &pieces) == 0);
		assert(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
		assert(verify(&keys, whole.data, whole.len, piece, &clear) == 0);
		/* What was signed is whole and well-formed: signing it again refuses nothing. */
		assert(sign(key, clear.data ? clear.data : "", clear.len, piece, &again) == 0);
		assert(again.len == whole.len && memcmp(whole.data, again.data, whole.len) == 0);
		change(&keys, &whole, &clear, bytes, size);
	}
	buf_release(&whole);
	buf_release(&pieces);
	buf_release(&clear);
	buf_release(&forged);
	buf_release(&again);
	return 0;
}
