/* SPDX-License-Identifier: ISC */
#include "sig_verifier.h"

#include <inttypes.h>

#include "enc.h"
#include "num.h"
#include "sig_held.h"
#include "sig_split.h"

struct sig_verifier {
	struct sig_verifier_config config;
	struct sig_split split;
	struct buf held;	/* verified and waiting for the mark, then what came since the last statement */
	size_t waiting;		/* bytes of the former */
	size_t mark_at;		/* where in it the last line begins that begins with % or ~ */
	struct sig_statement last;	/* that was found good */
	uint8_t hash[SIG_HASH_LEN];	/* of it */
	bool any;
	bool behind;		/* the mark has not been reached */
	bool refused;
	size_t blocks;
};

struct sig_verifier *
sig_verifier_new(const struct sig_verifier_config *config)
{
	struct sig_verifier *v = calloc(1, sizeof(*v));

	if (v)
		v->config = *config;
	return v;
}

void
sig_verifier_free(struct sig_verifier *v)
{
	if (v)
		sig_held_release(&v->held);
	free(v);
}

size_t
sig_verifier_blocks(const struct sig_verifier *v)
{
	return v->blocks;
}

/* ---- the order of statements */

/* A chain begins. */
static int
check_first(const struct sig_verifier *v, const struct sig_statement *st, struct vrp_err *err)
{
	if (!v->any)
		return 0;
	if (st->seq <= v->last.seq)
		return vrp_err_set(err, "a stream begins that is older than the one before it");
	if (v->last.kind == SIG_LIST)
		return vrp_err_set(err, "cut off behind block %zu", v->blocks);
	if (st->kind != SIG_SNAPSHOT)
		return vrp_err_set(err, "a stream follows another and does not begin with a snapshot");
	return 0;
}

static int
check_next(const struct sig_verifier *v, const struct sig_statement *st, struct vrp_err *err)
{
	if (!v->any)
		return vrp_err_set(err, "the beginning of the stream is missing");
	if (v->last.kind == SIG_END)
		return vrp_err_set(err, "a block behind the end of the stream");
	if (memcmp(st->previous, v->hash, SIG_HASH_LEN) != 0 || st->seq <= v->last.seq)
		return vrp_err_set(err, "not the statement that follows block %zu: one is missing, or comes again, or is of "
				   "another stream", v->blocks);
	if (v->last.kind == SIG_LIST && st->kind != SIG_END)
		return vrp_err_set(err, "a block behind a list, which is alone in its stream");
	return 0;
}

/* Where the statement stands to the mark: on true it may pass. */
static int
check_mark(struct sig_verifier *v, const struct sig_statement *st, const uint8_t hash[SIG_HASH_LEN], struct vrp_err *err)
{
	const struct sig_mark *mark = v->config.mark;

	if (mark && !v->any)
		v->behind = st->seq <= mark->seq;
	if (!v->behind || st->seq < mark->seq)
		return 0;
	if (st->seq > mark->seq || memcmp(hash, mark->hash, SIG_HASH_LEN) != 0)
		return vrp_err_set(err, "older than, or other than, what was accepted before");
	v->behind = false;
	return 0;
}

static int
check_bytes(const struct sig_verifier *v, const struct sig_statement *st, struct vrp_err *err)
{
	uint8_t digest[SIG_HASH_LEN];

	if (sig_hash(v->held.data + v->waiting, v->mark_at - v->waiting, digest) < 0)
		return vrp_err_nomem(err);
	return memcmp(digest, st->digest, SIG_HASH_LEN) == 0 ? 0 : vrp_err_set(err, "these are not the bytes that were signed");
}

/* ---- bytes */

/* What has been verified goes out, unless it has to wait. */
static int
let_through(struct sig_verifier *v)
{
	size_t len = v->mark_at;
	int rc;

	v->held.len = len;
	v->waiting = v->behind ? len : 0;
	if (v->behind)
		return 0;
	if (v->config.mark) {
		v->config.mark->seq = v->last.seq;
		memcpy(v->config.mark->hash, v->hash, SIG_HASH_LEN);
	}
	rc = v->config.accepted(v->config.ctx, v->held.data, len);
	buf_reset(&v->held);
	return rc;
}

static int
take_statement(struct sig_verifier *v, int64_t now, struct vrp_err *err)
{
	uint8_t hash[SIG_HASH_LEN];
	struct sig_statement st;

	if (sig_statement_verify(&st, v->held.data + v->mark_at, v->held.len - v->mark_at - 1, v->config.keys, hash, err) < 0)
		return -1;
	if (st.kind == SIG_FILE)
		return vrp_err_set(err, "the signature of a file, not of a stream");
	if ((st.first ? check_first(v, &st, err) : check_next(v, &st, err)) < 0 || check_bytes(v, &st, err) < 0 ||
	    sig_check_time(st.time, st.until, &v->config.rules, now, err) < 0 || check_mark(v, &st, hash, err) < 0)
		return -1;
	v->any = true;
	v->last = st;
	memcpy(v->hash, hash, SIG_HASH_LEN);
	v->blocks += st.kind != SIG_END;
	return let_through(v);
}

static int
take_piece(struct sig_verifier *v, const char *data, const struct sig_piece *p, int64_t now, struct vrp_err *err)
{
	size_t most = v->config.max_size + (p->mark ? SIG_STATEMENT_MAX : 0), len;
	const char *mark;

	if (p->mark && p->begins)
		v->mark_at = v->held.len;
	if (v->config.max_size && v->held.len + p->len > most)
		return vrp_err_set(err, "a block of more than %zu bytes", v->config.max_size);
	if (sig_held_add(&v->held, data, p->len) < 0)
		return vrp_err_nomem(err);
	mark = v->held.data + v->mark_at;
	len = v->held.len - v->mark_at;
	if (!p->mark || !sig_statement_is(mark, len))
		return 0;
	if (len > SIG_STATEMENT_MAX)
		return vrp_err_set(err, "a statement of more than %d bytes", SIG_STATEMENT_MAX);
	return p->ends ? take_statement(v, now, err) : 0;
}

int
sig_verifier_feed(struct sig_verifier *v, const char *data, size_t len, int64_t now, struct vrp_err *err)
{
	int rc = v->refused ? vrp_err_set(err, "refused already") : 0;

	while (rc == 0 && len) {
		struct sig_piece p = sig_split_next(&v->split, data, len);

		rc = take_piece(v, data, &p, now, err);
		if (rc < 0)
			err->line = v->split.lines + !p.ends;
		data += p.len;
		len -= p.len;
	}
	v->refused |= rc != 0;
	return rc;
}

static int
check_end(const struct sig_verifier *v, struct vrp_err *err)
{
	if (v->refused)
		return vrp_err_set(err, "refused already");
	if (!v->any)
		return vrp_err_set(err, "not signed");
	if (v->held.len > v->waiting || v->last.kind != SIG_END)
		return vrp_err_set(err, "cut off behind block %zu", v->blocks);
	return v->behind ? vrp_err_set(err, "older than what was accepted before") : 0;
}

int
sig_verifier_finish(struct sig_verifier *v, struct vrp_err *err)
{
	int rc = check_end(v, err);

	v->refused |= rc < 0;
	return rc;
}

/* ---- marks */

#define MARK_KEYWORD "vrp-sign-state version=1 seq="

int
sig_mark_format(const struct sig_mark *mark, struct buf *out)
{
	char hash[2 * SIG_HASH_LEN + 1];

	*hex_encode_lower(hash, mark->hash, SIG_HASH_LEN) = '\0';
	return buf_addf(out, MARK_KEYWORD "%" PRIu64 " statement=%s\n", mark->seq, hash);
}

bool
sig_mark_parse(const char *text, size_t len, struct sig_mark *mark)
{
	static const char keyword[] = MARK_KEYWORD, name[] = " statement=";
	const char *end = text + len, *s = text + sizeof(keyword) - 1, *blank;

	if (len < sizeof(keyword) || end[-1] != '\n' || memcmp(text, keyword, sizeof(keyword) - 1) != 0)
		return false;
	end--;
	blank = memchr(s, ' ', (size_t)(end - s));
	if (!blank || !num_u64(s, (size_t)(blank - s), &mark->seq))
		return false;
	s = blank + sizeof(name) - 1;
	return end - blank > (ptrdiff_t)sizeof(name) - 1 && memcmp(blank, name, sizeof(name) - 1) == 0 &&
	       hex_decode(s, (size_t)(end - s), mark->hash, SIG_HASH_LEN);
}
