/* SPDX-License-Identifier: ISC */
/*
 * A small process beside a program, forked before that has threads and enters its
 * sandbox, for the one thing that has to be done outside of it.
 */
#ifndef VRP_OUTSIDE_H
#define VRP_OUTSIDE_H

#include <stdbool.h>

/*
 * Called by the child: a session of its own, deaf to signals that are sent to all of
 * us, with no descriptor but `kept`, and standard streams on /dev/null; with `errors`
 * standard error stays.
 */
void outside_settle(int kept, bool errors);

/* For a program that the child runs: what outside_settle() did to signals is undone. */
void outside_restore_signals(void);

#endif
