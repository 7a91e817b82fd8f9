/*
 * The journal beside a results file: what was about to be sent, and which record of the results file
 * each outcome is. With it a run that died is carried on without losing or repeating anything.
 *
 * Text, an entry a line, each with a checksum; the entry of a start has the row's whole record
 * behind it, as it must be recorded if nothing more becomes known ("in_doubt"):
 *
 *	lade-journal 1 BASE TAIL SUM     the results file had BASE bytes; TAIL: hash of its last ones
 *	start NUMBER BYTES HASH SUM      a request for record NUMBER leaves; its text follows
 *	clear NUMBER SUM                 that request certainly was not accepted
 *	result NUMBER PLACE BYTES HASH SUM    record NUMBER is written at PLACE of the results file
 *	published BYTES HASH SUM         a file in order, of these bytes, takes the results' place
 *
 * Knows its own file only; recover.h does what has to be done to the results file.
 */
#ifndef LADE_LEDGER_JOURNAL_H
#define LADE_LEDGER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/span.h"
#include "ledger/file.h"

/* ---- writing ---- */

struct journal {
	char *path;
	int fd; /* -1: not begun */
	int64_t bytes; /* on disk, whole entries only */
	bool torn;      /* a part of an entry is at its end: nothing may follow it */
	struct buf out; /* added, not yet written ... */
	bool starts;    /* ... and starts among it */
	bool unsynced;  /* written since the last journal_sync ... */
	bool unsynced_starts; /* ... and starts among it */
};

/* A journal that is not begun; entries may be added. results: path of the results file, resolved. */
void journal_init(struct journal *j, const char *results);
void journal_fini(struct journal *j); /* closes; the file stays */

void journal_start(struct journal *j, uint32_t number, struct span record);
void journal_clear(struct journal *j, uint32_t number);
void journal_result(struct journal *j, uint32_t number, int64_t place, struct span record);
void journal_published(struct journal *j, struct file_mark m);

/* Creates the file and writes its first line. results: what the results file is now. -1: *f filled in. */
int journal_begin(struct journal *j, struct file_mark results, struct fault *f);

/* Writes what was added. -1: *f filled in, and the file ends with its last whole entry. */
int journal_flush(struct journal *j, struct fault *f);

/* Waits until all that was written is on the disk. -1: *f filled in. */
int journal_sync(struct journal *j, struct fault *f);

/* Removes the file: all is settled. -1: *f filled in. */
int journal_remove(struct journal *j, struct fault *f);

/* ---- reading ---- */

/* What the entries say of one record. */
struct journal_fate {
	int64_t start; /* where the text of its open start is in the journal; -1: none is open */
	int64_t place; /* of its newest result that journal_believe found; -1: none */
	uint32_t start_bytes;
};

/* A record that was to be written. */
struct journal_outcome {
	int64_t place;
	uint32_t number, bytes, hash;
};

/* A journal that was read. */
struct journal_story {
	bool begun;            /* it has a first line; else nothing was sent under it */
	struct file_mark base; /* of the results file when the run began */
	struct file_mark published; /* bytes -1: not so far */
	struct journal_fate *fates; /* by record number */
	uint32_t n_fates;
	/* By place, of a number perhaps several: a review learns more than once. None of them was cut
	 * off again while the journal grew. */
	struct journal_outcome *outcomes;
	size_t n_outcomes;
	int64_t bytes;   /* of whole entries */
	int64_t dropped; /* bytes at its end that were no whole entry */
};

/*
 * Reads the journal on an open descriptor. A damaged end is dropped; damage before a whole entry is
 * a fault with its line. -1: *f filled in.
 */
int journal_read(int fd, struct journal_story *s, struct fault *f);

/* The results that end within the first bytes of the results file are there: fates get their places. */
void journal_believe(struct journal_story *s, int64_t bytes);

void journal_story_free(struct journal_story *s);

/* The hash that a result's entry has of its record. */
uint32_t journal_hash(struct span record);

#endif
