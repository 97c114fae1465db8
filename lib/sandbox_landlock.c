/* SPDX-License-Identifier: ISC */
/*
 * Landlock, by what the kernel that runs it knows and not by the headers that it
 * was built with: rights that came with a later ABI are left out.
 */
#include "sandbox_internal.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1U

enum { RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };

#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)	/* these and the like */
#define FS_REFER (UINT64_C(1) << 13)		/* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)		/* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)	/* ABI 5 */
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

#define NET_BIND_TCP (UINT64_C(1) << 0)		/* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)	/* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* What is forbidden where no rule allows it.  Older kernels take the first members alone. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_rule {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t access;
	uint64_t port;
};

static bool
any_port(const struct sandbox *box, enum sandbox_right right)
{
	for (size_t i = 0; i < box->count; i++)
		if (box->grants[i].rights & right && box->grants[i].port == SANDBOX_ANY_PORT)
			return true;
	return false;
}

static struct ruleset
handled_by(int abi, const struct sandbox *box)
{
	struct ruleset r = {.fs = FS_ABI_1};

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 4 && !any_port(box, SANDBOX_BIND))
		r.net |= NET_BIND_TCP;
	if (abi >= 4 && !any_port(box, SANDBOX_CONNECT))
		r.net |= NET_CONNECT_TCP;
	if (abi >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return r;
}

static size_t
size_of_ruleset(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

static uint64_t
fs_access(unsigned rights)
{
	uint64_t access = 0;

	if (rights & SANDBOX_READ)
		access |= FS_READ_FILE | FS_READ_DIR;
	if (rights & SANDBOX_WRITE)
		access |= FS_WRITE_FILE;
	if (rights & SANDBOX_REPLACE)
		access |= FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE | FS_READ_DIR;
	if (rights & SANDBOX_REMOVE)
		access |= FS_REMOVE_FILE;
	if (rights & SANDBOX_EXECUTE)
		access |= FS_EXECUTE;
	return access;
}

/* What can't be opened is not there to be used either.  A pipe behind /dev/fd/N has no rule and needs none. */
static void
allow_path(int ruleset, uint64_t handled, const struct sandbox_grant *g)
{
	struct path_rule rule = {.fd = open(g->path, O_PATH | O_CLOEXEC)};
	struct stat st;

	if (rule.fd < 0)
		return;
	rule.access = fs_access(g->rights) & handled;
	if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.access &= FS_OF_FILES;
	(void)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0U);
	close(rule.fd);
}

static void
allow_port(int ruleset, uint64_t handled, const struct sandbox_grant *g)
{
	struct port_rule rule = {.port = g->port};

	if (g->rights & SANDBOX_CONNECT)
		rule.access |= NET_CONNECT_TCP;
	if (g->rights & SANDBOX_BIND)
		rule.access |= NET_BIND_TCP;
	rule.access &= handled;
	if (rule.access && g->port != SANDBOX_ANY_PORT)
		(void)syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0U);
}

/* All of them, with nothing that they could do. */
static void
make_calls(void)
{
	(void)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
	(void)syscall(SYS_landlock_add_rule, -1, RULE_PATH_BENEATH, NULL, 0U);
	(void)syscall(SYS_landlock_restrict_self, -1, 0U);
}

int
sandbox_enter_landlock(const struct sandbox *box)
{
	struct ruleset handled;
	long abi;
	int fd;

	if (!sandbox_survives(make_calls))
		return 0;
	abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	handled = handled_by((int)abi, box);
	fd = (int)syscall(SYS_landlock_create_ruleset, &handled, size_of_ruleset((int)abi), 0U);
	if (fd < 0)
		return 0;
	for (size_t i = 0; i < box->count; i++) {
		if (box->grants[i].path)
			allow_path(fd, handled.fs, &box->grants[i]);
		else
			allow_port(fd, handled.net, &box->grants[i]);
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
		abi = 0;
	close(fd);
	return (int)abi;
}

#else

int
sandbox_enter_landlock(const struct sandbox *box VRP_UNUSED)
{
	return 0;
}

#endif
