/* SPDX-License-Identifier: ISC */
#include "rtr_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chance.h"
#include "huge.h"
#include "rtr_cache.h"
#include "rtr_journal.h"
#include "savefile.h"
#include "stamp.h"

#define RETRY_SECONDS 30	/* after a failed write */
#define APPENDED_MIN ((uint64_t)1 << 20)	/* bytes: a smaller file is not worth being written anew */
#define JUMP (UINT32_C(1) << 28)
#define ASIDE_MAX 100		/* files set aside in one second */

/* Unlike its serial, a table's changes have to be known here too, to be written anew. */
struct step {
	uint32_t from;
	struct delta delta;
	size_t records;
};

struct rtr_state {
	char *dir;
	char *path;
	struct log log;
	int lock;		/* the directory */

	/* What is served. */
	uint16_t sessions[RTR_VERSIONS];
	size_t history;
	uint32_t serial;	/* 0: nothing yet */
	struct vrpset *set;
	int64_t time;
	struct step *steps;
	size_t step_count, step_room, step_records;

	/* The file. */
	int fd;			/* -1: it has to be written anew */
	bool there;		/* it has our session IDs, so that a start would go on from it */
	bool jump;		/* the next serial has to be far from those it may lead to */
	bool apart;		/* what was served last is */
	char seal[RTR_JOURNAL_SEAL_LEN];
	uint64_t bytes, most;	/* of it, and how many it may have before it is written anew */
	struct vrpset *written;	/* its table before the last step ... */
	struct vrpset *announced;	/* ... and what that has announced; NULL: nothing */
	int64_t written_time;
	int64_t retry;		/* not before */

	pthread_mutex_t mutex;	/* of status */
	struct rtr_state_status status;
};

/* ---- the directory */

static int
fail(const struct rtr_state *s, struct vrp_err *err, const char *what)
{
	return vrp_err_set(err, "%s: %s: %s", s->dir, what, strerror(errno));
}

static int
check_owner(const struct rtr_state *s, struct vrp_err *err)
{
	struct stat st;

	if (fstat(s->lock, &st) < 0)
		return fail(s, err, "cannot look at it");
	if (st.st_uid != geteuid())
		return vrp_err_set(err, "%s: user %lu owns it, not user %lu, who keeps the state", s->dir, (unsigned long)st.st_uid,
				   (unsigned long)geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return vrp_err_set(err, "%s: mode %04o lets others write to it", s->dir, st.st_mode & 07777);
	return 0;
}

static int
lock_directory(struct rtr_state *s, struct vrp_err *err)
{
	if (mkdir(s->dir, 0750) < 0 && errno != EEXIST)
		return fail(s, err, "cannot make it");
	s->lock = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0)
		return fail(s, err, "cannot open it");
	if (check_owner(s, err) < 0)
		return -1;
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return vrp_err_set(err, "%s: another rtr-serve keeps its state there", s->dir);
	return fail(s, err, "cannot lock it");
}

/* What savefile.h names a file that is not in its place yet. */
static bool
is_leftover(const char *name)
{
	static const char begin[] = "." RTR_STATE_FILE ".";
	size_t n = strlen(begin);

	return strncmp(name, begin, n) == 0 && strlen(name) == n + 8 && strspn(name + n, "0123456789abcdef") == 8;
}

static void
remove_leftovers(const struct rtr_state *s)
{
	DIR *dir = opendir(s->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_leftover(entry->d_name))
			(void)unlinkat(s->lock, entry->d_name, 0);
	if (dir)
		closedir(dir);
}

struct rtr_state *
rtr_state_open(const char *dir, const struct log *log, struct vrp_err *err)
{
	struct rtr_state *s = calloc(1, sizeof(*s));

	if (!s) {
		vrp_err_nomem(err);
		return NULL;
	}
	s->log = *log;
	s->lock = s->fd = -1;
	s->time = s->written_time = s->status.written = STAMP_UNKNOWN;
	s->retry = RTR_STATE_NEVER;
	pthread_mutex_init(&s->mutex, NULL);
	s->dir = strdup(dir);
	if (!s->dir || asprintf(&s->path, "%s/" RTR_STATE_FILE, dir) < 0) {
		s->path = NULL;
		vrp_err_nomem(err);
	} else if (lock_directory(s, err) == 0) {
		remove_leftovers(s);
		return s;
	}
	rtr_state_free(s);
	return NULL;
}

/* ---- history */

static void
forget(struct rtr_state *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		s->step_records -= s->steps[i].records;
		delta_release(&s->steps[i].delta);
	}
	s->step_count -= n;
	if (n && s->step_count)
		memmove(s->steps, s->steps + n, s->step_count * sizeof(*s->steps));
}

/* As the cache does: without memory for it the history ends here. */
static void
remember(struct rtr_state *s, uint32_t from, const struct delta *delta)
{
	struct step *step;

	if (s->step_count == s->step_room) {
		size_t room = s->step_room ? 2 * s->step_room : 16;

		step = realloc(s->steps, room * sizeof(*step));
		if (!step) {
			forget(s, s->step_count);
			return;
		}
		s->steps = step;
		s->step_room = room;
	}
	step = &s->steps[s->step_count++];
	*step = (struct step){
		.from = from,
		.delta = {vrpset_ref(delta->withdrawn), vrpset_ref(delta->announced)},
		.records = delta_count(delta),
	};
	s->step_records += step->records;
}

static void
prune(struct rtr_state *s)
{
	size_t n = 0, left = s->step_records;

	while (n < s->step_count && rtr_history_exceeds(s->step_count - n, left, s->history, vrpset_count(s->set)))
		left -= s->steps[n++].records;
	forget(s, n);
}

/* As a snapshot, NULL when memory is out. */
static struct rtr_snapshot *
take_snapshot(const struct rtr_state *s)
{
	struct rtr_snapshot *snap = rtr_snapshot_new(s->step_count);

	if (!snap)
		return NULL;
	snap->set = vrpset_ref(s->set);
	snap->serial = s->serial;
	snap->data_time = s->time;
	memcpy(snap->sessions, s->sessions, sizeof(snap->sessions));
	for (size_t i = 0; i < s->step_count; i++) {
		snap->from[i] = s->steps[i].from;
		snap->steps[i].withdrawn = vrpset_ref(s->steps[i].delta.withdrawn);
		snap->steps[i].announced = vrpset_ref(s->steps[i].delta.announced);
	}
	return snap;
}

void
rtr_state_free(struct rtr_state *s)
{
	if (!s)
		return;
	forget(s, s->step_count);
	free(s->steps);
	vrpset_unref(s->set);
	vrpset_unref(s->written);
	vrpset_unref(s->announced);
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock >= 0)
		close(s->lock);
	pthread_mutex_destroy(&s->mutex);
	free(s->path);
	free(s->dir);
	free(s);
}

/* ---- writing */

static int
fail_write(struct vrp_err *err, int error)
{
	return vrp_err_set(err, "cannot write: %s", strerror(error));
}

static void
set_written(struct rtr_state *s, struct vrpset *set, struct vrpset *announced)
{
	struct vrpset *old = s->written, *old_announced = s->announced;

	s->written = vrpset_ref(set);
	s->announced = announced ? vrpset_ref(announced) : NULL;
	s->written_time = s->time;
	vrpset_unref(old);
	vrpset_unref(old_announced);
}

static void
report_success(struct rtr_state *s, int64_t now)
{
	pthread_mutex_lock(&s->mutex);
	s->status = (struct rtr_state_status){.healthy = true, .bytes = s->bytes, .written = now};
	pthread_mutex_unlock(&s->mutex);
	if (s->retry != RTR_STATE_NEVER)
		log_line(&s->log, LOG_LEVEL_NOTICE, "%s: written again, serial %u", s->path, s->serial);
	s->retry = RTR_STATE_NEVER;
}

/* Nothing is written any more.  Said once, and again when the reason is another. */
static void
report_failure(struct rtr_state *s, const struct vrp_err *why, int64_t now)
{
	if (strcmp(s->status.error, why->msg) != 0)
		log_line(&s->log, LOG_LEVEL_ERROR, "%s: %s; routers are served, but would load the table anew after a restart",
			 s->path, why->msg);
	pthread_mutex_lock(&s->mutex);
	s->status.healthy = false;
	memcpy(s->status.error, why->msg, sizeof(s->status.error));
	pthread_mutex_unlock(&s->mutex);
	s->retry = now + RETRY_SECONDS;
}

static bool
may_try(const struct rtr_state *s, int64_t now)
{
	/* Far ahead of the clock it was set back. */
	return s->retry == RTR_STATE_NEVER || now >= s->retry || s->retry > now + RETRY_SECONDS;
}

/* Has nobody removed or replaced the file? */
static bool
in_place(const struct rtr_state *s)
{
	struct stat ours, theirs;

	return fstat(s->fd, &ours) == 0 && fstatat(s->lock, RTR_STATE_FILE, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static void
close_file(struct rtr_state *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* When it is worth to be written anew. */
static void
set_limit(struct rtr_state *s)
{
	s->most = s->bytes + (s->bytes > APPENDED_MIN ? s->bytes : APPENDED_MIN);
}

/* Write everything to fd, in one part. */
static int
write_whole(const struct rtr_state *s, int fd, char seal[RTR_JOURNAL_SEAL_LEN], uint64_t *bytes, struct vrp_err *err)
{
	struct rtr_snapshot *snap = take_snapshot(s);
	struct rtr_journal j;
	int rc;

	if (!snap)
		return vrp_err_nomem(err);
	rtr_journal_begin(&j, fd, NULL);
	rc = rtr_journal_write_all(&j, snap);
	rtr_snapshot_unref(snap);
	if (rtr_journal_end(&j, seal, bytes) < 0)
		return fail_write(err, errno);
	return rc < 0 ? vrp_err_nomem(err) : 0;
}

/* A new file in the place of the old, which stays open at *fd. */
static int
replace(const struct rtr_state *s, int *fd, char seal[RTR_JOURNAL_SEAL_LEN], uint64_t *bytes, struct vrp_err *err)
{
	struct savefile file;

	if (savefile_open(&file, s->path, err) < 0)
		return -1;
	*fd = fcntl(file.fd, F_DUPFD_CLOEXEC, 0);
	if (*fd < 0 || fchmod(file.fd, 0640) < 0)
		fail_write(err, errno);
	else if (write_whole(s, file.fd, seal, bytes, err) == 0)
		return savefile_commit(&file, err);
	savefile_discard(&file);
	return -1;
}

/* -1 after a failure, which is said; the old file is appended to further on if it is still there. */
static int
rewrite(struct rtr_state *s, int64_t now)
{
	char seal[RTR_JOURNAL_SEAL_LEN];
	uint64_t bytes = 0;
	struct vrp_err err;
	int fd = -1;

	vrp_err_clear(&err);
	if (replace(s, &fd, seal, &bytes, &err) < 0) {
		if (fd >= 0)
			close(fd);
		if (s->fd >= 0 && in_place(s)) {
			set_limit(s);
			log_line(&s->log, LOG_LEVEL_WARNING, "%s: %s; it grows on for now", s->path, err.msg);
			return -1;
		}
		close_file(s);
		report_failure(s, &err, now);
		return -1;
	}
	close_file(s);
	s->fd = fd;
	s->bytes = bytes;
	memcpy(s->seal, seal, sizeof(seal));
	s->there = true;
	s->jump = s->apart = false;
	set_limit(s);
	set_written(s, s->set, NULL);
	report_success(s, now);
	return 0;
}

/* Append a block: a step, or a renewal where that is NULL.  -1 after a failure, which is reported. */
static int
append(struct rtr_state *s, uint32_t serial, const struct delta *step, const struct vrpset *renewed, int64_t now)
{
	char seal[RTR_JOURNAL_SEAL_LEN];
	struct rtr_journal j;
	uint64_t added = 0;
	struct vrp_err err;
	int rc = lseek(s->fd, (off_t)s->bytes, SEEK_SET) < 0 ? -1 : 0;

	if (rc == 0) {
		rtr_journal_begin(&j, s->fd, s->seal);
		if (step)
			rtr_journal_write_step(&j, serial, s->time, step);
		else
			rtr_journal_write_renewal(&j, serial, s->time, renewed);
		rc = rtr_journal_end(&j, seal, &added) < 0 ? -1 : fdatasync(s->fd);
	}
	if (rc < 0) {
		vrp_err_clear(&err);
		fail_write(&err, errno);
		close_file(s);
		report_failure(s, &err, now);
		return -1;
	}
	memcpy(s->seal, seal, sizeof(seal));
	s->bytes += added;
	report_success(s, now);
	return 0;
}

/* ---- serials */

static uint32_t
far_from(uint32_t serial)
{
	uint32_t far = serial + JUMP + chance(NULL) % JUMP;

	return far ? far : 1;
}

/* Is the change to the next serial on disk?  It is s->serial by then. */
static bool
write_step(struct rtr_state *s, uint32_t before, const struct delta *step, int64_t now)
{
	s->serial = s->jump ? far_from(before) : rtr_serial_next(before);
	if (s->fd >= 0 && in_place(s)) {
		if (append(s, s->serial, step, NULL, now) < 0)
			return false;
		set_written(s, s->written, step->announced);
		return true;
	}
	close_file(s);
	return may_try(s, now) && rewrite(s, now) == 0;
}

uint32_t
rtr_state_commit(struct rtr_state *s, const struct delta *step, struct vrpset *set, int64_t time, int64_t now)
{
	uint32_t before = s->serial;
	struct vrpset *old = s->set;

	s->set = vrpset_ref(set);
	s->time = time;
	vrpset_unref(old);
	if (step)
		remember(s, before, step);
	prune(s);
	if (!write_step(s, before, step, now)) {
		if (s->there && !s->apart)
			s->serial = far_from(before);
		s->apart = true;
		s->jump = false;
	}
	return s->serial;
}

/* ---- what can wait */

/* What the file does not have of the annotations that routers' table has; NULL when memory is out. */
static struct vrpset *
find_renewed(const struct rtr_state *s)
{
	struct delta all = DELTA_INIT, rest = DELTA_INIT;
	struct vrpset *renewed = NULL;

	if (delta_exact(s->written, s->set, &all) < 0)
		return NULL;
	if (!s->announced)
		renewed = vrpset_ref(all.announced);
	else if (delta_between(s->announced, all.announced, &rest) == 0)
		renewed = vrpset_ref(rest.announced);
	delta_release(&all);
	delta_release(&rest);
	return renewed;
}

/* A file with most of its records anew had better be a new one.  -1 after a failure. */
static int
renew(struct rtr_state *s, int64_t now)
{
	struct vrpset *renewed = s->written == s->set ? vrpset_empty(vrpset_names(s->set)) : find_renewed(s);
	bool same_time = s->time == s->written_time;
	int rc = 0;

	if (!renewed || vrpset_count(renewed) > vrpset_count(s->set) / 2 || (!same_time && s->time == STAMP_UNKNOWN))
		rc = rewrite(s, now);
	else if (vrpset_count(renewed) || !same_time)
		rc = append(s, s->serial, NULL, renewed, now);
	if (rc == 0)
		set_written(s, s->set, NULL);
	vrpset_unref(renewed);
	return rc;
}

static void
settle(struct rtr_state *s, int64_t now)
{
	if (!s->serial)
		return;
	if (s->fd < 0 || !in_place(s)) {
		close_file(s);
		if (may_try(s, now))
			(void)rewrite(s, now);
		return;
	}
	if (renew(s, now) == 0 && s->bytes > s->most)
		(void)rewrite(s, now);
}

void
rtr_state_keep(struct rtr_state *s, struct vrpset *set, int64_t time, int64_t now)
{
	struct vrpset *old = s->set;

	s->set = vrpset_ref(set);
	s->time = time;
	vrpset_unref(old);
	settle(s, now);
}

void
rtr_state_tick(struct rtr_state *s, int64_t now)
{
	if (s->retry != RTR_STATE_NEVER && may_try(s, now))
		settle(s, now);
}

int64_t
rtr_state_deadline(const struct rtr_state *s)
{
	return s->retry;
}

void
rtr_state_status(struct rtr_state *s, struct rtr_state_status *status)
{
	pthread_mutex_lock(&s->mutex);
	*status = s->status;
	pthread_mutex_unlock(&s->mutex);
}

/* ---- reading */

/* All of a file. */
struct text {
	char *data;
	size_t len, room;
};

/* 0; 1 with a reason why it can't be used; -1 when it is the machine that has too little of something. */
static int
read_text(int fd, struct text *t, struct vrp_err *err)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0)
		return vrp_err_set(err, "%s", strerror(errno)) < 0;
	if (!S_ISREG(st.st_mode))
		return vrp_err_set(err, "not a regular file") < 0;
	t->data = huge_realloc(NULL, 0, (size_t)st.st_size + 1);
	if (!t->data)
		return -1;
	t->room = (size_t)st.st_size + 1;
	/* Nobody else writes to it, so that it doesn't grow. */
	while (n != 0 && t->len < t->room) {
		n = read(fd, t->data + t->len, t->room - t->len);
		if (n < 0 && errno != EINTR)
			return vrp_err_set(err, "%s", strerror(errno)) < 0;
		t->len += n > 0 ? (size_t)n : 0;
	}
	/* What the process before us wrote may be in memory only. */
	return fdatasync(fd) < 0 ? vrp_err_set(err, "%s", strerror(errno)) < 0 : 0;
}

/* The same for what it says. */
static int
read_file(int fd, struct names *names, struct rtr_journal_contents *contents, struct vrp_err *err)
{
	struct text text = {0};
	int rc = -1;

	vrp_err_clear(err);
	if (fd >= 0)
		rc = read_text(fd, &text, err);
	else if (errno != EMFILE && errno != ENFILE && errno != ENOMEM)
		rc = vrp_err_set(err, "%s", strerror(errno)) < 0;
	if (rc == 0)
		rc = rtr_journal_read(text.data, text.len, names, contents, err);
	huge_free(text.data, text.room);
	return rc;
}

static void
set_aside(struct rtr_state *s, const struct vrp_err *why)
{
	char at[32] = "", stamp[32], name[80] = "";
	time_t t = time(NULL);
	struct tm tm;
	int rc = -1;

	if (why->line)
		snprintf(at, sizeof(at), ":%zu", why->line);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&t, &tm));
	for (int i = 0; i < ASIDE_MAX && rc < 0; i++) {
		snprintf(name, sizeof(name), i ? RTR_STATE_FILE ".damaged-%s-%d" : RTR_STATE_FILE ".damaged-%s", stamp, i);
		if (faccessat(s->lock, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			rc = renameat(s->lock, RTR_STATE_FILE, s->lock, name) < 0 && errno != EEXIST ? 1 : 0;
	}
	if (rc == 0)
		log_line(&s->log, LOG_LEVEL_ERROR, "%s%s: %s; set aside as %s, routers will load the table anew", s->path, at,
			 why->msg, name);
	else
		log_line(&s->log, LOG_LEVEL_ERROR, "%s%s: %s; not used, and cannot be set aside: %s", s->path, at, why->msg,
			 strerror(errno));
}

/* Go on from what was read. */
static void
adopt(struct rtr_state *s, int fd, const struct rtr_journal_contents *c)
{
	const struct rtr_snapshot *snap = c->snapshot;

	memcpy(s->sessions, snap->sessions, sizeof(s->sessions));
	s->serial = snap->serial;
	s->set = vrpset_ref(snap->set);
	s->time = snap->data_time;
	for (size_t i = 0; i < snap->step_count; i++)
		remember(s, snap->from[i], &snap->steps[i]);
	prune(s);
	s->there = true;
	if (c->torn_line) {
		s->jump = true;
		close(fd);
		log_line(&s->log, LOG_LEVEL_WARNING, "%s:%zu: the last change is torn and left out, serial %u stands", s->path,
			 c->torn_line, s->serial);
		return;
	}
	s->fd = fd;
	s->bytes = s->status.bytes = c->len;
	s->status.healthy = true;
	memcpy(s->seal, c->seal, sizeof(s->seal));
	set_limit(s);
	set_written(s, s->set, NULL);
}

int
rtr_state_load(struct rtr_state *s, struct names *names, const uint16_t sessions[RTR_VERSIONS], size_t history,
	       struct rtr_snapshot **from, struct vrp_err *err)
{
	int fd = openat(s->lock, RTR_STATE_FILE, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;
	struct rtr_journal_contents contents = {0};
	struct vrp_err why;

	*from = NULL;
	s->history = history;
	memcpy(s->sessions, sessions, sizeof(s->sessions));
	if (fd < 0 && errno == ENOENT)
		return 0;
	rc = read_file(fd, names, &contents, &why);
	if (rc == 0) {
		adopt(s, fd, &contents);
		*from = contents.snapshot;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return vrp_err_set(err, "%s: out of memory or descriptors", s->path);
	set_aside(s, &why);
	return 0;
}
