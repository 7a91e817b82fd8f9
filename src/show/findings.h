/*
 * What a check found: each problem as a line, rows by type and state, as text or as JSON Lines.
 *
 * Decides nothing; writes into a buffer that the caller empties.
 */
#ifndef LADE_SHOW_FINDINGS_H
#define LADE_SHOW_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define FINDINGS_TYPES 5 /* none, and the four of the API, in the order of enum asset_type */

enum finding_state { FINDING_GOOD, FINDING_DUPLICATE, FINDING_INVALID, FINDING_STATES };

enum finding_kind { FINDING_PROBLEM, FINDING_WARNING, FINDING_KINDS };

struct findings {
	bool json;	   /* JSON Lines instead of text */
	int64_t max_shown; /* of each kind */
	int64_t met[FINDING_KINDS];
	int64_t rows[FINDINGS_TYPES][FINDING_STATES];
	int64_t passed_over;		    /* rows without a url, apart */
	bool incomplete;		    /* a manifest could not be read to its end */
	int64_t probed, unreachable, bytes; /* with --probe: rows asked for, those of them with a
					     * problem, what the others' media have together */
	bool probing;
};

/*
 * Counts a problem or warning and adds its line, if not too many were shown: "FILE:LINE:COLUMN:
 * what". line, column: 0 where there is none. what is escaped already; file is escaped here.
 */
void findings_add(struct findings *f, enum finding_kind kind, const char *file, int64_t line,
		  int64_t column, const char *what, struct buf *out);

/* JSON only: adds a line on the answer of a row's own server. type: its content type, or NULL;
 * bytes: -1 unknown. */
void findings_add_probe(const struct findings *f, const char *file, int64_t line, int status,
			const char *type, int64_t bytes, struct buf *out);

/* Adds the summary. type_names: FINDINGS_TYPES words, the first for none. */
void findings_summary(const struct findings *f, const char *const *type_names, struct buf *out);

/* Rows in a state, or all rows (FINDING_STATES). */
int64_t findings_count(const struct findings *f, enum finding_state state);

#endif
