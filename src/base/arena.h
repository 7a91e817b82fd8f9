/*
 * Memory that is given back all at once: for libraries that allocate many small things a call.
 *
 * Like mem.h it cannot fail: out of memory ends the program.
 */
#ifndef LADE_BASE_ARENA_H
#define LADE_BASE_ARENA_H

#include <stddef.h>

/* A zeroed struct arena is an empty one. */
struct arena {
	struct arena_block *blocks; /* the newest first */
	size_t used;                /* bytes of the newest */
};

/* n bytes, aligned for anything, valid until arena_reset. */
void *arena_alloc(struct arena *a, size_t n);

/* p, of an earlier call on this arena or NULL, grown to n bytes; it may lie elsewhere then. */
void *arena_resize(struct arena *a, void *p, size_t n);

/* Gives everything back, but keeps one block for the next use. */
void arena_reset(struct arena *a);

void arena_free(struct arena *a);

#endif
