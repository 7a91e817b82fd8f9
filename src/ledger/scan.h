/*
 * Reading a results file from front to back without touching it: for whoever only wants to know.
 *
 * Needs no lock and no index, and reads a file that a run is working on right now as far as its
 * whole records go: a torn last line is passed over, and a record that the journal says is
 * superseded is, too. Never writes, never prints.
 */
#ifndef LADE_LEDGER_SCAN_H
#define LADE_LEDGER_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "ledger/record.h"
#include "manifest/manifest.h"

/* One record; everything in it is valid until the next scan_next. */
struct scan_record {
	int64_t line;		   /* of the results file, where it starts, from 1 */
	enum record_status status; /* RECORD_STATUSES: empty, that is to be uploaded */
	struct span url;
	struct span value[COLUMNS];	/* lade's, as texts; empty where there is none */
	const struct manifest_row *row; /* the record as the manifest's row that it also is */
};

/* What lies beside the file. */
enum scan_journal {
	SCAN_SETTLED,	 /* no journal: no run is on, none has died */
	SCAN_UNSETTLED,	 /* a run is on, or has died */
	SCAN_UNREADABLE, /* a journal that cannot be read or does not fit: records may be twice
			    there */
};

/* What the scan found beside the records; complete when it has ended. */
struct scan_news {
	enum scan_journal journal;
	int64_t in_flight;  /* rows that were sent and have no record yet */
	int64_t superseded; /* records passed over because newer ones are there */
	int64_t torn_bytes; /* of a last line that is no whole record */
};

enum scan_status { SCAN_RECORD, SCAN_END, SCAN_BROKEN };

struct scan;

/* Opens a results file ("-": standard input). NULL: *f says why; path outlives the scan. */
struct scan *scan_open(const char *path, struct fault *f);

/* The next record. SCAN_BROKEN: *f says what is no record, with its line. */
enum scan_status scan_next(struct scan *s, struct scan_record *r, struct fault *f);

/* Its columns (of CSV; JSON kinds have none). */
const struct layout *scan_layout(const struct scan *s);

/* Whether it is one JSON array and no JSON Lines: lade does not write those, but reads them. */
bool scan_is_array(const struct scan *s);

/* Whether it has no bytes at all: a results file of no format, to which any may be written. */
bool scan_is_empty(const struct scan *s);

const struct scan_news *scan_news(const struct scan *s);

/* Closes; s may be NULL. */
void scan_free(struct scan *s);

#endif
