/*
 * Members of a JSON object, one after the other, for what machines read: summary, event log.
 *
 * Text is made fit first: the key masked, what is not for terminals escaped, URLs cut at "?...".
 */
#ifndef LADE_SHOW_FIELDS_H
#define LADE_SHOW_FIELDS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* Adds the member's name, with a comma before it unless an object or array has just begun. */
void field_name(struct buf *out, const char *name);

void field_int(struct buf *out, const char *name, int64_t value);
void field_text(struct buf *out, const char *name, struct span text);
void field_url(struct buf *out, const char *name, struct span url);

/* null when text is empty. */
void field_text_or_null(struct buf *out, const char *name, struct span text);

/* An element of an array, with a comma before it unless the array has just begun. */
void field_item(struct buf *out, struct span text);

/* A time as RFC 3339 in UTC; wall_ms: milliseconds since 1970. */
void field_time(struct buf *out, const char *name, int64_t wall_ms);

#endif
