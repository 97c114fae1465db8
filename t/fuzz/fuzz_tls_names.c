/* SPDX-License-Identifier: ISC */
/*
 * Any certificate has names that are one line of printable text within their
 * room; and one that OpenSSL finds to be for an address lists some.
 */
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_names(const X509 *cert, size_t room)
{
	char text[160];
	size_t len;

	memset(text, 1, sizeof(text));
	tls_names(cert, text, room);
	len = strnlen(text, room);
	assert(len < room);
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= ' ' && text[i] <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char address[4] = {192, 0, 2, 9};
	const unsigned char *at = data;
	X509 *cert = d2i_X509(NULL, &at, (long)size);
	char text[160];

	if (cert) {
		check_names(cert, sizeof(text));
		check_names(cert, 1);
		check_names(cert, 12);
		tls_names(cert, text, sizeof(text));
		if (X509_check_ip(cert, address, sizeof(address), 0) == 1)
			assert(*text);
	}
	X509_free(cert);
	ERR_clear_error();
	return 0;
}
