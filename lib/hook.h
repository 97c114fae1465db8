/* SPDX-License-Identifier: ISC */
/*
 * A command of the user's that is run again and again, by "/bin/sh -c", each time
 * with a text on standard input and a few variables in its environment:
 *
 *	h = hook_start("logger -t vrp", &err);		before threads and sandbox
 *	hook_run(h, &job, &result, &err);		on a thread that may wait
 *	hook_stop(h);
 *
 * It may do whatever its user may, so it is no child of a program in a sandbox, but
 * of a small process that was forked before.  Each run is a process group of its own,
 * which is ended when its time is over or the program is gone: SIGTERM, then SIGKILL.
 */
#ifndef VRP_HOOK_H
#define VRP_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"

#define HOOK_VARIABLE "VRP_"	/* what names of variables begin with; others are not set */
#define HOOK_KILL_AFTER 2	/* seconds between SIGTERM and SIGKILL */

struct hook;

/*
 * The command's standard output and error are the caller's standard error, its
 * directory is the present one.  NULL with a reason.
 */
VRP_NODISCARD struct hook *hook_start(const char *command, struct vrp_err *err);

struct hook_job {
	struct buf env;		/* "NAME=value" each with its NUL */
	struct buf input;
	uint32_t timeout;	/* seconds */
};

enum hook_end {
	HOOK_EXITED,
	HOOK_KILLED,		/* by a signal that we did not send */
	HOOK_TIMED_OUT,
	HOOK_NOT_RUN,		/* the machine has no process or file for it */
};

struct hook_result {
	enum hook_end end;
	int status;		/* exit status, signal, or errno */
};

/* Run it once and wait.  One thread at a time.  -1 with a reason when the process outside is gone, also by hook_stop(). */
VRP_NODISCARD int hook_run(struct hook *h, const struct hook_job *job, struct hook_result *result, struct vrp_err *err);

/* End what runs; hook_run() returns.  From any thread. */
void hook_cancel(struct hook *h);

/* The same, and free everything, after the last hook_run(). */
void hook_stop(struct hook *h);		/* NULL is allowed */

#endif
