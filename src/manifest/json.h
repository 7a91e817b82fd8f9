/*
 * JSON manifests (RFC 8259), over yajl, with what yajl lets pass closed: elements of the one array
 * that is the manifest, or objects a line; and the members of one object.
 */
#ifndef LADE_MANIFEST_JSON_H
#define LADE_MANIFEST_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "manifest/source.h"

enum json_kind { JSON_ABSENT, JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

struct json_value {
	enum json_kind kind;
	struct span text; /* decoded string, raw number; else empty */
};

/*
 * Parses one object and hands each top-level member to on_member (0 stops); key and value are valid
 * during the call. -1: the text is not exactly one JSON object.
 */
int json_members(struct span text, int (*on_member)(void *ctx, struct span key,
						    struct json_value value), void *ctx);

#define JSON_PATHS 12 /* looked up at once */

/* A dotted path into an object: member names and array indices. */
struct json_path {
	char *names;         /* the path with NULs for its dots, or NULL: not looked for */
	struct span *parts;
	unsigned n_parts;
	bool loose; /* names match without regard to case, blanks, '-' and '_' */
};

/* Takes a path apart; whole: no dot is a separator. path_fini frees. */
void json_path_init(struct json_path *p, const char *path, bool whole);
void json_path_fini(struct json_path *p);

/* Where several paths led in one element. Reused from element to element. */
struct json_lookup;

struct json_lookup *json_lookup_new(const struct json_path *paths, unsigned n); /* paths outlive it */
void json_lookup_free(struct json_lookup *l); /* l may be NULL */

/* What is wrong with an element. */
struct json_wrong {
	const char *text; /* static; NULL: nothing */
	size_t at;        /* offset in the element */
	bool syntax;      /* it is no JSON, so what follows it in an array cannot be trusted */
};

/*
 * Parses one element strictly. top gets the kind of the element itself and, of a string, its text,
 * valid until the next run.
 */
struct json_wrong json_lookup_run(struct json_lookup *l, struct span text, struct json_value *top);

/* Where path number i led in the element that was run last; valid until the next run. Of one that
 * is wrong, where it led as far as that could be read. */
struct json_value json_lookup_value(const struct json_lookup *l, unsigned i);

/* Whether any element that was run had a top-level member whose name begins with lade_. */
bool json_lookup_met_lade(const struct json_lookup *l);

/* An element of a manifest. */
struct json_element {
	struct span text;    /* one JSON value, as far as brackets and quotes tell; valid until the
			      * next call */
	int64_t line, column; /* where it starts, from 1; the column in bytes */
	int64_t offset, end;  /* its bytes in the file; of a line, its end included */
};

struct json_reader;

/* lines: an element a line. Else one array, or an object that holds it under path (dotted; NULL:
 * the first array of objects or URLs). Window and skip as in csv.h. */
struct json_reader *json_reader_new(struct source *s, struct span window, size_t skip, bool lines,
				    const char *path);
void json_reader_free(struct json_reader *r); /* r may be NULL */

enum source_status json_reader_next(struct json_reader *r, bool block, struct json_element *e,
				    struct fault *f);

/* The line and the byte that reading has reached. */
int64_t json_reader_line(const struct json_reader *r);
int64_t json_reader_offset(const struct json_reader *r);

#endif
