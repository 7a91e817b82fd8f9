/*
 * What bytes are that are no UTF-8 text: named for what they are, with the command that mends them.
 */
#ifndef LADE_MANIFEST_ENCODING_H
#define LADE_MANIFEST_ENCODING_H

#include "base/span.h"

/* Follows the name of a row or header whose bytes are no UTF-8. */
#define NOT_UTF8 "is not UTF-8 (perhaps Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)"

/* How many of a file's first bytes encoding_refuse wants to see, if there are so many. */
#define ENCODING_BYTES 16

/*
 * Why a file that begins with these bytes cannot be a manifest: UTF-16, UTF-32, a spreadsheet or
 * other archive, a picture ... Static text, or NULL when nothing speaks against it.
 */
const char *encoding_refuse(struct span first);

#endif
