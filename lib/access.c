/* SPDX-License-Identifier: ISC */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "num.h"
#include "rtr_pdu.h"

#define CLIENTS_MAX 10000000
#define ALL_TRANSPORTS ((1U << LISTEN_TRANSPORTS) - 1)

struct access {
	struct access_rule *rules;
	size_t count, room;
};

/* A word of a line. */
struct word {
	const char *s;
	size_t len;
};

/* What is left of a line, and where it began. */
struct cursor {
	const char *s, *end, *start;
};

static bool
word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->s, text, w->len) == 0;
}

static bool
next_word(struct cursor *c, struct word *w)
{
	while (c->s < c->end && (*c->s == ' ' || *c->s == '\t' || *c->s == '\r'))
		c->s++;
	w->s = c->s;
	while (c->s < c->end && *c->s != ' ' && *c->s != '\t' && *c->s != '\r')
		c->s++;
	w->len = (size_t)(c->s - w->s);
	return w->len > 0 && *w->s != '#';
}

static const char *
set_network(struct access_rule *r, const struct word *w)
{
	char text[PREFIX_TEXT_MAX + 4];
	const char *reason = "bad address";
	size_t len = w->len;

	if (word_is(w, "any")) {
		r->inet = r->any_family = r->local = true;
		return NULL;
	}
	if (word_is(w, "local")) {
		r->local = true;
		return NULL;
	}
	if (len > PREFIX_TEXT_MAX)
		return "not a network, 'any' or 'local'";
	memcpy(text, w->s, len);
	if (!memchr(text, '/', len)) {
		bool v6 = memchr(text, ':', len);

		memcpy(text + len, v6 ? "/128" : "/32", v6 ? 4 : 3);
		len += v6 ? 4 : 3;
	}
	if (!prefix_parse(text, len, &r->network, &reason))
		return reason;
	r->inet = true;
	return prefix_has_host_bits(&r->network) ? "bits are set behind the prefix length" : NULL;
}

static const char *
set_transports(struct access_rule *r, const char *s, size_t len)
{
	const char *end = s + len;

	r->transports = 0;
	for (;;) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		enum listen_transport t;

		if (!listen_transport_parse(s, (size_t)((comma ? comma : end) - s), &t))
			return "not tcp, tls, ssh or unix";
		r->transports |= 1U << t;
		if (!comma)
			return NULL;
		s = comma + 1;
	}
}

static const char *
set_text(char dst[ACCESS_NAME_MAX + 1], const char *s, size_t len)
{
	if (len < 1 || len > ACCESS_NAME_MAX)
		return "a name has 1 to 64 characters";
	for (size_t i = 0; i < len; i++)
		if (s[i] < '!' || s[i] > '~')
			return "a name is printable ASCII";
	memcpy(dst, s, len);
	dst[len] = '\0';
	return NULL;
}

static const char *
set_number(uint32_t *out, const char *s, size_t len, uint32_t lo, uint32_t hi)
{
	return num_u32(s, len, out) && *out >= lo && *out <= hi ? NULL : "number out of range";
}

static const char *
set_pair(struct access_rule *r, const struct word *w)
{
	const char *equals = memchr(w->s, '=', w->len), *why;
	struct word key = {w->s, equals ? (size_t)(equals - w->s) : 0};
	const char *s = equals ? equals + 1 : w->s;
	size_t len = equals ? w->len - key.len - 1 : 0;
	uint32_t v = 0;

	if (!equals)
		return "not KEY=VALUE";
	if (word_is(&key, "transport"))
		return set_transports(r, s, len);
	if (word_is(&key, "listener"))
		return set_text(r->listener, s, len);
	if (!r->allow && (word_is(&key, "name") || word_is(&key, "max-version") || word_is(&key, "max-clients")))
		return "only for allow";
	if (word_is(&key, "name"))
		return set_text(r->name, s, len);
	if (word_is(&key, "max-version")) {
		why = set_number(&v, s, len, 0, RTR_VERSION_MAX);
		r->max_version = (uint8_t)v;
		return why;
	}
	if (word_is(&key, "max-clients")) {
		why = set_number(&v, s, len, 1, CLIENTS_MAX);
		r->max_clients = v;
		return why;
	}
	return "unknown key";
}

/* 1 with a rule, 0 for an empty line, -1 with a reason. */
static int
parse_line(struct cursor *c, size_t line, struct access_rule *r, struct vrp_err *err)
{
	struct word w;
	const char *why;

	*r = (struct access_rule){.transports = ALL_TRANSPORTS, .max_version = RTR_VERSION_MAX, .line = line};
	if (!next_word(c, &w))
		return 0;
	r->allow = word_is(&w, "allow");
	why = r->allow || word_is(&w, "deny") ? NULL : "not allow or deny";
	if (!why && next_word(c, &w))
		why = set_network(r, &w);
	else if (!why)
		why = "no network";
	while (!why && next_word(c, &w))
		why = set_pair(r, &w);
	if (!why)
		return 1;
	if (w.len == 0 || *w.s == '#')
		return vrp_err_at(err, line, (size_t)(w.s - c->start) + 1, "%s", why);
	return vrp_err_at(err, line, (size_t)(w.s - c->start) + 1, "'%.*s': %s", w.len < 80 ? (int)w.len : 80, w.s, why);
}

static int
add_rule(struct access *a, const struct access_rule *r)
{
	if (a->count == a->room) {
		size_t room = a->room ? 2 * a->room : 16;
		struct access_rule *rules = reallocarray(a->rules, room, sizeof(*rules));

		if (!rules)
			return -1;
		a->rules = rules;
		a->room = room;
	}
	a->rules[a->count++] = *r;
	return 0;
}

struct access *
access_parse(const char *data, size_t len, struct vrp_err *err)
{
	struct access *a = calloc(1, sizeof(*a));
	const char *s = data, *end = data + len;

	for (size_t line = 1; a && s < end; line++) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		struct cursor c = {s, newline ? newline : end, s};
		struct access_rule r;
		int rc = parse_line(&c, line, &r, err);

		if (rc < 0) {
			access_free(a);
			return NULL;
		}
		if (rc > 0 && add_rule(a, &r) < 0) {
			access_free(a);
			a = NULL;
		}
		s = newline ? newline + 1 : end;
	}
	if (!a)
		vrp_err_nomem(err);
	return a;
}

static int
read_all(int fd, struct buf *b, struct vrp_err *err)
{
	ssize_t n = 1;

	while (n > 0) {
		if (b->len > ACCESS_FILE_MAX)
			return vrp_err_at(err, 0, 0, "larger than %zu bytes", ACCESS_FILE_MAX);
		if (buf_reserve(b, 64 * 1024) < 0)
			return vrp_err_nomem(err);
		n = read(fd, b->data + b->len, 64 * 1024);
		if (n < 0)
			return vrp_err_at(err, 0, 0, "%s", strerror(errno));
		b->len += (size_t)n;
	}
	return 0;
}

struct access *
access_read(const char *path, struct vrp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);	/* a FIFO must not hold up who reads again */
	struct access *a = NULL;
	struct buf b = BUF_INIT;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		vrp_err_at(err, 0, 0, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		vrp_err_at(err, 0, 0, "not a regular file");
	else if (read_all(fd, &b, err) == 0)
		a = access_parse(b.data, b.len, err);
	if (fd < 0)
		return NULL;
	close(fd);
	buf_release(&b);
	return a;
}

void
access_free(struct access *a)
{
	if (!a)
		return;
	free(a->rules);
	free(a);
}

static bool
fits(const struct access_rule *r, const struct prefix *address, enum listen_transport transport, const char *listener)
{
	if (!(r->transports & 1U << transport))
		return false;
	if (r->listener[0] && (!listener || strcmp(r->listener, listener) != 0))
		return false;
	if (!address)
		return r->local;
	return r->any_family || (r->inet && prefix_covers(&r->network, address));
}

struct access_rule *
access_find(struct access *a, const struct prefix *address, enum listen_transport transport, const char *listener)
{
	for (size_t i = 0; i < a->count; i++)
		if (fits(&a->rules[i], address, transport, listener))
			return &a->rules[i];
	return NULL;
}

size_t
access_count(const struct access *a)
{
	return a->count;
}

const struct access_rule *
access_at(const struct access *a, size_t i)
{
	return &a->rules[i];
}
