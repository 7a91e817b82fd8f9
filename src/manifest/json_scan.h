/*
 * Where a JSON value ends, as far as quotes and brackets tell. Pure; never says whether it is JSON.
 */
#ifndef LADE_MANIFEST_JSON_SCAN_H
#define LADE_MANIFEST_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Scanning one value; zeroed to begin with. */
struct json_scan {
	size_t pos; /* bytes of the value looked at */
	unsigned depth;
	bool in_string, done;
};

/*
 * Scans on in the value that begins at the front of a text; each byte is looked at once. true: the
 * value is whole, s->pos bytes long. false: more text is needed (the same, grown at its end).
 */
bool json_scan_value(struct json_scan *s, struct span text);

#endif
