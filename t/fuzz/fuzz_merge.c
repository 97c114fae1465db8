/* SPDX-License-Identifier: ISC */
/*
 * A random sequence of blocks over several inputs through a merger: snapshots,
 * deltas, blocks that are bad, do not fit or are cut short, ends and breaks.
 * After each, what a reader of the output holds is compared with what a model
 * makes of the inputs, which knows records as places of small arrays.
 */
#include <assert.h>

#include "merger.h"
#include "table.h"

#define INPUTS_MAX 4
#define VRPS 6			/* places of VRPs and one router key ... */
#define PLACES 9		/* ... and then of ASPAs */
#define NOTES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const identities[PLACES] = {
	"1.0.0.0/24 24 AS1", "1.0.0.0/24 25 AS1", "1.0.0.0/24 25 AS2", "::/0 0 AS0", "2001:db8::/32 48 AS1",
	"router-key AS1 0000000000000000000000000000000000000000 AA==", "aspa AS1", "aspa AS2", "aspa AS3",
};

/* Each outlives those before it. */
static const char *const notes[NOTES] = {"b 5", "a 5", "c 9", "- -"};

/* What a table has at one place. */
struct place {
	uint8_t note;		/* 1 and up, 0 for no record */
	uint8_t providers;	/* a mask, for ASPAs */
};

struct input {
	struct place places[PLACES];
	bool has_table, based, lost, ended;
	int64_t time;
};

struct world {
	const uint8_t *data;
	size_t left;
	struct names *names;
	struct merger *merger;
	size_t count, quorum, piece;
	struct input inputs[INPUTS_MAX];
	bool hasty, started;
	int64_t time;		/* what the output says */
	size_t blocks, rejects;
	struct table *reader;	/* of the output */
	int64_t read_time;
};

static uint8_t
take(struct world *w)
{
	if (w->left == 0)
		return 0;
	w->left--;
	return *w->data++;
}

/* ---- the output ---- */

static int
on_read(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct world *w = ctx;

	(void)set;
	assert((head->kind == BLOCK_SNAPSHOT) == !w->started);
	if (head->time != STAMP_UNKNOWN)
		w->read_time = head->time;
	return 0;
}

static int
on_unreadable(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	(void)reason;
	abort();
}

static int
on_block(void *ctx, const struct buf *attrs, const struct vrpset *set, const struct delta *delta)
{
	struct world *w = ctx;
	struct out o;

	out_init(&o, -1);
	stream_write_head(&o, delta ? BLOCK_DELTA : BLOCK_SNAPSHOT, attrs->data, attrs->len);
	if (delta)
		stream_write_changes(&o, delta);
	else
		stream_write_records(&o, 0, set);
	stream_write_end(&o);
	assert(o.error == 0);
	assert(table_feed(w->reader, o.buf.data, o.buf.len) == 0);
	out_release(&o);
	w->blocks++;
	return 0;
}

static void
on_reject(void *ctx, size_t input, const struct vrp_err *reason)
{
	struct world *w = ctx;

	assert(input < w->count && reason->msg[0]);
	w->rejects++;
}

static void
on_fail(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	(void)reason;
	abort();
}

/* ---- the model ---- */

static bool
same_place(const struct place *a, const struct place *b)
{
	return a->note == b->note && a->providers == b->providers;
}

/* The quorum-th highest note of the inputs that have these providers here; 0 when they are fewer. */
static uint8_t
agreed_note(const struct world *w, size_t place, uint8_t providers)
{
	size_t held[NOTES + 1] = {0}, n = 0;
	uint8_t note = NOTES;

	for (size_t i = 0; i < w->count; i++)
		if (w->inputs[i].has_table && w->inputs[i].places[place].providers == providers)
			held[w->inputs[i].places[place].note]++;
	for (; note > 0; note--) {
		n += held[note];
		if (n >= w->quorum)
			break;
	}
	return note;
}

/* The line of a record, behind a sign unless that is 0. */
static void
add_line(struct buf *text, char sign, size_t place, struct place p)
{
	int rc = buf_addf(text, "%.*s%s", sign != 0, &sign, identities[place]);

	for (int bit = 0, first = 1; bit < 3; bit++) {
		if (p.providers & 1 << bit) {
			rc |= buf_addf(text, "%s%d", first ? " " : ",", 10 + bit);
			first = 0;
		}
	}
	rc |= buf_addf(text, " %s\n", notes[p.note - 1]);
	assert(rc == 0);
}

static int
on_model(void *ctx, struct vrpset *set, const struct block_head *head)
{
	(void)ctx;
	(void)set;
	(void)head;
	return 0;
}

/* What the reader of the output should hold. */
static struct vrpset *
model_result(const struct world *w)
{
	static const struct table_ops ops = {.commit = on_model, .reject = on_unreadable};
	struct buf text = BUF_INIT;
	struct table *t = table_new(w->names, &ops, NULL);
	struct vrpset *set;

	assert(buf_addf(&text, "%%snapshot\n") == 0);
	for (size_t place = 0; place < PLACES; place++) {
		for (uint8_t mask = place < VRPS ? 0 : 1; mask < (place < VRPS ? 1 : 8); mask++) {
			uint8_t note = agreed_note(w, place, mask);

			if (note)
				add_line(&text, 0, place, (struct place){note, mask});
		}
	}
	assert(buf_addf(&text, "~end\n") == 0);
	assert(table_feed(t, text.data, text.len) == 0);
	set = vrpset_ref(table_set(t));
	table_free(t);
	buf_release(&text);
	return set;
}

static bool
may_start(const struct world *w)
{
	size_t tables = 0;

	for (size_t i = 0; i < w->count; i++)
		tables += w->inputs[i].has_table;
	return tables >= (w->hasty ? w->quorum : w->count);
}

static bool
exactly_same(const struct vrpset *a, const struct vrpset *b)
{
	struct delta d;
	bool same;

	assert(delta_exact(a, b, &d) == 0);
	same = delta_count(&d) == 0;
	delta_release(&d);
	return same;
}

/* The output is as it should be, and a block came only if something changed. */
static void
check(struct world *w, struct vrpset *before)
{
	int64_t time = STAMP_UNKNOWN;
	struct vrpset *want;
	bool changed;

	if (!w->started && !may_start(w)) {
		assert(w->blocks == 0 && !merger_result(w->merger));
		return;
	}
	for (size_t i = 0; i < w->count; i++) {
		int64_t t = w->inputs[i].time;

		if (t != STAMP_UNKNOWN && (time == STAMP_UNKNOWN || t < time))
			time = t;
	}
	want = model_result(w);
	changed = !w->started || !exactly_same(before, want) || (time != STAMP_UNKNOWN && time != w->time);
	assert(w->blocks == changed);
	if (time != STAMP_UNKNOWN)
		w->time = time;
	assert(table_set(w->reader) && exactly_same(table_set(w->reader), want));
	assert(exactly_same(merger_result(w->merger), want));
	assert(w->read_time == w->time);
	w->started = true;
	vrpset_unref(want);
}

/* ---- the inputs ---- */

static void
feed(struct world *w, size_t input, const struct buf *text)
{
	for (size_t at = 0; at < text->len; at += w->piece)
		assert(merger_feed(w->merger, input, text->data + at,
				   text->len - at < w->piece ? text->len - at : w->piece) == 0);
}

static void
random_place(struct world *w, size_t place, struct place *p)
{
	uint8_t b = take(w);

	p->note = (uint8_t)(b % (NOTES + 1));
	p->providers = p->note && place >= VRPS ? (uint8_t)(1 + b / 8 % 7) : 0;
}

/* Open a block, with or without a time; the time is what the model then has. */
static int64_t
add_head(struct world *w, struct buf *text, const char *keyword)
{
	uint8_t b = take(w) % 4;

	assert(buf_addf(text, b ? "%s time=1970-01-01T00:00:0%uZ\n" : "%s\n", keyword, b) == 0);
	return b ? b : STAMP_UNKNOWN;
}

static void
add_snapshot(struct world *w, struct buf *text, struct input *in)
{
	in->time = add_head(w, text, "%snapshot");
	for (size_t i = 0; i < PLACES; i++) {
		random_place(w, i, &in->places[i]);
		if (in->places[i].note)
			add_line(text, 0, i, in->places[i]);
	}
	assert(buf_addf(text, "~end\n") == 0);
	in->has_table = in->based = true;
	in->lost = false;
}

/* A block should be refused, and that told unless it is one of the deltas behind another. */
static void
refuse(struct world *w, struct input *in, bool delta)
{
	w->rejects -= !in->lost || !delta;
	in->lost = true;
	in->based = false;
}

/* A delta that fits, to other records at some places. */
static void
add_delta(struct world *w, struct buf *text, struct input *in)
{
	struct input next = *in;
	int64_t time = add_head(w, text, "%delta");
	unsigned mask = take(w) | (unsigned)take(w) << 8;

	for (size_t i = 0; i < PLACES; i++) {
		const struct place *old = &in->places[i], *new = &next.places[i];

		if (mask & 1U << i)
			random_place(w, i, &next.places[i]);
		if (same_place(old, new))
			continue;
		/* An announcement replaces; with a withdrawal before it, too. */
		if (old->note && (!new->note || mask & 1U << 15))
			add_line(text, '-', i, *old);
		if (new->note)
			add_line(text, '+', i, *new);
	}
	assert(buf_addf(text, "~end\n") == 0);
	if (!in->based) {
		refuse(w, in, true);
		return;
	}
	*in = next;
	if (time != STAMP_UNKNOWN)
		in->time = time;
}

/* A delta that withdraws what is not there, or announces what is. */
static void
add_misfit(struct world *w, struct buf *text, struct input *in)
{
	size_t place = take(w) % PLACES;
	struct place p = in->places[place];

	(void)add_head(w, text, "%delta");
	if (p.note)
		add_line(text, '+', place, p);
	else
		add_line(text, '-', place, (struct place){1, place < VRPS ? 0 : 1});
	assert(buf_addf(text, "~end\n") == 0);
	refuse(w, in, true);
}

static void
add_broken_off(struct world *w, struct buf *text, struct input *in, const char *last)
{
	(void)add_head(w, text, "%snapshot");
	add_line(text, 0, 0, (struct place){1, 0});
	assert(buf_addf(text, "%s", last) == 0);
	refuse(w, in, false);
}

/* rejects goes down for each block that should be refused, and up when one is. */
static void
act(struct world *w)
{
	uint8_t b = take(w);
	size_t i = b % w->count;
	struct input *in = &w->inputs[i];
	struct buf text = BUF_INIT;
	unsigned kind = b / w->count % 16;

	if (kind == 15) {
		w->hasty = true;
		assert(merger_start(w->merger) == 0);
	} else if (!in->ended && kind < 5) {
		add_snapshot(w, &text, in);
	} else if (!in->ended && kind < 10) {
		add_delta(w, &text, in);
	} else if (!in->ended && kind == 10) {
		add_misfit(w, &text, in);
	} else if (!in->ended && kind == 11) {
		add_broken_off(w, &text, in, "1.0.0.0/24 23 AS1\n");
	} else if (!in->ended && kind == 12) {
		add_broken_off(w, &text, in, "");
		add_snapshot(w, &text, in);
	} else if (!in->ended && kind == 13) {
		assert(buf_addf(&text, "%%unknown\n~line\n\n# comment\n") == 0);
	}
	feed(w, i, &text);
	if (!in->ended && kind == 14) {
		buf_reset(&text);
		if (b & 1)
			add_broken_off(w, &text, in, "~en");
		feed(w, i, &text);
		assert((take(w) & 1 ? merger_break : merger_finish)(w->merger, i) == 0);
		in->ended = true;
	}
	buf_release(&text);
}

static void
play(struct world *w)
{
	for (int steps = 0; w->left && steps < 64; steps++) {
		struct vrpset *before = table_set(w->reader) ? vrpset_ref(table_set(w->reader)) : NULL;

		w->blocks = w->rejects = 0;
		act(w);
		assert(w->rejects == 0);
		check(w, before);
		vrpset_unref(before);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct merger_ops merger_ops = {.block = on_block, .reject = on_reject, .fail = on_fail};
	static const struct table_ops table_ops = {.commit = on_read, .reject = on_unreadable};
	struct world w = {.data = data, .left = size, .time = STAMP_UNKNOWN, .read_time = STAMP_UNKNOWN};

	w.count = 1 + take(&w) % INPUTS_MAX;
	w.quorum = 1 + take(&w) % w.count;
	w.piece = 1 + take(&w);
	for (size_t i = 0; i < w.count; i++)
		w.inputs[i].time = STAMP_UNKNOWN;
	w.names = names_new();
	w.merger = merger_new(w.names, w.count, w.quorum, &merger_ops, &w);
	w.reader = table_new(w.names, &table_ops, &w);
	assert(w.names && w.merger && w.reader);
	play(&w);
	merger_free(w.merger);
	table_free(w.reader);
	names_unref(w.names);
	return 0;
}
