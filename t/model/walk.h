/* SPDX-License-Identifier: ISC */
/* What the steps of the walk share. */
#ifndef RTR_MODEL_WALK_H
#define RTR_MODEL_WALK_H

#include "model.h"

#define ROUTERS 6

struct walk {
	struct server server;
	struct history history;
	struct feed feed;
	struct cache cache;
	struct router routers[ROUTERS];
	struct router auditors[VERSIONS];	/* one of each version, which asks from every serial */
	size_t audited;				/* commits, at the last audit */
	struct block open_block;		/* of which the first lines were written */
	size_t open_lines;
	bool is_open;
	bool began;				/* something was written in this life */
};

extern struct walk w;

/* One of several numbers. */
#define ONE_OF(...) one_of((const uint32_t[]){__VA_ARGS__}, COUNT(((const uint32_t[]){__VA_ARGS__})))
uint32_t one_of(const uint32_t *values, uint32_t count);

/* Until every router that reads has what is due. */
void settle(void);

/* ---- life: from start to end of the program ---- */

void life_start(void);	/* with options of its own */
void life_restart(bool hard);
void life_crash(void);	/* kill -9 at once, whatever it is doing */

/* Where nothing is held back, this wakes the reader: what it had to do before is done when it has answered twice. */
void wake_reader(void);

/* ---- feeding ---- */

bool can_feed(void);
void step_feed(void);
void step_begin_block(void);
void step_list(void);
void step_end_input(void);
void step_accept(void);
void step_clock(void);
void step_crash(void);

/* ---- asking ---- */

struct queries {
	unsigned char bytes[512];
	size_t len;
};

void put_serial_query(struct queries *q, unsigned version, uint16_t session, uint32_t serial);
void put_reset_query(struct queries *q, unsigned version);

void step_connect(void);
void step_query(void);
void step_rest(void);
void step_nonsense(void);
void step_leave(void);
void step_pause(void);

#endif
