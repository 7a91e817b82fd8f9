/*
 * Theory. Values go up from the frame's floor; the margin on the left is as wide as the widest
 * label. Labels of axes are so many as fit.
 */
#include "show/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define CHAR_PX 7 /* of a digit at the labels' size */

double
frame_step(double span, unsigned n)
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
frame_step_s(int64_t span_s, unsigned n)
{
	static const int64_t steps[] = {1,	2,	5,	 10,	  15,	   30,
					60,	120,	300,	 600,	  900,	   1800,
					3600,	7200,	10800,	 21600,	  43200,   86400,
					172800, 604800, 1209600, 2592000, 7776000, 15552000};
	size_t i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++)
		if (span_s <= steps[i] * (int64_t)n)
			return steps[i];
	return (int64_t)frame_step((double)span_s / 31536000, n) * 31536000;
}

double
frame_log(double value, double low, double high)
{
	if (value <= low)
		return 0;
	return value >= high ? 1 : log(value / low) / log(high / low);
}

void
frame_open(struct buf *out, const char *label, int width, int height)
{
	buf_printf(out,
		   "<svg class=\"w%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
		   width, width, height, label);
}

void
frame_line(struct frame *f, const char *class, double x1, double y1, double x2, double y2)
{
	buf_printf(f->out, "<path class=\"%s\" d=\"M%.1f,%.1fL%.1f,%.1f\"/>\n", class, x1, y1, x2,
		   y2);
}

void
frame_label(struct frame *f, double x, double y, const char *anchor, const char *text)
{
	buf_printf(f->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y,
		   anchor, text);
}

double
frame_y(const struct frame *f, double value)
{
	return f->bottom - value / f->high * (f->bottom - f->top);
}

void
frame_count(char *out, size_t n, double value)
{
	struct buf text = {0};

	units_show_count(&text, (int64_t)(value + 0.5));
	snprintf(out, n, "%s", text.data);
	buf_free(&text);
}

double
frame_scale(struct frame *f, double most, unsigned ticks)
{
	double step = frame_step(most > 0 ? most : 1, ticks);
	char text[32];

	f->high = step * ceil(most / step);
	if (f->high < step)
		f->high = step;
	frame_count(text, sizeof text, f->high);
	f->left = (double)strlen(text) * CHAR_PX + 10;
	return step;
}

void
frame_values(struct frame *f, double step)
{
	char text[32];
	double value;

	for (value = 0; value <= f->high * 1.000001; value += step) {
		frame_line(f, value > 0 ? "grid" : "axis", f->left, frame_y(f, value), f->right,
			   frame_y(f, value));
		frame_count(text, sizeof text, value);
		frame_label(f, f->left - 6, frame_y(f, value) + 4, "end", text);
	}
}

void
frame_bar(struct buf *out, double x, double y, double width, double height)
{
	if (height > 0)
		buf_printf(out, "M%.1f,%.1fh%.1fv%.1fh-%.1fz", x, y, width, height, width);
}
