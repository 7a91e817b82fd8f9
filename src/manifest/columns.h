/*
 * Which columns of a CSV header hold url, assetType and name.
 */
#ifndef LADE_MANIFEST_COLUMNS_H
#define LADE_MANIFEST_COLUMNS_H

#include "base/fault.h"
#include "manifest/manifest.h"

struct columns {
	int url, type, name;                 /* index, or -1 */
	int lade_url, lade_type, lade_name;  /* of a results file: where they are there they win, even
					      * empty */
	int version;                         /* index, or -1 */
	bool is_results;
};

/*
 * Finds them by option or by name (without regard to case, blanks, '-' and '_'). -1: *f says what
 * is missing, and the nearest there is.
 */
int columns_find(struct columns *c, const struct span *names, size_t n,
		 const struct manifest_options *o, struct fault *f);

/* The name that is most likely meant by name ("url", or what --map says); -1: none is near. */
int columns_suggest(const struct span *names, size_t n, const char *name);

#endif
