/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the sandbox share: sandbox.c notes what is kept,
 * sandbox_landlock.c, sandbox_seccomp.c and sandbox_pledge.c make it so.
 */
#ifndef VRP_SANDBOX_INTERNAL_H
#define VRP_SANDBOX_INTERNAL_H

#include "sandbox.h"

/* LeakSanitizer looks at the process from outside, by ptrace(2) and /proc, when it ends. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED true
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED false
#endif

/* Is there a grant with any of these rights? */
bool sandbox_has(const struct sandbox *box, unsigned rights);

/*
 * May we make a call that a filter from outside, such as SystemCallFilter= of a
 * unit, could punish by death?  Without a filter yes; else a child finds out.
 */
bool sandbox_survives(void (*call)(void));

/* The ABI of Landlock that is now in force, 0 when the kernel doesn't do it. */
int sandbox_enter_landlock(const struct sandbox *box);

/* False when the kernel doesn't do it. */
bool sandbox_enter_seccomp(const struct sandbox *box);
bool sandbox_enter_pledge(const struct sandbox *box);

#endif
