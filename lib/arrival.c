/* SPDX-License-Identifier: ISC */
#include "arrival.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

void
arrival_label(const struct arrival *a, char label[ARRIVAL_LABEL_MAX])
{
	const struct access_rule *rule = a->ticket.rule;
	enum listen_transport transport = a->ticket.port->transport;
	const char *parts[3] = {transport == LISTEN_TCP ? "" : listen_transport_names[transport], a->identity,
				rule ? rule->name : ""};
	size_t len = (size_t)snprintf(label, ARRIVAL_LABEL_MAX, "%s", a->peer);
	const char *mark = " (";

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i][0])
			continue;
		len += (size_t)snprintf(label + len, ARRIVAL_LABEL_MAX - len, "%s%s", mark, parts[i]);
		mark = ", ";
	}
	if (*mark == ',')
		snprintf(label + len, ARRIVAL_LABEL_MAX - len, ")");
}

void
arrival_format_address(const struct sockaddr *sa, socklen_t len, char *out, size_t size)
{
	char host[ARRIVAL_PEER_MAX - 10], port[8];

	if (sa->sa_family == AF_UNIX && len <= offsetof(struct sockaddr_un, sun_path))
		snprintf(out, size, "local");
	else if (sa->sa_family == AF_UNIX)
		snprintf(out, size, "unix:%s", ((const struct sockaddr_un *)(const void *)sa)->sun_path);
	else if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, size, "unknown address");
	else
		snprintf(out, size, sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void
arrival_unmap(struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (peer->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return;
	in.sin_port = in6->sin6_port;
	memcpy(&in.sin_addr, in6->sin6_addr.s6_addr + 12, 4);
	memset(peer, 0, sizeof(*peer));
	memcpy(peer, &in, sizeof(in));
}

bool
arrival_prefix(const struct sockaddr_storage *sa, struct prefix *out)
{
	*out = (struct prefix){0};
	if (sa->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		memcpy(out->addr, &in->sin_addr, 4);
		out->family = FAMILY_IPV4;
		out->len = 32;
	} else if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		memcpy(out->addr, &in6->sin6_addr, 16);
		out->family = FAMILY_IPV6;
		out->len = 128;
	}
	return out->family != 0;
}

void
arrival_identify_local(struct arrival *a)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(a->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		snprintf(a->identity, sizeof(a->identity), "pid %ld, uid %lu", (long)cred.pid, (unsigned long)cred.uid);
}
