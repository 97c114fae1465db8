/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enc.h"
#include "pdutable.h"
#include "wire.h"

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

void
pdutable_release(struct pdutable *t)
{
	buf_release(&t->bytes);
	free(t->refs);
	*t = (struct pdutable)PDUTABLE_INIT;
}

void
response_release(struct response *r)
{
	pdutable_release(&r->announced);
	pdutable_release(&r->withdrawn);
}

static void
add(struct pdutable *t, const unsigned char *pdu, size_t len)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 1 << 16;
		if (!(t->refs = reallocarray(t->refs, t->cap, sizeof(*t->refs))))
			die("out of memory");
	}
	t->refs[t->count++] = (struct pdu_ref){t->bytes.len, len};
	t->of_type[pdu[1]]++;
	if (buf_add(&t->bytes, pdu, len))
		die("out of memory");
}

static int
cmp_bytes(const void *a, size_t alen, const void *b, size_t blen)
{
	int c = memcmp(a, b, alen < blen ? alen : blen);

	return c ? c : (alen > blen) - (alen < blen);
}

static int
cmp_ref(const void *pa, const void *pb, void *bytes)
{
	const struct pdu_ref *a = pa, *b = pb;
	const char *data = bytes;

	return cmp_bytes(data + a->at, a->len, data + b->at, b->len);
}

static int
cmp_across(const struct pdutable *a, size_t i, const struct pdutable *b, size_t j)
{
	if (i == a->count || j == b->count)
		return i == a->count ? j != b->count : -1;
	return cmp_bytes(a->bytes.data + a->refs[i].at, a->refs[i].len, b->bytes.data + b->refs[j].at, b->refs[j].len);
}

static VRP_NORETURN void
die_of(const struct pdutable *t, size_t i, const char *what)
{
	const unsigned char *p = (const unsigned char *)t->bytes.data + t->refs[i].at;
	char hex[2 * 40 + 1];
	size_t n = t->refs[i].len < 40 ? t->refs[i].len : 40;

	*hex_encode(hex, p, n) = '\0';
	die("%s: PDU of type %u, %zu bytes: %s", what, p[1], t->refs[i].len, hex);
}

static void
finish(struct pdutable *t, const char *what)
{
	if (!t->count)
		return;
	qsort_r(t->refs, t->count, sizeof(*t->refs), cmp_ref, t->bytes.data);
	for (size_t i = 1; i < t->count; i++)
		if (!cmp_ref(&t->refs[i - 1], &t->refs[i], t->bytes.data))
			die_of(t, i, what);
}

static uint32_t
asn_of(const char *text)
{
	return (uint32_t)strtoul(text + 2 * !strncmp(text, "AS", 2), NULL, 10);
}

static size_t
put_vrp(unsigned char *pdu, char *prefix, char *rest)
{
	bool six = strchr(prefix, ':');
	char *slash = strchr(prefix, '/'), *maxlen = strsep(&rest, " "), *asn = strsep(&rest, " ");
	size_t addr_len = six ? 16 : 4;

	if (!slash || !asn)
		return 0;
	*slash = '\0';
	pdu[1] = six ? 6 : 4;
	pdu[8] = 1;
	pdu[9] = (unsigned char)strtoul(slash + 1, NULL, 10);
	pdu[10] = (unsigned char)strtoul(maxlen, NULL, 10);
	if (inet_pton(six ? AF_INET6 : AF_INET, prefix, pdu + 12) != 1)
		return 0;
	be32_store(pdu + 12 + addr_len, asn_of(asn));
	return 16 + addr_len;
}

static size_t
put_router_key(unsigned char *pdu, char *rest)
{
	char *asn = strsep(&rest, " "), *ski = strsep(&rest, " "), *spki = strsep(&rest, " ");
	ptrdiff_t n;

	if (!spki || strlen(spki) > 1024 || !hex_decode(ski, strlen(ski), pdu + 8, 20))
		return 0;
	pdu[1] = 9;
	pdu[2] = 1;
	be32_store(pdu + 28, asn_of(asn));
	n = base64_decode(spki, strlen(spki), BASE64_STRICT, pdu + 32);
	return n < 0 ? 0 : 32 + (size_t)n;
}

static size_t
put_aspa(unsigned char *pdu, char *rest)
{
	char *customer = strsep(&rest, " "), *providers = strsep(&rest, " "), *one;
	size_t len = 12;

	if (!providers)
		return 0;
	pdu[1] = 11;
	pdu[2] = 1;
	be32_store(pdu + 8, asn_of(customer));
	for (; (one = strsep(&providers, ",")) && len < 4096; len += 4)
		be32_store(pdu + len, asn_of(one));
	return len;
}

void
pdutable_read_lines(struct pdutable *t, const char *path, uint8_t version)
{
	unsigned char pdu[8192];
	char *line = NULL, *rest, *first;
	size_t cap = 0, len;
	FILE *f = fopen(path, "re");

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strchr("%~#", *line))
			continue;
		memset(pdu, 0, sizeof(pdu));
		pdu[0] = version;
		rest = line;
		first = strsep(&rest, " ");
		if (!strcmp(first, "router-key"))
			len = put_router_key(pdu, rest);
		else if (!strcmp(first, "aspa"))
			len = put_aspa(pdu, rest);
		else
			len = put_vrp(pdu, first, rest);
		if (!len)
			die("%s: bad line '%s'", path, first);
		be32_store(pdu + 4, (uint32_t)len);
		if (version >= (pdu[1] == 11 ? 2 : pdu[1] == 9))
			add(t, pdu, len);
	}
	if (ferror(f))
		die("%s: %s", path, strerror(errno));
	fclose(f);
	free(line);
	finish(t, "twice in the expected table");
}

/* Is this a payload PDU of the version, with a length that its type can have? */
static bool
payload_ok(const unsigned char *p, size_t len, uint8_t version)
{
	switch (p[1]) {
	case 4: return len == 20;
	case 6: return len == 32;
	case 9: return version >= 1 && len > 32;
	case 11: return version >= 2 && len >= 12 && len % 4 == 0;
	default: return false;
	}
}

void
response_read(struct response *r, const unsigned char *data, size_t len, uint8_t version)
{
	size_t eod = version ? 24 : 12, at = 8, n, flags;
	struct pdutable *t;

	if (len < 8 + eod || data[0] != version || data[1] != 3 || be32_load(data + 4) != 8)
		die("the response does not begin with a Cache Response");
	r->session = be16_load(data + 2);
	for (; at < len - eod; at += n) {
		n = be32_load(data + at + 4);
		if (data[at] != version || n > len - eod - at || !payload_ok(data + at, n, version))
			die("byte %zu: version %u, type %u, length %zu inside a response", at, data[at], data[at + 1], n);
		flags = data[at + 1] == 4 || data[at + 1] == 6 ? 8 : 2;
		if (data[at + flags] > 1 || (!data[at + flags] && data[at + 1] == 11))
			die("byte %zu: flags %u", at, data[at + flags]);
		t = data[at + flags] ? &r->announced : &r->withdrawn;
		add(t, data + at, n);
		t->bytes.data[t->refs[t->count - 1].at + flags] = 1;
	}
	data += at;
	if (data[0] != version || data[1] != 7 || be16_load(data + 2) != r->session || be32_load(data + 4) != eod)
		die("no End of Data of the same version and session");
	r->serial = be32_load(data + 8);
	finish(&r->announced, "announced twice");
	finish(&r->withdrawn, "withdrawn twice");
}

void
pdutable_apply(struct pdutable *t, const struct response *r)
{
	const struct pdutable *gone = &r->withdrawn, *come = &r->announced;
	size_t keep = 0, w = 0;

	for (size_t i = 0; i < t->count; i++) {
		int c = cmp_across(t, i, gone, w);

		if (c > 0)
			die_of(gone, w, "withdrawn but not there");
		if (c == 0)
			w++;
		else
			t->refs[keep++] = t->refs[i];
	}
	if (w < gone->count)
		die_of(gone, w, "withdrawn but not there");
	t->count = keep;
	for (size_t i = 0; i < come->count; i++)
		add(t, (unsigned char *)come->bytes.data + come->refs[i].at, come->refs[i].len);
	finish(t, "announced but there already");
}

bool
pdutable_same(const struct pdutable *got, const struct pdutable *want)
{
	size_t i = 0, j = 0, missing = 0, extra = 0;

	while (i < got->count || j < want->count) {
		int c = cmp_across(got, i, want, j);

		extra += c < 0;
		missing += c > 0;
		i += c <= 0;
		j += c >= 0;
	}
	if (missing || extra)
		fprintf(stderr, "%s: %zu of %zu expected records are missing, %zu others came\n",
			program_invocation_short_name, missing, want->count, extra);
	return !missing && !extra;
}
