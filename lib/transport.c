/* SPDX-License-Identifier: ISC */
#include "transport.h"

#include <errno.h>
#include <poll.h>

#include "dial.h"
#include "num.h"

static const struct transport_ops *
find_ops(const struct transports *transports, const char *scheme, size_t len)
{
	for (const struct transport_ops *const *ops = transports->ops; *ops; ops++)
		if (strlen((*ops)->scheme) == len && memcmp((*ops)->scheme, scheme, len) == 0)
			return *ops;
	return NULL;
}

const struct transport_ops *
transports_scheme(const struct transports *transports, const char *text)
{
	const char *mark = strchr(text, ':');
	const struct transport_ops *ops = mark ? find_ops(transports, text, (size_t)(mark - text)) : NULL;

	return ops && (ops->is_path || strncmp(mark, "://", 3) == 0) ? ops : NULL;
}

static int
parse_port(const char *text, const char *port, uint16_t *out, struct vrp_err *err)
{
	uint32_t v;

	if (!num_u32(port, strlen(port), &v) || v < 1 || v > UINT16_MAX)
		return vrp_err_set(err, "'%s': port is not a number from 1 to 65535", text);
	*out = (uint16_t)v;
	return 0;
}

/* USER@ in front of the host, for a transport whose peers have names; *host is moved behind it. */
static int
parse_user(const char *text, const char **host, struct endpoint *out, struct vrp_err *err)
{
	const char *at = strrchr(*host, '@');
	size_t len = at ? (size_t)(at - *host) : 0;

	if (!at)
		return 0;
	if (!out->ops->has_user)
		return vrp_err_set(err, "'%s': %s has no user names", text, out->ops->scheme);
	if (len < 1 || len > ENDPOINT_USER_MAX)
		return vrp_err_set(err, "'%.80s': user name is empty or too long", text);
	memcpy(out->user, *host, len);
	*host = at + 1;
	return 0;
}

static int
parse_path(const char *text, struct endpoint *out, struct vrp_err *err)
{
	const char *path = strchr(text, ':') + 1;
	size_t len;

	if (strncmp(path, "//", 2) == 0)
		path += 2;
	len = strlen(path);
	if (len < 1 || len > ENDPOINT_HOST_MAX)
		return vrp_err_set(err, "'%.80s': path is empty or too long", text);
	memcpy(out->host, path, len);
	return 0;
}

int
endpoint_parse(const char *text, const struct transports *transports, struct endpoint *out, struct vrp_err *err)
{
	const char *host = text, *end, *colon = NULL;
	const char *mark = strstr(text, "://");

	*out = (struct endpoint){.ops = transports_scheme(transports, text), .security = transports->security};
	if (out->ops && out->ops->is_path)
		return parse_path(text, out, err);
	if (!out->ops)
		out->ops = transports->ops[0];
	if (mark) {
		out->ops = transports_scheme(transports, text);
		if (!out->ops)
			return vrp_err_set(err, "'%s': unknown transport '%.*s'", text, (int)(mark - text), text);
		host = mark + 3;
	}
	out->port = out->ops->port;
	if (parse_user(text, &host, out, err) < 0)
		return -1;
	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return vrp_err_set(err, "'%s': brackets that don't enclose an address", text);
		if (end[1])
			colon = end + 1;
	} else {
		end = strchr(host, ':');
		if (end && !strchr(end + 1, ':'))
			colon = end;
		else
			end = host + strlen(host);
	}
	if (colon && parse_port(text, colon + 1, &out->port, err) < 0)
		return -1;
	if (end == host)
		return vrp_err_set(err, "'%s': no host", text);
	if (end - host > ENDPOINT_HOST_MAX)
		return vrp_err_set(err, "'%.40s...': host too long", text);
	memcpy(out->host, host, (size_t)(end - host));
	return 0;
}

void
endpoint_format(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX])
{
	if (ep->ops->is_path) {
		snprintf(text, ENDPOINT_TEXT_MAX, "%s:%s", ep->ops->scheme, ep->host);
		return;
	}
	snprintf(text, ENDPOINT_TEXT_MAX, strchr(ep->host, ':') ? "%s://%s%s[%s]:%u" : "%s://%s%s%s:%u", ep->ops->scheme,
		 ep->user, ep->user[0] ? "@" : "", ep->host, ep->port);
}

int64_t
transport_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct transport *
transport_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	return to->ops->connect(to, deadline, err);
}

void
transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}

ssize_t
transport_read(struct transport *t, void *dst, size_t len, struct vrp_err *err)
{
	return t->ops->read(t, dst, len, err);
}

ssize_t
transport_write(struct transport *t, const void *data, size_t len, struct vrp_err *err)
{
	return t->ops->write(t, data, len, err);
}

int
transport_wait(struct transport *t, int want, int64_t deadline, struct vrp_err *err)
{
	int ready = dial_wait(t->fd, want == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN, deadline);

	return ready < 0 ? vrp_err_set(err, "%s: %s", t->peer, strerror(errno)) : ready;
}

int
transport_write_all(struct transport *t, const void *data, size_t len, int64_t deadline, struct vrp_err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = transport_write(t, p, len, err);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == TRANSPORT_FAILED)
			return -1;
		switch (transport_wait(t, (int)n, deadline, err)) {
		case -1:
			return -1;
		case 0:
			return vrp_err_set(err, "%s: timed out while sending", t->peer);
		}
	}
	return 0;
}

void
transport_end(struct transport *t)
{
	t->ops->finish(t);
}

void
transport_finish(struct transport *t, int64_t deadline)
{
	char dropped[16 * 1024];
	ssize_t n;

	transport_end(t);
	while (transport_now() < deadline) {
		n = transport_read(t, dropped, sizeof(dropped), NULL);
		if (n == 0 || n == TRANSPORT_FAILED)
			return;
		if (n < 0 && transport_wait(t, (int)n, deadline, NULL) != 1)
			return;
	}
}

int
transport_fd(const struct transport *t)
{
	return t->fd;
}

bool
transport_refused(const struct transport *t)
{
	return t && t->refused;
}

const char *
transport_peer(const struct transport *t)
{
	return t->peer;
}
