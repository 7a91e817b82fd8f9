/*
 * A strict judge of JSON (RFC 8259): says at which byte a text ceases to be JSON, and why.
 *
 * yajl decides what is accepted; this says what yajl cannot say exactly, and what it lets pass.
 * Pure functions over bytes, in constant memory.
 */
#ifndef LADE_MANIFEST_JSON_STRICT_H
#define LADE_MANIFEST_JSON_STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "manifest/json.h"

/*
 * NULL: the text is exactly one JSON value with blanks around it, nested LIMIT_DEPTH deep at most.
 * Else why not (static text that follows "name:line:column: "), and *at is the offset of the byte
 * where it fails; the length when the text ends too early. Does not judge UTF-8, nor escapes of
 * half a character.
 */
const char *json_strict(struct span text, size_t *at);

/*
 * Reads an object's members in one pass, faster than yajl. on_member gets of each the name, the
 * kind of its value, and of a string or number the text as it is written (escaped: there is a
 * backslash in it); it ends the walk by 0. false: it was ended, or the text is not one object, or
 * has a fault, or a name with an escape: then what was called means nothing. Does not judge UTF-8,
 * nor escapes of half a character.
 */
bool json_walk(struct span text,
	       int (*on_member)(void *ctx, struct span name, enum json_kind kind, struct span value,
				bool escaped),
	       void *ctx, bool *odd);

/* The offset of an escape that is half a character (a lone surrogate), or the length. Of valid
 * JSON. */
size_t json_lone_surrogate(struct span text);

#endif
