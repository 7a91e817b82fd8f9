/*
 * The results file: what is known before a run, records as rows finish, all in order at the end,
 * and a journal beside it so that a run that dies loses nothing and repeats nothing.
 *
 * The file is a valid CSV or NDJSON at every moment of a run but for a last line that is being
 * written. Knows files and durability, never HTTP; never prints.
 *
 * The order of calls in a run: results_open, then for each row results_start before it is sent and
 * results_append when its outcome is known, results_secure before anything is sent, and at the end
 * results_publish and results_free.
 */
#ifndef LADE_LEDGER_RESULTS_H
#define LADE_LEDGER_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "ledger/carry.h"
#include "ledger/index.h"
#include "ledger/record.h"

enum results_status {
	RESULTS_OK,
	RESULTS_UNREADABLE, /* not a results file, or damaged: exit 3 */
	RESULTS_UNWRITABLE, /* cannot be opened, written, synced or renamed: exit 5 */
	RESULTS_LOCKED,     /* another lade works on it: exit 6 */
};

/* When what was written is made to reach the disk. */
enum results_sync {
	RESULTS_SYNC_ALWAYS, /* entries before anything is sent, outcomes once a second */
	RESULTS_SYNC_SECOND, /* both once a second */
	RESULTS_SYNC_NONE,   /* only the file in order at the end */
};

/* The header of one manifest; names NULL for the JSON kinds. */
struct results_columns {
	const struct span *names;
	size_t n;
};

struct results_options {
	const char *path;          /* "-": standard output */
	enum record_format format; /* of a new file */
	char delimiter;            /* of a new CSV */
	const struct results_columns *manifests; /* NULL where the manifest is this file itself */
	size_t n_manifests;
	unsigned lade; /* columns of lade's that the file must have, besides those it has */
	enum results_sync sync;
	const char *version_column; /* whose values the index is to know; NULL: none */
};

/* What opening found that people should know. */
struct results_news {
	bool died;         /* a run had died: its journal was there */
	uint32_t in_doubt; /* rows that it had sent and whose outcome nobody knows */
	int64_t torn;      /* bytes at the ends of files that were no whole record or entry; dropped */
};

struct results;

/*
 * Opens or creates, locks, recovers and reads a results file. A link is followed first. On failure
 * *out is NULL and *f says why.
 *
 * An output that is no regular file is written to as it comes: nothing is known of earlier runs, and
 * there is no journal, lock or order.
 */
enum results_status results_open(const struct results_options *o, struct results **out,
				 struct results_news *news, struct fault *f);

/* Closes and unlocks without ordering; r may be NULL. */
void results_free(struct results *r);

/* Whether the output is no regular file. */
bool results_is_stream(const struct results *r);

/* The file's path with its links followed, for whoever reads it after results_free. */
const char *results_path(const struct results *r);

struct index *results_index(struct results *r);
const struct layout *results_layout(const struct results *r);

/* layout_match's map for manifest number i; NULL for JSON kinds. */
const int *results_map(const struct results *r, size_t i);

/* The members that manifest number i's columns become, where the results are NDJSON. */
const struct carry_members *results_members(const struct results *r, size_t i);

/* Bytes that the file had when it was opened: as far as it is a manifest of its own. */
int64_t results_size_before(const struct results *r);

/* Records that the file had when it was opened. */
uint32_t results_count_before(const struct results *r);

/* A row is about to be sent: text is its record if nothing more becomes known of it. */
void results_start(struct results *r, uint32_t record, struct span text);

/* The last sending of a row was certainly not accepted, and it has no outcome yet. */
void results_clear(struct results *r, uint32_t record);

/* Adds the outcome of a row: text is a whole record with its line end. Goes to disk with the next
 * results_flush. */
void results_append(struct results *r, uint32_t record, uint32_t head, enum known known,
		    struct span text);

/*
 * Writes what was added: entries of the journal, then records. -1: *f filled in; both files end with
 * what they held before, and the call may be repeated.
 */
int results_flush(struct results *r, struct fault *f);

/*
 * Writes what was added and makes it reach the disk as far as the options say, so that what was
 * started may be sent. -1: *f filled in, nothing of it may be sent.
 */
int results_secure(struct results *r, int64_t now_ms, struct fault *f);

/* When results_secure must be called again although nothing was added; INT64_MAX: never. */
int64_t results_due_ms(const struct results *r);

/* The records that are not written yet, one line of JSON each whatever the file's format. */
void results_unwritten(const struct results *r, struct buf *out);

/* Reads a record back, also one that was just added. -1: *f filled in. */
int results_read(struct results *r, uint32_t record, struct record_values *v, struct fault *f);

/* The same, and in *carried what record_write_values wants to write it again. */
int results_read_whole(struct results *r, uint32_t record, struct record_values *v,
		       struct buf *carried, struct fault *f);

/*
 * Puts the file in order, by one atomic replacement if it is not: records by number, each with its
 * newest outcome; then the journal is removed, and the index is kept beside the file (cache.h). -1:
 * *f filled in, and the journal tells the next run how far it came. Only the last call before
 * results_free.
 */
int results_publish(struct results *r, struct fault *f);

#endif
