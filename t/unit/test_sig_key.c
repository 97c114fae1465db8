/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "sig.h"

static const struct {
	const char *algorithm, *private, *public;
} good[] = {
	{"ed25519", KEY_ED25519, KEY_ED25519_PUBLIC},
	{"ecdsa-p256-sha256", KEY_P256, KEY_P256_PUBLIC},
	{"rsa-pss-sha256", KEY_RSA, KEY_RSA_PUBLIC},
};

static void
test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct sig_key *key = private_key(good[i].private);
		struct sig_keys keys = {0};

		trust(&keys, good[i].public);
		assert_string_equal(sig_key_algorithm(key), good[i].algorithm);
		assert_int_equal(strlen(sig_key_id(key)), SIG_ID_DIGITS);
		assert_string_equal(sig_key_id(key), sig_key_id(keys.keys[0]));
		assert_ptr_equal(sig_keys_find(&keys, sig_key_id(key), SIG_ID_DIGITS), keys.keys[0]);
		assert_null(sig_keys_find(&keys, sig_key_id(key), SIG_ID_DIGITS - 1));
		assert_null(sig_keys_find(&keys, "0123456789abcdef0123456789abcdef", SIG_ID_DIGITS));
		sig_keys_release(&keys);
		sig_key_free(key);
	}
}

static void
test_refused_keys(void **state)
{
	static const struct {
		const char *pem, *private, *public;
	} cases[] = {
		{KEY_RSA_1024, "RSA key of 1024 bits", "a private key, where a public one was expected"},
		{KEY_RSA_1024_PUBLIC, "a public key, where a private one was expected", "RSA key of 1024 bits"},
		{KEY_P384, "curve secp384r1", "a private key"},
		{KEY_P384_PUBLIC, "a public key", "curve secp384r1"},
		{KEY_X25519, "kind X25519", "a private key"},
		{KEY_X25519_PUBLIC, "a public key", "kind X25519"},
		{KEY_ENCRYPTED, "is encrypted", "a private key"},
		{"", "no private key in PEM", "no public key in PEM"},
		{"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key in PEM", "a private key"},
		{"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "a public key", "no public key in PEM"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};

		assert_null(sig_key_private(cases[i].pem, strlen(cases[i].pem), &err));
		assert_case(strstr(err.msg, cases[i].private), "private %zu: %s", i, err.msg);
		assert_null(sig_key_public(cases[i].pem, strlen(cases[i].pem), &err));
		assert_case(strstr(err.msg, cases[i].public), "public %zu: %s", i, err.msg);
	}
}

static void
test_signatures(void **state)
{
	static const char text[] = "~signed version=1";
	unsigned char sig[SIG_MAX];
	struct vrp_err err = {0};
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct sig_key *key = private_key(good[i].private), *other = private_key(KEY_OTHER);
		struct sig_keys keys = {0};

		trust(&keys, good[i].public);
		assert_int_equal(sig_sign(key, text, sizeof(text), sig, &len, &err), 0);
		assert_true(sig_check(keys.keys[0], text, sizeof(text), sig, len));
		assert_false(sig_check(keys.keys[0], text, sizeof(text) - 1, sig, len));
		assert_false(sig_check(other, text, sizeof(text), sig, len));
		assert_false(sig_check(keys.keys[0], text, sizeof(text), sig, len - 1));
		assert_false(sig_check(keys.keys[0], text, sizeof(text), sig, 0));
		for (size_t bit = 0; bit < 8 * len; bit++) {
			sig[bit / 8] ^= (unsigned char)(1 << bit % 8);
			assert_false(sig_check(keys.keys[0], text, sizeof(text), sig, len));
			sig[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		sig_keys_release(&keys);
		sig_key_free(other);
		sig_key_free(key);
	}
}

/* A hash that is signed as such is the signature of what was hashed. */
static void
test_hashes(void **state)
{
	struct sig_key *key = private_key(KEY_P256), *other = private_key(KEY_ED25519);
	uint8_t hash[SIG_HASH_LEN], pieces[SIG_HASH_LEN];
	unsigned char sig[SIG_MAX];
	struct vrp_err err = {0};
	struct sig_hash h;
	size_t len;

	(void)state;
	assert_int_equal(sig_hash("abc", 3, hash), 0);
	assert_memory_equal(hash, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
	sig_hash_begin(&h);
	sig_hash_add(&h, "a", 1);
	sig_hash_add(&h, "", 0);
	sig_hash_add(&h, "bc", 2);
	assert_int_equal(sig_hash_end(&h, pieces), 0);
	assert_memory_equal(hash, pieces, SIG_HASH_LEN);
	assert_int_equal(sig_sign_hash(key, hash, sig, &len, &err), 0);
	assert_true(sig_check_hash(key, hash, sig, len));
	assert_true(sig_check(key, "abc", 3, sig, len));
	hash[0] ^= 1;
	assert_false(sig_check_hash(key, hash, sig, len));
	assert_int_equal(sig_sign_hash(other, hash, sig, &len, &err), -1);
	assert_false(sig_check_hash(other, hash, sig, len));
	sig_key_free(other);
	sig_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_refused_keys),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
