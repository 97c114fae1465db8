/* SPDX-License-Identifier: ISC */
/*
 * A table as the set of its PDUs' bytes, made in two ways that share nothing:
 * from vrp(5) lines and from what a router received.  No PDU or line code of
 * lib/ is in it: the checker must not share the mistakes of what it checks.
 */
#ifndef PERF_PDUTABLE_H
#define PERF_PDUTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"

#define PDU_TYPES 12

struct pdu_ref {
	size_t at;	/* in bytes */
	size_t len;
};

struct pdutable {
	struct buf bytes;
	struct pdu_ref *refs;	/* sorted by content once it is finished */
	size_t count, cap;
	size_t of_type[PDU_TYPES];
};

#define PDUTABLE_INIT {.count = 0}

/* A response taken apart: Cache Response, payload, End of Data and nothing else. */
struct response {
	struct pdutable announced;
	struct pdutable withdrawn;	/* with the announce flag set, to compare */
	uint16_t session;
	uint32_t serial;
};

void pdutable_release(struct pdutable *t);
void response_release(struct response *r);

/* Each of these ends the program with a message when the input is not what it should be. */
void pdutable_read_lines(struct pdutable *t, const char *path, uint8_t version);
void response_read(struct response *r, const unsigned char *data, size_t len, uint8_t version);

/* Take away what was withdrawn, which has to be there; add what was announced, which must not. */
void pdutable_apply(struct pdutable *t, const struct response *r);

/* False, with the first difference on stderr, unless both hold the same PDUs. */
bool pdutable_same(const struct pdutable *got, const struct pdutable *want);

/* Message on stderr and exit 2: for the programs of t/perf. */
VRP_NORETURN void die(const char *fmt, ...) VRP_PRINTF(1, 2);

#endif
