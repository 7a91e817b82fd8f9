/*
 * Messages to standard error: one line each, "lade: TEXT", the progress line out of the way first.
 *
 * A message is written by one write(2), so that lines of several processes do not mix. Whoever
 * formats text that a server or a manifest wrote escapes it first (base/text.h). Every message is
 * searched for the key, which is masked if it is found.
 */
#ifndef LADE_BASE_DIAG_H
#define LADE_BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum diag_level {
	DIAG_QUIET = -1,
	DIAG_NORMAL = 0,
	DIAG_VERBOSE = 1, /* -v: a line per retry and failure */
	DIAG_DEBUG = 2,   /* -vv: each request */
};

/* Sets how much is said from now on. */
void diag_set_level(enum diag_level level);
enum diag_level diag_level(void);

/* Names a secret to mask; the bytes stay the caller's and must live until diag_set_secret(NULL). */
void diag_set_secret(const char *secret);

/* Masks the secret in a text of one's own that is about to be shown or recorded. */
void diag_mask(struct buf *text);

/* A function that erases the progress line; called before each message. NULL: none. */
void diag_set_eraser(void (*erase)(void));

/* Always shown. */
void diag_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shown but with -q. */
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shown from that level on. */
void diag_detail(enum diag_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Shown from that level on (DIAG_QUIET: always), behind "FILE:LINE:COLUMN: " as text_place has it. The
 * file's name may be anything.
 */
void diag_at(enum diag_level level, const char *file, int64_t line, int64_t column,
	     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Writes text that is complete with its line ends, as it is but for the secret; always shown. */
void diag_block(const struct buf *text);

#endif
