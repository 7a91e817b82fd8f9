/*
 * Theory. A plot is a frame inside margins; values go up from its floor. The margin on the left is
 * as wide as the widest label. Bars of one kind are one path, so that a plot of 300 intervals has a
 * few kilobytes: "MX,YhWvHh-Wz" each.
 *
 * Labels of axes are so many as fit.
 */
#include "show/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

#define CHAR_PX 7	 /* of a digit at the labels' size */
#define LABEL_PX 48	 /* from one label of an axis to the next: "13:05", "200 ms" */
#define LONG_LABEL_PX 64 /* "13:05:10" */
#define MIN_INTERVALS 24 /* on a time axis: a run of seconds is no wall of bars */
#define RIGHT_PX 22	 /* half a label of the axis below may stand out there */
#define TOP_PX 10
#define FLOOR_PX 24 /* below the frame, for the labels */

struct frame {
	struct buf *out;
	double left, right, top, bottom; /* the frame, in pixels */
	double high;			 /* the value at its top; 0 is at its bottom */
};

/* ---- scales ---- */

double
plot_step(double span, unsigned n)
{
	static const double parts[] = {1, 2, 5, 10};
	double rough = span / (n > 0 ? n : 1), power, step;
	unsigned i = 0;

	if (!(rough > 1))
		return 1;
	power = pow(10, floor(log10(rough)));
	do
		step = parts[i++] * power;
	while (i < sizeof parts / sizeof *parts && step < rough * 0.999999);
	return step;
}

int64_t
plot_step_s(int64_t span_s, unsigned n)
{
	static const int64_t steps[] = {1,	2,	5,	 10,	  15,	   30,
					60,	120,	300,	 600,	  900,	   1800,
					3600,	7200,	10800,	 21600,	  43200,   86400,
					172800, 604800, 1209600, 2592000, 7776000, 15552000};
	size_t i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++)
		if (span_s <= steps[i] * (int64_t)n)
			return steps[i];
	return (int64_t)plot_step((double)span_s / 31536000, n) * 31536000;
}

double
plot_log(double value, double low, double high)
{
	if (value <= low)
		return 0;
	return value >= high ? 1 : log(value / low) / log(high / low);
}

const char *
plot_unit(const struct timeline *t, int64_t *s)
{
	int64_t width_s = timeline_width_s(t);

	*s = width_s <= 900 ? 60 : width_s <= 43200 ? 3600 : 86400;
	return *s == 60 ? "minute" : *s == 3600 ? "hour" : "day";
}

/* ---- parts of a plot ---- */

static void
open_svg(struct buf *out, const char *label, int width, int height)
{
	buf_printf(out,
		   "<svg class=\"w%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
		   width, width, height, label);
}

static void
line(struct frame *f, const char *class, double x1, double y1, double x2, double y2)
{
	buf_printf(f->out, "<path class=\"%s\" d=\"M%.1f,%.1fL%.1f,%.1f\"/>\n", class, x1, y1, x2,
		   y2);
}

static void
label(struct frame *f, double x, double y, const char *anchor, const char *text)
{
	buf_printf(f->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y,
		   anchor, text);
}

static double
y_of(const struct frame *f, double value)
{
	return f->bottom - value / f->high * (f->bottom - f->top);
}

static void
count_text(char *out, size_t n, double value)
{
	struct buf text = {0};

	units_show_count(&text, (int64_t)(value + 0.5));
	snprintf(out, n, "%s", text.data);
	buf_free(&text);
}

/* Chooses the scale of a value axis from 0 to at least most, and the left margin its labels need.
 */
static double
value_scale(struct frame *f, double most, unsigned ticks)
{
	double step = plot_step(most > 0 ? most : 1, ticks);
	char text[32];

	f->high = step * ceil(most / step);
	if (f->high < step)
		f->high = step;
	count_text(text, sizeof text, f->high);
	f->left = (double)strlen(text) * CHAR_PX + 10;
	return step;
}

static void
value_axis(struct frame *f, double step)
{
	char text[32];
	double value;

	for (value = 0; value <= f->high * 1.000001; value += step) {
		line(f, value > 0 ? "grid" : "axis", f->left, y_of(f, value), f->right,
		     y_of(f, value));
		count_text(text, sizeof text, value);
		label(f, f->left - 6, y_of(f, value) + 4, "end", text);
	}
}

static void
bar(struct buf *out, double x, double y, double width, double height)
{
	if (height > 0)
		buf_printf(out, "M%.1f,%.1fh%.1fv%.1fh-%.1fz", x, y, width, height, width);
}

/* ---- time ---- */

struct time_axis {
	double from_s, to_s; /* since 1970 */
	double left, right;
};

static struct time_axis
time_axis_of(const struct timeline *t, const struct frame *f)
{
	unsigned n = t->n < MIN_INTERVALS ? MIN_INTERVALS : t->n;

	return (struct time_axis){(double)(timeline_at_ms(t, 0) / 1000),
				  (double)(timeline_at_ms(t, n) / 1000), f->left, f->right};
}

static double
x_of(const struct time_axis *a, double s)
{
	return a->left + (s - a->from_s) / (a->to_s - a->from_s) * (a->right - a->left);
}

/* What a tick is called: the time, or where the steps are days, the date. */
static void
time_text(char *out, size_t n, int64_t s, int64_t step_s, int64_t span_s)
{
	time_t t = (time_t)s;
	struct tm day;

	gmtime_r(&t, &day);
	if (step_s < 60)
		strftime(out, n, "%H:%M:%S", &day);
	else if (step_s < 86400 && (span_s < 86400 || s % 86400 != 0))
		strftime(out, n, "%H:%M", &day);
	else if (span_s < 300 * 86400)
		strftime(out, n, "%b %-d", &day);
	else
		strftime(out, n, "%Y-%m", &day);
}

static void
time_axis(struct frame *f, const struct time_axis *a)
{
	int64_t span_s = (int64_t)(a->to_s - a->from_s), step_s, at;
	double width = f->right - f->left;
	char text[32];

	step_s = plot_step_s(span_s, (unsigned)(width / LABEL_PX));
	if (step_s < 60)
		step_s = plot_step_s(span_s, (unsigned)(width / LONG_LABEL_PX));
	at = ((int64_t)a->from_s + step_s - 1) / step_s * step_s;
	for (; at <= (int64_t)a->to_s; at += step_s) {
		double x = x_of(a, (double)at);

		line(f, "tick", x, f->bottom, x, f->bottom + 4);
		time_text(text, sizeof text, at, step_s, span_s);
		label(f, x, f->bottom + 17, "middle", text);
	}
}

/* One path of all bars of a kind, stacked on those of the kinds before it. from: NULL, or where
 * each stack ends so far, and will. down: below the floor. */
static void
bars(struct frame *f, const struct timeline *t, const struct time_axis *a, enum timeline_kind kind,
     double per_unit, double *stack, bool down)
{
	static const char *const classes[TIMELINE_KINDS] = {"uploaded", "failed", "in_doubt",
							    "resent"};
	double x, width, base, top;
	unsigned i;

	buf_printf(f->out, "<path class=\"%s\" d=\"", classes[kind]);
	for (i = 0; i < t->n; i++) {
		x = x_of(a, (double)(timeline_at_ms(t, i) / 1000));
		width = x_of(a, (double)(timeline_at_ms(t, i + 1) / 1000)) - x;
		base = stack[i];
		top = base + (double)t->count[i][kind] * per_unit;
		stack[i] = top;
		width += width > 4 ? -1 : 0.3; /* a gap, or no seam */
		if (down)
			bar(f->out, x, f->bottom, width, f->bottom - y_of(f, top));
		else
			bar(f->out, x, y_of(f, top), width, y_of(f, base) - y_of(f, top));
	}
	buf_add_str(f->out, "\"/>\n");
}

/* The largest sum of some kinds in an interval. */
static int64_t
most_of(const struct timeline *t, unsigned kinds)
{
	int64_t most = 0, sum;
	unsigned i, k;

	for (i = 0; i < t->n; i++) {
		for (sum = 0, k = 0; k < TIMELINE_KINDS; k++)
			sum += kinds & 1u << k ? t->count[i][k] : 0;
		if (sum > most)
			most = sum;
	}
	return most;
}

/* What both plots over time have in common. */
struct over_time {
	double per_unit; /* rows of an interval to rows of a minute, an hour, a day */
	double pace, up,
		down; /* the largest values of the one, and of the other in its two directions */
};

static struct over_time
over_time_of(const struct timeline *t)
{
	struct over_time o;
	int64_t unit_s;

	plot_unit(t, &unit_s);
	o.per_unit = (double)unit_s / (double)timeline_width_s(t);
	o.pace = o.per_unit * (double)most_of(t, 1u << TIMELINE_UPLOADED | 1u << TIMELINE_FAILED |
							 1u << TIMELINE_IN_DOUBT);
	o.up = o.per_unit * (double)most_of(t, 1u << TIMELINE_FAILED | 1u << TIMELINE_IN_DOUBT);
	o.down = o.per_unit * (double)most_of(t, 1u << TIMELINE_RESENT);
	return o;
}

#define PACE_TICKS 4
#define TROUBLE_TICKS 2 /* in each direction */

/* A scale for one of the two plots, with the margin that both need, so that they share their time
 * axis. */
static double
shared_scale(struct frame *f, const struct over_time *o, bool pace)
{
	double trouble = o->up > o->down ? o->up : o->down, other;

	value_scale(f, pace ? trouble : o->pace, pace ? TROUBLE_TICKS : PACE_TICKS);
	other = f->left;
	trouble = value_scale(f, pace ? o->pace : trouble, pace ? PACE_TICKS : TROUBLE_TICKS);
	f->left = other > f->left ? other : f->left;
	return trouble;
}

void
plot_pace(struct buf *out, const struct timeline *t, int width)
{
	const int height = 210;
	struct frame f = {out, 0, width - RIGHT_PX, TOP_PX, height - FLOOR_PX, 0};
	double stack[TIMELINE_MAX] = {0}, step;
	struct over_time o = over_time_of(t);
	struct time_axis a;
	int64_t unit_s;
	char title[64];

	snprintf(title, sizeof title, "Rows per %s over time", plot_unit(t, &unit_s));
	open_svg(out, title, width, height);
	step = shared_scale(&f, &o, true);
	a = time_axis_of(t, &f);
	value_axis(&f, step);
	bars(&f, t, &a, TIMELINE_UPLOADED, o.per_unit, stack, false);
	bars(&f, t, &a, TIMELINE_FAILED, o.per_unit, stack, false);
	bars(&f, t, &a, TIMELINE_IN_DOUBT, o.per_unit, stack, false);
	time_axis(&f, &a);
	buf_add_str(out, "</svg>\n");
}

/* The value axis below the line. */
static void
axis_down(struct frame *f, double step)
{
	double value, y;
	char text[32];

	for (value = step; value <= f->high * 1.000001; value += step) {
		y = 2 * f->bottom - y_of(f, value);
		line(f, "grid", f->left, y, f->right, y);
		count_text(text, sizeof text, value);
		label(f, f->left - 6, y + 4, "end", text);
	}
}

void
plot_trouble(struct buf *out, const struct timeline *t, int width)
{
	const int half = 64;
	struct over_time o = over_time_of(t);
	/* a direction in which there is nothing has no room */
	int up = o.up > 0 ? half : 0, down = o.down > 0 ? half : 0;
	struct frame f = {out, 0, width - RIGHT_PX, TOP_PX, TOP_PX + half, 0}, floor_frame;
	double up_stack[TIMELINE_MAX] = {0}, down_stack[TIMELINE_MAX] = {0}, step;
	struct time_axis a;
	int64_t unit_s;
	char title[80];

	snprintf(title, sizeof title, "Failures and requests sent again per %s",
		 plot_unit(t, &unit_s));
	open_svg(out, title, width, TOP_PX + up + down + FLOOR_PX);
	step = shared_scale(&f, &o, false);
	f.top += up - half;
	f.bottom += up - half;
	a = time_axis_of(t, &f);
	if (up > 0)
		value_axis(&f, step);
	else
		line(&f, "axis", f.left, f.bottom, f.right, f.bottom);
	if (down > 0)
		axis_down(&f, step);
	bars(&f, t, &a, TIMELINE_FAILED, o.per_unit, up_stack, false);
	bars(&f, t, &a, TIMELINE_IN_DOUBT, o.per_unit, up_stack, false);
	bars(&f, t, &a, TIMELINE_RESENT, o.per_unit, down_stack, true);
	floor_frame = f;
	floor_frame.bottom += down;
	time_axis(&floor_frame, &a);
	buf_add_str(out, "</svg>\n");
}

/* ---- outcome ---- */

void
plot_outcome(struct buf *out, const int64_t *status)
{
	const double width = 1000, height = 24, least = 4;
	double total = 0, x = 0, part, spare = width;
	unsigned s, n = 0;

	for (s = 0; s < REPORT_STATUSES; s++) {
		total += (double)status[s];
		n += status[s] > 0;
	}
	/* what there is at all is seen: a few parts in a million would vanish */
	spare -= least * n;
	buf_printf(out,
		   "<svg class=\"outcome\" viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\" "
		   "role=\"img\" aria-label=\"Records by status\">\n",
		   width, height);
	if (n == 0)
		buf_printf(out, "<rect class=\"none\" width=\"%.0f\" height=\"%.0f\"/>\n", width,
			   height);
	for (s = 0; s < REPORT_STATUSES; s++) {
		if (status[s] == 0)
			continue;
		part = least + (double)status[s] / total * spare;
		buf_printf(out, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"%.0f\"/>\n",
			   report_status_word(s), x, part - (x + part < width - 1 ? 1.5 : 0),
			   height);
		x += part;
	}
	buf_add_str(out, "</svg>\n");
}

/* ---- latency ---- */

#define LATENCY_BARS 60
#define FEW_ROWS 1000

/*
 * The histogram's counts as bars of equal width on a logarithmic axis. The bins are finer than the
 * bars but do not divide them evenly: each bin's count is divided among the bars that it touches,
 * so that the plot has no teeth. Few rows have no shape yet: each is shown whole, in one bar.
 */
static void
spread(const struct histogram *h, double low, double high, unsigned n, double *bars_out)
{
	double from, to, share, at, end;
	int64_t bin_low, bin_high;
	unsigned i, b;

	for (i = 0; i < HISTOGRAM_BINS; i++) {
		if (h->bin[i] == 0)
			continue;
		histogram_bounds(i, &bin_low, &bin_high);
		from = plot_log((double)bin_low, low, high) * n;
		to = plot_log((double)bin_high, low, high) * n;
		if (h->count < FEW_ROWS)
			from = to = (from + to) / 2;
		if (to - from < 1e-9)
			to = from + 1e-9;
		for (b = (unsigned)from; b < n && b < to; b++) {
			at = from > b ? from : b;
			end = to < b + 1 ? to : b + 1;
			share = (end - at) / (to - from);
			bars_out[b] += (double)h->bin[i] * share;
		}
	}
}

static void
latency_text(char *out, size_t n, double ms)
{
	if (ms < 1000)
		snprintf(out, n, "%.0f ms", ms);
	else
		snprintf(out, n, "%g s", ms / 1000);
}

/* The largest of 1, 2, 5 times a power of ten that is not over the value. */
static double
nice_below(double value)
{
	double power = pow(10, floor(log10(value))), part = value / power;

	return power * (part >= 5 ? 5 : part >= 2 ? 2 : 1);
}

static void
latency_axis(struct frame *f, double low, double high)
{
	static const double parts[] = {1, 2, 5};
	double decades = log10(high / low), power, value, x, width = f->right - f->left;
	unsigned stride = decades * 3 * LABEL_PX < width ? 1 : 3, i;
	char text[32];

	for (power = pow(10, floor(log10(low))); power <= high; power *= 10) {
		for (i = 0; i < 3; i++) {
			value = power * parts[i];
			if (value < low * 0.999 || value > high * 1.001)
				continue;
			x = f->left + plot_log(value, low, high) * width;
			line(f, "tick", x, f->bottom, x, f->bottom + 4);
			if (i % stride != 0)
				continue;
			latency_text(text, sizeof text, value);
			label(f, x, f->bottom + 17, "middle", text);
		}
	}
}

/* The three percentiles as lines through the plot, their names staggered above it. */
static void
latency_marks(struct frame *f, const struct histogram *h, double low, double high, double top)
{
	static const double shares[] = {0.50, 0.95, 0.99};
	static const char *const names[] = {"p50", "p95", "p99"};
	char value[32], text[48];
	double x[3], ms[3];
	int i;

	for (i = 0; i < 3; i++) {
		ms[i] = (double)histogram_percentile(h, shares[i]);
		x[i] = f->left + plot_log(ms[i] < 1 ? 1 : ms[i], low, high) * (f->right - f->left);
		line(f, "mark", x[i], top + 16 * i + 4, x[i], f->bottom);
	}
	buf_add_str(f->out, "<g class=\"names\">\n"); /* over the lines */
	for (i = 0; i < 3; i++) {
		latency_text(value, sizeof value, ms[i]);
		snprintf(text, sizeof text, "%s %s", names[i], value);
		if (x[i] > f->right - 90)
			label(f, x[i] - 5, top + 16 * i + 13, "end", text);
		else
			label(f, x[i] + 5, top + 16 * i + 13, "start", text);
	}
	buf_add_str(f->out, "</g>\n");
}

void
plot_latency(struct buf *out, const struct histogram *h, int width)
{
	const int height = 220, marks = 50;
	const unsigned n = width < 500 ? LATENCY_BARS / 2 : LATENCY_BARS;
	struct frame f = {out, 0, width - RIGHT_PX, TOP_PX + marks, height - FLOOR_PX, 0};
	double count[LATENCY_BARS] = {0}, most = 0, low, high, step, part;
	unsigned i;

	low = nice_below(h->low < 2 ? 1 : (double)h->low * 0.9);
	high = low * 2;
	while (high <= (double)h->high)
		high = nice_below(high * 2.6); /* 1, 2, 5, 10, ... */
	spread(h, low, high, n, count);
	for (i = 0; i < n; i++)
		most = count[i] > most ? count[i] : most;
	open_svg(out, "Rows by latency", width, height);
	step = value_scale(&f, most, 3);
	value_axis(&f, step);
	part = (f.right - f.left) / n;
	buf_add_str(out, "<path class=\"latency\" d=\"");
	for (i = 0; i < n; i++)
		bar(out, f.left + i * part, y_of(&f, count[i]), part - 1,
		    f.bottom - y_of(&f, count[i]));
	buf_add_str(out, "\"/>\n");
	latency_axis(&f, low, high);
	latency_marks(&f, h, low, high, TOP_PX - 6);
	buf_add_str(out, "</svg>\n");
}
