/*
 * The bytes that matter in CSV, looked for many at a time. Pure.
 */
#ifndef LADE_MANIFEST_CSV_SCAN_H
#define LADE_MANIFEST_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/*
 * Parts a line without its end into cells that lie in it; returns how many, 1 to cap. 0: it is
 * empty, has more than cap cells, or holds a quotation mark, a CR or a NUL, and so is not for us.
 * *ascii: no byte has its high bit set.
 */
size_t csv_scan(struct span line, char delimiter, struct span *cells, size_t cap, bool *ascii);

/* Whether a cell can be written as it is: no delimiter, quotation mark, CR or LF is in it. */
bool csv_is_plain(struct span cell, char delimiter);

#endif
