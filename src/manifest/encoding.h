/*
 * What bytes are that are no UTF-8 text: named for what they are, with the command that mends them.
 */
#ifndef LADE_MANIFEST_ENCODING_H
#define LADE_MANIFEST_ENCODING_H

#include "base/span.h"

/*
 * What the bytes of a text are at an offset where they are no UTF-8 (text_utf8_valid's *bad);
 * follows the name of a row or header. Static text.
 */
const char *encoding_fault(struct span text, size_t bad);

/* How many of a file's first bytes encoding_refuse wants to see, if there are so many. */
#define ENCODING_BYTES 16

/*
 * Why a file that begins with these bytes cannot be a manifest: UTF-16, UTF-32, a spreadsheet or
 * other archive, a picture ... Static text, or NULL when nothing speaks against it.
 */
const char *encoding_refuse(struct span first);

#endif
