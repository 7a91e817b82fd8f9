/*
 * Records of a CSV (RFC 4180), over libcsv, with what libcsv lets pass closed.
 *
 * A record whose end is certain but which cannot be used is given with a reason; where the end is
 * not certain (quoting), reading stops. Knows nothing of headers.
 */
#ifndef LADE_MANIFEST_CSV_H
#define LADE_MANIFEST_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "manifest/source.h"

struct csv_row {
	const struct span *cells; /* valid until the next call */
	size_t n_cells;           /* more than LIMIT_COLUMNS are not kept, but counted */
	int64_t line;             /* where it starts, from 1 */
	int64_t offset, end;      /* its bytes in the file, line end included */
	const char *bad;          /* NUL, no UTF-8, a field over its cap; else NULL. Valid as cells are */
	int64_t bad_line;         /* the line where it is, and ... */
	int64_t bad_column;       /* ... in bytes from 1; 0: the whole field */
};

struct csv_reader;

/* Begins at the front of a source: window is what was read of it, skip bytes of that are passed
 * over. The source stays the caller's and outlives the reader. */
struct csv_reader *csv_reader_new(struct source *s, struct span window, size_t skip, char delimiter);
void csv_reader_free(struct csv_reader *r); /* r may be NULL */

/* The next record; blank lines are passed over. SOURCE_BROKEN is final. */
enum source_status csv_reader_next(struct csv_reader *r, bool block, struct csv_row *row,
				   struct fault *f);

/* Whether a record so far, header included, ended on a CR alone. */
bool csv_reader_has_cr_ends(const struct csv_reader *r);

/* The line and the byte that reading has reached. */
int64_t csv_reader_line(const struct csv_reader *r);
int64_t csv_reader_offset(const struct csv_reader *r);

#endif
