/* SPDX-License-Identifier: ISC */
/*
 * One text for each name, of the version asked for last, in two copies: as it is and
 * compressed.  Requests wait at the text for their copy; texts stand in line for
 * the worker, which makes one at a time.
 *
 * Bytes are counted while a blob lives.  Who downloads one holds a reference, and so do
 * we, in `retired` when it is no longer offered: a reference count of one says that all
 * others are through.
 */
#include "documents.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <unistd.h>
#include <zlib.h>

#include "http_header.h"
#include "thread.h"

#define PIECE ((size_t)64 * 1024)	/* that deflate gives at once */
#define GZIP 16				/* zlib: with a header of gzip's */
#define WAIT_MS (120 * 1000)		/* for a document to be made */

enum encoding {
	PLAIN,
	COMPRESSED,
};

#define ENCODINGS 2

/* A request that waits for its copy. */
struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct text *text;
	enum encoding encoding;
	struct httpd_request *request;
};

struct copy {
	struct blob *blob;	/* NULL while it is not there */
	int64_t asked;		/* when it was last asked for */
};

struct text {
	TAILQ_ENTRY(text) link;
	struct documents *all;
	struct document doc;	/* the subject is ours */
	struct copy copies[ENCODINGS];
	TAILQ_HEAD(, waiter) waiters;
	bool outdated;		/* a newer version was asked for: it goes when nobody waits any more */
};

TAILQ_HEAD(texts, text);

/* What the worker makes; it belongs to one thread at a time. */
struct job {
	struct text *text;	/* for the server's thread alone */
	const struct document_maker *maker;
	void *subject;
	enum encoding encoding;
	size_t room;		/* bytes it may take */
	struct blob *blobs[ENCODINGS];	/* the plain one may be there before */
};

struct retired {
	STAILQ_ENTRY(retired) link;
	struct blob *blob;
};

struct documents {
	struct httpd *h;
	struct documents_config config;
	struct texts texts;
	STAILQ_HEAD(, retired) retired;	/* oldest first */
	size_t bytes;		/* of all blobs */
	bool busy;		/* the worker has the job */
	struct job job;

	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool given;		/* under the lock: the job is the worker's to begin */
	atomic_bool stopping;
};

static const struct documents_config defaults = {
	.max_bytes = (size_t)1 << 30,
	.keep_ms = 300 * 1000,
	.gzip_level = 1,
};

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- on the worker */

static void
deflate_all(struct documents *d, z_stream *z, struct out *out)
{
	int rc = Z_OK;

	while (rc == Z_OK && !out->error && !atomic_load(&d->stopping)) {
		char *room = out_room(out, PIECE);

		if (!room)
			break;
		z->next_out = (unsigned char *)room;
		z->avail_out = (uInt)PIECE;
		rc = deflate(z, Z_FINISH);
		out_advance(out, PIECE - z->avail_out);
	}
	if (rc != Z_STREAM_END && !out->error)
		out->error = rc == Z_OK ? ECANCELED : ENOMEM;
}

static struct blob *
compress_blob(struct documents *d, struct blob *plain, size_t room)
{
	z_stream z = {.next_in = plain->data, .avail_in = (uInt)plain->len};
	struct blob *made = NULL;
	struct out out;

	if (plain->len > UINT_MAX || deflateInit2(&z, d->config.gzip_level, Z_DEFLATED, MAX_WBITS + GZIP, MAX_MEM_LEVEL,
						  Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	out_init_blob(&out, room);
	deflate_all(d, &z, &out);
	made = out_take_blob(&out);
	out_release(&out);
	deflateEnd(&z);
	return made;
}

static void
make(struct documents *d, struct job *job)
{
	struct out out;

	if (!job->blobs[PLAIN]) {
		out_init_blob(&out, job->room);
		job->maker->write(job->subject, &out);
		job->blobs[PLAIN] = out_take_blob(&out);
		out_release(&out);
		if (!job->blobs[PLAIN])
			return;
		job->room -= job->blobs[PLAIN]->len;
	}
	if (job->encoding == COMPRESSED)
		job->blobs[COMPRESSED] = compress_blob(d, job->blobs[PLAIN], job->room);
}

static void on_made(void *ctx);

static void *
work(void *ctx)
{
	struct documents *d = ctx;

	thread_give_way();
	pthread_mutex_lock(&d->lock);
	while (!atomic_load(&d->stopping)) {
		if (!d->given) {
			pthread_cond_wait(&d->changed, &d->lock);
			continue;
		}
		d->given = false;
		pthread_mutex_unlock(&d->lock);
		make(d, &d->job);
		while (httpd_post(d->h, on_made, d) < 0)
			sleep(1);
		pthread_mutex_lock(&d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* ---- what there is */

static bool
in_use(struct blob *b)
{
	return atomic_load(&b->refs) > 1;
}

static void
drop_blob(struct documents *d, struct blob *b)
{
	d->bytes -= b->len;
	blob_unref(b);
}

/* No longer offered.  Without memory to remember it by, those who still download it are cut off. */
static void
retire_copy(struct documents *d, struct copy *c)
{
	struct retired *r;

	if (!c->blob)
		return;
	r = in_use(c->blob) ? malloc(sizeof(*r)) : NULL;
	if (r) {
		r->blob = c->blob;
		STAILQ_INSERT_TAIL(&d->retired, r, link);
	} else {
		if (in_use(c->blob))
			httpd_recall(d->h, c->blob);
		drop_blob(d, c->blob);
	}
	c->blob = NULL;
}

static void
text_free(struct documents *d, struct text *t)
{
	for (int i = 0; i < ENCODINGS; i++)
		retire_copy(d, &t->copies[i]);
	TAILQ_REMOVE(&d->texts, t, link);
	t->doc.maker->unref(t->doc.subject);
	free(t);
}

/* A text that nobody waits for and the worker doesn't have goes when it is outdated, or has nothing left to offer. */
static void
text_settle(struct documents *d, struct text *t)
{
	if (TAILQ_EMPTY(&t->waiters) && !(d->busy && d->job.text == t) &&
	    (t->outdated || (!t->copies[PLAIN].blob && !t->copies[COMPRESSED].blob)))
		text_free(d, t);
}

static void
sweep(struct documents *d)
{
	STAILQ_HEAD(, retired) all = STAILQ_HEAD_INITIALIZER(all);
	struct retired *r;

	STAILQ_CONCAT(&all, &d->retired);
	while ((r = STAILQ_FIRST(&all))) {
		STAILQ_REMOVE_HEAD(&all, link);
		if (in_use(r->blob)) {
			STAILQ_INSERT_TAIL(&d->retired, r, link);
		} else {
			drop_blob(d, r->blob);
			free(r);
		}
	}
}

/* The copy that was asked for longest ago and is not needed for what is to be made now. */
static struct copy *
find_stale(struct documents *d, const struct text *needed)
{
	struct copy *found = NULL;
	struct text *t;

	TAILQ_FOREACH (t, &d->texts, link)
		for (int i = 0; i < ENCODINGS; i++)
			if (t != needed && t->copies[i].blob && (!found || t->copies[i].asked < found->asked))
				found = &t->copies[i];
	return found;
}

/*
 * Give room back until half of all is free, or nothing is left to give: first what is not
 * needed, then downloads of what is outdated.
 */
static void
make_room(struct documents *d, const struct text *needed)
{
	struct retired *r;
	struct copy *stale;

	sweep(d);
	while (d->bytes > d->config.max_bytes / 2 && (stale = find_stale(d, needed)))
		retire_copy(d, stale);
	STAILQ_FOREACH (r, &d->retired, link)
		if (d->bytes > d->config.max_bytes / 2)
			httpd_recall(d->h, r->blob);
}

/* ---- making */

static void
begin(struct documents *d, struct text *t, enum encoding encoding)
{
	struct blob *plain = t->copies[PLAIN].blob;

	make_room(d, t);
	d->busy = true;
	d->job = (struct job){.text = t, .maker = t->doc.maker, .subject = t->doc.subject, .encoding = encoding};
	d->job.blobs[PLAIN] = plain ? blob_ref(plain) : NULL;
	d->job.room = d->bytes < d->config.max_bytes ? d->config.max_bytes - d->bytes : 0;
	pthread_mutex_lock(&d->lock);
	d->given = true;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

/* Who waits longest is next. */
static void
begin_next(struct documents *d)
{
	struct text *t;

	if (d->busy)
		return;
	TAILQ_FOREACH (t, &d->texts, link) {
		struct waiter *w = TAILQ_FIRST(&t->waiters);

		if (w) {
			begin(d, t, w->encoding);
			return;
		}
	}
}

static void
send_copy(struct text *t, enum encoding encoding, struct httpd_request *r)
{
	struct copy *c = &t->copies[encoding];

	c->asked = now();
	if (encoding == COMPRESSED)
		httpd_add_header(r, "Content-Encoding", "gzip");
	httpd_reply(r, 200, t->doc.type, blob_ref(c->blob));
}

/* Answer those whose copy is there, or could not be made. */
static void
answer(struct text *t, enum encoding made)
{
	struct waiter *w = TAILQ_FIRST(&t->waiters), *next;

	for (; w; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!t->copies[w->encoding].blob && w->encoding != made)
			continue;
		TAILQ_REMOVE(&t->waiters, w, link);
		if (t->copies[w->encoding].blob)
			send_copy(t, w->encoding, w->request);
		else
			httpd_reply_error(w->request, 503, "no memory for it now");
		free(w);
	}
}

static void
on_made(void *ctx)
{
	struct documents *d = ctx;
	struct job job = d->job;
	struct text *t = job.text;

	d->busy = false;
	for (int i = 0; i < ENCODINGS; i++) {
		struct copy *c = &t->copies[i];

		if (job.blobs[i] && !c->blob) {
			c->blob = job.blobs[i];
			c->asked = now();
			d->bytes += c->blob->len;
		} else {
			blob_unref(job.blobs[i]);
		}
	}
	answer(t, job.encoding);
	text_settle(d, t);
	begin_next(d);
}

/* ---- requests */

static void
on_wake(void *ctx, struct httpd_request *r, enum httpd_wake why)
{
	struct waiter *w = ctx;
	struct text *t = w->text;

	TAILQ_REMOVE(&t->waiters, w, link);
	free(w);
	if (why == HTTPD_TIMEOUT)
		httpd_reply_error(r, 503, "it takes too long");
	text_settle(t->all, t);
}

static struct text *
text_new(struct documents *d, const struct document *doc)
{
	struct text *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct text){.all = d, .doc = *doc};
	t->doc.subject = doc->maker->ref(doc->subject);
	TAILQ_INIT(&t->waiters);
	TAILQ_INSERT_TAIL(&d->texts, t, link);
	return t;
}

/* The text of this version; those of others are outdated by it. */
static struct text *
find_text(struct documents *d, const struct document *doc)
{
	struct text *t = TAILQ_FIRST(&d->texts), *next, *found = NULL;

	for (; t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (strcmp(t->doc.name, doc->name) != 0)
			continue;
		if (t->doc.version == doc->version) {
			found = t;
			t->outdated = false;
		} else {
			t->outdated = true;
			text_settle(d, t);
		}
	}
	return found;
}

static bool
wait_for(struct text *t, enum encoding encoding, struct httpd_request *r)
{
	struct waiter *w = malloc(sizeof(*w));

	if (!w)
		return false;
	*w = (struct waiter){.text = t, .encoding = encoding, .request = r};
	TAILQ_INSERT_TAIL(&t->waiters, w, link);
	httpd_park(r, WAIT_MS, on_wake, w);
	return true;
}

static enum encoding
choose_encoding(const struct httpd_request *r)
{
	const char *accept = httpd_header(r, "Accept-Encoding");
	unsigned gzip = http_accept_encoding(accept, "gzip");

	return gzip && gzip >= http_accept_encoding(accept, "identity") ? COMPRESSED : PLAIN;
}

void
documents_reply(struct documents *d, struct httpd_request *r, const struct document *doc)
{
	enum encoding encoding = choose_encoding(r);
	char etag[96];
	struct text *t;

	snprintf(etag, sizeof(etag), "\"%s-%016llx%s\"", doc->name, (unsigned long long)doc->version,
		 encoding == COMPRESSED ? "-gz" : "");
	httpd_add_header(r, "Vary", "Accept-Encoding");
	httpd_add_header(r, "Cache-Control", "no-cache");
	if (httpd_etag(r, etag, doc->modified))
		return;
	t = find_text(d, doc);
	if (!t)
		t = text_new(d, doc);
	if (t && t->copies[encoding].blob)
		send_copy(t, encoding, r);
	else if (t && wait_for(t, encoding, r))
		begin_next(d);
	else
		httpd_reply_error(r, 503, "out of memory");
}

/* ---- all of it */

static void
on_tick(void *ctx)
{
	struct documents *d = ctx;
	struct text *t = TAILQ_FIRST(&d->texts), *next;
	int64_t at = now();

	sweep(d);
	for (; t; t = next) {
		next = TAILQ_NEXT(t, link);
		for (int i = 0; i < ENCODINGS; i++)
			if (at - t->copies[i].asked > d->config.keep_ms)
				retire_copy(d, &t->copies[i]);
		text_settle(d, t);
	}
}

struct documents *
documents_new(struct httpd *h, const struct documents_config *config, struct vrp_err *err)
{
	struct documents *d = calloc(1, sizeof(*d));

	if (!d || httpd_add_tick(h, on_tick, d) < 0) {
		vrp_err_nomem(err);
		free(d);
		return NULL;
	}
	d->h = h;
	d->config.max_bytes = config->max_bytes ? config->max_bytes : defaults.max_bytes;
	d->config.keep_ms = config->keep_ms ? config->keep_ms : defaults.keep_ms;
	d->config.gzip_level = config->gzip_level ? config->gzip_level : defaults.gzip_level;
	TAILQ_INIT(&d->texts);
	STAILQ_INIT(&d->retired);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	return d;
}

int
documents_start(struct documents *d, struct vrp_err *err)
{
	int error = thread_start(&d->thread, NULL, work, d);

	if (error)
		return vrp_err_set(err, "cannot start a thread: %s", strerror(error));
	d->started = true;
	return 0;
}

void
documents_stop(struct documents *d)
{
	if (!d->started)
		return;
	atomic_store(&d->stopping, true);
	pthread_mutex_lock(&d->lock);
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	d->started = false;
}

void
documents_free(struct documents *d)
{
	struct retired *r;
	struct text *t;

	if (!d)
		return;
	documents_stop(d);
	for (int i = 0; d->busy && i < ENCODINGS; i++)
		blob_unref(d->job.blobs[i]);
	while ((t = TAILQ_FIRST(&d->texts)))
		text_free(d, t);
	while ((r = STAILQ_FIRST(&d->retired))) {
		STAILQ_REMOVE_HEAD(&d->retired, link);
		blob_unref(r->blob);
		free(r);
	}
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
