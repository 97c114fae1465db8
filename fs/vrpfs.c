/* SPDX-License-Identifier: ISC */
#include "vrpfs.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "ops.h"
#include "session.h"
#include "thread.h"

#define THREADS_MIN 4
#define THREADS_MAX 16
#define HELD_MAX ((size_t)1 << 18)	/* places that the kernel shall hold; a KiB each there, and 100 bytes here */
#define ERROR_MAX 320
#define KEEPER_PAUSE_NS 5000000		/* between two rounds, in which the kernel forgets what was dropped */

struct vrpfs {
	struct vrpfs_config config;
	struct names *names;
	struct tree *tree;
	struct kcache *kcache;
	struct followers *followers;
	struct ops_context ops;
	bool ops_ready;
	struct session *session;
	struct source *source;

	/* Notices to the kernel are sent by one thread at a time. */
	pthread_mutex_t dropping;

	pthread_t keeper;
	bool has_keeper;
	sem_t work;			/* for the keeper */
	atomic_bool crowded;
	atomic_bool stopping;

	/* Of the source's thread. */
	struct vrpset *set;		/* the table given last */
	bool ready;
	enum source_state state;
	size_t refusals;
	char error[ERROR_MAX];
};

/* ---- the keeper ---- */

static void
drop(struct vrpfs *v)
{
	pthread_mutex_lock(&v->dropping);
	ops_drop(session_fuse(v->session), v->kcache, v->names);
	pthread_mutex_unlock(&v->dropping);
}

static void
on_crowded(void *ctx)
{
	struct vrpfs *v = ctx;

	if (!atomic_exchange(&v->crowded, true))
		sem_post(&v->work);
}

static void *
keep(void *ctx)
{
	static const struct timespec pause = {.tv_nsec = KEEPER_PAUSE_NS};
	struct vrpfs *v = ctx;

	while (!v->stopping) {
		if (sem_wait(&v->work) < 0 || v->stopping)
			continue;
		kcache_evict(v->kcache);
		drop(v);
		nanosleep(&pause, NULL);
		v->crowded = false;
	}
	return NULL;
}

static int
start_keeper(struct vrpfs *v)
{
	v->has_keeper = thread_start(&v->keeper, NULL, keep, v) == 0;
	return v->has_keeper ? 0 : -1;
}

/* ---- changes ---- */

static struct timespec
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

/* A view is in place in the tree: let it answer, and make the kernel drop what it outdates. */
static void
publish(struct vrpfs *v, struct kcache_changes *changes)
{
	struct view *view = tree_view(v->tree);

	kcache_publish(v->kcache, view, changes);
	view_unref(view);
	drop(v);
}

static void
on_change(void *ctx, const struct node *node, enum tree_change what)
{
	kcache_changed(ctx, node, what);
}

/* What /events has grown by: the change, or the whole table where it was too large to be kept. */
static uint64_t
grown(struct vrpfs *v)
{
	struct view *view = tree_view(v->tree);
	struct node node = {.kind = NODE_DELTA, .number = view_version(view)};
	struct node_stat stat = {0};

	if (view_stat(view, &node, &stat) != 0) {
		node = NODE_OF(NODE_VRPS);
		if (view_stat(view, &node, &stat) != 0)
			stat.size = 0;
	}
	view_unref(view);
	return stat.size;
}

static void
update(struct vrpfs *v, const struct source_meta *meta)
{
	static const struct tree_ops ops = {on_change};
	struct kcache_changes changes = {0};
	uint64_t bytes = 0;
	struct vrp_err err;
	int rc;

	vrp_err_clear(&err);
	followers_hold(v->followers);
	rc = tree_update(v->tree, v->set, &meta->attrs, now(), &ops, &changes, &err);
	if (rc > 0) {
		changes.whole = true;
		publish(v, &changes);
		bytes = grown(v);
	}
	followers_wake(v->followers, bytes);
	kcache_changes_release(&changes);
	if (rc < 0)
		log_line(v->config.log, LOG_LEVEL_ERROR, "the new table cannot be shown: %s", err.msg);
}

static void
on_table(void *ctx, struct vrpset *set, const struct delta *delta, const struct source_meta *meta)
{
	struct vrpfs *v = ctx;
	struct view *view;

	vrpset_unref(v->set);
	v->set = vrpset_ref(set);
	update(v, meta);
	view = tree_view(v->tree);
	if (delta)
		log_line(v->config.log, LOG_LEVEL_INFO, "version %u: %zu records, %zu of them new or changed, %zu gone",
			 view_version(view), vrpset_count(set), vrpset_count(delta->announced),
			 vrpset_count(delta->withdrawn));
	else
		log_line(v->config.log, LOG_LEVEL_INFO, "version %u: %zu records", view_version(view), vrpset_count(set));
	view_unref(view);
}

/* ---- the source's status ---- */

/* "in sync" as a word for /status. */
static void
format_state(enum source_state state, char out[32])
{
	snprintf(out, 32, "%s", source_state_name(state));
	for (char *p = out; (p = strchr(p, ' ')); p++)
		*p = '-';
}

static void
format_error(const struct vrp_err *err, char *out, size_t size)
{
	if (err->line && err->column)
		snprintf(out, size, "line %zu, column %zu: %s", err->line, err->column, err->msg);
	else if (err->line)
		snprintf(out, size, "line %zu: %s", err->line, err->msg);
	else
		snprintf(out, size, "%s", err->msg);
}

static void
log_status(struct vrpfs *v, const struct source_status *s, const char *error)
{
	const struct log *log = v->config.log;
	char refused[ERROR_MAX];
	const char *name = v->config.name;

	format_error(&s->refused, refused, sizeof(refused));
	if (s->refusals > v->refusals)
		log_line(log, LOG_LEVEL_WARNING, "%s: refused: %s", name, refused);
	v->refusals = s->refusals;
	if (s->state == v->state && strcmp(error, v->error) == 0)
		return;
	if (error[0])
		log_line(log, LOG_LEVEL_WARNING, "%s: %s: %s", name, source_state_name(s->state), error);
	else
		log_line(log, LOG_LEVEL_INFO, "%s: %s", name, source_state_name(s->state));
	v->state = s->state;
	snprintf(v->error, sizeof(v->error), "%s", error);
}

static void
tell(struct vrpfs *v, const struct source_status *s, const char *error)
{
	if (s->given && !v->ready) {
		v->ready = true;
		v->config.event(v->config.ctx, VRPFS_READY, NULL);
	}
	if (!v->ready && s->state == SOURCE_ENDED && !error[0])
		error = "the input has ended without a table";
	if (!v->ready && s->state != SOURCE_CONNECTING && error[0])
		v->config.event(v->config.ctx, VRPFS_FAILED, error);
	if (s->state == SOURCE_ENDED)
		v->config.event(v->config.ctx, VRPFS_INPUT_ENDED, NULL);
}

static void
on_status(void *ctx, const struct source_status *s)
{
	struct vrpfs *v = ctx;
	struct kcache_changes changes = {.status = true};
	char state[32], error[ERROR_MAX];
	struct tree_status status = {
		.state = state,
		.checked = s->updated,
		.next = s->next,
	};

	format_state(s->state, state);
	if (s->withdrawn[0])
		snprintf(error, sizeof(error), "%s", s->withdrawn);
	else
		format_error(&s->error, error, sizeof(error));
	if (v->set)
		update(v, &s->meta);
	status.error = error[0] ? error : NULL;
	if (tree_set_status(v->tree, &status, now()) == 0)
		publish(v, &changes);
	log_status(v, s, error);
	tell(v, s, error);
}

/* ---- life ---- */

static unsigned
thread_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN), wanted = processors * 2;

	return (unsigned)(wanted < THREADS_MIN ? THREADS_MIN : wanted > THREADS_MAX ? THREADS_MAX : wanted);
}

static void
on_session_end(void *ctx)
{
	struct vrpfs *v = ctx;

	v->config.event(v->config.ctx, VRPFS_UNMOUNTED, NULL);
}

static int
make_parts(struct vrpfs *v)
{
	struct view *view;

	v->names = names_new();
	v->tree = v->names ? tree_new(v->names, now()) : NULL;
	if (!v->tree)
		return -1;
	view = tree_view(v->tree);
	v->kcache = kcache_new(view, HELD_MAX);
	view_unref(view);
	v->followers = followers_new(v->tree);
	v->ops = (struct ops_context){
		.kcache = v->kcache,
		.followers = v->followers,
		.uid = v->config.uid,
		.gid = v->config.gid,
		.umask = v->config.umask,
		.crowded = on_crowded,
		.ctx = v,
	};
	v->ops_ready = ops_context_init(&v->ops) == 0;
	return v->kcache && v->followers && v->ops_ready ? 0 : -1;
}

struct vrpfs *
vrpfs_mount(const struct vrpfs_config *config, struct vrp_err *err)
{
	struct session_config session = {
		.source = config->name,
		.options = config->options,
		.path = config->path,
		.threads = thread_count(),
		.ended = on_session_end,
	};
	struct vrpfs *v = calloc(1, sizeof(*v));

	if (!v) {
		vrp_err_nomem(err);
		return NULL;
	}
	v->config = *config;
	session.ctx = v;
	pthread_mutex_init(&v->dropping, NULL);
	sem_init(&v->work, 0, 0);
	if (make_parts(v) < 0)
		vrp_err_nomem(err);
	else
		v->session = session_mount(&session, &v->ops, err);
	if (v->session)
		return v;
	(void)vrpfs_stop(v);
	return NULL;
}

int
vrpfs_start(struct vrpfs *v, struct vrp_err *err)
{
	struct source_config config = v->config.source;

	config.names = v->names;
	config.table = on_table;
	config.status = on_status;
	config.ctx = v;
	if (start_keeper(v) < 0)
		return vrp_err_nomem(err);
	if (session_start(v->session, err) < 0)
		return -1;
	v->source = source_start(&config, err);
	return v->source ? 0 : -1;
}

void
vrpfs_refresh(struct vrpfs *v)
{
	source_refresh(v->source);
}

/*
 * The source goes first, while requests are still answered: a notice to the kernel
 * may wait for one.
 */
int
vrpfs_stop(struct vrpfs *v)
{
	int rc;

	if (!v)
		return 0;
	source_stop(v->source);
	v->stopping = true;
	if (v->has_keeper) {
		sem_post(&v->work);
		pthread_join(v->keeper, NULL);
	}
	if (v->followers)
		followers_end(v->followers);
	rc = session_stop(v->session);
	if (rc < 0)
		log_line(v->config.log, LOG_LEVEL_ERROR, "%s: could not be unmounted", v->config.path);
	if (v->ops_ready)
		ops_context_release(&v->ops);
	followers_free(v->followers);
	kcache_free(v->kcache);
	tree_free(v->tree);
	names_unref(v->names);
	vrpset_unref(v->set);
	sem_destroy(&v->work);
	pthread_mutex_destroy(&v->dropping);
	free(v);
	return rc;
}
