/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a JSON export to be verified, and to be signed: what is signed is
 * verified, and not when a byte of a record is another.
 */
#include <assert.h>

#include "../sigkeys.h"
#include "sig_json.h"

#define NOW INT64_C(1795000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
verify(const struct buf *text, const struct sig_keys *keys)
{
	static const struct sig_rules rules = {.skew = 300};
	struct vrp_err err = {0};
	int rc = sig_json_verify(text->data, text->len, keys, true, &rules, NOW, &err);

	assert(rc == 0 || err.msg[0]);
	return rc;
}

/* A digit of an AS. */
static void
change(struct buf *text, const struct sig_keys *keys)
{
	char *s = memmem(text->data, text->len, "\"asn\":", 6);

	if (!s)
		return;
	for (s += 6; s < text->data + text->len && (*s < '1' || *s > '9'); s++)
		if (*s == '}')
			return;
	*s = *s == '9' ? '1' : (char)(*s + 1);
	assert(verify(text, keys) == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sig_keys keys;
	static struct sig_key *key;
	struct buf input = BUF_INIT, out = BUF_INIT;
	struct vrp_err err = {0};
	int rc;

	/* Reading a key takes longer than all the rest. */
	if (!key) {
		key = sig_key_private(KEY_P256, sizeof(KEY_P256) - 1, &err);
		assert(key && sig_keys_add(&keys, sig_key_public(KEY_P256_PUBLIC, sizeof(KEY_P256_PUBLIC) - 1, &err)) == 0);
	}
	if (size == 0)
		return 0;
	assert(buf_add(&input, data, size) == 0);
	(void)verify(&input, &keys);
	rc = sig_json_sign(input.data, input.len, key, NOW, 3600, &out, &err);
	assert(rc == 0 || err.msg[0]);
	/* `generated` is the input's and may be of any time. */
	if (rc == 0 && !memmem(input.data, input.len, "gen", 3) && !memchr(input.data, '\\', input.len)) {
		assert(verify(&out, &keys) == 0);
		change(&out, &keys);
	}
	buf_release(&input);
	buf_release(&out);
	return 0;
}
