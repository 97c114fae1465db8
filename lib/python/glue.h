/* SPDX-License-Identifier: ISC */
/*
 * What lib/python needs in C beside libvrp's own header: the structures and
 * the prefix table of rtrlib, which the binding's API shows, over libvrp's;
 * and whatever is done a million times.
 *
 * build_ffi.py reads the declarations of this file as they stand, so there are
 * no macros in them.
 */
#ifndef VRP_PYTHON_GLUE_H
#define VRP_PYTHON_GLUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vrp/vrp.h>

/* ---- rtrlib's values */

enum rtr_rtvals {
	RTR_SUCCESS = 0,
	RTR_ERROR = -1,
	RTR_INVALID_PARAM = -2,
};

enum pfx_rtvals {
	PFX_SUCCESS = 0,
	PFX_ERROR = -1,
	PFX_DUPLICATE_RECORD = -2,
	PFX_RECORD_NOT_FOUND = -3,
};

enum pfxv_state {
	BGP_PFXV_STATE_VALID = 0,
	BGP_PFXV_STATE_NOT_FOUND = 1,
	BGP_PFXV_STATE_INVALID = 2,
};

enum rtr_socket_state {
	RTR_CONNECTING = 0,
	RTR_ESTABLISHED = 1,
	RTR_RESET = 2,
	RTR_SYNC = 3,
	RTR_FAST_RECONNECT = 4,
	RTR_ERROR_NO_DATA_AVAIL = 5,
	RTR_ERROR_NO_INCR_UPDATE_AVAIL = 6,
	RTR_ERROR_FATAL = 7,
	RTR_ERROR_TRANSPORT = 8,
	RTR_SHUTDOWN = 9,
};

enum rtr_mgr_status {
	RTR_MGR_CLOSED = 0,
	RTR_MGR_CONNECTING = 1,
	RTR_MGR_ESTABLISHED = 2,
	RTR_MGR_ERROR = 3,
};

enum lrtr_ip_version {
	LRTR_IPV4 = 0,
	LRTR_IPV6 = 1,
};

/* Addresses are in host order. */
struct lrtr_ipv4_addr {
	uint32_t addr;
};

struct lrtr_ipv6_addr {
	uint32_t addr[4];
};

struct lrtr_ip_addr {
	enum lrtr_ip_version ver;
	union {
		struct lrtr_ipv4_addr addr4;
		struct lrtr_ipv6_addr addr6;
	} u;
};

/* What was last known of a cache; the Python class keeps it up to date. */
struct rtr_socket {
	unsigned int refresh_interval;
	unsigned int expire_interval;
	unsigned int retry_interval;
	int64_t last_update;
	enum rtr_socket_state state;
	unsigned int version;
	bool has_received_pdus;
	unsigned int index;	/* of the cache in its client */
};

struct rtr_mgr_group {
	struct rtr_socket **sockets;
	unsigned int sockets_len;
	uint8_t preference;
	enum rtr_mgr_status status;
};

struct pfx_record {
	uint32_t asn;
	struct lrtr_ip_addr prefix;
	uint8_t min_len;
	uint8_t max_len;
	const struct rtr_socket *socket;	/* NULL where it came from no cache */
};

/* Unlike rtrlib's, with a key of any length; spki is borrowed from the view that the record is of. */
struct spki_record {
	uint8_t ski[20];
	uint32_t asn;
	const uint8_t *spki;
	size_t spki_len;
	const struct rtr_socket *socket;
};

/* ---- rtrlib's functions */

int lrtr_ip_str_to_addr(const char *str, struct lrtr_ip_addr *ip);
int lrtr_ip_addr_to_str(const struct lrtr_ip_addr *ip, char *str, unsigned int len);
bool lrtr_ip_addr_equal(const struct lrtr_ip_addr a, const struct lrtr_ip_addr b);

/* To be allocated by the caller, as rtrlib's. */
struct pfx_table {
	struct vrp_table *table;	/* NULL after pfx_table_free() */
	void (*update_fp)(struct pfx_table *, const struct pfx_record, const bool);
};

/*
 * The return values are those of enum pfx_rtvals.  A record that was added or removed
 * counts from the next question on, which then costs a walk over the table.
 */
void pfx_table_init(struct pfx_table *t,
		    void (*update_fp)(struct pfx_table *, const struct pfx_record, const bool));
void pfx_table_free(struct pfx_table *t);
int pfx_table_add(struct pfx_table *t, const struct pfx_record *record);
int pfx_table_remove(struct pfx_table *t, const struct pfx_record *record);
int pfx_table_validate(struct pfx_table *t, const uint32_t asn, const struct lrtr_ip_addr *ip,
		       const uint8_t mask_len, enum pfxv_state *result);

/* *reason is one block of *reason_len records, to be given to free(); NULL where there are none. */
int pfx_table_validate_r(struct pfx_table *t, struct pfx_record **reason, unsigned int *reason_len, const uint32_t asn,
			 const struct lrtr_ip_addr *ip, const uint8_t mask_len, enum pfxv_state *result);
void pfx_table_for_each_ipv4_record(struct pfx_table *t, void (*fp)(const struct pfx_record *, void *), void *data);
void pfx_table_for_each_ipv6_record(struct pfx_table *t, void (*fp)(const struct pfx_record *, void *), void *data);

/* ---- Ours */

/* The caches that records may have come from, rtr_socket number i being cache i.  count is 0 for none. */
struct vpy_sockets {
	const struct rtr_socket *at;
	size_t count;
};

/* The table with all changes in it: a new reference, NULL when memory is out. */
struct vrp_view *vpy_table_view(struct pfx_table *t);

/* As pfx_table_validate_r() in a view; reason and reason_len may be NULL. */
int vpy_validate_r(const struct vrp_view *view, const struct vpy_sockets *sockets, struct pfx_record **reason,
		   unsigned int *reason_len, uint32_t asn, const struct lrtr_ip_addr *ip, unsigned int mask_len,
		   enum pfxv_state *result);

/* count records of a view as rtrlib's. */
void vpy_pfx_records(const struct vrp_view *view, const struct vpy_sockets *sockets, const struct vrp_record *from,
		     size_t count, struct pfx_record *to);
void vpy_spki_records(const struct rtr_socket *socket, const struct vrp_router_key *from, size_t count,
		      struct spki_record *to);

/* Hand an exception that nobody can catch to sys.unraisablehook.  Both are Python objects by their id(). */
void vpy_unraisable(uintptr_t exception, uintptr_t where);

/* The lines in a text, where a last one needs no newline. */
size_t vpy_lines(const char *text, size_t len);

/*
 * Validate every line, `PREFIX ORIGIN`, `PREFIX => ORIGIN` or `ADDRESS LENGTH ORIGIN`, with or without "AS", where
 * ORIGIN may be a path that ends in it, and an AS_SET at its end is no origin.  states has room for so many
 * lines, and no more are read, for the text may belong to somebody who changes it: an enum vrp_state each, and
 * VPY_NO_ROUTE for an empty line and a comment (#).  Returns 0, or the number of the first malformed line where
 * `strict`; otherwise these get VPY_NO_ROUTE, too.
 */
enum vpy_constants {
	VPY_NO_ROUTE = -1,
};

size_t vpy_validate_lines(const struct vrp_view *view, const char *text, size_t len, bool strict, int8_t *states,
			  size_t room);

/*
 * Validate columns: uint32_t of host order for asns, and for IPv4 addresses; 16 bytes of network order for IPv6
 * addresses.  They need not be aligned.  Returns 0, or n for the nth, whose length is out of range.
 */
size_t vpy_validate_ipv4(const struct vrp_view *view, const void *asns, const void *addresses,
			 const uint8_t *lengths, size_t count, int8_t *states);
size_t vpy_validate_ipv6(const struct vrp_view *view, const void *asns, const void *addresses,
			 const uint8_t *lengths, size_t count, int8_t *states);

#endif
