/* SPDX-License-Identifier: ISC */
/*
 * A bufferevent_filter over a bufferevent_socket.  OpenSSL reads and writes the
 * latter's buffers through a BIO.
 *
 * Encrypted plaintext stays in the output until its ciphertext has left:
 * `encrypted` bytes at its front are done with and not yet drained.  So a length
 * of 0 means what it does for TCP, that the kernel has everything.
 */
#include "tls_filter.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tls.h"

#define RECORD_MAX SSL3_RT_MAX_PLAIN_LENGTH
#define UNSENT_MAX (4 * TLS_FILTER_AHEAD)	/* answers to a peer that provokes them and reads none */
#define PEER_MAX 64

struct filter {
	SSL *ssl;
	BIO_METHOD *method;
	struct bufferevent *bev;	/* what the caller has */
	struct bufferevent *socket;
	size_t encrypted;
	bool over;		/* TLS has ended or failed: nothing comes any more */
	bool finishing;
	struct log log;
	char peer[PEER_MAX];
};

/* ---- the BIO */

static int
bio_write(BIO *bio, const char *data, int len)
{
	const struct filter *f = BIO_get_data(bio);
	struct evbuffer *out = bufferevent_get_output(f->socket);

	BIO_clear_retry_flags(bio);
	if (evbuffer_get_length(out) > UNSENT_MAX || evbuffer_add(out, data, (size_t)len) < 0) {
		errno = ENOBUFS;
		return -1;
	}
	return len;
}

static int
bio_read(BIO *bio, char *dst, int len)
{
	const struct filter *f = BIO_get_data(bio);
	int n = evbuffer_remove(bufferevent_get_input(f->socket), dst, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (n > 0)
		return n;
	BIO_set_retry_read(bio);
	return -1;
}

static long
bio_ctrl(BIO *bio VRP_UNUSED, int command, long number VRP_UNUSED, void *pointer VRP_UNUSED)
{
	return command == BIO_CTRL_FLUSH;
}

static BIO *
new_bio(struct filter *f)
{
	BIO *bio = NULL;

	f->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "evbuffers");
	if (f->method && BIO_meth_set_write(f->method, bio_write) && BIO_meth_set_read(f->method, bio_read) &&
	    BIO_meth_set_ctrl(f->method, bio_ctrl))
		bio = BIO_new(f->method);
	if (bio) {
		BIO_set_data(bio, f);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* ---- the filter */

/* TLS is over.  Who has the bufferevent hears of it once, from the loop. */
static enum bufferevent_filter_result
end(struct filter *f, int rc, short direction)
{
	struct vrp_err why;

	if (f->over)
		return BEV_ERROR;
	f->over = true;
	if (SSL_get_error(f->ssl, rc) == SSL_ERROR_ZERO_RETURN) {
		bufferevent_trigger_event(f->bev, direction | BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
		return BEV_NEED_MORE;
	}
	tls_explain(NULL, f->ssl, rc, &why);
	log_line(&f->log, LOG_LEVEL_INFO, "%s: %s", f->peer, why.msg);
	errno = EPROTO;
	bufferevent_trigger_event(f->bev, direction | BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
	return BEV_ERROR;
}

/* Whole records, even beyond the limit: libevent would not ask again for what OpenSSL holds. */
static enum bufferevent_filter_result
decrypt(struct evbuffer *src VRP_UNUSED, struct evbuffer *dst, ev_ssize_t limit, enum bufferevent_flush_mode mode VRP_UNUSED,
	void *ctx)
{
	struct filter *f = ctx;
	size_t before = evbuffer_get_length(dst);

	while (!f->over && (limit < 0 || evbuffer_get_length(dst) - before < (size_t)limit || SSL_pending(f->ssl))) {
		struct evbuffer_iovec space;
		int rc;

		if (evbuffer_reserve_space(dst, RECORD_MAX, &space, 1) < 1)
			return BEV_ERROR;
		ERR_clear_error();
		rc = SSL_read(f->ssl, space.iov_base, RECORD_MAX);
		if (rc <= 0) {
			if (SSL_get_error(f->ssl, rc) != SSL_ERROR_WANT_READ)
				end(f, rc, BEV_EVENT_READING);
			break;
		}
		space.iov_len = (size_t)rc;
		if (evbuffer_commit_space(dst, &space, 1) < 0)
			return BEV_ERROR;
	}
	return evbuffer_get_length(dst) > before ? BEV_OK : BEV_NEED_MORE;
}

/* One record of what is not encrypted yet.  False when there is nothing, or TLS is over. */
static bool
encrypt_record(struct filter *f, struct evbuffer *src)
{
	struct evbuffer_ptr at;
	struct evbuffer_iovec piece;
	int rc;

	if (f->encrypted == evbuffer_get_length(src) || evbuffer_ptr_set(src, &at, f->encrypted, EVBUFFER_PTR_SET) < 0 ||
	    evbuffer_peek(src, 1, &at, &piece, 1) < 1)
		return false;
	ERR_clear_error();
	rc = SSL_write(f->ssl, piece.iov_base, piece.iov_len < RECORD_MAX ? (int)piece.iov_len : RECORD_MAX);
	if (rc <= 0) {
		end(f, rc, BEV_EVENT_WRITING);
		return false;
	}
	f->encrypted += (size_t)rc;
	return true;
}

static enum bufferevent_filter_result
encrypt(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit, enum bufferevent_flush_mode mode, void *ctx)
{
	struct filter *f = ctx;
	size_t most = evbuffer_get_length(dst) + (limit < 0 ? TLS_FILTER_AHEAD : (size_t)limit);
	bool did = false;

	if (f->over)
		return BEV_ERROR;
	if (f->encrypted && evbuffer_get_length(dst) == 0) {
		evbuffer_drain(src, f->encrypted);
		f->encrypted = 0;
		did = true;
	}
	while (evbuffer_get_length(dst) < most && encrypt_record(f, src))
		did = true;
	if (mode == BEV_FINISHED && !f->finishing) {
		f->finishing = true;
		(void)SSL_shutdown(f->ssl);
		ERR_clear_error();
	}
	return did ? BEV_OK : BEV_NEED_MORE;
}

/* The socket took something: after close_notify nothing follows. */
static void
on_left(struct evbuffer *out, const struct evbuffer_cb_info *info, void *ctx)
{
	const struct filter *f = ctx;

	if (f->finishing && info->n_deleted && evbuffer_get_length(out) == 0)
		shutdown(bufferevent_getfd(f->socket), SHUT_WR);
}

/*
 * Who drops a connection says so, as far as the socket takes it now, so that its peer can tell that from somebody who
 * cuts it.  The buffer is frozen, as only its bufferevent writes from it; that is gone.
 */
static void
say_goodbye(struct filter *f)
{
	struct evbuffer *out = bufferevent_get_output(f->socket);
	int fd = bufferevent_getfd(f->socket);

	if (!f->ssl || f->over || f->finishing || fd < 0)
		return;
	f->finishing = true;
	(void)SSL_shutdown(f->ssl);
	ERR_clear_error();
	evbuffer_unfreeze(out, 1);
	(void)evbuffer_write(out, fd);
}

static void
filter_free(void *ctx)
{
	struct filter *f = ctx;

	say_goodbye(f);
	SSL_free(f->ssl);
	BIO_meth_free(f->method);
	free(f);
}

struct bufferevent *
tls_filter_new(struct event_base *base, int fd, SSL *ssl, const char *peer, const struct log *log)
{
	struct filter *f = calloc(1, sizeof(*f));
	BIO *bio = f ? new_bio(f) : NULL;

	if (bio && (f->socket = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE)) &&
	    evbuffer_add_cb(bufferevent_get_output(f->socket), on_left, f))
		f->bev = bufferevent_filter_new(f->socket, decrypt, encrypt, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS,
						filter_free, f);
	if (!f || !f->bev) {
		if (f && f->socket) {
			bufferevent_setfd(f->socket, -1);
			bufferevent_free(f->socket);
		}
		BIO_free(bio);
		if (f)
			BIO_meth_free(f->method);
		free(f);
		return NULL;
	}
	bufferevent_setwatermark(f->socket, EV_WRITE, 0, TLS_FILTER_AHEAD);
	bufferevent_set_max_single_write(f->socket, 2 * TLS_FILTER_AHEAD);
	f->ssl = ssl;
	f->log = *log;
	snprintf(f->peer, sizeof(f->peer), "%s", peer);
	SSL_set_bio(ssl, bio, bio);
	return f->bev;
}

void
tls_filter_finish(struct bufferevent *bev)
{
	bufferevent_flush(bev, EV_WRITE, BEV_FINISHED);
}
