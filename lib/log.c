/* SPDX-License-Identifier: ISC */
#include "log.h"

#include <stdarg.h>

void
log_line(const struct log *log, enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!log->write || level > log->max)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* Text from peers must not forge lines or drive a terminal. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	log->write(log->ctx, level, line);
}
