/* SPDX-License-Identifier: ISC */
/*
 * Attributes and small macros that every file may use.  Attributes go through
 * macros because clang 14 rejects the C23 spelling in C17.
 */
#ifndef VRP_COMPILER_H
#define VRP_COMPILER_H

#define VRP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VRP_NODISCARD __attribute__((warn_unused_result))
#define VRP_SENTINEL __attribute__((sentinel))
#define VRP_NORETURN __attribute__((noreturn))
#define VRP_UNUSED __attribute__((unused))
#define VRP_FALLTHROUGH __attribute__((fallthrough))

#define VRP_LIKELY(x) __builtin_expect(!!(x), 1)
#define VRP_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#include "banned.h"

#endif
