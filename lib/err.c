/* SPDX-License-Identifier: ISC */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

void
vrp_err_clear(struct vrp_err *err)
{
	if (err) {
		err->line = err->column = 0;
		err->msg[0] = '\0';	/* and not all of it: this is done for every record */
	}
}

int
vrp_err_set(struct vrp_err *err, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return -1;
}

int
vrp_err_at(struct vrp_err *err, size_t line, size_t column, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->line = line;
		err->column = column;
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return -1;
}

int
vrp_err_nomem(struct vrp_err *err)
{
	return vrp_err_set(err, "out of memory");
}
