/* SPDX-License-Identifier: ISC */
/*
 * The thread that reads a cache's input, so that the thread with the sockets
 * never parses: it feeds an intake, prepares each published table as an
 * rtr_update and hands that over.
 */
#ifndef VRP_FEEDER_H
#define VRP_FEEDER_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "intake_status.h"
#include "log.h"
#include "rtr_cache.h"
#include "sig_key.h"

struct feeder_config {
	/*
	 * A file, read again when it is replaced or feeder_reload() asks, or a
	 * FIFO or device, which is a stream; NULL: the stream fd, borrowed.
	 */
	const char *path;
	int fd;

	/*
	 * The input is a signed stream (sig_verifier.h) of one of these keys, borrowed,
	 * and nothing else gets to the intake; NULL: any stream.
	 */
	const struct sig_keys *verify;

	bool ignore_expiry;	/* as in struct intake_config */
	uint32_t max_age;
	unsigned max_shrink;

	/* All of these are called on the feeder's thread. */
	void (*deliver)(void *ctx, struct rtr_update *update);	/* takes the update over */
	unsigned (*versions)(void *ctx);	/* which images to prepare, for rtr_update_new() */
	void (*ended)(void *ctx);		/* the stream has ended; never called for a file */
	void (*status)(void *ctx, const struct intake_status *status);	/* after each turn; NULL: nobody asks */
	void *ctx;
};

struct feeder;

/*
 * Start the thread, which takes no signals; config and log are copied, the path is borrowed.  For a
 * path, the file has to open.  NULL with a reason.
 */
VRP_NODISCARD struct feeder *feeder_start(const struct feeder_config *config, const struct log *log, struct vrp_err *err);

/* End the thread and free it.  NULL is allowed. */
void feeder_stop(struct feeder *f);

/* Safe in any thread: read the file again; accept the table that is held back. */
void feeder_reload(struct feeder *f);
void feeder_accept_held(struct feeder *f);

#endif
