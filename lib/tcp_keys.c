/* SPDX-License-Identifier: ISC */
#include "tcp_keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "num.h"
#include "prefix.h"
#include "secret.h"

#define KEY_MAX 80	/* of the kernel, for both kinds */
#define MAC_LEN 12	/* bytes, RFC 5926 section 3.2 */
#define FILE_MAX ((size_t)1024 * 1024)

/* As in <linux/tcp.h> since Linux 6.7, which the headers of a distribution may not have yet. */
#ifndef TCP_AO_ADD_KEY
#define TCP_AO_ADD_KEY 38
#define TCP_AO_DEL_KEY 39
struct tcp_ao_add {
	struct sockaddr_storage addr;
	char alg_name[64];
	__s32 ifindex;
	__u32 set_current : 1, set_rnext : 1, reserved : 30;
	__u16 reserved2;
	__u8 prefix, sndid, rcvid, maclen, keyflags, keylen;
	__u8 key[KEY_MAX];
} __attribute__((aligned(8)));
struct tcp_ao_del {
	struct sockaddr_storage addr;
	__s32 ifindex;
	__u32 set_current : 1, set_rnext : 1, del_async : 1, reserved : 29;
	__u16 reserved2;
	__u8 prefix, sndid, rcvid, current_key, rnext, keyflags;
} __attribute__((aligned(8)));
#endif

enum kind { MD5, AO_HMAC_SHA1, AO_AES_CMAC };

static const char *const kernel_names[] = {[AO_HMAC_SHA1] = "hmac(sha1)", [AO_AES_CMAC] = "cmac(aes128)"};

struct tcp_key {
	struct prefix network;
	uint8_t kind;
	uint8_t send, receive;	/* of AO */
	uint8_t len;
	uint8_t data[KEY_MAX];
};

struct tcp_keys {
	size_t count;
	size_t size;	/* of this mapping */
	struct tcp_key keys[];
};

/* ---- the file */

struct words {
	const char *s, *end, *start;
};

static bool
next_word(struct words *w, const char **s, size_t *len)
{
	while (w->s < w->end && (*w->s == ' ' || *w->s == '\t' || *w->s == '\r'))
		w->s++;
	*s = w->s;
	while (w->s < w->end && *w->s != ' ' && *w->s != '\t' && *w->s != '\r')
		w->s++;
	*len = (size_t)(w->s - *s);
	return *len > 0 && **s != '#';
}

static bool
is(const char *s, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(s, text, len) == 0;
}

static const char *
parse_network(const char *s, size_t len, struct prefix *out)
{
	char text[PREFIX_TEXT_MAX + 4];
	const char *reason = "bad network";

	if (len > PREFIX_TEXT_MAX)
		return reason;
	memcpy(text, s, len);
	if (!memchr(text, '/', len)) {
		bool v6 = memchr(text, ':', len);

		memcpy(text + len, v6 ? "/128" : "/32", v6 ? 4 : 3);
		len += v6 ? 4 : 3;
	}
	if (!prefix_parse(text, len, out, &reason))
		return reason;
	return prefix_has_host_bits(out) ? "bits are set behind the prefix length" : NULL;
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *
parse_key(const char *s, size_t len, struct tcp_key *k)
{
	bool hex = len >= 4 && memcmp(s, "hex:", 4) == 0;

	if (hex) {
		s += 4;
		len -= 4;
		if (len % 2)
			return "half a byte in the key";
	}
	if (len < 1 || len > (hex ? 2 : 1) * KEY_MAX)
		return "a key has 1 to 80 bytes";
	k->len = (uint8_t)(hex ? len / 2 : len);
	for (size_t i = 0; i < k->len; i++) {
		int high = hex ? hex_digit(s[2 * i]) : 0, low = hex ? hex_digit(s[2 * i + 1]) : 0;

		if (hex ? high < 0 || low < 0 : s[i] <= ' ' || s[i] > '~')
			return hex ? "not hexadecimal digits" : "a key is printable ASCII; write others as hex:";
		k->data[i] = hex ? (uint8_t)(high << 4 | low) : (uint8_t)s[i];
	}
	return NULL;
}

/* "7" or "7:8" */
static const char *
parse_ids(const char *s, size_t len, struct tcp_key *k)
{
	const char *colon = memchr(s, ':', len);
	size_t first = colon ? (size_t)(colon - s) : len;
	uint32_t send, receive;

	if (!num_u32(s, first, &send) || send > UINT8_MAX)
		return "an ID is a number from 0 to 255";
	receive = send;
	if (colon && (!num_u32(colon + 1, len - first - 1, &receive) || receive > UINT8_MAX))
		return "an ID is a number from 0 to 255";
	k->send = (uint8_t)send;
	k->receive = (uint8_t)receive;
	return NULL;
}

static const char *
parse_kind(struct words *w, const char **s, size_t *len, struct tcp_key *k)
{
	const char *why;

	if (!next_word(w, s, len))
		return "no kind of key";
	if (is(*s, *len, "md5")) {
		k->kind = MD5;
		return NULL;
	}
	if (!is(*s, *len, "ao"))
		return "not md5 or ao";
	if (!next_word(w, s, len))
		return "no ID";
	why = parse_ids(*s, *len, k);
	if (why)
		return why;
	if (!next_word(w, s, len))
		return "no algorithm";
	if (!is(*s, *len, "hmac-sha1") && !is(*s, *len, "aes-128-cmac"))
		return "not hmac-sha1 or aes-128-cmac";
	k->kind = is(*s, *len, "hmac-sha1") ? AO_HMAC_SHA1 : AO_AES_CMAC;
	return NULL;
}

/* 1 with a key, 0 for an empty line, -1 with a reason, which must not show a key. */
static int
parse_line(struct words *w, size_t line, struct tcp_key *k, struct vrp_err *err)
{
	const char *s, *why;
	size_t len;

	*k = (struct tcp_key){0};
	if (!next_word(w, &s, &len))
		return 0;
	why = parse_network(s, len, &k->network);
	if (!why)
		why = parse_kind(w, &s, &len, k);
	if (!why)
		why = next_word(w, &s, &len) ? parse_key(s, len, k) : "no key";
	if (!why && next_word(w, &s, &len))
		why = "more than a key";
	return why ? vrp_err_at(err, line, (size_t)(s - w->start) + 1, "%s", why) : 1;
}

/* One network has one kind, one MD5 key, and each ID once. */
static const char *
conflict(const struct tcp_keys *keys, const struct tcp_key *k)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct tcp_key *other = &keys->keys[i];

		if (prefix_cmp(&other->network, &k->network) != 0)
			continue;
		if (k->kind == MD5 || other->kind == MD5)
			return "this network has a key already";
		if (other->send == k->send || other->receive == k->receive)
			return "this network has a key of that ID already";
	}
	return NULL;
}

/* Memory that doesn't reach swap, as far as limits allow. */
static struct tcp_keys *
keys_new(void)
{
	size_t size = sizeof(struct tcp_keys) + TCP_KEYS_MAX * sizeof(struct tcp_key);
	struct tcp_keys *k = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return NULL;
	(void)madvise(k, size, MADV_DONTDUMP);
	k->size = size;
	return k;
}

struct tcp_keys *
tcp_keys_parse(const char *data, size_t len, struct vrp_err *err)
{
	struct tcp_keys *keys = keys_new();
	const char *s = data, *end = data + len;
	int rc = 0;

	if (!keys) {
		vrp_err_nomem(err);
		return NULL;
	}
	for (size_t line = 1; rc >= 0 && s < end; line++) {
		const char *newline = memchr(s, '\n', (size_t)(end - s)), *why;
		struct words w = {s, newline ? newline : end, s};
		struct tcp_key k;

		rc = parse_line(&w, line, &k, err);
		why = rc > 0 ? conflict(keys, &k) : NULL;
		if (!why && rc > 0 && keys->count == TCP_KEYS_MAX)
			why = "too many keys";
		if (why)
			rc = vrp_err_at(err, line, 0, "%s", why);
		if (rc > 0)
			keys->keys[keys->count++] = k;
		explicit_bzero(&k, sizeof(k));
		s = newline ? newline + 1 : end;
	}
	if (rc >= 0)
		return keys;
	tcp_keys_free(keys);
	return NULL;
}

struct tcp_keys *
tcp_keys_read(const char *path, struct vrp_err *err)
{
	struct secret file = SECRET_INIT;
	struct tcp_keys *keys;

	vrp_err_clear(err);
	if (secret_read(&file, path, FILE_MAX, err) < 0)
		return NULL;
	keys = tcp_keys_parse(file.data, file.len, err);
	secret_release(&file);
	return keys;
}

void
tcp_keys_free(struct tcp_keys *k)
{
	size_t size = k ? k->size : 0;

	if (!k)
		return;
	explicit_bzero(k->keys, k->count * sizeof(k->keys[0]));
	munmap(k, size);
}

size_t
tcp_keys_count(const struct tcp_keys *k)
{
	return k->count;
}

/* ---- the socket */

/* Which keys are for it: a listening one of IPv6 may take IPv4 as well. */
struct target {
	int fd;
	bool listening;
	bool v4, v6;
};

static bool
is_set(int fd, int level, int option)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, level, option, &on, &len) == 0 && on;
}

static struct target
target_of(int fd, int family)
{
	struct target t = {.fd = fd, .v4 = family == AF_INET, .v6 = family == AF_INET6};

	t.listening = is_set(fd, SOL_SOCKET, SO_ACCEPTCONN);
	if (t.v6 && t.listening)
		t.v4 = !is_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	return t;
}

static bool
concerns(const struct target *t, const struct tcp_key *k)
{
	return k->network.family == FAMILY_IPV4 ? t->v4 : t->v6;
}

/* On a socket of IPv6 an IPv4 network is a mapped address with the length that it has. */
static void
set_address(struct sockaddr_storage *sa, const struct target *t, const struct prefix *p)
{
	memset(sa, 0, sizeof(*sa));
	if (p->family == FAMILY_IPV4 && !t->v6) {
		struct sockaddr_in *in = (void *)sa;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, p->addr, 4);
	} else {
		struct sockaddr_in6 *in6 = (void *)sa;

		in6->sin6_family = AF_INET6;
		if (p->family == FAMILY_IPV6)
			memcpy(&in6->sin6_addr, p->addr, 16);
		else
			memset(in6->sin6_addr.s6_addr + 10, 0xff, 2);
		if (p->family == FAMILY_IPV4)
			memcpy(in6->sin6_addr.s6_addr + 12, p->addr, 4);
	}
}

/* A key of no bytes takes the one away that is there. */
static int
set_md5(const struct target *t, const struct tcp_key *k, bool on)
{
	struct tcp_md5sig sig = {.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_prefixlen = k->network.len};
	struct sockaddr_storage sa;
	int rc;

	set_address(&sa, t, &k->network);
	memcpy(&sig.tcpm_addr, &sa, sizeof(sa));
	if (on) {
		sig.tcpm_keylen = k->len;
		memcpy(sig.tcpm_key, k->data, k->len);
	}
	rc = setsockopt(t->fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig));
	explicit_bzero(&sig, sizeof(sig));
	return rc;
}

static int
add_ao(const struct target *t, const struct tcp_key *k, bool first)
{
	struct tcp_ao_add add = {.prefix = k->network.len, .sndid = k->send, .rcvid = k->receive, .maclen = MAC_LEN};
	struct sockaddr_storage sa;
	int rc;

	set_address(&sa, t, &k->network);
	memcpy(&add.addr, &sa, sizeof(sa));
	memcpy(add.alg_name, kernel_names[k->kind], strlen(kernel_names[k->kind]));
	add.set_current = add.set_rnext = first;
	add.keylen = k->len;
	memcpy(add.key, k->data, k->len);
	rc = setsockopt(t->fd, IPPROTO_TCP, TCP_AO_ADD_KEY, &add, sizeof(add));
	explicit_bzero(&add, sizeof(add));
	return rc;
}

static int
delete_ao(const struct target *t, const struct tcp_key *k)
{
	struct tcp_ao_del del = {.prefix = k->network.len, .sndid = k->send, .rcvid = k->receive};
	struct sockaddr_storage sa;

	set_address(&sa, t, &k->network);
	memcpy(&del.addr, &sa, sizeof(sa));
	return setsockopt(t->fd, IPPROTO_TCP, TCP_AO_DEL_KEY, &del, sizeof(del));
}

static bool
same_key(const struct tcp_key *a, const struct tcp_key *b)
{
	return prefix_cmp(&a->network, &b->network) == 0 && a->kind == b->kind && a->send == b->send &&
	       a->receive == b->receive && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
has_key(const struct tcp_keys *keys, const struct tcp_key *k)
{
	for (size_t i = 0; keys && i < keys->count; i++)
		if (same_key(&keys->keys[i], k))
			return true;
	return false;
}

static bool
is_first_of_network(const struct tcp_keys *keys, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (prefix_cmp(&keys->keys[j].network, &keys->keys[i].network) == 0)
			return false;
	return true;
}

static int
failed(const struct tcp_key *k, struct vrp_err *err)
{
	const char *kind = k->kind == MD5 ? "TCP-MD5" : "TCP-AO";
	char text[PREFIX_TEXT_MAX];

	*prefix_format(text, &k->network) = '\0';
	if (errno == ENOPROTOOPT || errno == EOPNOTSUPP)
		return vrp_err_set(err, "%s key for %s: this kernel has no %s", kind, text, kind);
	if (errno == ENOENT && k->kind != MD5)
		return vrp_err_set(err, "%s key for %s: this kernel lacks %s", kind, text, kernel_names[k->kind]);
	if (errno == ENOMEM || errno == ENOBUFS)
		return vrp_err_set(err, "%s key for %s: too many keys for net.core.optmem_max", kind, text);
	return vrp_err_set(err, "%s key for %s: %s", kind, text, strerror(errno));
}

/* A key for MD5 takes the place of the one before at once; in between, anybody could come in. */
static bool
is_replaced(const struct tcp_keys *keys, const struct tcp_key *k)
{
	for (size_t i = 0; keys && i < keys->count; i++)
		if (keys->keys[i].kind == MD5 && k->kind == MD5 && prefix_cmp(&keys->keys[i].network, &k->network) == 0)
			return true;
	return false;
}

/* Take away what is gone; it may be gone from this socket already. */
static void
remove_keys(const struct tcp_keys *keys, const struct tcp_keys *before, const struct target *t)
{
	for (size_t i = 0; before && i < before->count; i++) {
		const struct tcp_key *k = &before->keys[i];

		if (!concerns(t, k) || has_key(keys, k) || is_replaced(keys, k))
			continue;
		if (k->kind == MD5)
			(void)set_md5(t, k, false);
		else
			(void)delete_ao(t, k);
	}
}

int
tcp_keys_apply(const struct tcp_keys *keys, const struct tcp_keys *before, int fd, int family, struct vrp_err *err)
{
	struct target t = target_of(fd, family);

	remove_keys(keys, before, &t);
	for (size_t i = 0; keys && i < keys->count; i++) {
		const struct tcp_key *k = &keys->keys[i];
		int rc;

		if (!concerns(&t, k) || has_key(before, k))
			continue;
		rc = k->kind == MD5 ? set_md5(&t, k, true) : add_ao(&t, k, !t.listening && is_first_of_network(keys, i));
		if (rc < 0)
			return failed(k, err);
	}
	return 0;
}

int
tcp_keys_prepare(const void *keys, int fd, const struct sockaddr *to, struct vrp_err *err)
{
	return tcp_keys_apply(keys, NULL, fd, to->sa_family, err);
}
