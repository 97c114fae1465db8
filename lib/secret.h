/* SPDX-License-Identifier: ISC */
/*
 * Private keys and passwords: read only from where nobody else can read them,
 * kept out of swap and core dumps, and wiped when they are no longer needed.
 *
 *	struct secret key = SECRET_INIT;
 *
 *	if (secret_read(&key, path, SECRET_MAX, &err) < 0)
 *		cli_warn_err(&cli, path, &err);		key.pem: mode 0644 lets others read it
 *	...
 *	secret_release(&key);
 *
 * Who may have access to the file, by its owner:
 *
 *	root	0640 at most.  The group is root's choice; this is how Debian's ssl-cert and
 *		the credentials of systemd (systemd.exec(5), LoadCredential) look.
 *	we	0600 at most.
 *	other	refused; but 0600 at most when we are root, who may be about to become that user.
 *
 * What counts is the file that was opened, so links are followed and nothing
 * can be put in its place afterwards.  Regular files and pipes are read, the
 * latter for <(pass show router); they have to answer within SECRET_PIPE_MS.
 */
#ifndef VRP_SECRET_H
#define VRP_SECRET_H

#include <stddef.h>

#include "compiler.h"
#include "err.h"

#define SECRET_MAX ((size_t)64 * 1024)	/* room for a key with its chain */
#define SECRET_LINE_MAX ((size_t)1024)	/* and for a password */
#define SECRET_PIPE_MS 10000

struct secret {
	char *data;	/* NUL-terminated; NULL when there is none */
	size_t len;	/* without the NUL */
	size_t size;	/* of the mapping, whole pages */
};

#define SECRET_INIT {0}

/*
 * All of a file, 1 to max bytes.  -1 with a reason that does not name the file;
 * *out, which is not released before, is then empty.
 */
VRP_NODISCARD int secret_read(struct secret *out, const char *path, size_t max, struct vrp_err *err);

/* The same for a password: one newline at the end is dropped, and there has to be just that one line, without NULs. */
VRP_NODISCARD int secret_read_line(struct secret *out, const char *path, size_t max, struct vrp_err *err);

/*
 * The value of an environment variable, which is wiped and removed, for
 * whoever runs as we do can read /proc/PID/environ.  -1 with a reason, also when it
 * isn't set or empty.  Call it before there are threads.
 */
VRP_NODISCARD int secret_from_env(struct secret *out, const char *name, size_t max, struct vrp_err *err);

void secret_release(struct secret *s);	/* wipes; may be called again */

#endif
