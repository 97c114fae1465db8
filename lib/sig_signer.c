/* SPDX-License-Identifier: ISC */
/*
 * The bytes since the last statement are held.  The reader is given them piece
 * by piece, so that a block begins and ends exactly at a piece's edge; only a
 * bare list begins elsewhere, and it is the first.
 */
#include "sig_signer.h"

#include "names.h"
#include "sig_held.h"
#include "sig_split.h"
#include "sig_statement.h"
#include "stream.h"

struct sig_signer {
	struct sig_signer_config config;
	struct names *names;
	struct stream_reader *reader;
	struct sig_split split;
	struct buf held;	/* since the last statement */
	size_t mark_at;		/* where in it the last line begins that begins with % or ~ */

	/* Of the block that is open, by the reader's callbacks. */
	enum block_kind kind;
	bool began, ended;	/* within this piece */
	bool bad;		/* void, and what is held with it, up to the next block */
	bool orphan;		/* a delta without its base */
	bool lost;		/* the base of further deltas */

	struct buf line;	/* the statement in the making */
	uint64_t seq;		/* of the last one, as the next fields */
	bool any;
	uint8_t hash[SIG_HASH_LEN];
};

static int
on_begin(void *ctx, const struct block_head *head)
{
	struct sig_signer *s = ctx;
	struct vrp_err err = {.line = stream_line(s->reader)};

	s->kind = head->kind;
	s->began = true;
	s->orphan = s->lost && head->kind == BLOCK_DELTA;
	s->lost &= s->orphan;
	if (s->orphan) {
		vrp_err_set(&err, "a delta after a block that was refused, not signed");
		s->config.refused(s->config.ctx, &err);
	}
	return 0;
}

static int
on_end(void *ctx)
{
	struct sig_signer *s = ctx;

	s->ended = true;
	return 0;
}

static int
on_discard(void *ctx, const struct vrp_err *reason)
{
	struct sig_signer *s = ctx;

	s->bad = s->lost = true;
	s->began = s->orphan = false;
	s->config.refused(s->config.ctx, reason);
	return 0;
}

struct sig_signer *
sig_signer_new(const struct sig_signer_config *config)
{
	static const struct stream_ops ops = {.begin = on_begin, .end = on_end, .discard = on_discard};
	struct sig_signer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->names = names_new();
	s->reader = s->names ? stream_reader_new(s->names, &ops, s) : NULL;
	if (s->reader)
		return s;
	sig_signer_free(s);
	return NULL;
}

void
sig_signer_free(struct sig_signer *s)
{
	if (!s)
		return;
	stream_reader_free(s->reader);
	names_unref(s->names);
	sig_held_release(&s->held);
	buf_release(&s->line);
	free(s);
}

/* Sign what is held, write both, and hold nothing. */
static int
sign(struct sig_signer *s, enum sig_kind kind, int64_t now_us, struct vrp_err *err)
{
	uint64_t at = now_us > 0 ? (uint64_t)now_us : 0;
	int64_t now = (int64_t)(at / 1000000);
	struct sig_statement st = {
		.kind = kind,
		.seq = at > s->seq ? at : s->seq + 1,
		.time = now,
		.until = s->config.valid ? now + s->config.valid : STAMP_UNKNOWN,
		.first = !s->any,
	};
	int rc;

	memcpy(st.previous, s->hash, SIG_HASH_LEN);
	if (sig_hash(s->held.data ? s->held.data : "", s->held.len, st.digest) < 0)
		return vrp_err_nomem(err);
	buf_reset(&s->line);
	if (sig_statement_sign(&st, s->config.key, &s->line, s->hash, err) < 0)
		return -1;
	s->seq = st.seq;
	s->any = true;
	rc = s->held.len ? s->config.write(s->config.ctx, s->held.data, s->held.len) : 0;
	buf_reset(&s->held);
	return rc ? rc : s->config.write(s->config.ctx, s->line.data, s->line.len);
}

static int
sign_block(struct sig_signer *s, int64_t now_us, struct vrp_err *err)
{
	s->ended = false;
	if (s->orphan) {
		s->orphan = false;
		buf_reset(&s->held);
		return 0;
	}
	return sign(s, s->kind == BLOCK_DELTA ? SIG_DELTA : s->kind == BLOCK_BARE ? SIG_LIST : SIG_SNAPSHOT, now_us, err);
}

/* Forget what is void: all before the block that began in this piece, or before the line that may yet begin one. */
static void
drop_bad(struct sig_signer *s, bool unfinished_mark)
{
	buf_drop(&s->held, s->began || unfinished_mark ? s->mark_at : s->held.len);
	s->mark_at = 0;
	s->bad = !s->began;
}

static int
take_piece(struct sig_signer *s, const char *data, const struct sig_piece *p, int64_t now_us, struct vrp_err *err)
{
	if (p->mark && p->begins)
		s->mark_at = s->held.len;
	if (s->config.max_size && s->held.len + p->len > s->config.max_size)
		return vrp_err_at(err, s->split.lines, 0, "a block of more than %zu bytes", s->config.max_size);
	if (sig_held_add(&s->held, data, p->len) < 0)
		return vrp_err_nomem(err);
	if (p->mark && sig_statement_is(s->held.data + s->mark_at, s->held.len - s->mark_at))
		return vrp_err_at(err, s->split.lines + !p->ends, 0, "signed already: verify it first");
	s->began = false;
	if (stream_feed(s->reader, data, p->len) < 0)
		return vrp_err_nomem(err);
	if (s->bad)
		drop_bad(s, p->mark && !p->ends);
	return s->ended ? sign_block(s, now_us, err) : 0;
}

int
sig_signer_feed(struct sig_signer *s, const char *data, size_t len, int64_t now_us, struct vrp_err *err)
{
	int rc = 0;

	while (rc == 0 && len) {
		struct sig_piece p = sig_split_next(&s->split, data, len);

		rc = take_piece(s, data, &p, now_us, err);
		data += p.len;
		len -= p.len;
	}
	return rc;
}

/* The reader has been told that no more comes. */
static int
end(struct sig_signer *s, int rc, int64_t now_us, struct vrp_err *err)
{
	if (rc < 0)
		return vrp_err_nomem(err);
	if (s->bad)
		drop_bad(s, false);
	if (s->held.len && s->held.data[s->held.len - 1] != '\n' && sig_held_add(&s->held, "\n", 1) < 0)
		return vrp_err_nomem(err);
	rc = s->ended ? sign_block(s, now_us, err) : 0;
	return rc ? rc : sign(s, SIG_END, now_us, err);
}

int
sig_signer_finish(struct sig_signer *s, int64_t now_us, struct vrp_err *err)
{
	s->began = false;
	return end(s, stream_finish(s->reader), now_us, err);
}

int
sig_signer_break(struct sig_signer *s, int64_t now_us, struct vrp_err *err)
{
	const char *nl;

	s->began = false;
	/* The beginning of a line is none. */
	if (s->held.len) {
		nl = memrchr(s->held.data, '\n', s->held.len);
		s->held.len = nl ? (size_t)(nl + 1 - s->held.data) : 0;
	}
	return end(s, stream_break(s->reader), now_us, err);
}
