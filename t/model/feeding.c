/* SPDX-License-Identifier: ISC */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "walk.h"

bool
can_feed(void)
{
	return w.server.by_file || w.server.input >= 0;
}

static uint32_t
draw_expiry(void)
{
	uint32_t now = (uint32_t)w.feed.now;

	if (!one_in(4))
		return NEVER;
	return one_in(8) ? now - 3 : now + 1 + chance(40);
}

static struct entry
draw_entry(size_t id)
{
	return (struct entry){record_value(id), (uint8_t)chance(TRUST_ANCHORS), draw_expiry()};
}

static int64_t
draw_time(void)
{
	if (!w.feed.rules.max_age || one_in(4))
		return UNDATED;
	if (one_in(10))
		return w.feed.now - w.feed.rules.max_age - 1 - chance(50);
	return w.feed.now - chance(w.feed.rules.max_age / 2);
}

static size_t
draw_id(void)
{
	return chance((uint32_t)universe_small());
}

static void
shuffle(struct block *b)
{
	for (size_t i = b->count; i > 1; i--) {
		size_t j = chance((uint32_t)i);
		struct line l = b->lines[j];

		b->lines[j] = b->lines[i - 1];
		b->lines[i - 1] = l;
	}
}

/* A run of bulk records: how many, beginning where. */
static size_t
draw_run(size_t *from)
{
	size_t n = ONE_OF(1, 30, 300, 3000, 11000), room = RECORDS - SMALL;

	*from = SMALL + chance((uint32_t)(room - n));
	return n;
}

/* All that was told so far but for some, some more, and some of it twice. */
static void
fill_snapshot(struct block *b)
{
	uint32_t lose = ONE_OF(2, 20, 20, 1000000);
	size_t from = 0, run = one_in(6) ? draw_run(&from) : 0, more = chance(20);

	for (size_t i = 0; i < RECORDS && w.feed.has_told; i++)
		if (w.feed.told[i].value && !one_in(lose))
			block_add(b, 0, i, one_in(30) ? draw_entry(i) : w.feed.told[i]);
	for (size_t i = 0; i < more; i++) {
		size_t id = draw_id();

		block_add(b, 0, id, draw_entry(id));
	}
	for (size_t i = from; i < from + run; i++)
		block_add(b, 0, i, (struct entry){1, (uint8_t)(i % TRUST_ANCHORS), NEVER});
	if (one_in(3))
		shuffle(b);
}

/* Changes that fit what was told, each record once, unless withdrawn and announced. */
static void
fill_delta(struct block *b, bool annotations)
{
	bool used[RECORDS] = {false};
	size_t from = 0, run = !annotations && one_in(6) ? draw_run(&from) : 0, changes = chance(16);

	for (size_t i = 0; i < changes; i++) {
		size_t id = draw_id();
		struct entry old = w.feed.told[id], new = draw_entry(id);

		if (used[id] || (annotations && !old.value))
			continue;
		used[id] = true;
		if (annotations || one_in(4))
			new.value = old.value ? old.value : new.value;
		if (old.value && !annotations && one_in(2))
			block_add(b, '-', id, one_in(2) ? old : draw_entry(id));
		else if (old.value == new.value && old.ta == new.ta && old.expires == new.expires)
			continue;
		if (!old.value || annotations || one_in(2))
			block_add(b, '+', id, new);
	}
	for (size_t i = from; i < from + run; i++)
		block_add(b, w.feed.told[i].value ? '-' : '+', i, (struct entry){1, (uint8_t)(i % TRUST_ANCHORS), NEVER});
	if (one_in(3))
		shuffle(b);
}

/* One line that doesn't fit: withdrawn and not there, or announced and there just so. */
static void
misfit(struct block *b)
{
	size_t id = draw_id();

	block_add(b, w.feed.told[id].value ? '+' : '-', id, w.feed.told[id].value ? w.feed.told[id] : draw_entry(id));
}

static const char *const outcomes[] = {"taken", "refused", "held back", "too old"};

/* The text of a block, and what has to come of it. */
static void
say(FILE *to, struct block *b, size_t from, size_t expect[4])
{
	enum outcome o;

	block_write(to, b, from, SIZE_MAX);
	o = feed_block(&w.feed, b);
	expect[o]++;
	note(", %s", outcomes[o]);
}

static void
await_outcomes(const size_t before[4], const size_t expect[4])
{
	server_await(&w.server, &w.server.discarded, before[DISCARDED] + expect[DISCARDED], "a block is discarded");
	server_await(&w.server, &w.server.taken, before[TAKEN] + expect[TAKEN] + expect[HELD_BACK] + expect[TOO_OLD], "a block is taken");
	server_await(&w.server, &w.server.held_back, before[HELD_BACK] + expect[HELD_BACK], "a table is held back");
	server_await(&w.server, &w.server.too_old, before[TOO_OLD] + expect[TOO_OLD], "a table is too old");
	server_await_commits(&w.server);
}

/* Hand text over and wait until all of it has come to what it should. */
static void
deliver(const char *text, size_t len, const size_t expect[4], bool end)
{
	const size_t before[] = {w.server.taken, w.server.discarded, w.server.held_back, w.server.too_old};
	size_t half = one_in(2) ? chance((uint32_t)len + 1) : 0;

	w.began = true;
	if (w.server.by_file) {
		server_replace_file(&w.server, text, len);
		server_signal(&w.server, SIGHUP);
	} else {
		server_write(&w.server, text, half);
		server_write(&w.server, text + half, len - half);
		if (end)
			server_end_input(&w.server);
	}
	await_outcomes(before, expect);
	if (w.history.count)
		note(" (serial %u, %zu records, %zu changes kept)", history_now(&w.history)->serial, history_now(&w.history)->count,
		     history_changes(&w.history));
	note("\n");
}

static struct block
draw_block(bool snapshot)
{
	struct block b = {.kind = snapshot ? SNAPSHOT : DELTA, .time = draw_time()};

	if (b.kind == SNAPSHOT && one_in(12))
		note("empty ");
	else if (b.kind == SNAPSHOT)
		fill_snapshot(&b);
	else
		fill_delta(&b, one_in(6));
	if (b.kind == DELTA && one_in(12))
		misfit(&b);
	b.broken = one_in(12);
	b.bad_at = chance((uint32_t)b.count + 1);
	note("%s of %zu lines%s", b.kind == SNAPSHOT ? "snapshot" : "delta", b.count, b.broken ? ", malformed" : "");
	return b;
}

/* The rest of a block that was begun, or what cuts it off. */
static void
close_open_block(FILE *to, size_t expect[4])
{
	if (!w.is_open)
		return;
	w.is_open = false;
	if (one_in(3)) {
		note("cut short, ");
		feed_refused(&w.feed);
		expect[DISCARDED]++;
	} else {
		note("the rest of a block");
		say(to, &w.open_block, w.open_lines, expect);
		note("; ");
	}
	block_release(&w.open_block);
}

/* One block or several, and then perhaps one that has no end. */
void
step_feed(void)
{
	size_t expect[4] = {0}, len, blocks = one_in(5) ? 2 + chance(3) : 1;
	bool cut;
	char *text;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		trouble("out of memory");
	close_open_block(to, expect);
	for (size_t i = 0; i < blocks; i++) {
		struct block b;

		note(i ? "; " : "");
		b = draw_block((w.server.by_file && i == 0) || !w.feed.based ? !one_in(5) || w.server.by_file : one_in(4));

		block_begin(to, &b);
		say(to, &b, 0, expect);
		block_release(&b);
	}
	cut = w.server.by_file && one_in(6);
	if (cut) {
		fputs("%snapshot\n10.0.0.0/8 8 AS1\n", to);
		feed_refused(&w.feed);
		expect[DISCARDED]++;
		note(", cut short");
	}
	fclose(to);
	deliver(text, len, expect, false);
	free(text);
}

/* A part of a block, whose end comes with a later step or never. */
void
step_begin_block(void)
{
	size_t len;
	char *text;
	FILE *to;

	if (w.server.by_file || w.is_open) {
		step_feed();
		return;
	}
	w.open_block = draw_block(!w.feed.based || one_in(4));
	w.open_block.broken = false;
	if (w.open_block.count == 0) {
		note(": not begun\n");
		block_release(&w.open_block);
		return;
	}
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	w.open_lines = chance((uint32_t)w.open_block.count);
	block_begin(to, &w.open_block);
	block_write(to, &w.open_block, 0, w.open_lines);
	fclose(to);
	w.is_open = w.began = true;
	note(": the first %zu lines\n", w.open_lines);
	server_write(&w.server, text, len);
	free(text);
}

/* Records without a frame are a table when the input ends. */
void
step_list(void)
{
	struct block b = {.kind = LIST, .time = UNDATED};
	size_t expect[4] = {0}, len;
	char *text;
	FILE *to;

	if (!w.server.by_file && w.began) {
		step_feed();
		return;
	}
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	fill_snapshot(&b);
	misfit(&b);
	b.lines[b.count - 1].sign = 0;
	b.broken = one_in(8);
	b.bad_at = chance((uint32_t)b.count);
	note("list of %zu lines%s", b.count, b.broken ? ", malformed" : "");
	block_begin(to, &b);
	say(to, &b, 0, expect);
	fclose(to);
	deliver(text, len, expect, true);
	block_release(&b);
	free(text);
}

void
step_end_input(void)
{
	size_t expect[4] = {0};

	note("the input ends");
	if (w.is_open) {
		feed_refused(&w.feed);
		expect[DISCARDED]++;
		block_release(&w.open_block);
		w.is_open = false;
	}
	deliver("", 0, expect, true);
}

void
step_accept(void)
{
	note("SIGUSR1");
	if (feed_accept(&w.feed)) {
		note(": accepts what was held back\n");
		server_signal(&w.server, SIGUSR1);
		server_await_commits(&w.server);
	} else {
		note("\n");
		wake_reader();
	}
}

void
step_clock(void)
{
	int64_t by = one_in(8) ? -(int64_t)chance(30) : one_in(8) ? 50 + chance(100) : 1 + chance(15);

	/* With a table held back the reader can't be waked without accepting it. */
	if (w.feed.has_held) {
		step_accept();
		return;
	}
	note("the clock goes on by %lld s", (long long)by);
	*w.server.clock += by;
	feed_tick(&w.feed, *w.server.clock);
	if (w.history.count)
		note(" (serial %u)", history_now(&w.history)->serial);
	note("\n");
	wake_reader();
}

/* Only what changes identities: which annotations get to the disk before a kill can't be known. */
static void
fill_plain_delta(struct block *b)
{
	fill_delta(b, false);
	for (size_t i = 0; i < b->count;) {
		struct line *l = &b->lines[i];

		if ((l->sign == '-') != (w.feed.told[l->id].value != 0)) {
			*l = b->lines[--b->count];
			continue;
		}
		l->entry.ta = 0;
		l->entry.expires = NEVER;
		i++;
	}
}

/* Killed while it takes some blocks in: it may be anywhere between before and behind them. */
void
step_crash(void)
{
	size_t expect[4] = {0}, len, blocks = 1 + chance(4);
	char *text;
	FILE *to;

	if (w.server.by_file || !can_feed() || w.is_open || w.feed.has_held || !w.feed.based) {
		life_restart(true);
		return;
	}
	if (w.history.on_disk)
		wake_reader();
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	for (size_t i = 0; i < blocks; i++) {
		struct block b = {.kind = DELTA, .time = UNDATED};

		fill_plain_delta(&b);
		note("delta of %zu lines", b.count);
		block_begin(to, &b);
		say(to, &b, 0, expect);
		block_release(&b);
		note("; ");
	}
	fclose(to);
	server_write(&w.server, text, len);
	free(text);
	usleep(one_in(3) ? 0 : chance(3000));
	note("kill -9 meanwhile, ");
	life_crash();
}
