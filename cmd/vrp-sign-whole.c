/* SPDX-License-Identifier: ISC */
/*
 * vrp-sign on what has no blocks: a JSON export, whose signature is within it,
 * and any file, whose signature is apart from it.  What is verified is held and
 * written, so that it is what was verified.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "sig_file.h"
#include "sig_json.h"
#include "vrp-sign.h"

/* All of the input.  -1 after a failure, which was reported; 1 when it is too large. */
static int
read_whole(const struct tool *t, struct buf *text)
{
	ssize_t n;

	do {
		if (buf_reserve(text, READ_SIZE) < 0)
			cli_die(t->cli, "out of memory");
		n = read_input(t, text->data + text->len, READ_SIZE);
		text->len += n > 0 ? (size_t)n : 0;
		if (t->max_size && text->len > t->max_size) {
			cli_warn(t->cli, "%s: more than %llu bytes", t->name, (unsigned long long)t->max_size);
			return 1;
		}
	} while (n > 0);
	return n < 0 ? -1 : 0;
}

static void
write_text(struct out *out, const void *ctx)
{
	const struct buf *text = ctx;

	out_add(out, text->data, text->len);
}

/* ---- JSON */

static int
sign_json(const struct tool *t)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct vrp_err err = {0};
	int rc = read_whole(t, &text);

	if (rc == 0) {
		rc = sig_json_sign(text.data, text.len, t->key, time(NULL), t->valid, &out, &err);
		if (rc < 0)
			cli_warn_err(t->cli, t->name, &err);
		else
			rc = cli_write(t->cli, NULL, write_text, &out);
	}
	buf_release(&text);
	buf_release(&out);
	return rc ? EXIT_TROUBLE : EXIT_DONE;
}

/* ---- any file */

static int
hash_input(const struct tool *t, uint8_t hash[SIG_HASH_LEN])
{
	char *data = malloc(READ_SIZE);
	struct sig_hash h;
	ssize_t n = 0;
	int rc;

	sig_hash_begin(&h);
	while (data && (n = read_input(t, data, READ_SIZE)) > 0)
		sig_hash_add(&h, data, (size_t)n);
	rc = sig_hash_end(&h, hash);
	if (rc < 0 || !data)
		cli_die(t->cli, "out of memory");
	free(data);
	return n < 0 ? -1 : 0;
}

static int
sign_file(const struct tool *t)
{
	const char *path = strcmp(t->signature, "-") == 0 ? NULL : t->signature;
	uint8_t hash[SIG_HASH_LEN];
	struct buf line = BUF_INIT;
	struct vrp_err err = {0};
	int rc = hash_input(t, hash);

	if (rc == 0) {
		rc = sig_file_sign(hash, t->key, time(NULL), t->valid, &line, &err);
		if (rc < 0)
			cli_warn(t->cli, "%s", err.msg);
		else
			rc = cli_write(t->cli, path, write_text, &line);
	}
	buf_release(&line);
	return rc ? EXIT_TROUBLE : EXIT_DONE;
}

/* The statement of a file: as much of it as any has. */
static size_t
read_signature(const struct tool *t, char text[SIG_STATEMENT_MAX])
{
	int fd = open(t->signature, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	while (fd >= 0 && ((n = read(fd, text + len, SIG_STATEMENT_MAX - len)) > 0 || (n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	if (fd < 0 || n < 0)
		cli_die(t->cli, "%s: %s", t->signature, strerror(errno));
	close(fd);
	return len;
}

/* ---- both */

int
sign_whole(struct tool *t)
{
	enter_sandbox(t);
	return t->json ? sign_json(t) : sign_file(t);
}

static int
verify_file(const struct tool *t, const struct buf *text, const char *sig, size_t len, struct vrp_err *err)
{
	uint8_t hash[SIG_HASH_LEN];

	if (sig_hash(text->data, text->len, hash) < 0)
		return vrp_err_nomem(err);
	return sig_file_verify(sig, len, hash, &t->keys, &t->rules, time(NULL), err);
}

int
verify_whole(struct tool *t)
{
	char sig[SIG_STATEMENT_MAX];
	size_t len = t->json ? 0 : read_signature(t, sig);
	struct buf text = BUF_INIT;
	struct vrp_err err = {0};
	int rc, status = EXIT_NEGATIVE;

	enter_sandbox(t);
	rc = read_whole(t, &text);
	if (rc == 0) {
		rc = t->json ? sig_json_verify(text.data, text.len, &t->keys, t->strict_time, &t->rules, time(NULL), &err)
			     : verify_file(t, &text, sig, len, &err);
		if (rc < 0)
			cli_warn_err(t->cli, t->json ? t->name : t->signature, &err);
		else
			status = cli_write(t->cli, NULL, write_text, &text) < 0 ? EXIT_TROUBLE : EXIT_DONE;
	} else if (rc < 0) {
		status = EXIT_TROUBLE;
	}
	buf_release(&text);
	return status;
}
