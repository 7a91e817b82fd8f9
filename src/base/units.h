/*
 * Durations, rates and numbers as the command line writes them. Pure; strict: nothing may follow.
 */
#ifndef LADE_BASE_UNITS_H
#define LADE_BASE_UNITS_H

#include <stdint.h>

#include "base/buf.h"

/* "500ms", "10s", "15m", "2h", "1.5s", "0s": milliseconds, at most 366 days. -1: no duration. */
int64_t units_duration_ms(const char *text);

/*
 * "20/s", "20", "600/m", "5000/h", "20000/d": nanoseconds between two requests, at least 1,000 (a
 * million a second), at most a day. -1: no rate. Fractions ("0.5/s") are taken.
 */
int64_t units_rate_interval_ns(const char *text);

/* A decimal integer from low to high. -1 with *out untouched when it is none. */
int units_int(const char *text, int64_t low, int64_t high, int64_t *out);

/* Adds a duration as people say it: "0.4 s", "27 s", "3 min 20 s", "2 h 5 min". */
void units_show_ms(struct buf *out, int64_t ms);

/* Adds a count with thousands separated: "1,234,567". */
void units_show_count(struct buf *out, int64_t n);

#endif
