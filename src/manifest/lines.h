/*
 * The lines of a source, one by one, with their numbers and their places in the file.
 */
#ifndef LADE_MANIFEST_LINES_H
#define LADE_MANIFEST_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "manifest/source.h"

struct lines {
	struct source *source; /* the caller's */
	size_t limit;          /* bytes of a line at most */
	bool cr_ends;          /* a CR ends a line too (CSV); else LF alone does (JSON Lines) */
	struct span window;    /* what the source has */
	size_t at;             /* where the next line begins in it */
	size_t searched;       /* no LF lies between at and here, and ... */
	bool has_lf;           /* ... one lies here */
	bool ended;
	int64_t line;   /* number of the line that was given last, from 1 */
	int64_t offset; /* of window[at] in the (inflated) file */
};

/* Begins at the front of a source: window is what was read of it, skip bytes of that (a byte order
 * mark) are passed over. */
void lines_init(struct lines *l, struct source *s, bool cr_ends, struct span window, size_t skip);

/*
 * The next line with its end (the last may lack it); valid until the next call. A line longer than
 * source_limit_row is SOURCE_BROKEN. After SOURCE_WAIT the call is repeated.
 */
enum source_status lines_next(struct lines *l, bool block, struct span *out, struct fault *f);

/* The bytes up to the next LF if they are in the window, without that; CRs are not looked for. */
bool lines_peek(struct lines *l, struct span *out);

/* Takes what lines_peek gave as the next line, its LF with it. The bytes stay valid like a line's. */
void lines_take(struct lines *l);

#endif
