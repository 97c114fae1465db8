/* SPDX-License-Identifier: ISC */
/*
 * The filter of system calls.  It names what is refused and lets the rest
 * pass: a list of what is allowed would have to follow every C library, and
 * Landlock already guards what the rest can reach.  For calls whose arguments don't
 * matter the kernel keeps the verdict in a bitmap, so that it costs nothing.
 */
#include "sandbox_internal.h"

#if defined(__linux__) && defined(__x86_64__)
#include <linux/audit.h>
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__linux__) && defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <linux/audit.h>
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__linux__) && defined(__riscv) && __riscv_xlen == 64
#include <linux/audit.h>
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined(__linux__) && defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <linux/audit.h>
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#endif

#ifdef OUR_ARCH

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_MAX 200	/* jumps over all of them have 8 bits */
#define CODE_MAX (CALLS_MAX + 32)
#define X32_BIT 0x40000000U

/* Calls that came after the oldest headers we build with; the numbers are the same on all architectures. */
enum {
	NR_IO_URING_SETUP = 425,
	NR_IO_URING_ENTER = 426,
	NR_IO_URING_REGISTER = 427,
	NR_OPEN_TREE = 428,
	NR_MOVE_MOUNT = 429,
	NR_FSOPEN = 430,
	NR_FSMOUNT = 432,
	NR_MOUNT_SETATTR = 442,
	NR_FCHMODAT2 = 452,
	NR_SETXATTRAT = 463,
	NR_REMOVEXATTRAT = 466,
	NR_OPEN_TREE_ATTR = 467,
	NR_FILE_SETATTR = 469,
};

/* What none of the tools does: other processes, identities, mounts, attributes of files, and wide parts of the kernel. */
static const int never[] = {
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_perf_event_open, SYS_userfaultfd, SYS_bpf,
	NR_IO_URING_SETUP, NR_IO_URING_ENTER, NR_IO_URING_REGISTER,
	SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid,
	SYS_setgroups, SYS_capset,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, NR_OPEN_TREE, NR_MOVE_MOUNT, NR_FSOPEN,
	NR_FSMOUNT, NR_MOUNT_SETATTR, NR_OPEN_TREE_ATTR,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_acct, SYS_quotactl, SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
	SYS_sethostname, SYS_setdomainname, SYS_open_by_handle_at, SYS_personality,
	SYS_truncate, SYS_fchmodat, NR_FCHMODAT2, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
	SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, NR_SETXATTRAT, NR_REMOVEXATTRAT, NR_FILE_SETATTR,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
#ifdef SYS_chmod
	SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm,
#endif
};

static const int tracing[] = {SYS_ptrace};

/* Unless they replace files: the new one gets mode and owner of the old. */
static const int replacing[] = {SYS_fchmod, SYS_fchown};

/* Unless they run programs. */
static const int executing[] = {
	SYS_execve, SYS_execveat, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
#ifdef SYS_pidfd_send_signal
	SYS_pidfd_send_signal,
#endif
};

/* Unless they make connections.  A socket pair leads nowhere. */
static const int networking[] = {
	SYS_socket, SYS_connect, SYS_bind, SYS_listen,
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
};

_Static_assert(ARRAY_LEN(never) + ARRAY_LEN(tracing) + ARRAY_LEN(replacing) + ARRAY_LEN(executing) +
			       ARRAY_LEN(networking) <= CALLS_MAX,
	       "room for all calls");

struct filter {
	struct sock_filter code[CODE_MAX];
	unsigned short len;
};

static void
add(struct filter *f, uint16_t code, uint32_t k, uint8_t if_so, uint8_t if_not)
{
	f->code[f->len++] = (struct sock_filter){code, if_so, if_not, k};
}

static void
load(struct filter *f, size_t offset)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Jump over so many statements, depending on what was loaded. */
static void
compare(struct filter *f, uint32_t value, uint8_t if_equal, uint8_t if_not)
{
	add(f, BPF_JMP | BPF_JEQ | BPF_K, value, if_equal, if_not);
}

static void
deny(struct filter *f)
{
	add(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static void
allow(struct filter *f)
{
	add(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* Arguments are 64 bits, of which the low half comes first on these architectures, and stands for an int. */
static void
check_argument(struct filter *f, unsigned argument, const uint32_t *allowed, size_t count)
{
	load(f, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
	for (size_t i = 0; i < count; i++)
		compare(f, allowed[i], (uint8_t)(count - i), 0);
	deny(f);
}

/*
 * Of IP only TCP and UDP, whose ports are looked after; the C library asks routing
 * sockets how to sort addresses.
 */
static void
check_sockets(struct filter *f)
{
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	static const uint32_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP};
	unsigned short at = f->len;

	compare(f, SYS_socket, 0, 0);
	check_argument(f, 0, families, ARRAY_LEN(families));
	check_argument(f, 2, protocols, ARRAY_LEN(protocols));
	allow(f);
	f->code[at].jf = (uint8_t)(f->len - at - 1);
}

/* Numbers mean nothing in another architecture's calls, and x32 has its own for ours. */
static void
check_architecture(struct filter *f)
{
	load(f, offsetof(struct seccomp_data, arch));
	compare(f, OUR_ARCH, 1, 0);
	deny(f);
	load(f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	add(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	deny(f);
#endif
}

struct calls {
	int numbers[CALLS_MAX];
	size_t count;
};

static void
refuse(struct calls *c, const int *numbers, size_t count)
{
	memcpy(c->numbers + c->count, numbers, count * sizeof(*numbers));
	c->count += count;
}

/* The last part. */
static void
deny_calls(struct filter *f, const struct calls *c)
{
	for (size_t i = 0; i < c->count; i++)
		compare(f, (uint32_t)c->numbers[i], (uint8_t)(c->count - i), 0);
	allow(f);
	deny(f);
}

static void
build(struct filter *f, const struct sandbox *box)
{
	struct calls c = {.count = 0};

	refuse(&c, never, ARRAY_LEN(never));
	if (!SANDBOX_SANITIZED)
		refuse(&c, tracing, ARRAY_LEN(tracing));
	if (!sandbox_has(box, SANDBOX_REPLACE))
		refuse(&c, replacing, ARRAY_LEN(replacing));
	if (!sandbox_has(box, SANDBOX_EXECUTE))
		refuse(&c, executing, ARRAY_LEN(executing));
	if (!box->network)
		refuse(&c, networking, ARRAY_LEN(networking));
	check_architecture(f);
	if (box->network)
		check_sockets(f);
	deny_calls(f, &c);
}

static void
make_call(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	(void)syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action);
}

bool
sandbox_enter_seccomp(const struct sandbox *box)
{
	struct filter f = {.len = 0};
	struct sock_fprog program = {.filter = f.code};

	if (!sandbox_survives(make_call))
		return false;
	build(&f, box);
	program.len = f.len;
	/* Older kernels slow a process with a filter down unless told not to; still older ones don't know that flag. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == 0;
}

#else

bool
sandbox_enter_seccomp(const struct sandbox *box VRP_UNUSED)
{
	return false;
}

#endif
