/* SPDX-License-Identifier: ISC */
/*
 * bench-lines: what each step of a filter costs, in nanoseconds of CPU time a
 * record, the lowest of some rounds; IPv4 and IPv6 apart.  The first two rows
 * are what the same bytes cost those who do nothing with them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "pdutable.h"
#include "table.h"

#define ROUNDS 9
#define PIECE ((size_t)64 * 1024)	/* what a filter reads at once */

/* The VRP lines of one family, and what was made of them. */
struct work {
	const char *family;
	struct names *names;
	struct buf lines;
	struct buf copy;
	struct vrp *vrps;
	size_t count;
	int null;
};

static int
taken(void *ctx, struct vrpset *set, const struct block_head *head)
{
	static const struct block_attrs none = BLOCK_ATTRS_INIT;
	const struct work *w = ctx;
	struct out o;
	int rc;

	(void)head;
	out_init(&o, w->null);
	stream_write_snapshot(&o, &none, set);
	rc = out_flush(&o);
	out_release(&o);
	return vrpset_count(set) == w->count ? rc : -1;
}

static void
copy(struct work *w)
{
	memcpy(w->copy.data, w->lines.data, w->lines.len);
}

static void
count_lines(struct work *w)
{
	const char *s = w->lines.data, *end = s + w->lines.len;
	size_t n = 0;

	for (; (s = memchr(s, '\n', (size_t)(end - s))); s++)
		n++;
	if (n != w->count)
		die("there are %zu lines, not %zu", n, w->count);
}

static void
parse(struct work *w)
{
	const char *s = w->lines.data, *end = s + w->lines.len;

	for (size_t i = 0; i < w->count; i++)
		if (!(s = line_scan_vrp(s, end, w->names, &w->vrps[i])))
			die("line %zu of these is not written as we do", i + 1);
}

static void
add(struct work *w)
{
	struct vrpset_builder *b = vrpset_builder_new(w->names);
	struct vrpset *set;

	for (size_t i = 0; i < w->count; i++)
		if (vrpset_add_vrp(b, &w->vrps[i]) < 0)
			die("out of memory");
	set = vrpset_finish(b, NULL);
	if (!set)
		die("out of memory");
	vrpset_unref(set);
}

static void
format(struct work *w)
{
	struct out o;

	out_init(&o, w->null);
	for (size_t i = 0; i < w->count; i++)
		line_write(&o, 0, &(struct payload){.kind = PAYLOAD_VRP, .vrp = w->vrps[i]}, w->names);
	if (out_flush(&o) < 0)
		die("cannot write");
	out_release(&o);
}

static void
whole(struct work *w)
{
	static const struct table_ops ops = {.commit = taken};
	struct table *t = table_new(w->names, &ops, w);

	for (size_t at = 0; at < w->lines.len; at += PIECE)
		if (table_feed(t, w->lines.data + at, w->lines.len - at < PIECE ? w->lines.len - at : PIECE))
			die("not all records are good and different");
	if (table_finish(t))
		die("not all records are good and different");
	table_free(t);
}

static void
add_line(struct work *w, const char *line, size_t len)
{
	if (buf_add(&w->lines, line, len) < 0)
		die("out of memory");
	w->count++;
}

/* Sort the VRPs of a file, one snapshot or bare list in canonical form, into two heaps. */
static void
load(const char *path, struct work *ipv4, struct work *ipv6)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!f)
		die("cannot read %s", path);
	while ((len = getline(&line, &cap, f)) > 0)
		if (memchr(line, '/', (size_t)len) && line[0] >= '0' && line[0] <= '9' && line[len - 1] == '\n')
			add_line(memchr(line, ':', 5) ? ipv6 : ipv4, line, (size_t)len);
	free(line);
	fclose(f);
}

static double
cost(struct work *w, void (*step)(struct work *w))
{
	double best = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct timespec from, to;
		double ns;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		step(w);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)w->count;
		best = i == 0 || ns < best ? ns : best;
	}
	return best;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*step)(struct work *w);
	} steps[] = {
		{"copy the bytes", copy}, {"find the newlines", count_lines}, {"parse", parse},
		{"make a set", add}, {"format", format}, {"lines to a table to lines", whole},
	};
	struct work work[] = {{.family = "IPv4"}, {.family = "IPv6"}};

	if (argc != 2)
		die("usage: bench-lines FILE");
	load(argv[1], &work[0], &work[1]);
	printf("| ns a record | %zu IPv4 | %zu IPv6 |\n| --- | --- | --- |\n", work[0].count, work[1].count);
	for (size_t i = 0; i < ARRAY_LEN(work); i++) {
		struct work *w = &work[i];

		w->names = names_new();
		w->vrps = calloc(w->count + 1, sizeof(*w->vrps));
		w->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (!w->names || !w->vrps || w->null < 0 || buf_reserve(&w->copy, w->lines.len) < 0 || w->count == 0)
			die("no VRPs of %s, or no memory", w->family);
	}
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		printf("| %s | %.1f | %.1f |\n", steps[i].name, cost(&work[0], steps[i].step), cost(&work[1], steps[i].step));
	for (size_t i = 0; i < ARRAY_LEN(work); i++) {
		names_unref(work[i].names);
		free(work[i].vrps);
		close(work[i].null);
		buf_release(&work[i].lines);
		buf_release(&work[i].copy);
	}
	return 0;
}
