/* SPDX-License-Identifier: ISC */
/*
 * vrp-slurm: local exceptions (SLURM) on a VRP stream.
 *
 * A filter of standard input to standard output, block by block.  With --watch
 * it keeps the data and looks at the files, too: when they change, the
 * difference goes out as a delta.  With --check it only reads the files.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "filewatch.h"
#include "slurm.h"
#include "slurm_filter.h"

#define READ_SIZE ((size_t)256 * 1024)

static const struct cli_option option_table[] = {
	{'c', "check", NULL, "only check the files"},
	{'f', "file", "FILE", "exceptions to apply; may be given several times"},
	{'q', "quiet", NULL, "no summaries, only what went wrong"},
	{'w', "watch", NULL, "watch the files, and write what a change of them changes"},
};

/* What the callbacks return when standard output failed, which was reported. */
#define OUTPUT_FAILED 1

struct tool {
	struct cli *cli;
	struct names *names;
	struct filewatch *files;	/* in the order given */
	size_t file_count;
	bool check;
	bool watch;
	bool quiet;
	struct out out;
	struct slurm_filter *filter;
	bool refused;			/* some block was */
};

static volatile sig_atomic_t hangup;

static void
on_hangup(int signal VRP_UNUSED)
{
	hangup = 1;
}

/* ---- the files */

static ssize_t
read_fd(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	const int *fd = ctx;
	ssize_t n;

	do {
		n = read(*fd, dst, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? vrp_err_set(err, "%s", strerror(errno)) : n;
}

/* -1 when the file is not good, which was reported. */
static int
read_file(struct tool *t, struct filewatch *file, struct slurm_builder *b)
{
	bool input = strcmp(file->path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(file->path, O_RDONLY | O_CLOEXEC), rc;
	struct feed_input in = {read_fd, &fd};
	struct vrp_err err = {0};

	if (fd < 0) {
		vrp_err_set(&err, "%s", strerror(errno));
		rc = -1;
	} else {
		filewatch_took(file, fd);
		rc = slurm_read(b, file->path, &in, &err);
	}
	if (fd >= 0 && !input)
		close(fd);
	if (rc < 0)
		cli_warn_err(t->cli, file->path, &err);
	return rc;
}

/* All files, compiled; NULL when they are not all good.  Each that is not is reported. */
static struct slurm *
read_files(struct tool *t)
{
	struct slurm_builder *b = slurm_builder_new(t->names);
	struct vrp_err err = {0};
	struct slurm *slurm = NULL;
	bool good = true;

	for (size_t i = 0; i < t->file_count && b; i++) {
		if (read_file(t, &t->files[i], b) == 0)
			continue;
		good = false;
		slurm_builder_free(b);
		b = slurm_builder_new(t->names);
	}
	if (!b) {
		cli_warn(t->cli, "out of memory");
	} else if (!good) {
		slurm_builder_free(b);
	} else {
		slurm = slurm_finish(b, &err);
		if (!slurm)
			cli_warn(t->cli, "%s", err.msg);
	}
	return slurm;
}

static void
describe(const struct tool *t, const struct slurm *slurm, const char *what)
{
	if (!t->quiet)
		cli_warn(t->cli, "%s: %zu filters, %zu assertions", what, slurm_filter_count(slurm),
			 vrpset_count(slurm_assertions(slurm)));
}

/* ---- the stream */

static int
flush(struct tool *t)
{
	if (out_flush(&t->out) == 0)
		return 0;
	cli_warn(t->cli, "standard output: %s", strerror(errno));
	return OUTPUT_FAILED;
}

static int
on_written(void *ctx, enum block_kind kind, const struct slurm_counts *counts)
{
	struct tool *t = ctx;

	if (!t->quiet)
		cli_warn(t->cli, "%s: %zu kept, %zu removed, %zu asserted", kind == BLOCK_DELTA ? "delta" : "snapshot",
			 counts->kept, counts->removed, counts->asserted);
	return flush(t);
}

static int
on_refused(void *ctx, const struct vrp_err *reason)
{
	struct tool *t = ctx;

	t->refused = true;
	cli_warn_err(t->cli, "standard input", reason);
	return 0;
}

static const struct slurm_filter_ops filter_ops = {on_written, on_refused};

/* Do the files differ from those that were read? */
static bool
files_changed(struct tool *t)
{
	bool changed = hangup;

	hangup = 0;
	for (size_t i = 0; i < t->file_count; i++) {
		enum filewatch_state state = filewatch_look(&t->files[i]);

		changed |= state == FILEWATCH_CHANGED;
		if (state == FILEWATCH_GONE)
			cli_warn(t->cli, "%s: no longer there, the exceptions stay as they are", t->files[i].path);
	}
	return changed;
}

/* 0, or OUTPUT_FAILED.  Files that are not good change nothing. */
static int
reload(struct tool *t)
{
	struct slurm *slurm = read_files(t);
	struct vrp_err err = {0};
	size_t changed;

	if (!slurm) {
		cli_warn(t->cli, "the exceptions stay as they are");
		return 0;
	}
	describe(t, slurm, "exceptions changed");
	if (slurm_filter_change(t->filter, slurm, &changed, &err) < 0) {
		cli_warn(t->cli, "%s; the exceptions stay as they are", err.msg);
		return 0;
	}
	if (!t->quiet)
		cli_warn(t->cli, "%zu records changed", changed);
	return flush(t);
}

static int
finish(struct tool *t, int rc)
{
	if (rc < 0)
		cli_warn(t->cli, "out of memory");
	else if (rc == 0)
		rc = flush(t);
	return rc || t->refused ? EXIT_TROUBLE : EXIT_DONE;
}

/* Wait for input, for a look at the files, or for the reader of the output to go. */
static int
wait_for_input(const struct tool *t)
{
	static const struct timespec look = {FILEWATCH_MS / 1000, FILEWATCH_MS % 1000 * 1000000L};
	sigset_t none;

	sigemptyset(&none);
	return cli_wait_input(t->cli, STDIN_FILENO, t->watch ? &look : NULL, &none);
}

static int
filter(struct tool *t, char *data)
{
	int64_t looked = 0;
	ssize_t n;
	int rc = 0;

	for (;;) {
		int readable = wait_for_input(t);

		if (readable < 0)
			return EXIT_TROUBLE;
		if (t->watch && (hangup || time(NULL) != looked)) {
			looked = time(NULL);
			if (files_changed(t) && (rc = reload(t)) != 0)
				return finish(t, rc);
		}
		if (!readable)
			continue;
		n = read(STDIN_FILENO, data, READ_SIZE);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			cli_warn(t->cli, "standard input: %s", strerror(errno));
		if (n <= 0) {
			t->refused |= n < 0;
			return finish(t, n < 0 ? slurm_filter_break(t->filter) : slurm_filter_finish(t->filter));
		}
		rc = slurm_filter_feed(t->filter, data, (size_t)n);
		if (rc)
			return finish(t, rc);
		if (t->out.buf.len && (rc = flush(t)) != 0)
			return finish(t, rc);
	}
}

static int
run(struct tool *t, struct slurm *slurm)
{
	char *data = malloc(READ_SIZE);
	int status;

	if (t->watch) {
		struct sigaction sa = {.sa_handler = on_hangup};
		sigset_t set;

		/* Let through only where it is waited for. */
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		sigaction(SIGHUP, &sa, NULL);
	}
	out_init(&t->out, STDOUT_FILENO);
	t->filter = slurm_filter_new(t->names, slurm, t->watch, &t->out, &filter_ops, t);
	if (!t->filter)
		slurm_free(slurm);
	if (!t->filter || !data) {
		cli_warn(t->cli, "out of memory");
		status = EXIT_TROUBLE;
	} else {
		status = filter(t, data);
	}
	slurm_filter_free(t->filter);
	out_release(&t->out);
	free(data);
	return status;
}

/* ---- options */

static void
add_file(struct tool *t, const char *path)
{
	t->files[t->file_count++].path = path;
}

static void
parse_options(struct tool *t, int argc, char **argv)
{
	struct cli *cli = t->cli;
	bool input = false;
	int opt, index;

	t->files = calloc((size_t)argc, sizeof(*t->files));
	if (!t->files)
		cli_die(cli, "out of memory");
	while ((opt = cli_next(cli, argc, argv, &index)) != -1) {
		switch (opt) {
		case 'c':
			t->check = true;
			break;
		case 'f':
			add_file(t, cli->arg);
			break;
		case 'q':
			t->quiet = true;
			break;
		case 'w':
			t->watch = true;
			break;
		}
	}
	while (index < argc)
		add_file(t, argv[index++]);
	if (t->file_count == 0)
		cli_usage_error(cli, "no file of exceptions given");
	for (size_t i = 0; i < t->file_count; i++) {
		if (strcmp(t->files[i].path, "-") != 0)
			continue;
		if (input || !t->check)
			cli_usage_error(cli, "standard input has the records, or with --check one file");
		input = true;
	}
	if (t->check && t->watch)
		cli_usage_error(cli, "--check and --watch exclude each other");
}

static void
enter_sandbox(const struct tool *t)
{
	struct sandbox box;

	sandbox_init(&box);
	for (size_t i = 0; i < t->file_count; i++) {
		if (t->watch)
			sandbox_follow(&box, t->files[i].path);
		else
			sandbox_read(&box, t->files[i].path);
	}
	cli_enter_sandbox(t->cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-slurm",
		.synopsis = "[-cqw] -f FILE [FILE ...]",
		.purpose = "apply local exceptions (SLURM, RFC 8416) to the stream on standard input",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct tool t = {.cli = &cli};
	int status = EXIT_TROUBLE;
	struct slurm *slurm;

	parse_options(&t, argc, argv);
	enter_sandbox(&t);
	t.names = names_new();
	if (!t.names)
		cli_die(&cli, "out of memory");
	slurm = read_files(&t);
	if (slurm)
		describe(&t, slurm, "exceptions");
	if (slurm && t.check) {
		slurm_free(slurm);
		status = EXIT_DONE;
	} else if (slurm) {
		status = run(&t, slurm);
	}
	names_unref(t.names);
	free(t.files);
	return cli_close_stdout(&cli, status);
}
