/* SPDX-License-Identifier: ISC */
#include "fetch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <strings.h>
#include <unistd.h>

#define BUFFER ((size_t)512 * 1024)
#define CHUNK (128L * 1024)	/* what libcurl hands over at once, at most */
#define REDIRECTS_MAX 5L
#define CONNECT_TIMEOUT 20L
#define STALL_TIMEOUT 60L	/* seconds at less than a byte a second */

_Static_assert(BUFFER >= 2 * (size_t)CHUNK, "one chunk has to fit while another waits");

struct fetch {
	int fd;			/* of a file, -1 for a URL */
	bool owned;		/* fd is ours to close */
	uint64_t max_size;
	uint64_t bytes;

	CURLM *multi;
	CURL *easy;
	bool paused;		/* the server waits for room in the buffer */
	bool done;
	CURLcode result;
	char status[80];	/* of the last status line: "404 Not Found" */
	char reason[CURL_ERROR_SIZE];
	size_t start, len;	/* what is in the buffer */
	char buffer[];		/* BUFFER bytes for a URL */
};

static bool
is_url(const char *source)
{
	return strncasecmp(source, "http://", 7) == 0 || strncasecmp(source, "https://", 8) == 0;
}

char *
fetch_name(const char *source)
{
	const char *host, *end, *at;
	char *name;

	if (!is_url(source))
		return strdup(source);
	host = strchr(source, '/') + 2;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	if (!at)
		return strdup(source);
	return asprintf(&name, "%.*s%s", (int)(host - source), source, at + 1) < 0 ? NULL : name;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;
	const char *blank;
	size_t len = 0;

	n *= size;
	if (n < 5 || memcmp(line, "HTTP/", 5) != 0 || !(blank = memchr(line, ' ', n)))
		return n;
	for (const char *s = blank + 1; s < line + n && len < sizeof(f->status) - 1 && *s >= ' ' && *s <= '~'; s++)
		f->status[len++] = *s;
	while (len && f->status[len - 1] == ' ')
		len--;
	f->status[len] = '\0';
	return n;
}

static long
response_code(struct fetch *f)
{
	long code = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;

	n *= size;
	if (response_code(f) != 200)
		return n + 1;
	if (f->start && f->len == 0)
		f->start = 0;
	if (n > BUFFER - f->start - f->len) {
		f->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	memcpy(f->buffer + f->start + f->len, data, n);
	f->len += n;
	return n;
}

static CURLcode
set_options(struct fetch *f, const char *url, const struct fetch_options *o)
{
	const char *redirect = strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https";
	CURLcode rc = CURLE_OK;

#define SET(option, value)								\
	do {										\
		if (rc == CURLE_OK)							\
			rc = curl_easy_setopt(f->easy, CURLOPT_##option, value);	\
	} while (0)
	SET(URL, url);
	SET(PROTOCOLS_STR, "http,https");
	SET(REDIR_PROTOCOLS_STR, redirect);
	SET(FOLLOWLOCATION, 1L);
	SET(MAXREDIRS, REDIRECTS_MAX);
	SET(ACCEPT_ENCODING, "");
	SET(USERAGENT, o->user_agent);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca_file) {
		SET(CAINFO, o->ca_file);
		SET(CAPATH, NULL);
	}
	SET(CONNECTTIMEOUT, CONNECT_TIMEOUT);
	SET(LOW_SPEED_LIMIT, 1L);
	SET(LOW_SPEED_TIME, STALL_TIMEOUT);
	SET(TIMEOUT, (long)o->timeout);
	SET(NOSIGNAL, 1L);
	SET(BUFFERSIZE, CHUNK);
	SET(ERRORBUFFER, f->reason);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, f);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, f);
#undef SET
	return rc;
}

static struct fetch *
open_url(const char *url, const struct fetch_options *o, struct vrp_err *err)
{
	struct fetch *f = malloc(sizeof(*f) + BUFFER);
	CURLcode rc;

	if (!f) {
		vrp_err_nomem(err);
		return NULL;
	}
	*f = (struct fetch){.fd = -1, .max_size = o->max_size};
	f->multi = curl_multi_init();
	f->easy = curl_easy_init();
	rc = f->multi && f->easy ? set_options(f, url, o) : CURLE_OUT_OF_MEMORY;
	if (rc == CURLE_OK && curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
		rc = CURLE_OUT_OF_MEMORY;
	if (rc != CURLE_OK) {
		vrp_err_set(err, "cannot prepare the download: %s", curl_easy_strerror(rc));
		fetch_close(f);
		return NULL;
	}
	return f;
}

struct fetch *
fetch_open(const char *source, const struct fetch_options *o, struct vrp_err *err)
{
	bool input = strcmp(source, "-") == 0;
	struct fetch *f;

	if (is_url(source))
		return open_url(source, o, err);
	f = calloc(1, sizeof(*f));
	if (!f) {
		vrp_err_nomem(err);
		return NULL;
	}
	f->max_size = o->max_size;
	f->owned = !input;
	f->fd = input ? STDIN_FILENO : open(source, O_RDONLY | O_CLOEXEC);
	if (f->fd >= 0)
		return f;
	vrp_err_set(err, "%s", errno == ENOENT && strstr(source, "://") ? "only http and https URLs can be fetched"
									: strerror(errno));
	free(f);
	return NULL;
}

void
fetch_close(struct fetch *f)
{
	if (!f)
		return;
	if (f->owned)
		close(f->fd);
	if (f->multi && f->easy)
		curl_multi_remove_handle(f->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_multi_cleanup(f->multi);
	free(f);
}

/* Until there are bytes in the buffer or the transfer has ended. */
static CURLMcode
transfer(struct fetch *f)
{
	CURLMcode rc = CURLM_OK;
	const CURLMsg *msg;
	int left;

	if (f->paused && f->len == 0) {
		f->paused = false;
		curl_easy_pause(f->easy, CURLPAUSE_CONT);
	}
	while (rc == CURLM_OK && f->len == 0 && !f->done) {
		rc = curl_multi_perform(f->multi, &left);
		while ((msg = curl_multi_info_read(f->multi, &left))) {
			if (msg->msg == CURLMSG_DONE) {
				f->done = true;
				f->result = msg->data.result;
			}
		}
		if (rc == CURLM_OK && f->len == 0 && !f->done)
			rc = curl_multi_poll(f->multi, NULL, 0, 1000, NULL);
	}
	return rc;
}

static int
transfer_error(struct fetch *f, struct vrp_err *err)
{
	const char *reason = f->reason[0] ? f->reason : curl_easy_strerror(f->result);
	long code = response_code(f);

	if (code != 0 && code != 200 && (f->result == CURLE_OK || f->result == CURLE_WRITE_ERROR))
		return vrp_err_set(err, "the server answered %s", f->status);
	/* Lower case as all messages, but for names such as "SSL". */
	return vrp_err_set(err, "%c%s", isupper((unsigned char)reason[1]) ? reason[0] : tolower((unsigned char)reason[0]),
			   reason + 1);
}

static ssize_t
read_url(struct fetch *f, void *dst, size_t len, struct vrp_err *err)
{
	CURLMcode rc = transfer(f);

	if (rc != CURLM_OK)
		return vrp_err_set(err, "cannot transfer: %s", curl_multi_strerror(rc));
	if (f->len == 0)
		return f->result == CURLE_OK && response_code(f) == 200 ? 0 : transfer_error(f, err);
	if (len > f->len)
		len = f->len;
	memcpy(dst, f->buffer + f->start, len);
	f->start += len;
	f->len -= len;
	return (ssize_t)len;
}

static ssize_t
read_file(struct fetch *f, void *dst, size_t len, struct vrp_err *err)
{
	ssize_t n;

	do {
		n = read(f->fd, dst, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? vrp_err_set(err, "%s", strerror(errno)) : n;
}

ssize_t
fetch_read(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct fetch *f = ctx;
	ssize_t n = f->easy ? read_url(f, dst, len, err) : read_file(f, dst, len, err);

	if (n > 0)
		f->bytes += (uint64_t)n;
	if (n > 0 && f->max_size && f->bytes > f->max_size)
		return vrp_err_set(err, "more than %llu bytes", (unsigned long long)f->max_size);
	return n;
}

uint64_t
fetch_bytes(const struct fetch *f)
{
	return f->bytes;
}
