/* SPDX-License-Identifier: ISC */
/* What the parts of vrp-sign share. */
#ifndef VRP_SIGN_H
#define VRP_SIGN_H

#include "cli.h"
#include "sig_key.h"
#include "sig_statement.h"

#define READ_SIZE ((size_t)256 * 1024)

struct tool {
	struct cli *cli;
	struct sig_key *key;	/* signs; NULL: verify */
	struct sig_keys keys;
	const char *signature;	/* of a file, -s */
	const char *state;
	bool json;
	bool strict_time;
	bool quiet;
	uint32_t valid;
	uint64_t max_size;
	struct sig_rules rules;
	int fd;			/* the input */
	const char *name;	/* of it, in messages */
};

/* The next bytes, waiting for them.  0 at the end, -1 after a failure, which was reported. */
ssize_t read_input(const struct tool *t, char *data, size_t len);

/* When all that is read is open: keep that, and what is written to. */
void enter_sandbox(const struct tool *t);

/* Each returns the exit status. */
int sign_stream(struct tool *t);
int verify_stream(struct tool *t);
int sign_whole(struct tool *t);		/* JSON, or a file */
int verify_whole(struct tool *t);

#endif
