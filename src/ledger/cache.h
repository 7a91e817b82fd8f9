/*
 * What the index knows of a results file, kept beside it as RESULTS.index, so that an unchanged
 * file is not read again.
 *
 * A cache: it may be deleted at any time, and nothing is ever believed of it but with the very file
 * that it was made of. Never a fault: where it cannot be read the results file is, and where it
 * cannot be written there is none.
 */
#ifndef LADE_LEDGER_CACHE_H
#define LADE_LEDGER_CACHE_H

#include <stdbool.h>

#include "ledger/index.h"

/*
 * Fills an empty index from the cache of the results file at path (resolved, open as fd, locked).
 * version_column: whose values the index is to know; NULL: none. false: there is no cache that is
 * certainly of this file as it is, and the index is empty.
 */
bool cache_load(const char *path, int fd, const char *version_column, struct index *x);

/* Makes the index the file's cache, in one step. The file is on the disk and in order. The index is
 * packed by that: the last call on it but index_free. */
void cache_store(const char *path, int fd, const char *version_column, struct index *x);

/* Removes the cache of a results file that is about to be changed. */
void cache_drop(const char *path);

/* Removes a cache that was not finished: its writer has died. */
void cache_sweep(const char *path);

#endif
