/*
 * What a run has counted: the numbers behind progress line, summary and exit status.
 */
#ifndef LADE_SHOW_COUNTS_H
#define LADE_SHOW_COUNTS_H

#include <stdint.h>

struct counts {
	int64_t read; /* rows of the manifest = the sum of the next seven */
	int64_t uploaded, skipped, duplicate, failed, in_doubt, invalid, pending;
	int64_t passed_over; /* rows without a url, apart from the sum */
	int64_t other_shards; /* rows that other shards take, apart too */
	int64_t sent;         /* rows that this run sent and whose fate is known: what a rate is of */
	int64_t requests;     /* that left, or began to */
	int64_t retries, throttles;
};

/* What rows read must come to. */
static inline int64_t
counts_sum(const struct counts *c)
{
	return c->uploaded + c->skipped + c->duplicate + c->failed + c->in_doubt + c->invalid +
	       c->pending;
}

#endif
