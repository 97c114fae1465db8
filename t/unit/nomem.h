/* SPDX-License-Identifier: ISC */
/* For tests of what happens when memory is out: the n-th allocation of a thread fails, once. */
#ifndef VRP_TEST_NOMEM_H
#define VRP_TEST_NOMEM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0	/* they have allocators of their own */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAN_FAIL 0
#endif
#endif
#ifndef CAN_FAIL
#define CAN_FAIL 1
#endif

/* The allocation of this thread that is to fail, counted down; 0 for none. */
static _Thread_local unsigned fail_at;
static _Thread_local bool failed;

#if CAN_FAIL
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool
fails(void)
{
	if (fail_at == 0 || --fail_at > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#endif

/* Begin to fail at the n-th allocation. */
static inline void
arm(unsigned n)
{
	fail_at = n;
	failed = false;
}

/* Did it? */
static inline bool
disarm(void)
{
	fail_at = 0;
	return failed;
}

#endif
