/* SPDX-License-Identifier: ISC */
/*
 * Least privilege: once it is set up, a tool gives up whatever it doesn't need
 * for the rest of its life, so that input which gets the better of a parser
 * gains nothing but that.
 *
 *	sandbox_init(&box);
 *	sandbox_read(&box, path);
 *	sandbox_connect(&box, 323);
 *	sandbox_enter(&box, &err);		before any input is read and before there are threads
 *	sandbox_release(&box);
 *
 * What is kept is what was named; descriptors that are open stay as they are,
 * and a box that nothing was asked for leaves standard input and output.  A
 * program is told nothing special when it oversteps: calls fail with EACCES or
 * EPERM.
 *
 * On Linux two parts do it, each as far as the kernel goes.  Landlock guards
 * files and TCP ports and separates processes, landlock(7).  A seccomp filter
 * refuses what Landlock doesn't see: sockets of every other kind, programs (also from
 * memory), tracing, and the kernel's rarer calls.  On OpenBSD it is
 * unveil(2) and pledge(2).  A kernel that has none of these is no error.
 *
 * Children and programs that are run inherit all of it.  The public library
 * never does any of this: what a process may do is its program's business.
 */
#ifndef VRP_SANDBOX_H
#define VRP_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"

/* What may be done with a path and all below it, or with a port. */
enum sandbox_right {
	SANDBOX_READ = 1,
	SANDBOX_WRITE = 2,	/* to what is there */
	SANDBOX_REPLACE = 4,	/* make, write, rename and remove files of a directory */
	SANDBOX_EXECUTE = 8,
	SANDBOX_CONNECT = 16,
	SANDBOX_BIND = 32,
	SANDBOX_REMOVE = 64,	/* files of a directory */
};

struct sandbox_grant {
	unsigned rights;
	char *path;		/* owned; NULL for a port */
	uint16_t port;		/* 0: any */
};

struct sandbox {
	struct sandbox_grant *grants;
	size_t count, room;
	bool network;		/* new sockets of IP and Unix */
	bool secrets;
	bool nomem;		/* something couldn't be noted */

	/* By sandbox_enter(): */
	int landlock;		/* the ABI in force, 0: not there */
	bool seccomp;
	bool pledged;
};

void sandbox_init(struct sandbox *box);
void sandbox_release(struct sandbox *box);	/* what was entered stays, and the box goes on to tell what that is */

/*
 * The following note what is kept.  Paths are copied, "-" and those that don't
 * exist are allowed, and links lead to where they do at sandbox_enter().  A failure
 * comes out there.
 */

/* A file, FIFO or device that is opened again, or a directory with all that is below it. */
void sandbox_read(struct sandbox *box, const char *path);

/*
 * A file that may be replaced by another, or isn't there yet.  For that the
 * directory is kept, as are those that links on the way lead to, so that links can
 * be turned; links in the root directory belong to the system and are not followed.
 */
void sandbox_follow(struct sandbox *box, const char *path);

/* A file that is written with savefile.h: the directory of it, or a device or FIFO alone.  NULL is allowed. */
void sandbox_replace(struct sandbox *box, const char *path);

/* A socket file that is removed in the end: its directory.  NULL is allowed. */
void sandbox_remove(struct sandbox *box, const char *path);

/* A program, sought in PATH where it has no slash, with its libraries and what a shell script of that name may call. */
void sandbox_execute(struct sandbox *box, const char *program);

#define SANDBOX_ANY_PORT 0

/* TCP connections to a port, or new listening sockets on one; those that are open need nothing. */
void sandbox_connect(struct sandbox *box, uint16_t port);
void sandbox_bind(struct sandbox *box, uint16_t port);

/* New sockets that have no TCP port: Unix, UDP. */
void sandbox_sockets(struct sandbox *box);

/* Looking up users and groups. */
void sandbox_accounts(struct sandbox *box);

/* Looking up host names; `later`: for ever, and thus also after /etc/resolv.conf was replaced. */
void sandbox_resolve(struct sandbox *box, bool later);

/* The certificate authorities of the system, and what OpenSSL, GnuTLS and their environment variables name. */
void sandbox_trust(struct sandbox *box, bool later);

/* The memory holds secrets (secret.h): no core dumps, and no debugger of the same user's. */
void sandbox_guard_memory(struct sandbox *box);

/*
 * Give up the rest, for good.  What the kernel doesn't know is left out, which
 * box->landlock and box->seccomp tell.  -1 with a reason when memory is out, or
 * when there are threads already, which would go on without it.
 */
VRP_NODISCARD int sandbox_enter(struct sandbox *box, struct vrp_err *err);

/* Everything that was asked for is in force. */
bool sandbox_complete(const struct sandbox *box);

#endif
