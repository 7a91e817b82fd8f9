/*
 * What format a manifest is in, from its name and its first bytes.
 */
#ifndef LADE_MANIFEST_SNIFF_H
#define LADE_MANIFEST_SNIFF_H

#include "base/fault.h"
#include "manifest/manifest.h"
#include "manifest/source.h"

struct sniffed {
	enum manifest_format format; /* never MANIFEST_AUTO */
	char delimiter;              /* of CSV and TSV */
	struct span window;          /* what was read of the source */
	size_t skip;                 /* of that: the byte order mark */
};

/* Reads as far as it must (blocking). -1: *f says why no format fits (empty, UTF-16). */
int sniff(struct source *s, const char *path, const struct manifest_options *o,
	  struct sniffed *out, struct fault *f);

#endif
