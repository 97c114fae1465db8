/* SPDX-License-Identifier: ISC */
/*
 * bench-tree: what the tree of the file system costs without FUSE: a view and
 * the one after it, in seconds of CPU time and in memory; names, look-ups and
 * stats in nanoseconds each; and reading whole files, in MB a second, beside
 * reading the same bytes from tmpfs.
 *
 * usage: bench-tree TABLE NEXT
 *
 * NEXT is the table after TABLE.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "content.h"
#include "huge.h"
#include "load.h"
#include "pdutable.h"
#include "tree.h"

#define ROUNDS 3
#define PIECE ((size_t)128 * 1024)	/* what FUSE reads at once */

struct bench {
	struct names *names;
	struct load first, next;
	struct tree *tree;
	struct view *view;
};

static double
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* A line of /proc/self/status, in KiB. */
static size_t
memory_kib(const char *name)
{
	char line[256];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void
forget_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	malloc_trim(0);
	if (f) {
		fputs("5", f);
		fclose(f);
	}
}

static void
update(struct bench *b, struct vrpset *set, const char *what, int64_t now)
{
	static const struct block_attrs meta = BLOCK_ATTRS_INIT;
	double from = cpu_ns();
	struct vrp_err err;
	struct timespec wall[2];

	forget_peak();
	clock_gettime(CLOCK_MONOTONIC, &wall[0]);
	if (tree_update(b->tree, set, &meta, (struct timespec){.tv_sec = now}, NULL, NULL, &err) < 0)
		die("%s", err.msg);
	clock_gettime(CLOCK_MONOTONIC, &wall[1]);
	printf("what=%s cpu_s=%.3f wall_s=%.3f kib=%zu peak_kib=%zu\n", what, (cpu_ns() - from) / 1e9,
	       (double)(wall[1].tv_sec - wall[0].tv_sec) + (double)(wall[1].tv_nsec - wall[0].tv_nsec) / 1e9, memory_kib("VmRSS:"),
	       memory_kib("VmHWM:"));
}

/* ---- names */

static struct node
node_at(const struct bench *b, const char *path)
{
	struct node node;

	if (view_resolve(b->view, path, &node) != 0)
		die("%s is not there", path);
	return node;
}

/* List a directory from cookie to cookie, `step` names at a time; stat what is in it; look each name up. */
static void
walk(const struct bench *b, const char *path, size_t step, bool stat, bool look_up)
{
	struct node dir = node_at(b, path), found;
	struct listing_entry entry;
	struct node_stat st;
	struct listing l;
	uint64_t cookie = 0;
	size_t count = 0, n;
	double from = cpu_ns();

	do {
		if (view_list(b->view, &dir, cookie, &l) != 0)
			die("%s cannot be listed", path);
		for (n = 0; n < step && listing_next(&l, &entry); n++) {
			cookie = entry.cookie;
			if (stat && view_stat(b->view, &entry.node, &st) != 0)
				die("no stat of %s", entry.name);
			if (look_up && (view_lookup(b->view, &dir, entry.name, &found) != 0 || !node_same(&found, &entry.node)))
				die("no look-up of %s", entry.name);
		}
		count += n;
	} while (n > 0);
	printf("what=list%s%s dir=%s names=%zu ns=%.0f\n", stat ? "+stat" : "", look_up ? "+lookup" : "", path, count,
	       (cpu_ns() - from) / (double)count);
}

/* The file of every AS: opened, read, closed. */
static void
read_every_as(const struct bench *b)
{
	static char text[1 << 20];
	struct node dir = node_at(b, "/asn"), node;
	struct listing_entry entry;
	struct listing l;
	size_t count = 0, bytes = 0;
	double from = cpu_ns();

	if (view_list(b->view, &dir, 0, &l) != 0)
		die("/asn cannot be listed");
	for (; listing_next(&l, &entry); count++) {
		struct content *c;

		if (view_lookup(b->view, &entry.node, "vrps", &node) != 0 || content_open(b->view, &node, &c) != 0)
			die("%s has no vrps", entry.name);
		bytes += (size_t)content_read(c, 0, text, sizeof(text));
		content_close(c);
	}
	printf("what=open+read files=%zu bytes=%zu ns=%.0f\n", count, bytes, (cpu_ns() - from) / (double)count);
}

static void
ask_routes(const struct bench *b, const char *dir)
{
	size_t count, bytes = 0, asked = 0;
	const struct vrp *vrps = vrpset_vrps(view_set(b->view), &count);
	double from = cpu_ns();

	for (size_t i = 0; i < count; i += 7, asked++) {
		char path[128], text[1 << 16], prefix[PREFIX_TEXT_MAX];
		struct content *c;
		struct node node;

		*prefix_format(prefix, &vrps[i].prefix) = '\0';
		snprintf(path, sizeof(path), "%s/%s%s", dir, prefix, strcmp(dir, "/route") == 0 ? "/AS13335" : "");
		if (view_resolve(b->view, path, &node) != 0 || content_open(b->view, &node, &c) != 0)
			die("no answer at %s", path);
		bytes += (size_t)content_read(c, 0, text, sizeof(text));
		content_close(c);
	}
	printf("what=resolve+open+read dir=%s files=%zu bytes=%zu ns=%.0f\n", dir, asked, bytes, (cpu_ns() - from) / (double)asked);
}

/* ---- whole files */

/* A file as a reader gets it, piece by piece; and from tmpfs. */
static void
read_whole(const struct bench *b, const char *path)
{
	static char piece[PIECE];
	struct node node = node_at(b, path);
	int fd = memfd_create("bench", MFD_CLOEXEC);
	double from = cpu_ns(), open_ns, best = 0, best_tmpfs = 0;
	struct content *c;
	uint64_t size;

	if (content_open(b->view, &node, &c) != 0)
		die("%s cannot be opened", path);
	open_ns = cpu_ns() - from;
	size = content_size(c);
	for (int round = 0; round < ROUNDS; round++) {
		double t = cpu_ns();

		for (uint64_t at = 0; at < size;) {
			ssize_t n = content_read(c, at, piece, sizeof(piece));

			if (n <= 0)
				die("%s ends too early", path);
			if (round == 0 && pwrite(fd, piece, (size_t)n, (off_t)at) != n)
				die("tmpfs is full");
			at += (uint64_t)n;
		}
		t = (double)size / (cpu_ns() - t) * 1e3;
		best = round && t > best ? t : best;
		t = cpu_ns();
		for (uint64_t at = 0; at < size; at += PIECE)
			if (pread(fd, piece, sizeof(piece), (off_t)at) <= 0)
				die("cannot read tmpfs");
		t = (double)size / (cpu_ns() - t) * 1e3;
		best_tmpfs = t > best_tmpfs ? t : best_tmpfs;
	}
	printf("what=read file=%s bytes=%llu open_ms=%.1f mb_s=%.0f tmpfs_mb_s=%.0f\n", path, (unsigned long long)size, open_ns / 1e6,
	       best, best_tmpfs);
	content_close(c);
	close(fd);
}

/*
 * What holding the text would cost whoever opens the file first: all of it is
 * written to fresh memory (huge.h), then copied from there; beside reading it as it is.
 */
static void
hold_whole(const struct bench *b, const char *path)
{
	static char piece[PIECE];
	struct node node = node_at(b, path);
	double held = 0, ours = 0;
	struct content *c;
	size_t size;

	if (content_open(b->view, &node, &c) != 0)
		die("%s cannot be opened", path);
	size = (size_t)content_size(c);
	for (int round = 0; round < ROUNDS; round++) {
		double t = cpu_ns();
		char *text = huge_realloc(NULL, 0, size);

		if (!text || content_read(c, 0, text, size) != (ssize_t)size)
			die("%s cannot be held", path);
		for (size_t at = 0; at < size; at += sizeof(piece))
			memcpy(piece, text + at, size - at < sizeof(piece) ? size - at : sizeof(piece));
		huge_free(text, size);
		t = cpu_ns() - t;
		held = round == 0 || t < held ? t : held;
		t = cpu_ns();
		for (size_t at = 0; at < size; at += sizeof(piece))
			if (content_read(c, at, piece, sizeof(piece)) <= 0)
				die("%s ends too early", path);
		t = cpu_ns() - t;
		ours = round == 0 || t < ours ? t : ours;
	}
	printf("what=first-reader file=%s held_ms=%.1f written_ms=%.1f\n", path, held / 1e6, ours / 1e6);
	content_close(c);
}

static void
read_at_random(const struct bench *b, const char *path, size_t len)
{
	static char piece[PIECE];
	struct node node = node_at(b, path);
	struct content *c;
	uint64_t x = 88172645463325252;
	double from;
	size_t reads = 2000;

	if (content_open(b->view, &node, &c) != 0)
		die("%s cannot be opened", path);
	from = cpu_ns();
	for (size_t i = 0; i < reads; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (content_read(c, x % content_size(c), piece, len) <= 0)
			die("cannot read %s", path);
	}
	printf("what=read-at-random file=%s len=%zu us=%.1f\n", path, len, (cpu_ns() - from) / 1e3 / (double)reads);
	content_close(c);
}

int
main(int argc, char **argv)
{
	struct bench b = {.names = names_new()};
	struct vrp_err err;

	if (argc != 3 || !b.names)
		die("usage: bench-tree TABLE NEXT");
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	if (load_read(&b.first, argv[1], b.names, &err) < 0 || !(b.tree = tree_new(b.names, (struct timespec){.tv_sec = 1})))
		die("%s: %s", argv[1], err.msg);
	printf("what=set records=%zu kib=%zu\n", vrpset_count(b.first.set), memory_kib("VmRSS:"));
	update(&b, b.first.set, "first", 2);
	load_release(&b.first);
	if (load_read(&b.next, argv[2], b.names, &err) < 0)
		die("%s: %s", argv[2], err.msg);
	update(&b, b.next.set, "next", 3);
	load_release(&b.next);
	malloc_trim(0);
	b.view = tree_view(b.tree);
	printf("what=steady kib=%zu index_kib=%zu\n", memory_kib("VmRSS:"), view_memory(b.view) / 1024);
	for (int i = 0; i < 3; i++) {
		walk(&b, "/asn", 100, i == 1, i == 2);
		walk(&b, "/prefix", 100, i == 1, i == 2);
	}
	read_every_as(&b);
	ask_routes(&b, "/route");
	ask_routes(&b, "/covering");
	read_whole(&b, "/vrps");
	read_whole(&b, "/ta/ripe/vrps");
	for (size_t i = 0; i < 3; i++)
		read_whole(&b, (const char *[]){"/export/rpki.json", "/export/rpki.csv", "/export/bird.conf"}[i]);
	hold_whole(&b, "/vrps");
	hold_whole(&b, "/export/rpki.json");
	read_at_random(&b, "/vrps", 4096);
	read_at_random(&b, "/export/rpki.json", 4096);
	printf("what=end kib=%zu peak_kib=%zu\n", memory_kib("VmRSS:"), memory_kib("VmHWM:"));
	view_unref(b.view);
	tree_free(b.tree);
	names_unref(b.names);
	return 0;
}
