/* SPDX-License-Identifier: ISC */
/*
 * vrp-sign: signs a VRP stream, and lets nothing through that is not signed.
 *
 * A filter of a file or standard input to standard output.  Streams go block by
 * block (vrp-sign-stream.c); the JSON of GoRTR and any other file, whose signature
 * stands apart, as a whole (vrp-sign-whole.c).
 */
#include "vrp-sign.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "sig_keyfile.h"

enum {
	OPT_JSON = CLI_LONG,
	OPT_STRICT_TIME,
	OPT_VALID,
	OPT_MAX_AGE,
	OPT_SKEW,
	OPT_STATE,
	OPT_MAX_SIZE,
};

static const struct cli_option option_table[] = {
	{'k', "key", "KEY", "sign, with this private key"},
	{'V', "verify", NULL, "verify, with the keys of -p (-V alone shows the version)"},
	{'p', "public", "PUB", "trust this public key; may be given several times"},
	{'s', "signature", "FILE", "of any file: its signature, apart from it"},
	{'q', "quiet", NULL, "no summary, only what went wrong"},
	{OPT_JSON, "json", NULL, "of a JSON export: GoRTR's signature, within it"},
	{OPT_STRICT_TIME, "strict-time", NULL, "with --json -V: demand that the dates are signed, and good"},
	{OPT_VALID, "valid", "DURATION", "how long signatures shall be good (default 24h, with -s for ever; 0 for ever)"},
	{OPT_MAX_AGE, "max-age", "DURATION", "refuse what was signed longer ago (default any)"},
	{OPT_SKEW, "skew", "DURATION", "how far the signer's clock may be ahead (default 5m)"},
	{OPT_STATE, "state", "FILE", "remember what was let through, and refuse what is older"},
	{OPT_MAX_SIZE, "max-size", "SIZE", "refuse a larger block, document or file (default 1G, 0 any)"},
};

/* How a duration of validity is told from none given. */
#define VALID_DEFAULT UINT32_MAX

ssize_t
read_input(const struct tool *t, char *data, size_t len)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	ssize_t n;

	while ((n = read(t->fd, data, len)) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			(void)poll(&p, 1, -1);
	if (n < 0)
		cli_warn(t->cli, "%s: %s", t->name, strerror(errno));
	return n;
}

static void
set_key(struct tool *t, const char *path)
{
	struct vrp_err err = {0};

	if (t->key)
		cli_usage_error(t->cli, "more than one key to sign with");
	t->key = sig_keyfile_private(path, &err);
	if (t->key)
		return;
	cli_warn_err(t->cli, path, &err);
	exit(EXIT_TROUBLE);
}

static void
trust_key(struct tool *t, const char *path)
{
	struct vrp_err err = {0};

	if (sig_keyfile_trust(&t->keys, path, &err) == 0)
		return;
	cli_warn_err(t->cli, path, &err);
	exit(EXIT_TROUBLE);
}

static void
set_option(struct tool *t, int opt)
{
	struct cli *cli = t->cli;

	switch (opt) {
	case 'k':
		set_key(t, cli->arg);
		break;
	case 'p':
		trust_key(t, cli->arg);
		break;
	case 's':
		t->signature = cli->arg;
		break;
	case 'q':
		t->quiet = true;
		break;
	case OPT_JSON:
		t->json = true;
		break;
	case OPT_STRICT_TIME:
		t->strict_time = true;
		break;
	case OPT_VALID:
		t->valid = cli_duration(cli, "--valid", 0, VALID_DEFAULT - 1);
		break;
	case OPT_MAX_AGE:
		t->rules.max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		break;
	case OPT_SKEW:
		t->rules.skew = cli_duration(cli, "--skew", 0, UINT32_MAX);
		break;
	case OPT_STATE:
		t->state = cli->arg;
		break;
	case OPT_MAX_SIZE:
		t->max_size = cli_size(cli, "--max-size");
		break;
	}
}

static void
check_options(const struct tool *t, bool verify)
{
	const struct cli *cli = t->cli;

	if (!t->key && !verify && !t->keys.count)
		cli_usage_error(cli, "neither a key to sign with (-k) nor keys to verify with (-V -p)");
	if (t->key && (verify || t->keys.count))
		cli_usage_error(cli, "-k signs, -V and -p verify: not both");
	if (!t->key && !t->keys.count)
		cli_usage_error(cli, "-V wants the public keys of those who may have signed, -p");
	if (t->json && t->signature)
		cli_usage_error(cli, "--json and -s exclude each other");
	if (t->key && (t->strict_time || t->state || t->rules.max_age))
		cli_usage_error(cli, "--strict-time, --state and --max-age are for -V");
	if (!t->key && t->valid != VALID_DEFAULT)
		cli_usage_error(cli, "--valid is for -k");
	if (t->strict_time && !t->json)
		cli_usage_error(cli, "--strict-time is for --json");
	if (t->json && t->rules.max_age && !t->strict_time)
		cli_usage_error(cli, "with --json, --max-age needs --strict-time");
	if (t->state && (t->json || t->signature))
		cli_usage_error(cli, "--state is for streams");
	if (t->json && t->valid == 0)
		cli_usage_error(cli, "--json has no signatures that are good for ever");
}

static void
open_input(struct tool *t, const char *path)
{
	t->fd = STDIN_FILENO;
	t->name = "standard input";
	if (strcmp(path, "-") == 0)
		return;
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	t->name = path;
	if (t->fd < 0)
		cli_die(t->cli, "%s: %s", path, strerror(errno));
}

static void
parse_options(struct tool *t, int argc, char **argv)
{
	bool verify = false;
	int opt, index;

	while ((opt = cli_next(t->cli, argc, argv, &index)) != -1) {
		verify |= opt == 'V';
		set_option(t, opt);
	}
	if (verify && argc == 2 && argv[1][1] == 'V')
		cli_print_version(t->cli);
	check_options(t, verify);
	if (argc - index > 1)
		cli_usage_error(t->cli, "more than one FILE");
	if (t->valid == VALID_DEFAULT)
		t->valid = t->signature ? 0 : 86400;
	open_input(t, index < argc ? argv[index] : "-");
}

void
enter_sandbox(const struct tool *t)
{
	struct sandbox box;

	sandbox_init(&box);
	if (t->key)
		sandbox_guard_memory(&box);
	if (t->key && t->signature && strcmp(t->signature, "-") != 0)
		sandbox_replace(&box, t->signature);
	sandbox_replace(&box, t->state);
	cli_enter_sandbox(t->cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-sign",
		.synopsis = "{-k KEY | -V -p PUB...} [options] [FILE]",
		.purpose = "sign a VRP stream, or let through what is signed; JSON exports and other files, too",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct tool t = {
		.cli = &cli,
		.valid = VALID_DEFAULT,
		.max_size = UINT64_C(1) << 30,
		.rules = {.skew = SIG_SKEW_DEFAULT},
	};
	int status;

	parse_options(&t, argc, argv);
	if (t.json || t.signature)
		status = t.key ? sign_whole(&t) : verify_whole(&t);
	else
		status = t.key ? sign_stream(&t) : verify_stream(&t);
	if (t.fd != STDIN_FILENO)
		close(t.fd);
	sig_key_free(t.key);
	sig_keys_release(&t.keys);
	return cli_close_stdout(&cli, status);
}
