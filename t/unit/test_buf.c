/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "buf.h"

static void
test_starts_empty(void **state)
{
	struct buf a = BUF_INIT, b;

	(void)state;
	buf_init(&b);
	assert_null(a.data);
	assert_int_equal(a.len, 0);
	assert_null(b.data);
	assert_int_equal(buf_add(&a, NULL, 0), 0);
	assert_null(a.data);
	buf_release(&a);
	buf_release(&b);
	buf_release(&b);
}

/* Grown byte by byte it holds what went in, in order. */
static void
test_add_grows(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned char c = (unsigned char)(i * 7);

		assert_int_equal(buf_add(&b, &c, 1), 0);
	}
	assert_int_equal(b.len, 100000);
	assert_true(b.cap >= b.len);
	assert_true(b.cap < 2 * b.len);
	for (unsigned i = 0; i < 100000; i++)
		assert_true((unsigned char)b.data[i] == (unsigned char)(i * 7));
	buf_release(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

static void
test_reserve(void **state)
{
	struct buf b = BUF_INIT;
	char *data;

	(void)state;
	assert_int_equal(buf_reserve(&b, 1000), 0);
	assert_true(b.cap >= 1000);
	assert_int_equal(b.len, 0);
	data = b.data;
	assert_int_equal(buf_reserve(&b, 1000), 0);
	assert_ptr_equal(b.data, data);
	/* A length that cannot be had leaves everything as it was. */
	b.len = 10;
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -1);
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), -1);
	assert_int_equal(buf_add(&b, "x", SIZE_MAX - 5), -1);
	assert_ptr_equal(b.data, data);
	assert_int_equal(b.len, 10);
	buf_release(&b);
}

static void
test_reset_keeps_memory(void **state)
{
	struct buf b = BUF_INIT;
	char *data;

	(void)state;
	assert_int_equal(buf_add(&b, "abc", 3), 0);
	data = b.data;
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_add(&b, "de", 2), 0);
	assert_ptr_equal(b.data, data);
	assert_memory_equal(b.data, "de", 2);
	buf_release(&b);
}

static void
test_addf(void **state)
{
	struct buf b = BUF_INIT;
	char want[5001];

	(void)state;
	memset(want, 'y', 5000);
	want[5000] = '\0';
	assert_int_equal(buf_addf(&b, "%s", ""), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_addf(&b, "AS%u %s", 64496U, "x"), 0);
	assert_int_equal(buf_addf(&b, "%s", want), 0);
	assert_int_equal(b.len, 9 + 5000);
	assert_memory_equal(b.data, "AS64496 x", 9);
	assert_memory_equal(b.data + 9, want, 5000);
	buf_release(&b);
}

static void
test_drop(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_drop(&b, 0);
	assert_int_equal(buf_add(&b, "0123456789", 10), 0);
	buf_drop(&b, 0);
	assert_int_equal(b.len, 10);
	buf_drop(&b, 3);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data, "3456789", 7);
	buf_drop(&b, 7);
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_empty), cmocka_unit_test(test_add_grows),
		cmocka_unit_test(test_reserve),	     cmocka_unit_test(test_reset_keeps_memory),
		cmocka_unit_test(test_addf),	     cmocka_unit_test(test_drop),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
