/*
 * What is in results files: counted in one pass, in memory that does not grow with the records; and
 * the three ways to show it.
 *
 * Pure: records in, a text out; no file, no clock. Texts that servers and manifests wrote are
 * escaped for people when they come in, URLs cut at their query.
 */
#ifndef LADE_SHOW_REPORT_H
#define LADE_SHOW_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "ledger/scan.h"
#include "show/failures.h"
#include "show/histogram.h"
#include "show/minutes.h"
#include "show/timeline.h"

/* Statuses of records: those of enum record_status, and that of a record to be uploaded. */
#define REPORT_STATUSES (RECORD_STATUSES + 1)

/* How the review of an uploaded asset stands, as last asked. */
enum report_review {
	REPORT_ACTIVE,
	REPORT_FAILED,
	REPORT_PROCESSING,
	REPORT_NOT_ASKED,
	REPORT_OTHER, /* the record says something else */
	REVIEWS
};

/* Ages of assets that are not reviewed yet, from upload to now. */
enum report_age {
	AGE_10_MIN, /* under ... */
	AGE_1_H,
	AGE_6_H,
	AGE_1_DAY,
	AGE_7_DAYS,
	AGE_OLDER,
	AGE_UNKNOWN, /* the record does not say when it was uploaded */
	AGES
};

struct report_file {
	const char *path; /* the caller's */
	int64_t records;
	int64_t status[REPORT_STATUSES];
	int64_t rejected_in_review; /* records, duplicates among them, that the review rejected */
	struct scan_news news;
};

struct report {
	int64_t now_ms; /* wall clock, for ages */
	struct report_file *files;
	unsigned n_files;
	int64_t records;
	int64_t status[REPORT_STATUSES];
	int64_t review[REVIEWS];	     /* of uploaded records, duplicates not among them */
	int64_t age[AGES][2];		     /* [0]: Processing, [1]: not asked */
	int64_t requests;		     /* sum of lade_attempts */
	int64_t sent;			     /* records with at least one attempt */
	int64_t resent, most_attempts;	     /* records with more than one; the most that one has */
	int64_t first_sent_ms, last_sent_ms; /* wall clock; -1: never */
	int64_t first_finished_ms, last_finished_ms;
	int64_t finished;	  /* records that say when they were finished */
	struct histogram latency; /* lade_durationMs */
	struct timeline timeline;
	struct minutes minutes;
	struct failures failures;
};

/* now_ms: the wall clock. */
void report_init(struct report *r, int64_t now_ms);
void report_fini(struct report *r);

/* The records that follow are of this file; path outlives r. */
void report_file(struct report *r, const char *path);

void report_add(struct report *r, const struct scan_record *record);

/* What the scan of the file found beside its records. */
void report_file_end(struct report *r, const struct scan_news *news);

/* All records were added: from here on the report is only read. */
void report_end(struct report *r);

/* ---- what is derived, after report_end ---- */

/* "uploaded" and so on; "to_upload" for the last. */
const char *report_status_word(unsigned status);

/* The same for people: "in doubt". */
const char *report_status_name(unsigned status);

const char *report_review_word(enum report_review v); /* "active", "not_asked" */
const char *report_review_name(enum report_review v); /* "Active", "not asked yet" */
const char *report_age_word(enum report_age a);	      /* "under_10_min" */
const char *report_age_name(enum report_age a);	      /* "under 10 minutes" */

/* From the first sending to the last answer; -1: unknown. */
int64_t report_span_ms(const struct report *r);

/*
 * Rows a minute while anything was going on: intervals of the timeline without any row, or minutes
 * where those are longer, do not count, so that the nights between several runs do not. 0: unknown.
 */
double report_rows_per_min(const struct report *r);

/* The same of the busiest interval, or minute. */
double report_peak_per_min(const struct report *r);

/* How long that interval is. */
int64_t report_peak_width_s(const struct report *r);

/* Adds a number of rows a minute, as people read it. */
void report_show_rate(struct buf *out, double per_min);

/* How many commands there are to run next, and command number i, added to out. */
unsigned report_next(const struct report *r);
void report_next_command(const struct report *r, unsigned i, struct buf *out);
/* Why, in a few words; static text. */
const char *report_next_reason(const struct report *r, unsigned i);

/* ---- the three ways to show it ---- */

void report_text(const struct report *r, struct buf *out);
void report_json(const struct report *r, struct buf *out);
void report_html(const struct report *r, struct buf *out);

#endif
