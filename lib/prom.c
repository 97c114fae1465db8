/* SPDX-License-Identifier: ISC */
#include "prom.h"

#include <math.h>
#include <stdarg.h>

#include "utf8.h"

void
prom_family(struct out *o, const char *name, enum prom_type type, const char *help)
{
	static const char *const types[] = {"untyped", "counter", "gauge"};

	out_addf(o, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

/* The character at s, which has n bytes, or 0 for a byte that is none. */
static void
add_character(struct out *o, const char *s, size_t n)
{
	if (n == 0)
		out_add(o, "?", 1);
	else if (*s == '\n')
		out_add(o, "\\n", 2);
	else if (*s == '"' || *s == '\\')
		out_addf(o, "\\%c", *s);
	else
		out_add(o, s, n);
}

static void
add_value(struct out *o, const char *s)
{
	size_t len = strlen(s);

	for (size_t n; len > 0; s += n, len -= n) {
		n = utf8_length((const unsigned char *)s, len);
		add_character(o, s, n);
		if (n == 0)
			n = 1;
	}
}

static void
add_series(struct out *o, const char *name, va_list labels)
{
	const char *label;
	char before = '{';

	out_add(o, name, strlen(name));
	while ((label = va_arg(labels, const char *))) {
		out_addf(o, "%c%s=\"", before, label);
		add_value(o, va_arg(labels, const char *));
		out_add(o, "\"", 1);
		before = ',';
	}
	out_add(o, before == ',' ? "} " : " ", before == ',' ? 2 : 1);
}

void
prom_sample(struct out *o, const char *name, int64_t value, ...)
{
	va_list labels;

	va_start(labels, value);
	add_series(o, name, labels);
	va_end(labels);
	out_addf(o, "%lld\n", (long long)value);
}

void
prom_sample_real(struct out *o, const char *name, double value, ...)
{
	va_list labels;

	va_start(labels, value);
	add_series(o, name, labels);
	va_end(labels);
	if (isnan(value))
		out_addf(o, "NaN\n");
	else if (isinf(value))
		out_addf(o, value > 0 ? "+Inf\n" : "-Inf\n");
	else
		out_addf(o, "%.17g\n", value);
}

void
prom_single(struct out *o, const char *name, enum prom_type type, const char *help, int64_t value)
{
	prom_family(o, name, type, help);
	prom_sample(o, name, value, NULL);
}
