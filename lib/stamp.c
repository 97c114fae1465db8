/* SPDX-License-Identifier: ISC */
#include "stamp.h"

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + (int64_t)d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* The n digits at s as a number, or false. */
static bool
digits(const char *s, size_t n, unsigned *out)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	*out = v;
	return true;
}

static unsigned
month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* What may follow the seconds: nothing but Z or an offset, in minutes east. */
static bool
parse_zone(const char *s, size_t len, int *minutes)
{
	unsigned h, m;

	*minutes = 0;
	if (len == 1 && (s[0] | 0x20) == 'z')
		return true;
	if (len != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' || !digits(s + 1, 2, &h) ||
	    !digits(s + 4, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = (int)(h * 60 + m) * (s[0] == '-' ? -1 : 1);
	return true;
}

bool
stamp_parse(const char *s, size_t len, int64_t *out)
{
	unsigned year, month, day, hour, minute, second;
	int zone;

	if (len < 20 || !digits(s, 4, &year) || s[4] != '-' || !digits(s + 5, 2, &month) || s[7] != '-' ||
	    !digits(s + 8, 2, &day) || ((s[10] | 0x20) != 't' && s[10] != ' ') || !digits(s + 11, 2, &hour) ||
	    s[13] != ':' || !digits(s + 14, 2, &minute) || s[16] != ':' || !digits(s + 17, 2, &second))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 || minute > 59 || second > 60)
		return false;
	s += 19;
	len -= 19;
	if (*s == '.') {
		size_t i = 1;

		while (i < len && s[i] >= '0' && s[i] <= '9')
			i++;
		if (i == 1)
			return false;
		s += i;
		len -= i;
	}
	if (!parse_zone(s, len, &zone))
		return false;
	*out = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone * 60;
	return true;
}

/* v in n digits with leading zeros at dst, and the byte that follows them; returns the end. */
static char *
put(char *dst, int v, int n, char after)
{
	for (int i = n; i-- > 0; v /= 10)
		dst[i] = (char)('0' + v % 10);
	dst[n] = after;
	return dst + n + 1;
}

void
stamp_format(int64_t when, char out[STAMP_MAX])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
		memcpy(out, "0000-00-00T00:00:00Z", STAMP_MAX);
		return;
	}
	out = put(out, tm.tm_year + 1900, 4, '-');	/* %Y of strftime() has no leading zeros in glibc */
	out = put(out, tm.tm_mon + 1, 2, '-');
	out = put(out, tm.tm_mday, 2, 'T');
	out = put(out, tm.tm_hour, 2, ':');
	out = put(out, tm.tm_min, 2, ':');
	out = put(out, tm.tm_sec, 2, 'Z');
	*out = '\0';
}
