/* SPDX-License-Identifier: ISC */
/* The table of a cache, asked for once: what a tool that takes a file or a cache reads the latter with. */
#ifndef VRP_RTR_ASK_H
#define VRP_RTR_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "transport.h"
#include "vrpset.h"

/* Does the argument name a cache, as SCHEME://HOST[:PORT] with a scheme of these, and not a file? */
bool rtr_ask_names_cache(const char *source, const struct transports *transports);

/*
 * Ask at the highest version, and lower where the cache wants it.  timeout, in
 * ms, is for connecting and for each silence of the cache.  NULL with a reason
 * when it can't be reached, breaks the protocol, or has no data.
 */
VRP_NODISCARD struct vrpset *rtr_ask(const char *cache, const struct transports *transports, int64_t timeout,
				     struct names *names, struct vrp_err *err);

#endif
