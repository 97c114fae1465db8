/* SPDX-License-Identifier: ISC */
/*
 * Who may come in, and how many: counts connections in all, of each listener,
 * of each rule of the access file and of each address, from the moment they are
 * accepted, so that handshakes count.  No I/O, no clock.
 *
 * An address is an IPv4 address or an IPv6 network of 64 bits, which is what
 * one host has.  Unless told otherwise it gets a quarter of all slots.
 *
 * The same count says whose coming and going is logged: an address that comes
 * back again and again would fill the log.
 */
#ifndef VRP_ADMISSION_H
#define VRP_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "compiler.h"
#include "listen_spec.h"
#include "prefix.h"

/* What one listener allows; the caller keeps it for as long as it gives tickets. */
struct admission_port {
	enum listen_transport transport;
	const char *name;	/* NULL when it has none */
	uint8_t max_version;
	size_t max_clients;	/* 0: no limit but the one for all */
	size_t max_per_address;	/* 0: the default */
	size_t clients;
};

enum admission_verdict {
	ADMISSION_GRANTED,
	ADMISSION_DENIED,	/* by the access file */
	ADMISSION_FULL,		/* in all */
	ADMISSION_PORT_FULL,
	ADMISSION_RULE_FULL,
	ADMISSION_ADDRESS_FULL,
	ADMISSION_NO_MEMORY,
};

#define ADMISSION_VERDICTS 7

/* "too many clients in all", for the log. */
extern const char *const admission_reasons[ADMISSION_VERDICTS];

/* What a connection holds while it lives.  For reading only. */
struct admission_ticket {
	struct admission_port *port;
	struct admission_peer *peer;	/* NULL for a unix socket */
	struct access_rule *rule;	/* NULL without an access file */
	struct prefix address;
	uint8_t max_version;		/* what the listener and the rule allow */
	bool logged;			/* its coming is worth a line, and so is its going */
};

struct admission;

/* At most so many connections in all.  NULL when memory is out. */
VRP_NODISCARD struct admission *admission_new(size_t max_clients);

/* All tickets have been returned. */
void admission_free(struct admission *a);

/* address is NULL for a unix socket; now in milliseconds. */
enum admission_verdict admission_ask(struct admission *a, struct admission_port *port, const struct prefix *address,
				     int64_t now, struct admission_ticket *out);
void admission_return(struct admission *a, struct admission_ticket *ticket);

/*
 * Go by another access file from now on, taken over; NULL for none.  Each ticket
 * that is out has to be judged again after that and before anything else: false when
 * the new file denies it.  Its terms are then the new ones; the limits of rules
 * don't end what is there.
 */
void admission_set_access(struct admission *a, struct access *access);
bool admission_judge(struct admission *a, struct admission_ticket *ticket);

/* Once a second: forget addresses that are gone. */
void admission_tick(struct admission *a, int64_t now);

size_t admission_clients(const struct admission *a);
size_t admission_max_clients(const struct admission *a);

#endif
