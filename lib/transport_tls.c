/* SPDX-License-Identifier: ISC */
#include "transport_tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls.h"
#include "transports.h"

struct tls_transport {
	struct transport base;
	BIO_METHOD *socket;
	SSL_CTX *ctx;
	SSL *ssl;
	struct tls_check check;
	bool ended;	/* we have said that nothing follows, or can't any more */
	bool over;	/* nothing more comes ... */
	ssize_t verdict;	/* ... and this is what reads return, */
	struct vrp_err why;	/* with this reason */
};

static struct tls_transport *
upcast(struct transport *t)
{
	return (struct tls_transport *)t;
}

/* ---- a socket that raises no SIGPIPE, which OpenSSL's own does */

static int
socket_write(BIO *bio, const char *data, int len)
{
	int fd = -1, n;

	BIO_get_fd(bio, &fd);
	BIO_clear_retry_flags(bio);
	n = (int)send(fd, data, (size_t)len, MSG_NOSIGNAL);
	if (n <= 0 && BIO_sock_should_retry(n))
		BIO_set_retry_write(bio);
	return n;
}

static BIO_METHOD *
new_socket_method(void)
{
	const BIO_METHOD *plain = BIO_s_socket();
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOCKET, "socket");

	if (m && BIO_meth_set_write(m, socket_write) && BIO_meth_set_read(m, BIO_meth_get_read(plain)) &&
	    BIO_meth_set_ctrl(m, BIO_meth_get_ctrl(plain)) && BIO_meth_set_create(m, BIO_meth_get_create(plain)) &&
	    BIO_meth_set_destroy(m, BIO_meth_get_destroy(plain)))
		return m;
	BIO_meth_free(m);
	return NULL;
}

static int
attach(struct tls_transport *t, struct vrp_err *err)
{
	BIO *bio;

	t->socket = new_socket_method();
	bio = t->socket ? BIO_new(t->socket) : NULL;
	if (!bio)
		return vrp_err_nomem(err);
	BIO_set_fd(bio, t->base.fd, BIO_NOCLOSE);
	SSL_set_bio(t->ssl, bio, bio);
	return 0;
}

/* ---- reading and writing */

/* What a call that returned rc is to be followed by: TRANSPORT_WANT_*, 0 at the end, or TRANSPORT_FAILED. */
static ssize_t
outcome(struct tls_transport *t, int rc, const char *doing, struct vrp_err *err)
{
	struct vrp_err why = {0};

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return TRANSPORT_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TRANSPORT_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	}
	t->ended = true;
	t->base.refused |= tls_is_alert();
	tls_explain(&t->check, t->ssl, rc, &why);
	vrp_err_set(err, "%s %s: %s", doing, t->base.peer, why.msg);
	return TRANSPORT_FAILED;
}

/* A record; as outcome() has it when there is none. */
static ssize_t
read_record(struct tls_transport *t, char *dst, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(t->ssl, dst, (int)(len < INT_MAX ? len : INT_MAX));
	if (rc > 0)
		return rc;
	t->verdict = outcome(t, rc, "read from", &t->why);
	t->over = t->verdict == 0 || t->verdict == TRANSPORT_FAILED;
	return t->verdict;
}

static ssize_t
tls_read(struct transport *base, void *dst, size_t len, struct vrp_err *err)
{
	struct tls_transport *t = upcast(base);
	size_t have = 0;
	ssize_t n = 0;

	/* Until nothing is left: poll(2) doesn't know of what OpenSSL holds, and some caches send a record for each PDU. */
	while (have < len && !t->over && (n = read_record(t, (char *)dst + have, len - have)) > 0)
		have += (size_t)n;
	if (have || len == 0)
		return (ssize_t)have;
	if (t->verdict == TRANSPORT_FAILED)
		vrp_err_set(err, "%s", t->why.msg);
	return t->verdict;
}

/* A peer that refuses us says why in an alert, closes, and resets what we send after that: the alert is the reason. */
static ssize_t
explain_reset(struct tls_transport *t, struct vrp_err *err)
{
	char byte;
	int rc;

	ERR_clear_error();
	rc = SSL_peek(t->ssl, &byte, 1);
	if (rc <= 0 && SSL_get_error(t->ssl, rc) == SSL_ERROR_SSL)
		outcome(t, rc, "write to", err);
	return TRANSPORT_FAILED;
}

static ssize_t
tls_write(struct transport *base, const void *data, size_t len, struct vrp_err *err)
{
	struct tls_transport *t = upcast(base);
	bool reset;
	ssize_t n;
	int rc;

	if (len == 0)
		return 0;
	ERR_clear_error();
	rc = SSL_write(t->ssl, data, (int)(len < INT_MAX ? len : INT_MAX));
	if (rc > 0)
		return rc;
	reset = SSL_get_error(t->ssl, rc) == SSL_ERROR_SYSCALL;
	n = outcome(t, rc, "write to", err);
	if (n == 0)
		vrp_err_set(err, "write to %s: closed", t->base.peer);
	if (reset)
		return explain_reset(t, err);
	return n == 0 ? TRANSPORT_FAILED : n;
}

/* close_notify, and our side of the connection is shut. */
static void
tls_finish(struct transport *base)
{
	struct tls_transport *t = upcast(base);

	if (t->ended)
		return;
	t->ended = true;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	shutdown(t->base.fd, SHUT_WR);
}

static void
tls_close(struct transport *base)
{
	struct tls_transport *t = upcast(base);

	if (t->ssl && SSL_is_init_finished(t->ssl))
		tls_finish(base);
	SSL_free(t->ssl);
	BIO_meth_free(t->socket);
	tls_context_free(t->ctx);
	if (t->base.fd >= 0)
		close(t->base.fd);
	free(t);
}

/* ---- connecting */

static int
shake_hands(struct tls_transport *t, int64_t deadline, struct vrp_err *err)
{
	for (;;) {
		ssize_t want;
		int rc, ready;

		ERR_clear_error();
		rc = SSL_connect(t->ssl);
		if (rc == 1)
			return 0;
		want = outcome(t, rc, "TLS with", err);
		if (want == 0)
			return vrp_err_set(err, "TLS with %s: closed", t->base.peer);
		if (want == TRANSPORT_FAILED)
			return -1;
		ready = dial_wait(t->base.fd, want == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN, deadline);
		if (ready == 0)
			return vrp_err_set(err, "TLS with %s: timed out", t->base.peer);
		if (ready < 0)
			return vrp_err_set(err, "TLS with %s: %s", t->base.peer, strerror(errno));
	}
}

static int
establish(struct tls_transport *t, const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	const struct tls_security *security = &to->security->tls;

	/* Before the connection: what is wrong with files should cost a cache nothing. */
	t->ctx = tls_client_context(security, err);
	if (!t->ctx)
		return -1;
	t->base.fd = dial(to->host, to->port, deadline, t->base.peer, err);
	if (t->base.fd < 0)
		return -1;
	t->ssl = tls_new(t->ctx, &t->check, err);
	if (!t->ssl || attach(t, err) < 0 ||
	    tls_check_name(&t->check, security->name ? security->name : to->host, err) < 0)
		return -1;
	return shake_hands(t, deadline, err);
}

static struct transport *
tls_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	struct tls_transport *t = calloc(1, sizeof(*t));

	if (!t) {
		vrp_err_nomem(err);
		return NULL;
	}
	t->base = (struct transport){.ops = to->ops, .fd = -1};
	if (establish(t, to, deadline, err) < 0) {
		tls_close(&t->base);
		t = NULL;
	}
	/* The thread may be one that was made for this, and end when the program does already: nothing of it stays. */
	OPENSSL_thread_stop();
	return t ? &t->base : NULL;
}

const struct transport_ops transport_tls = {
	.scheme = "tls",
	.port = 324,
	.connect = tls_connect,
	.read = tls_read,
	.write = tls_write,
	.finish = tls_finish,
	.close = tls_close,
};
