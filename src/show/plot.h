/*
 * Plots of a report as inline SVG: drawn from its counts, with axes, units and labels.
 *
 * Each is drawn for a width in CSS pixels, so that its labels have the size of the text around it;
 * colours are classes that the page's style defines. Pure.
 */
#ifndef LADE_SHOW_PLOT_H
#define LADE_SHOW_PLOT_H

#include "base/buf.h"
#include "show/report.h"

/* The outcome bar: a part for each status of status[REPORT_STATUSES]; stretches to its frame. */
void plot_outcome(struct buf *out, const int64_t *status);

/* Rows a minute (an hour, a day) over the time of the run, by outcome. */
void plot_pace(struct buf *out, const struct timeline *t, int width);

/* Failures upwards and re-sendings downwards, on the same time axis. */
void plot_trouble(struct buf *out, const struct timeline *t, int width);

/* How the latencies are spread, on a logarithmic axis, with p50, p95 and p99. */
void plot_latency(struct buf *out, const struct histogram *h, int width);

/* The time that rates of this timeline count by: "minute", "hour", "day"; *s: in seconds. */
const char *plot_unit(const struct timeline *t, int64_t *s);

#endif
