/* SPDX-License-Identifier: ISC */
/*
 * vrpfs: a live table as a file system.  Here are its options, signals, and the
 * way to the background; vrpfs.h has what is mounted.
 *
 *	main.c		options, background, signals
 *	mountpoint.c	the directory
 *	vrpfs.c		the threads, and how a change goes through
 *	session.c	mount, and threads that answer the kernel
 *	guard.c		who unmounts, whatever becomes of the rest
 *	ops.c		its requests
 *	kcache.c	what it holds, and what of it a change outdates
 *	followers.c	readers of /events that wait
 *	tree.h		what is at which path
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cli.h"
#include "cli_cache.h"
#include "fetch.h"
#include "mountpoint.h"
#include "num.h"
#include "vrpfs.h"

enum {
	OPT_REFRESH = CLI_LONG,
	OPT_MAX_AGE,
	OPT_STRICT,
	OPT_TIMEOUT,
	OPT_MAX_SIZE,
	OPT_CACERT,
	OPT_USER_AGENT,
	OPT_EXIT_ON_EOF,
};

static const struct cli_option option_table[] = {
	{'b', "background", NULL, "go to the background when the table is there (default, unless SOURCE is -)"},
	{'f', "foreground", NULL, "stay in the foreground"},
	{'o', "options", "LIST", "options of mount, and long ones of these, joined by commas"},
	{'E', "ignore-expiry", NULL, "keep records that have expired"},
	{OPT_REFRESH, "refresh", "DURATION", "fetch a feed so often (default 10m)"},
	{OPT_MAX_AGE, "max-age", "DURATION", "empty the tree when the data is older (default 24h, 0 never)"},
	{OPT_STRICT, "strict", NULL, "refuse a feed with a bad record instead of skipping it"},
	{OPT_TIMEOUT, "timeout", "DURATION", "give up on a download after so long (default 5m, 0 never)"},
	{OPT_MAX_SIZE, "max-size", "SIZE", "refuse a larger feed, decompressed (default 2G, 0 any)"},
	{OPT_CACERT, "cacert", "FILE", "trust these certificate authorities instead of the system's"},
	{OPT_USER_AGENT, "user-agent", "TEXT", "what to tell servers (default vrptools/VERSION)"},
	CLI_CACHE_OPTIONS,
	{OPT_EXIT_ON_EOF, "exit-on-eof", NULL, "unmount when the input ends instead of staying"},
	{'v', "verbose", NULL, "log more"},
	{'q', "quiet", NULL, "log only warnings and errors"},
};

struct options {
	struct vrpfs_config fs;
	struct cli_cache access;	/* towards caches */
	struct transports transports;	/* with this access */
	const char *path;
	char *whole_path;
	bool background, foreground;
	bool nonempty;
	bool exit_on_eof;
	enum log_level level;
	struct buf mount;	/* options that are passed on */
	struct buf copies;	/* pointers to memory that options point into */
};

/* What threads tell the main loop, each a bit, and in reason why the source fails. */
struct daemon {
	const struct cli *cli;
	struct options *options;
	struct log log;		/* standard error, then syslog; changes under lock */
	struct log log_of_fs;	/* leads there */
	struct vrpfs *fs;
	int told;		/* eventfd */
	int signals;		/* signalfd */
	int parent;		/* pipe to who waits for us in the foreground, -1 */
	bool ready;

	pthread_mutex_t lock;
	unsigned events;
	char reason[240];
};

/* ---- options ---- */

static void
set_option(struct cli *cli, struct options *o, int opt)
{
	struct source_config *source = &o->fs.source;

	if (cli_cache_option(cli, &o->access, opt))
		return;
	switch (opt) {
	case 'b':
		o->background = true;
		break;
	case 'f':
		o->foreground = true;
		break;
	case 'E':
		source->ignore_expiry = true;
		break;
	case OPT_REFRESH:
		source->refresh = cli_duration(cli, "--refresh", 1, 7 * 86400);
		break;
	case OPT_MAX_AGE:
		source->max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		break;
	case OPT_STRICT:
		source->strict = true;
		break;
	case OPT_TIMEOUT:
		source->fetch.timeout = cli_duration(cli, "--timeout", 0, 7 * 86400);
		break;
	case OPT_MAX_SIZE:
		source->fetch.max_size = cli_size(cli, "--max-size");
		break;
	case OPT_CACERT:
		source->fetch.ca_file = cli->arg;
		break;
	case OPT_USER_AGENT:
		source->fetch.user_agent = cli->arg;
		break;
	case OPT_EXIT_ON_EOF:
		o->exit_on_eof = true;
		break;
	case 'v':
		o->level = LOG_LEVEL_DEBUG;
		break;
	case 'q':
		o->level = LOG_LEVEL_WARNING;
		break;
	}
}

static bool
is_one_of(const char *name, const char *const *list)
{
	while (*list && strcmp(name, *list) != 0)
		list++;
	return *list != NULL;
}

/* What mount(8) and fstab(5) may say that is not for us, or is so in any case. */
static bool
is_ignored(const char *name)
{
	static const char *const list[] = {"rw", "ro", "suid", "nosuid", "dev", "nodev", "defaults", "auto", "noauto", "user",
					   "nouser", "users", "owner", "group", "nofail", "_netdev", "relatime", "lazytime",
					   "nolazytime", "comment", NULL};

	return is_one_of(name, list) || strncasecmp(name, "x-", 2) == 0;
}

static bool
is_passed_on(const char *name)
{
	static const char *const list[] = {"allow_other", "allow_root", "default_permissions", "auto_unmount", "exec", "noexec",
					   "sync", "async", "dirsync", "atime", "noatime", "diratime", "nodiratime",
					   "norelatime", "strictatime", "nostrictatime", "max_read", "context", "fscontext",
					   "defcontext", "rootcontext", NULL};

	return is_one_of(name, list);
}

static uint32_t
id_of(struct cli *cli, const char *name)
{
	uint32_t id;

	if (!cli->arg || !num_u32(cli->arg, strlen(cli->arg), &id))
		cli_usage_error(cli, "-o %s: not a number", name);
	return id;
}

static mode_t
umask_of(struct cli *cli)
{
	char *end;
	unsigned long mask = cli->arg ? strtoul(cli->arg, &end, 8) : 01000;

	if (mask > 0777 || *end || !*cli->arg)
		cli_usage_error(cli, "-o umask: not an octal number up to 777");
	return (mode_t)mask;
}

static bool
set_own(struct cli *cli, struct options *o, const char *name)
{
	if (strcmp(name, "uid") == 0)
		o->fs.uid = id_of(cli, name);
	else if (strcmp(name, "gid") == 0)
		o->fs.gid = id_of(cli, name);
	else if (strcmp(name, "umask") == 0)
		o->fs.umask = umask_of(cli);
	else if (strcmp(name, "nonempty") == 0)
		o->nonempty = true;
	else
		return false;
	return true;
}

static bool
set_long(struct cli *cli, struct options *o, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(option_table); i++) {
		const struct cli_option *known = &option_table[i];

		if (strcmp(name, known->name) != 0 || known->value == 'o')
			continue;
		if (!known->arg != !cli->arg)
			cli_usage_error(cli, "-o %s: %s", name, known->arg ? "has no value" : "takes no value");
		set_option(cli, o, known->value);
		return true;
	}
	return false;
}

static void
set_mount_option(struct cli *cli, struct options *o, char *item)
{
	char *value = strchr(item, '=');

	cli->arg = value ? value + 1 : NULL;
	if (value)
		*value = '\0';
	if (is_ignored(item) || set_own(cli, o, item) || set_long(cli, o, item))
		return;
	if (!is_passed_on(item))
		cli_usage_error(cli, "-o %s: unknown option", item);
	if (buf_addf(&o->mount, "%s%s%s%s", o->mount.len ? "," : "", item, value ? "=" : "", value ? value + 1 : "") < 0)
		cli_die(cli, "out of memory");
}

/* Copies live as long as the program: options point into them. */
static void
set_mount_options(struct cli *cli, struct options *o)
{
	char *copy = strdup(cli->arg), *rest = copy, *item;

	if (!copy || buf_add(&o->copies, &copy, sizeof(copy)) < 0)
		cli_die(cli, "out of memory");
	while ((item = strsep(&rest, ",")))
		if (*item)
			set_mount_option(cli, o, item);
}

/* A file keeps its name when we leave the directory that it is named from. */
static const char *
whole_name(const struct cli *cli, struct options *o, const char *arg)
{
	struct stat st;
	char *whole;

	if (strcmp(arg, "-") == 0 || *arg == '/' || stat(arg, &st) < 0)
		return arg;
	whole = realpath(arg, NULL);
	if (!whole)
		cli_die(cli, "%s: %s", arg, strerror(errno));
	if (buf_add(&o->copies, &whole, sizeof(whole)) < 0)
		cli_die(cli, "out of memory");
	return whole;
}

/* Files that are opened later. */
static void
keep_names(const struct cli *cli, struct options *o)
{
	struct tls_security *tls = &o->access.security.tls;
	struct ssh_security *ssh = &o->access.security.ssh;
	const char **names[] = {&o->fs.source.source, &o->fs.source.fetch.ca_file, &tls->ca_file, &tls->cert_file,
				&tls->key_file, &ssh->known_hosts, &ssh->key_file, &ssh->password_file};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (*names[i])
			*names[i] = whole_name(cli, o, *names[i]);
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	int opt, index;
	char *name;

	while ((opt = cli_next(cli, argc, argv, &index)) != -1) {
		if (opt == 'o')
			set_mount_options(cli, o);
		else
			set_option(cli, o, opt);
	}
	if (argc - index != 2)
		cli_usage_error(cli, argc - index < 2 ? "a SOURCE and a MOUNTPOINT are needed" : "too many arguments");
	if (o->background && o->foreground)
		cli_usage_error(cli, "-b and -f exclude each other");
	o->path = argv[index + 1];
	o->fs.source.source = argv[index];
	if (!o->foreground && strcmp(argv[index], "-") != 0)
		o->background = true;
	if (o->background)
		keep_names(cli, o);
	name = fetch_name(o->fs.source.source);
	if (!name || buf_add(&o->copies, &name, sizeof(name)) < 0 || buf_add(&o->mount, "", 1) < 0)
		cli_die(cli, "out of memory");
	o->fs.name = name;
	o->fs.options = o->mount.data;
	cli_cache_finish(cli, &o->access);
	o->transports = transports_all(&o->access.security);
	o->fs.source.transports = &o->transports;
}

static void
release_options(struct options *o)
{
	char **copies = (char **)(void *)o->copies.data;

	for (size_t i = 0; i < o->copies.len / sizeof(*copies); i++)
		free(copies[i]);
	buf_release(&o->copies);
	buf_release(&o->mount);
	cli_cache_release(&o->access);
}

/* ---- background ---- */

/* Wait until the child says that it is ready, by a byte, or ends; its exit status is ours. */
static VRP_NORETURN void
wait_for_child(pid_t child, int fd)
{
	char byte;
	int status;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_DONE);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_TROUBLE);
}

/* Before any thread: the child does all the work, and is not in the background before it is ready. */
static void
fork_child(struct daemon *d)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		cli_die(d->cli, "cannot go to the background: %s", strerror(errno));
	child = fork();
	if (child < 0)
		cli_die(d->cli, "cannot go to the background: %s", strerror(errno));
	if (child > 0) {
		close(ends[1]);
		wait_for_child(child, ends[0]);
	}
	close(ends[0]);
	d->parent = ends[1];
}

/* Whoever started us must not wait for our descriptors, nor lose a terminal to us; a stream on standard input stays. */
static void
go_to_background(struct daemon *d)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool input = strcmp(d->options->fs.source.source, "-") == 0;

	pthread_mutex_lock(&d->lock);
	d->log = cli_syslog(d->cli, d->options->level);
	pthread_mutex_unlock(&d->lock);
	(void)setsid();
	if (chdir("/") < 0 || null < 0)
		log_line(&d->log, LOG_LEVEL_WARNING, "not all of the way to the background: %s", strerror(errno));
	for (int fd = input ? 1 : 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (null >= 0)
		close(null);
	(void)!write(d->parent, "", 1);
	close(d->parent);
	d->parent = -1;
}

/* ---- log ---- */

static void
write_log(void *ctx, enum log_level level, const char *line)
{
	struct daemon *d = ctx;
	struct log to;

	pthread_mutex_lock(&d->lock);
	to = d->log;
	pthread_mutex_unlock(&d->lock);
	if (level <= to.max)
		to.write(to.ctx, level, line);
}

/* Who waits for us in the foreground hears of the end by one message or none. */
static void
start_log(struct daemon *d)
{
	enum log_level level = d->options->level;

	d->log = cli_log(d->cli, d->options->background && level < LOG_LEVEL_DEBUG ? LOG_LEVEL_ERROR : level);
	d->log_of_fs = (struct log){write_log, d, level};
}

/* ---- events ---- */

static void
on_event(void *ctx, enum vrpfs_event event, const char *text)
{
	struct daemon *d = ctx;
	uint64_t one = 1;

	pthread_mutex_lock(&d->lock);
	d->events |= 1U << event;
	if (text && !d->reason[0])
		snprintf(d->reason, sizeof(d->reason), "%s", text);
	pthread_mutex_unlock(&d->lock);
	(void)!write(d->told, &one, sizeof(one));
}

/* The exit status, or -1 to go on. */
static int
handle_events(struct daemon *d)
{
	uint64_t count;
	unsigned events;

	(void)!read(d->told, &count, sizeof(count));
	pthread_mutex_lock(&d->lock);
	events = d->events;
	d->events = 0;
	pthread_mutex_unlock(&d->lock);
	if (events & 1U << VRPFS_READY) {
		d->ready = true;
		if (d->parent >= 0)
			go_to_background(d);
	}
	if (events & 1U << VRPFS_UNMOUNTED) {
		log_line(&d->log, LOG_LEVEL_NOTICE, "unmounted");
		return EXIT_DONE;
	}
	if (events & 1U << VRPFS_FAILED && d->parent >= 0) {
		cli_warn(d->cli, "%s: %s", d->options->fs.name, d->reason);
		return EXIT_TROUBLE;
	}
	if (events & 1U << VRPFS_INPUT_ENDED && d->options->exit_on_eof) {
		log_line(&d->log, LOG_LEVEL_NOTICE, "input has ended, unmounting");
		return d->ready ? EXIT_DONE : EXIT_TROUBLE;
	}
	return -1;
}

static int
handle_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGHUP) {
		vrpfs_refresh(d->fs);
		return -1;
	}
	log_line(&d->log, LOG_LEVEL_NOTICE, "%s, unmounting", info.ssi_signo == SIGINT ? "interrupted" : "terminated");
	return d->parent >= 0 ? EXIT_TROUBLE : EXIT_DONE;
}

static int
run(struct daemon *d)
{
	struct pollfd fds[] = {{.fd = d->signals, .events = POLLIN}, {.fd = d->told, .events = POLLIN}};
	int status = -1;

	while (status < 0) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			status = handle_signal(d);
		if (status < 0 && fds[1].revents)
			status = handle_events(d);
	}
	return status;
}

/* ---- set-up ---- */

/* Signals wait for run(), on every thread. */
static void
set_up(struct daemon *d)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC);
	d->told = eventfd(0, EFD_CLOEXEC);
	if (d->signals < 0 || d->told < 0)
		cli_die(d->cli, "cannot start: %s", strerror(errno));
}

static const char *
hint(const struct options *o)
{
	return geteuid() != 0 && strstr(o->fs.options, "allow_") ? " (allow_other and allow_root are for root, unless "
								   "user_allow_other stands in /etc/fuse.conf)" : "";
}

static void
mount_it(struct daemon *d)
{
	struct options *o = d->options;
	struct vrp_err err;
	bool took_over;

	vrp_err_clear(&err);
	o->whole_path = mountpoint_prepare(o->path, o->nonempty, &took_over, &err);
	if (!o->whole_path)
		cli_die(d->cli, "%s: %s", o->path, err.msg);
	o->fs.path = o->whole_path;
	if (took_over)
		cli_warn(d->cli, "%s: took over from a vrpfs that was killed", o->fs.path);
	o->fs.log = &d->log_of_fs;
	o->fs.event = on_event;
	o->fs.ctx = d;
	d->fs = vrpfs_mount(&o->fs, &err);
	if (!d->fs)
		cli_die(d->cli, "%s: %s%s", o->path, err.msg, hint(o));
}

/* Mounted, and before there are threads. */
static void
enter_sandbox(const struct daemon *d)
{
	struct sandbox box;

	sandbox_init(&box);
	source_keep(&d->options->fs.source, &box);
	if (d->options->background)
		sandbox_sockets(&box);	/* syslogd may go and come back */
	tzset();	/* syslog(3) tells the time by a file */
	cli_enter_sandbox(d->cli, &box);
	log_line(&d->log, LOG_LEVEL_DEBUG, "sandbox: Landlock ABI %d, %s", box.landlock, box.seccomp ? "seccomp" : "no seccomp");
}

static int
serve(struct daemon *d)
{
	struct vrp_err err;
	int status = EXIT_TROUBLE;

	vrp_err_clear(&err);
	if (vrpfs_start(d->fs, &err) < 0) {
		cli_warn(d->cli, "%s: %s", d->options->fs.name, err.msg);
	} else {
		log_line(&d->log, LOG_LEVEL_INFO, "mounted on %s", d->options->fs.path);
		status = run(d);
	}
	return vrpfs_stop(d->fs) < 0 ? EXIT_TROUBLE : status;
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrpfs",
		.synopsis = "[options] SOURCE MOUNTPOINT",
		.purpose = "mount a live table as a file system",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options options = {
		.fs = {.source = SOURCE_CONFIG_DEFAULT, .uid = getuid(), .gid = getgid()},
		.level = LOG_LEVEL_INFO,
	};
	struct daemon d = {.cli = &cli, .options = &options, .parent = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
	int status;

	parse_options(&cli, argc, argv, &options);
	cli_open_standard_streams(&cli, false);
	cli_return_memory();
	start_log(&d);
	if (options.background)
		fork_child(&d);
	set_up(&d);
	mount_it(&d);
	enter_sandbox(&d);
	status = serve(&d);
	free(options.whole_path);
	release_options(&options);
	close(d.signals);
	close(d.told);
	return status;
}
