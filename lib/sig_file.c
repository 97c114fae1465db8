/* SPDX-License-Identifier: ISC */
#include "sig_file.h"

int
sig_file_sign(const uint8_t hash[SIG_HASH_LEN], const struct sig_key *key, int64_t now, uint32_t valid, struct buf *out,
	      struct vrp_err *err)
{
	struct sig_statement st = {.kind = SIG_FILE, .time = now, .until = valid ? now + valid : STAMP_UNKNOWN};
	uint8_t statement[SIG_HASH_LEN];

	memcpy(st.digest, hash, SIG_HASH_LEN);
	return sig_statement_sign(&st, key, out, statement, err);
}

int
sig_file_verify(const char *sig, size_t len, const uint8_t hash[SIG_HASH_LEN], const struct sig_keys *keys,
		const struct sig_rules *rules, int64_t now, struct vrp_err *err)
{
	uint8_t statement[SIG_HASH_LEN];
	struct sig_statement st;

	if (len == 0 || sig[len - 1] != '\n')
		return vrp_err_set(err, "no statement");
	if (sig_statement_verify(&st, sig, len - 1, keys, statement, err) < 0)
		return -1;
	if (st.kind != SIG_FILE)
		return vrp_err_set(err, "a statement of a stream, not of a file");
	if (memcmp(st.digest, hash, SIG_HASH_LEN) != 0)
		return vrp_err_set(err, "these are not the bytes that were signed");
	return sig_check_time(st.time, st.until, rules, now, err);
}
