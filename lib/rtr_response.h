/* SPDX-License-Identifier: ISC */
/*
 * What a cache sends between Cache Response and End of Data: collected as it
 * comes, judged and applied as a whole when it is complete.
 *
 *	rtr_response_begin(&r, names, reset);
 *	rtr_response_add(&r, &pdu);  ...
 *	error = rtr_response_finish(&r, base, &result);
 *	rtr_result_release(&result);
 */
#ifndef VRP_RTR_RESPONSE_H
#define VRP_RTR_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "delta.h"
#include "names.h"
#include "rtr_pdu.h"
#include "vrpset.h"

struct rtr_response {
	struct vrpset_builder *announced;
	struct vrpset_builder *withdrawn;	/* NULL in the answer to a Reset Query */
};

#define RTR_RESPONSE_INIT {0}

/* -1 when memory is out. */
VRP_NODISCARD int rtr_response_begin(struct rtr_response *r, struct names *names, bool reset);

/* Discard what was collected.  Allowed at any time. */
void rtr_response_release(struct rtr_response *r);

/*
 * Take one payload PDU that rtr_payload_check() found good and whose prefix has
 * no host bits; in the answer to a Reset Query it has to announce.  -1 when
 * memory is out.
 */
VRP_NODISCARD int rtr_response_add(struct rtr_response *r, const struct rtr_pdu *pdu);

/* Records so far. */
size_t rtr_response_count(const struct rtr_response *r);

struct rtr_result {
	struct vrpset *set;	/* the new table; NULL when there was no base to apply a delta to */
	struct delta delta;	/* of a serial response */

	/* On failure: why, and the record at fault where one can be told (points into delta). */
	struct vrp_err err;
	bool has_culprit;
	struct payload culprit;
};

void rtr_result_release(struct rtr_result *result);

/*
 * End the collection, after which r is released, and apply it: a reset response
 * is the new table; a serial response changes base, or, where that is NULL, is
 * handed out as a delta in which a withdrawn ASPA has the provider AS0.
 *
 * A record that one response both withdraws and announces is as if not
 * mentioned, an ASPA as if announced.  An ASPA announced for a customer that
 * base has replaces it.  Other records announced twice, or again, are an error,
 * as are withdrawals of what is not there (RFC 8210 section 5.11, codes 7 and 6).
 *
 * RTR_NO_ERROR or the code to report; RTR_INTERNAL_ERROR when memory is out.
 */
enum rtr_error rtr_response_finish(struct rtr_response *r, const struct vrpset *base, struct rtr_result *result);

#endif
