/*
 * Writing JSON with yajl into a buffer, and memory for yajl that cannot fail.
 *
 * yajl crashes when an allocation fails; with json_memory out of memory ends the program as in mem.h.
 */
#ifndef LADE_BASE_JSON_TEXT_H
#define LADE_BASE_JSON_TEXT_H

#include <yajl/yajl_common.h>
#include <yajl/yajl_gen.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

/* For yajl_alloc and yajl_gen_alloc. */
extern const yajl_alloc_funcs json_memory;

/* The same from an arena, for a parser that is never freed: arena_reset takes everything back. */
yajl_alloc_funcs json_arena(struct arena *a);

/* A generator that adds to out, which outlives it; for the caller to yajl_gen_free. Never NULL. */
yajl_gen json_gen_new(struct buf *out);

/* Adds a JSON string, quoted and escaped. Bytes that are no UTF-8 are shown in it as text_escape does,
 * for JSON can hold no others. */
void json_string(struct buf *out, struct span s);

#endif
