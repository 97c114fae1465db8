/* SPDX-License-Identifier: ISC */
#include "chart.h"

#include <inttypes.h>

#include "html.h"
#include "stamp.h"

#define ADD(o, literal) out_add((o), (literal), sizeof(literal) - 1)

/* Pixels from the top of the figure: the plot, and the line that the hours stand on. */
#define TOP 8
#define BOTTOM 164
#define HOURS 184
#define HEIGHT 190

#define DIGIT_WIDTH 8	/* pixels, at most, of the labels beside it */

#define LAST (SERIES_STEPS - 1)
#define VALUE_MAX UINT64_C(1000000000000000000)
#define LINES 4		/* of an axis above the first, at most */

/* What is drawn, and all that there is to say about it. */
struct view {
	const struct series *series;
	int64_t now;
	uint64_t lo, hi, last;
	size_t lowest, highest;		/* the steps in which they were */
	size_t filled;
	uint64_t from, to, step;	/* the axis */
};

/* ---- The axis */

/* The least of 1, 2, 5, 10, 20, ... that goes into span `lines` times at most. */
static uint64_t
round_step(uint64_t span, uint64_t lines)
{
	uint64_t step = 1;

	for (;;) {
		if (span <= step * lines)
			return step;
		if (span <= 2 * step * lines)
			return 2 * step;
		if (span <= 5 * step * lines)
			return 5 * step;
		step *= 10;
	}
}

void
chart_axis(uint64_t lo, uint64_t hi, uint64_t *from, uint64_t *to, uint64_t *step)
{
	uint64_t least, missing;

	hi = hi < VALUE_MAX ? hi : VALUE_MAX;
	lo = lo < hi ? lo : hi;
	if (lo < hi / 2)
		lo = 0;
	least = hi / 100 > LINES ? hi / 100 : LINES;
	missing = hi - lo < least ? least - (hi - lo) : 0;
	lo -= missing / 2 < lo ? missing / 2 : lo;
	hi = lo + least > hi ? lo + least : hi;
	/* Rounding outwards may need one line more. */
	*step = round_step(hi - lo, LINES - 1);
	*from = lo / *step * *step;
	*to = (hi + *step - 1) / *step * *step;
}

static void
measure(struct view *v)
{
	v->lo = UINT64_MAX;
	for (size_t i = 0; i < SERIES_STEPS; i++) {
		const struct series_sample *s = series_at(v->series, v->now, i);

		if (!s)
			continue;
		v->filled++;
		v->last = s->last;
		if (s->min < v->lo) {
			v->lo = s->min;
			v->lowest = i;
		}
		if (s->max >= v->hi) {
			v->hi = s->max;
			v->highest = i;
		}
	}
	if (v->filled == 0)
		v->lo = 0;
	chart_axis(v->lo, v->hi, &v->from, &v->to, &v->step);
}

/* ---- Words */

static void
write_hour(struct out *o, int64_t when)
{
	char text[STAMP_MAX];

	stamp_format(when, text);
	out_addf(o, "%.5s", text + 11);
}

static void
write_words(struct out *o, const struct view *v)
{
	if (v->filled == 0) {
		ADD(o, "Nothing is known yet.");
		return;
	}
	html_count(o, v->last);
	ADD(o, " at last. Lowest ");
	html_count(o, v->lo);
	ADD(o, " at ");
	write_hour(o, series_time(v->now, v->lowest));
	ADD(o, ", highest ");
	html_count(o, v->hi);
	ADD(o, " at ");
	write_hour(o, series_time(v->now, v->highest));
	ADD(o, " UTC.");
	if (v->filled < SERIES_STEPS) {
		ADD(o, " Nothing is known of ");
		html_span(o, (int64_t)(SERIES_STEPS - v->filled) * SERIES_STEP);
		ADD(o, " of the 24 hours.");
	}
}

/* ---- Lines */

static double
height_of(const struct view *v, uint64_t value)
{
	double part = (double)(value - v->from) / (double)(v->to - v->from);

	return BOTTOM - part * (BOTTOM - TOP);
}

static void
write_value_lines(struct out *o, const struct view *v)
{
	for (uint64_t value = v->from; value <= v->to; value += v->step) {
		double y = height_of(v, value);

		out_addf(o, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>", y, y);
	}
	ADD(o, "\n");
}

/* The axis, in a picture of its own, because that of the curve is as wide as there is room. */
static void
write_scale(struct out *o, const struct view *v)
{
	char longest[32];
	int width = snprintf(longest, sizeof(longest), "%" PRIu64, v->to);

	width = (width + (width - 1) / 3 + 1) * DIGIT_WIDTH;
	out_addf(o, "<svg class=\"scale\" aria-hidden=\"true\" width=\"%d\" height=\"%d\">", width, HEIGHT);
	for (uint64_t value = v->from; value <= v->to; value += v->step) {
		out_addf(o, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", width - DIGIT_WIDTH, height_of(v, value) + 4);
		html_count(o, value);
		ADD(o, "</text>");
	}
	ADD(o, "</svg>\n");
}

/* Every sixth hour of UTC that lies in the day. */
static void
write_hours(struct out *o, const struct view *v)
{
	const int64_t six = INT64_C(6) * 3600, first = series_time(v->now, 0), last = series_time(v->now, LAST);

	for (int64_t t = (first + six - 1) / six * six; t <= last; t += six) {
		double x = 100.0 * (double)(t - first) / (double)(last - first);

		/* At the borders they would be cut off. */
		out_addf(o, "<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">", x, HOURS,
			 x < 3 ? "start" : x > 97 ? "end" : "middle");
		write_hour(o, t);
		ADD(o, "</text>");
	}
	ADD(o, "\n");
}

/* The steps from *i on that belong together: *i is the first of them, the result is behind the last. */
static size_t
next_run(const struct view *v, size_t *i)
{
	size_t end;

	while (*i < SERIES_STEPS && !series_at(v->series, v->now, *i))
		++*i;
	for (end = *i; end < SERIES_STEPS && series_at(v->series, v->now, end); end++)
		;
	return end;
}

static void
write_spread(struct out *o, const struct view *v)
{
	ADD(o, "<path class=\"spread\" d=\"");
	for (size_t i = 0, end; i < SERIES_STEPS; i = end) {
		end = next_run(v, &i);
		for (size_t k = i; k < end; k++)
			out_addf(o, "%c%zu %.1f", k == i ? 'M' : 'L', k, height_of(v, series_at(v->series, v->now, k)->max));
		for (size_t k = end; k-- > i;)
			out_addf(o, "L%zu %.1f", k, height_of(v, series_at(v->series, v->now, k)->min));
		if (i < end)
			ADD(o, "Z");
	}
	ADD(o, "\"/>\n");
}

static void
write_curve(struct out *o, const struct view *v)
{
	ADD(o, "<path class=\"curve\" vector-effect=\"non-scaling-stroke\" d=\"");
	for (size_t i = 0, end; i < SERIES_STEPS; i = end) {
		end = next_run(v, &i);
		for (size_t k = i; k < end; k++)
			out_addf(o, "%c%zu %.1f", k == i ? 'M' : 'L', k, height_of(v, series_at(v->series, v->now, k)->last));
	}
	ADD(o, "\"/>\n");
}

/* Steps that stand alone, which would not be seen as lines, and the last one: lines of no length with round ends. */
static void
write_dots(struct out *o, const struct view *v)
{
	ADD(o, "<path class=\"dot\" vector-effect=\"non-scaling-stroke\" d=\"");
	for (size_t i = 0, end; i < SERIES_STEPS; i = end) {
		end = next_run(v, &i);
		if (end == i + 1 || (i < end && end == SERIES_STEPS))
			out_addf(o, "M%zu %.1fh0", end - 1, height_of(v, series_at(v->series, v->now, end - 1)->last));
	}
	ADD(o, "\"/>\n");
}

void
chart_write(struct out *o, const char *id, const char *caption, const struct series *s, int64_t now)
{
	struct view v = {.series = s, .now = now};

	measure(&v);
	out_addf(o, "<figure id=\"%s\" data-live>\n<figcaption>%s</figcaption>\n<div class=\"chart\">\n", id, caption);
	write_scale(o, &v);
	out_addf(o,
		 "<svg role=\"img\" aria-labelledby=\"%s-title %s-words\" width=\"100%%\" height=\"%d\">\n"
		 "<title id=\"%s-title\">%s</title>\n<desc id=\"%s-words\">",
		 id, id, HEIGHT, id, caption, id);
	write_words(o, &v);
	ADD(o, "</desc>\n");
	write_value_lines(o, &v);
	out_addf(o, "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n", HEIGHT, LAST,
		 HEIGHT);
	write_spread(o, &v);
	write_curve(o, &v);
	write_dots(o, &v);
	ADD(o, "</svg>\n");
	write_hours(o, &v);
	ADD(o, "</svg>\n</div>\n</figure>\n");
}
