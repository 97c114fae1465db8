/* SPDX-License-Identifier: ISC */
/* vrp-sign on streams: block by block, for as long as the input lasts. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "sig_signer.h"
#include "sig_verifier.h"
#include "vrp-sign.h"

#define STATE_MAX 256
#define WRITE_SIZE ((size_t)32 * 1024)

/* What the callbacks return when standard output failed. */
#define OUTPUT_FAILED 1

struct run {
	struct tool *tool;
	struct out out;
	sigset_t waiting;	/* the signals that are held while we don't wait */
	struct sig_mark mark, saved;
	bool refused;		/* some block was not signed */
};

static volatile sig_atomic_t stop_wanted;

/* A second one doesn't wait. */
static void
on_stop(int sig)
{
	stop_wanted = 1;
	signal(sig, SIG_DFL);
}

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
flush(struct run *r)
{
	if (out_flush(&r->out) == 0)
		return 0;
	cli_warn(r->tool->cli, "standard output: %s", strerror(errno));
	return OUTPUT_FAILED;
}

/* In pieces, so that a block is not held a second time.  Signals may end a write that nobody takes, the second at once. */
static int
write_out(void *ctx, const char *data, size_t len)
{
	struct run *r = ctx;
	sigset_t held;
	size_t n;
	int rc;

	sigprocmask(SIG_SETMASK, &r->waiting, &held);
	for (; len; data += n, len -= n) {
		n = len < WRITE_SIZE ? len : WRITE_SIZE;
		out_add(&r->out, data, n);
	}
	rc = flush(r);
	sigprocmask(SIG_SETMASK, &held, NULL);
	return rc;
}

/* ---- signing */

static void
on_refused(void *ctx, const struct vrp_err *reason)
{
	struct run *r = ctx;

	r->refused = true;
	cli_warn_err(r->tool->cli, r->tool->name, reason);
}

/* SIGINT and SIGTERM are let through while we wait: a block that is being written is written whole. */
static void
catch_signals(sigset_t *waiting)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigprocmask(SIG_BLOCK, &held, waiting);
	sigdelset(waiting, SIGINT);
	sigdelset(waiting, SIGTERM);
}

/* Until the end of the input: 0, what the signer returned, or OUTPUT_FAILED. */
static int
sign_all(struct run *r, struct sig_signer *s, char *data, struct vrp_err *err)
{
	int rc = 0, ready;
	ssize_t n;

	while (rc == 0) {
		ready = cli_wait_input(r->tool->cli, r->tool->fd, NULL, &r->waiting);
		if (ready < 0)
			return OUTPUT_FAILED;
		if (stop_wanted)
			return sig_signer_break(s, now_us(), err);
		if (!ready)
			continue;
		n = read_input(r->tool, data, READ_SIZE);
		r->refused |= n < 0;
		if (n <= 0)
			return n < 0 ? sig_signer_break(s, now_us(), err) : sig_signer_finish(s, now_us(), err);
		rc = sig_signer_feed(s, data, (size_t)n, now_us(), err);
	}
	return rc;
}

int
sign_stream(struct tool *t)
{
	struct run r = {.tool = t};
	struct sig_signer_config config = {
		.key = t->key, .valid = t->valid, .max_size = t->max_size, .write = write_out, .refused = on_refused, .ctx = &r,
	};
	struct sig_signer *s = sig_signer_new(&config);
	char *data = malloc(READ_SIZE);
	struct vrp_err err = {0};
	int rc;

	if (!s || !data)
		cli_die(t->cli, "out of memory");
	catch_signals(&r.waiting);
	enter_sandbox(t);
	out_init(&r.out, STDOUT_FILENO);
	rc = sign_all(&r, s, data, &err);
	if (rc < 0)
		cli_warn_err(t->cli, t->name, &err);
	out_release(&r.out);
	sig_signer_free(s);
	free(data);
	return rc || r.refused ? EXIT_TROUBLE : EXIT_DONE;
}

/* ---- verifying */

/* What was let through by the last run; nothing when there was none. */
static void
load_state(const struct tool *t, struct sig_mark *mark)
{
	int fd = open(t->state, O_RDONLY | O_CLOEXEC);
	char text[STATE_MAX];
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return;
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		cli_die(t->cli, "%s: %s", t->state, strerror(errno));
	close(fd);
	if (!sig_mark_parse(text, (size_t)n, mark))
		cli_die(t->cli, "%s: not a state of vrp-sign", t->state);
}

static void
write_state(struct out *out, const void *ctx)
{
	const struct sig_mark *mark = ctx;
	struct buf text = BUF_INIT;

	if (sig_mark_format(mark, &text) < 0)
		out->error = ENOMEM;
	out_add(out, text.data, text.len);
	buf_release(&text);
}

/* What was let through, and is out, is remembered. */
static int
remember(struct run *r)
{
	if (!r->tool->state || r->mark.seq == r->saved.seq)
		return 0;
	if (cli_write(r->tool->cli, r->tool->state, write_state, &r->mark) < 0)
		return OUTPUT_FAILED;
	r->saved = r->mark;
	return 0;
}

static int
verify_all(struct run *r, struct sig_verifier *v, char *data, struct vrp_err *err)
{
	int rc = 0;
	ssize_t n;

	while (rc == 0) {
		int ready = cli_wait_input(r->tool->cli, r->tool->fd, NULL, &r->waiting);

		if (ready < 0)
			return OUTPUT_FAILED;
		if (!ready)
			continue;
		n = read_input(r->tool, data, READ_SIZE);
		if (n < 0)
			return OUTPUT_FAILED;
		rc = n ? sig_verifier_feed(v, data, (size_t)n, now_us() / 1000000, err) : sig_verifier_finish(v, err);
		if (rc <= 0 && remember(r) != 0)
			return OUTPUT_FAILED;
		if (n == 0)
			break;
	}
	return rc;
}

int
verify_stream(struct tool *t)
{
	struct run r = {.tool = t};
	struct sig_verifier_config config = {
		.keys = &t->keys, .mark = t->state ? &r.mark : NULL, .rules = t->rules, .max_size = t->max_size,
		.accepted = write_out, .ctx = &r,
	};
	struct sig_verifier *v;
	char *data = malloc(READ_SIZE);
	struct vrp_err err = {0};
	int rc;

	if (t->state)
		load_state(t, &r.mark);
	r.saved = r.mark;
	v = sig_verifier_new(&config);
	if (!v || !data)
		cli_die(t->cli, "out of memory");
	sigprocmask(SIG_BLOCK, NULL, &r.waiting);
	enter_sandbox(t);
	out_init(&r.out, STDOUT_FILENO);
	rc = verify_all(&r, v, data, &err);
	if (rc < 0)
		cli_warn_err(t->cli, t->name, &err);
	else if (rc == 0 && !t->quiet)
		cli_warn(t->cli, "%zu block%s verified", sig_verifier_blocks(v), sig_verifier_blocks(v) == 1 ? "" : "s");
	out_release(&r.out);
	sig_verifier_free(v);
	free(data);
	return rc == 0 ? EXIT_DONE : rc < 0 ? EXIT_NEGATIVE : EXIT_TROUBLE;
}
