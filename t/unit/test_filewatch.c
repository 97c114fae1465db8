/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "filewatch.h"

struct dir {
	char path[64];
	char file[96];
	char other[96];
};

static int
set_up(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	snprintf(d->path, sizeof(d->path), "/tmp/filewatch-XXXXXX");
	if (!mkdtemp(d->path))
		return -1;
	snprintf(d->file, sizeof(d->file), "%s/file", d->path);
	snprintf(d->other, sizeof(d->other), "%s/other", d->path);
	*state = d;
	return 0;
}

static int
tear_down(void **state)
{
	struct dir *d = *state;

	unlink(d->file);
	unlink(d->other);
	rmdir(d->path);
	free(d);
	return 0;
}

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
take(struct filewatch *w)
{
	int fd = open(w->path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	filewatch_took(w, fd);
	close(fd);
}

static void
test_change(void **state)
{
	struct dir *d = *state;
	struct filewatch w = {.path = d->file};

	put(d->file, "one");
	take(&w);
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	/* While it grows from look to look it is not read. */
	put(d->file, "two");
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	put(d->file, "three");
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	assert_int_equal(filewatch_look(&w), FILEWATCH_CHANGED);
	/* Until it is taken. */
	assert_int_equal(filewatch_look(&w), FILEWATCH_CHANGED);
	take(&w);
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
}

static void
test_replaced(void **state)
{
	struct dir *d = *state;
	struct filewatch w = {.path = d->file};

	put(d->file, "one");
	take(&w);
	put(d->other, "two");
	assert_int_equal(rename(d->other, d->file), 0);
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	assert_int_equal(filewatch_look(&w), FILEWATCH_CHANGED);
}

static void
test_gone(void **state)
{
	struct dir *d = *state;
	struct filewatch w = {.path = d->file};

	put(d->file, "one");
	take(&w);
	assert_int_equal(unlink(d->file), 0);
	assert_int_equal(filewatch_look(&w), FILEWATCH_GONE);
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	put(d->file, "again");
	assert_int_equal(filewatch_look(&w), FILEWATCH_SAME);
	assert_int_equal(filewatch_look(&w), FILEWATCH_CHANGED);
	take(&w);
	assert_int_equal(unlink(d->file), 0);
	assert_int_equal(filewatch_look(&w), FILEWATCH_GONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
