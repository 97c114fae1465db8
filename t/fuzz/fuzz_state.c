/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as the file of a cache's state.  A line that is "@" becomes the right
 * seal of what stands before it, or no input would get past the hashes.  What can be read is written
 * anew, and read back as the same: table with annotations, serial, changes.
 */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rtr_journal.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add_seal(struct buf *text, size_t from)
{
	uint8_t hash[SIG_HASH_LEN];

	assert(sig_hash(text->data ? text->data + from : "", text->len - from, hash) == 0);
	assert(buf_add(text, "# sha256 ", 9) == 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		assert(buf_addf(text, "%02x", hash[i]) == 0);
	assert(buf_add(text, "\n", 1) == 0);
}

static void
put_seals(const char *data, size_t size, struct buf *text)
{
	size_t from = 0;

	for (const char *end = data + size, *next; data < end; data = next) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));

		next = nl ? nl + 1 : end;
		if (next - data == 2 && *data == '@') {
			size_t at = text->len;

			add_seal(text, from);
			from = at;
		} else {
			assert(buf_add(text, data, (size_t)(next - data)) == 0);
		}
	}
}

static struct buf
records_of(const struct vrpset *set)
{
	struct out out;

	out_init(&out, -1);
	stream_write_records(&out, 0, set);
	return out.buf;
}

static void
check_same(const struct rtr_snapshot *a, const struct rtr_snapshot *b)
{
	struct buf x = records_of(a->set), y = records_of(b->set);

	assert(x.len == y.len && (x.len == 0 || memcmp(x.data, y.data, x.len) == 0));
	assert(a->serial == b->serial && a->data_time == b->data_time && a->step_count == b->step_count);
	assert(memcmp(a->sessions, b->sessions, sizeof(a->sessions)) == 0);
	for (size_t i = 0; i < a->step_count; i++) {
		assert(a->from[i] == b->from[i]);
		assert(vrpset_same(a->steps[i].announced, b->steps[i].announced));
		assert(vrpset_same(a->steps[i].withdrawn, b->steps[i].withdrawn));
	}
	buf_release(&x);
	buf_release(&y);
}

static void
write_and_read(const struct rtr_snapshot *s, struct names *names)
{
	struct rtr_journal_contents again;
	char seal[RTR_JOURNAL_SEAL_LEN];
	struct rtr_journal j;
	struct vrp_err err;
	uint64_t bytes;
	int fd = memfd_create("state", MFD_CLOEXEC);
	char *text;

	rtr_journal_begin(&j, fd, NULL);
	assert(rtr_journal_write_all(&j, s) == 0);
	assert(rtr_journal_end(&j, seal, &bytes) == 0);
	text = malloc(bytes);
	assert(fd >= 0 && text && pread(fd, text, bytes, 0) == (ssize_t)bytes);
	close(fd);
	assert(rtr_journal_read(text, bytes, names, &again, &err) == 0);
	assert(again.len == bytes && !again.torn_line && memcmp(again.seal, seal, sizeof(seal)) == 0);
	check_same(s, again.snapshot);
	rtr_snapshot_unref(again.snapshot);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names *names = names_new();
	struct rtr_journal_contents c;
	struct buf text = BUF_INIT;
	struct vrp_err err;
	int rc;

	put_seals((const char *)data, size, &text);
	rc = rtr_journal_read(text.data ? text.data : "", text.len, names, &c, &err);
	assert(rc == 0 || rc == 1);
	assert(rc == 0 ? c.snapshot && c.len <= text.len : !c.snapshot && err.msg[0]);
	if (rc == 0)
		write_and_read(c.snapshot, names);
	rtr_snapshot_unref(c.snapshot);
	buf_release(&text);
	names_unref(names);
	return 0;
}
