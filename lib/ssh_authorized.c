/* SPDX-License-Identifier: ISC */
#include "ssh_authorized.h"

#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "arena.h"
#include "enc.h"
#include "prefix.h"

#define RSA_BYTES_MIN 256	/* of the modulus */
#define RSA_BYTES_MAX 2048
#define NEVER INT64_MAX

struct source {
	struct source *next;
	struct prefix prefix;
	bool out;	/* who comes from there is kept out */
};

struct user {
	struct user *next;
	const char *name;
};

struct key {
	const unsigned char *blob;
	size_t len;
	size_t line;
	const char *comment;
	struct source *sources;		/* NULL: from anywhere */
	struct user *users;		/* NULL: anyone */
	int64_t expires;
};

struct ssh_authorized {
	struct arena arena;
	struct key *keys;
	size_t count;
	size_t size;
};

/* One line: what is left of it lies between at and end. */
struct reader {
	struct ssh_authorized *all;
	const char *start, *at, *end;
	struct key key;
	size_t number;
	struct vrp_err *err;
};

static int
fail(struct reader *r, const char *at, const char *reason)
{
	return vrp_err_at(r->err, r->number, (size_t)(at - r->start) + 1, "%s", reason);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static bool
is_text(const char *s, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(s, text, len) == 0;
}

static char *
copy_text(struct reader *r, const char *s, size_t len)
{
	char *copy = arena_alloc(&r->all->arena, len + 1);

	if (!copy) {
		vrp_err_nomem(r->err);
		return NULL;
	}
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* ---- values of options; `at` is where an item stands in the line */

static int
add_source(struct reader *r, const char *at, size_t len)
{
	bool out = len > 0 && *at == '!';
	const char *s = at + out, *slash = memchr(at, '/', len), *reason = NULL;
	char text[PREFIX_TEXT_MAX + 8];
	struct source *source = arena_alloc(&r->all->arena, sizeof(*source));
	int n;

	if (!source)
		return vrp_err_nomem(r->err);
	len -= out;
	if (len == 0 || len > PREFIX_TEXT_MAX)
		return fail(r, at, "from= has an entry that is no address");
	n = snprintf(text, sizeof(text), "%.*s%s", (int)len, s, slash ? "" : memchr(s, ':', len) ? "/128" : "/32");
	if (!prefix_parse(text, (size_t)n, &source->prefix, &reason))
		return fail(r, at, "from= takes addresses and prefixes only, no names or wildcards");
	if (prefix_has_host_bits(&source->prefix))
		return fail(r, at, "from= has a prefix with bits behind its length");
	source->out = out;
	source->next = r->key.sources;
	r->key.sources = source;
	return 0;
}

static int
add_user(struct reader *r, const char *at, size_t len)
{
	struct user *user = arena_alloc(&r->all->arena, sizeof(*user));

	if (!user)
		return vrp_err_nomem(r->err);
	if (len == 0 || memchr(at, '*', len) || memchr(at, '?', len) || *at == '!')
		return fail(r, at, "principals= takes user names only");
	user->name = copy_text(r, at, len);
	user->next = r->key.users;
	r->key.users = user;
	return user->name ? 0 : -1;
}

static int
add_list(struct reader *r, const char *value, size_t len, int (*add)(struct reader *, const char *, size_t))
{
	const char *end = value + len;

	if (r->key.users && add == add_user)
		return fail(r, value, "principals= is given twice");
	if (r->key.sources && add == add_source)
		return fail(r, value, "from= is given twice");
	for (;;) {
		const char *comma = memchr(value, ',', (size_t)(end - value));

		if (add(r, value, (size_t)((comma ? comma : end) - value)) < 0)
			return -1;
		if (!comma)
			return 0;
		value = comma + 1;
	}
}

static int
two_digits(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

static int
set_expiry(struct reader *r, const char *value, size_t len)
{
	bool utc = len > 0 && value[len - 1] == 'Z';
	size_t digits = len - utc;
	struct tm tm = {.tm_isdst = -1}, check;
	time_t t;

	for (size_t i = 0; i < digits; i++)
		if (value[i] < '0' || value[i] > '9')
			return fail(r, value, "expiry-time= is not YYYYMMDD[HHMM[SS]][Z]");
	if (digits != 8 && digits != 12 && digits != 14)
		return fail(r, value, "expiry-time= is not YYYYMMDD[HHMM[SS]][Z]");
	tm.tm_year = two_digits(value) * 100 + two_digits(value + 2) - 1900;
	tm.tm_mon = two_digits(value + 4) - 1;
	tm.tm_mday = two_digits(value + 6);
	tm.tm_hour = digits > 8 ? two_digits(value + 8) : 0;
	tm.tm_min = digits > 8 ? two_digits(value + 10) : 0;
	tm.tm_sec = digits > 12 ? two_digits(value + 12) : 0;
	check = tm;
	t = utc ? timegm(&check) : mktime(&check);
	if (check.tm_mday != tm.tm_mday || check.tm_mon != tm.tm_mon || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
		return fail(r, value, "expiry-time= is no time");
	/* As with sshd, the first to come counts. */
	if (t < r->key.expires)
		r->key.expires = t;
	return 0;
}

/* ---- options */

static int
set_flag(struct reader *r, const char *name, size_t len)
{
	static const char *const always[] = {"restrict",	    "no-pty",		 "no-port-forwarding",
					     "no-agent-forwarding", "no-X11-forwarding", "no-user-rc"};

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (strlen(always[i]) == len && strncasecmp(always[i], name, len) == 0)
			return 0;
	return fail(r, name, "neither a key type nor an option that is known here");
}

static bool
is_option(const char *name, size_t len, const char *option)
{
	return strlen(option) == len && strncasecmp(name, option, len) == 0;
}

static int
set_option(struct reader *r, const char *name, size_t len, const char *value, size_t value_len)
{
	/* What would need a backslash is nothing that these values can hold. */
	if (memchr(value, '\\', value_len))
		return fail(r, value, "backslash in the value of an option");
	if (is_option(name, len, "from"))
		return add_list(r, value, value_len, add_source);
	if (is_option(name, len, "principals"))
		return add_list(r, value, value_len, add_user);
	if (is_option(name, len, "expiry-time"))
		return set_expiry(r, value, value_len);
	return fail(r, name, "an option that is not known here");
}

/* NAME, or NAME="VALUE". */
static int
read_option(struct reader *r)
{
	const char *name = r->at, *value;
	size_t len;

	while (r->at < r->end && !is_blank(*r->at) && *r->at != ',' && *r->at != '=' && *r->at != '"')
		r->at++;
	len = (size_t)(r->at - name);
	if (len == 0)
		return fail(r, name, "empty option");
	if (r->at == r->end || *r->at != '=')
		return set_flag(r, name, len);
	if (++r->at == r->end || *r->at != '"')
		return fail(r, r->at, "the value of an option has to be quoted");
	value = ++r->at;
	while (r->at < r->end && *r->at != '"')
		r->at += *r->at == '\\' && r->at + 1 < r->end ? 2 : 1;
	if (r->at >= r->end)
		return fail(r, value - 1, "quotes are not closed");
	return set_option(r, name, len, value, (size_t)(r->at++ - value));
}

static int
read_options(struct reader *r)
{
	for (;;) {
		if (read_option(r) < 0)
			return -1;
		if (r->at == r->end || *r->at != ',')
			break;
		r->at++;
	}
	if (r->at < r->end && !is_blank(*r->at))
		return fail(r, r->at, "a comma or a blank has to follow an option");
	skip_blanks(r);
	return 0;
}

/* ---- keys */

struct key_type {
	const char *name;
	size_t fields;		/* behind the name */
};

static const struct key_type key_types[] = {
	{"ssh-ed25519", 1},	    {"ecdsa-sha2-nistp256", 2}, {"ecdsa-sha2-nistp384", 2},
	{"ecdsa-sha2-nistp521", 2}, {"ssh-rsa", 2},
};

static const struct key_type *
find_type(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(key_types); i++)
		if (is_text(s, len, key_types[i].name))
			return &key_types[i];
	return NULL;
}

/* The next string of the wire form; false when it goes beyond the end. */
static bool
take_string(const unsigned char **at, size_t *left, const unsigned char **s, size_t *len)
{
	uint32_t n;

	if (*left < sizeof(n))
		return false;
	memcpy(&n, *at, sizeof(n));
	n = be32toh(n);
	if (n > *left - sizeof(n))
		return false;
	*s = *at + sizeof(n);
	*len = n;
	*at += sizeof(n) + n;
	*left -= sizeof(n) + n;
	return true;
}

/* Is it what its type says?  Whether the numbers in it are a key is for the library to say that uses them. */
static bool
check_blob(const struct key_type *type, const unsigned char *at, size_t left, const char **reason)
{
	const unsigned char *s;
	size_t len = 0;

	*reason = "the key is not of the type that stands in front of it";
	if (!take_string(&at, &left, &s, &len) || !is_text((const char *)s, len, type->name))
		return false;
	*reason = "the key is cut short";
	for (size_t i = 0; i < type->fields; i++)
		if (!take_string(&at, &left, &s, &len) || len == 0)
			return false;
	if (left) {
		*reason = "bytes behind the key";
		return false;
	}
	*reason = "an RSA key has to have 2048 to 16384 bits";
	len -= *s == 0;
	return strcmp(type->name, "ssh-rsa") != 0 || (len >= RSA_BYTES_MIN && len <= RSA_BYTES_MAX);
}

static int
read_key(struct reader *r, const struct key_type *type)
{
	const char *text, *reason;
	unsigned char *blob;
	ptrdiff_t n;
	size_t len;

	skip_blanks(r);
	text = r->at;
	while (r->at < r->end && !is_blank(*r->at))
		r->at++;
	len = (size_t)(r->at - text);
	blob = arena_alloc(&r->all->arena, len / 4 * 3 + 3);
	if (!blob)
		return vrp_err_nomem(r->err);
	n = base64_decode(text, len, BASE64_STRICT, blob);
	if (n <= 0)
		return fail(r, text, "the key is no base64");
	if (!check_blob(type, blob, (size_t)n, &reason))
		return fail(r, text, reason);
	r->key.blob = blob;
	r->key.len = (size_t)n;
	skip_blanks(r);
	r->key.comment = copy_text(r, r->at, (size_t)(r->end - r->at));
	return r->key.comment ? 0 : -1;
}

static const struct key_type *
read_type(struct reader *r)
{
	const char *word = r->at;
	const struct key_type *type;

	while (r->at < r->end && !is_blank(*r->at))
		r->at++;
	type = find_type(word, (size_t)(r->at - word));
	if (!type)
		r->at = word;
	return type;
}

static int
keep(struct reader *r)
{
	struct ssh_authorized *a = r->all;

	if (a->count == a->size) {
		size_t size = a->size ? a->size * 2 : 16;
		struct key *keys = reallocarray(a->keys, size, sizeof(*keys));

		if (!keys)
			return vrp_err_nomem(r->err);
		a->keys = keys;
		a->size = size;
	}
	a->keys[a->count++] = r->key;
	return 0;
}

static int
read_line(struct reader *r)
{
	const struct key_type *type;

	r->key = (struct key){.line = r->number, .expires = NEVER};
	if (memchr(r->start, '\0', (size_t)(r->end - r->start)))
		return fail(r, r->start, "a NUL");
	if (r->end > r->start && r->end[-1] == '\r')
		r->end--;
	while (r->end > r->start && is_blank(r->end[-1]))
		r->end--;
	skip_blanks(r);
	if (r->at == r->end || *r->at == '#')
		return 0;
	type = read_type(r);
	if (!type && read_options(r) < 0)
		return -1;
	if (!type)
		type = read_type(r);
	if (!type)
		return fail(r, r->at, r->at == r->end ? "no key behind the options" : "a key type that is not known here");
	return read_key(r, type) < 0 ? -1 : keep(r);
}

struct ssh_authorized *
ssh_authorized_parse(const char *text, size_t len, struct vrp_err *err)
{
	struct ssh_authorized *a = calloc(1, sizeof(*a));
	const char *end = text + len;
	struct reader r = {.all = a, .err = err};

	if (!a) {
		vrp_err_nomem(err);
		return NULL;
	}
	for (r.end = text; text < end; text = r.start) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		r.number++;
		r.start = r.at = text;
		r.end = newline ? newline : end;
		if (read_line(&r) < 0) {
			ssh_authorized_free(a);
			return NULL;
		}
		r.start = newline ? newline + 1 : end;
	}
	return a;
}

void
ssh_authorized_free(struct ssh_authorized *a)
{
	if (!a)
		return;
	arena_release(&a->arena);
	free(a->keys);
	free(a);
}

size_t
ssh_authorized_count(const struct ssh_authorized *a)
{
	return a->count;
}

const void *
ssh_authorized_key(const struct ssh_authorized *a, size_t i, size_t *len, size_t *line)
{
	*len = a->keys[i].len;
	*line = a->keys[i].line;
	return a->keys[i].blob;
}

/* ---- who may come in */

/* The address as the longest prefix there is; an IPv4 one also when it comes in IPv6's clothes. */
static bool
address_of(const struct sockaddr *from, struct prefix *out)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	*out = (struct prefix){.family = FAMILY_IPV4, .len = 32};
	if (from->sa_family == AF_INET) {
		memcpy(out->addr, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
		return true;
	}
	if (from->sa_family != AF_INET6)
		return false;
	memcpy(out->addr, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	if (memcmp(out->addr, mapped, sizeof(mapped)) == 0) {
		memmove(out->addr, out->addr + 12, 4);
		memset(out->addr + 4, 0, 12);
	} else {
		out->family = FAMILY_IPV6;
		out->len = 128;
	}
	return true;
}

static bool
comes_from(const struct key *k, const struct sockaddr *from)
{
	struct prefix address;
	bool in = false;

	if (!k->sources)
		return true;
	if (!address_of(from, &address))
		return false;
	for (const struct source *s = k->sources; s; s = s->next) {
		if (!prefix_covers(&s->prefix, &address))
			continue;
		if (s->out)
			return false;
		in = true;
	}
	return in;
}

static bool
is_for(const struct key *k, const char *user)
{
	for (const struct user *u = k->users; u; u = u->next)
		if (strcmp(u->name, user) == 0)
			return true;
	return !k->users;
}

const char *
ssh_authorized_refusal(const struct ssh_authorized *a, const void *key, size_t len, const char *user,
		       const struct sockaddr *from, int64_t now, const char **comment)
{
	const char *reason = "unknown key";

	/* A key may stand there several times; any line that lets it in will do. */
	for (size_t i = 0; i < a->count; i++) {
		const struct key *k = &a->keys[i];

		if (k->len != len || memcmp(k->blob, key, len) != 0)
			continue;
		if (!is_for(k, user))
			reason = "key is for other users";
		else if (!comes_from(k, from))
			reason = "key is not for this address";
		else if (now >= k->expires)
			reason = "key has expired";
		else {
			*comment = k->comment;
			return NULL;
		}
	}
	return reason;
}
