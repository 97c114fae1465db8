/* SPDX-License-Identifier: ISC */
#include "lines.h"

#include "huge.h"
#include "line.h"

/* The arrays of a set, looked up once. */
struct records {
	const struct names *names;
	const struct vrp *vrps;
	const struct router_key *keys;
	const struct aspa *aspas;
	size_t vrp_count, key_count, aspa_count;
};

static struct records
records_of(const struct vrpset *set)
{
	struct records r = {.names = vrpset_names(set)};

	r.vrps = vrpset_vrps(set, &r.vrp_count);
	r.keys = vrpset_router_keys(set, &r.key_count);
	r.aspas = vrpset_aspas(set, &r.aspa_count);
	return r;
}

static struct payload
other_record(const struct records *r, size_t number)
{
	number -= r->vrp_count;
	if (number < r->key_count)
		return (struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = r->keys[number]};
	return (struct payload){.kind = PAYLOAD_ASPA, .aspa = r->aspas[number - r->key_count]};
}

/* With its newline. */
static uint32_t
vrp_length(const struct records *r, size_t number)
{
	char text[LINE_VRP_MAX];

	return (uint32_t)(line_format_vrp(text, &r->vrps[number], r->names) - text) + 1;
}

static uint32_t
record_length(const struct records *r, size_t number)
{
	struct payload p;

	if (VRP_LIKELY(number < r->vrp_count))
		return vrp_length(r, number);
	p = other_record(r, number);
	return (uint32_t)line_length(&p, r->names);
}

static size_t
record_at(const struct lines *l, size_t place)
{
	return l->order ? l->order[place] : place;
}

void
lines_measure(const struct vrpset *set, uint32_t *lengths)
{
	struct records r = records_of(set);
	size_t count = vrpset_count(set);

	for (size_t i = 0; i < count; i++)
		lengths[i] = record_length(&r, i);
}

/* One mark at least, and one behind the last whole run. */
static size_t
mark_count(size_t count)
{
	return count / LINES_MARK + 1;
}

int
lines_init(struct lines *l, const struct vrpset *set, const uint32_t *order, size_t count, const uint32_t *lengths)
{
	uint64_t at = 0;

	*l = (struct lines){.set = set, .order = order, .count = count};
	l->marks = huge_realloc(NULL, 0, mark_count(count) * sizeof(*l->marks));
	if (!l->marks)
		return -1;
	l->marks[0] = 0;
	for (size_t i = 0; i < count; i++) {
		at += lengths[record_at(l, i)];
		if ((i + 1) % LINES_MARK == 0)
			l->marks[(i + 1) / LINES_MARK] = at;
	}
	return 0;
}

void
lines_release(struct lines *l)
{
	huge_free(l->marks, mark_count(l->count) * sizeof(*l->marks));
	*l = (struct lines){0};
}

size_t
lines_memory(const struct lines *l)
{
	return mark_count(l->count) * sizeof(*l->marks);
}

static uint64_t
sum(const struct lines *l, const struct records *r, size_t first, size_t end)
{
	uint64_t bytes = 0;

	for (size_t i = first; i < end; i++)
		bytes += record_length(r, record_at(l, i));
	return bytes;
}

/* Bytes before a place. */
static uint64_t
offset_of(const struct lines *l, const struct records *r, size_t place)
{
	size_t mark = place / LINES_MARK;

	return l->marks[mark] + sum(l, r, mark * LINES_MARK, place);
}

uint64_t
lines_size(const struct lines *l, size_t first, size_t end)
{
	struct records r = records_of(l->set);

	if (end - first <= LINES_MARK)
		return sum(l, &r, first, end);
	return offset_of(l, &r, end) - offset_of(l, &r, first);
}

/* The last mark between first and end that is at most `bytes` behind first; first itself where there is none. */
static size_t
leave_out(struct out *out, const struct lines *l, const struct records *r, size_t first, size_t end)
{
	uint64_t start = offset_of(l, r, first), target = start + out_before_window(out);
	size_t lo = first / LINES_MARK, hi = end / LINES_MARK + 1;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->marks[mid] <= target)
			lo = mid;
		else
			hi = mid;
	}
	if (lo * LINES_MARK <= first)
		return first;
	out_leave_out(out, l->marks[lo] - start);
	return lo * LINES_MARK;
}

void
lines_write(struct out *out, const struct lines *l, size_t first, size_t end)
{
	struct records r = records_of(l->set);

	if (end - first > LINES_MARK && out_before_window(out) > 0)
		first = leave_out(out, l, &r, first, end);
	for (size_t i = first; i < end; i++) {
		size_t number = record_at(l, i);
		char *start = out_room(out, LINE_VRP_MAX), *dst = start;

		if (!start)
			return;
		if (number >= r.vrp_count) {
			struct payload p = other_record(&r, number);

			line_write(out, 0, &p, r.names);
			continue;
		}
		dst = line_format_vrp(dst, &r.vrps[number], r.names);
		*dst++ = '\n';
		out_advance(out, (size_t)(dst - start));
	}
}
