/* SPDX-License-Identifier: ISC */
/*
 * A number as it was during the last day, in steps of five minutes: the last
 * value of each, the least and the greatest.  The memory is fixed, and there is
 * no clock: times are Unix seconds that the caller says.
 *
 * A step without a value stays empty: nobody was there to look.  When the clock
 * is set back, what lies in the future then is forgotten.
 */
#ifndef VRP_SERIES_H
#define VRP_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#define SERIES_STEP 300		/* seconds */
#define SERIES_STEPS 288	/* a day */

struct series_sample {
	uint64_t last, min, max;
	bool filled;
};

struct series {
	int64_t newest;		/* the step of the newest sample, -1 for none */
	struct series_sample ring[SERIES_STEPS];	/* step n is at n % SERIES_STEPS */
};

void series_init(struct series *s);

/* The value now; any number of times in a step. */
void series_add(struct series *s, int64_t now, uint64_t value);

/*
 * Step i of the SERIES_STEPS that end with the present one, the oldest first,
 * NULL where it is empty; and when it begins.
 */
const struct series_sample *series_at(const struct series *s, int64_t now, size_t i);
int64_t series_time(int64_t now, size_t i);

#endif
