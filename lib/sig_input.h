/* SPDX-License-Identifier: ISC */
/*
 * A feed that has to be signed, for whoever reads it whole: a signed stream, or
 * JSON with the signature of GoRTR, told apart by the first byte that is no
 * blank.  All of it is verified before the first byte comes out.
 *
 *	sig_input_init(&si, &in, &config);
 *	set = feed_read(&si.input, ...);
 *	sig_input_release(&si);
 */
#ifndef VRP_SIG_INPUT_H
#define VRP_SIG_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "feed.h"
#include "sig_key.h"
#include "sig_verifier.h"

struct sig_input {
	struct feed_input input;	/* what was verified */

	/* The rest is private. */
	struct feed_input from;
	const struct sig_keys *keys;
	struct sig_mark *mark;
	int64_t now;
	struct buf text;
	size_t given;
	bool read;
};

/*
 * From the bytes of `from`, which bounds their number.  keys and mark, which may
 * be NULL and is of streams alone, are borrowed.  Dates of JSON have to be signed and good.
 */
void sig_input_init(struct sig_input *si, const struct feed_input *from, const struct sig_keys *keys, struct sig_mark *mark,
		    int64_t now);
void sig_input_release(struct sig_input *si);

#endif
