/* SPDX-License-Identifier: ISC */
/*
 * The reader's states:
 *
 *	START   nothing but comments so far: the next line tells framed from bare
 *	IDLE    framed, between blocks
 *	OPEN    in a block (head.kind tells which; a bare list is one, too)
 *	SKIP    behind a discarded block: wait for the next line that opens one
 */
#include "stream.h"

#include <errno.h>

#include "enc.h"
#include "line.h"
#include "num.h"
#include "stamp.h"

enum state { START, IDLE, OPEN, SKIP };

struct stream_reader {
	struct names *names;
	const struct stream_ops *ops;
	void *ctx;
	enum state state;
	enum block_kind kind;	/* of the open block */
	size_t line;
	struct buf carry;	/* the start of a line whose end has not come yet */
	bool overlong;		/* the rest of a line that was too long is dropped */
	struct line_scratch scratch;
};

struct stream_reader *
stream_reader_new(struct names *names, const struct stream_ops *ops, void *ctx)
{
	struct stream_reader *r = calloc(1, sizeof(*r));

	if (r) {
		r->names = names_ref(names);
		r->ops = ops;
		r->ctx = ctx;
	}
	return r;
}

void
stream_reader_free(struct stream_reader *r)
{
	if (!r)
		return;
	names_unref(r->names);
	buf_release(&r->carry);
	line_scratch_release(&r->scratch);
	free(r);
}

size_t
stream_line(const struct stream_reader *r)
{
	return r->line;
}

/* The next blank-separated token of *s, or false at the end. */
static bool
next_token(const char **s, const char *end, const char **token, size_t *len)
{
	while (*s < end && (**s == ' ' || **s == '\t'))
		(*s)++;
	*token = *s;
	while (*s < end && **s != ' ' && **s != '\t')
		(*s)++;
	*len = (size_t)(*s - *token);
	return *len > 0;
}

/* Is the token name=... ? */
static bool
has_name(const char *token, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && token[n] == '=' && memcmp(token, name, n) == 0;
}

int
block_attr(const struct block_head *head, const char *name, struct buf *value)
{
	const char *s = head->attrs, *end = s + head->attrs_len, *token;
	size_t len, n = strlen(name);

	while (next_token(&s, end, &token, &len))
		if (has_name(token, len, name))
			return percent_decode(value, token + n + 1, len - n - 1) < 0 ? -1 : 1;
	return 0;
}

/* Append the tokens between s and end, or only the one of a name where that is given. */
static int
add_tokens(struct buf *attrs, const char *s, const char *end, const char *name)
{
	const char *token;
	size_t len;

	while (next_token(&s, end, &token, &len)) {
		if (name && !has_name(token, len, name))
			continue;
		if ((attrs->len && buf_add(attrs, " ", 1) < 0) || buf_add(attrs, token, len) < 0)
			return -1;
	}
	return 0;
}

int
block_attrs_follow(struct buf *attrs, const struct block_head *head)
{
	static const char *const lasting[] = {"time", "source"};
	const char *s = head->attrs, *end = s + head->attrs_len, *token;
	bool inherited[ARRAY_LEN(lasting)];
	struct buf old = *attrs;
	size_t len;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
		inherited[i] = head->kind == BLOCK_DELTA && old.len;
	for (const char *p = s; next_token(&p, end, &token, &len);)
		for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
			inherited[i] = inherited[i] && !has_name(token, len, lasting[i]);
	buf_init(attrs);
	rc = add_tokens(attrs, s, end, NULL);
	for (size_t i = 0; i < ARRAY_LEN(lasting) && rc == 0; i++)
		if (inherited[i])
			rc = add_tokens(attrs, old.data, old.data + old.len, lasting[i]);
	buf_release(&old);
	return rc;
}

/* The block, or what should have been in one, is void. */
static int
discard(struct stream_reader *r, const struct vrp_err *reason)
{
	r->state = SKIP;
	return r->ops->discard ? r->ops->discard(r->ctx, reason) : 0;
}

static int
discard_line(struct stream_reader *r, const char *why)
{
	struct vrp_err err;

	vrp_err_clear(&err);
	vrp_err_at(&err, r->line, 0, "%s", why);
	return discard(r, &err);
}

static int
begin(struct stream_reader *r, const struct block_head *head)
{
	r->state = OPEN;
	r->kind = head->kind;
	return r->ops->begin ? r->ops->begin(r->ctx, head) : 0;
}

/* NULL when the attributes of a head are well-formed, else what is not. */
static const char *
parse_attrs(struct block_head *head)
{
	const char *s = head->attrs, *end = s + head->attrs_len, *token;
	size_t len;

	head->time = STAMP_UNKNOWN;
	while (next_token(&s, end, &token, &len)) {
		const char *eq = memchr(token, '=', len);

		if (!eq || eq == token)
			return "block attribute is not name=value";
		if (len < 5 || memcmp(token, "time=", 5) != 0)
			continue;
		if (head->time != STAMP_UNKNOWN)
			return "block attribute 'time' is given twice";
		if (!stamp_parse(token + 5, len - 5, &head->time))
			return "block attribute 'time' is not an RFC 3339 time";
	}
	return NULL;
}

/* Is the line this keyword, alone or with attributes behind it? */
static bool
keyword(const char *s, size_t len, const char *word, size_t n)
{
	return len >= n && memcmp(s, word, n) == 0 && (len == n || s[n] == ' ' || s[n] == '\t');
}

static int
take_head(struct stream_reader *r, enum block_kind kind, const char *attrs, size_t len)
{
	struct block_head head = {.kind = kind, .attrs = attrs, .attrs_len = len};
	const char *why;
	int rc = 0;

	if (r->state == OPEN)
		rc = discard_line(r, r->kind == BLOCK_BARE ? "a block after records outside of one"
							   : "a block begins before the one before it has ended");
	if (rc)
		return rc;
	while (head.attrs_len && (*head.attrs == ' ' || *head.attrs == '\t')) {
		head.attrs++;
		head.attrs_len--;
	}
	why = parse_attrs(&head);
	return why ? discard_line(r, why) : begin(r, &head);
}

static int
take_end(struct stream_reader *r)
{
	if (r->state == SKIP)
		return 0;
	if (r->state != OPEN || r->kind == BLOCK_BARE)
		return discard_line(r, "~end without a block");
	r->state = IDLE;
	return r->ops->end ? r->ops->end(r->ctx) : 0;
}

static int
take_record(struct stream_reader *r, const char *s, size_t len)
{
	static const struct block_head bare = {.kind = BLOCK_BARE, .time = STAMP_UNKNOWN, .attrs = ""};
	struct vrp_err err;
	struct payload p;
	char sign = 0;
	int rc;

	if (r->state == SKIP)
		return 0;
	if (r->state == IDLE)
		return discard_line(r, "record outside of a block");
	if (r->state == START && (rc = begin(r, &bare)) != 0)
		return rc;
	if (r->kind == BLOCK_DELTA) {
		if (*s != '+' && *s != '-')
			return discard_line(r, "record without + or - in a delta");
		sign = *s++;
		len--;
	}
	vrp_err_clear(&err);
	err.line = r->line;
	if (line_parse(s, len, r->names, &r->scratch, &p, &err) < 0) {
		err.column += err.column && sign;
		return discard(r, &err);
	}
	return r->ops->record ? r->ops->record(r->ctx, sign, &p, s, len) : 0;
}

/* One line without its newline. */
static int
take_line(struct stream_reader *r, const char *s, size_t len)
{
	r->line++;
	if (len && s[len - 1] == '\r')
		len--;
	if (len == 0 || *s == '#')
		return 0;
	if (VRP_LIKELY(*s != '%' && *s != '~'))
		return take_record(r, s, len);
	if (keyword(s, len, "%snapshot", 9))
		return take_head(r, BLOCK_SNAPSHOT, s + 9, len - 9);
	if (keyword(s, len, "%delta", 6))
		return take_head(r, BLOCK_DELTA, s + 6, len - 6);
	if (keyword(s, len, "~end", 4))
		return take_end(r);
	if (r->state == START)
		r->state = IDLE;
	return r->state != SKIP && r->ops->other ? r->ops->other(r->ctx, s, len) : 0;
}

/*
 * Almost every line in a block is a VRP as we write it: take these, whole lines
 * only, up to the first that is anything else.  Returns that one.
 */
static const char *
take_vrps(struct stream_reader *r, const char *data, const char *end, int *rc)
{
	struct payload p = {.kind = PAYLOAD_VRP};
	size_t signs = r->kind == BLOCK_DELTA;

	for (*rc = 0; *rc == 0 && data < end;) {
		const char *line = data + signs, *next;

		if (signs && *data != '+' && *data != '-')
			break;
		next = line_scan_vrp(line, end, r->names, &p.vrp);
		if (!next)
			break;
		r->line++;
		if (r->ops->record)
			*rc = r->ops->record(r->ctx, signs ? *data : 0, &p, line, (size_t)(next - 1 - line));
		data = next;
	}
	return data;
}

static int
take_overlong(struct stream_reader *r)
{
	r->line++;
	buf_reset(&r->carry);
	r->overlong = true;
	return r->state == SKIP ? 0 : discard_line(r, "line longer than 1 MiB");
}

/*
 * Stopped within a piece of input, whose rest is lost: what is left of this
 * block must never be taken for all of it.
 */
static int
give_up(struct stream_reader *r, int rc)
{
	r->state = SKIP;
	r->overlong = true;
	buf_reset(&r->carry);
	return rc;
}

int
stream_feed(struct stream_reader *r, const char *data, size_t len)
{
	const char *end = data + len;
	int rc = 0;

	while (data < end) {
		const char *nl, *stop;
		size_t n;

		if (r->state == OPEN && r->carry.len == 0) {
			data = take_vrps(r, data, end, &rc);
			if (rc)
				return give_up(r, rc);
			if (data == end)
				break;
		}
		nl = memchr(data, '\n', (size_t)(end - data));
		stop = nl ? nl : end;
		n = (size_t)(stop - data);
		if (r->overlong) {
			r->overlong = !nl;
		} else if (r->carry.len + n > LINE_MAX_BYTES) {
			rc = take_overlong(r);
			r->overlong = !nl;
		} else if (nl && r->carry.len == 0) {
			rc = take_line(r, data, n);
		} else {
			if (buf_add(&r->carry, data, n) < 0)
				return give_up(r, -1);
			if (nl) {
				rc = take_line(r, r->carry.data ? r->carry.data : "", r->carry.len);
				buf_reset(&r->carry);
			}
		}
		if (rc)
			return give_up(r, rc);
		data = nl ? nl + 1 : end;
	}
	return 0;
}

/* The next byte is the first of another stream. */
static void
restart(struct stream_reader *r)
{
	buf_reset(&r->carry);
	r->state = START;
	r->overlong = false;
	r->line = 0;
}

int
stream_break(struct stream_reader *r)
{
	int rc = r->state == OPEN ? discard_line(r, "input broke off") : 0;

	restart(r);
	return rc;
}

int
stream_finish(struct stream_reader *r)
{
	int rc = 0;

	/* A last line without newline: whole in a bare list, as grep and echo -n leave it; cut short in a block. */
	if (r->carry.len) {
		if (r->state == OPEN && r->kind != BLOCK_BARE && !keyword(r->carry.data, r->carry.len, "~end", 4))
			r->line++;
		else
			rc = take_line(r, r->carry.data, r->carry.len);
		buf_reset(&r->carry);
	}
	if (rc == 0 && r->state == OPEN) {
		if (r->kind == BLOCK_BARE)
			rc = r->ops->end ? r->ops->end(r->ctx) : 0;
		else
			rc = discard_line(r, "input ended inside a block");
	}
	restart(r);
	return rc;
}

void
stream_write_begin(struct out *out, enum block_kind kind, const struct block_attrs *attrs)
{
	struct buf source = BUF_INIT;
	char stamp[STAMP_MAX];

	out_addf(out, "%s", kind == BLOCK_DELTA ? "%delta" : "%snapshot");
	if (attrs->time != STAMP_UNKNOWN) {
		stamp_format(attrs->time, stamp);
		out_addf(out, " time=%s", stamp);
	}
	if (attrs->source) {
		if (percent_encode(&source, attrs->source, strlen(attrs->source)) < 0)
			out->error = out->error ? out->error : ENOMEM;
		else
			out_addf(out, " source=%.*s", (int)source.len, source.data);
		buf_release(&source);
	}
	if (attrs->session >= 0)
		out_addf(out, " session=%d", (int)attrs->session);
	if (attrs->serial >= 0)
		out_addf(out, " serial=%lld", (long long)attrs->serial);
	out_add(out, "\n", 1);
}

void
stream_write_head(struct out *out, enum block_kind kind, const char *attrs, size_t len)
{
	out_addf(out, "%s", kind == BLOCK_DELTA ? "%delta" : "%snapshot");
	if (len)
		out_add(out, " ", 1);
	out_add(out, attrs, len);
	out_add(out, "\n", 1);
}

void
stream_write_end(struct out *out)
{
	out_add(out, "~end\n", 5);
}

static void
write_vrps(struct out *out, char sign, const struct vrp *vrps, size_t count, const struct names *names)
{
	for (size_t i = 0; i < count; i++) {
		char *start = out_room(out, LINE_VRP_MAX), *dst = start;

		if (!start)
			return;
		if (sign)
			*dst++ = sign;
		dst = line_format_vrp(dst, &vrps[i], names);
		*dst++ = '\n';
		out_advance(out, (size_t)(dst - start));
	}
}

/* Every record of set but the ASPAs whose customer `except`, unless NULL, holds too. */
static void
write_records(struct out *out, char sign, const struct vrpset *set, const struct vrpset *except)
{
	const struct names *names = vrpset_names(set);
	size_t n, skip_count = 0, skip = 0;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct router_key *keys;
	const struct aspa *aspas, *skips = except ? vrpset_aspas(except, &skip_count) : NULL;

	write_vrps(out, sign, vrps, n, names);
	keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++)
		line_write(out, sign, &(struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = keys[i]}, names);
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++) {
		while (skip < skip_count && skips[skip].customer < aspas[i].customer)
			skip++;
		if (skip == skip_count || skips[skip].customer != aspas[i].customer)
			line_write(out, sign, &(struct payload){.kind = PAYLOAD_ASPA, .aspa = aspas[i]}, names);
	}
}

void
stream_write_records(struct out *out, char sign, const struct vrpset *set)
{
	write_records(out, sign, set, NULL);
}

void
stream_write_changes(struct out *out, const struct delta *delta)
{
	write_records(out, '-', delta->withdrawn, delta->announced);
	stream_write_records(out, '+', delta->announced);
}

void
stream_write_snapshot(struct out *out, const struct block_attrs *attrs, const struct vrpset *set)
{
	stream_write_begin(out, BLOCK_SNAPSHOT, attrs);
	stream_write_records(out, 0, set);
	stream_write_end(out);
}

void
stream_write_delta(struct out *out, const struct block_attrs *attrs, const struct delta *delta)
{
	stream_write_begin(out, BLOCK_DELTA, attrs);
	stream_write_changes(out, delta);
	stream_write_end(out);
}
