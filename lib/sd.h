/* SPDX-License-Identifier: ISC */
/*
 * What a service manager and a daemon tell each other, as sd_listen_fds(3) and
 * sd_notify(3) have it, without the library: sockets that are passed, and a
 * datagram for each change of state.
 */
#ifndef VRP_SD_H
#define VRP_SD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "compiler.h"
#include "err.h"

#define SD_SOCKETS_MAX 64
#define SD_NAME_MAX 255
#define SD_FIRST_FD 3

struct sd_socket {
	int fd;				/* close-on-exec from now on */
	char name[SD_NAME_MAX + 1];	/* FileDescriptorName=, "" when none is given */
};

/*
 * The sockets that LISTEN_FDS passes to this process, which has to be the one
 * of LISTEN_PID; the variables are removed.  Returns how many, -1 with a reason.
 * first is SD_FIRST_FD but in tests.  Before there are threads.
 */
VRP_NODISCARD int sd_sockets(struct sd_socket out[SD_SOCKETS_MAX], int first, struct vrp_err *err);

/* Where NOTIFY_SOCKET is, and how often the manager wants to hear of us. */
struct sd_notifier {
	int fd;			/* -1 when nobody listens */
	struct sockaddr_un address;
	socklen_t address_len;
	uint64_t watchdog_ms;	/* 0: it doesn't ask; half of what it waits for otherwise */
};

#define SD_NOTIFIER_NONE {.fd = -1}

/*
 * Take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment, which loses them.  0,
 * also where nobody listens; -1 with a reason.  The socket is connected at once, so that
 * another root directory or a sandbox later does no harm.
 */
VRP_NODISCARD int sd_notifier_open(struct sd_notifier *n, struct vrp_err *err);
void sd_notifier_close(struct sd_notifier *n);

/* Tell it "READY=1\nSTATUS=...".  Never waits; what can't be sent is lost, as the manager would have it. */
void sd_notify(const struct sd_notifier *n, const char *fmt, ...) VRP_PRINTF(2, 3);

/* RELOADING=1 with the time that Type=notify-reload asks for. */
void sd_notify_reloading(const struct sd_notifier *n);

#endif
