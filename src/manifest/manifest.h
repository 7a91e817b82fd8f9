/*
 * One face for all manifests: opens a file, finds out its format and columns, and gives its rows
 * one by one.
 *
 * Rows are pulled: nothing is read that nobody asked for, and no more than one row is kept. Never
 * prints: what is wrong goes into a struct fault. Never knows what became of a row.
 */
#ifndef LADE_MANIFEST_MANIFEST_H
#define LADE_MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "manifest/asset.h"

enum manifest_format {
	MANIFEST_AUTO, /* by extension and content */
	MANIFEST_CSV,
	MANIFEST_TSV,
	MANIFEST_JSON,   /* one array, or an object that holds one */
	MANIFEST_NDJSON, /* an object a line */
	MANIFEST_LIST,   /* a URL a line */
};

/* What the command line says about reading; strings belong to the caller and outlive the manifest. */
struct manifest_options {
	enum manifest_format format;
	char delimiter;         /* of CSV; 0: sniffed from the header */
	const char *json_path;  /* member that holds the array (dotted); NULL: the first array of objects */
	const char *map_url;    /* column or dotted member in the place of url; NULL: none */
	const char *map_name;
	const char *map_type;
	enum asset_type type;   /* for all rows; ASSET_NONE: from the column or the extension */
	bool skip_empty;        /* pass over rows whose url is empty or null */
	const char *split_urls; /* separator of several URLs in the field; NULL: one URL */
	const char *version_column; /* whose value row.version is; NULL: none */
	bool results;           /* it is to be a results file: JSON Lines of no line are one, too */
	int64_t limit_bytes;    /* read no further than this; -1: to the end */
	size_t limit_row;       /* bytes of a record at most; 0: LIMIT_ROW_BYTES, or
				 * LIMIT_RECORD_BYTES of a file that is a results file */
};

/* Where each of the three values comes from: decides which lade_ columns the results need. */
struct manifest_plan {
	bool plain_url;  /* from the manifest's own column under the plain name, whole */
	bool plain_type;
	bool plain_name; /* or there is no name at all */
	bool is_results; /* has a column lade_status: its own results file (then the three above
			  * say whether lade_url, lade_assetType, lade_name are absent) */
	bool has_name;   /* a name column or member is there (CSV), or may be there (JSON: true) */
};

/* One upload that the manifest asks for; all spans valid until the next call on the manifest. */
struct manifest_row {
	int64_t line;         /* where the record starts, from 1 */
	int64_t offset, end;  /* its bytes in the file, line end included */
	struct span url;      /* the manifest's spelling, blanks around it cut */
	struct span name;     /* empty when there is none; p NULL: no member (JSON) or column for it */
	struct span type_word; /* the manifest's own word, trimmed; empty when not from the manifest */
	struct span version;  /* of options.version_column, as it is; empty when there is none */
	enum asset_type type; /* from the word, the option or the extension; ASSET_NONE: neither */
	const struct span *cells; /* CSV, TSV, list: the record's cells, decoded; NULL for JSON kinds */
	size_t n_cells;           /* equals the number of columns, but in a bad row */
	struct span json;         /* JSON kinds: the object's text as in the manifest (valid JSON); a
				   * bare string has its text here too; empty else */
	const char *bad;          /* why this row cannot be used although reading goes on (a wrong
				   * number of fields, a line that is no JSON, bytes that are no
				   * UTF-8 ...), else NULL; url, name and json may be empty then.
				   * Valid like the spans */
	bool garbled;             /* that fault is such that fields or members may not be what they
				   * seem (their number is wrong, their text cannot be decoded):
				   * url, type and name are empty */
	int64_t bad_line;         /* of that fault; 0: the line where the record starts, of the whole */
	int64_t bad_column;       /* of that fault, in bytes from 1; 0 with the whole record or field */
};

enum manifest_status {
	MANIFEST_ROW,
	MANIFEST_EMPTY, /* a row that skip_empty passes over; row->line is set, the rest is not */
	MANIFEST_WAIT,  /* a pipe has nothing now; see manifest_fd */
	MANIFEST_END,
	MANIFEST_BROKEN, /* nothing that follows can be trusted; *f says where and why. Sticky */
};

struct manifest;

/*
 * Opens a manifest ("-" is standard input) and reads as far as its header (blocking). NULL when
 * that fails: *f is filled in. Options are copied, their strings are not.
 */
struct manifest *manifest_open(const char *path, const struct manifest_options *options,
			       struct fault *f);

/* Gives the next row. After MANIFEST_WAIT call again when manifest_fd() is readable. */
enum manifest_status manifest_next(struct manifest *m, struct manifest_row *row, struct fault *f);

/*
 * After MANIFEST_END: whether a member of a JSON manifest that an option names (but the url's) was
 * in none of its elements; then *f says which. A warning: a small manifest may lack what is optional.
 */
bool manifest_unmet(const struct manifest *m, struct fault *f);

enum manifest_format manifest_format(const struct manifest *m); /* never MANIFEST_AUTO */
char manifest_delimiter(const struct manifest *m);              /* of CSV and TSV, else 0 */
bool manifest_is_packed(const struct manifest *m); /* its bytes are not those of the file */
bool manifest_has_cr_ends(const struct manifest *m); /* of CSV: a record so far ended on a CR alone */

/* The header's cells as they are; NULL and 0 for the JSON kinds. A list has one column, "url". */
const struct span *manifest_columns(const struct manifest *m, size_t *n);

const struct manifest_plan *manifest_plan(const struct manifest *m);

int manifest_fd(const struct manifest *m);            /* to poll after MANIFEST_WAIT */
int64_t manifest_line(const struct manifest *m);      /* the line that reading has reached */
int64_t manifest_read_bytes(const struct manifest *m); /* of the file, by the rows given so far */
int64_t manifest_size_bytes(const struct manifest *m); /* -1 when unknown */

/* Closes; m may be NULL. */
void manifest_free(struct manifest *m);

#endif
