/*
 * Reading a results file: its columns, and its records into the index.
 */
#ifndef LADE_LEDGER_LOAD_H
#define LADE_LEDGER_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "ledger/index.h"
#include "ledger/record.h"
#include "manifest/manifest.h"

/* Why a file has to be rewritten. */
struct load_needs {
	size_t columns; /* so many columns of the layout are new, at its end */
	bool line_ends; /* its last line has no end, or one ends on a CR alone */
};

/* What a row means, as lade_assetType, lade_url and lade_name say it; of other columns nothing. */
struct span load_meaning(const struct manifest_row *row, enum column c);

/* The identity of a row, whichever file it is from. */
struct identity load_identity(const struct manifest_row *row);

/* Why a row of a results file is no record at all, in static text or the row's own; NULL: it is one. */
const char *load_malformed(const struct manifest_row *row);

/* Whether such a row at the end of a file may be one that was not written to its end, not one that is
 * whole and wrong. */
bool load_may_be_cut(const struct manifest_row *row);

/* What a record says, from the texts of its columns. -1: *f says what no record can say. */
int load_known(const struct span *values, int64_t line, enum known *out, struct fault *f);

/* -1, with *f filled in: the record is of an asset, or a doubt, and of no url: it would be nobody's,
 * and its row would be sent again. status: its lade_status. */
int load_lost(const struct manifest_row *row, struct span status, enum known known, struct fault *f);

/* Reads the header. -1: it is no results file, or none that can be written to (an array, compressed);
 * *f says which. */
int load_layout(const char *path, struct layout *l, struct load_needs *needs, struct fault *f);

/*
 * Adds every record to the index, with its value of the version column if one is named. needs gets
 * line_ends if a line ends on a CR alone, which only who reads them all can tell. -1: *f filled in,
 * also where a record says what no record can.
 */
int load_index(const char *path, const struct layout *l, const char *version_column,
	       struct index *x, struct load_needs *needs, struct fault *f);

/* Hands each record that has an asset to on_asset (-1, with *f filled in, stops). -1: *f filled in. */
int load_assets(const char *path,
		int (*on_asset)(void *ctx, struct span url, struct span id, struct fault *f), void *ctx,
		struct fault *f);

/*
 * Hands each record that has an asset to on_asset, with its number (as load_index has them), its id
 * and what its lade_reviewStatus says; -1, with *f filled in, stops. -1: *f filled in.
 */
int load_reviews(const char *path, const struct layout *l,
		 int (*on_asset)(void *ctx, uint32_t record, struct span id, struct span review,
				 struct fault *f),
		 void *ctx, struct fault *f);

/* The offsets of the records in the file's first bytes, for the caller to free. -1: *f filled in. */
int load_places(const char *path, int64_t limit_bytes, int64_t **places, uint32_t *n,
		struct fault *f);

#endif
