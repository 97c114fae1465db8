/* SPDX-License-Identifier: ISC */
/* Sockets that listen for TCP. */
#ifndef VRP_BIND_H
#define VRP_BIND_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "err.h"

#define BIND_MAX 16	/* addresses of one name */

/*
 * Listen at "HOST:PORT", on every address that the host has: a name, an IPv4
 * address, an IPv6 address in brackets, or * for all addresses of this machine.  No
 * host is also all of them, or with `local` the loopback addresses.  Port 0 is any free one,
 * the same of all addresses where that can be.  Returns how many sockets there are in fds,
 * non-blocking; -1 with a reason.
 */
VRP_NODISCARD int bind_listen(const char *address, bool local, int fds[BIND_MAX], struct vrp_err *err);

#endif
