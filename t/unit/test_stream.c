/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "line.h"

/* Everything that a reader called, as text. */
struct tape {
	struct buf text;
	struct names *names;
	int stop_at_record;	/* return 7 at the n-th record, counted down */
};

static int
on_begin(void *ctx, const struct block_head *head)
{
	static const char *const kinds[] = {"bare", "snapshot", "delta"};
	struct tape *t = ctx;
	char stamp[STAMP_MAX] = "-";

	if (head->time != STAMP_UNKNOWN)
		stamp_format(head->time, stamp);
	return buf_addf(&t->text, "begin %s %s [%.*s]\n", kinds[head->kind], stamp, (int)head->attrs_len, head->attrs);
}

static int
on_record(void *ctx, char sign, const struct payload *p, const char *line, size_t len)
{
	struct tape *t = ctx;
	struct out o = memory_out();
	char *text;
	int rc;

	line_write(&o, sign, p, t->names);
	text = memory_done(&o, NULL);
	rc = buf_addf(&t->text, "record %.*s|%s", (int)len, line, text);
	free(text);
	if (t->stop_at_record && --t->stop_at_record == 0)
		return 7;
	return rc;
}

static int
on_end(void *ctx)
{
	return buf_addf(&((struct tape *)ctx)->text, "end\n");
}

static int
on_discard(void *ctx, const struct vrp_err *e)
{
	return buf_addf(&((struct tape *)ctx)->text, "discard %zu:%zu %s\n", e->line, e->column, e->msg);
}

static int
on_other(void *ctx, const char *line, size_t len)
{
	return buf_addf(&((struct tape *)ctx)->text, "other %.*s\n", (int)len, line);
}

static const struct stream_ops ops = {on_begin, on_record, on_end, on_discard, on_other};

/* Feed text in pieces of chunk bytes, each in memory of its own; the tape as a string, which the caller frees. */
static char *
play(const char *text, size_t len, size_t chunk)
{
	struct tape t = {.names = names_new()};
	struct stream_reader *r = stream_reader_new(t.names, &ops, &t);

	assert_non_null(r);
	for (size_t at = 0; at < len; at += chunk) {
		size_t n = len - at < chunk ? len - at : chunk;
		char *piece = malloc(n);

		assert_non_null(piece);
		memcpy(piece, text + at, n);
		assert_int_equal(stream_feed(r, piece, n), 0);
		free(piece);
	}
	assert_int_equal(stream_finish(r), 0);
	stream_reader_free(r);
	names_unref(t.names);
	assert_int_equal(buf_add(&t.text, "", 1), 0);
	return t.text.data;
}

static void
assert_play(const char *text, const char *want)
{
	char *got = play(text, strlen(text), strlen(text) + 1);

	assert_string_equal(got, want);
	free(got);
}

static void
test_events(void **state)
{
	static const char *const cases[][2] = {
		/* Nothing is no table. */
		{"", ""},
		{"\n\n# just words\n", ""},
		/* Bare lists. */
		{"1.0.0.0/24 24 1\n", "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n"},
		{"1.0.0.0/24 24 1", "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n"},
		{"# c\n\n1.0.0.0/24 24 1\r\n#%snapshot\n", "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n"},
		{"1.0.0.0/24 24 1\n%foo\n2.0.0.0/24 24 1\n",
		 "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nother %foo\n"
		 "record 2.0.0.0/24 24 1|2.0.0.0/24 24 AS1 - -\nend\n"},
		{"1.0.0.0/24 24 1\nbad\n2.0.0.0/24 24 1\n",
		 "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\ndiscard 2:1 no record: 'bad'\n"},
		{"1.0.0.0/24 24 1\n~end\n",
		 "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\ndiscard 2:0 ~end without a block\n"},
		{"1.0.0.0/24 24 1\n%snapshot\n2.0.0.0/24 24 1\n~end\n",
		 "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\n"
		 "discard 2:0 a block after records outside of one\n"
		 "begin snapshot - []\nrecord 2.0.0.0/24 24 1|2.0.0.0/24 24 AS1 - -\nend\n"},
		{"+1.0.0.0/24 24 1\n", "begin bare - []\ndiscard 1:1 bad address '+1.0.0.0/24'\n"},
		{" \n", "begin bare - []\ndiscard 1:1 empty record\n"},
		/* Snapshots. */
		{"%snapshot\n~end\n", "begin snapshot - []\nend\n"},
		{"%snapshot\n~end", "begin snapshot - []\nend\n"},
		{"%snapshot\r\n1.0.0.0/24 24 1\r\n~end\r\n",
		 "begin snapshot - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n"},
		{"%snapshot \t time=2026-11-23T00:00:00Z  a=b%20c \n~end \n",
		 "begin snapshot 2026-11-23T00:00:00Z [time=2026-11-23T00:00:00Z  a=b%20c ]\nend\n"},
		{"%snapshot\n~end\n%snapshot\n~end\n", "begin snapshot - []\nend\nbegin snapshot - []\nend\n"},
		{"%snapshot\n# c\n\n%foo a\n~bar\n~end\n%foo\n",
		 "begin snapshot - []\nother %foo a\nother ~bar\nend\nother %foo\n"},
		{"%snapshots\n%snapshot\n~ending\n~end\n", "other %snapshots\nbegin snapshot - []\nother ~ending\nend\n"},
		{"%SNAPSHOT\n~END\n", "other %SNAPSHOT\nother ~END\n"},
		/* Blocks cut short or broken. */
		{"%snapshot\n", "begin snapshot - []\ndiscard 1:0 input ended inside a block\n"},
		{"%snapshot\n1.0.0.0/24 24 1\n",
		 "begin snapshot - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\ndiscard 2:0 input ended inside a block\n"},
		/* The last line is cut too: it is not looked into. */
		{"%snapshot\n1.0.0.0/24 24 1\n1.0.0.0/24 24 AS13",
		 "begin snapshot - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\ndiscard 3:0 input ended inside a block\n"},
		{"%snapshot\n~en", "begin snapshot - []\ndiscard 2:0 input ended inside a block\n"},
		{"%snapshot\nbad\n1.0.0.0/24 24 1\n~end\n%snapshot\n~end\n",
		 "begin snapshot - []\ndiscard 2:1 no record: 'bad'\nbegin snapshot - []\nend\n"},
		{"%snapshot\n%snapshot\n~end\n",
		 "begin snapshot - []\ndiscard 2:0 a block begins before the one before it has ended\n"
		 "begin snapshot - []\nend\n"},
		{"~end\n", "discard 1:0 ~end without a block\n"},
		{"%snapshot\n~end\n~end\n", "begin snapshot - []\nend\ndiscard 3:0 ~end without a block\n"},
		{"%snapshot\n~end\n1.0.0.0/24 24 1\n2.0.0.0/24 24 1\n%snapshot\n~end\n",
		 "begin snapshot - []\nend\ndiscard 3:0 record outside of a block\nbegin snapshot - []\nend\n"},
		{"%foo\n1.0.0.0/24 24 1\n", "other %foo\ndiscard 2:0 record outside of a block\n"},
		/* Attributes. */
		{"%snapshot x\n~end\n%snapshot =x\n~end\n%snapshot x=\n~end\n",
		 "discard 1:0 block attribute is not name=value\ndiscard 3:0 block attribute is not name=value\n"
		 "begin snapshot - [x=]\nend\n"},
		{"%delta time=yesterday\n~end\n", "discard 1:0 block attribute 'time' is not an RFC 3339 time\n"},
		{"%delta time=2026-11-23T00:00:00Z a=b time=2026-11-23T00:00:00Z\n~end\n",
		 "discard 1:0 block attribute 'time' is given twice\n"},
		{"%delta timezone=x\n~end\n", "begin delta - [timezone=x]\nend\n"},
		/* Deltas. */
		{"%delta\n+1.0.0.0/24 24 1\n-2.0.0.0/24 24 AS1\n~end\n",
		 "begin delta - []\nrecord 1.0.0.0/24 24 1|+1.0.0.0/24 24 AS1 - -\n"
		 "record 2.0.0.0/24 24 AS1|-2.0.0.0/24 24 AS1 - -\nend\n"},
		{"%delta\n1.0.0.0/24 24 1\n~end\n", "begin delta - []\ndiscard 2:0 record without + or - in a delta\n"},
		{"%delta\n +1.0.0.0/24 24 1\n~end\n", "begin delta - []\ndiscard 2:0 record without + or - in a delta\n"},
		{"%delta\n+\n~end\n", "begin delta - []\ndiscard 2:2 empty record\n"},
		{"%delta\n+1.0.0.0/24 99 1\n~end\n", "begin delta - []\ndiscard 2:13 maximum length out of range '99'\n"},
		{"%delta\n--1.0.0.0/24 24 1\n~end\n", "begin delta - []\ndiscard 2:2 bad address '-1.0.0.0/24'\n"},
		{"%snapshot\n+1.0.0.0/24 24 1\n~end\n", "begin snapshot - []\ndiscard 2:1 bad address '+1.0.0.0/24'\n"},
		{"%delta\n# c\n\n~foo\n-aspa 1 2\n~end", "begin delta - []\nother ~foo\nrecord aspa 1 2|-aspa AS1 AS2 - -\nend\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_play(cases[i][0], cases[i][1]);
}

static const char sample[] =
	"# a stream with everything in it\r\n"
	"%snapshot time=2026-11-23T00:00:00Z source=https://validator.example/rpki.json\n"
	"1.0.0.0/24 24 AS13335 apnic 1795942462\n"
	"2001:db8::/32 48 AS64496 - -\r\n"
	"\n"
	"router-key AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC ripe 1795942462\n"
	"aspa AS64496 AS64497,AS64498 - -\n"
	"~end\n"
	"%hint to somebody else\n"
	"%delta serial=2\n"
	"-1.0.0.0/24 24 AS13335\n"
	"+1.0.4.0/22 22 AS38803 apnic 1795942999\n"
	"~end\n"
	"%snapshot\n"
	"1.0.0.1/24 24 1\n"
	"this is skipped\n"
	"~end\n"
	"%snapshot\n"
	"~end\n";

static void
test_chunk_sizes(void **state)
{
	char *whole = play(sample, sizeof(sample) - 1, sizeof(sample));

	(void)state;
	assert_non_null(strstr(whole, "discard 15:1 host bits set"));
	for (size_t chunk = 1; chunk < sizeof(sample); chunk++) {
		char *got = play(sample, sizeof(sample) - 1, chunk);

		assert_string_equal(got, whole);
		free(got);
	}
	free(whole);
}

/* Append a stream of one kind whose lines end in tail; the bad line among them is number bad, if that many there are. */
static void
add_stream(struct buf *b, enum block_kind kind, size_t bad, const char *tail)
{
	static const char *const records[] = {
		"1.0.0.0/24 24 AS13335 apnic 1795942462", "1.0.4.0/22 24 AS38803 apnic -", "2001:db8::/32 48 AS64496 - -",
		"router-key AS64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC ripe 1795942462",
		"2001:db8:1::/48 48 AS0 ripe 0", "aspa AS64496 AS64497,AS64498 - -", "255.255.255.255/32 32 AS4294967295 x 1",
	};
	static const char *const heads[] = {"", "%snapshot\n", "%delta\n"}, *const between[] = {"", "# c\n", "\n", "%foo\n"};

	assert_int_equal(buf_addf(b, "%s", heads[kind]), 0);
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		if (i == bad)	/* a sign where none belongs, or none where one does */
			assert_int_equal(buf_addf(b, "%s%s\n", kind == BLOCK_DELTA ? "" : "+", records[i]), 0);
		else
			assert_int_equal(buf_addf(b, "%s%s%s\n%s", kind != BLOCK_DELTA ? "" : i % 2 ? "-" : "+", records[i], tail,
						  between[i % 4]), 0);
	}
	if (kind != BLOCK_BARE)
		assert_int_equal(buf_addf(b, "~end\n"), 0);
}

/* Lines as we write them are read in a way of their own: the same comes of them as with a blank at their end. */
static void
test_as_written(void **state)
{
	(void)state;
	for (enum block_kind kind = BLOCK_BARE; kind <= BLOCK_DELTA; kind++) {
		for (size_t bad = 0; bad < 8; bad++) {
			struct buf written = BUF_INIT, other = BUF_INIT;
			char *want, *from, *to;

			add_stream(&written, kind, bad, "");
			add_stream(&other, kind, bad, " ");
			want = play(other.data, other.len, other.len);
			/* On the tape the line has its blank. */
			for (from = to = want; *from; from++)
				if (from[0] != ' ' || from[1] != '|')
					*to++ = *from;
			*to = '\0';
			for (size_t chunk = 1; chunk <= written.len; chunk++) {
				char *got = play(written.data, written.len, chunk);

				assert_string_equal(got, want);
				free(got);
			}
			free(want);
			buf_release(&written);
			buf_release(&other);
		}
	}
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

/* Cut anywhere before `~end` is complete, a block never ends but is discarded. */
static void
test_prefixes_are_discarded(void **state)
{
	static const char block[] = "%snapshot time=2026-11-23T00:00:00Z\n1.0.0.0/24 24 AS13335 apnic 1795942462\n"
				    "aspa AS64496 AS64497 - -\n~end\n";
	const size_t head = strlen("%snapshot"), len = sizeof(block) - 1;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		char *got = play(block, cut, cut + 1);
		bool whole = cut >= len - 1;

		assert_case(count(got, "end\n") == whole, "cut at %zu: %s", cut, got);
		/* Before the keyword is complete it is just an unknown line; in an attribute it may be malformed. */
		if (cut >= head && !whole)
			assert_case(count(got, "discard ") == 1, "cut at %zu: %s", cut, got);
		free(got);
	}
}

static void
test_line_numbers(void **state)
{
	struct names *names = names_new();
	struct stream_reader *r = stream_reader_new(names, &(const struct stream_ops){0}, NULL);

	(void)state;
	assert_int_equal(stream_line(r), 0);
	assert_int_equal(stream_feed(r, "\n\n%snap", 7), 0);
	assert_int_equal(stream_line(r), 2);
	assert_int_equal(stream_feed(r, "shot\n1.0.0.0/24 24 1\nbad\nbad\n", 29), 0);
	assert_int_equal(stream_line(r), 6);
	assert_int_equal(stream_feed(r, "%snapshot\n1.0.0.0/24 24 AS1 - -\n::/0 0 AS1 - -\n1.", 49), 0);
	assert_int_equal(stream_line(r), 9);
	assert_int_equal(stream_finish(r), 0);
	assert_int_equal(stream_line(r), 0);
	stream_reader_free(r);
	stream_reader_free(NULL);
	names_unref(names);
}

/* After a finish the reader starts afresh, whatever the last stream left. */
static void
test_reuse_after_finish(void **state)
{
	static const char *const first[] = {"", "%snapshot\n1.0.0.0/24 2", "1.0.0.0/24 24 1", "bad", "%snapshot\nbad\n", "%delta\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		struct tape t = {.names = names_new()};
		struct stream_reader *r = stream_reader_new(t.names, &ops, &t);

		assert_int_equal(stream_feed(r, first[i], strlen(first[i])), 0);
		assert_int_equal(stream_finish(r), 0);
		buf_reset(&t.text);
		assert_int_equal(stream_feed(r, "1.0.0.0/24 24 1\n", 16), 0);
		assert_int_equal(stream_finish(r), 0);
		assert_int_equal(buf_add(&t.text, "", 1), 0);
		assert_string_equal(t.text.data, "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n");
		stream_reader_free(r);
		names_unref(t.names);
		buf_release(&t.text);
	}
}

/* A callback's value stops the feed and comes back. */
static void
test_callback_stops(void **state)
{
	static const char *const texts[] = {
		"1.0.0.0/24 24 1\n2.0.0.0/24 24 1\n3.0.0.0/24 24 1\n",
		"1.0.0.0/24 24 AS1 - -\n2.0.0.0/24 24 AS1 - -\n3.0.0.0/24 24 AS1 - -\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct tape t = {.names = names_new(), .stop_at_record = 2};
		struct stream_reader *r = stream_reader_new(t.names, &ops, &t);

		assert_int_equal(stream_feed(r, texts[i], strlen(texts[i])), 7);
		assert_int_equal(count(t.text.data, "record"), 2);
		assert_int_equal(stream_line(r), 2);
		/* The block is void, whatever comes. */
		assert_int_equal(stream_feed(r, texts[i], strlen(texts[i])), 0);
		assert_int_equal(stream_finish(r), 0);
		assert_int_equal(count(t.text.data, "record"), 2);
		stream_reader_free(r);
		names_unref(t.names);
		buf_release(&t.text);
	}
}

/* A line may have 1 MiB, whatever it holds; a byte more is an error. */
static void
test_longest_line(void **state)
{
	const size_t max = LINE_MAX_BYTES;
	char *line = malloc(max + 64), *got;

	(void)state;
	assert_non_null(line);
	for (size_t extra = 0; extra < 2; extra++) {
		for (size_t chunk = 4093; chunk < 2 * max; chunk *= 511) {
			size_t len = max + extra;

			memset(line, '#', len);
			memcpy(line + len, "\n1.0.0.0/24 24 1\n", 18);
			got = play(line, len + 17, chunk);
			assert_string_equal(got, extra ? "discard 1:0 line longer than 1 MiB\n"
						       : "begin bare - []\nrecord 1.0.0.0/24 24 1|1.0.0.0/24 24 AS1 - -\nend\n");
			free(got);
		}
	}
	free(line);
}

/* Of a line without end no more is kept than of the longest one. */
static void
test_endless_line(void **state)
{
	struct tape t = {.names = names_new()};
	struct stream_reader *r = stream_reader_new(t.names, &ops, &t);
	static char piece[65536];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	assert_int_equal(stream_feed(r, "%snapshot\n", 10), 0);
	/* Several of them are reported once. */
	for (int line = 0; line < 3; line++) {
		for (int i = 0; i < 200; i++)
			assert_int_equal(stream_feed(r, piece, sizeof(piece)), 0);
		assert_int_equal(stream_feed(r, "\n", 1), 0);
	}
	assert_int_equal(stream_feed(r, "~end\n%snapshot\n~end\n", 20), 0);
	assert_int_equal(stream_finish(r), 0);
	assert_int_equal(buf_add(&t.text, "", 1), 0);
	assert_string_equal(t.text.data, "begin snapshot - []\ndiscard 2:0 line longer than 1 MiB\nbegin snapshot - []\nend\n");
	stream_reader_free(r);
	names_unref(t.names);
	buf_release(&t.text);
}

static void
test_attrs(void **state)
{
	static const char attrs[] = " time=2026-11-23T00:00:00Z\tsource=a%20b%2 session=7 x= xx=1  y=a=b";
	static const struct block_head head = {.attrs = attrs, .attrs_len = sizeof(attrs) - 1};
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"time", "2026-11-23T00:00:00Z"}, {"source", "a b%2"}, {"session", "7"}, {"x", ""}, {"xx", "1"}, {"y", "a=b"},
		{"serial", NULL}, {"sourc", NULL}, {"ource", NULL}, {"sessions", NULL}, {"tim", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;

		assert_case(block_attr(&head, cases[i].name, &b) == (cases[i].value != NULL), "%s", cases[i].name);
		assert_int_equal(b.len, cases[i].value ? strlen(cases[i].value) : 0);
		if (b.len)
			assert_memory_equal(b.data, cases[i].value, b.len);
		buf_release(&b);
	}
	assert_int_equal(block_attr(&(struct block_head){.attrs = ""}, "time", &(struct buf)BUF_INIT), 0);
}

/* The attributes of a table by its blocks, one after the other. */
static void
test_attrs_follow(void **state)
{
	static const struct {
		enum block_kind kind;
		const char *attrs, *want;
	} steps[] = {
		{BLOCK_DELTA, "", ""},
		{BLOCK_SNAPSHOT, " time=T1\t source=S1  serial=1 x=y ", "time=T1 source=S1 serial=1 x=y"},
		{BLOCK_DELTA, "", "time=T1 source=S1"},
		{BLOCK_DELTA, "serial=2 time=T2 z", "serial=2 time=T2 z source=S1"},
		{BLOCK_DELTA, "source= timer=1", "source= timer=1 time=T2"},
		{BLOCK_DELTA, "time=T3", "time=T3 source="},
		{BLOCK_SNAPSHOT, "time=T4", "time=T4"},
		{BLOCK_DELTA, "sources=S", "sources=S time=T4"},
		{BLOCK_SNAPSHOT, "", ""},
		{BLOCK_SNAPSHOT, "source=S2", "source=S2"},
		{BLOCK_BARE, "", ""},
	};
	struct buf attrs = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct block_head head = {.kind = steps[i].kind, .attrs = steps[i].attrs, .attrs_len = strlen(steps[i].attrs)};

		assert_int_equal(block_attrs_follow(&attrs, &head), 0);
		assert_case(attrs.len == strlen(steps[i].want) &&
			    (attrs.len == 0 || memcmp(attrs.data, steps[i].want, attrs.len) == 0),
			    "%zu: '%.*s'", i, (int)attrs.len, attrs.len ? attrs.data : "");
	}
	buf_release(&attrs);
}

static void
assert_head(enum block_kind kind, const struct block_attrs *attrs, const char *want)
{
	struct out o = memory_out();
	char *text;

	stream_write_begin(&o, kind, attrs);
	stream_write_end(&o);
	text = memory_done(&o, NULL);
	assert_string_equal(text, want);
	free(text);
}

static void
test_write_heads(void **state)
{
	struct block_attrs a = BLOCK_ATTRS_INIT;

	(void)state;
	assert_head(BLOCK_SNAPSHOT, &a, "%snapshot\n~end\n");
	assert_head(BLOCK_DELTA, &a, "%delta\n~end\n");
	a = (struct block_attrs){.time = 1795392000, .source = "a b\n%", .session = 0, .serial = 4294967295LL};
	assert_head(BLOCK_SNAPSHOT, &a, "%snapshot time=2026-11-23T00:00:00Z source=a%20b%0A%25 session=0 serial=4294967295\n~end\n");
	a = (struct block_attrs){.time = 0, .source = "", .session = 65535, .serial = 0};
	assert_head(BLOCK_DELTA, &a, "%delta time=1970-01-01T00:00:00Z source= session=65535 serial=0\n~end\n");
}

/* What one reader takes, the writer writes, the reader takes again: the same set. */
struct sink {
	struct vrpset_builder *b;
};

static int
sink_record(void *ctx, char sign, const struct payload *p, const char *line, size_t len)
{
	struct sink *s = ctx;

	(void)sign;
	(void)line;
	(void)len;
	return vrpset_add(s->b, p);
}

static struct vrpset *
read_set(struct names *names, const char *text, size_t len)
{
	struct sink s = {vrpset_builder_new(names)};
	struct stream_reader *r = stream_reader_new(names, &(const struct stream_ops){.record = sink_record}, &s);
	struct vrpset *set;

	assert_int_equal(stream_feed(r, text, len), 0);
	assert_int_equal(stream_finish(r), 0);
	stream_reader_free(r);
	set = vrpset_finish(s.b, NULL);
	assert_non_null(set);
	return set;
}

static void
shuffle_lines(struct rng *rng, char **line, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = rng_below(rng, (uint32_t)i);
		char *t = line[i - 1];

		line[i - 1] = line[k];
		line[k] = t;
	}
}

/* The order of records is no matter: any shuffle of a snapshot is the same table, byte for byte when written. */
static void
test_order_is_irrelevant(void **state)
{
	static const struct block_attrs none = BLOCK_ATTRS_INIT;
	struct names *names = names_new();
	struct rng rng = {31};

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct vrpset *set = random_set(&rng, names, 60), *again;
		char *text = set_text(set), *copy = strdup(text), *line[64], *back;
		struct buf shuffled = BUF_INIT;
		struct out o = memory_out();
		size_t n = 0, len;

		for (char *s = strtok_r(copy, "\n", &back); s; s = strtok_r(NULL, "\n", &back))
			line[n++] = s;
		shuffle_lines(&rng, line, n);
		assert_int_equal(buf_addf(&shuffled, "%%snapshot\n"), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(buf_addf(&shuffled, "%s\n", line[i]), 0);
		assert_int_equal(buf_addf(&shuffled, "~end\n"), 0);
		again = read_set(names, shuffled.data, shuffled.len);
		assert_true(vrpset_same(set, again));
		stream_write_snapshot(&o, &none, again);
		back = memory_done(&o, &len);
		assert_true(strncmp(back, "%snapshot\n", 10) == 0 && strncmp(back + 10, text, strlen(text)) == 0);
		assert_string_equal(back + 10 + strlen(text), "~end\n");
		free(back);
		free(copy);
		free(text);
		buf_release(&shuffled);
		vrpset_unref(set);
		vrpset_unref(again);
	}
	names_unref(names);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* `LC_ALL=C sort` leaves a snapshot framed. */
static void
test_sorted_text_is_framed(void **state)
{
	static const struct block_attrs attrs = {.time = 0, .source = "x", .session = 1, .serial = 1};
	struct names *names = names_new();
	struct rng rng = {32};

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct vrpset *set = random_set(&rng, names, 60), *again;
		struct out o = memory_out();
		struct buf sorted = BUF_INIT;
		char *text, *line[70], *back;
		size_t n = 0;

		stream_write_snapshot(&o, &attrs, set);
		text = memory_done(&o, NULL);
		for (char *s = strtok_r(text, "\n", &back); s; s = strtok_r(NULL, "\n", &back))
			line[n++] = s;
		qsort(line, n, sizeof(*line), compare_lines);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(buf_addf(&sorted, "%s\n", line[i]), 0);
		again = read_set(names, sorted.data, sorted.len);
		assert_true(vrpset_same(set, again));
		back = play(sorted.data, sorted.len, sorted.len);
		assert_int_equal(count(back, "discard"), 0);
		assert_int_equal(count(back, "record "), vrpset_count(set));
		assert_string_equal(back + strlen(back) - 4, "end\n");
		free(back);
		free(text);
		buf_release(&sorted);
		vrpset_unref(set);
		vrpset_unref(again);
	}
	names_unref(names);
}

/* Withdrawals first; an ASPA that gets other providers is one line. */
static void
test_write_delta(void **state)
{
	struct names *names = names_new();
	static const char before[] = "2.0.0.0/24 24 1\n3.0.0.0/24 24 1\naspa 1 2\naspa 3 4\naspa 5 6\n",
			  after[] = "1.0.0.0/24 24 1\n3.0.0.0/24 24 1 ripe 5\naspa 1 2,3\naspa 4 4\naspa 5 6\n";
	struct vrpset *a = read_set(names, before, strlen(before)), *b = read_set(names, after, strlen(after));
	struct block_attrs attrs = BLOCK_ATTRS_INIT;
	struct out o = memory_out();
	struct delta d;
	char *text;

	(void)state;
	attrs.serial = 9;
	assert_int_equal(delta_between(a, b, &d), 0);
	stream_write_delta(&o, &attrs, &d);
	text = memory_done(&o, NULL);
	assert_string_equal(text, "%delta serial=9\n-2.0.0.0/24 24 AS1 - -\n-aspa AS3 AS4 - -\n+1.0.0.0/24 24 AS1 - -\n"
				  "+aspa AS1 AS2,AS3 - -\n+aspa AS4 AS4 - -\n~end\n");
	free(text);
	delta_release(&d);
	vrpset_unref(a);
	vrpset_unref(b);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_chunk_sizes),
		cmocka_unit_test(test_as_written),
		cmocka_unit_test(test_prefixes_are_discarded),
		cmocka_unit_test(test_line_numbers),
		cmocka_unit_test(test_reuse_after_finish),
		cmocka_unit_test(test_callback_stops),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_attrs_follow),
		cmocka_unit_test(test_write_heads),
		cmocka_unit_test(test_order_is_irrelevant),
		cmocka_unit_test(test_sorted_text_is_framed),
		cmocka_unit_test(test_write_delta),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
