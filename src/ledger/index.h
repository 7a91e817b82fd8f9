/*
 * Which assets are known: from the identity (assetType, url) to the records of a results file.
 *
 * Compact: 32 bytes a record and 7 to 13 for its place in a table, nothing else grows with a manifest.
 * Knows numbers only: no file, no text.
 */
#ifndef LADE_LEDGER_INDEX_H
#define LADE_LEDGER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define INDEX_NONE UINT32_MAX /* no record */

/* 128 bits that stand for (assetType, url). */
struct identity {
	uint64_t low, high;
};

/*
 * XXH3-128 (seed 0) of the type's word, a NUL, and the URL as in the manifest. The word is the API's
 * spelling where the type is one of the four, else the manifest's own.
 */
struct identity identity_of(struct span type_word, struct span url);

/* Which of n shards takes the identity: documented in lade(1), never to change. */
static inline uint32_t
identity_shard(struct identity id, uint32_t n)
{
	return (uint32_t)(id.low % n);
}

/* What a record says of its asset. */
enum known {
	KNOWN_PENDING,     /* no record yet, or none that counts */
	KNOWN_ASSET,       /* uploaded or duplicate: there is an id */
	KNOWN_UNAVAILABLE, /* failed, worth another try */
	KNOWN_REJECTED,    /* failed, and would again */
	KNOWN_NO_ANSWER,   /* in doubt */
	KNOWN_BAD_ANSWER,  /* in doubt */
	KNOWN_INVALID,     /* never sent */
	KNOWN_REVIEW_FAILED, /* there is an id, but the review rejected the asset */
};

/* Kinds: a bit per enum known. */
#define KINDS_ASSET (1u << KNOWN_ASSET | 1u << KNOWN_REVIEW_FAILED)
#define KINDS_IN_DOUBT (1u << KNOWN_NO_ANSWER | 1u << KNOWN_BAD_ANSWER)
#define KINDS_FAILED (1u << KNOWN_UNAVAILABLE | 1u << KNOWN_REJECTED)

/* Whether there is an id. */
static inline bool
known_has_asset(enum known k)
{
	return (KINDS_ASSET & 1u << k) != 0;
}

struct index;

struct index *index_new(void);
void index_free(struct index *x); /* x may be NULL */

/* Records so far. They are numbered from 0 in the order in which they were added. */
uint32_t index_count(const struct index *x);

/* The identity is about to be asked for: what is known of it may come nearer meanwhile. */
void index_prefetch(const struct index *x, struct identity id);

/* Adds a record that a results file holds at byte offset place. Only before the first index_row. */
uint32_t index_load(struct index *x, struct identity id, enum known known, int64_t place);

/*
 * Versions: 8 bytes more a record, for --version-column. A version stands for a value; 0 is none.
 * Kept from index_keep_versions on, which comes before the first record.
 */
void index_keep_versions(struct index *x);
uint64_t index_version_of(struct span value);
void index_set_version(struct index *x, uint32_t record, uint64_t version);
uint64_t index_version(const struct index *x, uint32_t record);

/*
 * The record of the next row of this identity in this run: the k-th row belongs to the k-th record;
 * a row beyond gets a new one, without a place. *head is the identity's first record.
 */
uint32_t index_row(struct index *x, struct identity id, uint32_t *head);

/* The record that index_row would give to the identity's next row, which may have it yet; INDEX_NONE:
 * a new one. */
uint32_t index_peek(const struct index *x, struct identity id);

/* Where a record is in the file; -1: nowhere yet. */
int64_t index_place(const struct index *x, uint32_t record);

enum known index_known(const struct index *x, uint32_t record);

/* The kinds that records of the identity are of, or were (asked by its head). */
unsigned index_kinds(const struct index *x, uint32_t head);

/* The identity's first record of these kinds at this place or behind it, or INDEX_NONE (asked by its
 * head). At once where there is none of these kinds, else as long as it takes to come there. */
uint32_t index_find(const struct index *x, uint32_t head, unsigned kinds, int64_t place);

/* Whether the identity was dealt with in this run (asked by its head). */
bool index_is_settled(const struct index *x, uint32_t head);

/* A record was written at place. */
void index_write(struct index *x, uint32_t record, uint32_t head, enum known known, int64_t place);

/* The identity was dealt with in this run (told by its head). */
void index_settle(struct index *x, uint32_t head);

/* A record lies at another place of the file now, unchanged. */
void index_move(struct index *x, uint32_t record, int64_t place);

/*
 * What is known, as bytes that index_adopt takes back on the same machine: of a file in order, so
 * without the records that have no place in it, and without what this run did. The same bytes come
 * of reading that file anew. The last calls but index_free; what they give is the index's own.
 */
struct span index_pack(struct index *x);
struct span index_packed_versions(const struct index *x); /* empty: they are not kept */

/*
 * For an index that is empty: room for what index_pack gave, and for the versions if they are kept,
 * to be filled by the caller; then index_adopt reads it. false: it cannot be of index_pack, and the
 * index is empty.
 */
size_t index_entry_bytes(void);
void *index_room(struct index *x, uint32_t n);
void *index_room_versions(struct index *x);
bool index_adopt(struct index *x, uint32_t n);

#endif
