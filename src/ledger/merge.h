/*
 * Several results files joined into one: shards of a manifest, or runs of several.
 */
#ifndef LADE_LEDGER_MERGE_H
#define LADE_LEDGER_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum merge_status {
	MERGE_DONE,
	MERGE_MIXED,	  /* files that do not go together or with path: a matter of usage */
	MERGE_UNREADABLE, /* one of the files is no results file */
	MERGE_UNWRITABLE,
	MERGE_BUSY, /* a run is on one of them, or has died on it */
};

/* What a merge came to. */
struct merge_news {
	const char *path; /* the file that a fault is about; NULL: the fault names it */
	int64_t records;  /* written */
	int64_t torn;	  /* last lines that were passed over */
	bool by_line;	  /* records are ordered by lade_line */
};

/*
 * Joins the results files into one at path, by one atomic replacement; the files stay as they are.
 * None may be named twice, and path must not be one of them; what is at path already must be a
 * results file whose assets are all among theirs. Columns are united; every record is there, as it
 * is. When every record says its lade_line, and all the same lade_manifest or none, the files are
 * merged by it; else one follows the other. Either way the records of each file keep their order
 * among themselves, so that the k-th record of an identity stays the k-th.
 *
 * CSV and TSV go together; JSON Lines only with JSON Lines. On failure *f says why, and what was at
 * path is untouched.
 */
enum merge_status merge_results(char **paths, size_t n, const char *path, struct merge_news *news,
				struct fault *f);

#endif
