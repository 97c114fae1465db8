/* SPDX-License-Identifier: ISC */
/*
 * rtr-model: a model of what rtr-serve promises, and a random walk that holds
 * the program to it.
 *
 *	universe   the records that there are, as text, as PDU bytes, and in order
 *	feed       what a validator says, and what has to come of it      vrp(5), rtr-serve(1)
 *	history    which table was committed as which serial, and which are kept
 *	server     the program itself: a process, its input, log and clock
 *	router     a connection, and the judge of all that comes over it  RFC 8210
 *	walk       the steps, drawn from a seed, and what holds after each: feeding, asking, life
 *	main       options; a run that fails is made shorter and repeated
 *
 * It shares no code with the program, so that no fault is in both.  A table is
 * an array with a place for each record of the universe, and every rule is a
 * loop over it.  Whatever is not as it should be ends in fail().
 */
#ifndef RTR_MODEL_H
#define RTR_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define VERSIONS 3

/* ---- main: the end, and chance ---- */

/* Something is not as it should be: the seed, the steps and this go out, exit status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *fmt, ...);

/* This machine doesn't do what the test needs: exit status 2. */
__attribute__((format(printf, 1, 2), noreturn)) void trouble(const char *fmt, ...);

/* What the step does, for the list of steps. */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);

/* Each step draws from numbers of its own, so that others can be left out. */
void chance_begin(uint64_t seed, uint64_t step);
uint32_t chance(uint32_t n);	/* 0 to n - 1 */
bool one_in(uint32_t n);

int64_t now_ms(void);	/* monotonic */
int64_t patience(void);	/* milliseconds that anything may take */

/* ---- universe ---- */

enum type { NOTIFY, SERIAL_QUERY, RESET_QUERY, CACHE_RESPONSE, IPV4, IPV6 = 6, END_OF_DATA, CACHE_RESET, ROUTER_KEY, ERROR_REPORT, ASPA };

#define SMALL 400	/* records that come and go one by one; not all of these numbers are used */
#define RECORDS 12800	/* the rest come in bulk */
#define TRUST_ANCHORS 4
#define NEVER UINT32_MAX

/*
 * One record as the feed has it.  value is what routers see of it: 0 for absent,
 * 1 for present, of an ASPA the providers, a bit for each.
 */
struct entry {
	uint8_t value;
	uint8_t ta;	/* 0: none is named */
	uint32_t expires;
};

void universe_make(void);
size_t universe_small(void);	/* how many of SMALL there are: 0 to this - 1 */
enum type record_type(size_t id);
bool record_in_version(size_t id, unsigned version);

/* The next value that the record may have, at random. */
uint8_t record_value(size_t id);
uint8_t record_join(size_t id, uint8_t a, uint8_t b);	/* two lines about it in one block */
void record_write(FILE *to, size_t id, const struct entry *e);	/* as a line without its end, in one of several spellings */
const char *record_name(size_t id);	/* static */

/*
 * A payload PDU of len bytes: its record, what it makes of it (0: withdrawn), and
 * where it stands: in one response places only ascend.  fail() when it is
 * malformed or of nothing that there is.
 */
size_t record_read(const unsigned char *pdu, size_t len, uint8_t *value, uint64_t *place);

/* ---- history ---- */

struct commit {
	uint32_t serial;
	uint8_t *seen;		/* RECORDS values */
	size_t count;
	size_t changed;		/* from the one before */
	struct entry *entries;	/* of a cache that is kept on disk: with annotations */
};

/* One serial space: what was committed since the sessions were drawn.  The first router of each version tells its session. */
struct history {
	struct commit *commits;
	size_t count;
	size_t kept;		/* the oldest that a delta has to lead on from */
	size_t limit;		/* --history */
	bool on_disk;		/* it outlives the process */
	uint32_t told;		/* the newest serial that any router was told of */
	bool has_session[VERSIONS];
	uint16_t session[VERSIONS];
};

void history_clear(struct history *h);
void history_add(struct history *h, const uint8_t *seen, const struct entry *entries);
void history_annotate(struct history *h, const struct entry *entries);	/* of the newest */
/* Another process has taken up at commit i, with so many changes, which may be fewer or more than were kept. */
void history_restore(struct history *h, size_t i, size_t changes);
/* Commit i has this serial, and those behind it follow. */
void history_jump(struct history *h, size_t i, uint32_t serial);
const struct commit *history_now(const struct history *h);	/* NULL without data */
const struct commit *history_find(const struct history *h, uint32_t serial);	/* kept or not */
bool history_keeps(const struct history *h, const struct commit *c);
size_t history_changes(const struct history *h);	/* kept: steps, not tables */
size_t seen_count(const uint8_t *seen);
bool serial_before(uint32_t a, uint32_t b);	/* RFC 1982 */

/* ---- feed ---- */

#define UNDATED INT64_MIN

enum block_kind { LIST, SNAPSHOT, DELTA };

struct line {
	char sign;	/* + or -, 0 outside of a delta */
	size_t id;
	struct entry entry;
};

struct block {
	enum block_kind kind;
	int64_t time;
	bool broken;		/* one of its lines is no good, or it is cut short */
	size_t bad_at;		/* before which of its lines the bad one stands */
	struct line *lines;
	size_t count, cap;
};

/* The rules of the program's options. */
struct rules {
	bool ignore_expiry;
	uint32_t max_age;	/* 0: any */
	unsigned max_shrink;	/* 0: any */
};

struct feed {
	struct rules rules;
	struct history *history;	/* where commits go */

	struct entry told[RECORDS];	/* by all blocks so far */
	bool has_told, based;
	int64_t time;			/* of the newest block that gave one */

	struct entry accepted[RECORDS];
	bool has_accepted, aged;
	int64_t date;
	struct entry live[RECORDS];	/* what of that has not expired */
	int64_t swept;			/* when something expired last */

	struct entry held[RECORDS];	/* kept back because it is too small */
	bool has_held;
	int64_t held_date;

	struct entry served[RECORDS];
	bool has_served;
	int64_t now;
};

/* What the log has to say of a block. */
enum outcome { TAKEN, DISCARDED, HELD_BACK, TOO_OLD };

void feed_clear(struct feed *f);	/* before a new process; rules and history stay */
void feed_restore(struct feed *f);	/* it goes on from what the history has */
enum outcome feed_block(struct feed *f, const struct block *b);
enum outcome feed_refused(struct feed *f);	/* a block that was void, or a line that should be in one */
void feed_tick(struct feed *f, int64_t now);
bool feed_accept(struct feed *f);	/* by hand; false when nothing was held back */

void block_add(struct block *b, char sign, size_t id, struct entry entry);
void block_release(struct block *b);
void block_begin(FILE *to, const struct block *b);	/* the frame's start */
void block_write(FILE *to, const struct block *b, size_t from, size_t lines);	/* lines at most; the frame's end after the last */

/* ---- server ---- */

struct server {
	const char *program;	/* the path of rtr-serve */
	const char *clock_lib;	/* what gives it the clock below */
	char dir[64];		/* files of ours */
	int64_t *clock;		/* shared with it: Unix seconds */

	pid_t pid;		/* 0 while it doesn't run */
	int input;		/* our end of its standard input; -1 when that has ended or it reads a file */
	bool by_file;
	bool flushes;		/* at SIGTERM routers are told to forget their data */
	int log;
	char line[4096];	/* of the log, as far as it has come */
	size_t line_len;
	uint16_t port;
	bool local;		/* it listens on its unix socket, too */

	bool may_jump;		/* its state was torn, and the next serial may be far away */
	void (*on_restore)(size_t commit, size_t changes);	/* it goes on from there */

	/* What the log told so far. */
	size_t restored, commits, taken, discarded, held_back, too_old, none_held;
	struct history *history;	/* which the commits are held to */
};

void server_prepare(struct server *s);	/* once its directory is there: makes the clock */

/* argv ends with NULL; the options that we need ourselves are put before it. */
void server_start(struct server *s, const char *const *argv);
void server_kill(struct server *s, bool hard);
void server_write(struct server *s, const char *data, size_t len);
void server_end_input(struct server *s);
void server_replace_file(struct server *s, const char *data, size_t len);
void server_signal(struct server *s, int sig);

/* What of its log is there, waiting for at most so many milliseconds. */
void server_listen(struct server *s, int timeout);
/* Until the counter has reached a value. */
void server_await(struct server *s, const size_t *counter, size_t value, const char *what);
/* Until all has been committed that the history has. */
void server_await_commits(struct server *s);
void server_show_log(const struct server *s, FILE *to);

/* ---- router ---- */

#define WANTS 80

struct timers {
	uint32_t refresh, retry, expire;
};

/* What all routers know of the cache that they talk to. */
struct cache {
	struct history *history;
	unsigned max_version;
	struct timers timers;
	uint32_t notify_interval;	/* seconds */
	bool stopping;			/* with Cache Shutdown */
};

enum want_kind { WANT_TABLE, WANT_DELTA, WANT_ERROR, WANT_END };

/* One answer that is due. */
struct want {
	enum want_kind kind;
	uint16_t session;	/* of a Serial Query ... */
	uint32_t serial;	/* ... and its serial */
	bool kept;		/* it was, when the query was sent */
	bool no_data;		/* there was none, likewise */
	uint32_t since;		/* the answer is of this serial or a later one */
	uint8_t version;	/* of an Error Report ... */
	uint16_t error;
	bool stays;		/* ... and the connection goes on after it */
	unsigned char query[24];	/* its start, which the report repeats */
	size_t query_len;
};

struct router {
	const char *name;
	struct cache *cache;
	int fd;			/* -1: not connected */
	int version;		/* of the session, -1 before */
	unsigned refusals;
	bool told;		/* our session ID, by a Cache Response of this connection */
	bool has_serial;	/* it holds the table of ... */
	uint16_t session;
	uint8_t held_version;
	uint32_t serial;
	uint32_t known;		/* on this connection: the newest serial that it was told of, 0 for none */
	bool excused;		/* by a Cache Reset at a serial that we can't know: no Notify is due */
	bool paused;		/* takes no data */
	bool ending;		/* the cache has to close once all wants are fulfilled */
	bool farewell;		/* it has sent Cache Shutdown */
	int64_t connected, notifies;	/* since when, in ms; how many */

	struct want wants[WANTS];
	size_t first, count;

	bool responding;	/* within a response */
	uint8_t *table;		/* RECORDS values, as the response makes them */
	uint8_t *mentioned;
	uint64_t place;
	size_t pdus;

	unsigned char *in;
	size_t in_len;
	unsigned char partial[24];	/* a query that was sent in part: all but held_bytes */
	size_t partial_len, held_bytes;
};

void router_init(struct router *r, const char *name, struct cache *cache);
void router_release(struct router *r);
void router_connect(struct router *r, uint16_t port, const char *path, int window);	/* path: of a unix socket, or NULL */
void router_close(struct router *r, bool abort);

/*
 * Send these bytes, which are PDUs, and expect what has to come.  Of the last PDU
 * so many bytes are left for router_send_rest().
 */
void router_send(struct router *r, const unsigned char *pdus, size_t len, size_t hold);
void router_send_rest(struct router *r);
void router_shut(struct router *r);
bool router_may_ask(const struct router *r);	/* it is there, and another query will be answered */

/* Read what is there.  True when nothing is due any more. */
bool router_read(struct router *r);
bool router_notify_due(const struct router *r);
void router_describe_dues(const struct router *r, FILE *to);

/* ---- walk ---- */

struct walk_config {
	const char *program, *clock_lib;
	uint64_t seed;
	size_t steps;
	const bool *left_out;	/* steps, NULL for none */
	bool verbose;
};

/* Take the steps; returns when all of them held. */
void walk(const struct walk_config *config);
void walk_clean_up(void);	/* the process and the files, also after a failure */
void walk_show(FILE *to);

#endif
