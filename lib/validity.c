/* SPDX-License-Identifier: ISC */
#include "validity.h"

#include <errno.h>

#include "num.h"
#include "stamp.h"

/* A route's fields, and one VRP in any of the forms below but JSON. */
#define ROUTE_MAX ((size_t)160)
#define VRP_MAX (PREFIX_TEXT_MAX + 32)
#define JSON_ROUTE_MAX ((size_t)512)
#define JSON_VRP_MAX ((size_t)128)

#define LIST_FIRST 64	/* VRPs that there is room for at first */

#define PUT(dst, literal) ((dst) = put((dst), (literal), sizeof(literal) - 1))

static char *
put(char *dst, const char *s, size_t len)
{
	memcpy(dst, s, len);
	return dst + len;
}

static char *
put_text(char *dst, const char *s)
{
	return put(dst, s, strlen(s));
}

static char *
put_as(char *dst, uint32_t asn)
{
	PUT(dst, "AS");
	return num_format_u32(dst, asn);
}

static char *
put_origin(char *dst, const struct validity *v)
{
	return v->has_origin ? put_as(dst, v->route.origin) : PUT(dst, "NONE");
}

/* The address alone. */
static char *
put_address(char *dst, const struct prefix *p)
{
	char *end = prefix_format(dst, p);

	while (*--end != '/')
		;
	return end;
}

static enum rov_state
state_of(const struct validity *v)
{
	return (enum rov_state)v->answer.state;
}

static enum rov_match
match_of(const struct validity *v, const struct vrp *vrp)
{
	return rov_match(vrp, v->route.prefix.len, v->route.origin);
}

void
validity_writer_release(struct validity_writer *w)
{
	free(w->vrps);
	w->vrps = NULL;
	w->room = 0;
}

/* All that cover the route into w->vrps; how many.  Failure stays in w->out. */
static size_t
list_covering(struct validity_writer *w, const struct validity *v)
{
	size_t count;

	if (v->answer.nearest == ROV_END)
		return 0;
	while ((count = rov_covering(w->rov, v->answer.nearest, w->vrps, w->room)) > w->room) {
		size_t room = count < LIST_FIRST ? LIST_FIRST : count;
		const struct vrp **p = realloc(w->vrps, room * sizeof(const void *));

		if (!p) {
			w->out->error = ENOMEM;
			return 0;
		}
		w->vrps = p;
		w->room = room;
	}
	return count;
}

/* Those that decided it: of a valid route all that match, of an invalid one all. */
static size_t
list_deciding(struct validity_writer *w, const struct validity *v)
{
	size_t count = list_covering(w, v), kept = 0;

	for (size_t i = 0; i < count; i++)
		if (state_of(v) != ROV_VALID || match_of(v, w->vrps[i]) == ROV_MATCH)
			w->vrps[kept++] = w->vrps[i];
	return kept;
}

/* ---- lines */

/* 192.0.2.0/23-24=AS64496,... */
static char *
put_deciding(char *dst, const struct validity_writer *w, size_t count)
{
	if (count == 0)
		return PUT(dst, "-");
	for (size_t i = 0; i < count; i++) {
		dst = prefix_format(dst, &w->vrps[i]->prefix);
		*dst++ = '-';
		dst = num_format_u8(dst, w->vrps[i]->maxlen);
		*dst++ = '=';
		dst = put_as(dst, w->vrps[i]->asn);
		*dst++ = ',';
	}
	return dst - 1;
}

/* change is "OLD -> ", or empty. */
static void
write_line(struct validity_writer *w, const struct validity *v, const char *change)
{
	size_t count = w->brief ? 0 : list_deciding(w, v);
	char *start = out_room(w->out, ROUTE_MAX + count * VRP_MAX), *dst = start;

	if (!start)
		return;
	dst = prefix_format(dst, &v->route.prefix);
	*dst++ = ' ';
	dst = put_origin(dst, v);
	*dst++ = ' ';
	dst = put_text(dst, change);
	dst = put_text(dst, rov_state_name(state_of(v)));
	*dst++ = ' ';
	dst = put_text(dst, rov_reason_name(state_of(v)));
	if (w->aspa) {
		*dst++ = ' ';
		dst = put_text(dst, aspa_state_name((enum aspa_state)v->aspa));
	}
	if (!w->brief) {
		*dst++ = ' ';
		dst = put_deciding(dst, w, count);
	}
	*dst++ = '\n';
	out_advance(w->out, (size_t)(dst - start));
	w->count++;
}

void
validity_write_line(struct validity_writer *w, const struct validity *v)
{
	write_line(w, v, "");
}

void
validity_write_change(struct validity_writer *w, const struct validity *v, enum rov_state old)
{
	char change[24];

	snprintf(change, sizeof(change), "%s -> ", rov_state_name(old));
	write_line(w, v, change);
}

/* rtrlib goes from the widest prefix to the nearest, and stops behind one that has a match. */
static size_t
list_as_rtrlib(struct validity_writer *w, const struct validity *v)
{
	size_t count = list_covering(w, v), end = 0;

	for (size_t i = 0; i < count; i++)
		if (match_of(v, w->vrps[i]) == ROV_MATCH) {
			for (end = i + 1; end < count && w->vrps[end]->prefix.len == w->vrps[i]->prefix.len; end++)
				;
			return end;
		}
	return count;
}

void
validity_write_rov(struct validity_writer *w, const struct validity *v)
{
	size_t count = list_as_rtrlib(w, v);
	char *start = out_room(w->out, ROUTE_MAX + count * VRP_MAX), *dst = start;

	if (!start)
		return;
	dst = put_address(dst, &v->route.prefix);
	*dst++ = ' ';
	dst = num_format_u8(dst, v->route.prefix.len);
	*dst++ = ' ';
	dst = num_format_u32(dst, v->route.origin);
	*dst++ = '|';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*dst++ = ',';
		dst = num_format_u32(dst, w->vrps[i]->asn);
		*dst++ = ' ';
		dst = put_address(dst, &w->vrps[i]->prefix);
		*dst++ = ' ';
		dst = num_format_u8(dst, w->vrps[i]->prefix.len);
		*dst++ = ' ';
		dst = num_format_u8(dst, w->vrps[i]->maxlen);
	}
	*dst++ = '|';
	*dst++ = state_of(v) == ROV_VALID ? '0' : state_of(v) == ROV_NOT_FOUND ? '1' : '2';
	*dst++ = '\n';
	out_advance(w->out, (size_t)(dst - start));
	w->count++;
}

/* ---- JSON */

void
validity_json_begin(struct validity_writer *w, bool one)
{
	out_addf(w->out, one ? "{\"validated_route\": " : "{\"validated_routes\": [");
}

/*
 * Routinator's lists.  Of what fails by both, length comes first.  Its reason
 * is "as" as soon as one VRP fails by its AS alone.
 */
enum list { MATCHED, UNMATCHED_AS, UNMATCHED_LENGTH, LISTS };

static enum list
list_of(const struct validity *v, const struct vrp *vrp)
{
	enum rov_match match = match_of(v, vrp);

	return match == ROV_MATCH ? MATCHED : match == ROV_OTHER_AS ? UNMATCHED_AS : UNMATCHED_LENGTH;
}

static char *
put_json_list(char *dst, const struct validity_writer *w, const struct validity *v, size_t count, enum list list)
{
	static const char *const names[LISTS] = {"\"matched\": [", "\"unmatched_as\": [", "\"unmatched_length\": ["};
	bool first = true;

	dst = put_text(dst, names[list]);
	for (size_t i = 0; i < count; i++) {
		if (list_of(v, w->vrps[i]) != list)
			continue;
		dst = put_text(dst, first ? "{\"asn\": \"" : ", {\"asn\": \"");
		dst = put_as(dst, w->vrps[i]->asn);
		PUT(dst, "\", \"prefix\": \"");
		dst = prefix_format(dst, &w->vrps[i]->prefix);
		PUT(dst, "\", \"max_length\": \"");
		dst = num_format_u8(dst, w->vrps[i]->maxlen);
		PUT(dst, "\"}");
		first = false;
	}
	return PUT(dst, "]");
}

static char *
put_json_state(char *dst, const struct validity_writer *w, const struct validity *v, size_t count)
{
	const char *about = "No VRP Covers the Route Prefix", *reason = NULL;

	if (state_of(v) == ROV_VALID)
		about = "At least one VRP Matches the Route Prefix";
	for (size_t i = 0; i < count && rov_invalid(state_of(v)) && (!reason || strcmp(reason, "as") != 0); i++)
		reason = list_of(v, w->vrps[i]) == UNMATCHED_AS ? "as" : "length";
	if (reason)
		about = strcmp(reason, "as") == 0 ?
			"At least one VRP Covers the Route Prefix, but no VRP ASN matches the route origin ASN" :
			"At least one VRP Covers the Route Prefix, but the Route Prefix length is greater than the maximum "
			"length allowed by VRP(s) matching this route origin ASN";
	PUT(dst, "\"state\": \"");
	dst = put_text(dst, rov_state_name(state_of(v)));
	if (reason) {
		PUT(dst, "\", \"reason\": \"");
		dst = put_text(dst, reason);
	}
	PUT(dst, "\", \"description\": \"");
	dst = put_text(dst, about);
	return PUT(dst, "\", ");
}

void
validity_json_add(struct validity_writer *w, const struct validity *v)
{
	size_t count = list_covering(w, v);
	char *start = out_room(w->out, JSON_ROUTE_MAX + count * JSON_VRP_MAX), *dst = start;

	if (!start)
		return;
	dst = put_text(dst, w->count++ ? ",\n" : "\n");
	PUT(dst, "{\"route\": {\"origin_asn\": \"");
	dst = put_origin(dst, v);
	PUT(dst, "\", \"prefix\": \"");
	dst = prefix_format(dst, &v->route.prefix);
	PUT(dst, "\"}, \"validity\": {");
	dst = put_json_state(dst, w, v, count);
	if (w->aspa) {
		PUT(dst, "\"aspa\": \"");
		dst = put_text(dst, aspa_state_name((enum aspa_state)v->aspa));
		PUT(dst, "\", ");
	}
	PUT(dst, "\"VRPs\": {");
	for (int list = MATCHED; list < LISTS; list++) {
		dst = put_json_list(dst, w, v, count, (enum list)list);
		dst = put_text(dst, list + 1 < LISTS ? ", " : "}}}");
	}
	out_advance(w->out, (size_t)(dst - start));
}

void
validity_json_end(struct validity_writer *w, bool one, int64_t generated)
{
	char stamp[STAMP_MAX];

	out_addf(w->out, one ? "" : "\n]");
	if (generated != STAMP_UNKNOWN) {
		stamp_format(generated, stamp);
		out_addf(w->out, ", \"generatedTime\": \"%s\"", stamp);
	}
	out_addf(w->out, "}\n");
}

/* ---- one route */

const char *
validity_in_words(enum rov_state state)
{
	static const char *const words[ROV_STATES] = {
		[ROV_NOT_FOUND] = "no VRP covers it",
		[ROV_VALID] = "a VRP matches it",
		[ROV_INVALID_AS] = "no VRP that covers it is for this AS; one allows this length for another",
		[ROV_INVALID_LENGTH] = "it is longer than the VRPs for this AS allow",
		[ROV_INVALID_BOTH] = "no VRP that covers it is for this AS, and none allows this length",
	};

	return words[state];
}

const char *
validity_match_in_words(enum rov_match match)
{
	static const char *const words[] = {
		[ROV_MATCH] = "matches",
		[ROV_OTHER_AS] = "other AS",
		[ROV_TOO_LONG] = "too long",
		[ROV_OTHER_AS_AND_TOO_LONG] = "other AS, too long",
	};

	return words[match];
}

void
validity_explain(struct validity_writer *w, const struct validity *v)
{
	size_t count = list_covering(w, v);
	char prefix[PREFIX_TEXT_MAX + 1], origin[16];

	*prefix_format(prefix, &v->route.prefix) = '\0';
	*put_origin(origin, v) = '\0';
	out_addf(w->out, "%s %s: %s: %s\n", prefix, origin, rov_state_name(state_of(v)), validity_in_words(state_of(v)));
	if (w->aspa)
		out_addf(w->out, "path: %s by ASPA\n", aspa_state_name((enum aspa_state)v->aspa));
	for (size_t i = 0; i < count; i++) {
		*prefix_format(prefix, &w->vrps[i]->prefix) = '\0';
		snprintf(origin, sizeof(origin), "AS%u", w->vrps[i]->asn);
		out_addf(w->out, "  %-18s %3u %-12s %s\n", prefix, w->vrps[i]->maxlen, origin,
			 validity_match_in_words(match_of(v, w->vrps[i])));
	}
	w->count++;
}

/* ---- numbers */

int
validity_count(struct validity_tally *t, const struct validity *v)
{
	size_t family = v->route.prefix.family == FAMILY_IPV6;

	t->states[family][v->answer.state]++;
	t->aspa[family][v->aspa]++;
	if (!rov_invalid(state_of(v)))
		return 0;
	if (t->invalid_count == t->invalid_room) {
		size_t room = t->invalid_room ? 2 * t->invalid_room : 1024;
		uint32_t *p = realloc(t->invalid, room * sizeof(*p));

		if (!p)
			return -1;
		t->invalid = p;
		t->invalid_room = room;
	}
	t->invalid[t->invalid_count++] = v->route.origin;
	return 0;
}

void
validity_tally_release(struct validity_tally *t)
{
	free(t->invalid);
	*t = (struct validity_tally){0};
}

static void
write_row(struct out *out, const char *label, size_t ipv4, size_t ipv6, size_t all)
{
	out_addf(out, "%-14s %10zu %10zu %10zu %6.2f %%\n", label, ipv4, ipv6, ipv4 + ipv6,
		 all ? 100.0 * (double)(ipv4 + ipv6) / (double)all : 0.0);
}

static int
cmp_asn(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct origin_count {
	uint32_t asn;
	size_t count;
};

/* The most first. */
static int
cmp_count(const void *a, const void *b)
{
	const struct origin_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->asn > y->asn) - (x->asn < y->asn);
}

static void
write_origins(struct out *out, struct validity_tally *t, size_t top)
{
	struct origin_count *counts = calloc(t->invalid_count, sizeof(*counts));
	size_t n = 0;

	if (!counts) {
		out->error = ENOMEM;
		return;
	}
	qsort(t->invalid, t->invalid_count, sizeof(*t->invalid), cmp_asn);
	for (size_t i = 0; i < t->invalid_count; i++) {
		if (i == 0 || t->invalid[i] != t->invalid[i - 1])
			counts[n++].asn = t->invalid[i];
		counts[n - 1].count++;
	}
	qsort(counts, n, sizeof(*counts), cmp_count);
	out_addf(out, "\n%-14s %10s\n", "origin", "invalid");
	for (size_t i = 0; i < n && i < top; i++) {
		char label[16];

		snprintf(label, sizeof(label), counts[i].asn ? "AS%u" : "AS0, NONE", counts[i].asn);
		out_addf(out, "%-14s %10zu\n", label, counts[i].count);
	}
	if (n > top)
		out_addf(out, "%zu more\n", n - top);
	free(counts);
}

void
validity_write_tally(struct out *out, struct validity_tally *t, bool aspa, size_t top)
{
	static const char *const labels[ROV_STATES] = {
		[ROV_NOT_FOUND] = "not-found", [ROV_VALID] = "valid", [ROV_INVALID_AS] = "  as",
		[ROV_INVALID_LENGTH] = "  length", [ROV_INVALID_BOTH] = "  both",
	};
	static const enum rov_state order[] = {ROV_INVALID_AS, ROV_INVALID_LENGTH, ROV_INVALID_BOTH};
	size_t (*s)[ROV_STATES] = t->states, sums[2] = {0}, invalid[2] = {0}, all;

	for (int f = 0; f < 2; f++)
		for (int i = 0; i < ROV_STATES; i++) {
			sums[f] += s[f][i];
			invalid[f] += rov_invalid((enum rov_state)i) ? s[f][i] : 0;
		}
	all = sums[0] + sums[1];
	out_addf(out, "%-14s %10s %10s %10s\n", "", "IPv4", "IPv6", "all");
	write_row(out, "routes", sums[0], sums[1], all);
	write_row(out, labels[ROV_VALID], s[0][ROV_VALID], s[1][ROV_VALID], all);
	write_row(out, "invalid", invalid[0], invalid[1], all);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		write_row(out, labels[order[i]], s[0][order[i]], s[1][order[i]], all);
	write_row(out, labels[ROV_NOT_FOUND], s[0][ROV_NOT_FOUND], s[1][ROV_NOT_FOUND], all);
	for (int i = 0; aspa && i < ASPA_STATES; i++) {
		char label[24];

		snprintf(label, sizeof(label), "path %s", aspa_state_name((enum aspa_state)i));
		write_row(out, label, t->aspa[0][i], t->aspa[1][i], all);
	}
	if (t->invalid_count && top)
		write_origins(out, t, top);
}
