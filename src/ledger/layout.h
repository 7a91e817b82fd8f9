/*
 * The columns of a results file: lade's, by their names, and the manifest's own; its header and cells.
 */
#ifndef LADE_LEDGER_LAYOUT_H
#define LADE_LEDGER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

enum record_format { RECORD_CSV, RECORD_NDJSON }; /* TSV is CSV with another delimiter */

/* lade's columns in the order in which a new results file has them. */
enum column {
	COLUMN_ASSET_TYPE, /* what the row meant, where the manifest has no such column */
	COLUMN_URL,
	COLUMN_NAME,
	COLUMN_STATUS,
	COLUMN_ASSET_ID,
	COLUMN_PREVIOUS_ASSET_ID,
	COLUMN_REVIEW_STATUS,
	COLUMN_HTTP_STATUS,
	COLUMN_CODE,
	COLUMN_MESSAGE,
	COLUMN_ERROR_CLASS,
	COLUMN_ATTEMPTS,
	COLUMN_SENT_AT,
	COLUMN_FINISHED_AT,
	COLUMN_DURATION_MS,
	COLUMN_MANIFEST,
	COLUMN_LINE,
	COLUMNS,
	COLUMN_CARRIED = COLUMNS /* a column of the manifest's own */
};

/* The columns that every results file has. */
#define COLUMNS_ALWAYS                                                                             \
	(((1u << COLUMNS) - 1) & ~(1u << COLUMN_ASSET_TYPE | 1u << COLUMN_URL | 1u << COLUMN_NAME | \
				   1u << COLUMN_PREVIOUS_ASSET_ID | 1u << COLUMN_MANIFEST))

/* "lade_status" and so on. */
const char *column_name(enum column c);

/* Which of lade's columns a name is; COLUMN_CARRIED when it is none. */
enum column column_of(struct span name);

/* The columns of a results file. */
struct layout {
	enum record_format format;
	char delimiter; /* of CSV */
	struct layout_column {
		enum column column; /* COLUMN_CARRIED: the manifest's own */
		char *name;         /* as in the header */
	} *columns;             /* of CSV, in the file's order */
	size_t n_columns, n_carried;
	unsigned lade; /* bit per enum column: those that a record has */
};

/* An empty layout. */
void layout_init(struct layout *l, enum record_format format, char delimiter);
void layout_fini(struct layout *l);

/* Adds a column of CSV at the end; lade's own are recognised by their names. */
void layout_add(struct layout *l, struct span name);

/* Adds the columns of lade's that the mask names and the layout lacks. */
void layout_add_lade(struct layout *l, unsigned mask);

/*
 * Of CSV: adds the manifest's own columns that the layout lacks; from[k], for carried column number k of
 * the grown layout, gets the manifest's column, or -1. *from is allocated for the caller to free.
 * Columns of one name are matched in their order.
 */
void layout_match(struct layout *l, const struct span *names, size_t n, int **from);

/*
 * The same without the map. Returns, as a mask, those of lade_assetType, lade_url and lade_name without
 * which a row of either side would lose its meaning: where there are more columns now that could be
 * "url" than a side had, which of them a record means is no longer told by their names.
 */
unsigned layout_unite(struct layout *l, const struct span *names, size_t n);

/* Adds the header line; nothing for NDJSON. */
void layout_header(const struct layout *l, struct buf *out);

/* Adds a cell of CSV, quoted if it must be (RFC 4180, 2.5 to 2.7). */
void layout_cell(const struct layout *l, struct buf *out, struct span cell);

#endif
