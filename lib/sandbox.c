/* SPDX-License-Identifier: ISC */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/wait.h>
#endif

#include "sandbox_internal.h"

#define LINKS_MAX 40	/* as the kernel has it */
#define DNS_PORT 53

/* ABIs of Landlock. */
#define LANDLOCK_WITH_FILES 3	/* with truncation, which came late */
#define LANDLOCK_WITH_PORTS 4

void
sandbox_init(struct sandbox *box)
{
	*box = (struct sandbox){0};
}

void
sandbox_release(struct sandbox *box)
{
	for (size_t i = 0; i < box->count; i++)
		free(box->grants[i].path);
	free(box->grants);
	box->grants = NULL;
	box->count = box->room = 0;
}

bool
sandbox_has(const struct sandbox *box, unsigned rights)
{
	for (size_t i = 0; i < box->count; i++)
		if (box->grants[i].rights & rights)
			return true;
	return false;
}

/* ---- what is kept */

static void
add(struct sandbox *box, struct sandbox_grant grant)
{
	if (box->count == box->room) {
		size_t room = box->room ? 2 * box->room : 16;
		struct sandbox_grant *p = realloc(box->grants, room * sizeof(*p));

		if (!p) {
			free(grant.path);
			box->nomem = true;
			return;
		}
		box->grants = p;
		box->room = room;
	}
	box->grants[box->count++] = grant;
}

/* The same path often comes from several sides. */
static void
add_path(struct sandbox *box, const char *path, unsigned rights)
{
	char *copy;

	for (size_t i = 0; i < box->count; i++) {
		if (box->grants[i].path && strcmp(box->grants[i].path, path) == 0) {
			box->grants[i].rights |= rights;
			return;
		}
	}
	copy = strdup(path);
	if (copy)
		add(box, (struct sandbox_grant){.rights = rights, .path = copy});
	else
		box->nomem = true;
}

static void
add_paths(struct sandbox *box, const char *const *paths, unsigned rights)
{
	for (; *paths; paths++)
		add_path(box, *paths, rights);
}

void
sandbox_read(struct sandbox *box, const char *path)
{
	if (strcmp(path, "-") != 0)
		add_path(box, path, SANDBOX_READ);
}

/* Cut the last component off.  False for what has no other directory above it. */
static bool
to_parent(char *path)
{
	size_t len = strlen(path);
	char *slash;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
		return false;
	if (slash == path)
		path[1] = '\0';
	else if (slash)
		*slash = '\0';
	else
		memcpy(path, ".", 2);
	return true;
}

/* The directory that path is in, or would be in: the nearest that there is. */
static void
add_directory(struct sandbox *box, const char *path, unsigned rights)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	while (to_parent(dir) && access(dir, F_OK) < 0)
		;
	add_path(box, dir, rights);
}

static void follow(struct sandbox *box, const char *path, int *links);

/* If path is a link, what it leads to may become another in its place. */
static void
follow_link(struct sandbox *box, const char *path, int *links)
{
	char target[PATH_MAX], to[2 * PATH_MAX], dir[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0 || ++*links > LINKS_MAX)
		return;
	target[len] = '\0';
	snprintf(dir, sizeof(dir), "%s", path);
	if (!to_parent(dir) || strcmp(dir, "/") == 0)
		return;
	if (*target == '/')
		snprintf(to, sizeof(to), "%s", target);
	else
		snprintf(to, sizeof(to), "%s/%s", dir, target);
	follow(box, to, links);
}

static void
follow(struct sandbox *box, const char *path, int *links)
{
	char prefix[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(prefix))
		return;
	add_directory(box, path, SANDBOX_READ);
	for (size_t i = 1; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';
		follow_link(box, prefix, links);
	}
}

void
sandbox_follow(struct sandbox *box, const char *path)
{
	int links = 0;

	sandbox_read(box, path);
	/* Those are names of descriptors and devices; nobody puts others in their places. */
	if (strcmp(path, "-") != 0 && strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0)
		follow(box, path, &links);
}

void
sandbox_replace(struct sandbox *box, const char *path)
{
	struct stat st;
	char *real;

	if (!path)
		return;
	if (stat(path, &st) < 0) {
		add_directory(box, path, SANDBOX_REPLACE);
		return;
	}
	real = realpath(path, NULL);
	if (!real)
		return;
	if (S_ISREG(st.st_mode))
		add_directory(box, real, SANDBOX_REPLACE);
	else if (!S_ISDIR(st.st_mode))
		add_path(box, real, SANDBOX_WRITE);
	free(real);
}

void
sandbox_remove(struct sandbox *box, const char *path)
{
	if (path)
		add_directory(box, path, SANDBOX_REMOVE);
}

/* Where programs and libraries are, all over the world. */
static const char *const system_paths[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store",
	"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld-musl-x86_64.path", "/etc/alternatives", NULL,
};

/* Programs sought as execvp(3) does. */
static void
add_program(struct sandbox *box, const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		int len = (int)strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s%s%s", len, path, len ? "/" : "", name);
		if (access(file, X_OK) == 0)
			add_path(box, file, SANDBOX_READ | SANDBOX_EXECUTE);
	}
}

void
sandbox_execute(struct sandbox *box, const char *program)
{
	add_paths(box, system_paths, SANDBOX_READ | SANDBOX_EXECUTE);
	if (strchr(program, '/'))
		add_path(box, program, SANDBOX_READ | SANDBOX_EXECUTE);
	else
		add_program(box, program);
}

static void
add_port(struct sandbox *box, uint16_t port, enum sandbox_right right)
{
	box->network = true;
	add(box, (struct sandbox_grant){.rights = right, .port = port});
}

void
sandbox_connect(struct sandbox *box, uint16_t port)
{
	add_port(box, port, SANDBOX_CONNECT);
}

void
sandbox_bind(struct sandbox *box, uint16_t port)
{
	add_port(box, port, SANDBOX_BIND);
}

/* Configuration that is replaced by daemons and editors while we run. */
static void
add_configuration(struct sandbox *box, const char *const *paths, bool later)
{
	for (; *paths; paths++) {
		if (later)
			sandbox_follow(box, *paths);
		else
			sandbox_read(box, *paths);
	}
}

void
sandbox_resolve(struct sandbox *box, bool later)
{
	static const char *const files[] = {
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/hostname",
		"/etc/services", "/etc/protocols", NULL,
	};

	add_paths(box, system_paths, SANDBOX_READ);
	add_configuration(box, files, later);
	/* Answers that are too long for UDP. */
	sandbox_connect(box, DNS_PORT);
}

void
sandbox_sockets(struct sandbox *box)
{
	box->network = true;
}

void
sandbox_accounts(struct sandbox *box)
{
	static const char *const files[] = {"/etc/nsswitch.conf", "/etc/passwd", "/etc/group", NULL};

	add_paths(box, system_paths, SANDBOX_READ);
	add_paths(box, files, SANDBOX_READ);
	sandbox_sockets(box);	/* nscd, sssd and systemd-userdbd are behind those of Unix */
}

void
sandbox_trust(struct sandbox *box, bool later)
{
	static const char *const paths[] = {
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf",
		"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust",
		"/etc/ca-certificates", "/etc/crypto-policies", "/etc/gnutls", "/etc/pkcs11", "/var/lib/ca-certificates",
		"/proc/sys/crypto/fips_enabled", NULL,
	};
	static const char *const variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES"};

	add_paths(box, system_paths, SANDBOX_READ);
	add_configuration(box, paths, later);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *path = secure_getenv(variables[i]);

		if (path && later)
			sandbox_follow(box, path);
		else if (path)
			sandbox_read(box, path);
	}
}

void
sandbox_guard_memory(struct sandbox *box)
{
	box->secrets = true;
}

/* ---- giving up the rest */

static void
guard_memory(void)
{
	static const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	if (!SANDBOX_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

#ifdef __linux__
bool
sandbox_survives(void (*call)(void))
{
	static const struct rlimit none = {0, 0};
	int status = -1;
	pid_t pid;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0)
		return true;
	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		call();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}
#endif

/* A process has a directory for each thread, and "." and "..". */
static bool
has_threads(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink > 3;
}

static void
add_common(struct sandbox *box)
{
	add_path(box, "/dev/null", SANDBOX_READ | SANDBOX_WRITE);
	if (SANDBOX_SANITIZED) {
		add_path(box, "/proc", SANDBOX_READ);
		add_paths(box, system_paths, SANDBOX_READ);
	}
}

int
sandbox_enter(struct sandbox *box, struct vrp_err *err)
{
	if (has_threads())
		return vrp_err_set(err, "there are threads already");
	add_common(box);
	if (box->nomem)
		return vrp_err_nomem(err);
	if (box->secrets)
		guard_memory();
#ifdef __linux__
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
	/* The filter last: it would refuse what the others need. */
	box->landlock = sandbox_enter_landlock(box);
	box->seccomp = sandbox_enter_seccomp(box);
	box->pledged = sandbox_enter_pledge(box);
	return 0;
}

bool
sandbox_complete(const struct sandbox *box)
{
	int needed = sandbox_has(box, SANDBOX_CONNECT | SANDBOX_BIND) ? LANDLOCK_WITH_PORTS : LANDLOCK_WITH_FILES;

	return box->pledged || (box->landlock >= needed && box->seccomp);
}
