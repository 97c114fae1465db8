/* SPDX-License-Identifier: ISC */
/*
 * What rtr-mon takes on its command line: NAME=SOURCE, the name that a source goes by in
 * metrics, documents and logs, and the lengths of time that a record has to be visible
 * for (monitor.h), "0,56,256".
 */
#ifndef VRP_MONITOR_ARGS_H
#define VRP_MONITOR_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "monitor.h"

#define MONITOR_NAME_MAX 64	/* letters, digits and ._- */

struct monitor_arg {
	char name[MONITOR_NAME_MAX + 1];
	const char *source;	/* the rest of the argument, borrowed; not empty */
};

/* -1 with a reason. */
VRP_NODISCARD int monitor_arg_parse(const char *arg, struct monitor_arg *out, struct vrp_err *err);

/* Durations (num.h), ascending.  How many, -1 with a reason. */
VRP_NODISCARD int monitor_thresholds_parse(const char *list, uint32_t out[MONITOR_THRESHOLDS_MAX], struct vrp_err *err);

#endif
