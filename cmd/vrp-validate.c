/* SPDX-License-Identifier: ISC */
/*
 * vrp-validate: what a table of the line format makes of routes, by origin
 * validation and, when asked to, by their paths.
 *
 * The table, of a file or a cache, is read to its end and found good first.  Routes are then taken as
 * they come, so that another program may write one and read the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "load.h"
#include "num.h"
#include "routefile.h"
#include "rtr_ask.h"
#include "vrp-validate.h"

#define EXIT_NOT_FOUND 3	/* of one route */
#define CACHE_TIMEOUT_MS 30000
#define TOP 10			/* origins in a summary */
#define BATCH 256		/* routes that are validated together */
#define NAMED 20		/* lines that are passed over with their reason */
#define STOP 1			/* what a callback returns to stop reading */

enum {
	OPT_ASPA = CLI_LONG,
	OPT_RS_CLIENT,
	OPT_JSON,
	OPT_ROV,
	OPT_ONLY,
	OPT_WATCH,
};

static const struct cli_option option_table[] = {
	{'t', "table", "TABLE", "the VRPs: a file, - for standard input, or tcp://HOST[:PORT], a cache"},
	{'a', "as", "AS", "our AS, the origin of routes whose path is empty"},
	{'b', "brief", NULL, "leave out the VRPs"},
	{'q', "quiet", NULL, "of one route, write nothing; with --watch, no summaries"},
	{'s', "summary", NULL, "write numbers of routes by state instead"},
	{'u', "unique", NULL, "write routes of one prefix and origin that follow each other once"},
	{OPT_ASPA, "aspa", "DIRECTION", "verify paths, too: heard from upstream or downstream"},
	{OPT_RS_CLIENT, "rs-client", NULL, "neighbours are route servers, which are not in the path"},
	{OPT_JSON, "json", NULL, "write JSON as Routinator does"},
	{OPT_ROV, "rov", NULL, "write lines as rpki-rov does"},
	{OPT_ONLY, "only", "STATES", "only routes in one of these states, as in invalid,not-found"},
	{OPT_WATCH, "watch", "ROUTES", "follow the table, and write whose state changes"},
};

struct job {
	const struct cli *cli;
	const struct options *options;
	struct load load;
	struct rov *rov;
	struct out out;
	struct validity_writer writer;
	struct validity_tally tally;
	bool failed;

	/* Routes that came and wait for their answers. */
	struct validity batch[BATCH];
	struct rov_route routes[BATCH];
	struct rov_answer answers[BATCH];
	size_t count;

	/* Of the present prefix, for --unique. */
	struct prefix prefix;
	uint32_t origins[BATCH];
	size_t origin_count;
};

/* ---- what the parts share */

static int
on_bad(void *ctx, const struct vrp_err *why)
{
	struct routes *r = ctx;

	if (r->bad++ < NAMED)
		cli_warn_err(r->cli, r->path, why);
	return 0;
}

static int
on_route(void *ctx, const struct route *route)
{
	struct routes *r = ctx;

	return r->take(r->ctx, route);
}

static int
on_pause(void *ctx)
{
	struct routes *r = ctx;

	return r->pause ? r->pause(r->ctx) : 0;
}

bool
routes_read(struct routes *r)
{
	static const struct routefile_ops ops = {.route = on_route, .bad = on_bad, .pause = on_pause};
	struct vrp_err err;
	int rc = routefile_read(r->path, &ops, r, &err);

	if (rc < 0)
		cli_warn_err(r->cli, r->path, &err);
	if (r->bad > NAMED)
		cli_warn(r->cli, "%s: %zu more lines that are no routes", r->path, r->bad - NAMED);
	return rc == 0 && r->bad == 0;
}

struct validity
validity_begin(const struct options *o, const struct route *route)
{
	struct validity v = {.route = {route->prefix, route->origin}, .has_origin = route->kind == ROUTE_ORIGIN_AS};

	if (route->kind == ROUTE_ORIGIN_OWN && o->own != ROV_NONE) {
		v.route.origin = o->own;
		v.has_origin = true;
	}
	return v;
}

bool
options_pass(const struct options *o, const struct validity *v)
{
	enum rov_state state = (enum rov_state)v->answer.state;
	unsigned bits = state == ROV_VALID ? ONLY_VALID : state == ROV_NOT_FOUND ? ONLY_NOT_FOUND : ONLY_INVALID;

	if (o->aspa)
		bits |= (unsigned)ONLY_ASPA << v->aspa;
	return o->only == 0 || (o->only & bits);
}

/* ---- routes once */

static uint8_t
verify_path(const struct job *job, const struct route *r)
{
	const struct options *o = job->options;
	struct aspa_path path = {r->path, r->path_len, r->has_set};
	bool check = r->has_neighbour && !(o->rs_client && o->direction == ASPA_UPSTREAM);

	return (uint8_t)aspa_verify(job->load.set, &path, check ? &r->neighbour : NULL, o->direction);
}

static void
deliver(struct job *job, const struct validity *v)
{
	if (!options_pass(job->options, v))
		return;
	switch (job->options->form) {
	case LINES:
		validity_write_line(&job->writer, v);
		break;
	case ROV:
		validity_write_rov(&job->writer, v);
		break;
	case JSON:
		validity_json_add(&job->writer, v);
		break;
	case SUMMARY:
		if (validity_count(&job->tally, v) < 0)
			cli_die(job->cli, "out of memory");
		break;
	}
}

static void
deliver_batch(struct job *job)
{
	rov_ask_many(job->rov, job->routes, job->count, job->answers);
	for (size_t i = 0; i < job->count; i++) {
		job->batch[i].answer = job->answers[i];
		deliver(job, &job->batch[i]);
	}
	job->count = 0;
}

/* Came this prefix with this origin just now?  Of many origins the last are forgotten. */
static bool
came_before(struct job *job, const struct validity *v)
{
	if (prefix_cmp(&job->prefix, &v->route.prefix) != 0) {
		job->prefix = v->route.prefix;
		job->origin_count = 0;
	}
	for (size_t i = 0; i < job->origin_count; i++)
		if (job->origins[i] == v->route.origin)
			return true;
	if (job->origin_count < ARRAY_LEN(job->origins))
		job->origins[job->origin_count++] = v->route.origin;
	return false;
}

static int
take_route(void *ctx, const struct route *r)
{
	struct job *job = ctx;
	struct validity v = validity_begin(job->options, r);

	if (job->options->unique && came_before(job, &v))
		return 0;
	if (job->options->aspa)
		v.aspa = verify_path(job, r);
	job->batch[job->count] = v;
	job->routes[job->count++] = v.route;
	if (job->count == BATCH)
		deliver_batch(job);
	return 0;
}

/* Who waits for an answer shall have it. */
static int
pause_routes(void *ctx)
{
	struct job *job = ctx;

	deliver_batch(job);
	return out_flush(&job->out) < 0 ? STOP : 0;
}

static void
validate_list(struct job *job)
{
	const struct options *o = job->options;
	struct routes routes = {
		.cli = job->cli,
		.path = o->routes,
		.take = take_route,
		.pause = pause_routes,
		.ctx = job,
	};

	if (o->form == JSON)
		validity_json_begin(&job->writer, false);
	if (!routes_read(&routes))
		job->failed = true;
	deliver_batch(job);
	if (o->form == JSON)
		validity_json_end(&job->writer, false, job->load.time);
	if (o->form == SUMMARY)
		validity_write_tally(&job->out, &job->tally, o->aspa, TOP);
}

static int
status_of(const struct options *o, const struct validity *v)
{
	enum rov_state state = (enum rov_state)v->answer.state;

	if (rov_invalid(state) || (o->aspa && v->aspa == ASPA_INVALID))
		return EXIT_NEGATIVE;
	return state == ROV_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_DONE;
}

/* The exit status. */
static int
validate_one(struct job *job)
{
	const struct options *o = job->options;
	struct route_scratch scratch = ROUTE_SCRATCH_INIT;
	struct vrp_err err = {0};
	struct route r;
	struct validity v;

	if (route_parse(o->one, strlen(o->one), &scratch, &r, &err) != 1)
		cli_usage_error(job->cli, "'%s' is no route: %s", o->one, err.msg[0] ? err.msg : "there is nothing in it");
	v = validity_begin(o, &r);
	if (o->aspa)
		v.aspa = verify_path(job, &r);
	route_scratch_release(&scratch);
	v.answer = rov_ask(job->rov, &v.route.prefix, v.route.origin);
	if (o->quiet)
		return status_of(o, &v);
	if (o->form == JSON) {
		validity_json_begin(&job->writer, true);
		validity_json_add(&job->writer, &v);
		validity_json_end(&job->writer, true, job->load.time);
	} else if (o->form == ROV) {
		validity_write_rov(&job->writer, &v);
	} else if (o->brief) {
		validity_write_line(&job->writer, &v);
	} else {
		validity_explain(&job->writer, &v);
	}
	return status_of(o, &v);
}

static int
run(struct job *job)
{
	const struct options *o = job->options;
	struct vrp_err err;
	int status = EXIT_DONE;

	job->rov = rov_new(job->load.set, &err);
	if (!job->rov)
		cli_die(job->cli, "%s", err.msg);
	out_init(&job->out, STDOUT_FILENO);
	job->writer = (struct validity_writer){.out = &job->out, .rov = job->rov, .brief = o->brief, .aspa = o->aspa};
	if (o->one)
		status = validate_one(job);
	else
		validate_list(job);
	if (out_flush(&job->out) < 0) {
		cli_warn(job->cli, "standard output: %s", strerror(errno));
		job->failed = true;
	}
	out_release(&job->out);
	validity_writer_release(&job->writer);
	validity_tally_release(&job->tally);
	rov_free(job->rov);
	return job->failed ? EXIT_TROUBLE : status;
}

/* From a file or a cache. */
static int
read_table(struct job *job, struct names *names, struct vrp_err *err)
{
	struct transports transports = transports_all(&job->options->security);
	const char *table = job->options->table;

	if (!rtr_ask_names_cache(table, &transports))
		return load_read(&job->load, table, names, err);
	job->load.set = rtr_ask(table, &transports, CACHE_TIMEOUT_MS, names, err);
	return job->load.set ? 0 : -1;
}

static int
validate(const struct cli *cli, const struct options *o)
{
	struct job *job = calloc(1, sizeof(*job));
	struct names *names = names_new();
	struct vrp_err err;
	int status = EXIT_TROUBLE;

	if (!job || !names)
		cli_die(cli, "out of memory");
	job->cli = cli;
	job->options = o;
	if (read_table(job, names, &err) < 0)
		cli_warn_err(cli, o->table, &err);
	else
		status = run(job);
	load_release(&job->load);
	names_unref(names);
	free(job);
	return status;
}

/* ---- options */

static void
set_form(const struct cli *cli, struct options *o, enum form form)
{
	if (o->form != LINES && o->form != form)
		cli_usage_error(cli, "only one of --summary, --json and --rov can be written");
	o->form = form;
}

static void
set_direction(const struct cli *cli, struct options *o)
{
	o->aspa = true;
	if (strcmp(cli->arg, "upstream") == 0)
		o->direction = ASPA_UPSTREAM;
	else if (strcmp(cli->arg, "downstream") == 0)
		o->direction = ASPA_DOWNSTREAM;
	else
		cli_usage_error(cli, "--aspa '%s': neither upstream nor downstream", cli->arg);
}

static void
set_only(const struct cli *cli, struct options *o)
{
	static const char *const names[] = {
		"valid", "invalid", "not-found", "aspa-valid", "aspa-unknown", "aspa-invalid",
	};
	const char *s = cli->arg;

	for (;; s++) {
		size_t len = strcspn(s, ","), i;

		for (i = 0; i < ARRAY_LEN(names); i++)
			if (len == strlen(names[i]) && memcmp(s, names[i], len) == 0)
				break;
		if (i == ARRAY_LEN(names))
			cli_usage_error(cli, "--only '%.*s': not a state", (int)len, s);
		o->only |= 1U << i;
		s += len;
		if (!*s)
			return;
	}
}

static void
set_own(const struct cli *cli, struct options *o)
{
	if (!num_asn(cli->arg, strlen(cli->arg), &o->own) || o->own == ROV_NONE)
		cli_usage_error(cli, "--as '%s': not an AS", cli->arg);
}

static void
set_watch(const struct cli *cli, struct options *o)
{
	o->watch = true;
	o->routes = cli->arg;
}

static void
set_option(const struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 't':
		o->table = cli->arg;
		break;
	case 'a':
		set_own(cli, o);
		break;
	case 'b':
		o->brief = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 's':
		set_form(cli, o, SUMMARY);
		break;
	case 'u':
		o->unique = true;
		break;
	case OPT_ASPA:
		set_direction(cli, o);
		break;
	case OPT_RS_CLIENT:
		o->rs_client = true;
		break;
	case OPT_JSON:
		set_form(cli, o, JSON);
		break;
	case OPT_ROV:
		set_form(cli, o, ROV);
		break;
	case OPT_ONLY:
		set_only(cli, o);
		break;
	case OPT_WATCH:
		set_watch(cli, o);
		break;
	}
}

/* The words of one route with a blank between them. */
static char *
join(const struct cli *cli, char **words)
{
	struct buf text = BUF_INIT;

	for (; *words; words++)
		if (buf_addf(&text, "%s ", *words) < 0)
			cli_die(cli, "out of memory");
	text.data[text.len - 1] = '\0';
	return text.data;
}

static void
set_operands(const struct cli *cli, struct options *o, int count, char **operands)
{
	if (o->watch && count)
		cli_usage_error(cli, "--watch has its routes already: '%s'", operands[0]);
	if (count == 1)
		o->routes = operands[0];
	if (count > 1)
		o->one = join(cli, operands);
}

static void
check_options(const struct cli *cli, const struct options *o)
{
	if (!o->table)
		cli_usage_error(cli, "no table: -t takes a file");
	if (!o->one && strcmp(o->table, "-") == 0 && strcmp(o->routes, "-") == 0)
		cli_usage_error(cli, "standard input can be either the table or the routes");
	if (o->watch && (o->form != LINES || o->aspa || o->unique))
		cli_usage_error(cli, "--watch writes lines about origins; it takes no other form, --aspa or --unique");
	if (o->one && o->form == SUMMARY)
		cli_usage_error(cli, "--summary is for many routes");
	if (o->one && (o->only || o->unique))
		cli_usage_error(cli, "--only and --unique are for many routes");
	if (o->quiet && !o->one && !o->watch)
		cli_usage_error(cli, "--quiet is for one route or --watch");
	if (o->rs_client && !o->aspa)
		cli_usage_error(cli, "--rs-client is for --aspa");
	if ((o->only & ~(unsigned)(ONLY_ASPA - 1)) && !o->aspa)
		cli_usage_error(cli, "--only has states of paths, which need --aspa");
	if (o->unique && o->aspa)
		cli_usage_error(cli, "--unique looks at origins alone, --aspa at paths");
}

static void
keep_table(const struct options *o, struct sandbox *box)
{
	struct transports transports = transports_all(&o->security);
	struct endpoint to;

	if (o->watch || !rtr_ask_names_cache(o->table, &transports))
		sandbox_read(box, o->table);
	else if (endpoint_parse(o->table, &transports, &to, NULL) == 0)
		transports_keep(&to, false, box);
}

static void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	keep_table(o, &box);
	if (!o->one)
		routefile_keep(o->routes, &box);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-validate",
		.synopsis = "-t TABLE [options] [ROUTES | PREFIX AS]",
		.purpose = "say which routes are valid by the VRPs of TABLE; of one route the exit status says it:\n"
			   "0 valid, 1 invalid, 3 not found",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options o = {.routes = "-"};
	int opt, index, status;

	while ((opt = cli_next(&cli, argc, argv, &index)) != -1)
		set_option(&cli, &o, opt);
	set_operands(&cli, &o, argc - index, argv + index);
	if (o.watch && !o.table)
		o.table = "-";
	check_options(&cli, &o);
	enter_sandbox(&cli, &o);
	status = o.watch ? watch_run(&cli, &o) : validate(&cli, &o);
	free(o.one);
	return cli_close_stdout(&cli, status);
}
