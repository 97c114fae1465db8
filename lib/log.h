/* SPDX-License-Identifier: ISC */
/*
 * How the parts of a daemon that live in the library report events: one line
 * each, through a function of the tool's.  A struct log is a plain value.
 */
#ifndef VRP_LOG_H
#define VRP_LOG_H

#include "compiler.h"

/* Numbers and meaning as in syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

struct log {
	/* line is NUL-terminated, has no newline, and is borrowed; any thread may call. */
	void (*write)(void *ctx, enum log_level level, const char *line);
	void *ctx;
	enum log_level max;	/* less urgent lines are dropped before they are formatted */
};

/* Lines are cut at 1,023 bytes; bytes that are not printable ASCII become '?'. */
void log_line(const struct log *log, enum log_level level, const char *fmt, ...) VRP_PRINTF(3, 4);

#endif
