/*
 * A place in a JSON manifest that moves over blanks and whole values, and knows its line and column.
 */
#ifndef LADE_MANIFEST_JSON_CURSOR_H
#define LADE_MANIFEST_JSON_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "manifest/json_scan.h"
#include "manifest/source.h"

struct json_cursor {
	struct source *source; /* the caller's */
	size_t limit;          /* bytes of a value at most */
	struct span window;    /* what the source has */
	size_t at;             /* the place in it */
	int64_t offset;        /* of the place in the (inflated) file */
	int64_t line;          /* of the place, from 1 */
	int64_t line_offset;   /* where that line begins in the file */
	bool ended;
	struct json_scan scan; /* of the value at the place */
};

/* Stands at the front of a source: window is what was read of it, skip bytes of that (a byte order
 * mark) are passed over. */
void json_cursor_init(struct json_cursor *c, struct source *s, struct span window, size_t skip);

/* What the window holds from the place on. */
static inline struct span
json_cursor_rest(const struct json_cursor *c)
{
	return (struct span){c->window.p + c->at, c->window.n - c->at};
}

/* The column of the byte n bytes behind the place, in the same line: in bytes, from 1. */
static inline int64_t
json_cursor_column(const struct json_cursor *c, size_t n)
{
	return c->offset - c->line_offset + (int64_t)n + 1;
}

/* Moves n bytes on, which the window has. */
void json_cursor_advance(struct json_cursor *c, size_t n);

/* Makes the window longer (source_more's answers; block as there); what it had stays, elsewhere. */
enum source_status json_cursor_more(struct json_cursor *c, bool block, struct fault *f);

/* Moves to the next byte that is no blank, which is *next. After SOURCE_WAIT it is called again. */
enum source_status json_cursor_peek(struct json_cursor *c, bool block, char *next, struct fault *f);

/*
 * The whole value at the place, as far as brackets and quotes tell; the place stays before it, and the
 * bytes stay valid until the window changes. No value is an empty one. After SOURCE_WAIT it is
 * called again.
 */
enum source_status json_cursor_value(struct json_cursor *c, bool block, struct span *out,
				     struct fault *f);

/* Whether the window has more behind the place than a value may be long. */
bool json_cursor_is_full(const struct json_cursor *c);

/* Moves into the container at the place, whose scan was given up. */
void json_cursor_enter(struct json_cursor *c);

/* SOURCE_BROKEN: what (literally) is wrong at the place. */
enum source_status json_cursor_broken(const struct json_cursor *c, const char *what, struct fault *f);

#endif
