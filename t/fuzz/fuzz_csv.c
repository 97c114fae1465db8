/* SPDX-License-Identifier: ISC */
/* Any bytes behind the header of a CSV dialect; the first two bytes choose the dialect and the pieces. */
#include "feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const headers[] = {
	"ASN,IP Prefix,Max Length,Trust Anchor,Expires\n",
	"\"ASN\",\"IP Prefix\",\"Max Length\",\"Trust Anchor\"\n",
	"URI,ASN,IP Prefix,Max Length,Not Before,Not After\n",
	"ASN,Prefix,Max prefix length\r\n",
	"prefix, minlen, maxlen, asn\n",
	"1.0.0.0, 24, 24, 13335\n",
	"",
};

struct text {
	const char *header;
	const uint8_t *data;
	size_t len;
	size_t piece;
};

static ssize_t
read_text(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct text *t = ctx;
	size_t n = t->len < t->piece ? t->len : t->piece;

	(void)err;
	if (*t->header) {
		*(char *)dst = *t->header++;
		return 1;
	}
	if (n > len)
		n = len;
	if (n)
		memcpy(dst, t->data, n);
	t->data += n;
	t->len -= n;
	return (ssize_t)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_options options = {.ignore_expiry = true};
	struct feed_result result;
	struct feed_input in = {read_text, NULL};
	struct vrp_err err = {0};
	struct vrpset *set;
	struct names *names;
	struct text text;

	if (size < 2 || !(names = names_new()))
		return 0;
	text = (struct text){headers[data[0] % ARRAY_LEN(headers)], data + 2, size - 2, (size_t)data[1] + 1};
	in.ctx = &text;
	set = feed_read(&in, &options, names, &result, &err);
	if (set ? vrpset_count(set) > result.records : !err.msg[0])
		abort();
	vrpset_unref(set);
	names_unref(names);
	return 0;
}
