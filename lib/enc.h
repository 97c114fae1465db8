/* SPDX-License-Identifier: ISC */
/* Bytes as text: hexadecimal, base64 (RFC 4648) and percent-encoding (RFC 3986). */
#ifndef VRP_ENC_H
#define VRP_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"

/* Upper-case digits, 2 * len of them, no NUL; returns the end. */
char *hex_encode(char *dst, const void *data, size_t len);
char *hex_encode_lower(char *dst, const void *data, size_t len);	/* as sha256sum(1) has them */

/* Exactly n bytes from 2 * n digits of any case. */
bool hex_decode(const char *s, size_t len, unsigned char *out, size_t n);

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Standard alphabet with padding, BASE64_LEN(len) bytes, no NUL; returns the end. */
char *base64_encode(char *dst, const void *data, size_t len);

enum base64_form {
	BASE64_STRICT,	/* standard alphabet, padded: the line format */
	BASE64_ANY,	/* either alphabet, padding optional: what validators write */
};

/*
 * Decode into out, which has room for len / 4 * 3 + 3 bytes.  Returns the count
 * of bytes, or -1 for a bad byte, length or padding, or non-zero unused bits.
 */
ptrdiff_t base64_decode(const char *s, size_t len, enum base64_form form, unsigned char *out);

/*
 * Append a token: bytes that are blank, control, not ASCII or '%' become %XX.
 * An empty string becomes nothing.  -1 when memory is out.
 */
VRP_NODISCARD int percent_encode(struct buf *out, const char *s, size_t len);

/* Append the decoded token.  A '%' that two hex digits do not follow stays as it is. */
VRP_NODISCARD int percent_decode(struct buf *out, const char *s, size_t len);

#endif
