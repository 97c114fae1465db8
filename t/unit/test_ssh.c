/* SPDX-License-Identifier: ISC */
/* The gate of SSH and the transport of SSH, against each other over the loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "ssh_gate.h"
#include "transports.h"

#include "test.h"

#define MIB ((size_t)1 << 20)

/* "secret" by openssl passwd -6 -salt salt */
#define HASH "$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00"

static char dir[] = "/tmp/test_ssh.XXXXXX";

static const char *
path(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *p = paths[next++ % 8];

	snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
	return p;
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static ssh_key
make_key(const char *name, enum ssh_keytypes_e type, int bits)
{
	ssh_key key;

	assert_int_equal(ssh_pki_generate(type, bits, &key), SSH_OK);
	assert_int_equal(ssh_pki_export_privkey_file(key, NULL, NULL, NULL, path(name)), SSH_OK);
	assert_int_equal(chmod(path(name), 0600), 0);
	return key;
}

static void
make_files(void)
{
	struct buf keys = BUF_INIT;
	ssh_key key = make_key("host", SSH_KEYTYPE_ED25519, 0);
	char *text;

	ssh_key_free(key);
	ssh_key_free(make_key("other", SSH_KEYTYPE_ED25519, 0));
	key = make_key("mine", SSH_KEYTYPE_ECDSA, 256);
	assert_int_equal(ssh_pki_export_pubkey_base64(key, &text), SSH_OK);
	assert_int_equal(buf_addf(&keys, "# routers\nfrom=\"127.0.0.0/8\" ecdsa-sha2-nistp256 %s edge\n%c", text, 0), 0);
	put_file("keys", keys.data, 0644);
	put_file("users", "alice:" HASH "\n", 0600);
	put_file("password", "secret\n", 0600);
	put_file("wrong", "guess\n", 0600);
	buf_release(&keys);
	ssh_string_free_char(text);
	ssh_key_free(key);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	make_files();
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"host", "other", "mine", "keys", "users", "password", "wrong"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(path(names[i]));
	return rmdir(dir);
}

/* ---- a server: whatever comes out of the gate is put here */

struct server {
	struct gate *gate;
	int listener;
	uint16_t port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int ready;	/* the last one's socket, -1 when taken */
	char identity[ARRIVAL_IDENTITY_MAX];
	size_t refused;
	char why[240];
};

static void
on_ready(void *ctx, struct arrival *a)
{
	struct server *s = ctx;

	pthread_mutex_lock(&s->lock);
	assert_int_equal(s->ready, -1);
	s->ready = a->fd;
	snprintf(s->identity, sizeof(s->identity), "%s", a->identity);
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	free(a);
}

static void
on_refused(void *ctx, struct arrival *a, const char *why)
{
	struct server *s = ctx;

	pthread_mutex_lock(&s->lock);
	s->refused++;
	snprintf(s->why, sizeof(s->why), "%s", why);
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	close(a->fd);
	free(a);
}

static void
server_start(struct server *s, const struct ssh_realm_config *realm, size_t max)
{
	struct gate_config config = {.handshake_timeout = 10, .max_handshakes = max, .ready = on_ready,
				     .refused = on_refused, .ctx = s};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct vrp_err err = {0};

	*s = (struct server){.ready = -1};
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->gate = ssh_gate_new(&config, realm, &err);
	if (!s->gate)
		fail_msg("%s", err.msg);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(s->listener, 1024), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &len), 0);
	s->port = ntohs(address.sin_port);
}

static void
server_take(struct server *s)
{
	struct arrival *a = calloc(1, sizeof(*a));
	socklen_t len = sizeof(a->address);

	a->fd = accept4(s->listener, (struct sockaddr *)&a->address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(a->fd >= 0);
	s->gate->ops->take(s->gate, a);
}

static int
server_ready(struct server *s)
{
	int fd;

	pthread_mutex_lock(&s->lock);
	while (s->ready < 0 && s->refused == 0)
		pthread_cond_wait(&s->changed, &s->lock);
	fd = s->ready;
	s->ready = -1;
	pthread_mutex_unlock(&s->lock);
	return fd;
}

static void
server_stop(struct server *s)
{
	s->gate->ops->stop(s->gate);
	s->gate->ops->free(s->gate);
	close(s->listener);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
}

/* ---- a client on a thread of its own */

struct client {
	struct transport_security security;
	struct endpoint to;
	struct transport *transport;
	struct vrp_err err;
	pthread_t thread;
};

static void *
connect_main(void *arg)
{
	struct client *c = arg;

	c->transport = transport_connect(&c->to, transport_now() + 20000, &c->err);
	return NULL;
}

static void
client_start(struct client *c, const struct server *s, const struct ssh_security *ssh)
{
	struct transports transports;
	char text[64];

	*c = (struct client){.security.ssh = *ssh};
	transports = transports_all(&c->security);
	snprintf(text, sizeof(text), "ssh://alice@127.0.0.1:%u", s->port);
	assert_int_equal(endpoint_parse(text, &transports, &c->to, &c->err), 0);
	assert_int_equal(pthread_create(&c->thread, NULL, connect_main, c), 0);
}

/* The server's end of a connection, and the client's in c->transport; or -1 and NULL. */
static int
meet(struct server *s, struct client *c, const struct ssh_security *ssh)
{
	int fd;

	client_start(c, s, ssh);
	server_take(s);
	fd = server_ready(s);
	pthread_join(c->thread, NULL);
	return fd;
}

static const char *
host_print(void)
{
	static char text[80];
	unsigned char *hash;
	char *print;
	size_t len;
	ssh_key key;

	assert_int_equal(ssh_pki_import_privkey_file(path("host"), NULL, NULL, NULL, &key), SSH_OK);
	assert_int_equal(ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len), 0);
	print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	snprintf(text, sizeof(text), "%s", print);
	ssh_string_free_char(print);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
	return text;
}

static void
start(struct server *s, size_t max)
{
	static char paths[3][128];
	static const char *host[1];
	struct ssh_realm_config realm = {.host_keys = host, .host_key_count = 1, .authorized_keys = paths[1],
					 .passwords = paths[2]};

	snprintf(paths[0], sizeof(paths[0]), "%s", path("host"));
	snprintf(paths[1], sizeof(paths[1]), "%s", path("keys"));
	snprintf(paths[2], sizeof(paths[2]), "%s", path("users"));
	host[0] = paths[0];
	server_start(s, &realm, max);
}

/* ---- who is let in */

static void
test_key(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .key_file = path("mine")};
	struct server s;
	struct client c;
	int fd;

	(void)state;
	start(&s, 10);
	fd = meet(&s, &c, &ssh);
	assert_true(fd >= 0);
	assert_non_null(c.transport);
	assert_non_null(strstr(s.identity, "user alice, key SHA256:"));
	close(fd);
	transport_close(c.transport);
	server_stop(&s);
}

static void
test_password(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .password_file = path("password")};
	struct server s;
	struct client c;
	int fd;

	(void)state;
	start(&s, 10);
	fd = meet(&s, &c, &ssh);
	assert_true(fd >= 0);
	assert_non_null(c.transport);
	assert_string_equal(s.identity, "user alice");
	close(fd);
	transport_close(c.transport);
	server_stop(&s);
}

static void
test_refused(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .key_file = path("other"), .password_file = path("wrong")};
	struct server s;
	struct client c;

	(void)state;
	start(&s, 10);
	assert_int_equal(meet(&s, &c, &ssh), -1);
	assert_null(c.transport);
	assert_non_null(strstr(c.err.msg, "log in"));
	assert_non_null(strstr(s.why, "user alice: password: wrong user or password"));
	server_stop(&s);
}

static void
test_wrong_host_key(void **state)
{
	struct ssh_security ssh = {.host_key = "SHA256:nonsense", .password_file = path("password")};
	struct server s;
	struct client c;

	(void)state;
	start(&s, 10);
	assert_int_equal(meet(&s, &c, &ssh), -1);
	assert_null(c.transport);
	assert_non_null(strstr(c.err.msg, host_print()));
	server_stop(&s);
}

/* ---- bytes */

/* Both ends at once, without a thread: what one writes the other reads. */
static void
test_bytes(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .password_file = path("password")};
	size_t size = 8 * MIB, sent = 0, got = 0;
	char *data = malloc(size), *back = malloc(size);
	struct rng rng = {1};
	struct server s;
	struct client c;
	int fd;

	(void)state;
	for (size_t i = 0; i < size; i += 8)
		memcpy(data + i, &(uint64_t){rng_next(&rng)}, 8);
	start(&s, 10);
	fd = meet(&s, &c, &ssh);
	assert_true(fd >= 0);
	assert_int_equal(transport_write_all(c.transport, "question", 8, transport_now() + 10000, &c.err), 0);
	while (got < 8) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(fd, back + got, 8 - got);
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_memory_equal(back, "question", 8);
	for (got = 0; got < size;) {
		ssize_t n = sent < size ? write(fd, data + sent, size - sent) : 0;

		sent += n > 0 ? (size_t)n : 0;
		n = transport_read(c.transport, back + got, size - got, &c.err);
		assert_case(n != TRANSPORT_FAILED && n != 0, "%s", c.err.msg);
		got += n > 0 ? (size_t)n : 0;
		if (n < 0 && sent == size)
			assert_int_equal(transport_wait(c.transport, (int)n, transport_now() + 10000, &c.err), 1);
	}
	assert_memory_equal(back, data, size);

	/* Half-close: the router's end is seen, and what is said afterwards still comes. */
	transport_end(c.transport);
	assert_int_equal(transport_read(c.transport, back, 1, &c.err) == 0, 0);
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 10000), 1);
	assert_int_equal(read(fd, back, 1), 0);
	assert_int_equal(write(fd, "last words", 10), 10);
	close(fd);
	for (got = 0;;) {
		ssize_t n = transport_read(c.transport, back + got, 100, &c.err);

		if (n == 0)
			break;
		assert_case(n != TRANSPORT_FAILED, "%s", c.err.msg);
		if (n > 0)
			got += (size_t)n;
		else
			assert_int_equal(transport_wait(c.transport, (int)n, transport_now() + 10000, &c.err), 1);
	}
	assert_int_equal(got, 10);
	assert_memory_equal(back, "last words", 10);
	transport_close(c.transport);
	server_stop(&s);
	free(data);
	free(back);
}

/* A router that never reads costs bounded memory: our side of the pair fills up. */
static void
test_no_reader(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .password_file = path("password")};
	static char data[64 * 1024];
	struct server s;
	struct client c;
	size_t sent = 0;
	int fd;

	(void)state;
	start(&s, 10);
	fd = meet(&s, &c, &ssh);
	assert_true(fd >= 0);
	while (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 500) == 1) {
		ssize_t n = write(fd, data, sizeof(data));

		assert_true(n > 0 && sent < 16 * MIB);
		sent += (size_t)n;
	}
	assert_true(sent > 64 * 1024);
	transport_close(c.transport);
	close(fd);
	server_stop(&s);
}

/* ---- places */

static int
dial_silently(const struct server *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(s->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
test_silent_crowd(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .key_file = path("mine")};
	struct server s;
	struct client c;
	int fds[100], fd;

	(void)state;
	start(&s, 10);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = dial_silently(&s);
		server_take(&s);
	}
	/* Half of the places are one address's; the others' threads say that they were ended. */
	pthread_mutex_lock(&s.lock);
	while (s.refused < ARRAY_LEN(fds) - 5)
		pthread_cond_wait(&s.changed, &s.lock);
	assert_non_null(strstr(s.why, "too many handshakes"));
	s.refused = 0;
	pthread_mutex_unlock(&s.lock);
	client_start(&c, &s, &ssh);
	server_take(&s);
	pthread_join(c.thread, NULL);
	assert_case(c.transport != NULL, "%s", c.err.msg);
	pthread_mutex_lock(&s.lock);
	while (s.ready < 0)
		pthread_cond_wait(&s.changed, &s.lock);
	fd = s.ready;
	pthread_mutex_unlock(&s.lock);
	close(fd);
	transport_close(c.transport);
	server_stop(&s);	/* and with it those that are still silent */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void
test_reload(void **state)
{
	struct ssh_security ssh = {.host_key = host_print(), .password_file = path("password")};
	struct vrp_err err = {0};
	struct server s;
	struct client c;

	(void)state;
	start(&s, 10);
	put_file("users", "alice:" HASH "\nbob\n", 0600);
	assert_int_equal(s.gate->ops->reload(s.gate, &err), -1);
	assert_non_null(strstr(err.msg, "/users:2:1: no colon"));
	close(meet(&s, &c, &ssh));
	assert_non_null(c.transport);
	transport_close(c.transport);
	put_file("users", "bob:" HASH "\n", 0600);
	assert_int_equal(s.gate->ops->reload(s.gate, &err), 0);
	assert_int_equal(meet(&s, &c, &ssh), -1);
	put_file("users", "alice:" HASH "\n", 0600);
	server_stop(&s);
}

static void
check_unusable(const struct ssh_realm_config *realm, const char *reason)
{
	struct gate_config config = {.handshake_timeout = 10, .max_handshakes = 10};
	struct vrp_err err = {0};

	assert_null(ssh_gate_new(&config, realm, &err));
	assert_case(strstr(err.msg, reason), "%s, not %s", err.msg, reason);
}

static void
test_bad_files(void **state)
{
	const char *host = path("host"), *both[] = {host, host}, *users = path("users"), *keys = path("keys");
	struct ssh_realm_config realm = {.host_keys = both, .host_key_count = 1, .passwords = users};

	(void)state;
	realm.host_key_count = 2;
	check_unusable(&realm, "a second key of its type");
	realm.host_key_count = 0;
	check_unusable(&realm, "no host key is given");
	realm.host_key_count = 1;
	both[0] = keys;
	check_unusable(&realm, "lets others read it");
	both[0] = users;
	check_unusable(&realm, "no private key of SSH in it");
	both[0] = host;
	realm.passwords = NULL;
	check_unusable(&realm, "neither keys nor passwords");
	realm.passwords = path("absent");
	check_unusable(&realm, "absent: No such file");
	realm.passwords = NULL;
	realm.authorized_keys = keys;
	assert_int_equal(chmod(keys, 0666), 0);
	check_unusable(&realm, "lets others than its owner change it");
	assert_int_equal(chmod(keys, 0644), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),	     cmocka_unit_test(test_password),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_wrong_host_key),
		cmocka_unit_test(test_bytes),	     cmocka_unit_test(test_no_reader),
		cmocka_unit_test(test_silent_crowd), cmocka_unit_test(test_reload),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
