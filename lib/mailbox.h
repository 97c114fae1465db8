/* SPDX-License-Identifier: ISC */
/*
 * What other threads hand to the loop: new tables from the feeder, connections
 * from the gates.  fd becomes readable when something is there.
 *
 * Tables are large, so only a few wait and who posts another is held up;
 * connections hold a slot each and are bounded by these.
 */
#ifndef VRP_MAILBOX_H
#define VRP_MAILBOX_H

#include <stddef.h>

#include "arrival.h"
#include "compiler.h"
#include "rtr_cache.h"

#define MAILBOX_UPDATES_MAX 4	/* each may hold a table and its images */

struct mailbox;

/* A table on its way. */
struct mail {
	STAILQ_ENTRY(mail) link;
	struct rtr_update *update;
};

STAILQ_HEAD(mails, mail);

/* NULL with errno. */
VRP_NODISCARD struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *m);	/* with the updates in it; NULL is allowed; arrivals have been taken */

int mailbox_fd(const struct mailbox *m);

/*
 * From any thread.  An update waits while MAILBOX_UPDATES_MAX are there, or for
 * memory, since dropping a step would leave routers with a wrong table;
 * mailbox_close() lets it go.
 */
void mailbox_post_update(struct mailbox *m, struct rtr_update *update);
void mailbox_post_arrival(struct mailbox *m, struct arrival *a);
void mailbox_close(struct mailbox *m);

/* On the loop's thread: all that is there, the callee's from now on. */
void mailbox_take(struct mailbox *m, struct mails *updates, struct arrivals *arrivals);

/* How many updates wait. */
size_t mailbox_updates(struct mailbox *m);

#endif
