/* SPDX-License-Identifier: ISC */
/*
 * One window of the input slides over the document.  A NUL byte behind the
 * window stops every inner loop, so that none of them checks bounds: what
 * stops at `end` asks for more, what stops before it has met a real byte.
 * When the window moves on, the string in the making moves along with it (from
 * `keep`), and the newlines that leave it are counted.
 */
#include "json.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json_escape.h"
#include "utf8.h"

#define WINDOW ((size_t)256 * 1024)
#define PADDING JSON_SLACK	/* readable bytes behind the window; one vector at least */
#define ROOM_MIN (WINDOW / 4)	/* room to read into that makes moving bytes worthwhile */

_Static_assert(JSON_STRING_MAX + ROOM_MIN < WINDOW, "a kept string has to leave room to read");

enum state {
	STATE_START,		/* the document's array or object */
	STATE_FIRST_KEY,	/* a key or } */
	STATE_FIRST_VALUE,	/* a value or ] */
	STATE_COLON,		/* : and a value */
	STATE_NEXT,		/* a comma and more, or the end of the container */
	STATE_DONE,		/* nothing more */
};

/* Where something began: in the window, or, once that has moved on (at is NULL), by numbers. */
struct place {
	const char *at;
	size_t line;
	size_t column;
};

struct json_reader {
	const char *pos;
	const char *end;
	const char *keep;	/* bytes from here on stay in the window; NULL: from pos on */
	enum state state;
	unsigned depth;
	bool object;		/* the innermost container is one */
	bool skipping;		/* strings need not be kept */
	bool eof;
	bool failed;		/* for good; err says why */

	const char *counted;	/* `line` and `column` are those of this byte */
	size_t line;
	size_t column;
	struct place mark;	/* never behind token */
	struct place token;

	ssize_t (*read)(void *ctx, void *dst, size_t len, struct vrp_err *err);
	void *ctx;
	struct vrp_err err;
	uint64_t objects[JSON_DEPTH_MAX / 64];	/* bit n: container n is an object */
	char window[WINDOW + PADDING];
};

struct json_reader *
json_reader_new(ssize_t (*read)(void *ctx, void *dst, size_t len, struct vrp_err *err), void *ctx)
{
	struct json_reader *r = malloc(sizeof(*r));

	if (!r)
		return NULL;
	memset(r, 0, offsetof(struct json_reader, window));
	memset(r->window, 0, PADDING);
	r->pos = r->end = r->counted = r->token.at = r->window;
	r->line = r->column = 1;
	r->read = read;
	r->ctx = ctx;
	return r;
}

void
json_reader_free(struct json_reader *r)
{
	free(r);
}

static void
count_to(struct json_reader *r, const char *to)
{
	const char *newline;

	while ((newline = memchr(r->counted, '\n', (size_t)(to - r->counted)))) {
		r->line++;
		r->column = 1;
		r->counted = newline + 1;
	}
	r->column += (size_t)(to - r->counted);
	r->counted = to;
}

static void
resolve(struct json_reader *r, struct place *place)
{
	if (!place->at)
		return;
	count_to(r, place->at);
	*place = (struct place){NULL, r->line, r->column};
}

static void
resolve_places(struct json_reader *r)
{
	resolve(r, &r->mark);
	resolve(r, &r->token);
}

void
json_reader_mark(struct json_reader *r)
{
	r->mark = r->token;
}

void
json_reader_marked(struct json_reader *r, size_t *line, size_t *column)
{
	resolve_places(r);
	*line = r->mark.line;
	*column = r->mark.column;
}

void
json_reader_where(struct json_reader *r, size_t *line, size_t *column)
{
	resolve_places(r);
	*line = r->token.line;
	*column = r->token.column;
}

int
json_reader_error(const struct json_reader *r, struct vrp_err *err)
{
	if (err)
		*err = r->err;
	return -1;
}

/* False always, so that a scanner can end in `return fail(...)`. */
static bool
fail(struct json_reader *r, const char *msg)
{
	if (r->failed)
		return false;
	r->failed = true;
	resolve_places(r);
	count_to(r, r->pos);
	vrp_err_at(&r->err, r->line, r->column, "%s", msg);
	return false;
}

/* For a byte that may be the one behind the end. */
static bool
fail_at_byte(struct json_reader *r, const char *msg)
{
	return fail(r, r->pos == r->end ? "the document is cut short" : msg);
}

/* More bytes behind `end`.  False when there are none, or reading failed. */
static bool
refill(struct json_reader *r)
{
	const char *from = r->keep ? r->keep : r->pos;
	size_t used = (size_t)(r->end - r->window);
	ssize_t n;

	if (r->eof)
		return false;
	if (from == r->end || WINDOW - used < ROOM_MIN) {
		ptrdiff_t shift = from - r->window;

		resolve_places(r);
		count_to(r, from);
		used = (size_t)(r->end - from);
		memmove(r->window, from, used);
		r->pos -= shift;
		r->counted -= shift;
		if (r->keep)
			r->keep -= shift;
	}
	n = r->read(r->ctx, r->window + used, WINDOW - used, &r->err);
	r->failed |= n < 0;
	r->eof = n <= 0;
	r->end = r->window + used + (n > 0 ? n : 0);
	memset(r->window + (r->end - r->window), 0, PADDING);
	return n > 0;
}

/* Have n bytes at pos, or all there are. */
static inline void
want(struct json_reader *r, size_t n)
{
	while (VRP_UNLIKELY((size_t)(r->end - r->pos) < n) && refill(r))
		;
}

/* Over blanks to the next byte, which is returned; NUL at the end. */
static inline char
skip_blanks(struct json_reader *r)
{
	const char *p = r->pos;

	/* One blank or none is the usual case. */
	p += *p == ' ';
	if (VRP_LIKELY((unsigned char)*p > ' ')) {
		r->pos = p;
		return *p;
	}
	for (;;) {
		while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
			p++;
		r->pos = p;
		if (VRP_LIKELY(p < r->end) || !refill(r))
			return *r->pos;
		p = r->pos;
	}
}

/* The first byte that is a quote, a backslash, a control character or not ASCII. */
static inline const char *
plain_end(const char *p)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' ');

	for (;; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
		int mask = _mm_movemask_epi8(_mm_or_si128(stop, _mm_cmplt_epi8(v, blank)));

		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#else
	while ((signed char)*p >= ' ' && *p != '"' && *p != '\\')
		p++;
	return p;
#endif
}

static bool
scan_escape(struct json_reader *r)
{
	const char *why;
	size_t len;

	want(r, JSON_ESCAPE_MAX);
	len = json_escape_length(r->pos, &why);
	if (len == 0)
		return fail(r, why);
	r->pos += len;
	return true;
}

static bool
scan_utf8(struct json_reader *r)
{
	size_t len;

	want(r, 4);
	len = utf8_length((const unsigned char *)r->pos, (size_t)(r->end - r->pos));
	if (len == 0)
		return fail(r, "not UTF-8");
	r->pos += len;
	return true;
}

/* The string whose first byte stands at `start` and that isn't plain up to pos. */
static bool
scan_string_slowly(struct json_reader *r, struct json_token *t, const char *start)
{
	bool escaped = false;

	r->keep = r->skipping ? NULL : start;
	for (;; r->pos = plain_end(r->pos)) {
		if (r->keep && (size_t)(r->pos - r->keep) > JSON_STRING_MAX)
			r->keep = NULL;
		if (*r->pos == '"')
			break;
		if (*r->pos == '\\') {
			escaped = true;
			if (!scan_escape(r))
				return false;
		} else if ((signed char)*r->pos < 0) {
			if (!scan_utf8(r))
				return false;
		} else if (r->pos < r->end) {
			return fail(r, "a control character in a string");
		} else if (!refill(r)) {
			return fail(r, "the document is cut short inside a string");
		}
	}
	t->cut = !r->keep;
	t->str = "";
	t->len = 0;
	if (r->keep) {
		char *s = r->window + (r->keep - r->window);

		t->str = s;
		t->len = (size_t)(r->pos - r->keep);
		if (escaped) {
			/* The newlines that appear now are not the document's. */
			resolve_places(r);
			count_to(r, r->pos);
			t->len = json_unescape(s, t->len);
		}
		r->keep = NULL;
	}
	r->pos++;
	return true;
}

/* pos is at the opening quote. */
static inline bool
scan_string(struct json_reader *r, struct json_token *t)
{
	const char *start = r->pos + 1, *p = plain_end(start);

	r->pos = p;
	if (VRP_UNLIKELY(*p != '"' || (size_t)(p - start) > JSON_STRING_MAX))
		return scan_string_slowly(r, t, start);
	t->cut = false;
	t->str = start;
	t->len = (size_t)(p - start);
	r->pos++;
	return true;
}

/*
 * The least integer that rounds to infinity as a double, 2^1024 - 2^970: a
 * number overflows if and only if it is not below this one.
 */
static const char overflow[] =
	"17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633"
	"02864166928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700"
	"69855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

#define OVERFLOW_DIGITS ((int)sizeof(overflow) - 1)
#define EXPONENT_MAX 1000000000000000LL	/* beyond what digits in any input can outweigh */

/* How large a number is, told from its digits as they pass by. */
struct magnitude {
	int64_t point;		/* the value is 0.ddd times ten to this */
	int digits;		/* significant digits compared with overflow[] so far */
	int order;		/* of those digits to those of overflow[] */
};

static void
magnitude_add(struct magnitude *m, int digit, bool fraction)
{
	if (m->digits == 0 && digit == 0) {
		m->point -= fraction;
		return;
	}
	m->point += !fraction;
	if (m->digits == OVERFLOW_DIGITS)
		return;
	if (m->order == 0)
		m->order = digit - (overflow[m->digits] - '0');
	m->digits++;
}

static bool
magnitude_overflows(const struct magnitude *m, int64_t exponent)
{
	int order = m->order;

	if (m->digits == 0 || m->point + exponent != OVERFLOW_DIGITS)
		return m->digits > 0 && m->point + exponent > OVERFLOW_DIGITS;
	for (int i = m->digits; i < OVERFLOW_DIGITS && order == 0; i++)
		order = '0' - overflow[i];
	return order >= 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte at pos, read from the input if need be; NUL at the end. */
static char
peek(struct json_reader *r)
{
	want(r, 1);
	return *r->pos;
}

static bool
scan_exponent(struct json_reader *r, int64_t *exponent)
{
	bool negative = false;
	int64_t v = 0;

	r->pos++;
	if (peek(r) == '-' || *r->pos == '+')
		negative = *r->pos++ == '-';
	if (!is_digit(peek(r)))
		return fail_at_byte(r, "a number without digits in its exponent");
	for (; is_digit(peek(r)); r->pos++)
		if (v < EXPONENT_MAX)
			v = v * 10 + (*r->pos - '0');
	*exponent = negative ? -v : v;
	return true;
}

/* Any number, of any length. */
static bool
scan_number_slowly(struct json_reader *r, struct json_token *t)
{
	struct magnitude m = {0};
	bool negative = *r->pos == '-', zero, big = false;
	uint64_t limit = (uint64_t)INT64_MAX + negative, v = 0;
	int64_t exponent = 0;

	r->pos += negative;
	zero = peek(r) == '0';
	if (!is_digit(*r->pos))
		return fail_at_byte(r, "a sign without a number");
	for (bool first = true; is_digit(peek(r)); first = false, r->pos++) {
		unsigned d = (unsigned)(*r->pos - '0');

		if (zero && !first)
			return fail(r, "a number with a leading zero");
		big |= v > (limit - d) / 10;
		v = v * 10 + d;
		magnitude_add(&m, (int)d, false);
	}
	if (*r->pos != '.' && (*r->pos | 0x20) != 'e') {
		if (big)
			return fail(r, "an integer beyond 64 bits");
		t->type = JSON_TOKEN_INT;
		t->num = (int64_t)(negative ? 0 - v : v);
		return true;
	}
	t->type = JSON_TOKEN_REAL;
	if (*r->pos == '.') {
		r->pos++;
		if (!is_digit(peek(r)))
			return fail_at_byte(r, "a number without digits behind its point");
		for (; is_digit(peek(r)); r->pos++)
			magnitude_add(&m, *r->pos - '0', true);
	}
	if ((*r->pos | 0x20) == 'e' && !scan_exponent(r, &exponent))
		return false;
	return !magnitude_overflows(&m, exponent) || fail(r, "a number beyond a double");
}

/* How many of the 8 bytes at p are digits before the first that is none; their value in *v. */
static inline unsigned
digits8(const char *p, uint64_t *v)
{
	uint64_t w, above;
	unsigned n;

	memcpy(&w, p, sizeof(w));
	/* The first byte lowest.  A digit is now 0 to 9, and nothing else stays below 0x80 when 0x76 is added. */
	w = le64toh(w) ^ UINT64_C(0x3030303030303030);
	above = (w | ((w & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
	n = above ? (unsigned)__builtin_ctzll(above) / 8 : 8;
	if (n == 0)
		return 0;
	/* Zeros before the digits, then pairs, fours, and all eight. */
	w <<= 64 - 8 * n;
	w = w * 10 + (w >> 8);
	w = ((w & UINT64_C(0x000000ff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
	     (w >> 16 & UINT64_C(0x000000ff000000ff)) * (1 + (UINT64_C(10000) << 32))) >> 32;
	*v = (uint32_t)w;
	return n;
}

/* Most numbers are short integers, whole in the window. */
static inline bool
scan_number(struct json_reader *r, struct json_token *t)
{
	static const uint64_t ten_to[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
	const char *p = r->pos;
	uint64_t v = 0, low = 0;
	unsigned n;

	if (*p == '-' || *p == '0' || r->end - p < 24)
		return scan_number_slowly(r, t);
	n = digits8(p, &v);
	p += n;
	if (n == 8) {
		n = digits8(p, &low);
		p += n;
		if (n == 8)
			return scan_number_slowly(r, t);
		v = v * ten_to[n] + low;
	}
	if (*p == '.' || (*p | 0x20) == 'e')
		return scan_number_slowly(r, t);
	t->type = JSON_TOKEN_INT;
	t->num = (int64_t)v;
	r->pos = p;
	return true;
}

static bool
scan_word(struct json_reader *r, const char *word, size_t len)
{
	want(r, len);
	if ((size_t)(r->end - r->pos) < len || memcmp(r->pos, word, len) != 0)
		return fail(r, (size_t)(r->end - r->pos) < len && r->eof ? "the document is cut short" : "bad word");
	r->pos += len;
	return true;
}

static bool
open_container(struct json_reader *r, struct json_token *t, bool object)
{
	uint64_t bit = UINT64_C(1) << r->depth % 64;

	if (object)
		r->objects[r->depth / 64] |= bit;
	else
		r->objects[r->depth / 64] &= ~bit;
	r->depth++;
	r->pos++;
	r->object = object;
	r->state = object ? STATE_FIRST_KEY : STATE_FIRST_VALUE;
	t->type = object ? JSON_TOKEN_OBJECT : JSON_TOKEN_ARRAY;
	return true;
}

static bool
close_container(struct json_reader *r, struct json_token *t)
{
	unsigned outer = --r->depth - 1;

	t->type = r->object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
	r->pos++;
	r->state = r->depth ? STATE_NEXT : STATE_DONE;
	if (r->depth)
		r->object = r->objects[outer / 64] >> outer % 64 & 1;
	return true;
}

static inline bool
scan_key(struct json_reader *r, struct json_token *t)
{
	if (*r->pos != '"')
		return fail_at_byte(r, "a key was expected");
	r->state = STATE_COLON;
	t->type = JSON_TOKEN_KEY;
	return scan_string(r, t);
}

static inline bool
scan_value(struct json_reader *r, struct json_token *t)
{
	char c = *r->pos;

	if (r->depth == JSON_DEPTH_MAX)
		return fail(r, "nested too deeply");
	r->state = STATE_NEXT;
	switch (c) {
	case '"':
		t->type = JSON_TOKEN_STRING;
		return scan_string(r, t);
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return scan_number(r, t);
	case '{':
		return open_container(r, t, true);
	case '[':
		return open_container(r, t, false);
	case 't':
		t->type = JSON_TOKEN_TRUE;
		return scan_word(r, "true", 4);
	case 'f':
		t->type = JSON_TOKEN_FALSE;
		return scan_word(r, "false", 5);
	case 'n':
		t->type = JSON_TOKEN_NULL;
		return scan_word(r, "null", 4);
	default:
		return fail_at_byte(r, "a value was expected");
	}
}

static inline bool
scan_next(struct json_reader *r, struct json_token *t)
{
	bool object = r->object;
	char c = *r->pos;

	if (c == (object ? '}' : ']'))
		return close_container(r, t);
	if (c != ',')
		return fail_at_byte(r, object ? "a comma or } was expected" : "a comma or ] was expected");
	r->pos++;
	skip_blanks(r);
	r->token.at = r->pos;
	return object ? scan_key(r, t) : scan_value(r, t);
}

static inline bool
scan_token(struct json_reader *r, struct json_token *t)
{
	char c;

	if (r->failed)
		return false;
	c = skip_blanks(r);
	r->token.at = r->pos;
	switch (r->state) {
	case STATE_NEXT:
		return scan_next(r, t);
	case STATE_COLON:
		if (c != ':')
			return fail_at_byte(r, "a colon was expected");
		r->pos++;
		skip_blanks(r);
		r->token.at = r->pos;
		return scan_value(r, t);
	case STATE_FIRST_KEY:
		return c == '}' ? close_container(r, t) : scan_key(r, t);
	case STATE_FIRST_VALUE:
		return c == ']' ? close_container(r, t) : scan_value(r, t);
	case STATE_START:
		if (c != '{' && c != '[')
			return fail(r, r->pos == r->end ? "the document is empty" : "neither an object nor an array");
		return scan_value(r, t);
	case STATE_DONE:
		t->type = JSON_TOKEN_END;
		return r->pos == r->end || fail(r, "something follows the document");
	}
	return false;
}

enum json_token_type
json_reader_next(struct json_reader *r, struct json_token *t)
{
	/* A failed read fails the token, even one that seems whole without more bytes. */
	if (VRP_UNLIKELY(!scan_token(r, t) || r->failed))
		t->type = JSON_TOKEN_ERROR;
	return t->type;
}

static int
skip_to(struct json_reader *r, unsigned depth)
{
	struct json_token t;

	r->skipping = true;
	do {
		if (json_reader_next(r, &t) == JSON_TOKEN_ERROR)
			return -1;
	} while (r->depth > depth);
	r->skipping = false;
	return 0;
}

int
json_reader_skip(struct json_reader *r)
{
	return skip_to(r, r->depth);
}

int
json_reader_finish(struct json_reader *r, const struct json_token *t)
{
	if (t->type != JSON_TOKEN_OBJECT && t->type != JSON_TOKEN_ARRAY)
		return t->type == JSON_TOKEN_ERROR ? -1 : 0;
	return skip_to(r, r->depth - 1);
}
