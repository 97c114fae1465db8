/* SPDX-License-Identifier: ISC */
/*
 * rtr-dump without -f: one cache after the other is asked until one answers, over
 * a connection that is waited for.
 */
#include "rtr-dump.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "stamp.h"
#include "stream.h"

#define READ_SIZE ((size_t)256 * 1024)
#define LAST_WORDS_MS 2000	/* for an Error Report to reach the cache */
#define PROGRESS_MS 200
#define HEX_MAX 64		/* bytes shown of a PDU that can't be decoded */

struct dump {
	const struct cli *cli;
	const struct options *options;
	const struct cache *cache;	/* that is being asked */
	struct out trace;	/* --pdus */
	struct rtr_client *client;
	struct transport *transport;
	struct rtr_scratch scratch;
	struct buf line;
	int64_t started;
	bool progress;
	int64_t progress_due;

	/* The answer, once it is whole. */
	bool done;
	struct rtr_client_update answer;	/* set and delta are those below */
	struct vrpset *set;
	struct delta delta;
};

/* ---- what the client reports ---- */

static void
clear_progress(struct dump *d)
{
	if (d->progress_due)
		fputs("\r\033[K", stderr);
	d->progress_due = 0;
}

static void
show_progress(struct dump *d)
{
	int64_t now = transport_now();

	if (!d->progress || now < d->progress_due || rtr_client_records(d->client) == 0)
		return;
	fprintf(stderr, "\r%s: %zu records\033[K", d->cli->tool, rtr_client_records(d->client));
	d->progress_due = now + PROGRESS_MS;
}

/* The first answer counts; a Notify in the same breath may bring another. */
static void
on_update(void *ctx, const struct rtr_client_update *u)
{
	struct dump *d = ctx;

	if (d->done)
		return;
	d->done = true;
	d->answer = *u;
	if (u->delta) {
		d->delta.withdrawn = vrpset_ref(u->delta->withdrawn);
		d->delta.announced = vrpset_ref(u->delta->announced);
	} else {
		d->set = vrpset_ref(u->set);
	}
}

static void
on_state(void *ctx, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	struct dump *d = ctx;

	if (!d->options->verbose && (!d->options->status || from == to))
		return;
	clear_progress(d);
	cli_warn(d->cli, "%s: %s -> %s, %s", d->cache->name, rtr_client_state_name(from), rtr_client_state_name(to), reason);
}

static void
on_warning(void *ctx, const char *text)
{
	struct dump *d = ctx;

	clear_progress(d);
	cli_warn(d->cli, "%s: %s", d->cache->name, text);
}

static void
print_undecodable(struct dump *d, const unsigned char *data, size_t len, const char *reason)
{
	out_addf(&d->trace, "v%u %s, malformed (%s):", data[0], rtr_type_name(data[1]), reason);
	for (size_t i = 0; i < len && i < HEX_MAX; i++)
		out_addf(&d->trace, " %02x", data[i]);
	out_addf(&d->trace, "%s\n", len > HEX_MAX ? " ..." : "");
}

/* 2026-11-23T09:52:44.123456Z < v2 Cache Response session 4660 */
static void
on_pdu(void *ctx, bool was_sent, const unsigned char *data, size_t len)
{
	struct dump *d = ctx;
	const char *reason = "impossible length";
	char stamp[STAMP_MAX];
	struct rtr_pdu pdu;
	struct timeval now;

	if (!d->options->pdus)
		return;
	gettimeofday(&now, NULL);
	stamp_format(now.tv_sec, stamp);
	out_addf(&d->trace, "%.19s.%06ldZ %c ", stamp, (long)now.tv_usec, was_sent ? '>' : '<');
	if (rtr_header_decode(data).len != len ||
	    rtr_pdu_decode(data, len, &d->scratch, &pdu, &reason) != RTR_NO_ERROR) {
		print_undecodable(d, data, len, reason);
		return;
	}
	buf_reset(&d->line);
	if (rtr_pdu_describe(&d->line, &pdu) < 0 || buf_add(&d->line, "\n", 1) < 0)
		cli_die(d->cli, "out of memory");
	out_add(&d->trace, d->line.data, d->line.len);
}

static const struct rtr_client_ops client_ops = {
	.update = on_update,
	.state = on_state,
	.warning = on_warning,
	.pdu = on_pdu,
};

/* ---- the conversation ---- */

static void
lose(struct dump *d, const char *reason)
{
	if (transport_refused(d->transport))
		rtr_client_refused(d->client);
	transport_close(d->transport);
	d->transport = NULL;
	rtr_client_closed(d->client, transport_now(), reason);
}

static void
do_connect(struct dump *d)
{
	struct vrp_err err = {0};

	d->transport = transport_connect(&d->cache->to, transport_now() + d->options->timeout, &err);
	if (d->transport)
		rtr_client_connected(d->client, transport_now());
	else
		rtr_client_closed(d->client, transport_now(), err.msg);
}

/* Send what there is to send, take what there is to take, wait when there is neither. */
static void
do_io(struct dump *d, char *data)
{
	struct buf *output = rtr_client_output(d->client);
	struct vrp_err err = {0};
	bool unsent = false;
	ssize_t n;

	if (output->len) {
		n = transport_write(d->transport, output->data, output->len, &err);
		if (n == TRANSPORT_FAILED) {
			lose(d, err.msg);
			return;
		}
		if (n > 0)
			buf_drop(output, (size_t)n);
		unsent = output->len > 0;
	}
	n = transport_read(d->transport, data, READ_SIZE, &err);
	if (n > 0) {
		rtr_client_receive(d->client, transport_now(), data, (size_t)n);
		show_progress(d);
		return;
	}
	if (n == 0 || n == TRANSPORT_FAILED) {
		lose(d, n == 0 ? NULL : err.msg);
		return;
	}
	if (transport_wait(d->transport, unsent ? TRANSPORT_WANT_WRITE : (int)n, rtr_client_deadline(d->client), &err) < 0)
		lose(d, err.msg);
	else
		rtr_client_tick(d->client, transport_now());
}

static void
do_close(struct dump *d)
{
	struct buf *output = rtr_client_output(d->client);
	int64_t deadline = transport_now() + LAST_WORDS_MS;

	if (output->len && transport_write_all(d->transport, output->data, output->len, deadline, NULL) == 0)
		transport_finish(d->transport, deadline);
	lose(d, NULL);
}

/* Until there is an answer, or a state in which only waiting would help.  True for an answer. */
static bool
converse(struct dump *d)
{
	char *data = malloc(READ_SIZE);

	if (!data)
		cli_die(d->cli, "out of memory");
	while (!d->done && rtr_client_state(d->client) != RTR_CLIENT_NO_DATA) {
		enum rtr_client_need need = rtr_client_need(d->client);

		if (need == RTR_NEED_CONNECT)
			do_connect(d);
		else if (need == RTR_NEED_IO)
			do_io(d, data);
		else if (need == RTR_NEED_CLOSE)
			do_close(d);
		else
			break;
	}
	free(data);
	transport_close(d->transport);
	clear_progress(d);
	return d->done;
}

/* ---- the answer ---- */

static void
write_answer(struct out *out, const void *ctx)
{
	const struct dump *d = ctx;
	char source[ENDPOINT_TEXT_MAX];
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	endpoint_format(&d->cache->to, source);
	attrs.source = source;
	attrs.session = d->answer.session;
	attrs.serial = d->answer.serial;
	if (d->set)
		stream_write_snapshot(out, &attrs, d->set);
	else
		stream_write_delta(out, &attrs, &d->delta);
}

static void
summarise(const struct dump *d)
{
	char first[COUNTS_MAX], second[COUNTS_MAX] = "";

	if (d->set) {
		count_records(first, sizeof(first), "", d->set);
	} else {
		count_records(first, sizeof(first), "-", d->delta.withdrawn);
		count_records(second, sizeof(second), "+", d->delta.announced);
	}
	cli_warn(d->cli, "%s: version %u, session %u, serial %u: %s%s%s, %.2f seconds", d->cache->name,
		 d->answer.version, d->answer.session, d->answer.serial, first, *second ? "; " : "", second,
		 (double)(transport_now() - d->started) / 1000);
}

static struct rtr_client *
new_client(struct dump *d)
{
	const struct options *o = d->options;
	struct rtr_client_config config = RTR_CLIENT_CONFIG_DEFAULT;
	struct rtr_client *c;

	config.names = names_new();
	config.ops = &client_ops;
	config.ctx = d;
	config.idle_timeout = o->timeout;
	if (o->version >= 0)
		config.version = config.min_version = (uint8_t)o->version;
	c = config.names ? rtr_client_new(&config) : NULL;
	if (!c)
		cli_die(d->cli, "out of memory");
	names_unref(config.names);
	if (o->serial >= 0)
		rtr_client_resume(c, NULL, (uint16_t)o->session, (uint32_t)o->serial);
	return c;
}

/* Ask one cache.  -1 when it has no answer, which is said. */
static int
ask(struct dump *d, const struct cache *cache)
{
	bool answered;

	d->cache = cache;
	d->started = transport_now();
	d->client = new_client(d);
	answered = converse(d);
	if (!answered)
		cli_warn(d->cli, "%s: %s", cache->name, rtr_client_reason(d->client));
	rtr_client_free(d->client);
	return answered ? 0 : -1;
}

/* The caches one after the other, the most preferred first, until one answers. */
static int
dump(struct dump *d)
{
	const struct options *o = d->options;
	int rc = -1;

	for (size_t i = 0; i < o->cache_count && rc < 0; i++)
		rc = ask(d, &o->caches[i]);
	if (o->pdus && out_flush(&d->trace) < 0) {
		cli_warn(d->cli, "standard output: %s", strerror(errno));
		rc = -1;
	}
	if (rc == 0 && !o->pdus)
		rc = cli_write(d->cli, o->output, write_answer, d);
	if (rc == 0 && !o->quiet)
		summarise(d);
	vrpset_unref(d->set);
	delta_release(&d->delta);
	return rc == 0 ? EXIT_DONE : EXIT_TROUBLE;
}

int
once_run(const struct cli *cli, const struct options *o)
{
	struct dump d = {.cli = cli, .options = o};
	int status;

	d.progress = !o->quiet && !o->verbose && !o->status && cli_progress_wanted();
	out_init(&d.trace, STDOUT_FILENO);
	status = dump(&d);
	out_release(&d.trace);
	buf_release(&d.line);
	return status;
}
