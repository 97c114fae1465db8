/* SPDX-License-Identifier: ISC */
/* A cache of the test's: a socket, and PDUs that are said by hand.  Version 2, session 7. */
#ifndef VRP_TEST_CACHE_H
#define VRP_TEST_CACHE_H

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rtr_pdu.h"

static inline int
listen_anywhere(char url[32])
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	snprintf(url, 32, "tcp://127.0.0.1:%u", ntohs(sa.sin_port));
	return fd;
}

/* The type of the next query. */
static inline unsigned
read_query(int fd)
{
	unsigned char query[12];

	assert_int_equal(recv(fd, query, 8, MSG_WAITALL), 8);
	if (query[1] == RTR_SERIAL_QUERY)
		assert_int_equal(recv(fd, query + 8, 4, MSG_WAITALL), 4);
	return query[1];
}

static inline int
accept_query(int listener)
{
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_int_equal(read_query(fd), RTR_RESET_QUERY);
	return fd;
}

/* All sent at once when it is done. */
struct script {
	struct buf out;
};

static inline void
pdu(struct script *s, struct rtr_pdu p)
{
	p.version = 2;
	assert_int_equal(rtr_pdu_encode(&s->out, &p), 0);
}

static inline void
respond(struct script *s)
{
	pdu(s, (struct rtr_pdu){.type = RTR_CACHE_RESPONSE, .session = 7});
}

/* N.0.0.0/8-8 of an AS. */
static inline void
vrp(struct script *s, bool announce, unsigned n, uint32_t asn)
{
	struct rtr_pdu p = {.type = RTR_IPV4_PREFIX, .announce = announce};

	p.payload.vrp = (struct vrp){.asn = asn, .maxlen = 8};
	p.payload.vrp.prefix = (struct prefix){.family = FAMILY_IPV4, .len = 8, .addr = {(uint8_t)n}};
	pdu(s, p);
}

static inline void
vrp6(struct script *s, bool announce, uint32_t asn)
{
	struct rtr_pdu p = {.type = RTR_IPV6_PREFIX, .announce = announce};

	p.payload.vrp = (struct vrp){.asn = asn, .maxlen = 48};
	p.payload.vrp.prefix = (struct prefix){.family = FAMILY_IPV6, .len = 32, .addr = {0x20, 1, 0xd, 0xb8}};
	pdu(s, p);
}

static inline void
router_key(struct script *s, bool announce, uint32_t asn)
{
	struct rtr_pdu p = {.type = RTR_ROUTER_KEY, .announce = announce, .payload = {.kind = PAYLOAD_ROUTER_KEY}};

	p.payload.key = (struct router_key){.ski = {9}, .asn = asn, .spki = (const uint8_t *)"key", .spki_len = 3};
	pdu(s, p);
}

static inline void
aspa(struct script *s, uint32_t customer, uint32_t provider)
{
	struct rtr_pdu p = {.type = RTR_ASPA, .announce = true, .payload = {.kind = PAYLOAD_ASPA}};

	p.payload.aspa = (struct aspa){.customer = customer, .provider_count = 1, .providers = &provider};
	pdu(s, p);
}

static inline void
end_of_data(struct script *s, uint32_t serial)
{
	pdu(s, (struct rtr_pdu){.type = RTR_END_OF_DATA, .session = 7, .serial = serial, .timers = RTR_TIMERS_DEFAULT});
}

static inline void
notify(struct script *s, uint32_t serial)
{
	pdu(s, (struct rtr_pdu){.type = RTR_SERIAL_NOTIFY, .session = 7, .serial = serial});
}

static inline void
say(struct script *s, int fd)
{
	assert_int_equal(send(fd, s->out.data, s->out.len, MSG_NOSIGNAL), (ssize_t)s->out.len);
	buf_release(&s->out);
}

/* One VRP of this AS, as a whole table. */
static inline void
answer(int fd, unsigned n, uint32_t asn)
{
	struct script s = {BUF_INIT};

	respond(&s);
	vrp(&s, true, n, asn);
	end_of_data(&s, 1);
	say(&s, fd);
}

#endif
