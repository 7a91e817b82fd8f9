/*
 * Rows by minute over any number of runs: how many minutes were busy, and how busy the busiest was.
 *
 * Four bytes a minute from the first to the last, and as much again in reserve; where they are
 * further apart than MINUTES_MAX, nothing is counted any more.
 */
#ifndef LADE_SHOW_MINUTES_H
#define LADE_SHOW_MINUTES_H

#include <stdbool.h>
#include <stdint.h>

#define MINUTES_MAX (1 << 21) /* four years, 8 MiB and the reserve */

/* A zeroed struct minutes is an empty one. */
struct minutes {
	int64_t first; /* the minute since 1970 of rows[0] */
	int64_t n;     /* minutes that there is room for */
	uint32_t *rows;
	bool overflowed; /* they spread over more than MINUTES_MAX: all below is 0 */
	int64_t busy;	 /* minutes with any row */
	int64_t most;	 /* rows of the busiest */
};

/* Counts a row at a time, milliseconds since 1970. */
void minutes_add(struct minutes *m, int64_t wall_ms);

void minutes_free(struct minutes *m);

#endif
