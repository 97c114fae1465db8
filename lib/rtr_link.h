/* SPDX-License-Identifier: ISC */
/*
 * Connections for the caches of a manager (rtr_manager.h): one thread, poll(2),
 * nothing that blocks.  Looking up a name and connecting, which can take long and
 * for which there is no other way with every transport, happen in a thread for each
 * attempt, so that a cache in a black hole never delays another.
 *
 *	m = rtr_manager_new(&config, preferences, count);
 *	l = rtr_link_new(m, endpoints, 30000, &err);
 *	rtr_manager_start(m, transport_now());
 *	rtr_link_run(l, &err);			until rtr_link_stop()
 *	rtr_link_free(l);
 *	rtr_manager_free(m);
 *
 * A program that waits for more calls rtr_link_step() in a loop of its own.  The
 * callbacks of the manager come from within these two, on the thread that calls
 * them, and the manager belongs to that thread.
 */
#ifndef VRP_RTR_LINK_H
#define VRP_RTR_LINK_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "rtr_manager.h"
#include "transport.h"

struct rtr_link;

/*
 * Endpoint i, which is copied, is where the manager's cache i is; the manager is
 * borrowed and runs on the clock of transport_now().  An attempt to connect may
 * take connect_timeout ms.  NULL with a reason.
 */
VRP_NODISCARD struct rtr_link *rtr_link_new(struct rtr_manager *manager, const struct endpoint *caches,
					    int64_t connect_timeout, struct vrp_err *err);

/* Closes everything.  Attempts to connect that are under way come to their end on their own, and touch nothing. */
void rtr_link_free(struct rtr_link *l);	/* NULL is allowed */

/*
 * Do what is due, wait until something happens, and deal with it.  also[] are
 * descriptors of the caller's to wait for, too; their revents are filled in.  Returns
 * when any of them is ready, something came from a cache, a deadline passed, a signal
 * came, or rtr_link_wake() was called.  -1 with a reason.
 */
int rtr_link_step(struct rtr_link *l, struct pollfd *also, size_t also_count, struct vrp_err *err);

/* End a wait, the one under way or the next.  From any thread, and from a signal handler. */
void rtr_link_wake(struct rtr_link *l);

/* Steps until rtr_link_stop() is called, from any thread or a signal handler.  0, or -1 with a reason. */
int rtr_link_run(struct rtr_link *l, struct vrp_err *err);
void rtr_link_stop(struct rtr_link *l);

#endif
