/* SPDX-License-Identifier: ISC */
/*
 * The PDUs of the RPKI-to-Router protocol as values: RFC 6810 (version 0),
 * RFC 8210 (version 1) and draft-ietf-sidrops-8210bis-27 (version 2).
 * Stateless: what a PDU means in a session is rtr_session.h and rtr_client.h.
 */
#ifndef VRP_RTR_PDU_H
#define VRP_RTR_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "payload.h"

#define RTR_VERSION_MAX 2
#define RTR_HEADER_LEN 8
#define RTR_PDU_MAX 65535	/* 8210bis section 5: no PDU is longer */

enum rtr_type {
	RTR_SERIAL_NOTIFY = 0,
	RTR_SERIAL_QUERY = 1,
	RTR_RESET_QUERY = 2,
	RTR_CACHE_RESPONSE = 3,
	RTR_IPV4_PREFIX = 4,
	RTR_IPV6_PREFIX = 6,
	RTR_END_OF_DATA = 7,
	RTR_CACHE_RESET = 8,
	RTR_ROUTER_KEY = 9,	/* version 1 and later */
	RTR_ERROR_REPORT = 10,
	RTR_ASPA = 11,		/* version 2 and later */
};

enum rtr_error {
	RTR_CORRUPT_DATA = 0,
	RTR_INTERNAL_ERROR = 1,
	RTR_NO_DATA_AVAILABLE = 2,
	RTR_INVALID_REQUEST = 3,
	RTR_UNSUPPORTED_VERSION = 4,
	RTR_UNSUPPORTED_PDU_TYPE = 5,
	RTR_WITHDRAWAL_OF_UNKNOWN = 6,
	RTR_DUPLICATE_ANNOUNCEMENT = 7,
	RTR_UNEXPECTED_VERSION = 8,	/* version 1 and later */
	RTR_ASPA_PROVIDER_LIST = 9,	/* version 2 and later, as all below */
	RTR_TRANSPORT_FAILED = 10,
	RTR_ORDERING = 11,
	RTR_CACHE_RESTART = 12,
	RTR_CACHE_SHUTDOWN = 13,
	RTR_NO_ERROR = 255,		/* not on the wire */
};

/* Seconds, RFC 8210 section 6. */
struct rtr_timers {
	uint32_t refresh;	/* 1 to 86400 */
	uint32_t retry;		/* 1 to 7200 */
	uint32_t expire;	/* 600 to 172800, larger than both */
};

#define RTR_TIMERS_DEFAULT {3600, 600, 7200}

/* NULL when the timers are within their ranges, else which is not. */
const char *rtr_timers_check(const struct rtr_timers *timers);

struct rtr_header {
	uint8_t version;
	uint8_t type;		/* not only those of enum rtr_type */
	uint16_t x;		/* session ID, error code, flags or zero, by type */
	uint32_t len;		/* of the whole PDU, header included, as sent */
};

struct rtr_pdu {
	uint8_t version;
	uint8_t type;
	uint16_t session;	/* Notify, Serial Query, Cache Response, End of Data */
	uint32_t serial;	/* Notify, Serial Query, End of Data */
	struct rtr_timers timers;	/* End of Data of version 1 and later; zero in version 0 */

	/* Prefixes, Router Key, ASPA.  ta is 0 and expires unknown.  A withdrawn ASPA has no providers. */
	bool announce;
	struct payload payload;

	/* Error Report; both borrow from the decoded bytes. */
	uint16_t error;
	const unsigned char *copy;	/* of the offending PDU */
	size_t copy_len;
	const char *text;		/* not NUL-terminated; trailing NULs cut off */
	size_t text_len;
};

/* The first RTR_HEADER_LEN bytes; any values. */
struct rtr_header rtr_header_decode(const unsigned char *data);

/* Room that rtr_pdu_decode() needs for the providers of an ASPA. */
struct rtr_scratch {
	uint32_t providers[ASPA_PROVIDERS_MAX];
};

/*
 * Decode one whole PDU of len bytes, where len is what its header says.
 * RTR_NO_ERROR, or the error code that a receiver of it should report, with a
 * constant text in *reason.  Checked are the length for type and version (an
 * Error Report may bear any version, other PDUs up to RTR_VERSION_MAX), the
 * ranges of prefix and maximum length, and for ASPA the length; which type may
 * come when, host bits and provider order are the session's business
 * (rtr_payload_check()).  pdu borrows from data and scratch.
 */
enum rtr_error rtr_pdu_decode(const unsigned char *data, size_t len, struct rtr_scratch *scratch, struct rtr_pdu *pdu,
			      const char **reason);

/*
 * What a router holds against a well-formed payload PDU: host bits (an error
 * in version 2 only) and an ASPA's provider list (8210bis section 5.12).
 */
enum rtr_error rtr_payload_check(const struct rtr_pdu *pdu, const char **reason);

/*
 * Append one PDU to out.  All of them: -1 when memory is out.  An ASPA that is
 * withdrawn is written without providers; End of Data has timers from version 1
 * on.  The caller keeps Router Keys out of version 0 and ASPAs out of 0 and 1.
 */
VRP_NODISCARD int rtr_pdu_encode(struct buf *out, const struct rtr_pdu *pdu);

/*
 * Append an Error Report.  The offending PDU is copied, cut so that the report
 * fits RTR_PDU_MAX (8210bis section 5.8); NULL for a generic error.  Text is
 * cut at 1,024 bytes.
 */
VRP_NODISCARD int rtr_error_encode(struct buf *out, uint8_t version, enum rtr_error error, const unsigned char *copy,
				   size_t copy_len, const char *text);

/* Write the prefix PDU of a VRP at dst, 20 or 32 bytes, and return the end: the fast path. */
unsigned char *rtr_vrp_encode(unsigned char *dst, uint8_t version, bool announce, const struct vrp *vrp);

/* Constant names as the RFCs write them ("Serial Notify", "Corrupt Data"); "unknown" for others. */
const char *rtr_type_name(unsigned type);
const char *rtr_error_name(unsigned error);

/*
 * The code to send in a session of this version in place of one that only later
 * versions define (8210bis section 12): Invalid Request for Unexpected Version,
 * Corrupt Data for those of version 2.
 */
enum rtr_error rtr_error_for_version(uint8_t version, enum rtr_error error);

/*
 * Append a readable line without newline:
 *
 *	v1 IPv4 Prefix + 192.0.2.0/24 24 AS64496
 *	v2 End of Data session 4660 serial 7 refresh 3600 retry 600 expire 7200
 *	v1 Error Report 2 (No Data Available) "no data yet" about 0102000000000008
 *
 * Payloads as in the line format, '+' announced and '-' withdrawn.  Text of an
 * Error Report is shown in printable ASCII, and up to 32 bytes of its PDU.
 */
VRP_NODISCARD int rtr_pdu_describe(struct buf *out, const struct rtr_pdu *pdu);

/* RFC 1982: is a older than b?  False when they are 2^31 apart, which is undefined. */
static inline bool
rtr_serial_older(uint32_t a, uint32_t b)
{
	return a != b && b - a < UINT32_C(1) << 31;
}

#endif
