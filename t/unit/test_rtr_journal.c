/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <errno.h>
#include <fcntl.h>

#include "delta.h"
#include "rtr_journal.h"

#define T0 INT64_C(1795392000)	/* 2026-11-23T00:00:00Z */

/* Appends to text what a part writes. */
struct file {
	int fd;
	char seal[RTR_JOURNAL_SEAL_LEN];
	uint64_t bytes;
};

static struct file
file_new(void)
{
	struct file f = {.fd = memfd_create("journal", MFD_CLOEXEC)};

	assert_true(f.fd >= 0);
	return f;
}

static void
put_all(struct file *f, const struct rtr_snapshot *s)
{
	struct rtr_journal j;

	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
	rtr_journal_begin(&j, f->fd, NULL);
	assert_int_equal(rtr_journal_write_all(&j, s), 0);
	assert_int_equal(rtr_journal_end(&j, f->seal, &f->bytes), 0);
}

static void
put_step(struct file *f, uint32_t serial, int64_t time, const struct delta *d)
{
	struct rtr_journal j;
	uint64_t added;

	rtr_journal_begin(&j, f->fd, f->seal);
	rtr_journal_write_step(&j, serial, time, d);
	assert_int_equal(rtr_journal_end(&j, f->seal, &added), 0);
	f->bytes += added;
}

static void
put_renewal(struct file *f, uint32_t serial, int64_t time, const struct vrpset *records)
{
	struct rtr_journal j;
	uint64_t added;

	rtr_journal_begin(&j, f->fd, f->seal);
	rtr_journal_write_renewal(&j, serial, time, records);
	assert_int_equal(rtr_journal_end(&j, f->seal, &added), 0);
	f->bytes += added;
}

static char *
file_text(const struct file *f, size_t *len)
{
	return memory_text(dup(f->fd), len);
}

static struct rtr_snapshot *
snapshot_of(struct vrpset *set, uint32_t serial, int64_t time, size_t steps)
{
	struct rtr_snapshot *s = rtr_snapshot_new(steps);

	assert_non_null(s);
	s->set = vrpset_ref(set);
	s->serial = serial;
	s->data_time = time;
	memcpy(s->sessions, (uint16_t[]){0, 815, 65535}, sizeof(s->sessions));
	return s;
}

static void
assert_same_set(const struct vrpset *a, const struct vrpset *b)
{
	char *x = set_text(a), *y = set_text(b);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

static void
assert_same_snapshot(const struct rtr_snapshot *a, const struct rtr_snapshot *b)
{
	assert_same_set(a->set, b->set);
	assert_int_equal(a->serial, b->serial);
	assert_true(a->data_time == b->data_time);
	assert_memory_equal(a->sessions, b->sessions, sizeof(a->sessions));
	assert_int_equal(a->step_count, b->step_count);
	for (size_t i = 0; i < a->step_count; i++) {
		assert_int_equal(a->from[i], b->from[i]);
		assert_true(vrpset_same(a->steps[i].withdrawn, b->steps[i].withdrawn));
		assert_true(vrpset_same(a->steps[i].announced, b->steps[i].announced));
	}
}

/* What is in the file, which has to be good. */
static struct rtr_snapshot *
get(const struct file *f, struct names *names)
{
	struct rtr_journal_contents c;
	struct vrp_err err;
	size_t len;
	char *text = file_text(f, &len);

	assert_case(rtr_journal_read(text, len, names, &c, &err) == 0, "line %zu: %s", err.line, err.msg);
	assert_int_equal(c.len, len);
	assert_int_equal(len, f->bytes);
	assert_int_equal(c.torn_line, 0);
	assert_memory_equal(c.seal, f->seal, sizeof(c.seal));
	free(text);
	return c.snapshot;
}

/* ---- round trips */

/*
 * Random tables in a row, appended as a cache does, and now and then all written
 * anew: what is read is always what is served, annotations and changes too.
 */
static void
test_any_history_comes_back(void **state)
{
	struct rng rng = {71};

	(void)state;
	for (int round = 0; round < ROUNDS(100); round++) {
		struct names *names = names_new();
		struct vrpset *set = random_annotated_set(&rng, names, 40), *empty = vrpset_empty(names);
		struct rtr_snapshot *now = snapshot_of(set, round % 2 ? UINT32_MAX - 3 : 1, STAMP_UNKNOWN, 0), *next, *read;
		struct file f = file_new();

		put_all(&f, now);
		for (int i = 0; i < 12; i++) {
			struct vrpset *to = random_annotated_set(&rng, names, 40);
			struct delta step, all, rest;
			int64_t time = T0 + i;

			assert_int_equal(delta_between(set, to, &step), 0);
			assert_int_equal(delta_exact(set, to, &all), 0);
			assert_int_equal(delta_between(step.announced, all.announced, &rest), 0);
			/* As rtr_serial_next() counts, and a jump. */
			next = snapshot_of(to, i == 5 ? 1000000 : now->serial == UINT32_MAX ? 1 : now->serial + 1, time,
					   now->step_count + 1);
			for (size_t k = 0; k < now->step_count; k++) {
				next->from[k] = now->from[k];
				next->steps[k].withdrawn = vrpset_ref(now->steps[k].withdrawn);
				next->steps[k].announced = vrpset_ref(now->steps[k].announced);
			}
			next->from[now->step_count] = now->serial;
			next->steps[now->step_count] = step;
			put_step(&f, next->serial, time, &step);
			put_renewal(&f, next->serial, time, vrpset_count(rest.announced) ? rest.announced : NULL);
			read = get(&f, names);
			assert_same_snapshot(read, next);
			rtr_snapshot_unref(read);
			if (rng_below(&rng, 4) == 0) {
				put_all(&f, next);
				read = get(&f, names);
				assert_same_snapshot(read, next);
				rtr_snapshot_unref(read);
			}
			delta_release(&all);
			delta_release(&rest);
			rtr_snapshot_unref(now);
			now = next;
			vrpset_unref(set);
			set = to;
		}
		vrpset_unref(set);
		vrpset_unref(empty);
		rtr_snapshot_unref(now);
		names_unref(names);
		close(f.fd);
	}
}

/* ---- damage */

/* A small file of a table, a change and a renewal; *parts are the offsets at which its seals end. */
static char *
small_file(struct names *names, size_t *len, size_t parts[3])
{
	struct vrpset *a = set_of(names, "192.0.2.0/24 24 AS64496 ripe 1795392000\naspa AS64496 AS64497 - -"),
		      *b = set_of(names, "198.51.100.0/24 24 AS64496 ripe 1795392000\naspa AS64496 AS64498 - -"),
		      *c = set_of(names, "198.51.100.0/24 24 AS64496 ripe 1795393000");
	struct rtr_snapshot *s = snapshot_of(a, 7, T0, 0);
	struct file f = file_new();
	struct delta d;
	char *text;

	put_all(&f, s);
	parts[0] = f.bytes;
	assert_int_equal(delta_between(a, b, &d), 0);
	put_step(&f, 8, T0 + 1, &d);
	parts[1] = f.bytes;
	put_renewal(&f, 8, T0 + 2, c);
	parts[2] = f.bytes;
	text = file_text(&f, len);
	delta_release(&d);
	rtr_snapshot_unref(s);
	vrpset_unref(a);
	vrpset_unref(b);
	vrpset_unref(c);
	close(f.fd);
	return text;
}

static void
test_every_truncation(void **state)
{
	struct names *names = names_new();
	size_t len, parts[3];
	char *text = small_file(names, &len, parts);

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct rtr_journal_contents c;
		struct vrp_err err;
		int rc = rtr_journal_read(text, cut, names, &c, &err);

		assert_case(rc == (cut < parts[0]), "cut at %zu: %d", cut, rc);
		if (rc) {
			assert_case(err.msg[0] && err.line >= 1, "cut at %zu", cut);
			assert_null(c.snapshot);
			continue;
		}
		assert_int_equal(c.snapshot->serial, cut < parts[1] ? 7 : 8);
		assert_int_equal(c.snapshot->data_time, T0 + (cut < parts[1] ? 0 : cut < parts[2] ? 1 : 2));
		assert_int_equal(c.len, cut < parts[1] ? parts[0] : cut < parts[2] ? parts[1] : parts[2]);
		assert_case(!c.torn_line == (cut == c.len), "cut at %zu", cut);
		rtr_snapshot_unref(c.snapshot);
	}
	free(text);
	names_unref(names);
}

/* Whatever bit changes, nothing but what was once written is taken for it. */
static void
test_every_flipped_bit(void **state)
{
	struct names *names = names_new();
	size_t len, parts[3], cut = 0, refused = 0;
	char *text = small_file(names, &len, parts);

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct rtr_journal_contents c;
		struct vrp_err err;
		int rc;

		text[bit / 8] ^= (char)(1 << bit % 8);
		rc = rtr_journal_read(text, len, names, &c, &err);
		text[bit / 8] ^= (char)(1 << bit % 8);
		assert_case(rc == 0 || rc == 1, "bit %zu: %d", bit, rc);
		if (rc) {
			refused++;
			continue;
		}
		cut++;
		assert_case(c.torn_line && (c.len == parts[0] || c.len == parts[1]), "bit %zu", bit);
		assert_int_equal(c.snapshot->serial, c.len == parts[0] ? 7 : 8);
		assert_true(bit / 8 >= c.len);
		rtr_snapshot_unref(c.snapshot);
	}
	assert_true(cut >= 8 * (parts[2] - parts[1]));
	assert_true(refused >= 8 * (parts[0] - RTR_JOURNAL_SEAL_LEN));
	free(text);
	names_unref(names);
}

/* Parts that are good by themselves, in another order, twice or without those between. */
static void
test_parts_out_of_place(void **state)
{
	struct names *names = names_new();
	size_t len, p[3];
	char *text = small_file(names, &len, p);
	const struct {
		size_t from[4], to[4];
		int rc;
	} cases[] = {
		{{0, p[1]}, {p[0], p[2]}, 0},			/* the renewal without its step: as if torn */
		{{0, p[1], p[0]}, {p[0], p[2], p[1]}, 1},
		{{0, p[0], p[0]}, {p[0], p[1], p[1]}, 0},	/* the step twice */
		{{0, 0}, {p[0], p[0]}, 0},
		{{p[0], 0}, {p[1], p[0]}, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtr_journal_contents c;
		struct buf b = BUF_INIT;
		struct vrp_err err;

		for (size_t k = 0; k < 4; k++)
			assert_int_equal(buf_add(&b, text + cases[i].from[k], cases[i].to[k] - cases[i].from[k]), 0);
		assert_case(rtr_journal_read(b.data, b.len, names, &c, &err) == cases[i].rc, "case %zu", i);
		if (c.snapshot)
			assert_case(c.torn_line, "case %zu", i);
		rtr_snapshot_unref(c.snapshot);
		buf_release(&b);
	}
	free(text);
	names_unref(names);
}

/* Seal what is given as a file of one part. */
static void
seal(struct buf *b)
{
	uint8_t hash[SIG_HASH_LEN];

	assert_int_equal(sig_hash(b->data, b->len, hash), 0);
	assert_int_equal(buf_add(b, "# sha256 ", 9), 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		assert_int_equal(buf_addf(b, "%02x", hash[i]), 0);
	assert_int_equal(buf_add(b, "\n", 1), 0);
}

/* Sealed, and yet not what is written here. */
static void
test_foreign_files(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "not a state"},
		{"192.0.2.0/24 24 AS1\n", "not a state"},
		{"# rtr-serve state x\n", "not a state"},
		{"# rtr-serve state 2\n%snapshot serial=1 sessions=1,2,3\n~end\n", "version 2"},
		{"# rtr-serve state 1\n", "no table"},
		{"# rtr-serve state 1\n192.0.2.0/24 24 AS1\n", "not one snapshot"},
		{"# rtr-serve state 1\n%delta serial=1\n~end\n", "not one snapshot"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3\n~end\n%snapshot serial=2 sessions=1,2,3\n~end\n",
		 "not one snapshot"},
		{"# rtr-serve state 1\n%snapshot sessions=1,2,3\n~end\n", "without its serial"},
		{"# rtr-serve state 1\n%snapshot serial=0 sessions=1,2,3\n~end\n", "without its serial"},
		{"# rtr-serve state 1\n%snapshot serial=4294967296 sessions=1,2,3\n~end\n", "without its serial"},
		{"# rtr-serve state 1\n%snapshot serial=1\n~end\n", "session IDs"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2\n~end\n", "session IDs"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3,4\n~end\n", "session IDs"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,65536\n~end\n", "session IDs"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=\n~end\n", "session IDs"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3\n", "without its end"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3\n192.0.2.1/24 24 AS1\n~end\n", "host bits"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3\n~end\n%delta serial=2\n-192.0.2.0/24 24 AS1\n~end\n",
		 "withdraws what is not there"},
		{"# rtr-serve state 1\n%snapshot serial=1 sessions=1,2,3\n192.0.2.0/24 24 AS1\n~end\n"
		 "%delta serial=1\n-192.0.2.0/24 24 AS1\n~end\n",
		 "without a new serial"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct names *names = names_new();
		struct rtr_journal_contents c;
		struct buf b = BUF_INIT;
		struct vrp_err err;

		assert_int_equal(buf_addf(&b, "%s", cases[i].text), 0);
		if (i)
			seal(&b);
		assert_case(rtr_journal_read(b.data ? b.data : "", b.len, names, &c, &err) == 1, "case %zu", i);
		assert_case(strstr(err.msg, cases[i].why), "case %zu: %s", i, err.msg);
		assert_null(c.snapshot);
		buf_release(&b);
		names_unref(names);
	}
}

/* What version 1 has written is read for as long as there are files of it. */
static void
test_golden_file(void **state)
{
	const char *path = "t/data/state/version-1";
	FILE *file = fopen(path, "r");
	struct names *names = names_new();
	struct rtr_journal_contents c;
	struct vrpset *want;
	struct vrp_err err;
	char text[4096];
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_case(rtr_journal_read(text, len, names, &c, &err) == 0, "line %zu: %s", err.line, err.msg);
	want = set_of(names, "192.0.2.0/25 25 AS64496 ripe 1799999999\n198.51.100.0/24 24 AS64497 apnic 1800000000\n"
			     "2001:db8::/32 48 AS64497 apnic 1899999999\naspa AS64496 AS64497,AS64499 - -\n");
	assert_same_set(c.snapshot->set, want);
	assert_int_equal(c.snapshot->serial, 268435460);
	assert_int_equal(c.snapshot->data_time, T0 + 1200);
	assert_int_equal(c.snapshot->step_count, 2);
	assert_int_equal(c.snapshot->from[0], 4294967295);
	assert_int_equal(c.snapshot->from[1], 1);
	assert_int_equal(c.snapshot->sessions[0], 4711);
	assert_int_equal(c.snapshot->sessions[2], 42);
	assert_int_equal(c.len, len);
	vrpset_unref(want);
	rtr_snapshot_unref(c.snapshot);
	names_unref(names);
}

/* What can't be written is found at the end. */
static void
test_write_failures(void **state)
{
	struct names *names = names_new();
	struct vrpset *set = set_of(names, "192.0.2.0/24 24 AS64496");
	struct rtr_snapshot *s = snapshot_of(set, 1, STAMP_UNKNOWN, 0);
	char seal[RTR_JOURNAL_SEAL_LEN];
	struct rtr_journal j;
	uint64_t bytes;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	rtr_journal_begin(&j, full, NULL);
	assert_int_equal(rtr_journal_write_all(&j, s), 0);
	assert_int_equal(rtr_journal_end(&j, seal, &bytes), -1);
	assert_int_equal(errno, ENOSPC);
	close(full);
	rtr_snapshot_unref(s);
	vrpset_unref(set);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_history_comes_back),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_flipped_bit),
		cmocka_unit_test(test_parts_out_of_place),
		cmocka_unit_test(test_foreign_files),
		cmocka_unit_test(test_golden_file),
		cmocka_unit_test(test_write_failures),
	};

	return cmocka_run_group_tests_name("rtr_journal", tests, NULL, NULL);
}
