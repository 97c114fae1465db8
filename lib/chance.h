/* SPDX-License-Identifier: ISC */
/* Random numbers to spread waits with, good enough for that and for nothing that has to be secret. */
#ifndef VRP_CHANCE_H
#define VRP_CHANCE_H

#include <stdint.h>

/* 32 bits; ctx is not looked at.  The middle where the kernel has none yet. */
uint32_t chance(void *ctx);

#endif
