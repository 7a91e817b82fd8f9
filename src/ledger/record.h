/*
 * A record: one manifest row and what became of it, as a line of a results file.
 *
 * Knows the two ways to write lade's columns (CSV, NDJSON). Pure: bytes in, bytes out; no file.
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
#include "ledger/layout.h"

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
