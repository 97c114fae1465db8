/* SPDX-License-Identifier: ISC */
/*
 * A router that sends anything to a cache with three versions of a table.  The
 * first byte picks our highest version and how the rest is cut into pieces.
 * Whatever comes: what we send is whole PDUs that decode, of one version once
 * that is settled, and nothing follows an Error Report that ends the session.
 */
#include <assert.h>

#include "line.h"
#include "rtr_session.h"

static int
copy(void *ctx, const void *data, size_t len)
{
	return buf_add(ctx, data, len);
}

static int
share(void *ctx, struct blob *image)
{
	int rc = buf_add(ctx, image->data, image->len);

	blob_unref(image);
	return rc;
}

static struct vrpset *
make_set(struct names *names, const char *const *lines, size_t count)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct line_scratch scratch = {0};
	struct payload p;

	for (size_t i = 0; i < count; i++)
		if (line_parse(lines[i], strlen(lines[i]), names, &scratch, &p, NULL) < 0 || vrpset_add(b, &p) < 0)
			abort();
	line_scratch_release(&scratch);
	return vrpset_finish(b, NULL);
}

/* Serial 3, with changes of every kind of record behind it. */
static struct rtr_cache *
make_cache(uint8_t max_version)
{
	static const char *const lines[] = {
		"10.0.0.0/8 24 AS1",	"2001:db8::/32 48 AS2", "router-key AS3 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAAA",
		"aspa AS4 AS5,AS6",	"10.0.0.0/8 8 AS1",	"aspa AS4 AS7",
	};
	struct rtr_cache_config config = {
		.timers = RTR_TIMERS_DEFAULT, .max_version = max_version, .history = 10, .sessions = {0x0101, 0x0202, 0x0303}};
	struct rtr_cache *cache = rtr_cache_new(&config);
	struct names *names = names_new();
	struct vrpset *from = NULL;

	for (size_t i = 0; i < 3; i++) {
		struct vrpset *to = make_set(names, lines + i, 4);

		rtr_cache_commit(cache, rtr_update_new(from, to, 0));
		vrpset_unref(from);
		from = to;
	}
	vrpset_unref(from);
	names_unref(names);
	return cache;
}

static void
check_output(const struct rtr_session *s, const struct buf *out)
{
	static struct rtr_scratch scratch;
	const unsigned char *p = (const unsigned char *)out->data;
	size_t left = out->len;

	while (left) {
		struct rtr_header h;
		struct rtr_pdu pdu;
		const char *reason;

		assert(left >= RTR_HEADER_LEN);
		h = rtr_header_decode(p);
		assert(h.len <= left);
		assert(rtr_pdu_decode(p, h.len, &scratch, &pdu, &reason) == RTR_NO_ERROR);
		assert(s->state == RTR_SESSION_NEW || pdu.type == RTR_ERROR_REPORT || pdu.version == s->version);
		p += h.len;
		left -= h.len;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct rtr_session_io io = {copy, share};
	static struct rtr_cache *caches[RTR_VERSIONS];
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct rtr_session s;
	uint8_t version;
	size_t piece;

	if (size == 0)
		return 0;
	version = data[0] % RTR_VERSIONS;
	piece = data[0] / RTR_VERSIONS + 1U;
	if (!caches[version])
		caches[version] = make_cache(version);
	rtr_session_init(&s, caches[version], &io, &out);
	for (size_t i = 1; i < size; i += piece) {
		enum rtr_session_event event = RTR_EVENT_NONE;
		size_t taken, n = size - i < piece ? size - i : piece;

		if (buf_add(&in, data + i, n) < 0)
			abort();
		while ((taken = rtr_session_take(&s, (unsigned char *)in.data, in.len, &event)) > 0) {
			assert(taken <= in.len);
			assert((event == RTR_EVENT_CLOSED) == (s.state == RTR_SESSION_CLOSED));
			check_output(&s, &out);
			buf_reset(&out);
			buf_drop(&in, taken);
		}
		if (s.state == RTR_SESSION_CLOSED) {
			assert(s.reason[0]);
			assert(rtr_session_take(&s, (unsigned char *)in.data, in.len, &event) == 0);
			assert(!rtr_session_notify(&s, 1000000, 0));
		}
		assert(in.len <= RTR_PDU_MAX + piece || s.state == RTR_SESSION_CLOSED);
	}
	buf_release(&in);
	buf_release(&out);
	return 0;
}
