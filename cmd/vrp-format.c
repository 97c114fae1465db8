/* SPDX-License-Identifier: ISC */
/*
 * vrp-format: the line format in, any dialect out.
 *
 * Without --output the last table of the input is written once, at its end,
 * and only if all of the input was good.  With it the input may be a stream
 * that goes on for ever: the file is replaced after every block that commits.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "export.h"
#include "load.h"
#include "num.h"
#include "table.h"

/* What a callback returns to stop reading, besides -1 for memory. */
#define STOP 1

static const struct cli_option option_table[] = {
	{'o', "format", "DIALECT", "what to write, one of these"},
	{'O', "output", "FILE", "replace FILE, after every block, instead of writing to standard output"},
	{'T', "table", "NAME", "name of BIRD's table, or of both without 4 and 6 (default " EXPORT_BIRD_TABLE ")"},
	{'q', "quiet", NULL, "do not say which records have no place in the dialect"},
};

struct options {
	const struct export_format *format;
	const char *input;	/* a path, or "-" */
	const char *output;	/* NULL for standard output */
	const char *table;	/* BIRD's, NULL for the default */
	bool quiet;
};

/* A stream while it is read. */
struct job {
	const struct cli *cli;
	const struct options *options;
	struct vrpset *set;	/* of the last block, borrowed from the table */
	struct export_meta meta;	/* of set */
	struct buf source;	/* what meta.source points to */
	bool failed;		/* a block was refused or could not be written */
	bool told;		/* what is left out */
};

/* "json, csv, ..." */
static const char *
dialects(char *dst, size_t size)
{
	size_t len = 0;

	*dst = '\0';
	for (size_t i = 0; i < export_count() && len < size; i++)
		len += (size_t)snprintf(dst + len, size - len, "%s%s", i ? ", " : "", export_at(i)->name);
	return dst;
}

static void
set_format(const struct cli *cli, struct options *o)
{
	char list[256];

	o->format = export_find(cli->arg);
	if (!o->format)
		cli_usage_error(cli, "there is no dialect '%s'; there are %s", cli->arg, dialects(list, sizeof(list)));
}

static void
set_option(const struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 'o':
		set_format(cli, o);
		break;
	case 'O':
		o->output = cli->arg;
		break;
	case 'T':
		if (!export_bird_table(cli->arg))
			cli_usage_error(cli, "--table '%s': not a name that BIRD takes", cli->arg);
		o->table = cli->arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	}
}

/* ---- what is written */

static void
write_export(struct out *out, const void *ctx)
{
	const struct job *job = ctx;

	job->options->format->write(out, job->set, &job->meta);
}

/* "2 router keys, 55 ASPAs": what the dialect has no place for.  False when it has place for all. */
static bool
list_left_out(char *dst, size_t size, const struct export_format *format, const struct vrpset *set)
{
	static const struct {
		unsigned kind;
		const char *what;
	} kinds[] = {
		{EXPORT_IPV4, "IPv4 VRPs"},
		{EXPORT_IPV6, "IPv6 VRPs"},
		{EXPORT_ROUTER_KEYS, "router keys"},
		{EXPORT_ASPAS, "ASPAs"},
	};
	size_t vrps, counts[ARRAY_LEN(kinds)], len = 0;

	(void)vrpset_vrps(set, &vrps);
	counts[0] = vrpset_ipv4_count(set);
	counts[1] = vrps - counts[0];
	(void)vrpset_router_keys(set, &counts[2]);
	(void)vrpset_aspas(set, &counts[3]);
	for (size_t i = 0; i < ARRAY_LEN(kinds) && len < size; i++)
		if (counts[i] && !(format->holds & kinds[i].kind))
			len += (size_t)snprintf(dst + len, size - len, "%s%zu %s", len ? ", " : "", counts[i], kinds[i].what);
	return len > 0;
}

/* Once for a stream; its later tables have much the same. */
static void
tell_left_out(struct job *job)
{
	const struct export_format *format = job->options->format;
	char text[160];

	if (job->told || job->options->quiet || !list_left_out(text, sizeof(text), format, job->set))
		return;
	job->told = true;
	cli_warn(job->cli, "%s has no place for these, which are left out: %s", format->name, text);
}

static void
deliver(struct job *job)
{
	job->meta.generated = time(NULL);
	if (cli_write(job->cli, job->options->output, write_export, job) < 0)
		job->failed = true;
	else
		tell_left_out(job);
}

/* ---- what is read */

/* The number of an attribute, from 0 to max; -1 when it has none, -2 when memory is out. */
static int64_t
number_attr(const struct block_head *head, const char *name, uint32_t max)
{
	struct buf value = BUF_INIT;
	int found = block_attr(head, name, &value);
	uint32_t v = 0;
	bool good = found > 0 && num_u32(value.data, value.len, &v) && v <= max;

	buf_release(&value);
	return found < 0 ? -2 : good ? (int64_t)v : -1;
}

/*
 * A snapshot says all about itself.  A delta keeps source and session of what
 * it changes, and its time unless it has one; but a serial is that of one table
 * and no other.
 */
static int
take_meta(struct job *job, const struct block_head *head)
{
	struct export_meta *meta = &job->meta;
	int64_t session = number_attr(head, "session", UINT16_MAX);

	meta->serial = number_attr(head, "serial", UINT32_MAX);
	if (head->time != STAMP_UNKNOWN || head->kind != BLOCK_DELTA)
		meta->time = head->time;
	if (session >= 0 || head->kind != BLOCK_DELTA)
		meta->session = (int32_t)session;
	if (session == -2 || meta->serial == -2)
		return -1;
	if (head->kind == BLOCK_DELTA)
		return 0;
	buf_reset(&job->source);
	if (block_attr(head, "source", &job->source) < 0 || buf_add(&job->source, "", 1) < 0)
		return -1;
	meta->source = job->source.len > 1 ? job->source.data : NULL;
	return 0;
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct job *job = ctx;

	job->set = set;
	if (take_meta(job, head) < 0)
		return -1;
	if (job->options->output)
		deliver(job);
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct job *job = ctx;

	job->failed = true;
	cli_warn_err(job->cli, job->options->input, reason);
	return job->options->output ? 0 : STOP;
}

/* 0 when the input was read to its end or is of no more use, -1 when memory is out. */
static int
read_stream(struct job *job, struct table *t, int fd)
{
	int error, rc = load_feed(t, fd, &error);

	if (rc == 0 && error) {
		cli_warn(job->cli, "%s: %s", job->options->input, strerror(error));
		job->failed = true;
		rc = table_break(t);
	} else if (rc == 0) {
		rc = table_finish(t);
	}
	return rc == STOP ? 0 : rc;
}

static int
run(struct job *job)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	const char *input = job->options->input;
	bool standard = strcmp(input, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(input, O_RDONLY | O_CLOEXEC);
	struct names *names = names_new();
	struct table *t;

	if (fd < 0)
		cli_die(job->cli, "%s: %s", input, strerror(errno));
	t = names ? table_new(names, &ops, job) : NULL;
	if (!t || read_stream(job, t, fd) < 0)
		cli_die(job->cli, "out of memory");
	if (!job->set && !job->failed) {
		cli_warn(job->cli, "%s: no table: neither a block nor a record", input);
		job->failed = true;
	}
	if (!job->options->output && !job->failed)
		deliver(job);
	table_free(t);
	names_unref(names);
	if (!standard)
		close(fd);
	return job->failed ? EXIT_TROUBLE : EXIT_DONE;
}

static void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	sandbox_read(&box, o->input);
	sandbox_replace(&box, o->output);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-format",
		.synopsis = "-o DIALECT [options] [FILE]",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options o = {.input = "-"};
	struct job job = {.cli = &cli, .options = &o, .meta = EXPORT_META_INIT};
	char list[256], purpose[512];
	int opt, index, status;

	snprintf(purpose, sizeof(purpose), "write a table of the line format, read from FILE or standard input, in a dialect:\n%s",
		 dialects(list, sizeof(list)));
	cli.purpose = purpose;
	while ((opt = cli_next(&cli, argc, argv, &index)) != -1)
		set_option(&cli, &o, opt);
	if (!o.format)
		cli_usage_error(&cli, "no dialect: -o takes %s", list);
	if (argc - index > 1)
		cli_usage_error(&cli, "more than one FILE: '%s'", argv[index + 1]);
	if (index < argc)
		o.input = argv[index];
	job.meta.bird_table = o.table;
	enter_sandbox(&cli, &o);
	status = run(&job);
	buf_release(&job.source);
	return cli_close_stdout(&cli, status);
}
