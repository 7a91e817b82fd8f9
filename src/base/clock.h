/*
 * The two clocks: a monotonic one for every decision, the wall clock for what people read.
 */
#ifndef LADE_BASE_CLOCK_H
#define LADE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define CLOCK_STAMP_BYTES 32 /* "2026-03-30T14:21:58.123Z" and its NUL */

/* Milliseconds of a clock that never goes back and does not jump. */
int64_t clock_now_ms(void);

/* Milliseconds since 1970 UTC. May jump; never used for a decision. */
int64_t clock_wall_ms(void);

/* The wall clock at a monotonic time that is not long past, to within what the wall clock was moved
 * in the last tenth of a second: cheap enough for every request. */
int64_t clock_wall_at_ms(int64_t now_ms);

/* From wall_ms to the next time at which local clocks show minute minute_of_day (0 to 1439):
 * milliseconds, over 0 and, but for a change of summer time, at most a day. */
int64_t clock_until_local_ms(int minute_of_day, int64_t wall_ms);

/* Writes wall_ms as RFC 3339 UTC with milliseconds; out has CLOCK_STAMP_BYTES. Returns its length. */
size_t clock_stamp(int64_t wall_ms, char *out);

/* Reads such a stamp back; its fraction may have any number of digits or be missing. -1: it is none,
 * or of a time before 1970. */
int64_t clock_read_stamp(struct span text);

#endif
