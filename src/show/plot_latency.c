#include <math.h>
#include <stdio.h>

#include "show/frame.h"
#include "show/plot.h"

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
		from = frame_log((double)bin_low, low, high) * n;
		to = frame_log((double)bin_high, low, high) * n;
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
			x = f->left + frame_log(value, low, high) * width;
			frame_line(f, "tick", x, f->bottom, x, f->bottom + 4);
			if (i % stride != 0)
				continue;
			latency_text(text, sizeof text, value);
			frame_label(f, x, f->bottom + 17, "middle", text);
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
		x[i] = f->left + frame_log(ms[i] < 1 ? 1 : ms[i], low, high) * (f->right - f->left);
		frame_line(f, "mark", x[i], top + 16 * i + 4, x[i], f->bottom);
	}
	buf_add_str(f->out, "<g class=\"names\">\n"); /* over the lines */
	for (i = 0; i < 3; i++) {
		latency_text(value, sizeof value, ms[i]);
		snprintf(text, sizeof text, "%s %s", names[i], value);
		if (x[i] > f->right - 90)
			frame_label(f, x[i] - 5, top + 16 * i + 13, "end", text);
		else
			frame_label(f, x[i] + 5, top + 16 * i + 13, "start", text);
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
	frame_open(out, "Rows by latency", width, height);
	step = frame_scale(&f, most, 3);
	frame_values(&f, step);
	part = (f.right - f.left) / n;
	buf_add_str(out, "<path class=\"latency\" d=\"");
	for (i = 0; i < n; i++)
		frame_bar(out, f.left + i * part, frame_y(&f, count[i]), part - 1,
			  f.bottom - frame_y(&f, count[i]));
	buf_add_str(out, "\"/>\n");
	latency_axis(&f, low, high);
	latency_marks(&f, h, low, high, TOP_PX - 6);
	buf_add_str(out, "</svg>\n");
}
