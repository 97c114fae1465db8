/* SPDX-License-Identifier: ISC */
/*
 * Reading applies nothing step by step, for a table may have a million records
 * and a thousand steps: the net of all steps goes onto the first table at once,
 * and the annotations last announced onto the result.
 */
#include "rtr_journal.h"

#include <errno.h>

#include "annotate.h"
#include "delta.h"
#include "enc.h"
#include "num.h"
#include "stream.h"

#define TITLE "# rtr-serve state "
#define SEAL "# sha256 "
#define SEAL_DIGITS (2 * SIG_HASH_LEN)
#define ATTRS_MAX 128

/* ---- writing */

static void
hash_text(void *ctx, const void *data, size_t len)
{
	sig_hash_add(ctx, data, len);
}

void
rtr_journal_begin(struct rtr_journal *j, int fd, const char *seal)
{
	out_init(&j->out, fd);
	j->out.tap = hash_text;
	j->out.tap_ctx = &j->hash;
	sig_hash_begin(&j->hash);
	if (seal)
		sig_hash_add(&j->hash, seal, RTR_JOURNAL_SEAL_LEN);
	else
		out_addf(&j->out, TITLE "%d\n", RTR_JOURNAL_VERSION);
}

/* Open a block; more is what else it has for attributes. */
static void
write_head(struct rtr_journal *j, enum block_kind kind, uint32_t serial, const char *more, int64_t time)
{
	char attrs[ATTRS_MAX], stamp[STAMP_MAX];
	int len = snprintf(attrs, sizeof(attrs), "serial=%u%s", serial, more);

	if (time != STAMP_UNKNOWN) {
		stamp_format(time, stamp);
		len += snprintf(attrs + len, sizeof(attrs) - (size_t)len, " time=%s", stamp);
	}
	stream_write_head(&j->out, kind, attrs, (size_t)len);
}

static void
write_table(struct rtr_journal *j, const uint16_t sessions[RTR_VERSIONS], uint32_t serial, int64_t time,
	    const struct vrpset *set)
{
	char more[48];

	snprintf(more, sizeof(more), " sessions=%u,%u,%u", sessions[0], sessions[1], sessions[2]);
	write_head(j, BLOCK_SNAPSHOT, serial, more, time);
	stream_write_records(&j->out, 0, set);
	stream_write_end(&j->out);
}

static void
write_delta(struct rtr_journal *j, uint32_t serial, int64_t time, const struct vrpset *withdrawn,
	    const struct vrpset *announced)
{
	write_head(j, BLOCK_DELTA, serial, "", time);
	if (withdrawn)
		stream_write_records(&j->out, '-', withdrawn);
	if (announced)
		stream_write_records(&j->out, '+', announced);
	stream_write_end(&j->out);
}

void
rtr_journal_write_step(struct rtr_journal *j, uint32_t serial, int64_t time, const struct delta *step)
{
	write_delta(j, serial, time, step->withdrawn, step->announced);
}

void
rtr_journal_write_renewal(struct rtr_journal *j, uint32_t serial, int64_t time, const struct vrpset *records)
{
	write_delta(j, serial, time, NULL, records);
}

/* The table that the first step leads from; NULL when memory is out. */
static struct vrpset *
oldest_table(const struct rtr_snapshot *s)
{
	struct delta net = DELTA_INIT, undo;
	struct vrpset *set;

	if (s->step_count == 0)
		return vrpset_ref(s->set);
	if (delta_fold(s->steps, s->step_count, &net) < 0)
		return NULL;
	undo = (struct delta){.withdrawn = net.announced, .announced = net.withdrawn};
	set = delta_apply(s->set, &undo, NULL);
	delta_release(&net);
	return set;
}

/* With annotations of now wherever a record is still there, so that they are what reading ends with. */
static int
write_steps(struct rtr_journal *j, const struct rtr_snapshot *s)
{
	for (size_t i = 0; i < s->step_count; i++) {
		bool last = i + 1 == s->step_count;
		struct vrpset *announced = annotate_like(s->steps[i].announced, s->set);

		if (!announced)
			return -1;
		write_delta(j, last ? s->serial : s->from[i + 1], last ? s->data_time : STAMP_UNKNOWN, s->steps[i].withdrawn,
			    announced);
		vrpset_unref(announced);
	}
	return 0;
}

int
rtr_journal_write_all(struct rtr_journal *j, const struct rtr_snapshot *s)
{
	struct vrpset *oldest = oldest_table(s);

	if (!oldest)
		return -1;
	if (s->step_count)
		write_table(j, s->sessions, s->from[0], STAMP_UNKNOWN, oldest);
	else
		write_table(j, s->sessions, s->serial, s->data_time, oldest);
	vrpset_unref(oldest);
	return write_steps(j, s);
}

static void
make_seal(const uint8_t hash[SIG_HASH_LEN], char seal[RTR_JOURNAL_SEAL_LEN])
{
	char *end = seal + strlen(SEAL);

	memcpy(seal, SEAL, strlen(SEAL));
	end = hex_encode_lower(end, hash, SIG_HASH_LEN);
	*end = '\n';
}

int
rtr_journal_end(struct rtr_journal *j, char seal[RTR_JOURNAL_SEAL_LEN], uint64_t *bytes)
{
	uint8_t hash[SIG_HASH_LEN];
	int rc = out_flush(&j->out), error = errno;

	j->out.tap = NULL;
	if (sig_hash_end(&j->hash, hash) < 0 && rc == 0) {
		rc = -1;
		error = ENOMEM;
	}
	if (rc == 0) {
		make_seal(hash, seal);
		out_add(&j->out, seal, RTR_JOURNAL_SEAL_LEN);
		rc = out_flush(&j->out);
		error = errno;
	}
	*bytes = out_at(&j->out);
	out_release(&j->out);
	errno = error;
	return rc;
}

/* ---- reading */

/* A growing array of what has a size of its own. */
struct list {
	void *items;
	size_t count, room;
};

struct reading {
	struct names *names;
	struct vrp_err *err;
	bool open;		/* a block is */
	bool nomem;
	enum block_kind kind;	/* of it */
	bool renewal;
	uint32_t serial, next;	/* before and after the open block */
	int64_t time;
	uint16_t sessions[RTR_VERSIONS];
	struct vrpset *table;	/* the snapshot */
	struct vrpset_builder *withdrawn, *announced;
	struct list from;	/* uint32_t: of each step */
	struct list steps;	/* struct delta */
	struct list latest;	/* struct vrpset *: what each delta announced */
};

static void *
list_add(struct list *l, size_t size)
{
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		void *p = realloc(l->items, room * size);

		if (!p)
			return NULL;
		l->items = p;
		l->room = room;
	}
	return (char *)l->items + size * l->count++;
}

static int
out_of_memory(struct reading *r)
{
	r->nomem = true;
	return -1;
}

/* 1: what was read is not as it was written. */
static int
bad(struct reading *r, const char *why)
{
	vrp_err_set(r->err, "%s", why);
	return 1;
}

/* A set could not be made: of what was read, or for want of memory. */
static int
no_set(struct reading *r)
{
	struct vrp_err nomem;

	vrp_err_nomem(&nomem);
	return r->err->msg[0] && strcmp(r->err->msg, nomem.msg) != 0 ? 1 : out_of_memory(r);
}

/* "1,2,3" */
static bool
parse_sessions(const char *s, size_t len, uint16_t sessions[RTR_VERSIONS])
{
	const char *end = s + len;

	for (int v = 0; v < RTR_VERSIONS; v++) {
		const char *stop = v + 1 < RTR_VERSIONS ? memchr(s, ',', (size_t)(end - s)) : end;
		uint32_t n;

		if (!stop || !num_u32(s, (size_t)(stop - s), &n) || n > UINT16_MAX)
			return false;
		sessions[v] = (uint16_t)n;
		s = stop + 1;
	}
	return true;
}

/* 1 found and good, 0 not, -1 when memory is out. */
static int
read_attrs(struct reading *r, const struct block_head *head)
{
	struct buf value = BUF_INIT;
	int rc = block_attr(head, "serial", &value);

	if (rc > 0 && (!num_u32(value.data, value.len, &r->next) || r->next == 0))
		rc = 0;
	if (rc > 0 && head->kind == BLOCK_SNAPSHOT) {
		buf_reset(&value);
		rc = block_attr(head, "sessions", &value);
		if (rc > 0 && (!value.len || !parse_sessions(value.data, value.len, r->sessions)))
			rc = 0;
	}
	buf_release(&value);
	return rc;
}

static int
on_begin(void *ctx, const struct block_head *head)
{
	struct reading *r = ctx;
	int rc;

	if (head->kind == BLOCK_BARE || (head->kind == BLOCK_DELTA) != (r->table != NULL))
		return bad(r, "not one snapshot and its deltas");
	rc = read_attrs(r, head);
	if (rc <= 0)
		return rc < 0 ? out_of_memory(r) : bad(r, "a block without its serial or session IDs");
	r->open = true;
	r->kind = head->kind;
	r->renewal = head->kind == BLOCK_DELTA && r->next == r->serial;
	if (head->time != STAMP_UNKNOWN)
		r->time = head->time;
	r->announced = vrpset_builder_new(r->names);
	r->withdrawn = vrpset_builder_new(r->names);
	return r->announced && r->withdrawn ? 0 : out_of_memory(r);
}

static int
on_record(void *ctx, char sign, const struct payload *p, const char *line VRP_UNUSED, size_t len VRP_UNUSED)
{
	struct reading *r = ctx;

	if (sign == '-' && r->renewal)
		return bad(r, "a record is withdrawn without a new serial");
	return vrpset_add(sign == '-' ? r->withdrawn : r->announced, p) < 0 ? out_of_memory(r) : 0;
}

/* Keep a delta: what it announces in any case, and all of it when it is a step.  Takes it over. */
static int
keep_delta(struct reading *r, struct delta *d)
{
	struct vrpset **latest = list_add(&r->latest, sizeof(struct vrpset *));
	struct delta *step;
	uint32_t *from;

	if (latest)
		*latest = vrpset_ref(d->announced);
	if (latest && r->renewal) {
		delta_release(d);
		return 0;
	}
	from = latest ? list_add(&r->from, sizeof(*from)) : NULL;
	step = from ? list_add(&r->steps, sizeof(*step)) : NULL;
	if (!step) {
		delta_release(d);
		return out_of_memory(r);
	}
	*from = r->serial;
	*step = *d;
	return 0;
}

static int
on_end(void *ctx)
{
	struct reading *r = ctx;
	struct delta d = {.announced = vrpset_finish(r->announced, r->err)};
	int rc = 0;

	d.withdrawn = vrpset_finish(r->withdrawn, r->err);
	r->announced = r->withdrawn = NULL;
	r->open = false;
	if (!d.announced || !d.withdrawn) {
		delta_release(&d);
		return no_set(r);
	}
	if (r->kind == BLOCK_DELTA) {
		rc = keep_delta(r, &d);
	} else {
		r->table = vrpset_ref(d.announced);
		delta_release(&d);
	}
	r->serial = r->next;
	return rc;
}

static int
on_discard(void *ctx, const struct vrp_err *reason)
{
	struct reading *r = ctx;

	vrp_err_set(r->err, "%s", reason->msg);
	return 1;
}

/* The annotations announced last, of blocks lo to hi - 1. */
static struct vrpset *
fold_latest(struct vrpset *const *sets, size_t count)
{
	struct vrpset *a, *b, *both = NULL;

	if (count == 1)
		return vrpset_ref(*sets);
	a = fold_latest(sets, count / 2);
	b = fold_latest(sets + count / 2, count - count / 2);
	if (a && b)
		both = annotate_overlay(a, b);
	vrpset_unref(a);
	vrpset_unref(b);
	return both;
}

/* The table behind all blocks; NULL when memory is out, or with a reason. */
static struct vrpset *
last_table(const struct reading *r)
{
	struct delta net = DELTA_INIT;
	struct vrpset *set = vrpset_ref(r->table), *latest, *next;

	if (r->steps.count && delta_fold(r->steps.items, r->steps.count, &net) == 0) {
		next = delta_apply(set, &net, r->err);
		delta_release(&net);
		vrpset_unref(set);
		set = next;
	}
	if (!set || !r->latest.count)
		return set;
	latest = fold_latest(r->latest.items, r->latest.count);
	next = latest ? annotate_like(set, latest) : NULL;
	vrpset_unref(latest);
	vrpset_unref(set);
	return next;
}

static int
make_snapshot(struct reading *r, struct rtr_journal_contents *out)
{
	struct rtr_snapshot *s = rtr_snapshot_new(r->steps.count);

	if (!s)
		return out_of_memory(r);
	s->set = last_table(r);
	if (!s->set) {
		rtr_snapshot_unref(s);
		return no_set(r);
	}
	s->serial = r->serial;
	s->data_time = r->time;
	memcpy(s->sessions, r->sessions, sizeof(s->sessions));
	for (size_t i = 0; i < s->step_count; i++) {
		s->from[i] = ((uint32_t *)r->from.items)[i];
		s->steps[i] = ((struct delta *)r->steps.items)[i];
	}
	r->steps.count = 0;
	out->snapshot = s;
	return 0;
}

/* Where the seal of the part at `at` begins, or NULL. */
static const char *
find_seal(const char *at, const char *end)
{
	const char *nl = memmem(at, (size_t)(end - at), "\n" SEAL, strlen("\n" SEAL));

	return nl ? nl + 1 : NULL;
}

/* Does the seal, if it is all there, seal the bytes from `from` on? */
static bool
is_sealed(const char *from, const char *seal, const char *end)
{
	uint8_t hash[SIG_HASH_LEN];
	char right[RTR_JOURNAL_SEAL_LEN];

	if (end - seal < RTR_JOURNAL_SEAL_LEN || sig_hash(from, (size_t)(seal - from), hash) < 0)
		return false;
	make_seal(hash, right);
	return memcmp(seal, right, RTR_JOURNAL_SEAL_LEN) == 0;
}

/* Read the parts; 1 when what is wrong is more than a torn end. */
static int
read_parts(struct reading *r, struct stream_reader *reader, const char *text, size_t len, struct rtr_journal_contents *out)
{
	const char *end = text + len, *at = text, *from = text;

	while (at < end) {
		const char *seal = find_seal(at, end), *next;
		int rc;

		if (!seal || !is_sealed(from, seal, end)) {
			r->err->line = stream_line(reader) + 1;
			if (at == text || (seal && find_seal(seal, end)))
				return bad(r, "what begins here is not what was written, by its SHA-256");
			out->torn_line = r->err->line;
			return 0;
		}
		next = seal + RTR_JOURNAL_SEAL_LEN;
		rc = stream_feed(reader, at, (size_t)(next - at));
		r->err->line = stream_line(reader);
		if (rc)
			return rc;
		if (r->open)
			return bad(r, "a block without its end");
		memcpy(out->seal, seal, RTR_JOURNAL_SEAL_LEN);
		from = seal;
		at = next;
		out->len = (size_t)(at - text);
	}
	return 0;
}

/* The first line says what it is. */
static int
check_title(struct reading *r, const char *text, size_t len)
{
	static const char title[] = TITLE;
	const char *version = text + strlen(title), *nl;
	uint32_t n;

	r->err->line = 1;
	if (len < strlen(title) || memcmp(text, title, strlen(title)) != 0)
		return bad(r, "not a state of rtr-serve");
	nl = memchr(version, '\n', len - strlen(title));
	if (!nl || !num_u32(version, (size_t)(nl - version), &n))
		return bad(r, "not a state of rtr-serve");
	if (n != RTR_JOURNAL_VERSION)
		return vrp_err_set(r->err, "a state of version %u, which is not known here", n) < 0;
	return 0;
}

static void
release(struct reading *r)
{
	vrpset_builder_free(r->announced);
	vrpset_builder_free(r->withdrawn);
	for (size_t i = 0; i < r->steps.count; i++)
		delta_release((struct delta *)r->steps.items + i);
	for (size_t i = 0; i < r->latest.count; i++)
		vrpset_unref(((struct vrpset **)r->latest.items)[i]);
	free(r->steps.items);
	free(r->latest.items);
	free(r->from.items);
	vrpset_unref(r->table);
}

int
rtr_journal_read(const char *text, size_t len, struct names *names, struct rtr_journal_contents *out, struct vrp_err *err)
{
	static const struct stream_ops ops = {.begin = on_begin, .record = on_record, .end = on_end, .discard = on_discard};
	struct reading r = {.names = names, .err = err, .time = STAMP_UNKNOWN};
	struct stream_reader *reader = stream_reader_new(names, &ops, &r);
	int rc;

	*out = (struct rtr_journal_contents){0};
	vrp_err_clear(err);
	rc = reader ? check_title(&r, text, len) : -1;
	if (rc == 0)
		rc = read_parts(&r, reader, text, len, out);
	if (rc == 0 && !r.table)
		rc = bad(&r, "there is no table in it");
	if (rc == 0)
		rc = make_snapshot(&r, out);
	stream_reader_free(reader);
	release(&r);
	return r.nomem ? -1 : rc;
}
