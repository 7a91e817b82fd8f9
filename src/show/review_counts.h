/*
 * How the assets of a review stand: the numbers behind its progress line, summary and exit status.
 */
#ifndef LADE_SHOW_REVIEW_COUNTS_H
#define LADE_SHOW_REVIEW_COUNTS_H

#include <stdint.h>

#include "base/buf.h"
#include "policy/review.h"

struct review_counts {
	int64_t assets;		      /* = the sum of the next */
	int64_t state[REVIEW_STATES]; /* as now known */
	int64_t questions;	      /* that were answered, or failed */
	int64_t requests;	      /* those of them that left, or began to */
	int64_t failed_questions;     /* without a usable answer */
	int64_t throttles;
};

/* Adds "9,000 Active, 400 Processing, ..." of what there is, or "no assets". */
void review_counts_add(struct buf *out, const struct review_counts *c);

/* Adds the summary's two lines. took_ms: of the whole review. */
void review_counts_summary(struct buf *out, const struct review_counts *c, int64_t took_ms);

#endif
