/* SPDX-License-Identifier: ISC */
#include "validators.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

/* Is this a header of that name?  Its value then, without blanks around it. */
static bool
header_value(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t start = strlen(name);

	if (len <= start || strncasecmp(line, name, start) != 0 || line[start] != ':')
		return false;
	for (start++; start < len && (line[start] == ' ' || line[start] == '\t'); start++)
		;
	while (len > start && (line[len - 1] == ' ' || (line[len - 1] >= '\t' && line[len - 1] <= '\r')))
		len--;
	*value = line + start;
	*value_len = len - start;
	return true;
}

/* Printable ASCII that fits, or nothing. */
static void
keep(char *dst, size_t size, const char *s, size_t len)
{
	bool fits = len < size;

	for (size_t i = 0; fits && i < len; i++)
		fits = s[i] >= ' ' && s[i] <= '~';
	if (fits && len)
		memcpy(dst, s, len);
	dst[fits ? len : 0] = '\0';
}

/* RFC 9110 section 8.8.3: quoted, neither quotes nor blanks within, perhaps W/ in front. */
static bool
is_entity_tag(const char *s, size_t len)
{
	if (len > 2 && memcmp(s, "W/", 2) == 0) {
		s += 2;
		len -= 2;
	}
	return len >= 2 && s[0] == '"' && s[len - 1] == '"' && !memchr(s + 1, '"', len - 2) && !memchr(s, ' ', len);
}

void
validators_note(struct validators *v, const char *line, size_t len)
{
	const char *value;
	size_t n;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		*v = (struct validators)VALIDATORS_NONE;
	else if (header_value(line, len, "ETag", &value, &n))
		keep(v->etag, sizeof(v->etag), value, is_entity_tag(value, n) ? n : 0);
	else if (header_value(line, len, "Last-Modified", &value, &n))
		keep(v->modified, sizeof(v->modified), value, n);
}

bool
validators_set_url(struct validators *v, const char *url)
{
	size_t len = strlen(url);

	if (len > VALIDATORS_URL_MAX)
		return false;
	memcpy(v->url, url, len + 1);
	return true;
}

int
validators_of_file(struct validators *v, int fd, struct vrp_err *err)
{
	struct stat st;

	*v = (struct validators)VALIDATORS_NONE;
	if (fstat(fd, &st) < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return vrp_err_set(err, "not a regular file, and only those can be read again");
	v->file.device = st.st_dev;
	v->file.inode = st.st_ino;
	v->file.size = st.st_size;
	v->file.modified = st.st_mtim;
	return 0;
}

bool
validators_same_file(const struct validators *a, const struct validators *b)
{
	return a->file.inode && a->file.inode == b->file.inode && a->file.device == b->file.device &&
	       a->file.size == b->file.size && a->file.modified.tv_sec == b->file.modified.tv_sec &&
	       a->file.modified.tv_nsec == b->file.modified.tv_nsec;
}
