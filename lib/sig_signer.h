/* SPDX-License-Identifier: ISC */
/*
 * Signs a stream, vrp(5): behind each block that came whole and well-formed
 * stands a statement, at the end one that says so.  Without I/O and clock.
 *
 * Every byte that is written is covered by a statement, comments and unknown
 * lines as well.  Of a block that is malformed or cut short nothing is written,
 * nor of what stands between it and the block before; deltas are refused after
 * it until the next snapshot, because they have lost their base.
 */
#ifndef VRP_SIG_SIGNER_H
#define VRP_SIG_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "sig_key.h"

struct sig_signer_config {
	const struct sig_key *key;	/* borrowed */
	uint32_t valid;		/* seconds for which statements are good, 0: for ever */
	size_t max_size;	/* bytes of a block, which are held until it has ended; 0: any */

	/* The next bytes of the signed stream: a block with its statement, or the last statement.  What is above 0 stops. */
	int (*write)(void *ctx, const char *data, size_t len);

	/* A block that is not signed, and why. */
	void (*refused)(void *ctx, const struct vrp_err *reason);
	void *ctx;
};

struct sig_signer;

VRP_NODISCARD struct sig_signer *sig_signer_new(const struct sig_signer_config *config);	/* NULL when memory is out */
void sig_signer_free(struct sig_signer *s);	/* NULL is allowed */

/*
 * The next bytes, at a time in microseconds since 1970.  0; -1 with a reason,
 * after which the signer is of no use; or what write() returned.  Input that is
 * signed already and a block above max_size are such reasons.
 */
VRP_NODISCARD int sig_signer_feed(struct sig_signer *s, const char *data, size_t len, int64_t now_us, struct vrp_err *err);

/* The input has ended, or shall be read no further, which voids an open block and a bare list: the last statement. */
VRP_NODISCARD int sig_signer_finish(struct sig_signer *s, int64_t now_us, struct vrp_err *err);
VRP_NODISCARD int sig_signer_break(struct sig_signer *s, int64_t now_us, struct vrp_err *err);

#endif
