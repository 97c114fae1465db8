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
#define WAIT_MS 1000		/* between two looks at whether to give up */
#define SETTLED 2		/* seconds after which another change of a file would show in its times */

_Static_assert(BUFFER >= 2 * (size_t)CHUNK, "one chunk has to fit while another waits");

struct fetch {
	int fd;			/* of a file, -1 for a URL */
	bool owned;		/* fd is ours to close */
	uint64_t max_size;
	uint64_t bytes;
	bool (*cancelled)(void *ctx);
	void *ctx;
	int wake;
	struct validators known;	/* the question */
	struct validators said;	/* the answer, so far */

	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;	/* that make the request conditional, NULL when it isn't */
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

/* The certificates that libcurl was built to look for. */
static void
keep_authorities(const struct fetch_options *o, bool later, struct sandbox *box)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	sandbox_trust(box, later);
#if LIBCURL_VERSION_NUM >= 0x074600
	if (info->cainfo)
		sandbox_read(box, info->cainfo);
	if (info->capath)
		sandbox_read(box, info->capath);
#endif
	if (o->ca_file && later)
		sandbox_follow(box, o->ca_file);
	else if (o->ca_file)
		sandbox_read(box, o->ca_file);
}

void
fetch_keep(const char *source, const struct fetch_options *o, bool later, struct sandbox *box)
{
	if (is_url(source)) {
		sandbox_connect(box, SANDBOX_ANY_PORT);
		sandbox_resolve(box, later);
		keep_authorities(o, later, box);
	} else if (later) {
		sandbox_follow(box, source);
	} else {
		sandbox_read(box, source);
	}
}

static void
note_status(struct fetch *f, const char *line, size_t n)
{
	const char *blank = memchr(line, ' ', n);
	size_t len = 0;

	if (!blank)
		return;
	for (const char *s = blank + 1; s < line + n && len < sizeof(f->status) - 1 && *s >= ' ' && *s <= '~'; s++)
		f->status[len++] = *s;
	while (len && f->status[len - 1] == ' ')
		len--;
	f->status[len] = '\0';
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;

	n *= size;
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
		note_status(f, line, n);
	validators_note(&f->said, line, n);
	return n;
}

static long
response_code(const struct fetch *f)
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
	if (f->headers)
		SET(HTTPHEADER, f->headers);
#undef SET
	return rc;
}

static int
add_header(struct fetch *f, const char *name, const char *value)
{
	char line[VALIDATORS_ETAG_MAX + 32];
	struct curl_slist *all;

	if (!*value)
		return 0;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	all = curl_slist_append(f->headers, line);
	if (!all)
		return -1;
	f->headers = all;
	return 0;
}

static CURLcode
prepare(struct fetch *f, const char *url, const struct fetch_options *o)
{
	f->multi = curl_multi_init();
	f->easy = curl_easy_init();
	if (!f->multi || !f->easy || add_header(f, "If-None-Match", f->known.etag) < 0 ||
	    add_header(f, "If-Modified-Since", f->known.modified) < 0)
		return CURLE_OUT_OF_MEMORY;
	return set_options(f, url, o);
}

static struct fetch *
open_url(const char *url, const struct fetch_options *o, const struct validators *known, struct vrp_err *err)
{
	struct fetch *f = malloc(sizeof(*f) + BUFFER);
	CURLcode rc;

	if (!f) {
		vrp_err_nomem(err);
		return NULL;
	}
	*f = (struct fetch){.fd = -1, .cancelled = o->cancelled, .ctx = o->ctx, .wake = o->wake};
	f->max_size = o->max_size;
	if (known)
		f->known = *known;
	rc = prepare(f, url, o);
	if (rc == CURLE_OK && curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
		rc = CURLE_OUT_OF_MEMORY;
	if (rc != CURLE_OK) {
		vrp_err_set(err, "cannot prepare the download: %s", curl_easy_strerror(rc));
		fetch_close(f);
		return NULL;
	}
	return f;
}

static int
open_file(const char *path, bool again, struct vrp_err *err)
{
	/* What isn't a regular file is refused then, and must not block before. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | (again ? O_NONBLOCK : 0));

	if (fd < 0)
		vrp_err_set(err, "%s", errno == ENOENT && strstr(path, "://") ? "only http and https URLs can be fetched"
									      : strerror(errno));
	return fd;
}

struct fetch *
fetch_open(const char *source, const struct fetch_options *o, const struct validators *known, struct vrp_err *err)
{
	bool input = strcmp(source, "-") == 0;
	struct fetch *f;

	if (is_url(source))
		return open_url(source, o, known, err);
	f = calloc(1, sizeof(*f));
	if (!f) {
		vrp_err_nomem(err);
		return NULL;
	}
	f->max_size = o->max_size;
	f->cancelled = o->cancelled;
	f->ctx = o->ctx;
	f->owned = !input;
	f->fd = input ? STDIN_FILENO : open_file(source, known, err);
	if (known)
		f->known = *known;
	if (f->fd >= 0 && (!known || validators_of_file(&f->said, f->fd, err) == 0))
		return f;
	fetch_close(f);
	return NULL;
}

void
fetch_close(struct fetch *f)
{
	if (!f)
		return;
	if (f->owned && f->fd >= 0)
		close(f->fd);
	if (f->multi && f->easy)
		curl_multi_remove_handle(f->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_multi_cleanup(f->multi);
	curl_slist_free_all(f->headers);
	free(f);
}

static bool
give_up(struct fetch *f)
{
	if (!f->cancelled || !f->cancelled(f->ctx))
		return false;
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Otherwise fetch_close() waits for the resolver's thread, which may take half a minute. */
	if (f->easy)
		curl_easy_setopt(f->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	return true;
}

static const char *
answering_url(const struct fetch *f)
{
	const char *url = NULL;

	curl_easy_getinfo(f->easy, CURLINFO_EFFECTIVE_URL, &url);
	return url ? url : "";
}

/*
 * "Not modified" is said of what the URL in the end has.  When redirects led
 * elsewhere this time it says nothing about what we have, even if the tags are
 * alike.
 */
static bool
is_misled(const struct fetch *f)
{
	return f->result == CURLE_OK && f->headers && response_code(f) == 304 &&
	       strcmp(answering_url(f), f->known.url) != 0;
}

/* Once more, for all of it. */
static CURLMcode
ask_anew(struct fetch *f)
{
	CURLMcode rc = curl_multi_remove_handle(f->multi, f->easy);

	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(f->headers);
	f->headers = NULL;
	f->done = false;
	return rc == CURLM_OK ? curl_multi_add_handle(f->multi, f->easy) : rc;
}

static CURLMcode
perform(struct fetch *f)
{
	CURLMcode rc;
	const CURLMsg *msg;
	int left;

	rc = curl_multi_perform(f->multi, &left);
	while ((msg = curl_multi_info_read(f->multi, &left))) {
		if (msg->msg == CURLMSG_DONE) {
			f->done = true;
			f->result = msg->data.result;
		}
	}
	return rc == CURLM_OK && f->done && is_misled(f) ? ask_anew(f) : rc;
}

/* Until there are bytes in the buffer or the transfer has ended. */
static CURLMcode
transfer(struct fetch *f)
{
	struct curl_waitfd wake = {.fd = f->wake, .events = CURL_WAIT_POLLIN};
	CURLMcode rc = CURLM_OK;

	if (f->paused && f->len == 0) {
		f->paused = false;
		curl_easy_pause(f->easy, CURLPAUSE_CONT);
	}
	while (rc == CURLM_OK && f->len == 0 && !f->done) {
		if (give_up(f)) {
			f->result = CURLE_ABORTED_BY_CALLBACK;
			f->done = true;
			break;
		}
		rc = perform(f);
		if (rc == CURLM_OK && f->len == 0 && !f->done)
			rc = curl_multi_poll(f->multi, &wake, f->cancelled ? 1 : 0, WAIT_MS, NULL);
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

static enum fetch_answer
ask_url(struct fetch *f, struct vrp_err *err)
{
	CURLMcode rc = transfer(f);
	long code = response_code(f);

	if (rc != CURLM_OK)
		return vrp_err_set(err, "cannot transfer: %s", curl_multi_strerror(rc));
	if (f->len || (f->result == CURLE_OK && code == 200))
		return FETCH_BODY;
	if (f->result == CURLE_OK && code == 304 && f->headers)
		return FETCH_UNCHANGED;
	return transfer_error(f, err);
}

enum fetch_answer
fetch_ask(struct fetch *f, struct vrp_err *err)
{
	if (f->easy)
		return ask_url(f, err);
	return validators_same_file(&f->known, &f->said) ? FETCH_UNCHANGED : FETCH_BODY;
}

static ssize_t
read_url(struct fetch *f, void *dst, size_t len, struct vrp_err *err)
{
	if (ask_url(f, err) != FETCH_BODY)
		return -1;
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
	ssize_t n;

	if (give_up(f))
		return vrp_err_set(err, "given up");
	n = f->easy ? read_url(f, dst, len, err) : read_file(f, dst, len, err);
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

/* A file that changed while it was read, or so lately that the next change may not show in its times, has to be read again. */
static bool
is_settled(const struct fetch *f)
{
	struct validators now;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return validators_of_file(&now, f->fd, NULL) == 0 && validators_same_file(&now, &f->said) &&
	       ts.tv_sec - now.file.modified.tv_sec > SETTLED;
}

void
fetch_remember(const struct fetch *f, struct validators *out)
{
	*out = f->said;
	if (f->easy ? !validators_set_url(out, answering_url(f)) : !is_settled(f))
		*out = (struct validators)VALIDATORS_NONE;
}

uint32_t
fetch_retry_after(const struct fetch *f)
{
	curl_off_t seconds = 0;
	long code = f->easy ? response_code(f) : 0;

	if (code != 429 && code != 503)
		return 0;
	curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &seconds);
	return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}
