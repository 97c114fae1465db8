/* SPDX-License-Identifier: ISC */
/*
 * What the parts of vrp-validate share: vrp-validate.c has the options and
 * validates routes once, vrp-validate-watch.c does --watch.
 */
#ifndef VRP_VALIDATE_TOOL_H
#define VRP_VALIDATE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aspa.h"
#include "cli_cache.h"
#include "route.h"
#include "validity.h"

enum form { LINES, ROV, JSON, SUMMARY };

/* Bits for --only: the states of routes, and those of paths. */
enum {
	ONLY_VALID = 1,
	ONLY_INVALID = 2,
	ONLY_NOT_FOUND = 4,
	ONLY_ASPA = 8,		/* shifted by an enum aspa_state */
};

struct options {
	struct cli_cache access;	/* towards a cache */
	const char *table;	/* a path, or "-" */
	const char *routes;	/* likewise; with --watch, too */
	char *one;		/* instead of them the text of one route */
	enum form form;
	unsigned only;		/* 0 for all */
	uint32_t own;		/* AS of routes with an empty path, ROV_NONE when not given */
	enum aspa_direction direction;
	bool aspa;
	bool rs_client;
	bool brief;
	bool quiet;
	bool unique;
	bool watch;
};

/* A list of routes while it is read. */
struct routes {
	const struct cli *cli;
	const char *path;
	int (*take)(void *ctx, const struct route *route);
	int (*pause)(void *ctx);
	void *ctx;
	size_t bad;		/* lines that were passed over */
};

/* False when some of it could not be read or a callback stopped it, which the former was said of. */
bool routes_read(struct routes *r);

/* All of a route but what the table says of it. */
struct validity validity_begin(const struct options *o, const struct route *route);

/* Does --only let it pass? */
bool options_pass(const struct options *o, const struct validity *v);

/* The exit status. */
int watch_run(const struct cli *cli, const struct options *o);

#endif
