/*
 * Text: UTF-8, escaping for people's eyes, shortening, near misses. Pure functions.
 */
#ifndef LADE_BASE_TEXT_H
#define LADE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/*
 * Whether the bytes are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above
 * U+10FFFF. *bad (may be NULL) gets the offset of the first byte that is not, or the length.
 */
bool text_utf8_valid(struct span s, size_t *bad);

/* How many code points valid UTF-8 holds. */
size_t text_utf8_count(struct span s);

/*
 * Adds s to out as one line that is safe to show: control characters (C0, DEL, C1), bytes that are
 * no UTF-8, and the bidirectional and invisible format characters (U+200E/F, U+202A-E, U+2066-9,
 * U+FEFF) and the line separators U+2028/9 become \n, \t, \xNN or \u{N}. Stops before out would be
 * longer than max bytes (0: no limit), never in the middle of a character or an escape.
 */
void text_escape(struct buf *out, struct span s, size_t max);

/*
 * Adds a URL as messages, logs and reports show it: escaped and cut as text_escape does, and with
 * "?…" behind that in the place of a query (a signature may be in it).
 */
void text_show_url(struct buf *out, struct span url, size_t max);

/*
 * Adds the place FILE:LINE:COLUMN as messages name it, the file's name escaped; "-" is standard input.
 * line, column: from 1; 0: none.
 */
void text_place(struct buf *out, const char *file, int64_t line, int64_t column);

/* Whether two names are the same without regard to ASCII case, spaces, '-' and '_'. */
bool text_same_loosely(struct span a, struct span b);

/*
 * The index of the candidate nearest to word (edit distance, ASCII case ignored), or -1 when none
 * is near enough to be what was meant. For "did you mean".
 */
int text_nearest(struct span word, const struct span *candidates, size_t n);

/*
 * Whether one of two names is the other, written with one slip: a letter too many or too few, another
 * one, two in the wrong order, or any number of blanks, '-' and '_'; ASCII case ignored. Narrower
 * than "near": title is no slip of file, nor is tags, which only ends differently, of tag.
 */
bool text_is_slip(struct span a, struct span b);

#endif
