/* SPDX-License-Identifier: ISC */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "num.h"
#include "savefile.h"
#include "stamp.h"

#ifndef VRPTOOLS_VERSION
#define VRPTOOLS_VERSION "unknown"
#endif

#define OPTIONS_MAX 64

static void
print_option(int value, const char *name, const char *arg, const char *help)
{
	char left[64];
	int len;

	len = value < CLI_LONG ? snprintf(left, sizeof(left), "  -%c, --%s", value, name)
			       : snprintf(left, sizeof(left), "      --%s", name);
	if (arg && len > 0 && (size_t)len < sizeof(left))
		snprintf(left + len, sizeof(left) - (size_t)len, " %s", arg);
	printf("%-30s %s\n", left, help);
}

/* What --version is, whatever -V is. */
#define LONG_VERSION 2

static bool
has_own(const struct cli *cli, int value)
{
	for (size_t i = 0; i < cli->option_count; i++)
		if (cli->options[i].value == value)
			return true;
	return false;
}

static VRP_NORETURN void
print_help(const struct cli *cli)
{
	printf("usage: %s %s\n%s\n\n", cli->tool, cli->synopsis, cli->purpose);
	for (size_t i = 0; i < cli->option_count; i++)
		print_option(cli->options[i].value, cli->options[i].name, cli->options[i].arg, cli->options[i].help);
	print_option('h', "help", NULL, "show this help and exit");
	print_option(has_own(cli, 'V') ? CLI_LONG : 'V', "version", NULL, "show the version and exit");
	exit(cli_close_stdout(cli, EXIT_DONE));
}

void
cli_print_version(const struct cli *cli)
{
	printf("%s %s\n", cli->tool, VRPTOOLS_VERSION);
	exit(cli_close_stdout(cli, EXIT_DONE));
}

int
cli_next(struct cli *cli, int argc, char **argv, int *index)
{
	struct option longs[OPTIONS_MAX + 3] = {0};
	char shorts[2 * OPTIONS_MAX + 5];
	size_t n = 0;
	int value;

	if (cli->ordered)
		shorts[n++] = '-';
	for (size_t i = 0; i < cli->option_count && i < OPTIONS_MAX; i++) {
		const struct cli_option *o = &cli->options[i];

		longs[i] = (struct option){o->name, o->arg ? required_argument : no_argument, NULL, o->value};
		if (o->value < CLI_LONG) {
			shorts[n++] = (char)o->value;
			if (o->arg)
				shorts[n++] = ':';
		}
	}
	longs[cli->option_count] = (struct option){"help", no_argument, NULL, 'h'};
	longs[cli->option_count + 1] = (struct option){"version", no_argument, NULL, LONG_VERSION};
	memcpy(shorts + n, has_own(cli, 'V') ? "h\0" : "hV", 3);

	value = getopt_long(argc, argv, shorts, longs, NULL);
	if (value == 'h')
		print_help(cli);
	if (value == LONG_VERSION || (value == 'V' && !has_own(cli, 'V')))
		cli_print_version(cli);
	if (value == '?') {
		fprintf(stderr, "try '%s -h'\n", cli->tool);
		exit(EXIT_TROUBLE);
	}
	cli->arg = optarg;
	*index = optind;
	return value;
}

static void
vwarn(const struct cli *cli, const char *fmt, va_list ap)
{
	char line[1024];

	/* One write, so that lines of several tools on one terminal stay whole. */
	vsnprintf(line, sizeof(line), fmt, ap);
	/* Text from feeds and peers must not drive a terminal; names of files may be UTF-8. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "%s: %s\n", cli->tool, line);
}

void
cli_usage_error(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(cli, fmt, ap);
	va_end(ap);
	fprintf(stderr, "try '%s -h'\n", cli->tool);
	exit(EXIT_TROUBLE);
}

uint32_t
cli_number(const struct cli *cli, const char *option, uint32_t lo, uint32_t hi)
{
	uint32_t v;

	if (!num_u32(cli->arg, strlen(cli->arg), &v) || v < lo || v > hi)
		cli_usage_error(cli, "%s '%s': not a number from %u to %u", option, cli->arg, lo, hi);
	return v;
}

uint32_t
cli_duration(const struct cli *cli, const char *option, uint32_t lo, uint32_t hi)
{
	uint32_t v;

	if (!num_duration(cli->arg, strlen(cli->arg), &v) || v < lo || v > hi)
		cli_usage_error(cli, "%s '%s': not a duration from %us to %us (such as 90, 10m, 24h)", option, cli->arg,
				lo, hi);
	return v;
}

uint64_t
cli_size(const struct cli *cli, const char *option)
{
	uint64_t v;

	if (!num_size(cli->arg, strlen(cli->arg), &v))
		cli_usage_error(cli, "%s '%s': not a size (such as 4096, 64K, 512M, 2G)", option, cli->arg);
	return v;
}

void
cli_warn(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(cli, fmt, ap);
	va_end(ap);
}

void
cli_die(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(cli, fmt, ap);
	va_end(ap);
	exit(EXIT_TROUBLE);
}

void
cli_warn_err(const struct cli *cli, const char *file, const struct vrp_err *err)
{
	if (err->line && err->column)
		cli_warn(cli, "%s:%zu:%zu: %s", file, err->line, err->column, err->msg);
	else if (err->line)
		cli_warn(cli, "%s:%zu: %s", file, err->line, err->msg);
	else
		cli_warn(cli, "%s: %s", file, err->msg);
}

static int
write_to(const struct cli *cli, int fd, const char *name, void (*write)(struct out *out, const void *ctx), const void *ctx)
{
	struct out out;
	int rc;

	out_init(&out, fd);
	write(&out, ctx);
	rc = out_flush(&out);
	if (rc < 0)
		cli_warn(cli, "%s: %s", name, strerror(errno));
	out_release(&out);
	return rc;
}

/* Is a new file put in place of this one, so that a signal could leave it lying about? */
static bool
is_replaced(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

int
cli_write(const struct cli *cli, const char *path, void (*write)(struct out *out, const void *ctx), const void *ctx)
{
	struct vrp_err err = {0};
	struct savefile file;
	sigset_t held, old;
	int rc;

	if (!path)
		return write_to(cli, STDOUT_FILENO, "standard output", write, ctx);
	sigemptyset(&held);
	if (is_replaced(path))
		sigfillset(&held);
	sigprocmask(SIG_BLOCK, &held, &old);
	rc = savefile_open(&file, path, &err);
	if (rc == 0) {
		rc = write_to(cli, file.fd, path, write, ctx);
		if (rc < 0)
			savefile_discard(&file);
		else
			rc = savefile_commit(&file, &err);
	}
	if (rc < 0 && err.msg[0])
		cli_warn_err(cli, path, &err);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* Under systemd: the journal keeps the time itself and takes the level from "<N>" (sd-daemon(3)). */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

static void
write_journal(void *ctx VRP_UNUSED, enum log_level level, const char *line)
{
	fprintf(stderr, "<%d>%s\n", (int)level, line);
}

static void
write_stderr(void *ctx, enum log_level level VRP_UNUSED, const char *line)
{
	const struct cli *cli = ctx;
	char stamp[STAMP_MAX];

	stamp_format(time(NULL), stamp);
	fprintf(stderr, "%s %s: %s\n", stamp, cli->tool, line);
}

static void
write_syslog(void *ctx VRP_UNUSED, enum log_level level, const char *line)
{
	syslog((int)level, "%s", line);
}

struct log
cli_log(const struct cli *cli, enum log_level max)
{
	return (struct log){stderr_is_journal() ? write_journal : write_stderr, (void *)cli, max};
}

struct log
cli_syslog(const struct cli *cli, enum log_level max)
{
	openlog(cli->tool, LOG_PID, LOG_DAEMON);
	return (struct log){write_syslog, NULL, max};
}

void
cli_return_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void
cli_reader_gone(const struct cli *cli)
{
	raise(SIGPIPE);
	cli_warn(cli, "standard output: %s", strerror(EPIPE));
}

int
cli_wait_input(const struct cli *cli, int fd, const struct timespec *timeout, const sigset_t *signals)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
	int n = ppoll(p, ARRAY_LEN(p), timeout, signals);

	if (n < 0 && errno != EINTR) {
		cli_warn(cli, "poll: %s", strerror(errno));
		return -1;
	}
	if (n > 0 && p[1].revents & (POLLERR | POLLHUP)) {
		cli_reader_gone(cli);
		return -1;
	}
	return n > 0 && p[0].revents;
}

int
cli_close_stdout(const struct cli *cli, int status)
{
	if (fflush(stdout) != 0 || ferror(stdout) || (close(STDOUT_FILENO) != 0 && errno != EBADF)) {
		cli_warn(cli, "standard output: %s", strerror(errno));
		return EXIT_TROUBLE;
	}
	return status;
}

void
cli_open_standard_streams(const struct cli *cli, bool output)
{
	int fd;

	if (output && fcntl(STDOUT_FILENO, F_GETFD) < 0)
		cli_die(cli, "standard output: %s", strerror(errno));
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		cli_die(cli, "/dev/null: %s", strerror(errno));
	close(fd);
}

static void
show_grant(const struct cli *cli, const struct sandbox_grant *g)
{
	static const char *const verbs[] = {"read", "write", "replace files in", "execute", "connect to port", "bind port",
					    "remove files in"};
	char what[128] = "";

	for (size_t i = 0, len = 0; i < ARRAY_LEN(verbs) && len < sizeof(what); i++)
		if (g->rights & 1U << i)
			len += (size_t)snprintf(what + len, sizeof(what) - len, "%s%s", len ? ", " : "", verbs[i]);
	if (g->path)
		cli_warn(cli, "sandbox: may %s %s", what, g->path);
	else if (g->port == SANDBOX_ANY_PORT)
		cli_warn(cli, "sandbox: may %s: any", what);
	else
		cli_warn(cli, "sandbox: may %s %u", what, g->port);
}

static void
show_sandbox(const struct cli *cli, const struct sandbox *box)
{
	for (size_t i = 0; i < box->count; i++)
		show_grant(cli, &box->grants[i]);
	cli_warn(cli, "sandbox: %s sockets; Landlock ABI %d%s, %s", box->network ? "new" : "no new", box->landlock,
		 box->landlock ? "" : " (none)", box->seccomp ? "seccomp" : "no seccomp");
}

void
cli_enter_sandbox(const struct cli *cli, struct sandbox *box)
{
	const char *wish = secure_getenv("VRP_SANDBOX");
	struct vrp_err err = {0};
	bool off = wish && strcmp(wish, "off") == 0, show = wish && strcmp(wish, "show") == 0;
	bool require = wish && strcmp(wish, "require") == 0;

	if (wish && !off && !show && !require && *wish && strcmp(wish, "on") != 0)
		cli_die(cli, "VRP_SANDBOX '%s': not on, off, show or require", wish);
	if (!off && sandbox_enter(box, &err) < 0)
		cli_die(cli, "sandbox: %s", err.msg);
	if (require && !sandbox_complete(box))
		cli_die(cli, "VRP_SANDBOX=require: this system has no Landlock with TCP ports, or no seccomp");
	if (show)
		show_sandbox(cli, box);
	sandbox_release(box);
}

bool
cli_progress_wanted(void)
{
	return isatty(STDERR_FILENO);
}
