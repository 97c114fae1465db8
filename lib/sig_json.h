/* SPDX-License-Identifier: ISC */
/*
 * The signature of GoRTR and OctoRPKI, within the JSON export that it is of:
 *
 *	S	the strings "PREFIX,MAXLENGTH,ASN," of all VRPs, in order of their bytes, joined
 *	metadata.signatureDate	of SHA-256 over S
 *	metadata.signature	of SHA-256 over "GENERATED," S "VALID", both being metadata's
 *
 * Yes, the names are crossed.  Both are ECDSA on P-256, the DER in hexadecimal.
 * An ASN stands in S as in the export: a number from a million on as Go prints a
 * float, 4.2e+09, which is what GoRTR makes of it; verifying takes the plain number as well.
 *
 * Trust anchors, counts, and serial are not covered, and pass.  Anything else
 * that is not covered, such as ASPAs or an expiry, is refused by both signing and
 * verifying, because it could be put in by anyone.  So are records that aren't
 * VRPs: commas in them would be other records.
 */
#ifndef VRP_SIG_JSON_H
#define VRP_SIG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "sig_key.h"
#include "sig_statement.h"

/*
 * Append the document, signed: its metadata is made anew, `generated` and
 * `serial` are kept, `valid` becomes now + valid; the rest stays byte for byte.
 * The key has to be one of ECDSA.  -1 with a reason.
 */
VRP_NODISCARD int sig_json_sign(const char *text, size_t len, const struct sig_key *key, int64_t now, uint32_t valid,
				struct buf *out, struct vrp_err *err);

/*
 * Did one of the keys sign this document?  strict_time: with its dates, and
 * these are good now; otherwise a signature with dates is not needed, but has
 * to be good if there is one.  -1 with a reason.
 */
VRP_NODISCARD int sig_json_verify(const char *text, size_t len, const struct sig_keys *keys, bool strict_time,
				  const struct sig_rules *rules, int64_t now, struct vrp_err *err);

#endif
