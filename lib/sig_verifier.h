/* SPDX-License-Identifier: ISC */
/*
 * Verifies a signed stream, vrp(5): a block comes out when its statement has
 * been found good, byte for byte as it was signed and without the statement; of
 * anything else nothing comes out.  Without I/O and clock.
 *
 * What is refused ends it, because nothing behind can be told to be in its
 * place: a bad signature, an unknown key, changed bytes, a block too many, too
 * few, twice or in another order, a stream that is old, expired or from the future, and one
 * that ends without its last statement.
 *
 * Streams may follow each other, from a signer that was started anew, when each is
 * newer than the one before and begins with a whole table.
 */
#ifndef VRP_SIG_VERIFIER_H
#define VRP_SIG_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "sig_key.h"
#include "sig_statement.h"

/*
 * How far a stream has been let through.  Where one begins before its mark,
 * what is verified waits until the mark is reached: so a file may be read again,
 * but whoever holds it back to an older one changes nothing.
 */
struct sig_mark {
	uint64_t seq;		/* 0: nothing yet */
	uint8_t hash[SIG_HASH_LEN];
};

/* As text: one line, for a file that outlives the program. */
VRP_NODISCARD int sig_mark_format(const struct sig_mark *mark, struct buf *out);	/* -1 when memory is out */
bool sig_mark_parse(const char *text, size_t len, struct sig_mark *mark);

struct sig_verifier_config {
	const struct sig_keys *keys;	/* borrowed, as the mark */
	struct sig_mark *mark;	/* read at the start, moved before each call of accepted(); NULL: none */
	struct sig_rules rules;
	size_t max_size;	/* bytes held: of a block, of all that waits for the mark; 0: any */

	/* Verified bytes; what is above 0 stops, and what comes after it is lost. */
	int (*accepted)(void *ctx, const char *data, size_t len);
	void *ctx;
};

struct sig_verifier;

VRP_NODISCARD struct sig_verifier *sig_verifier_new(const struct sig_verifier_config *config);	/* NULL when memory is out */
void sig_verifier_free(struct sig_verifier *v);	/* NULL is allowed */

/*
 * The next bytes at a time in Unix seconds.  0; -1 with the reason why nothing
 * more will come out, err->line being that of the statement; or what accepted()
 * returned.
 */
VRP_NODISCARD int sig_verifier_feed(struct sig_verifier *v, const char *data, size_t len, int64_t now, struct vrp_err *err);

/* The input has ended.  -1 with a reason when that is not where the stream ended. */
VRP_NODISCARD int sig_verifier_finish(struct sig_verifier *v, struct vrp_err *err);

size_t sig_verifier_blocks(const struct sig_verifier *v);	/* that were found good */

#endif
