/* SPDX-License-Identifier: ISC */
/*
 * Metrics in the text format of Prometheus (version 0.0.4):
 *
 *	prom_family(&out, "rtr_clients", PROM_GAUGE, "Routers that are connected");
 *	prom_sample(&out, "rtr_clients", 3, "bind", ":8282", NULL);
 *
 * A family is begun once, and its samples follow; one whose value is not known
 * has none, and is best left out.  Failures stay in `out` (out.h).
 *
 * Values of labels may come from outside: they are escaped, and bytes that are
 * not UTF-8, for which Prometheus would refuse all of the answer, become '?'.
 */
#ifndef VRP_PROM_H
#define VRP_PROM_H

#include <stdint.h>

#include "compiler.h"
#include "out.h"

#define PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum prom_type {
	PROM_UNTYPED,
	PROM_COUNTER,	/* its name ends in _total, but for names that others have given */
	PROM_GAUGE,
};

/* name is a metric's name, help one line without a backslash. */
void prom_family(struct out *o, const char *name, enum prom_type type, const char *help);

/* One series and its value: pairs of a label's name and value, then NULL. */
void prom_sample(struct out *o, const char *name, int64_t value, ...) VRP_SENTINEL;
void prom_sample_real(struct out *o, const char *name, double value, ...) VRP_SENTINEL;

/* A family of one series without labels. */
void prom_single(struct out *o, const char *name, enum prom_type type, const char *help, int64_t value);

#endif
