/* SPDX-License-Identifier: ISC */
#include "ssh_realm.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/server.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enc.h"
#include "secret.h"
#include "ssh_algorithms.h"
#include "ssh_authorized.h"
#include "ssh_identity.h"
#include "ssh_passwd.h"

#define HASHES_AT_ONCE 2	/* who guesses passwords shall not have all processors */

struct ssh_realm {
	atomic_uint refs;
	pthread_mutex_t lock;	/* of bind */
	ssh_bind bind;
	struct ssh_authorized *authorized;
	struct ssh_passwd *passwd;
	bool anyone;
	sem_t hashing;
};

/* ---- files */

/* Put the file's name, and the place in it, in front of what is wrong with it. */
static int
name_file(struct vrp_err *err, const char *path)
{
	struct vrp_err e = *err;

	if (e.line)
		return vrp_err_set(err, "%s:%zu:%zu: %s", path, e.line, e.column, e.msg);
	return vrp_err_set(err, "%s: %s", path, e.msg);
}

static int
read_to_end(int fd, char **text, size_t *len, struct vrp_err *err)
{
	ssize_t n = 1;

	*len = 0;
	*text = malloc(SSH_AUTHORIZED_MAX + 1);
	if (!*text)
		return vrp_err_nomem(err);
	while (*len <= SSH_AUTHORIZED_MAX && n > 0) {
		do
			n = read(fd, *text + *len, SSH_AUTHORIZED_MAX + 1 - *len);
		while (n < 0 && errno == EINTR);
		if (n > 0)
			*len += (size_t)n;
	}
	if (n < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	return *len > SSH_AUTHORIZED_MAX ? vrp_err_set(err, "larger than 1 MiB") : 0;
}

/* Public keys are no secret, but whoever can add one is let in. */
static int
check_mode(int fd, struct vrp_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return vrp_err_set(err, "no regular file");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return vrp_err_set(err, "mode %04o lets others than its owner change it", st.st_mode & 07777);
	return 0;
}

/* Do libssh's eyes see a key in each, too? */
static int
check_keys(const struct ssh_authorized *a, struct vrp_err *err)
{
	for (size_t i = 0; i < ssh_authorized_count(a); i++) {
		size_t len, line;
		const void *blob = ssh_authorized_key(a, i, &len, &line);
		const unsigned char *type = blob;
		char *text = malloc(BASE64_LEN(len) + 1), name[32];
		ssh_key key = NULL;

		if (!text)
			return vrp_err_nomem(err);
		*base64_encode(text, blob, len) = '\0';
		snprintf(name, sizeof(name), "%.*s", type[3], type + 4);
		ssh_pki_import_pubkey_base64(text, ssh_key_type_from_name(name), &key);
		free(text);
		if (!key)
			return vrp_err_at(err, line, 1, "the key is no point or number of its type");
		ssh_key_free(key);
	}
	return 0;
}

static int
read_authorized(struct ssh_realm *r, const char *path, struct vrp_err *err)
{
	char *text = NULL;
	size_t len;
	int fd, rc = -1;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		vrp_err_set(err, "%s", strerror(errno));
		return name_file(err, path);
	}
	if (check_mode(fd, err) == 0 && read_to_end(fd, &text, &len, err) == 0)
		r->authorized = ssh_authorized_parse(text, len, err);
	if (r->authorized)
		rc = check_keys(r->authorized, err);
	free(text);
	close(fd);
	return rc < 0 ? name_file(err, path) : 0;
}

static int
read_passwords(struct ssh_realm *r, const char *path, struct vrp_err *err)
{
	struct secret text = SECRET_INIT;

	if (!path)
		return 0;
	if (secret_read(&text, path, SECRET_MAX, err) == 0)
		r->passwd = ssh_passwd_parse(text.data, text.len, err);
	secret_release(&text);
	return r->passwd ? 0 : name_file(err, path);
}

static bool
takes_key(ssh_bind bind, ssh_key key, unsigned *kinds)
{
	enum ssh_keytypes_e type = ssh_key_type(key);
	unsigned kind = type == SSH_KEYTYPE_ED25519 ? 1 : type == SSH_KEYTYPE_RSA ? 2 : 4;

	if (*kinds & kind || ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) != SSH_OK)
		return false;
	*kinds |= kind;
	return true;
}

static int
read_host_keys(struct ssh_realm *r, const struct ssh_realm_config *config, struct vrp_err *err)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < config->host_key_count; i++) {
		ssh_key key = ssh_identity_read(config->host_keys[i], err);

		if (!key)
			return name_file(err, config->host_keys[i]);
		if (!takes_key(r->bind, key, &kinds)) {
			ssh_key_free(key);
			vrp_err_set(err, "a second key of its type, or of a type that is not used any more");
			return name_file(err, config->host_keys[i]);
		}
	}
	return kinds ? 0 : vrp_err_set(err, "no host key is given");
}

/* ---- the realm */

static int
set_algorithms(ssh_bind bind, struct vrp_err *err)
{
	static const struct {
		enum ssh_bind_options_e option;
		const char *value;
	} options[] = {
		{SSH_BIND_OPTIONS_KEY_EXCHANGE, SSH_KEX},
		{SSH_BIND_OPTIONS_CIPHERS_C_S, SSH_CIPHERS},
		{SSH_BIND_OPTIONS_CIPHERS_S_C, SSH_CIPHERS},
		{SSH_BIND_OPTIONS_HMAC_C_S, SSH_MACS},
		{SSH_BIND_OPTIONS_HMAC_S_C, SSH_MACS},
		{SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, SSH_KEY_ALGORITHMS},
		{SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, SSH_KEY_ALGORITHMS},
	};
	bool system_config = false;
	int rsa_bits = SSH_RSA_BITS_MIN;

	if (ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &system_config) != SSH_OK ||
	    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &rsa_bits) != SSH_OK)
		return vrp_err_set(err, "%s", ssh_get_error(bind));
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (ssh_bind_options_set(bind, options[i].option, options[i].value) != SSH_OK)
			return vrp_err_set(err, "%s", ssh_get_error(bind));
	return 0;
}

struct ssh_realm *
ssh_realm_new(const struct ssh_realm_config *config, struct vrp_err *err)
{
	struct ssh_realm *r = calloc(1, sizeof(*r));

	vrp_err_clear(err);
	if (!r) {
		vrp_err_nomem(err);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	pthread_mutex_init(&r->lock, NULL);
	sem_init(&r->hashing, 0, HASHES_AT_ONCE);
	r->anyone = config->anyone;
	r->bind = ssh_bind_new();
	if (!r->bind)
		vrp_err_nomem(err);
	else if (!config->authorized_keys && !config->passwords && !config->anyone)
		vrp_err_set(err, "neither keys nor passwords that let anyone in");
	else if (set_algorithms(r->bind, err) == 0 && read_host_keys(r, config, err) == 0 &&
		 read_authorized(r, config->authorized_keys, err) == 0 && read_passwords(r, config->passwords, err) == 0)
		return r;
	ssh_realm_unref(r);
	return NULL;
}

struct ssh_realm *
ssh_realm_ref(struct ssh_realm *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

void
ssh_realm_unref(struct ssh_realm *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	ssh_bind_free(r->bind);
	ssh_authorized_free(r->authorized);
	ssh_passwd_free(r->passwd);
	pthread_mutex_destroy(&r->lock);
	sem_destroy(&r->hashing);
	free(r);
}

struct ssh_session_struct *
ssh_realm_accept(struct ssh_realm *r, int fd, struct vrp_err *err)
{
	ssh_session session = ssh_new();
	int rc;

	if (!session) {
		close(fd);
		vrp_err_nomem(err);
		return NULL;
	}
	pthread_mutex_lock(&r->lock);
	rc = ssh_bind_accept_fd(r->bind, session, fd);
	if (rc != SSH_OK)
		vrp_err_set(err, "%s", ssh_get_error(r->bind));
	pthread_mutex_unlock(&r->lock);
	if (rc != SSH_OK) {
		ssh_free(session);
		return NULL;
	}
	ssh_set_auth_methods(session, (r->passwd ? SSH_AUTH_METHOD_PASSWORD : 0) |
					      (r->authorized || !r->passwd ? SSH_AUTH_METHOD_PUBLICKEY : 0));
	return session;
}

/* ---- who may come in */

const char *
ssh_realm_refuses_none(const struct ssh_realm *r)
{
	return r->anyone ? NULL : "no proof";
}

const char *
ssh_realm_refuses_key(const struct ssh_realm *r, const char *user, struct ssh_key_struct *key,
		      const struct sockaddr *from)
{
	const char *reason = "out of memory", *comment;
	unsigned char *blob = NULL;
	char *text = NULL;
	ptrdiff_t n = -1;

	if (!r->authorized)
		return "no keys are accepted";
	if (ssh_pki_export_pubkey_base64(key, &text) == SSH_OK)
		blob = malloc(strlen(text) / 4 * 3 + 3);
	if (blob)
		n = base64_decode(text, strlen(text), BASE64_STRICT, blob);
	if (n >= 0)
		reason = ssh_authorized_refusal(r->authorized, blob, (size_t)n, user, from, time(NULL), &comment);
	free(blob);
	ssh_string_free_char(text);
	return reason;
}

const char *
ssh_realm_refuses_password(struct ssh_realm *r, const char *user, const char *password)
{
	bool right;

	if (!r->passwd)
		return "no passwords are accepted";
	while (sem_wait(&r->hashing) < 0 && errno == EINTR)
		;
	right = ssh_passwd_check(r->passwd, user, password);
	sem_post(&r->hashing);
	return right ? NULL : "wrong user or password";
}
