/* SPDX-License-Identifier: ISC */
/*
 * What the parts of rtr-dump share: rtr-dump.c has the options,
 * rtr-dump-once.c asks once, rtr-dump-follow.c is -f.
 */
#ifndef VRP_RTR_DUMP_TOOL_H
#define VRP_RTR_DUMP_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli_cache.h"
#include "rtr_client.h"

struct cache {
	const char *name;	/* as given */
	struct endpoint to;
	uint8_t preference;
};

struct options {
	struct cache *caches;	/* most preferred first */
	size_t cache_count;
	struct cli_cache access;	/* towards caches */
	struct transports transports;	/* with it */
	bool follow;
	struct rtr_timers timers;	/* those not 0 hold */
	int64_t timeout;	/* milliseconds */
	int64_t version;	/* -1: any */
	int64_t serial;		/* -1: the whole table */
	int64_t session;
	const char *output;
	bool pdus;
	bool status;
	bool verbose;
	bool quiet;
};

/* "-1 IPv4, -0 IPv6, -0 router keys, -0 ASPAs" */
#define COUNTS_MAX 128
void count_records(char *dst, size_t size, const char *sign, const struct vrpset *set);

/* Both return the exit status. */
int once_run(const struct cli *cli, const struct options *o);
int follow_run(const struct cli *cli, const struct options *o);

#endif
