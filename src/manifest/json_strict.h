/*
 * A strict judge of JSON (RFC 8259): says at which byte a text ceases to be JSON, and why.
 *
 * yajl decides what is accepted; this says what yajl cannot say exactly, and what it lets pass. Pure
 * functions over bytes, in constant memory.
 */
#ifndef LADE_MANIFEST_JSON_STRICT_H
#define LADE_MANIFEST_JSON_STRICT_H

#include <stddef.h>

#include "base/span.h"

/*
 * NULL: the text is exactly one JSON value with blanks around it, nested LIMIT_DEPTH deep at most.
 * Else why not (static text that follows "name:line:column: "), and *at is the offset of the byte
 * where it fails; the length when the text ends too early. Does not judge UTF-8, nor escapes of half
 * a character.
 */
const char *json_strict(struct span text, size_t *at);

/* The offset of an escape that is half a character (a lone surrogate), or the length. Of valid JSON. */
size_t json_lone_surrogate(struct span text);

#endif
