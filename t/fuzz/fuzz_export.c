/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a stream of the line format.  Each table of it is written in
 * every dialect; JSON and CSV, read as feeds, are the same table again, and so
 * is what the SLURM file asserts.  The first byte picks the size of the pieces
 * in which they are read.
 */
#include <assert.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../pieces.h"
#include "enc.h"
#include "export.h"
#include "feed.h"
#include "slurm.h"
#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where exports go, and back from. */
static int memory = -1;

static char *
exported(const char *format, const struct vrpset *set, size_t *len)
{
	static const struct export_meta meta = {.time = 1795392000, .source = "x\ny", .session = 1, .serial = 2};
	struct out o;
	char *text;

	if (memory < 0)
		memory = memfd_create("export", MFD_CLOEXEC);
	assert(ftruncate(memory, 0) == 0 && lseek(memory, 0, SEEK_SET) == 0);
	out_init(&o, memory);
	export_find(format)->write(&o, set, &meta);
	assert(out_flush(&o) == 0);
	out_release(&o);
	*len = (size_t)lseek(memory, 0, SEEK_END);
	text = malloc(*len + 1);
	assert(text && pread(memory, text, *len, 0) == (ssize_t)*len);
	text[*len] = '\0';
	return text;
}

/*
 * Does a name survive?  One that is not encoded as we would encode it comes
 * back in our encoding, one that a dialect cannot hold comes back encoded
 * twice, and some say "unknown" in the dialects.
 */
static bool
survives(const char *token, size_t len, bool controls)
{
	struct buf raw = BUF_INIT, again = BUF_INIT;
	bool same;

	assert(percent_decode(&raw, token, len) == 0 && percent_encode(&again, raw.data, raw.len) == 0);
	same = again.len == len && memcmp(again.data, token, len) == 0;
	same &= !(raw.len == 3 && memcmp(raw.data, "N/A", 3) == 0) && !(raw.len == 1 && raw.data[0] == '-');
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.data[i];

		same &= c < 0x7f && (c >= 0x20 || (controls && c > 0));
	}
	buf_release(&raw);
	buf_release(&again);
	return same;
}

static bool
same_ta(const struct vrpset *a, uint16_t ta, const struct vrpset *b, uint16_t tb, bool controls)
{
	size_t len;
	const char *token = names_get(vrpset_names(a), ta, &len);

	if (ta == 0)
		return tb == 0;
	return !survives(token, len, controls) || strcmp(token, names_get(vrpset_names(b), tb, NULL)) == 0;
}

static void
check_vrps(const struct vrpset *a, const struct vrpset *b, bool controls)
{
	size_t count, again;
	const struct vrp *x = vrpset_vrps(a, &count), *y = vrpset_vrps(b, &again);

	assert(count == again);
	for (size_t i = 0; i < count; i++) {
		assert(vrp_cmp(&x[i], &y[i]) == 0 && x[i].expires == y[i].expires);
		assert(same_ta(a, x[i].ta, b, y[i].ta, controls));
	}
}

static void
check_others(const struct vrpset *a, const struct vrpset *b)
{
	size_t count;
	const struct router_key *keys = vrpset_router_keys(a, &count), *keys_again = vrpset_router_keys(b, &count);
	const struct aspa *aspas, *aspas_again;

	for (size_t i = 0; i < count; i++)
		assert(keys[i].expires == keys_again[i].expires && same_ta(a, keys[i].ta, b, keys_again[i].ta, true));
	aspas = vrpset_aspas(a, &count);
	aspas_again = vrpset_aspas(b, &count);
	for (size_t i = 0; i < count; i++)
		assert(aspas[i].expires == aspas_again[i].expires && same_ta(a, aspas[i].ta, b, aspas_again[i].ta, true));
}

/* What a feed of this text holds, under names of its own. */
static struct vrpset *
fed(char *text, size_t len, size_t piece)
{
	struct feed_options options = {.strict = true, .ignore_expiry = true};
	struct pieces pieces = {text, len, piece};
	struct feed_input in = {pieces_read, &pieces};
	struct names *names = names_new();
	struct feed_result result;
	struct vrp_err err = {0};
	struct vrpset *set = feed_read(&in, &options, names, &result, &err);

	if (!set) {
		fprintf(stderr, "%zu:%zu: %s\n%s", err.line, err.column, err.msg, text);
		abort();
	}
	assert(strcmp(result.dialect, "json") != 0 || result.time == 1795392000);
	names_unref(names);
	free(text);
	return set;
}

/* Is there an ASPA of AS0, or one whose customer is its own provider?  SLURM cannot say so. */
static bool
strange_aspas(const struct vrpset *set)
{
	size_t count;
	const struct aspa *aspas = vrpset_aspas(set, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < aspas[i].provider_count; n++)
			if (aspas[i].customer == 0 || aspas[i].providers[n] == aspas[i].customer)
				return true;
	return false;
}

static void
check_slurm(const struct vrpset *set, size_t piece)
{
	struct names *names = names_new();
	struct slurm_builder *b = slurm_builder_new(names);
	struct vrp_err err = {0};
	struct pieces pieces;
	struct feed_input in = {pieces_read, &pieces};
	struct slurm *slurm;
	char *text;

	pieces.piece = piece;
	text = exported("slurm", set, &pieces.len);
	pieces.data = text;
	if (slurm_read(b, "slurm", &in, &err) < 0 || !(slurm = slurm_finish(b, &err))) {
		fprintf(stderr, "%zu:%zu: %s\n%s", err.line, err.column, err.msg, text);
		abort();
	}
	assert(slurm_filter_count(slurm) == 0);
	assert(strange_aspas(set) || vrpset_same(slurm_assertions(slurm), set));
	slurm_free(slurm);
	names_unref(names);
	free(text);
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	size_t len, piece = *(size_t *)ctx;
	struct vrpset *again;
	char *text;

	(void)head;
	text = exported("json", set, &len);
	again = fed(text, len, piece);
	assert(vrpset_same(set, again));
	check_vrps(set, again, true);
	check_others(set, again);
	vrpset_unref(again);

	text = exported("csv", set, &len);
	again = fed(text, len, piece);
	check_vrps(set, again, false);
	vrpset_unref(again);
	check_slurm(set, piece);

	for (size_t i = 0; i < export_count(); i++)
		free(exported(export_at(i)->name, set, &len));
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	(void)reason;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct names *names = names_new();
	size_t piece = size ? 1 + (size_t)data[0] * 16 : 1;
	struct table *t = table_new(names, &ops, &piece);

	if (size > 1)
		assert(table_feed(t, (const char *)data + 1, size - 1) == 0 && table_finish(t) == 0);
	table_free(t);
	names_unref(names);
	return 0;
}
