/* SPDX-License-Identifier: ISC */
#include "http_header.h"

#include <strings.h>

/* Part of a text. */
struct slice {
	const char *p;
	size_t len;
};

static struct slice
trim(struct slice s)
{
	while (s.len && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What is before the next separator, which *rest is then behind; false when there is nothing more. */
static bool
next(const char **rest, const char *end, char separator, struct slice *out)
{
	const char *at;

	if (!*rest || *rest > end)
		return false;
	at = memchr(*rest, separator, (size_t)(end - *rest));
	if (!at)
		at = end;
	*out = trim((struct slice){*rest, (size_t)(at - *rest)});
	*rest = at + 1;
	return true;
}

static bool
is(struct slice s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.p, text, s.len) == 0;
}

/* "1", "0.85": 0 to 1 with up to three decimals (RFC 9110 section 12.4.2); malformed is not at all. */
static unsigned
parse_quality(struct slice s)
{
	unsigned q = 0, unit = HTTP_QUALITY_MAX;

	if (s.len == 0 || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.len > 1 && s.p[1] != '.'))
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		if (i == 1)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		q += (unsigned)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	return q <= HTTP_QUALITY_MAX ? q : 0;
}

/* One element of a list: "text/html;level=1;q=0.5". */
static struct slice
parse_element(struct slice element, unsigned *quality)
{
	const char *rest = element.p, *end = element.p + element.len;
	struct slice name = {rest, 0}, parameter;

	*quality = HTTP_QUALITY_MAX;
	(void)next(&rest, end, ';', &name);
	while (next(&rest, end, ';', &parameter))
		if (parameter.len >= 2 && (*parameter.p | 0x20) == 'q' && parameter.p[1] == '=')
			*quality = parse_quality((struct slice){parameter.p + 2, parameter.len - 2});
	return name;
}

/* How exactly a media range names a type: 3 by itself, 2 by its kind, 1 by any, 0 not. */
static unsigned
fit_type(struct slice range, const char *type)
{
	size_t kind = strcspn(type, "/") + 1;

	if (is(range, type))
		return 3;
	if (range.len == kind + 1 && range.p[kind] == '*' && strncasecmp(range.p, type, kind) == 0)
		return 2;
	return is(range, "*/*");
}

static unsigned
fit_coding(struct slice range, const char *coding)
{
	if (is(range, coding) || (strcasecmp(coding, "gzip") == 0 && is(range, "x-gzip")))
		return 2;
	return is(range, "*");
}

/* The quality of the element that fits best, -1 for none. */
static int
best_fit(const char *list, unsigned (*fit)(struct slice range, const char *what), const char *what)
{
	const char *rest = list, *end = list + strlen(list);
	unsigned best = 0;
	int found = -1;
	struct slice element;

	while (next(&rest, end, ',', &element)) {
		unsigned quality, how = fit(parse_element(element, &quality), what);

		if (how > best) {
			best = how;
			found = (int)quality;
		}
	}
	return found;
}

unsigned
http_accept_type(const char *accept, const char *type)
{
	int q = accept && *accept ? best_fit(accept, fit_type, type) : HTTP_QUALITY_MAX;

	return q < 0 ? 0 : (unsigned)q;
}

unsigned
http_accept_encoding(const char *accept_encoding, const char *coding)
{
	bool identity = strcasecmp(coding, "identity") == 0;
	int q = accept_encoding ? best_fit(accept_encoding, fit_coding, coding) : -1;

	if (q < 0)
		return identity ? HTTP_QUALITY_MAX : 0;
	return (unsigned)q;
}

size_t
http_accept_choose(const char *accept, const char *const *types, size_t n)
{
	unsigned best = 0;
	size_t chosen = n;

	for (size_t i = 0; i < n; i++) {
		unsigned q = http_accept_type(accept, types[i]);

		if (q > best) {
			best = q;
			chosen = i;
		}
	}
	return chosen;
}

/* ---- entity tags */

/* Commas may stand within tags, so a list is read tag by tag. */
bool
http_etag_listed(const char *list, const char *etag)
{
	size_t len = strlen(etag);

	if (!list)
		return false;
	for (;;) {
		const char *end;

		list += strspn(list, ", \t");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (*list != '"' || !(end = strchr(list + 1, '"')))
			return false;
		end++;
		if ((size_t)(end - list) == len && memcmp(list, etag, len) == 0)
			return true;
		list = end;
	}
}

/* ---- dates */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void
http_date_format(int64_t when, char out[HTTP_DATE_MAX])
{
	time_t t = (time_t)when;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	snprintf(out, HTTP_DATE_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7], (unsigned)tm.tm_mday % 100,
		 months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
		 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static bool
digits(const char *s, unsigned n, int *out)
{
	*out = 0;
	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return false;
		*out = 10 * *out + (*s - '0');
	}
	return true;
}

/* What is read has to be what would be written. */
bool
http_date_parse(const char *text, int64_t *out)
{
	struct tm tm = {0};
	char again[HTTP_DATE_MAX];
	time_t t;

	if (strlen(text) != HTTP_DATE_MAX - 1 || !digits(text + 5, 2, &tm.tm_mday) || !digits(text + 12, 4, &tm.tm_year) ||
	    !digits(text + 17, 2, &tm.tm_hour) || !digits(text + 20, 2, &tm.tm_min) || !digits(text + 23, 2, &tm.tm_sec))
		return false;
	while (tm.tm_mon < 12 && strncmp(text + 8, months[tm.tm_mon], 3) != 0)
		tm.tm_mon++;
	tm.tm_year -= 1900;
	t = tm.tm_mon < 12 && tm.tm_year >= 70 ? timegm(&tm) : -1;
	if (t < 0)
		return false;
	http_date_format(t, again);
	if (strcmp(text, again) != 0)
		return false;
	*out = t;
	return true;
}
