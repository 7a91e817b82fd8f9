/*
 * What happened when, in bounded memory: counts by time, in intervals that grow longer as the time
 * that they have to cover does.
 *
 * Intervals begin at whole multiples of their length since 1970 (UTC). They last a second at first;
 * when more than TIMELINE_MAX would be needed, they are joined to longer ones (timeline_width_s has
 * the lengths, each a multiple of the one before). Counts may come in any order of time.
 */
#ifndef LADE_SHOW_TIMELINE_H
#define LADE_SHOW_TIMELINE_H

#include <stdint.h>

#define TIMELINE_MAX 300 /* of a run of an hour: 15 seconds each */

enum timeline_kind {
	TIMELINE_UPLOADED, /* rows, by their final answer */
	TIMELINE_FAILED,
	TIMELINE_IN_DOUBT,
	TIMELINE_RESENT, /* requests beyond a row's first, at the time of its final answer */
	TIMELINE_KINDS
};

/* A zeroed struct timeline is an empty one. */
struct timeline {
	unsigned step; /* number of the length of an interval */
	unsigned n;    /* intervals in use */
	int64_t first; /* the first one begins at first * length since 1970 */
	int64_t count[TIMELINE_MAX][TIMELINE_KINDS];
};

/* Counts n of a kind at a time, milliseconds since 1970. */
void timeline_add(struct timeline *t, int64_t wall_ms, enum timeline_kind kind, int64_t n);

/* The length of an interval in seconds. */
int64_t timeline_width_s(const struct timeline *t);

/* When interval i begins, milliseconds since 1970; i may be n: where the last one ends. */
int64_t timeline_at_ms(const struct timeline *t, unsigned i);

/* Rows (not requests) of interval i. */
int64_t timeline_rows(const struct timeline *t, unsigned i);

/* How many intervals have any rows. */
unsigned timeline_busy(const struct timeline *t);

#endif
