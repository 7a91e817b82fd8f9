/*
 * Theory. Bars of one kind are one path, so that a plot of 300 intervals has a few kilobytes:
 * "MX,YhWvHh-Wz" each.
 */
#include "show/plot.h"

#include <stdio.h>
#include <time.h>

#include "show/frame.h"

#define LONG_LABEL_PX 64 /* "13:05:10" */
#define MIN_INTERVALS 24 /* on a time axis: a run of seconds is no wall of bars */

/* ---- time ---- */

const char *
plot_unit(const struct timeline *t, int64_t *s)
{
	int64_t width_s = timeline_width_s(t);

	*s = width_s <= 900 ? 60 : width_s <= 43200 ? 3600 : 86400;
	return *s == 60 ? "minute" : *s == 3600 ? "hour" : "day";
}

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

	step_s = frame_step_s(span_s, (unsigned)(width / LABEL_PX));
	if (step_s < 60)
		step_s = frame_step_s(span_s, (unsigned)(width / LONG_LABEL_PX));
	at = ((int64_t)a->from_s + step_s - 1) / step_s * step_s;
	for (; at <= (int64_t)a->to_s; at += step_s) {
		double x = x_of(a, (double)at);

		frame_line(f, "tick", x, f->bottom, x, f->bottom + 4);
		time_text(text, sizeof text, at, step_s, span_s);
		frame_label(f, x, f->bottom + 17, "middle", text);
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
			frame_bar(f->out, x, f->bottom, width, f->bottom - frame_y(f, top));
		else
			frame_bar(f->out, x, frame_y(f, top), width,
				  frame_y(f, base) - frame_y(f, top));
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

	frame_scale(f, pace ? trouble : o->pace, pace ? TROUBLE_TICKS : PACE_TICKS);
	other = f->left;
	trouble = frame_scale(f, pace ? o->pace : trouble, pace ? PACE_TICKS : TROUBLE_TICKS);
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
	frame_open(out, title, width, height);
	step = shared_scale(&f, &o, true);
	a = time_axis_of(t, &f);
	frame_values(&f, step);
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
		y = 2 * f->bottom - frame_y(f, value);
		frame_line(f, "grid", f->left, y, f->right, y);
		frame_count(text, sizeof text, value);
		frame_label(f, f->left - 6, y + 4, "end", text);
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
	frame_open(out, title, width, TOP_PX + up + down + FLOOR_PX);
	step = shared_scale(&f, &o, false);
	f.top += up - half;
	f.bottom += up - half;
	a = time_axis_of(t, &f);
	if (up > 0)
		frame_values(&f, step);
	else
		frame_line(&f, "axis", f.left, f.bottom, f.right, f.bottom);
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
