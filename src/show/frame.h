/*
 * The frame of a plot as inline SVG: its scales, lines, labels and bars. Coordinates are CSS
 * pixels.
 */
#ifndef LADE_SHOW_FRAME_H
#define LADE_SHOW_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LABEL_PX 48 /* from one label of an axis to the next: "13:05", "200 ms" */
#define RIGHT_PX 22 /* half a label of the axis below may stand out there */
#define TOP_PX 10
#define FLOOR_PX 24 /* below the frame, for the labels */

struct frame {
	struct buf *out;
	double left, right, top, bottom; /* the frame, in pixels */
	double high;			 /* the value at its top; 0 is at its bottom */
};

/* The smallest of 1, 2, 5 times a power of ten (at least 1) that divides span into at most n parts.
 */
double frame_step(double span, unsigned n);

/* The same of time: seconds, minutes, hours, days as people count them. */
int64_t frame_step_s(int64_t span_s, unsigned n);

/* Where a value is between low and high on a logarithmic scale: 0 to 1. */
double frame_log(double value, double low, double high);

/* Begins the SVG; the caller ends it. label: what it shows, in words. */
void frame_open(struct buf *out, const char *label, int width, int height);

/* class: of the page's style. */
void frame_line(struct frame *f, const char *class, double x1, double y1, double x2, double y2);

/* anchor: "start", "middle" or "end" is at x. */
void frame_label(struct frame *f, double x, double y, const char *anchor, const char *text);

/* Part of a path: a bar whose upper left corner is at x, y. */
void frame_bar(struct buf *out, double x, double y, double width, double height);

/* Where a value is. */
double frame_y(const struct frame *f, double value);

/* A value as labels have it: rounded, its digits grouped. */
void frame_count(char *out, size_t n, double value);

/* Chooses the scale of the values from 0 to at least most, and the left margin that its labels
 * need; the step from one label to the next. */
double frame_scale(struct frame *f, double most, unsigned ticks);

/* The axis of the values, upwards. */
void frame_values(struct frame *f, double step);

#endif
