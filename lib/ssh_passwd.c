/* SPDX-License-Identifier: ISC */
#include "ssh_passwd.h"

#include <crypt.h>

#define USER_MAX 64
#define HASH_MAX 256

struct entry {
	char *user;
	char *hash;
};

struct ssh_passwd {
	struct entry *entries;
	size_t count;
};

static bool
is_blank_line(const char *s, size_t len)
{
	while (len && (*s == ' ' || *s == '\t')) {
		s++;
		len--;
	}
	return len == 0 || *s == '#';
}

/* A hash of a kind that is slow on purpose, and of its form as far as that can be seen without computing one. */
static bool
is_hash(const char *s, size_t len)
{
	static const char *const kinds[] = {"$6$", "$5$", "$y$", "$gy$", "$7$", "$2b$", "$2y$"};
	static const char letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$=,";
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		known |= len > 20 && memcmp(s, kinds[i], strlen(kinds[i])) == 0;
	for (size_t i = 0; i < len; i++)
		known &= s[i] && strchr(letters, s[i]);
	return known && len <= HASH_MAX;
}

static const struct entry *
find(const struct ssh_passwd *p, const char *user)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->entries[i].user, user) == 0)
			return &p->entries[i];
	return NULL;
}

static int
check_user(const struct ssh_passwd *p, const char *user, size_t line, struct vrp_err *err)
{
	for (const char *s = user; *s; s++)
		if (*s <= ' ' || *s > '~')
			return vrp_err_at(err, line, (size_t)(s - user) + 1, "a user name with a blank or a byte that is not ASCII");
	if (find(p, user))
		return vrp_err_at(err, line, 1, "user %s is given twice", user);
	return 0;
}

static int
read_line(struct ssh_passwd *p, const char *s, size_t len, size_t number, struct vrp_err *err)
{
	const char *colon = memchr(s, ':', len);
	struct entry *entries, *e;

	if (!colon)
		return vrp_err_at(err, number, 1, "no colon behind a user name");
	if (colon == s || colon - s > USER_MAX)
		return vrp_err_at(err, number, 1, "the user name is empty or too long");
	if (!is_hash(colon + 1, len - (size_t)(colon - s) - 1))
		return vrp_err_at(err, number, (size_t)(colon - s) + 2,
				  "not a hash of crypt(5) that is accepted, such as openssl passwd -6 makes");
	entries = reallocarray(p->entries, p->count + 1, sizeof(*entries));
	if (!entries)
		return vrp_err_nomem(err);
	p->entries = entries;
	e = &entries[p->count];
	e->user = strndup(s, (size_t)(colon - s));
	e->hash = strndup(colon + 1, len - (size_t)(colon - s) - 1);
	if (!e->user || !e->hash || check_user(p, e->user, number, err) < 0) {
		bool nomem = !e->user || !e->hash;

		free(e->user);
		free(e->hash);
		return nomem ? vrp_err_nomem(err) : -1;
	}
	p->count++;
	return 0;
}

static int
read_lines(struct ssh_passwd *p, const char *text, size_t len, struct vrp_err *err)
{
	const char *end = text + len, *next;
	size_t number = 0;

	for (; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		next = newline ? newline + 1 : end;
		number++;
		if (stop > text && stop[-1] == '\r')
			stop--;
		if (!is_blank_line(text, (size_t)(stop - text)) &&
		    read_line(p, text, (size_t)(stop - text), number, err) < 0)
			return -1;
	}
	return p->count ? 0 : vrp_err_at(err, 0, 0, "no user in it");
}

struct ssh_passwd *
ssh_passwd_parse(const char *text, size_t len, struct vrp_err *err)
{
	struct ssh_passwd *p = calloc(1, sizeof(*p));

	if (!p) {
		vrp_err_nomem(err);
		return NULL;
	}
	if (read_lines(p, text, len, err) == 0)
		return p;
	ssh_passwd_free(p);
	return NULL;
}

void
ssh_passwd_free(struct ssh_passwd *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		explicit_bzero(p->entries[i].hash, strlen(p->entries[i].hash));
		free(p->entries[i].user);
		free(p->entries[i].hash);
	}
	free(p->entries);
	free(p);
}

size_t
ssh_passwd_count(const struct ssh_passwd *p)
{
	return p->count;
}

/* Without a branch on where they differ; hashes of one kind have one length, which is no secret. */
static bool
same_hash(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned differ = 0;

	if (strlen(b) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned)(unsigned char)a[i] ^ (unsigned char)b[i];
	return differ == 0;
}

bool
ssh_passwd_check(const struct ssh_passwd *p, const char *user, const char *password)
{
	const struct entry *e = find(p, user);
	const char *hash = e ? e->hash : p->entries[0].hash, *got;
	struct crypt_data *scratch;
	bool same;

	if (strlen(password) > SSH_PASSWORD_MAX)
		return false;
	scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return false;
	/* Not crypt_r(): that is one of the functions that sanitizers put themselves in front of. */
	got = crypt_rn(password, hash, scratch, sizeof(*scratch));
	same = got && same_hash(got, hash);
	explicit_bzero(scratch, sizeof(*scratch));
	free(scratch);
	return same && e;
}
