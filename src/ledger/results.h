/*
 * The results file: what is known before a run, records as rows finish, all in order at the end.
 *
 * The file is a valid CSV or NDJSON at every moment of a run but for a last line that is being
 * written. Knows files and durability, never HTTP; never prints.
 */
#ifndef LADE_LEDGER_RESULTS_H
#define LADE_LEDGER_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "ledger/index.h"
#include "ledger/record.h"

enum results_status {
	RESULTS_OK,
	RESULTS_UNREADABLE, /* not a results file, or damaged: exit 3 */
	RESULTS_UNWRITABLE, /* cannot be opened, written, synced or renamed: exit 5 */
	RESULTS_LOCKED,     /* another lade works on it: exit 6 */
};

struct results_options {
	const char *path;
	enum record_format format; /* of a new file */
	char delimiter;            /* of a new CSV */
	const struct span *columns; /* the manifest's header; NULL and 0 for JSON kinds, and where the
				     * manifest is this file itself */
	size_t n_columns;
	unsigned lade; /* columns of lade's that the file must have, besides those it has */
};

struct results;

/*
 * Opens or creates, locks and reads a results file. A link is followed first. On failure *out is
 * NULL and *f says why.
 */
enum results_status results_open(const struct results_options *o, struct results **out,
				 struct fault *f);

/* Closes and unlocks without ordering; r may be NULL. */
void results_free(struct results *r);

struct index *results_index(struct results *r);
const struct layout *results_layout(const struct results *r);

/* layout_match's map for the manifest whose columns the options named; NULL for JSON kinds. */
const int *results_map(const struct results *r);

/* Bytes that the file had when it was opened: as far as it is a manifest of its own. */
int64_t results_size_before(const struct results *r);

/* Adds the outcome of a row: text is a whole record with its line end. Goes to disk with the next
 * results_flush. */
void results_append(struct results *r, uint32_t record, uint32_t head, enum known known,
		    struct span text);

/* Writes what was added. -1: *f filled in, and what is not on disk can be had by results_unwritten. */
int results_flush(struct results *r, struct fault *f);

/* The records that could not be written; valid until results_free. */
struct span results_unwritten(const struct results *r);

/* Reads a record back, also one that was just added. -1: *f filled in. */
int results_read(struct results *r, uint32_t record, struct record_values *v, struct fault *f);

/*
 * Puts the file in order by one atomic replacement, if it is not in order: records by number, each
 * with its newest outcome. -1: *f filled in, the file is as it was. Only the last call before
 * results_free.
 */
int results_publish(struct results *r, struct fault *f);

#endif
