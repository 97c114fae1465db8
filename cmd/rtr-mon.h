/* SPDX-License-Identifier: ISC */
/*
 * What the parts of rtr-mon share:
 *
 *	rtr-mon.c		options and sandbox
 *	rtr-mon-once.c		-1
 *	rtr-mon-live.c		the daemon: sources, comparison, signals
 *	rtr-mon-hook.c		--on-change
 *	rtr-mon-http.c		what is told over HTTP: metrics, differences, status
 *	rtr-mon-page.c		the page
 */
#ifndef VRP_RTR_MON_TOOL_H
#define VRP_RTR_MON_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli_cache.h"
#include "log.h"
#include "monitor.h"
#include "monitor_args.h"
#include "source.h"

#define HTTP_DEFAULT ":9866"

struct mon_source {
	const char *name;
	struct monitor_arg arg;
	struct source_config config;	/* but for callbacks */
	struct transport_security security;
	struct transports transports;	/* with this security */
	char *url;			/* the source as it may be shown */
};

struct options {
	struct mon_source *sources;
	size_t source_count;
	struct cli_cache access;	/* as the last source has it */
	bool once;
	uint32_t timeout;	/* seconds, 0: any */
	uint32_t grace;
	uint32_t thresholds[MONITOR_THRESHOLDS_MAX];
	size_t threshold_count;
	const char *http[8];
	size_t http_count;
	const char *hook;
	uint32_t hook_timeout;
	enum log_level level;
	bool quiet;
};

/* Both return the exit status. */
int once_run(const struct cli *cli, const struct options *o);
int live_run(const struct cli *cli, const struct options *o);

/* Before there are threads. */
void enter_sandbox(const struct cli *cli, const struct options *o);

#endif
