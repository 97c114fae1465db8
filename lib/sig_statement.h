/* SPDX-License-Identifier: ISC */
/*
 * A statement, vrp(5): one line that says what is signed, and its signature.
 *
 *	~signed version=1 alg=A key=K kind=snapshot seq=N time=T until=T previous=H digest=H sig=S
 *	~signed-file version=1 alg=A key=K time=T until=T digest=H sig=S
 *
 * What is signed are the bytes of the line before " sig=", keyword and all, so
 * that a statement of one sort is never one of another.  A statement has one
 * form only: a reader takes no other.
 */
#ifndef VRP_SIG_STATEMENT_H
#define VRP_SIG_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "sig_key.h"
#include "stamp.h"

#define SIG_STATEMENT_MAX 4096	/* bytes of a line, with its end */
#define SIG_KEYWORD "~signed"	/* what every statement begins with, and no other line may */

enum sig_kind {
	SIG_SNAPSHOT,
	SIG_DELTA,
	SIG_LIST,	/* records without any frame: the only block of its stream */
	SIG_END,	/* of the stream; what it covers holds no record */
	SIG_FILE,	/* any file, signed apart from it */
};

struct sig_statement {
	enum sig_kind kind;
	uint64_t seq;		/* above that of the statement before; 0 for a file */
	int64_t time;		/* Unix seconds: when it was signed */
	int64_t until;		/* the last second in which it is good; STAMP_UNKNOWN: no end */
	bool first;		/* of a chain: previous=- */
	uint8_t previous[SIG_HASH_LEN];	/* the hash of the statement before */
	uint8_t digest[SIG_HASH_LEN];	/* of the bytes that it covers */
};

/* Does the line begin as a statement does? */
bool sig_statement_is(const char *line, size_t len);

/*
 * Append the signed line, with its newline; hash becomes the statement's, which
 * the next one has as `previous`.  -1 with a reason.
 */
VRP_NODISCARD int sig_statement_sign(const struct sig_statement *st, const struct sig_key *key, struct buf *line,
				     uint8_t hash[SIG_HASH_LEN], struct vrp_err *err);

/*
 * Read a line, without its newline, that one of the keys signed.  -1 with a
 * reason; *st is then of no use.  What it says is still to be held to what is
 * there: the bytes, the order, the clock.
 */
VRP_NODISCARD int sig_statement_verify(struct sig_statement *st, const char *line, size_t len, const struct sig_keys *keys,
				       uint8_t hash[SIG_HASH_LEN], struct vrp_err *err);

/* How old, and how far ahead of our clock, a statement may be. */
struct sig_rules {
	uint32_t max_age;	/* seconds since it was signed, 0: any */
	uint32_t skew;		/* seconds that clocks may differ */
};

#define SIG_SKEW_DEFAULT 300

VRP_NODISCARD int sig_check_time(int64_t time, int64_t until, const struct sig_rules *rules, int64_t now,
				 struct vrp_err *err);

#endif
