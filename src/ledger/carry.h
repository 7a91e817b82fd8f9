/*
 * The manifest's row as a record carries it: every column and member as it was, lade's own left
 * out (they are written anew). Pure: bytes in, bytes out; what it makes is what record_write takes.
 */
#ifndef LADE_LEDGER_CARRY_H
#define LADE_LEDGER_CARRY_H

#include "base/buf.h"
#include "base/span.h"
#include "ledger/record.h"

/*
 * CSV to CSV: from is layout_match's map. A row with too few cells is filled up. Columns that the
 * manifest does not have keep what the row's record had (old; NULL: it has none).
 */
void carry_cells(struct buf *out, const struct layout *l, const int *from,
		 const struct span *cells, size_t n_cells, const struct record_values *old);

/* The same for a record whose carried columns stay as they are. */
void carry_old_cells(struct buf *out, const struct record_values *old);

/* The members that the columns of a CSV become. */
struct carry_members {
	struct span *member; /* finished text, `"name":`; p is NULL for lade's own */
	size_t n;
};

/*
 * No two members have one name: a column whose name another before it has gets its place in the
 * header behind it, from 1 ("a_6"; more if a column has that name).
 */
void carry_members_init(struct carry_members *m, const struct span *names, size_t n);
void carry_members_fini(struct carry_members *m);

/* CSV to NDJSON: a member a column, all strings. Cells that are no UTF-8 are carried escaped. */
void carry_cells_as_json(struct buf *out, const struct carry_members *m, const struct span *cells,
			 size_t n);

/* Adds a record of a CSV layout as a line of JSON of another. */
void carry_record_as_json(struct buf *out, const struct layout *csv, const struct layout *json,
			  const struct record_values *v);

/*
 * JSON to NDJSON: the members of an object, on one line, numbers digit for digit; a bare string
 * becomes the member "url". Of text that is no JSON nothing is carried: lade_line says where it is.
 */
void carry_json(struct buf *out, struct span json);

#endif
