/* SPDX-License-Identifier: ISC */
/*
 * Sources of every kind, with real files, pipes and sockets.  Each runs on its own
 * thread; the test waits until the consumer holds a table, or has heard of a state.
 * The consumer checks each step that it is given against what it held before.
 */
#include "sets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "cache.h"
#include "rtr_pdu.h"
#include "source.h"
#include "transport.h"
#include "web.h"

#define PATIENCE 10	/* seconds until the test has failed */

/* On any thread. */
#define require(cond)									\
	do {										\
		if (!(cond)) {								\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);	\
			abort();							\
		}									\
	} while (0)

struct consumer {
	struct source *source;
	pthread_mutex_t lock;
	pthread_cond_t heard;
	struct vrpset *set;
	char *text;			/* of it */
	struct source_status status;	/* the last */
	char name[128];			/* meta.attrs.source of it */
	unsigned tables, statuses;
	bool told;			/* the status is about the table */
};

static void
on_table(void *ctx, struct vrpset *set, const struct delta *delta, const struct source_meta *meta)
{
	struct consumer *c = ctx;
	struct vrp_err err = {0};

	(void)meta;
	pthread_mutex_lock(&c->lock);
	require(!delta == !c->set);
	if (delta) {
		struct vrpset *next = delta_apply(c->set, delta, &err);
		char *is = set_text(set), *should = next ? set_text(next) : NULL;

		require(next && delta_count(delta) && strcmp(is, should) == 0);
		vrpset_unref(next);
		free(is);
		free(should);
	}
	vrpset_unref(c->set);
	c->set = vrpset_ref(set);
	free(c->text);
	c->text = set_text(set);
	c->tables++;
	c->told = false;
	pthread_cond_broadcast(&c->heard);
	pthread_mutex_unlock(&c->lock);
}

static void
on_status(void *ctx, const struct source_status *status)
{
	struct consumer *c = ctx;

	pthread_mutex_lock(&c->lock);
	require(status->given == (c->tables > 0));
	require(!c->set || status->records == vrpset_count(c->set));
	require((status->state == SOURCE_WITHDRAWN) == (status->withdrawn[0] != '\0'));
	require(status->state != SOURCE_FAILING || status->error.msg[0]);
	c->status = *status;
	snprintf(c->name, sizeof(c->name), "%s", status->meta.attrs.source ? status->meta.attrs.source : "none");
	c->statuses++;
	c->told = true;
	pthread_cond_broadcast(&c->heard);
	pthread_mutex_unlock(&c->lock);
}

static struct source_config
config_for(const char *source)
{
	struct source_config config = SOURCE_CONFIG_DEFAULT;

	config.source = source;
	config.refresh = 1;
	config.rtr.fixed.retry = 1;
	return config;
}

static void
start(struct consumer *c, struct source_config config)
{
	struct vrp_err err;

	memset(c, 0, sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->heard, NULL);
	config.table = on_table;
	config.status = on_status;
	config.ctx = c;
	c->source = source_start(&config, &err);
	assert_case(c->source, "%s: %s", config.source, err.msg);
}

/* It must not take long, whatever goes on. */
static void
stop(struct consumer *c)
{
	int64_t begun = transport_now();

	source_stop(c->source);
	assert_true(transport_now() - begun < 1000);
	vrpset_unref(c->set);
	free(c->text);
	pthread_cond_destroy(&c->heard);
	pthread_mutex_destroy(&c->lock);
}

/* Wait until the consumer holds these lines (NULL: any), in that state. */
static void
await(struct consumer *c, enum source_state state, const char *lines)
{
	struct timespec limit;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE;
	pthread_mutex_lock(&c->lock);
	while (rc == 0 && !(c->told && c->status.state == state && (!lines || (c->text && strcmp(c->text, lines) == 0))))
		rc = pthread_cond_timedwait(&c->heard, &c->lock, &limit);
	if (rc)
		print_error("state %s (%s; %s), table '%s', not %s, '%s'\n", source_state_name(c->status.state),
			    c->status.error.msg, c->status.withdrawn, c->text ? c->text : "none", source_state_name(state),
			    lines ? lines : "any");
	pthread_mutex_unlock(&c->lock);
	assert_int_equal(rc, 0);
}

/* Wait until its error has this in it. */
static void
await_error(struct consumer *c, const char *part)
{
	struct timespec limit;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE;
	pthread_mutex_lock(&c->lock);
	while (rc == 0 && !strstr(c->status.error.msg, part))
		rc = pthread_cond_timedwait(&c->heard, &c->lock, &limit);
	if (rc)
		print_error("error '%s', not '%s'\n", c->status.error.msg, part);
	pthread_mutex_unlock(&c->lock);
	assert_int_equal(rc, 0);
}

static struct source_status
status_of(struct consumer *c)
{
	struct source_status status;

	pthread_mutex_lock(&c->lock);
	status = c->status;
	pthread_mutex_unlock(&c->lock);
	return status;
}

static unsigned
tables_of(struct consumer *c)
{
	unsigned tables;

	pthread_mutex_lock(&c->lock);
	tables = c->tables;
	pthread_mutex_unlock(&c->lock);
	return tables;
}

static void
assert_source(struct consumer *c, const char *name)
{
	pthread_mutex_lock(&c->lock);
	assert_string_equal(c->name, name);
	pthread_mutex_unlock(&c->lock);
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* ---- files of the test's */

static char folder[32];

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_source.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *const file_names[] = {"file", "file.new", "fifo", "second"};

static const char *
path_of(size_t i, char path[64])
{
	snprintf(path, 64, "%s/%s", folder, file_names[i]);
	return path;
}

static int
teardown(void **state)
{
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(file_names); i++)
		unlink(path_of(i, path));
	return rmdir(folder);
}

/* Replaced as it should be: by rename. */
static void
replace(const char *path, const char *text)
{
	char new[80];
	int fd;

	snprintf(new, sizeof(new), "%s.new", path);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	put(fd, text);
	close(fd);
	assert_int_equal(rename(new, path), 0);
}

/* ---- streams */

#define ONE "10.0.0.0/8 8 AS1 - -\n"
#define TWO "10.0.0.0/8 8 AS2 - -\n"
#define THREE "11.0.0.0/8 8 AS3 - -\n"
#define JSON_TWO "{\"roas\":[{\"prefix\":\"10.0.0.0/8\",\"maxLength\":8,\"asn\":2}]}\n"

static void
test_stream(void **state)
{
	struct source_config config = config_for("-");
	struct source_status status;
	struct consumer c;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	config.fd = fds[0];
	config.max_age = 0;
	start(&c, config);
	await(&c, SOURCE_CONNECTING, NULL);
	assert_int_equal(status_of(&c).kind, SOURCE_STREAM);
	put(fds[1], "%snapshot time=2026-11-23T00:00:00Z source=a%20b session=7 serial=4000000000\n" ONE "~end\n");
	await(&c, SOURCE_IN_SYNC, ONE);
	status = status_of(&c);
	assert_source(&c, "a b");
	assert_int_equal(status.meta.attrs.time, INT64_C(1795392000));
	assert_int_equal(status.meta.attrs.session, 7);
	assert_int_equal(status.meta.attrs.serial, INT64_C(4000000000));
	assert_int_equal(status.meta.version, -1);
	put(fds[1], "%delta\n+" THREE "~end\n");
	await(&c, SOURCE_IN_SYNC, ONE THREE);
	assert_source(&c, "a b");
	assert_int_equal(status_of(&c).meta.attrs.serial, -1);
	/* Annotations are part of it. */
	put(fds[1], "%delta\n+11.0.0.0/8 8 AS3 ripe -\n~end\n");
	await(&c, SOURCE_IN_SYNC, ONE "11.0.0.0/8 8 AS3 ripe -\n");
	/* What is refused is said, and changes nothing. */
	put(fds[1], "%snapshot\n10.0.0.1/8 8 AS1\n~end\n");
	await(&c, SOURCE_FAILING, ONE "11.0.0.0/8 8 AS3 ripe -\n");
	status = status_of(&c);
	assert_int_equal(status.refusals, 1);
	assert_int_equal(status.refused.line, 11);
	assert_string_equal(status.refused.msg, status.error.msg);
	put(fds[1], "%snapshot\n" TWO "~end\n");
	await(&c, SOURCE_IN_SYNC, TWO);
	assert_int_equal(status_of(&c).refusals, 1);
	assert_source(&c, "none");
	/* Cut short. */
	put(fds[1], "%snapshot\n" ONE);
	close(fds[1]);
	await(&c, SOURCE_ENDED, TWO);
	assert_int_equal(status_of(&c).refusals, 2);
	assert_string_equal(status_of(&c).error.msg, "the input has ended");
	stop(&c);
	close(fds[0]);
}

static void
test_fifo(void **state)
{
	struct consumer c;
	char path[64];
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path_of(2, path), 0600), 0);
	start(&c, config_for(path));
	await(&c, SOURCE_CONNECTING, NULL);
	for (int i = 0; i < 2; i++) {
		const char *lines = i ? TWO : ONE;

		fd = open(path, O_WRONLY);
		put(fd, "%snapshot\n");
		put(fd, lines);
		put(fd, "~end\n");
		await(&c, SOURCE_IN_SYNC, lines);
		assert_source(&c, path);
		close(fd);
		await(&c, SOURCE_ENDED, lines);
	}
	stop(&c);
}

/* As of <(...): it is over when it is over, and that is said once. */
static void
test_inherited_pipe(void **state)
{
	struct consumer c;
	char path[64];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	start(&c, config_for(path));
	put(fds[1], ONE);
	close(fds[1]);
	await(&c, SOURCE_ENDED, ONE);
	source_refresh(c.source);
	usleep(50000);
	assert_true(status_of(&c).refusals == 0);
	pthread_mutex_lock(&c.lock);
	assert_true(c.statuses <= 3);
	pthread_mutex_unlock(&c.lock);
	stop(&c);
	close(fds[0]);
}

/* ---- files */

static void
test_file(void **state)
{
	struct consumer c;
	char path[64];
	int fd;

	(void)state;
	replace(path_of(0, path), ONE);
	start(&c, config_for(path));
	await(&c, SOURCE_IN_SYNC, ONE);
	assert_int_equal(status_of(&c).kind, SOURCE_FILE);
	replace(path, JSON_TWO);
	source_refresh(c.source);
	await(&c, SOURCE_IN_SYNC, TWO);
	/* Half of it. */
	fd = open(path, O_WRONLY | O_TRUNC);
	put(fd, "{\"roas\":[{\"prefix\":\"10.0.0.0/8\"");
	close(fd);
	source_refresh(c.source);
	await(&c, SOURCE_FAILING, TWO);
	assert_int_equal(status_of(&c).refusals, 1);
	assert_int_equal(unlink(path), 0);
	source_refresh(c.source);
	await_error(&c, strerror(ENOENT));
	await(&c, SOURCE_FAILING, TWO);
	replace(path, "%snapshot\n" ONE "~end\n%delta\n+" THREE "~end\n");
	source_refresh(c.source);
	await(&c, SOURCE_IN_SYNC, ONE THREE);
	/* A directory in its place. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	source_refresh(c.source);
	await_error(&c, strerror(EISDIR));
	await(&c, SOURCE_FAILING, ONE THREE);
	assert_int_equal(rmdir(path), 0);
	stop(&c);
}

/* ---- feeds */

static void
test_feed(void **state)
{
	struct source_status status;
	struct consumer c;
	struct web web;

	(void)state;
	web_start(&web);
	web_say(&web, 500, NULL, "", 0);
	start(&c, config_for(web.url));
	await(&c, SOURCE_FAILING, NULL);
	status = status_of(&c);
	assert_int_equal(status.kind, SOURCE_FEED);
	assert_non_null(strstr(status.error.msg, "500"));
	assert_true(status.next >= time(NULL) && status.next <= time(NULL) + 3);
	web_say(&web, 200, "\"a\"", JSON_TWO, 0);
	source_refresh(c.source);
	await(&c, SOURCE_IN_SYNC, TWO);
	assert_source(&c, web.url);
	source_refresh(c.source);
	while (web_unchanged(&web) == 0)
		usleep(1000);
	await(&c, SOURCE_IN_SYNC, TWO);
	web_say(&web, 404, NULL, "", 0);
	source_refresh(c.source);
	await_error(&c, "404");
	await(&c, SOURCE_FAILING, TWO);
	assert_int_equal(status_of(&c).refusals, 0);
	web_say(&web, 200, NULL, JSON_TWO, 20);
	source_refresh(c.source);
	await_error(&c, "transfer closed");
	assert_int_equal(status_of(&c).refusals, 0);
	web_say(&web, 200, NULL, "{\"roas\":7}", 0);
	source_refresh(c.source);
	await(&c, SOURCE_FAILING, TWO);
	while (status_of(&c).refusals == 0)
		usleep(10000);
	web_say(&web, 200, NULL, "%snapshot\n" ONE "~end\n", 0);
	source_refresh(c.source);
	await(&c, SOURCE_IN_SYNC, ONE);
	stop(&c);
	web_stop(&web);
}

/* ---- caches */

static void
test_cache(void **state)
{
	struct script s = {BUF_INIT};
	struct source_status status;
	struct consumer c;
	char url[32];
	int listener = listen_anywhere(url), fd;

	(void)state;
	start(&c, config_for(url));
	fd = accept_query(listener);
	await(&c, SOURCE_CONNECTING, NULL);
	answer(fd, 10, 1);
	await(&c, SOURCE_IN_SYNC, ONE);
	status = status_of(&c);
	assert_int_equal(status.kind, SOURCE_CACHE);
	assert_int_equal(status.meta.attrs.session, 7);
	assert_int_equal(status.meta.attrs.serial, 1);
	assert_int_equal(status.meta.version, 2);
	assert_source(&c, url);
	assert_true(status.expires - time(NULL) > 7000);
	/* A question by hand; another serial with nothing new. */
	source_refresh(c.source);
	assert_int_equal(read_query(fd), RTR_SERIAL_QUERY);
	respond(&s);
	end_of_data(&s, 2);
	say(&s, fd);
	while (status_of(&c).meta.attrs.serial != 2)
		usleep(1000);
	await(&c, SOURCE_IN_SYNC, ONE);
	assert_int_equal(tables_of(&c), 1);
	/* It dies, is refused, and comes back with another table. */
	close(fd);
	await(&c, SOURCE_FAILING, ONE);
	assert_true(status_of(&c).next != STAMP_UNKNOWN);
	source_refresh(c.source);
	fd = accept(listener, NULL, NULL);
	assert_int_equal(read_query(fd), RTR_SERIAL_QUERY);
	respond(&s);
	vrp(&s, false, 10, 1);
	vrp(&s, true, 11, 3);
	say(&s, fd);
	close(fd);
	await_error(&c, "before End of Data");
	await(&c, SOURCE_FAILING, ONE);
	fd = accept(listener, NULL, NULL);
	(void)read_query(fd);
	respond(&s);
	vrp(&s, false, 10, 1);
	vrp(&s, true, 11, 3);
	end_of_data(&s, 3);
	say(&s, fd);
	await(&c, SOURCE_IN_SYNC, THREE);
	stop(&c);
	close(fd);
	close(listener);
}

/* A broken protocol of version 2 makes its data void; what is void may come back empty. */
static void
test_cache_that_lies(void **state)
{
	static const unsigned char nonsense[8] = {2, 99, 0, 0, 0, 0, 0, 8};
	struct script s = {BUF_INIT};
	struct consumer c;
	char url[32];
	int listener = listen_anywhere(url), fd;

	(void)state;
	start(&c, config_for(url));
	fd = accept_query(listener);
	answer(fd, 10, 1);
	await(&c, SOURCE_IN_SYNC, ONE);
	assert_int_equal(send(fd, nonsense, sizeof(nonsense), MSG_NOSIGNAL), 8);
	await(&c, SOURCE_WITHDRAWN, "");
	close(fd);
	source_refresh(c.source);
	fd = accept_query(listener);
	respond(&s);
	end_of_data(&s, 5);
	say(&s, fd);
	await(&c, SOURCE_IN_SYNC, "");
	stop(&c);
	close(fd);
	close(listener);
}

/* ---- time */

/* Something that comes about by waiting, so that all of it is waited for at once. */
struct slow {
	struct consumer c;
	char path[64], url[32], text[128], left[64], stamp[STAMP_MAX];
	struct web web;
	int fds[2], listener;
};

/* A list has no date, and dates from the end of the input. */
static void
begin_undated(struct slow *s)
{
	struct source_config config = config_for("-");

	assert_int_equal(pipe(s->fds), 0);
	config.fd = s->fds[0];
	config.max_age = 1;
	start(&s->c, config);
	put(s->fds[1], ONE);
	close(s->fds[1]);
	await(&s->c, SOURCE_ENDED, ONE);
	assert_true(status_of(&s->c).expires - time(NULL) <= 3);
}

static void
end_undated(struct slow *s)
{
	await(&s->c, SOURCE_WITHDRAWN, "");
	assert_non_null(strstr(status_of(&s->c).withdrawn, "out of reach"));
	stop(&s->c);
	close(s->fds[0]);
}

static void
begin_aging(struct slow *s)
{
	struct source_config config = config_for("-");

	assert_int_equal(pipe(s->fds), 0);
	config.fd = s->fds[0];
	config.max_age = 100;
	start(&s->c, config);
	stamp_format(time(NULL) - 99, s->stamp);
	snprintf(s->text, sizeof(s->text), "%%snapshot time=%s\n" ONE "~end\n", s->stamp);
	put(s->fds[1], s->text);
	await(&s->c, SOURCE_IN_SYNC, ONE);
	assert_true(status_of(&s->c).expires - time(NULL) <= 3);
}

static void
end_aging(struct slow *s)
{
	await(&s->c, SOURCE_WITHDRAWN, "");
	assert_non_null(strstr(status_of(&s->c).withdrawn, s->stamp));
	/* What is too old when it comes is no better; something newer is. */
	put(s->fds[1], s->text);
	await_error(&s->c, s->stamp);
	await(&s->c, SOURCE_WITHDRAWN, "");
	put(s->fds[1], "%snapshot\n" THREE "~end\n");
	await(&s->c, SOURCE_IN_SYNC, THREE);
	stop(&s->c);
	close(s->fds[0]);
	close(s->fds[1]);
}

static void
begin_expiring(struct slow *s, bool ignored)
{
	struct source_config config = config_for(path_of(3, s->path));

	snprintf(s->left, sizeof(s->left), "10.0.0.0/8 8 AS2 - %lld\n", (long long)time(NULL) + 3600);
	snprintf(s->text, sizeof(s->text), "10.0.0.0/8 8 AS1 - %lld\n%s", (long long)time(NULL) + 2, s->left);
	if (!ignored)
		replace(s->path, s->text);
	config.ignore_expiry = ignored;
	start(&s->c, config);
	await(&s->c, SOURCE_IN_SYNC, ignored ? NULL : s->text);
}

static void
end_expiring(struct slow *s)
{
	await(&s->c, SOURCE_IN_SYNC, s->left);
	assert_int_equal(status_of(&s->c).records, 1);
	assert_int_equal(status_of(&s->c).expired, 1);
	stop(&s->c);
}

static void
end_ignored(struct slow *s)
{
	assert_int_equal(status_of(&s->c).records, 2);
	stop(&s->c);
}

static void
begin_expire_interval(struct slow *s)
{
	struct source_config config;
	int fd;

	s->listener = listen_anywhere(s->url);
	config = config_for(s->url);
	config.rtr.fixed.expire = 2;
	config.max_age = 1;	/* which says nothing of a cache */
	start(&s->c, config);
	fd = accept_query(s->listener);
	answer(fd, 10, 1);
	await(&s->c, SOURCE_IN_SYNC, ONE);
	close(fd);
	close(s->listener);
	await(&s->c, SOURCE_FAILING, ONE);
}

static void
end_expire_interval(struct slow *s)
{
	await(&s->c, SOURCE_WITHDRAWN, "");
	assert_non_null(strstr(status_of(&s->c).withdrawn, "Expire Interval"));
	stop(&s->c);
}

static void
begin_replacing(struct slow *s)
{
	replace(path_of(0, s->path), ONE);
	start(&s->c, config_for(s->path));
	await(&s->c, SOURCE_IN_SYNC, ONE);
	replace(s->path, TWO);
}

static void
begin_asking(struct slow *s)
{
	web_start(&s->web);
	web_say(&s->web, 500, NULL, "", 0);
	start(&s->c, config_for(s->web.url));
	await(&s->c, SOURCE_FAILING, NULL);
	web_say(&s->web, 200, "\"a\"", JSON_TWO, 0);
}

/* It was asked again after a failure, and when it was well. */
static void
end_asking(struct slow *s)
{
	await(&s->c, SOURCE_IN_SYNC, TWO);
	while (web_unchanged(&s->web) == 0)
		usleep(1000);
	stop(&s->c);
	web_stop(&s->web);
}

/* What a feed without a date has is void in time, and good again when the feed says that it has no other. */
static void
begin_losing(struct slow *s)
{
	struct source_config config;

	web_start(&s->web);
	web_say(&s->web, 200, "\"a\"", JSON_TWO, 0);
	config = config_for(s->web.url);
	config.refresh = 1000;
	config.max_age = 1;
	start(&s->c, config);
	await(&s->c, SOURCE_IN_SYNC, TWO);
	assert_true(status_of(&s->c).expires == STAMP_UNKNOWN);
	web_say(&s->web, 503, NULL, "", 0);
	source_refresh(s->c.source);
	await(&s->c, SOURCE_FAILING, TWO);
}

static void
end_losing(struct slow *s)
{
	await(&s->c, SOURCE_WITHDRAWN, "");
	assert_non_null(strstr(status_of(&s->c).error.msg, "503"));
	web_say(&s->web, 200, "\"a\"", JSON_TWO, 0);
	source_refresh(s->c.source);
	await(&s->c, SOURCE_IN_SYNC, TWO);
	assert_int_equal(web_unchanged(&s->web), 1);
	stop(&s->c);
	web_stop(&s->web);
}

static void
test_time(void **state)
{
	static struct slow undated, aging, expiring, ignored, cache, file, feed, lost;

	(void)state;
	begin_expiring(&expiring, false);
	begin_expiring(&ignored, true);
	begin_undated(&undated);
	begin_aging(&aging);
	begin_expire_interval(&cache);
	begin_replacing(&file);
	begin_asking(&feed);
	begin_losing(&lost);
	end_undated(&undated);
	end_aging(&aging);
	end_expiring(&expiring);
	end_ignored(&ignored);
	end_expire_interval(&cache);
	await(&file.c, SOURCE_IN_SYNC, TWO);
	stop(&file.c);
	end_asking(&feed);
	end_losing(&lost);
}

/* ---- beginning and end */

static void
test_no_sources(void **state)
{
	static const char *const bad[] = {"/nonexistent/file", "/tmp", "no-such-transport://host", "tcp://host:99999"};
	struct vrp_err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct source_config config = config_for(bad[i]);

		err.msg[0] = '\0';
		assert_case(!source_start(&config, &err), "%s", bad[i]);
		assert_case(err.msg[0], "%s", bad[i]);
	}
	source_stop(NULL);
}

/* stop() measures. */
static void
test_prompt_stop(void **state)
{
	struct source_config config = config_for("-");
	struct transport *fill[4];
	struct endpoint at;
	struct consumer c;
	struct web web;
	char url[32];
	int hole = listen_anywhere(url), fds[2];

	(void)state;
	/* An input that says nothing. */
	assert_int_equal(pipe(fds), 0);
	config.fd = fds[0];
	start(&c, config);
	stop(&c);
	/* A server that drips. */
	web_start(&web);
	web.drips = true;
	web_say(&web, 200, NULL, JSON_TWO, 4);
	start(&c, config_for(web.url));
	while (web_asked(&web) == 0)
		usleep(1000);
	source_refresh(c.source);
	stop(&c);
	web_stop(&web);
	/* A port where connections are neither accepted nor refused. */
	assert_int_equal(listen(hole, 0), 0);
	assert_int_equal(endpoint_parse(url, &at, NULL), 0);
	for (int i = 0; i < 4; i++)
		fill[i] = transport_connect(&at, transport_now() + 50, NULL);
	start(&c, config_for(url));
	usleep(20000);
	stop(&c);
	for (int i = 0; i < 4; i++)
		transport_close(fill[i]);
	/* Names, whether there is anybody to ask or not. */
	start(&c, config_for("http://nobody.invalid/"));
	usleep(20000);
	stop(&c);
	start(&c, config_for("tcp://nobody.invalid"));
	usleep(20000);
	stop(&c);
	close(hole);
	close(fds[0]);
	close(fds[1]);
}

#define MANY 12

/* Of three kinds, all at once, each with names of its own. */
static void
test_many(void **state)
{
	struct consumer c[MANY];
	int fds[MANY][2];
	struct web web;
	char path[64];

	(void)state;
	web_start(&web);
	web_say(&web, 200, NULL, "{\"roas\":[{\"prefix\":\"10.0.0.0/8\",\"maxLength\":8,\"asn\":2,\"ta\":\"x\"}]}", 0);
	replace(path_of(3, path), "10.0.0.0/8 8 AS2 y -\n");
	for (int i = 0; i < MANY; i++) {
		struct source_config config = config_for(i % 3 == 0 ? "-" : i % 3 == 1 ? path : web.url);

		assert_int_equal(pipe(fds[i]), 0);
		config.fd = fds[i][0];
		start(&c[i], config);
	}
	for (int i = 0; i < MANY; i += 3)
		put(fds[i][1], "%snapshot\n10.0.0.0/8 8 AS2 z -\n~end\n");
	for (int i = 0; i < MANY; i++) {
		char line[64];

		source_refresh(c[i].source);
		snprintf(line, sizeof(line), "10.0.0.0/8 8 AS2 %s -\n", i % 3 == 0 ? "z" : i % 3 == 1 ? "y" : "x");
		await(&c[i], SOURCE_IN_SYNC, line);
	}
	for (int i = 0; i < MANY; i++) {
		stop(&c[i]);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	web_stop(&web);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_inherited_pipe),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_that_lies),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_no_sources),
		cmocka_unit_test(test_prompt_stop),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
