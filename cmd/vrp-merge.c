/* SPDX-License-Identifier: ISC */
/*
 * vrp-merge: several tables as one, their union or what at least N of them hold.
 *
 * Without -f every input is read to its end and found good before a snapshot is
 * written; with one input that flattens its deltas.  With -f the inputs are
 * followed side by side, and what changes is written as deltas.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "load.h"
#include "merge.h"
#include "merger.h"
#include "num.h"

#define READ_SIZE ((size_t)256 * 1024)

enum { OPT_WAIT = CLI_LONG };

static const struct cli_option option_table[] = {
	{'n', "quorum", "N", "keep what at least N inputs hold, or all of them (default 1)"},
	{'f', "follow", NULL, "merge live: a snapshot, then a delta for each change"},
	{'o', "output", "FILE", "replace FILE instead of writing to standard output"},
	{'q', "quiet", NULL, "no summary, only what went wrong"},
	{OPT_WAIT, "wait", "DURATION", "with -f: begin without inputs that are late (default: wait for all)"},
};

struct options {
	char *const *paths;
	size_t count;
	const char *quorum_arg;
	size_t quorum;
	const char *output;
	uint32_t wait;		/* seconds, 0 for ever */
	bool follow;
	bool quiet;
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
summarise(const struct cli *cli, size_t inputs, const struct vrpset *set, double seconds)
{
	size_t vrps, keys, aspas, ipv4 = vrpset_ipv4_count(set);

	(void)vrpset_vrps(set, &vrps);
	(void)vrpset_router_keys(set, &keys);
	(void)vrpset_aspas(set, &aspas);
	cli_warn(cli, "%zu input%s: %zu IPv4 and %zu IPv6 VRPs, %zu router keys, %zu ASPAs; %.2f s", inputs,
		 inputs == 1 ? "" : "s", ipv4, vrps - ipv4, keys, aspas, seconds);
}

/* ---- once ---- */

struct snapshot {
	const struct load *loads;
	size_t count;
	const struct vrpset *set;
};

/* The inputs' unknown lines that begin with this byte. */
static void
write_others(struct out *out, const struct snapshot *s, char first)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *line = s->loads[i].other.data, *end = line + s->loads[i].other.len;

		for (const char *next; line < end; line = next) {
			next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
			if (*line == first)
				out_add(out, line, (size_t)(next - line));
		}
	}
}

/* The attributes of the one input, or the oldest time of several. */
static void
write_head(struct out *out, const struct snapshot *s)
{
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	for (size_t i = 0; i < s->count; i++) {
		int64_t t = s->loads[i].time;

		if (t != STAMP_UNKNOWN && (attrs.time == STAMP_UNKNOWN || t < attrs.time))
			attrs.time = t;
	}
	if (s->count == 1)
		stream_write_head(out, BLOCK_SNAPSHOT, s->loads[0].attrs.data, s->loads[0].attrs.len);
	else
		stream_write_begin(out, BLOCK_SNAPSHOT, &attrs);
}

static void
write_snapshot(struct out *out, const void *ctx)
{
	const struct snapshot *s = ctx;

	write_head(out, s);
	write_others(out, s, '%');
	stream_write_records(out, 0, s->set);
	write_others(out, s, '~');
	stream_write_end(out);
}

/* Read every input; how many were good before one that was not. */
static size_t
read_inputs(const struct cli *cli, const struct options *o, struct names *names, struct load *loads)
{
	struct vrp_err err = {0};
	size_t n;

	for (n = 0; n < o->count; n++) {
		if (load_read(&loads[n], o->paths[n], names, &err) < 0) {
			cli_warn_err(cli, o->paths[n], &err);
			break;
		}
	}
	return n;
}

static struct vrpset *
merge_loads(const struct cli *cli, const struct options *o, struct names *names, const struct load *loads)
{
	struct vrpset **sets = calloc(o->count, sizeof(struct vrpset *)), *set;
	struct vrp_err err = {0};

	if (!sets)
		cli_die(cli, "out of memory");
	for (size_t i = 0; i < o->count; i++)
		sets[i] = loads[i].set;
	set = merge_sets(names, sets, o->count, o->quorum, &err);
	if (!set)
		cli_warn(cli, "%s", err.msg);
	free(sets);
	return set;
}

static int
merge_once(const struct cli *cli, const struct options *o, struct names *names)
{
	struct load *loads = calloc(o->count, sizeof(*loads));
	struct vrpset *set = NULL;
	double start = now();
	int status = EXIT_TROUBLE;
	size_t n;

	if (!loads)
		cli_die(cli, "out of memory");
	n = read_inputs(cli, o, names, loads);
	if (n == o->count)
		set = merge_loads(cli, o, names, loads);
	if (set && cli_write(cli, o->output, write_snapshot, &(struct snapshot){loads, n, set}) == 0) {
		status = EXIT_DONE;
		if (!o->quiet)
			summarise(cli, n, set, now() - start);
	}
	vrpset_unref(set);
	while (n > 0)
		load_release(&loads[--n]);
	free(loads);
	return status;
}

/* ---- live ---- */

/* What stops a feed besides 0 and -1, which is that memory is out. */
#define OUTPUT_FAILED 1

struct follower {
	const struct cli *cli;
	const struct options *options;
	struct merger *merger;
	struct out out;
	struct pollfd *polls;	/* one for each input, fd -1 once it has ended; then one for standard output */
	size_t open;		/* inputs that have not ended */
	double start;
	bool broken;		/* an input was not good to its end */
};

static int
flush(struct follower *f)
{
	return out_flush(&f->out) < 0 ? OUTPUT_FAILED : 0;
}

static int
on_block(void *ctx, const struct buf *attrs, const struct vrpset *set, const struct delta *delta)
{
	struct follower *f = ctx;

	stream_write_head(&f->out, delta ? BLOCK_DELTA : BLOCK_SNAPSHOT, attrs->data, attrs->len);
	if (delta)
		stream_write_changes(&f->out, delta);
	else
		stream_write_records(&f->out, 0, set);
	stream_write_end(&f->out);
	if (!delta && !f->options->quiet)
		summarise(f->cli, f->options->count, set, now() - f->start);
	return flush(f);
}

static void
on_reject(void *ctx, size_t input, const struct vrp_err *reason)
{
	struct follower *f = ctx;
	struct vrp_err told = *reason;

	f->broken = true;
	vrp_err_set(&told, "%s; %s", reason->msg, merger_has_table(f->merger, input) ? "its last table goes on to count"
										     : "it has no table yet");
	cli_warn_err(f->cli, f->options->paths[input], &told);
}

static void
on_fail(void *ctx, const struct vrp_err *reason)
{
	struct follower *f = ctx;

	f->broken = true;
	cli_warn(f->cli, "%s; what was written last stands", reason->msg);
}

static int
on_other(void *ctx, size_t input VRP_UNUSED, const char *line, size_t len)
{
	struct follower *f = ctx;

	out_add(&f->out, line, len);
	out_add(&f->out, "\n", 1);
	return 0;
}

/*
 * A FIFO is opened before there is a writer, so that writers may come in any
 * order; poll(2) then waits for the first.
 */
static void
open_inputs(struct follower *f)
{
	const struct options *o = f->options;
	struct stat st;

	for (size_t i = 0; i < o->count; i++) {
		int fd = STDIN_FILENO;

		if (strcmp(o->paths[i], "-") != 0)
			fd = open(o->paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			fd = -1;
		}
		if (fd < 0)
			cli_die(f->cli, "%s: %s", o->paths[i], strerror(errno));
		f->polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	f->open = o->count;
}

/* The last table of an input that ends goes on to count. */
static int
end_input(struct follower *f, size_t i, int error)
{
	const struct options *o = f->options;
	int rc = error ? merger_break(f->merger, i) : merger_finish(f->merger, i);

	if (f->polls[i].fd != STDIN_FILENO)
		close(f->polls[i].fd);
	f->polls[i].fd = -1;
	f->open--;
	if (error)
		cli_warn(f->cli, "%s: %s", o->paths[i], strerror(error));
	f->broken |= error || !merger_has_table(f->merger, i);
	if (!merger_has_table(f->merger, i))
		cli_warn(f->cli, "%s has ended without a table", o->paths[i]);
	else if (!o->quiet && f->open)
		cli_warn(f->cli, "%s has ended, its last table goes on to count", o->paths[i]);
	return rc;
}

static int
read_input(struct follower *f, size_t i, char *data)
{
	ssize_t n = read(f->polls[i].fd, data, READ_SIZE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0)
		return merger_feed(f->merger, i, data, (size_t)n);
	return end_input(f, i, n < 0 ? errno : 0);
}

/* Milliseconds until late inputs are no longer waited for, -1 for ever. */
static int
wait_time(const struct follower *f)
{
	double left;

	if (!f->options->wait || merger_result(f->merger))
		return -1;
	left = f->start + f->options->wait - now();
	return left > 0 ? (int)(left * 1000) + 1 : -1;
}

/*
 * Before the snapshot: what becomes of inputs without a table.  Those that have
 * ended without one will never have one; only --wait does without them.
 */
static int
look_at_late(struct follower *f)
{
	const struct options *o = f->options;
	size_t late = 0, lost = 0;

	for (size_t i = 0; i < o->count; i++) {
		bool missing = !merger_has_table(f->merger, i);

		late += missing && f->polls[i].fd >= 0;
		lost += missing && f->polls[i].fd < 0;
	}
	if (lost > (o->wait ? o->count - o->quorum : 0))
		f->open = 0;
	else if (o->wait && (late == 0 || now() >= f->start + o->wait))
		return merger_start(f->merger);
	return 0;
}

/* Wait for input, or for a reader of ours that is gone, and take what there is. */
static int
follow_on(struct follower *f, char *data)
{
	size_t count = f->options->count;
	int rc = 0;

	if (poll(f->polls, count + 1, wait_time(f)) < 0 && errno != EINTR)
		cli_die(f->cli, "poll: %s", strerror(errno));
	if (f->polls[count].revents & (POLLERR | POLLHUP)) {
		f->out.error = EPIPE;
		return OUTPUT_FAILED;
	}
	for (size_t i = 0; i < count && rc == 0; i++)
		if (f->polls[i].fd >= 0 && f->polls[i].revents)
			rc = read_input(f, i, data);
	if (rc == 0 && !merger_result(f->merger))
		rc = look_at_late(f);
	return rc ? rc : flush(f);
}

static int
follow(struct follower *f, char *data)
{
	int rc = 0;

	open_inputs(f);
	while (f->open && rc == 0)
		rc = follow_on(f, data);
	if (rc < 0)
		cli_warn(f->cli, "out of memory");
	if (rc == OUTPUT_FAILED)
		cli_warn(f->cli, "standard output: %s", strerror(f->out.error));
	return rc || f->broken || !merger_result(f->merger) ? EXIT_TROUBLE : EXIT_DONE;
}

static int
merge_live(const struct cli *cli, const struct options *o, struct names *names)
{
	static const struct merger_ops ops = {
		.block = on_block,
		.reject = on_reject,
		.fail = on_fail,
		.other = on_other,
	};
	struct follower f = {.cli = cli, .options = o, .start = now()};
	char *data = malloc(READ_SIZE);
	int status;

	f.polls = calloc(o->count + 1, sizeof(*f.polls));
	f.merger = merger_new(names, o->count, o->quorum, &ops, &f);
	if (!data || !f.polls || !f.merger)
		cli_die(cli, "out of memory");
	f.polls[o->count] = (struct pollfd){.fd = STDOUT_FILENO};
	out_init(&f.out, STDOUT_FILENO);
	status = follow(&f, data);
	out_release(&f.out);
	merger_free(f.merger);
	free(f.polls);
	free(data);
	return status;
}

/* ---- options ---- */

static void
check_operands(const struct cli *cli, struct options *o)
{
	size_t inputs = 0;
	uint32_t n;

	for (size_t i = 0; i < o->count; i++)
		inputs += strcmp(o->paths[i], "-") == 0;
	if (inputs > 1)
		cli_usage_error(cli, "standard input can be only one of the inputs");
	if (strcmp(o->quorum_arg, "all") == 0)
		o->quorum = o->count;
	else if (num_u32(o->quorum_arg, strlen(o->quorum_arg), &n) && n > 0)
		o->quorum = n;
	else
		cli_usage_error(cli, "--quorum '%s': neither a number from 1 on nor 'all'", o->quorum_arg);
	if (o->quorum > o->count)
		cli_usage_error(cli, "--quorum %zu is more than the inputs, which are %zu", o->quorum, o->count);
	if (o->follow && o->output)
		cli_usage_error(cli, "--output is for one snapshot, not for --follow");
	if (o->wait && !o->follow)
		cli_usage_error(cli, "--wait is for --follow");
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	static char *const standard_input[] = {"-", NULL};
	int opt, index;

	while ((opt = cli_next(cli, argc, argv, &index)) != -1) {
		switch (opt) {
		case 'n':
			o->quorum_arg = cli->arg;
			break;
		case 'f':
			o->follow = true;
			break;
		case 'o':
			o->output = cli->arg;
			break;
		case 'q':
			o->quiet = true;
			break;
		case OPT_WAIT:
			o->wait = cli_duration(cli, "--wait", 1, 7 * 86400);
			break;
		}
	}
	o->paths = index < argc ? argv + index : standard_input;
	o->count = index < argc ? (size_t)(argc - index) : 1;
	check_operands(cli, o);
}

static void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	for (size_t i = 0; i < o->count; i++)
		sandbox_read(&box, o->paths[i]);
	sandbox_replace(&box, o->output);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-merge",
		.synopsis = "[options] [FILE ...]",
		.purpose = "write the union of tables, or what at least N of them hold, as one snapshot or live",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options o = {.quorum_arg = "1"};
	struct names *names;
	int status;

	parse_options(&cli, argc, argv, &o);
	enter_sandbox(&cli, &o);
	names = names_new();
	if (!names)
		cli_die(&cli, "out of memory");
	status = o.follow ? merge_live(&cli, &o, names) : merge_once(&cli, &o, names);
	names_unref(names);
	return cli_close_stdout(&cli, status);
}
