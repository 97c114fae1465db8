/* SPDX-License-Identifier: ISC */
/* Any bytes as one PDU: what decodes must encode to a PDU that means the same. */
#include "rtr_pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

/* Equal as text, which names every field that means something. */
static void
require_same(const struct rtr_pdu *a, const struct rtr_pdu *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	require(rtr_pdu_describe(&x, a) == 0 && rtr_pdu_describe(&y, b) == 0);
	require(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
	buf_release(&x);
	buf_release(&y);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rtr_scratch scratch, scratch_again;
	struct rtr_pdu pdu, again;
	struct buf out = BUF_INIT;
	const char *reason = NULL;

	if (rtr_pdu_decode(data, size, &scratch, &pdu, &reason) != RTR_NO_ERROR) {
		require(reason && *reason);
		return 0;
	}
	if (pdu.type != RTR_ERROR_REPORT)
		(void)rtr_payload_check(&pdu, &reason);
	require(rtr_pdu_encode(&out, &pdu) == 0 && out.len <= RTR_PDU_MAX);
	require(rtr_pdu_decode((unsigned char *)out.data, out.len, &scratch_again, &again, &reason) == RTR_NO_ERROR);
	/* Only an Error Report may come back shorter: its text is limited, trailing NULs go. */
	if (pdu.type != RTR_ERROR_REPORT || (out.len == size && pdu.text_len == again.text_len))
		require_same(&pdu, &again);
	require(out.len == size || pdu.type == RTR_ERROR_REPORT);
	buf_release(&out);
	return 0;
}
