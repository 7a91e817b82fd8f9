/*
 * A set of 64-bit hashes: which things were met before, at about 11 to 21 bytes each.
 *
 * Two things of one hash are taken for one: of ten million, with a chance of three in a million
 * that any are.
 */
#ifndef LADE_BASE_HASHSET_H
#define LADE_BASE_HASHSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed struct hashset is an empty one. */
struct hashset {
	uint64_t *slots; /* 0: free */
	size_t n_slots;	 /* a power of two, or 0 */
	size_t n;
};

/* Adds a hash that spreads evenly; false: it was there. */
bool hashset_add(struct hashset *s, uint64_t hash);

/* Fetches the place where a hash belongs: some others later, adding it costs less. */
void hashset_prefetch(const struct hashset *s, uint64_t hash);

void hashset_free(struct hashset *s);

#endif
