/*
 * Following several paths through one JSON element while it is read (json.c): only for json.c and
 * json_lookup.c.
 */
#ifndef LADE_MANIFEST_JSON_LOOKUP_H
#define LADE_MANIFEST_JSON_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "manifest/json.h"

/* A top-level name, and which paths it leads into. */
struct known_key {
	size_t name_at, name_n; /* in json_lookup.names */
	uint64_t hash;
	uint16_t live, loosely; /* bits, as in json_lookup */
	bool led;
	size_t at; /* offset of its last byte in the element */
};

struct json_lookup {
	const struct json_path *paths;
	unsigned n;
	uint16_t may_begin[256]; /* by a name's first byte: which paths' first parts it may be, bits
				  */
	/* of the parse that is going on, or was last */
	yajl_handle yajl; /* NULL: the text is walked instead, and ... */
	const char *walk_start;
	size_t walked;	    /* ... so many bytes of it are behind */
	struct arena arena; /* yajl's memory */
	unsigned depth;
	bool led; /* a path leads to the value that comes next */
	bool is_array[LIMIT_DEPTH + 1];
	int64_t item[LIMIT_DEPTH + 1]; /* index of the next item of an array */
	uint16_t live;		       /* paths whose first part matches the way here, bits */
	unsigned matched[JSON_PATHS];  /* leading parts of a path that the way here matches */
	uint16_t loosely; /* the last of them but for case, blanks, '-' and '_', bits */
	bool loose[JSON_PATHS];	       /* so was the value found that is kept */
	struct json_value top;
	size_t end;	   /* behind the value; 0: not seen */
	const char *wrong; /* the first that is wrong although it is JSON */
	size_t wrong_at;
	bool stopped;	 /* the parse was ended for it */
	struct buf text; /* of the values found */
	size_t at[JSON_PATHS], len[JSON_PATHS];
	enum json_kind kind[JSON_PATHS];
	size_t top_at;
	struct known_key *keys; /* the top-level names, n_keys of this element, ... */
	size_t n_keys, cap_keys;
	size_t n_known;	   /* ... behind them those of one before it: most have the same */
	size_t n_distinct; /* so many at the front have no twins */
	struct buf names;
	bool met_lade; /* one of all names that were met begins with lade_ */
	/* for json_members */
	int (*on_member)(void *ctx, struct span key, struct json_value value);
	void *ctx;
	struct buf key;
};

/* Follows the paths of a set (bits) that go on with this name or index in the container that is
 * open; a top-level name goes to lookup_name. */
void lookup_follow(struct json_lookup *l, unsigned set, struct span name);

/* The way comes back to a depth: what paths matched further down is over. */
void lookup_forget_below(struct json_lookup *l, unsigned depth);

/* The container that is open now, before its next value: which array index that has. */
void lookup_enter_item(struct json_lookup *l);

/* Offset of the last byte of the token that is being read. */
size_t lookup_here(const struct json_lookup *l);

/* Keeps the value that path i led to. A name that is the same exactly wins over one that is so only
 * loosely, as in a CSV header; two of a kind are one too many. */
void lookup_capture(struct json_lookup *l, unsigned i, enum json_kind kind, struct span text);

/* A top-level name comes: follows all paths from their beginnings, and keeps it for ... */
void lookup_name(struct json_lookup *l, struct span name);

/* ... whether two of them are the same; wrong_at gets the place of the second. */
bool lookup_has_twins(struct json_lookup *l);

#endif
