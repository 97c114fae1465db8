/* SPDX-License-Identifier: ISC */
/* Any bytes behind the header of a CSV dialect; the first two bytes choose the dialect and the pieces. */
#include "../pieces.h"
#include "buf.h"
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_options options = {.ignore_expiry = true};
	struct feed_result result;
	struct vrp_err err = {0};
	struct vrpset *set;
	struct names *names;
	struct buf doc = BUF_INIT;
	struct feed_input in;
	struct pieces text;
	const char *header;

	if (size < 2 || !(names = names_new()))
		return 0;
	header = headers[data[0] % ARRAY_LEN(headers)];
	if (buf_add(&doc, header, strlen(header)) < 0 || buf_add(&doc, data + 2, size - 2) < 0)
		abort();
	text = (struct pieces){doc.data, doc.len, (size_t)data[1] + 1};
	in = (struct feed_input){pieces_read, &text};
	set = feed_read(&in, &options, names, &result, &err);
	if (set ? vrpset_count(set) > result.records : !err.msg[0])
		abort();
	vrpset_unref(set);
	names_unref(names);
	buf_release(&doc);
	return 0;
}
