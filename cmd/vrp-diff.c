/* SPDX-License-Identifier: ISC */
/*
 * vrp-diff: what leads from one table to another, as one delta of the line
 * format, in numbers, or as JSON; and in the exit status, as diff(1) has it.
 *
 * Both inputs are read to their ends and found good before anything is written.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "delta.h"
#include "diffjson.h"
#include "diffstat.h"
#include "load.h"
#include "num.h"
#include "stream.h"

enum {
	OPT_STAT = CLI_LONG,
	OPT_TOP,
	OPT_JSON,
};

static const struct cli_option option_table[] = {
	{'a', "annotations", NULL, "a changed trust anchor or expiry is a difference, too"},
	{'o', "output", "FILE", "replace FILE instead of writing to standard output"},
	{'q', "quiet", NULL, "write nothing, the exit status says it"},
	{OPT_STAT, "stat", NULL, "write a summary: kinds, trust anchors, ASes"},
	{OPT_TOP, "top", "N", "list at most N ASes in the summary (default 10)"},
	{OPT_JSON, "json", NULL, "write JSON in the form of rtrmon's diff.json"},
};

enum form { DELTA, STAT, JSON, NOTHING };

struct options {
	const char *old;
	const char *new;
	const char *output;
	enum form form;
	uint32_t top;
	bool top_given;
	bool annotations;
};

struct diff {
	const struct cli *cli;
	const struct options *options;
	struct load old;
	struct load new;
	struct delta delta;
};

static struct diffjson_side
side_of(const struct cli *cli, const char *path, const struct load *l)
{
	struct block_head head = {.attrs = l->attrs.data ? l->attrs.data : "", .attrs_len = l->attrs.len};
	struct diffjson_side side = {.set = l->set, .url = l->source.data, .time = l->time};
	struct buf text = BUF_INIT;
	uint32_t session;

	if (block_attr(&head, "serial", &text) < 0)
		cli_die(cli, "out of memory");
	(void)num_u32(text.data ? text.data : "", text.len, &side.serial);
	buf_reset(&text);
	if (block_attr(&head, "session", &text) < 0)
		cli_die(cli, "out of memory");
	if (num_u32(text.data ? text.data : "", text.len, &session) && session <= UINT16_MAX)
		side.session = (uint16_t)session;
	buf_release(&text);
	if (!side.url)
		side.url = strcmp(path, "-") == 0 ? "" : path;
	return side;
}

static void
write_json(struct out *out, const struct diff *d)
{
	struct diffjson_side old = side_of(d->cli, d->options->old, &d->old);
	struct diffjson_side new = side_of(d->cli, d->options->new, &d->new);

	diffjson_write(out, &old, &new, &d->delta);
}

static void
write_delta(struct out *out, const struct diff *d)
{
	if (delta_count(&d->delta) == 0)
		return;
	stream_write_head(out, BLOCK_DELTA, d->new.attrs.data, d->new.attrs.len);
	stream_write_changes(out, &d->delta);
	stream_write_end(out);
}

static void
write_difference(struct out *out, const void *ctx)
{
	const struct diff *d = ctx;

	switch (d->options->form) {
	case DELTA:
		write_delta(out, d);
		break;
	case STAT:
		if (diffstat_write(out, d->old.set, d->new.set, &d->delta, d->options->top) < 0)
			cli_die(d->cli, "out of memory");
		break;
	case JSON:
		write_json(out, d);
		break;
	case NOTHING:
		break;
	}
}

static int
load(const struct cli *cli, struct load *l, const char *path, struct names *names)
{
	struct vrp_err err = {0};

	if (load_read(l, path, names, &err) == 0)
		return 0;
	cli_warn_err(cli, path, &err);
	return -1;
}

static int
diff(struct diff *d)
{
	const struct options *o = d->options;
	int rc = o->annotations ? delta_exact(d->old.set, d->new.set, &d->delta)
				: delta_between(d->old.set, d->new.set, &d->delta);

	if (rc < 0)
		cli_die(d->cli, "out of memory");
	if (o->form != NOTHING && cli_write(d->cli, o->output, write_difference, d) < 0)
		return EXIT_TROUBLE;
	return delta_count(&d->delta) ? EXIT_NEGATIVE : EXIT_DONE;
}

static void
set_form(const struct cli *cli, struct options *o, enum form form)
{
	if (o->form != DELTA && o->form != form)
		cli_usage_error(cli, "only one of --quiet, --stat and --json can be done");
	o->form = form;
}

static void
set_option(const struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 'a':
		o->annotations = true;
		break;
	case 'o':
		o->output = cli->arg;
		break;
	case 'q':
		set_form(cli, o, NOTHING);
		break;
	case OPT_STAT:
		set_form(cli, o, STAT);
		break;
	case OPT_TOP:
		o->top = cli_number(cli, "--top", 0, UINT32_MAX);
		o->top_given = true;
		break;
	case OPT_JSON:
		set_form(cli, o, JSON);
		break;
	}
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	int opt, index;

	while ((opt = cli_next(cli, argc, argv, &index)) != -1)
		set_option(cli, o, opt);
	if (argc - index != 2)
		cli_usage_error(cli, "two tables are needed, OLD and NEW");
	o->old = argv[index];
	o->new = argv[index + 1];
	if (strcmp(o->old, "-") == 0 && strcmp(o->new, "-") == 0)
		cli_usage_error(cli, "standard input can be only one of the tables");
	if (o->top_given && o->form != STAT)
		cli_usage_error(cli, "--top is for --stat");
	if (o->annotations && o->form == JSON)
		cli_usage_error(cli, "--json has no room for --annotations");
	if (o->output && o->form == NOTHING)
		cli_usage_error(cli, "--quiet leaves nothing for --output");
}

static void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	sandbox_read(&box, o->old);
	sandbox_read(&box, o->new);
	sandbox_replace(&box, o->output);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-diff",
		.synopsis = "[options] OLD NEW",
		.purpose = "write what leads from one table to another as a delta; exit 0 when they are the same, 1 when not",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options o = {.top = 10};
	struct diff d = {.cli = &cli, .options = &o, .delta = DELTA_INIT};
	struct names *names;
	int status = EXIT_TROUBLE;

	parse_options(&cli, argc, argv, &o);
	enter_sandbox(&cli, &o);
	names = names_new();
	if (!names)
		cli_die(&cli, "out of memory");
	if (load(&cli, &d.old, o.old, names) == 0 && load(&cli, &d.new, o.new, names) == 0)
		status = diff(&d);
	delta_release(&d.delta);
	load_release(&d.old);
	load_release(&d.new);
	names_unref(names);
	return cli_close_stdout(&cli, status);
}
