/* SPDX-License-Identifier: ISC */
/*
 * fs-readers: many readers of a vrpfs while its table changes all the time.
 *
 * usage: fs-readers MOUNTPOINT INPUT READERS UPDATES
 *
 * INPUT is where the mount reads its stream.  The records of version v all have
 * AS v and are N(v) in number, so that every file of the tree says which version
 * it is and whether it is whole.  Readers read at different speed, in pieces, from
 * the end, and by mmap.  The writer waits at /events for each change; once that is
 * told, files, sizes and names have to be those of the new version.
 *
 * Ends with 0, or says what was wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_AS 1000

static const char *mountpoint;
static atomic_uint version = FIRST_AS;	/* what was told at /events */
static atomic_uint written = FIRST_AS;	/* what was written to the input */
static atomic_bool over;
static atomic_uint files;		/* read whole */

static void
fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static unsigned
count_of(unsigned v)
{
	return 200 + v * 37 % 300;
}

static char *
path_to(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", mountpoint, name) < 0)
		fail("out of memory");
	return path;
}

/* ---- checking ---- */

/* All records have the same AS, and are as many as that version has; which it was. */
static unsigned
check(const char *name, const char *text, size_t len)
{
	unsigned v = 0, n = 0, as;
	const char *p = text, *end = text + len;

	while (p < end && (p = memmem(p, (size_t)(end - p), "AS", 2))) {
		char digits[12] = "";

		p += 2;
		for (size_t i = 0; i < sizeof(digits) - 1 && p < end && *p >= '0' && *p <= '9';)
			digits[i++] = *p++;
		as = (unsigned)strtoul(digits, NULL, 10);
		if (as == 0)	/* "ASN", in the head of a CSV */
			continue;
		if (n++ && as != v)
			fail("%s: records of versions %u and %u", name, v, as);
		v = as;
	}
	if (n != count_of(v))
		fail("%s: %u records in version %u, not %u; %zu bytes", name, n, v, count_of(v), len);
	if (text[len - 1] != '\n')
		fail("%s: not read to its end", name);
	return v;
}

/* ---- ways to read all of a file ---- */

static void
pause_a_little(unsigned kind)
{
	if (kind % 3 == 0)
		usleep(kind % 5 * 700);
}

static void
read_forward(int fd, char *text, size_t size, unsigned kind)
{
	size_t at = 0, piece = kind % 2 ? 1000 : 100000;
	ssize_t n;

	while ((n = read(fd, text + at, at + piece <= size + 1 ? piece : size + 1 - at)) > 0) {
		at += (size_t)n;
		if (at > size)
			fail("more than its size of %zu bytes", size);
		pause_a_little(kind);
	}
	if (n < 0 || at != size)
		fail("read %zu of %zu bytes: %s", at, size, strerror(errno));
}

static void
read_backward(int fd, char *text, size_t size, unsigned kind)
{
	size_t at = size, piece;

	while (at > 0) {
		piece = at < 3000 ? at : 3000;
		at -= piece;
		if (pread(fd, text + at, piece, (off_t)at) != (ssize_t)piece)
			fail("short read at %zu of %zu: %s", at, size, strerror(errno));
		pause_a_little(kind);
	}
}

static void
read_mapped(int fd, char *text, size_t size, unsigned kind)
{
	const char *map = mmap(NULL, size, PROT_READ, kind % 2 ? MAP_SHARED : MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	for (size_t at = 0; at < size; at += 4096) {
		memcpy(text + at, map + at, size - at < 4096 ? size - at : 4096);
		pause_a_little(kind);
	}
	munmap((void *)(size_t)map, size);
}

/* Read all of a file; the version it is of, 0 when it has gone. */
static unsigned
read_file(const char *name, unsigned kind)
{
	char *path = path_to(name), *text;
	struct stat before, after;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned v;

	if (fd < 0) {
		if (errno != ENOENT)
			fail("%s: %s", path, strerror(errno));
		free(path);
		return 0;
	}
	if (fstat(fd, &before) < 0)
		fail("%s: %s", path, strerror(errno));
	text = malloc((size_t)before.st_size + 1);
	switch (kind % 4) {
	case 0: case 1: read_forward(fd, text, (size_t)before.st_size, kind); break;
	case 2: read_backward(fd, text, (size_t)before.st_size, kind); break;
	case 3: read_mapped(fd, text, (size_t)before.st_size, kind); break;
	}
	if (fstat(fd, &after) < 0 || after.st_size != before.st_size)
		fail("%s: size changed from %lld to %lld while it was open", path, (long long)before.st_size,
		     (long long)after.st_size);
	v = check(name, text, (size_t)before.st_size);
	files++;
	free(text);
	close(fd);
	free(path);
	return v;
}

/* ---- readers ---- */

static void
read_an_as(unsigned kind)
{
	char *path = path_to("asn"), name[300];
	struct dirent *e;
	DIR *dir = opendir(path);
	unsigned v;

	if (!dir)
		fail("%s: %s", path, strerror(errno));
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "asn/%s/vrps", e->d_name);
		v = read_file(name, kind);
		if (v && v != strtoul(e->d_name + 2, NULL, 10))
			fail("%s has records of AS%u", name, v);
	}
	closedir(dir);
	free(path);
}

static void *
reader(void *ctx)
{
	static const char *const names[] = {"vrps", "export/rpki.csv", "ta/apnic/vrps", "vrps"};
	unsigned kind = (unsigned)(size_t)ctx, least, v;

	while (!over) {
		least = version;
		v = read_file(names[kind / 4 % 4], kind);
		if (v && v < least)
			fail("%s is of version %u when %u was told before", names[kind / 4 % 4], v, least);
		if (kind % 5 == 0)
			read_an_as(kind);
	}
	return NULL;
}

/* ---- the writer ---- */

static void
write_version(int input, unsigned v)
{
	FILE *out = fdopen(dup(input), "w");

	fprintf(out, "%%snapshot\n");
	for (unsigned i = 0; i < count_of(v); i++)
		fprintf(out, "10.%u.%u.0/24 24 AS%u apnic -\n", i / 256, i % 256, v);
	fprintf(out, "~end\n");
	if (fclose(out) != 0)
		fail("input: %s", strerror(errno));
}

/* Read /events until a block ends that speaks of v. */
static void
await(int events, unsigned v)
{
	static char text[1 << 20];
	char wanted[20];
	size_t len = 0;
	ssize_t n;

	snprintf(wanted, sizeof(wanted), "AS%u ", v);
	do {
		n = read(events, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			fail("events: %s", n ? strerror(errno) : "ended");
		len += (size_t)n;
		text[len] = '\0';
	} while (!strstr(text, wanted) || len < 5 || strcmp(text + len - 5, "~end\n") != 0);
}

static void
expect(const char *name, unsigned v, bool there)
{
	char *path, part[64];
	struct stat st;

	snprintf(part, sizeof(part), name, v);
	path = path_to(part);
	if ((stat(path, &st) == 0) != there)
		fail("%s is %s after its change was told", path, there ? "missing" : "still there");
	free(path);
}

static void
check_new(unsigned v)
{
	static const char *const names[] = {"vrps", "export/rpki.csv", "ta/apnic/vrps", "asn/AS%u/vrps"};
	char name[64];
	unsigned seen;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), names[i], v);
		seen = read_file(name, (unsigned)i);
		if (seen != v)
			fail("%s is of version %u after %u was told", name, seen, v);
	}
	expect("asn/AS%u", v, true);
	expect("asn/AS%u", v - 1, false);
	expect("route/10.0.0.0/24/AS%u", v, true);
}

int
main(int argc, char **argv)
{
	unsigned readers = argc == 5 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	unsigned updates = argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	pthread_t *threads = calloc(readers + 1, sizeof(*threads));
	int input, events;
	char *path;

	if (argc != 5 || !threads)
		fail("usage: fs-readers MOUNTPOINT INPUT READERS UPDATES");
	mountpoint = argv[1];
	input = open(argv[2], O_WRONLY | O_CLOEXEC);
	path = path_to("events");
	events = open(path, O_RDONLY | O_CLOEXEC);
	if (input < 0 || events < 0)
		fail("%s or %s: %s", argv[2], path, strerror(errno));
	for (unsigned i = 0; i <= updates; i++) {
		written = FIRST_AS + i;
		write_version(input, written);
		await(events, written);
		version = (unsigned)written;
		check_new(written);
		for (unsigned j = 0; i == 0 && j < readers; j++)
			if (pthread_create(&threads[j], NULL, reader, (void *)(size_t)j) != 0)
				fail("cannot start reader %u", j);
	}
	over = true;
	for (unsigned j = 0; j < readers; j++)
		pthread_join(threads[j], NULL);
	printf("%u files read in %u versions\n", (unsigned)files, updates);
	free(threads);
	free(path);
	return 0;
}
