/*
 * A results file is written anew when it has to change its shape before a run may append to it.
 */
#ifndef LADE_LEDGER_REWRITE_H
#define LADE_LEDGER_REWRITE_H

#include "base/fault.h"
#include "ledger/file.h"
#include "ledger/load.h"

/*
 * Writes the file anew: records byte for byte, with cells for the new columns, empty but for what the
 * row means (load_meaning). A last line that has no end and is no whole record is left out; its bytes
 * are added to *torn. -1: *f filled in, with a line if the file is damaged.
 */
int rewrite_results(const char *path, const struct layout *l, const struct load_needs *needs,
		    struct replacement *out, int64_t *torn, struct fault *f);

#endif
