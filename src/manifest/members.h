/*
 * Which members of a JSON element hold url, assetType and name: what columns.h is to a CSV.
 */
#ifndef LADE_MANIFEST_MEMBERS_H
#define LADE_MANIFEST_MEMBERS_H

#include "base/fault.h"
#include "manifest/json.h"
#include "manifest/manifest.h"

struct members;

/* Options outlive it. */
struct members *members_new(const struct manifest_options *o);
void members_free(struct members *m); /* m may be NULL */

/*
 * Looks at the first element: whether it is a record of a results file, which decides what the
 * members mean. -1: it has members of lade's but is none, or a member that an option names is there
 * with a slip; *f filled in.
 */
int members_begin(struct members *m, const struct json_element *first, struct fault *f);
bool members_is_results(const struct members *m);

/*
 * Reads one element: fills in url, type_word, name, and bad when the element is an object or a
 * string that cannot be used. What is returned says whether it is such an element at all (see
 * json_lookup_run). Spans and bad are valid until the next call.
 */
struct json_wrong members_read(struct members *m, struct span text, struct manifest_row *row);

/* Whether the element that was read has a member of lade's, though this is no results file: it may
 * be one whose beginning was lost, and nothing of it may be sent again. */
bool members_is_mixed(const struct members *m);

/*
 * At the end of a manifest whose empty urls are passed over: 0, or -1 with *f filled in when the
 * url was looked for in every element and found in none, not even empty.
 */
int members_end(const struct members *m, struct fault *f);

/* At the end: whether other members that options name were in no element; *f says which. */
bool members_unmet(const struct members *m, struct fault *f);

#endif
