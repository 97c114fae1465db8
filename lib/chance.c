/* SPDX-License-Identifier: ISC */
#include "chance.h"

#include <stddef.h>
#include <sys/random.h>

#include "compiler.h"

uint32_t
chance(void *ctx VRP_UNUSED)
{
	uint32_t number = UINT32_MAX / 2;

	(void)!getrandom(&number, sizeof(number), GRND_NONBLOCK);
	return number;
}
