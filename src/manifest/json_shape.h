/*
 * What a JSON text holds, told by its brackets and quotes alone: what decides which array is the
 * manifest, and whether an object is a row. Pure; never says whether it is JSON.
 */
#ifndef LADE_MANIFEST_JSON_SHAPE_H
#define LADE_MANIFEST_JSON_SHAPE_H

#include <stdbool.h>

#include "base/span.h"

/* What an array holds, told by its first item. Strings are rows if they are URLs. */
enum json_items {
	ITEMS_UNKNOWN, /* the text ends before that is certain */
	ITEMS_NONE,
	ITEMS_ROWS,
	ITEMS_OTHER,
};

/* Of the array at the front of a text, which may go on behind its end. */
enum json_items json_items(struct span text);

/* Whether the text is one whole value with nothing but blanks behind it. */
bool json_is_whole(struct span text);

/* Whether an object, which is whole, has an array of rows among its members. */
bool json_holds_rows(struct span object);

#endif
