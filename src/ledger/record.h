/*
 * A record: one manifest row and what became of it, as a line of a results file.
 *
 * Knows the names of lade's columns and the two ways to write them (CSV, NDJSON). Pure: bytes in,
 * bytes out; no file.
 */
#ifndef LADE_LEDGER_RECORD_H
#define LADE_LEDGER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/span.h"
#include "ledger/index.h"

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

enum record_status {
	RECORD_UPLOADED,
	RECORD_DUPLICATE,
	RECORD_FAILED,
	RECORD_IN_DOUBT,
	RECORD_INVALID,
	RECORD_STATUSES
};

enum error_class {
	CLASS_NONE,
	CLASS_REJECTED,
	CLASS_UNAVAILABLE,
	CLASS_NO_ANSWER,
	CLASS_BAD_ANSWER,
	CLASS_INVALID_ROW,
	ERROR_CLASSES
};

const char *record_status_word(enum record_status s);
const char *error_class_word(enum error_class c);

/* lade's part of a record. Spans are the caller's; empty values are empty spans, 0 or -1 as said. */
struct record {
	/* CSV: written where the layout has a column for them. NDJSON: where p is not NULL, also when
	 * they are empty, for a results file's own member rules over the plain one. */
	struct span asset_type, url, name;
	enum record_status status;
	enum error_class error_class;
	struct span asset_id, previous_asset_id, review_status;
	int http_status; /* 0: none */
	struct span code, message;
	int64_t attempts;
	int64_t sent_wall_ms, finished_wall_ms; /* -1: never */
	int64_t duration_ms;                    /* -1: none */
	struct span manifest;
	int64_t line;
};

/* A record with nothing in it. */
void record_init(struct record *r);

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

/* Adds the columns of lade's that the mask names and the layout lacks; returns how many. */
size_t layout_add_lade(struct layout *l, unsigned mask);

/*
 * Of CSV: adds the manifest's own columns that the layout lacks; from[k], for carried column number k of
 * the grown layout, gets the manifest's column, or -1. *from is allocated for the caller to free.
 * Columns of one name are matched in their order. Returns how many were added.
 */
size_t layout_match(struct layout *l, const struct span *names, size_t n, int **from);

/* Adds the header line; nothing for NDJSON. */
void layout_header(const struct layout *l, struct buf *out);

/* Adds a cell of CSV, quoted if it must be (RFC 4180, 2.5 to 2.7). */
void layout_cell(const struct layout *l, struct buf *out, struct span cell);

/*
 * Adds a whole record with its line end. carried: what carry.h made of the manifest's row for this
 * layout.
 */
void record_write(const struct layout *l, struct buf *out, struct span carried,
		  const struct record *r);

/* The same from texts, one a column of lade's (record_values has them). */
void record_write_values(const struct layout *l, struct buf *out, struct span carried,
			 const struct span *values);

/* The length of the record at the front of text with its line end, 0 when it does not end there. */
size_t record_length(struct span text, enum record_format format);

/* A record, read back. A zeroed one holds nothing. */
struct record_values {
	struct span value[COLUMNS]; /* lade's; p is NULL where the record has none; in text */
	struct span *carried;       /* CSV: the manifest's own, in the layout's order; in text */
	size_t n_carried;
	struct buf text;            /* owns the bytes */
};

void record_values_free(struct record_values *v);

/* Reads a record back that record_write or a person wrote. -1: it cannot be read. */
int record_parse(const struct layout *l, struct span text, struct record_values *v);

/* Whether it is 1 to 128 of letters, digits, '.', '_', '-', as the contract says. */
bool record_is_asset_id(struct span s);

/* What a record's status and class words say; KNOWN_PENDING when they say nothing readable. */
enum known record_known(struct span status, struct span error_class);

#endif
