/* SPDX-License-Identifier: ISC */
/*
 * A state and what may come between: calls that fail, and a process that is
 * killed in any of them.  Lives of a cache run as children, one after the other,
 * on one directory; what they have told to routers is in memory that outlives them.
 */
#include "sets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "delta.h"
#include "num.h"
#include "rtr_cache.h"
#include "rtr_state.h"

#define T0 INT64_C(1795392000)	/* 2026-11-23T00:00:00Z */
#define TOLD_MAX 100000

/* ---- the calls that write, which fail or are the last when armed */

static struct {
	bool armed;
	uint32_t die_at;	/* this call, counted down, is the last; 0: none is */
	uint32_t fail_from, fail_count;	/* so many calls fail after so many that don't */
	struct rng rng;
} fault;

enum verdict { GO, FAIL, DIE };

static enum verdict
judge(void)
{
	if (!fault.armed)
		return GO;
	if (fault.die_at && --fault.die_at == 0)
		return DIE;
	if (fault.fail_from) {
		fault.fail_from--;
		return GO;
	}
	if (!fault.fail_count)
		return GO;
	fault.fail_count--;
	return FAIL;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	enum verdict v = fd > STDERR_FILENO ? judge() : GO;
	size_t part = v == GO ? len : rng_below(&fault.rng, 2) ? rng_below(&fault.rng, (uint32_t)len + 1) : 0;
	ssize_t n = part ? syscall(SYS_write, fd, data, part) : 0;

	if (v == DIE)
		_exit(0);
	if (v == GO || (n > 0 && rng_below(&fault.rng, 2)))
		return n;
	errno = ENOSPC;
	return -1;
}

/* A call that takes no data: done or not done, and then what was decided. */
static int
perform(long call, long a, long b)
{
	enum verdict v = judge();
	int rc = v == GO || rng_below(&fault.rng, 2) ? (int)syscall(call, a, b) : 0;

	if (v == DIE)
		_exit(0);
	if (v == FAIL) {
		errno = EIO;
		return -1;
	}
	return rc;
}

int
fsync(int fd)
{
	return perform(SYS_fsync, fd, 0);
}

int
fdatasync(int fd)
{
	return perform(SYS_fdatasync, fd, 0);
}

int
rename(const char *from, const char *to)
{
	return perform(SYS_rename, (long)from, (long)to);
}

/* ---- a directory */

struct fixture {
	char parent[64], dir[72];
	struct names *names;
	struct buf log;
	struct rtr_state *s;
	struct rtr_snapshot *from;
};

static const uint16_t sessions[RTR_VERSIONS] = {1, 2, 3};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || !(f->names = names_new()))
		return -1;
	snprintf(f->parent, sizeof(f->parent), "%s/test_rtr_state.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(f->parent))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/d", f->parent);
	return 0;
}

static void
close_state(struct fixture *f)
{
	rtr_snapshot_unref(f->from);
	rtr_state_free(f->s);
	f->from = NULL;
	f->s = NULL;
}

/* How many files there are whose name begins so. */
static size_t
count_files(const struct fixture *f, const char *begin)
{
	DIR *dir = opendir(f->dir);
	struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.' || e->d_name[1] == 's' ? strncmp(e->d_name, begin, strlen(begin)) == 0 : 0;
	if (dir)
		closedir(dir);
	return n;
}

/* How large files may get. */
static void
set_room(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int rc;

	close_state(f);
	set_room(RLIM_INFINITY);
	snprintf(command, sizeof(command), "rm -rf %s", f->parent);
	rc = system(command);
	names_unref(f->names);
	buf_release(&f->log);
	free(f);
	return rc;
}

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	struct fixture *f = ctx;

	assert_int_equal(buf_addf(&f->log, "%d %s\n", (int)level, line), 0);
}

static bool
logged(struct fixture *f, const char *text)
{
	return f->log.len && memmem(f->log.data, f->log.len, text, strlen(text));
}

static void
open_state(struct fixture *f, size_t history)
{
	const struct log log = {on_log, f, LOG_LEVEL_DEBUG};
	struct vrp_err err;

	close_state(f);
	buf_reset(&f->log);
	f->s = rtr_state_open(f->dir, &log, &err);
	assert_case(f->s, "%s", err.msg);
	assert_int_equal(rtr_state_load(f->s, f->names, sessions, history, &f->from, &err), 0);
}

static uint32_t
commit(struct fixture *f, struct vrpset *from, struct vrpset *to, int64_t time)
{
	struct delta step = DELTA_INIT;
	uint32_t serial;

	if (from)
		assert_int_equal(delta_between(from, to, &step), 0);
	serial = rtr_state_commit(f->s, from ? &step : NULL, to, time, T0);
	delta_release(&step);
	rtr_state_keep(f->s, to, time, T0);
	return serial;
}

static uint32_t
commit_text(struct fixture *f, const char *from, const char *to)
{
	struct vrpset *a = from ? set_of(f->names, from) : NULL, *b = set_of(f->names, to);
	uint32_t serial = commit(f, a, b, T0);

	vrpset_unref(a);
	vrpset_unref(b);
	return serial;
}

static void
assert_table(const struct vrpset *set, const char *want)
{
	char *text = set_text(set);

	assert_string_equal(text, want);
	free(text);
}

static void
put_file(const struct fixture *f, const char *name, const char *text)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* ---- one life after another */

#define A "192.0.2.0/24 24 AS1 - -\n"
#define B "192.0.2.0/24 24 AS2 - -\n"
#define C "192.0.2.0/24 24 AS3 - -\n"

static void
test_goes_on(void **state)
{
	struct fixture *f = *state;
	struct rtr_state_status status;
	struct vrpset *set;

	open_state(f, 100);
	assert_null(f->from);
	rtr_state_status(f->s, &status);
	assert_false(status.healthy);
	assert_int_equal(commit_text(f, NULL, A), 1);
	assert_int_equal(commit_text(f, A, B), 2);
	rtr_state_status(f->s, &status);
	assert_true(status.healthy && status.bytes > 200 && status.written == T0);
	open_state(f, 100);
	assert_non_null(f->from);
	assert_int_equal(f->from->serial, 2);
	assert_int_equal(f->from->data_time, T0);
	assert_memory_equal(f->from->sessions, sessions, sizeof(sessions));
	assert_int_equal(f->from->step_count, 1);
	assert_table(f->from->set, B);

	/* Annotations and time, without a serial. */
	set = set_of(f->names, "192.0.2.0/24 24 AS2 ripe 1795392000\n");
	rtr_state_keep(f->s, set, T0 + 5, T0);
	vrpset_unref(set);
	open_state(f, 100);
	assert_int_equal(f->from->serial, 2);
	assert_int_equal(f->from->data_time, T0 + 5);
	assert_table(f->from->set, "192.0.2.0/24 24 AS2 ripe 1795392000\n");

	/* A time that is no longer known. */
	set = set_of(f->names, B);
	rtr_state_keep(f->s, set, STAMP_UNKNOWN, T0);
	vrpset_unref(set);
	assert_int_equal(commit_text(f, B, C), 3);
	open_state(f, 1);
	assert_int_equal(f->from->step_count, 2);
	assert_int_equal(f->from->from[1], 2);
	assert_int_equal(count_files(f, "state"), 1);
	assert_int_equal(f->log.len, 0);
}

static void
test_directories(void **state)
{
	struct fixture *f = *state;
	const struct log log = {on_log, f, LOG_LEVEL_DEBUG};
	struct vrp_err err;
	char path[128];

	open_state(f, 100);
	assert_null(rtr_state_open(f->dir, &log, &err));
	assert_non_null(strstr(err.msg, "another rtr-serve"));
	close_state(f);
	assert_int_equal(chmod(f->dir, 0770), 0);
	assert_null(rtr_state_open(f->dir, &log, &err));
	assert_non_null(strstr(err.msg, "mode 0770 lets others write"));
	assert_int_equal(chmod(f->dir, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f->dir, 12345, 0), 0);
		assert_null(rtr_state_open(f->dir, &log, &err));
		assert_non_null(strstr(err.msg, "user 12345 owns it"));
		assert_int_equal(chown(f->dir, 0, 0), 0);
	}
	snprintf(path, sizeof(path), "%s/none/d", f->parent);
	assert_null(rtr_state_open(path, &log, &err));
	put_file(f, "file", "");
	snprintf(path, sizeof(path), "%s/file", f->dir);
	assert_null(rtr_state_open(path, &log, &err));

	/* What savefile left, and nothing else, goes. */
	put_file(f, ".state.0123abcd", "x");
	put_file(f, ".state.0123abcdx", "x");
	put_file(f, "state.0123abcd", "x");
	open_state(f, 100);
	assert_int_equal(count_files(f, ".state."), 1);
	assert_int_equal(count_files(f, "state."), 1);
}

static void
test_bad_files_are_set_aside(void **state)
{
	static const char *const files[] = {"", "192.0.2.0/24 24 AS1\n", "# rtr-serve state 9\n", "# rtr-serve state 1\n%snap"};
	struct fixture *f = *state;
	char path[128];

	open_state(f, 100);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		put_file(f, "state", files[i]);
		open_state(f, 100);
		assert_null(f->from);
		assert_true(logged(f, "set aside as state.damaged-"));
		assert_int_equal(count_files(f, "state.damaged-"), i + 1);
		assert_int_equal(count_files(f, "state"), i + 1);
	}
	snprintf(path, sizeof(path), "%s/state", f->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	open_state(f, 100);
	assert_true(logged(f, "not a regular file; set aside"));
	assert_int_equal(symlink("/etc/passwd", path), 0);
	open_state(f, 100);
	assert_true(logged(f, "set aside"));
	assert_int_equal(commit_text(f, NULL, A), 1);
	assert_int_equal(count_files(f, "state.damaged-"), ARRAY_LEN(files) + 2);
}

static bool
is_far(uint32_t serial, uint32_t from)
{
	return serial - from >= UINT32_C(1) << 28 && serial - from < UINT32_C(1) << 30;
}

/* A limit on the size of files is a disk that is full, and then has room again. */
static void
test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rtr_state_status status;
	uint32_t far;

	open_state(f, 100);
	assert_int_equal(commit_text(f, NULL, A), 1);
	set_room(250);
	far = commit_text(f, A, B);
	assert_true(is_far(far, 1));
	assert_true(logged(f, "3 "));
	assert_true(logged(f, "cannot write: File too large; routers are served"));
	assert_int_equal(commit_text(f, B, C), far + 1);
	rtr_state_status(f->s, &status);
	assert_false(status.healthy);
	assert_non_null(strstr(status.error, "File too large"));
	assert_int_equal(rtr_state_deadline(f->s), T0 + 30);
	rtr_state_tick(f->s, T0 + 30);
	assert_int_equal(rtr_state_deadline(f->s), T0 + 60);
	/* The clock is set back, far. */
	rtr_state_tick(f->s, T0 - 1000);
	assert_int_equal(rtr_state_deadline(f->s), T0 - 970);
	assert_int_equal(count_files(f, ".state."), 0);
	set_room(RLIM_INFINITY);
	rtr_state_tick(f->s, T0 - 970);
	assert_true(logged(f, "written again, serial"));
	assert_int_equal(rtr_state_deadline(f->s), RTR_STATE_NEVER);
	open_state(f, 100);
	assert_int_equal(f->from->serial, far + 1);
	assert_int_equal(f->from->step_count, 2);
	assert_int_equal(f->from->from[0], 1);
	assert_table(f->from->set, C);
}

/* The file as it was before serials that were told: those are not given again. */
static void
test_start_after_failure(void **state)
{
	struct fixture *f = *state;
	uint32_t far;

	open_state(f, 100);
	commit_text(f, NULL, A);
	set_room(250);
	far = commit_text(f, A, B);
	set_room(RLIM_INFINITY);
	open_state(f, 100);
	/* What was half written is cut off, and can't be known to have been told or not. */
	assert_int_equal(f->from->serial, 1);
	assert_true(logged(f, "torn and left out, serial 1 stands"));
	assert_table(f->from->set, A);
	far = commit_text(f, A, C);
	assert_true(is_far(far, 1));
	open_state(f, 100);
	assert_int_equal(f->from->serial, far);
	assert_table(f->from->set, C);
	assert_int_equal(commit_text(f, C, A), far + 1);
}

static void
test_removed_and_replaced(void **state)
{
	struct fixture *f = *state;
	char path[128];

	open_state(f, 100);
	commit_text(f, NULL, A);
	snprintf(path, sizeof(path), "%s/state", f->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(commit_text(f, A, B), 2);
	put_file(f, "other", "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(commit_text(f, B, C), 3);
	open_state(f, 100);
	assert_int_equal(f->from->serial, 3);
	assert_int_equal(f->from->step_count, 2);
}

/* Appended without end, it is written anew again and again, and remembers what it has to. */
static void
test_stays_small(void **state)
{
	struct fixture *f = *state;
	struct rtr_state_status status;
	struct vrpset *set[2];
	uint64_t most = 0;

	for (int i = 0; i < 2; i++) {
		struct vrpset_builder *b = vrpset_builder_new(f->names);

		for (uint32_t k = 0; k < 3000; k++) {
			struct vrp v = {.maxlen = 32, .asn = k + 1, .expires = EXPIRES_UNKNOWN};
			char text[32];

			snprintf(text, sizeof(text), "10.%u.%u.%d/32", k >> 8, k & 255, i);
			assert_true(prefix_parse(text, strlen(text), &v.prefix, NULL));
			assert_int_equal(vrpset_add_vrp(b, &v), 0);
		}
		set[i] = vrpset_finish(b, NULL);
	}
	open_state(f, 7);
	commit(f, NULL, set[0], T0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(commit(f, set[i % 2], set[(i + 1) % 2], T0 + i), i + 2);
		rtr_state_status(f->s, &status);
		most = status.bytes > most ? status.bytes : most;
	}
	assert_true(most < 3 << 20);
	open_state(f, 7);
	assert_int_equal(f->from->serial, 41);
	vrpset_unref(set[0]);
	vrpset_unref(set[1]);
}

/* ---- lives that end anywhere */

struct told {
	uint16_t session;
	uint32_t serial;
	uint32_t table;		/* which */
};

/* Outlives the children. */
struct memory {
	size_t count;
	struct told told[TOLD_MAX];
	bool begun;		/* something was told in this session */
	bool failed;		/* calls have failed since the last table that came whole */
	uint32_t table;		/* the last one that a life has begun to commit */
	uint16_t session;
};

static struct vrpset *
table_of(struct names *names, uint32_t which)
{
	struct rng rng = {which};

	return random_annotated_set(&rng, names, 12);
}

static const struct told *
find_told(const struct memory *m, uint16_t session, uint32_t serial)
{
	for (size_t i = m->count; i > 0; i--)
		if (m->told[i - 1].serial == serial && m->told[i - 1].session == session)
			return &m->told[i - 1];
	return NULL;
}

static void
require(bool cond, const char *what)
{
	if (cond)
		return;
	fprintf(stderr, "in a life: %s\n", what);
	_exit(1);
}

/* Routers hear of it: never of two tables under one serial. */
static void
tell(struct memory *m, struct names *names, uint16_t session, uint32_t serial, uint32_t table)
{
	const struct told *t = find_told(m, session, serial);
	struct vrpset *a = table_of(names, table), *b = t ? table_of(names, t->table) : NULL;

	require(!t || vrpset_same(a, b), "a serial of two tables");
	vrpset_unref(a);
	vrpset_unref(b);
	require(m->count < TOLD_MAX, "room to remember");
	m->told[m->count] = (struct told){session, serial, table};
	m->count++;
}

/* Each router that is still known is led from the table it was told to the one that is served. */
static void
check_history(const struct memory *m, struct names *names, const struct rtr_snapshot *s)
{
	for (size_t i = 0; i < s->step_count; i++) {
		const struct told *t = find_told(m, s->sessions[0], s->from[i]);
		struct vrpset *was, *is;
		struct delta net;

		if (!t)
			continue;
		was = table_of(names, t->table);
		require(rtr_snapshot_delta(s, s->from[i], &net) == 1, "a delta from what was told");
		is = delta_apply(was, &net, NULL);
		require(is && vrpset_same(is, s->set), "a delta that leads to what is served");
		delta_release(&net);
		vrpset_unref(was);
		vrpset_unref(is);
	}
}

static void
drop_log(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static bool
is_table(struct names *names, const struct vrpset *set, uint32_t which)
{
	struct vrpset *other = table_of(names, which);
	bool same = vrpset_same(other, set);

	vrpset_unref(other);
	return same;
}

/* Which table a life begins with that nobody was told under this serial: the one begun last, or after failures an earlier one. */
static uint32_t
find_untold(const struct memory *m, struct names *names, const struct vrpset *set)
{
	if (is_table(names, set, m->table))
		return m->table;
	for (size_t i = m->count; m->failed && i > 0; i--)
		if (m->told[i - 1].session == m->session && is_table(names, set, m->told[i - 1].table))
			return m->told[i - 1].table;
	return 0;
}

/* What this life begins with: which table that is, 0 for none. */
static uint32_t
check_start(struct memory *m, struct names *names, const struct rtr_snapshot *s)
{
	const struct told *last = m->count ? &m->told[m->count - 1] : NULL, *t;
	uint32_t table;

	if (!s) {
		require(!m->begun || m->failed, "a state after a table was told");
		return 0;
	}
	require(s->sessions[0] == m->session, "the same session");
	t = find_told(m, s->sessions[0], s->serial);
	table = t ? t->table : find_untold(m, names, s->set);
	if (!m->failed && last)
		require(t == last || !t, "the last table that was told, or the one after it");
	require(table && is_table(names, s->set, table), "the table of that serial");
	check_history(m, names, s);
	return table;
}

static int
live(const struct fixture *f, struct memory *m, struct rng *rng, bool fail)
{
	const struct log log = {drop_log, NULL, LOG_LEVEL_ERROR};
	uint16_t ids[RTR_VERSIONS] = {(uint16_t)rng_next(rng), 1, 2};
	uint32_t which, serial;
	struct rtr_snapshot *from = NULL;
	struct rtr_state *s;
	struct vrp_err err;

	s = rtr_state_open(f->dir, &log, &err);
	require(s && rtr_state_load(s, f->names, ids, 5, &from, &err) == 0, "a directory that can be used");
	which = check_start(m, f->names, from);
	if (!from) {
		m->session = ids[0];
		m->begun = false;
	} else if (which) {
		/* It is served at once. */
		tell(m, f->names, from->sessions[0], from->serial, which);
	}
	rtr_snapshot_unref(from);
	fault.rng = *rng;
	fault.die_at = 1 + rng_below(rng, 40);
	fault.fail_from = rng_below(rng, 20);
	fault.fail_count = fail ? rng_below(rng, 60) : 0;
	fault.armed = true;
	for (int i = 0; i < 30; i++) {
		struct vrpset *old = which ? table_of(f->names, which) : NULL, *set;
		struct delta step = DELTA_INIT;
		struct rtr_state_status status;

		m->table = 1 + rng_below(rng, 100000);
		set = table_of(f->names, m->table);
		if (old)
			require(delta_between(old, set, &step) == 0, "memory");
		serial = rtr_state_commit(s, old ? &step : NULL, set, T0 + i, T0 + 40 * i);
		rtr_state_status(s, &status);
		m->failed = !status.healthy;
		tell(m, f->names, m->session, serial, m->table);
		m->begun = true;
		which = m->table;
		rtr_state_keep(s, set, T0 + i, T0 + 40 * i);
		rtr_state_status(s, &status);
		m->failed = !status.healthy;
		delta_release(&step);
		vrpset_unref(set);
		vrpset_unref(old);
		rtr_state_tick(s, T0 + 40 * i);
	}
	return 0;
}

static void
many_lives(struct fixture *f, uint64_t seed, int lives, bool fail)
{
	struct memory *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rng rng = {seed};

	assert_true(m != MAP_FAILED);
	for (int i = 0; i < lives; i++) {
		struct rng own = {rng_next(&rng)};
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(live(f, m, &own, fail));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_case(WIFEXITED(status) && WEXITSTATUS(status) == 0, "life %d: status %x", i, status);
	}
	assert_true(m->count > (size_t)lives);
	munmap(m, sizeof(*m));
}

/* CRASHES in the environment asks for more. */
static int
lives(void)
{
	const char *text = getenv("CRASHES");

	uint32_t n = 0;

	return text && num_u32(text, strlen(text), &n) && n > 0 && n < 10000 ? (int)n : ROUNDS(100);
}

static void
test_killed_anywhere(void **state)
{
	many_lives(*state, 91, lives(), false);
}

static void
test_failures_and_kills(void **state)
{
	many_lives(*state, 92, lives(), true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_goes_on),
		TEST(test_directories),
		TEST(test_bad_files_are_set_aside),
		TEST(test_full_disk),
		TEST(test_start_after_failure),
		TEST(test_removed_and_replaced),
		TEST(test_stays_small),
		TEST(test_killed_anywhere),
		TEST(test_failures_and_kills),
	};

	return cmocka_run_group_tests_name("rtr_state", tests, NULL, NULL);
}
