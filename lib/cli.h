/* SPDX-License-Identifier: ISC */
/*
 * What every tool's main shares: one table of options that getopt, -h and the
 * tests of man pages and completions all go by; messages; exit codes; output to
 * a file or standard output, with a checked close.
 */
#ifndef VRP_CLI_H
#define VRP_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "compiler.h"
#include "err.h"
#include "log.h"
#include "out.h"
#include "sandbox.h"

/* The exit statuses of every tool, vrp(7). */
enum {
	EXIT_DONE = 0,
	EXIT_NEGATIVE = 1,	/* a negative answer: differs, invalid, bad signature */
	EXIT_TROUBLE = 2,	/* usage, I/O or malformed input */
};

struct cli_option {
	int value;		/* what cli_next() returns; the letter where there is one, else from CLI_LONG up */
	const char *name;	/* long name without dashes */
	const char *arg;	/* metavariable, NULL when the option takes none */
	const char *help;	/* one line, lower case, no full stop */
};

#define CLI_LONG 256

struct cli {
	const char *tool;
	const char *synopsis;	/* behind the name: "[options] [SOURCE ...]" */
	const char *purpose;	/* one line */
	const struct cli_option *options;	/* -h and -V are added; a -V of the tool's own leaves --version */
	size_t option_count;
	bool ordered;		/* operands come from cli_next(), too, where they stand among the options */
	const char *arg;	/* argument of the option that cli_next() returned last, or the operand */
};

#define CLI_OPERAND 1	/* what cli_next() returns for one; those behind "--" are left all the same */

/*
 * The next option, -1 when only operands are left; *index is then the first of
 * them.  -h and -V print and exit 0, a bad option prints a hint and exits 2.
 */
int cli_next(struct cli *cli, int argc, char **argv, int *index);

/* As -V does, exit 0. */
VRP_NORETURN void cli_print_version(const struct cli *cli);

/* Print the usage error and the hint, exit 2. */
VRP_NORETURN void cli_usage_error(const struct cli *cli, const char *fmt, ...) VRP_PRINTF(2, 3);

/* The option's argument as a number or duration in lo..hi, or a usage error that names it. */
uint32_t cli_number(const struct cli *cli, const char *option, uint32_t lo, uint32_t hi);
uint32_t cli_duration(const struct cli *cli, const char *option, uint32_t lo, uint32_t hi);
uint64_t cli_size(const struct cli *cli, const char *option);

/* "tool: ..." on stderr.  cli_die() exits with EXIT_TROUBLE. */
void cli_warn(const struct cli *cli, const char *fmt, ...) VRP_PRINTF(2, 3);
VRP_NORETURN void cli_die(const struct cli *cli, const char *fmt, ...) VRP_PRINTF(2, 3);

/* "tool: file:line:column: reason", leaving out what is 0. */
void cli_warn_err(const struct cli *cli, const char *file, const struct vrp_err *err);

/*
 * Let write() fill `path`, which is replaced in one step (savefile.h), or
 * standard output where that is NULL.  Signals wait while a file is replaced,
 * so that none of them leaves a temporary file behind; a FIFO or device is written
 * to as it is, and signals end that.  0, or -1 when anything failed, which was
 * reported.
 */
VRP_NODISCARD int cli_write(const struct cli *cli, const char *path, void (*write)(struct out *out, const void *ctx),
			    const void *ctx);

/*
 * The log of a daemon: lines on stderr with the time in front, or, where stderr is
 * the journal, with the level as sd-daemon(3) has it.  cli is borrowed.
 */
struct log cli_log(const struct cli *cli, enum log_level max);

/* The same for one in the background: syslog(3), until the process ends. */
struct log cli_syslog(const struct cli *cli, enum log_level max);

/* Close standard output; a failure, such as a full disk, is reported and makes status EXIT_TROUBLE. */
int cli_close_stdout(const struct cli *cli, int status);

/*
 * For tools with sockets, at their start: a standard stream that is closed is
 * opened on /dev/null, or some socket would take its number and be written to.
 * With output, standard output has to be open already, or this exits with 2.
 */
void cli_open_standard_streams(const struct cli *cli, bool output);

/*
 * For tools in which tables come and go as a whole, at their start: large blocks
 * go back to the system.  glibc would raise its threshold to their size and keep
 * them in its heaps, where what is small and newer holds on to them: after a few
 * hundred changes of a table of a million records, four times the memory.
 */
void cli_return_memory(void);

/*
 * For filters that stay: wait until there is input, or the time is over (NULL:
 * never), or a signal came that `signals` lets through.  1 there is input, 0 there
 * is not, -1 when it can't be waited for or the reader of standard output is gone,
 * which was said.
 */
VRP_NODISCARD int cli_wait_input(const struct cli *cli, int fd, const struct timespec *timeout, const sigset_t *signals);

/* The reader of standard output is gone: end as a write to it would, or say so where SIGPIPE is held. */
void cli_reader_gone(const struct cli *cli);

/*
 * Give up whatever the box doesn't name, and release it.  The environment
 * variable VRP_SANDBOX has a say, vrp(7): "off" leaves everything as it is, "show"
 * says on stderr what is kept, "require" exits with 2 where the kernel can't do it.
 * Nobody gains by it: who sets the environment of a program can have it do anything.
 */
void cli_enter_sandbox(const struct cli *cli, struct sandbox *box);

/* Is stderr a terminal, so that progress may be shown? */
bool cli_progress_wanted(void);

#endif
