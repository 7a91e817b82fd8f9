/*
 * {url: assetId} as one JSON object, made from a results file: for programs that want no more.
 */
#ifndef LADE_LEDGER_ASSET_MAP_H
#define LADE_LEDGER_ASSET_MAP_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Writes the map of the results file at results to the file at path, by one atomic replacement (a new
 * file has mode 0600). A url that stands for several assets (of different types) has its first one.
 * uris: "asset://" before each id. -1: *f filled in, what was at path is untouched.
 */
int asset_map_write(const char *results, const char *path, bool uris, struct fault *f);

#endif
