/*
 * Parts of the report's page: texts that are escaped for HTML, and the section on failures.
 */
#ifndef LADE_SHOW_PAGE_H
#define LADE_SHOW_PAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "show/report.h"

/* The style, as one string: the page must need nothing but itself. */
extern const char page_style[];

/* Adds a text that is escaped for people already, escaped for HTML. */
void page_text(struct buf *out, const char *text);

/* Adds a file's name, of a long one its end. */
void page_path(struct buf *out, const char *path);

/* Adds a time, milliseconds since 1970, as "2026-11-25 14:02:11" (UTC). */
void page_time(struct buf *out, int64_t wall_ms);

/* Adds "1,234 many", or "1 one". */
void page_count(struct buf *out, int64_t n, const char *one, const char *many);

/* Adds the section on failures, if there are any. */
void page_failures(const struct report *r, struct buf *out);

#endif
