/*
 * How often each value was seen, in bounded memory: percentiles of any number of values.
 *
 * Log-linear: each power of two is divided into HISTOGRAM_PARTS equal parts, values below that are
 * exact. What a percentile says differs from the exact one by at most 1/(2 * HISTOGRAM_PARTS), that
 * is 0.8 %. The largest and the smallest value are exact.
 */
#ifndef LADE_SHOW_HISTOGRAM_H
#define LADE_SHOW_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PART_BITS 6
#define HISTOGRAM_PARTS (1 << HISTOGRAM_PART_BITS)
#define HISTOGRAM_MAX_BITS 40 /* larger values count as this large: 34 years in milliseconds */
#define HISTOGRAM_BINS ((HISTOGRAM_MAX_BITS - HISTOGRAM_PART_BITS + 1) << HISTOGRAM_PART_BITS)

/* A zeroed struct histogram is an empty one. */
struct histogram {
	int64_t count;
	int64_t low, high; /* smallest and largest value, exact */
	int64_t bin[HISTOGRAM_BINS];
};

/* Counts a value; a negative one as 0. */
void histogram_add(struct histogram *h, int64_t value);

/* The value that the given share (0 to 1) of all do not exceed (nearest rank); 0 when there is
 * none. */
int64_t histogram_percentile(const struct histogram *h, double share);

/* The values that bin number i stands for: from *low to below *high. */
void histogram_bounds(unsigned i, int64_t *low, int64_t *high);

#endif
