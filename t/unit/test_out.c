/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"

/* A file that is gone when it is closed. */
static int
scratch_file(void)
{
	char path[] = "/tmp/test_out.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static off_t
size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void
test_all_ways_to_write(void **state)
{
	int fd = scratch_file();
	struct out o;
	char got[64] = "", *room;

	(void)state;
	out_init(&o, fd);
	out_add(&o, "one ", 4);
	out_add(&o, NULL, 0);
	out_addf(&o, "%s %d ", "two", 3);
	out_addf(&o, "%s", "");
	room = out_room(&o, 100);
	assert_non_null(room);
	memcpy(room, "four\n", 5);
	out_advance(&o, 5);
	assert_int_equal(size_of(fd), 0);
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(pread(fd, got, sizeof(got) - 1, 0), 15);
	assert_string_equal(got, "one two 3 four\n");
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(size_of(fd), 15);
	out_release(&o);
	assert_int_equal(close(fd), 0);
}

/* Pieces below, at and above the size of the buffer arrive in order; memory stays bounded. */
static void
test_large_pieces(void **state)
{
	static const size_t sizes[] = {1, 65535, 65536, 65537, 1, 131072, 200000, 3, 1 << 20, 7, 131071};
	int fd = scratch_file();
	struct out o;
	size_t total = 0, at = 0;
	char *piece = test_malloc(1 << 20), *got;

	(void)state;
	out_init(&o, fd);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			memset(piece, (int)('a' + i), sizes[i]);
			out_add(&o, piece, sizes[i]);
			total += sizes[i];
		}
		assert_true(o.buf.cap < (size_t)4 << 20);
	}
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(size_of(fd), total);
	got = test_malloc(total);
	assert_int_equal(pread(fd, got, total, 0), total);
	for (int round = 0; round < 4; round++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_true(got[at++] == (char)('a' + i));
	test_free(got);
	test_free(piece);
	out_release(&o);
	assert_int_equal(close(fd), 0);
}

static void
test_full_disk(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct out o;

	(void)state;
	if (fd < 0)
		skip();
	out_init(&o, fd);
	out_add(&o, "x", 1);
	errno = 0;
	assert_int_equal(out_flush(&o), -1);
	assert_int_equal(errno, ENOSPC);
	/* The failure stays, whatever follows. */
	assert_null(out_room(&o, 1));
	out_add(&o, "y", 1);
	out_addf(&o, "%d", 1);
	errno = 0;
	assert_int_equal(out_flush(&o), -1);
	assert_int_equal(errno, ENOSPC);
	out_release(&o);
	assert_int_equal(close(fd), 0);
}

/* A failure in the middle, long before the flush, is not lost and memory does not grow. */
static void
test_failure_between(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct out o;

	(void)state;
	if (fd < 0)
		skip();
	out_init(&o, fd);
	for (int i = 0; i < 100000; i++)
		out_addf(&o, "line %d of many\n", i);
	assert_int_equal(o.error, ENOSPC);
	assert_true(o.buf.cap < (size_t)1 << 20);
	assert_int_equal(out_flush(&o), -1);
	out_release(&o);
	assert_int_equal(close(fd), 0);
}

static void
test_closed_descriptor(void **state)
{
	struct out o;

	(void)state;
	out_init(&o, -1);
	assert_int_equal(out_flush(&o), 0);
	out_add(&o, "x", 1);
	assert_int_equal(out_flush(&o), -1);
	assert_int_equal(errno, EBADF);
	out_release(&o);
}

static void
test_broken_pipe(void **state)
{
	int fd[2];
	struct out o;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(close(fd[0]), 0);
	out_init(&o, fd[1]);
	out_add(&o, "x", 1);
	assert_int_equal(out_flush(&o), -1);
	assert_int_equal(errno, EPIPE);
	out_release(&o);
	assert_int_equal(close(fd[1]), 0);
}

static void *
drain(void *arg)
{
	int fd = *(int *)arg;
	char data[7777];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		total += (size_t)n;
	return (void *)total;
}

/* Short writes and EAGAIN: a pipe that does not block takes all the same. */
static void
test_nonblocking_pipe(void **state)
{
	static char data[300000];
	int fd[2];
	struct out o;
	pthread_t reader;
	void *total;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&reader, NULL, drain, &fd[0]), 0);
	out_init(&o, fd[1]);
	for (int i = 0; i < 10; i++)
		out_add(&o, data, sizeof(data));
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(close(fd[1]), 0);
	assert_int_equal(pthread_join(reader, &total), 0);
	assert_int_equal((size_t)total, 10 * sizeof(data));
	out_release(&o);
	assert_int_equal(close(fd[0]), 0);
}

/* ---- windows and counts */

/* A text in two loops of batches with something around them; no two of its lines are of one length. */
static void
write_text(struct out *o, size_t batches)
{
	out_addf(o, "head\n");
	for (size_t loop = 0; loop < 2; loop++) {
		for (size_t i = out_skip(o, batches); i < batches; i++) {
			out_mark(o);
			for (size_t k = 0; k < 3; k++)
				out_addf(o, "%zu %zu %0*zu\n", loop, i, (int)(k + i % 7 + 1), k);
		}
		out_add(o, "between\n", 8);
	}
}

static void
check_window(const char *text, size_t size, size_t batches, struct out_marks *marks, size_t start, size_t len)
{
	size_t want = start >= size ? 0 : len < size - start ? len : size - start;
	char *window = test_malloc(len + 1);
	struct out o;

	out_init_window(&o, window, len, start, marks);
	write_text(&o, batches);
	assert_case(out_window_len(&o) == (ptrdiff_t)want, "%zu bytes at %zu of %zu", len, start, size);
	assert_memory_equal(window, text + (start < size ? start : size), want);
	/* What lies before is left out. */
	assert_true(!marks || out_at(&o) <= start + len + 16384);
	out_release(&o);
	test_free(window);
}

static void
test_windows(void **state)
{
	static const size_t all[] = {0, 1, 2, 5, 3000};
	struct rng rng = {1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct out_marks marks = OUT_MARKS_INIT;
		struct out o;
		size_t size;
		char *text;

		out_init_count(&o, &marks);
		write_text(&o, all[i]);
		assert_int_equal(out_flush(&o), 0);
		size = (size_t)out_at(&o);
		assert_int_equal(marks.count, 2 * all[i]);
		out_release(&o);
		text = test_malloc(size + 1);
		out_init_window(&o, text, size + 1, 0, NULL);
		write_text(&o, all[i]);
		assert_int_equal(out_window_len(&o), size);
		out_release(&o);
		assert_memory_equal(text, "head\n", 5);
		assert_memory_equal(text + size - 8, "between\n", 8);
		for (int k = 0; k < 200; k++) {
			size_t start = rng_below(&rng, (uint32_t)size + 20);
			size_t len = rng_below(&rng, k % 2 ? 100 : (uint32_t)size + 20);

			check_window(text, size, all[i], k % 3 ? &marks : NULL, start, len);
		}
		check_window(text, size, all[i], &marks, 0, size);
		check_window(text, size, all[i], &marks, size, 1);
		test_free(text);
		out_marks_release(&marks);
	}
}

/* A window that is full ends the writing; one that is not is told apart from a failure. */
static void
test_full_window(void **state)
{
	static char window[4];
	struct out o;

	(void)state;
	out_init_window(&o, window, sizeof(window), 0, NULL);
	for (size_t i = 0; o.error == 0 && i < 100000; i++)
		out_add(&o, "abc", 3);
	assert_null(out_room(&o, 1));
	assert_true(out_at(&o) < 100000);
	assert_int_equal(out_window_len(&o), 4);
	assert_memory_equal(window, "abca", 4);
	out_release(&o);
	out_init_window(&o, window, sizeof(window), 0, NULL);
	o.error = ENOMEM;
	assert_int_equal(out_window_len(&o), -1);
	assert_int_equal(errno, ENOMEM);
	out_release(&o);
	out_init_window(&o, window, 0, 7, NULL);
	out_add(&o, "0123456789", 10);
	assert_int_equal(out_window_len(&o), 0);
	out_release(&o);
	/* Far behind any text, and as long as can be. */
	out_init_window(&o, window, SIZE_MAX, UINT64_MAX - 1, NULL);
	out_add(&o, "0123456789", 10);
	assert_int_equal(out_window_len(&o), 0);
	out_release(&o);
}

/* Everything stays, whatever its size; what was there is not moved by a flush. */
static void
test_memory(void **state)
{
	struct out o;

	(void)state;
	out_init_memory(&o);
	assert_int_equal(out_flush(&o), 0);
	for (uint32_t i = 0; i < 50000; i++)
		out_addf(&o, "%08u\n", i);
	assert_int_equal(out_at(&o), 450000);
	assert_int_equal(out_flush(&o), 0);
	out_addf(&o, "end\n");
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(o.buf.len, 450004);
	assert_memory_equal(o.buf.data, "00000000\n00000001\n", 18);
	assert_memory_equal(o.buf.data + 449991, "00049999\nend\n", 13);
	out_release(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_ways_to_write), cmocka_unit_test(test_large_pieces),
		cmocka_unit_test(test_full_disk),	  cmocka_unit_test(test_failure_between),
		cmocka_unit_test(test_closed_descriptor), cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_nonblocking_pipe),  cmocka_unit_test(test_windows),
		cmocka_unit_test(test_full_window),	  cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("out", tests, NULL, NULL);
}
