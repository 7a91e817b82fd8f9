/*
 * Theory. One array of records by number; records of one identity are chained from its first, the
 * head. A table of slots (open addressing, linear probing, a power of two, at most three quarters
 * full) finds the head by the identity's low bits, which XXH3 spreads evenly. Each slot has a byte
 * of its own, a tag: some of the high bits of what it leads to. The tags lie together, so that a row
 * looks at the few of them that fit a processor's cache, and at one slot and one record far away.
 *
 * A manifest has its rows mostly in the order in which the results have their records. So the record
 * behind the last one that was found is looked at first: it is near, and no table is asked.
 *
 * The head's cursor is the chain's last record while the file is read, and from the first row of
 * the identity on the record that its latest row belongs to: a row beyond the chain is linked behind
 * the cursor in constant time, however many rows share an identity.
 *
 * Packed, the records are the same array without the table, which is made anew in less time than it
 * would be read in.
 */
#include "ledger/index.h"

#include <assert.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

#define FIRST_SLOTS 1024u
#define AHEAD 16 /* records: so early is asked for memory */
#define USUAL_BYTES 256 /* of an identity's text */
#define NO_PLACE ((UINT64_C(1) << 48) - 1)

struct entry {
	struct identity id;
	uint64_t place : 48;  /* byte offset in the file; NO_PLACE: none */
	uint64_t known : 4;
	uint64_t started : 1; /* head: a row of this run belongs to its cursor */
	uint64_t settled : 1; /* head: dealt with in this run */
	uint64_t tail : 1;    /* no head */
	uint64_t spare : 1;
	uint64_t kinds : 8;   /* head: those of the chain's records */
	uint32_t next;        /* the identity's next record, or INDEX_NONE */
	uint32_t cursor;      /* head only */
};

struct index {
	struct entry *entries;
	uint64_t *versions; /* one a record; NULL: not kept */
	uint32_t n, cap;
	uint8_t *tags;   /* of the slots; 0: the slot is empty */
	uint32_t *slots; /* heads */
	uint32_t n_slots, n_heads;
	uint32_t guess; /* the record behind the head that was asked for last */
};

/* Text in pieces; setting up for that costs more than hashing what most identities are. */
static XXH128_hash_t
hash_pieces(struct span type_word, struct span url)
{
	XXH3_state_t state;

	XXH3_INITSTATE(&state);
	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, type_word.p, type_word.n);
	XXH3_128bits_update(&state, "", 1);
	XXH3_128bits_update(&state, url.p, url.n);
	return XXH3_128bits_digest(&state);
}

struct identity
identity_of(struct span type_word, struct span url)
{
	char text[USUAL_BYTES];
	XXH128_hash_t h;

	if (type_word.n >= sizeof text || url.n >= sizeof text - type_word.n) {
		h = hash_pieces(type_word, url);
		return (struct identity){h.low64, h.high64};
	}
	if (type_word.n > 0)
		memcpy(text, type_word.p, type_word.n);
	text[type_word.n] = '\0';
	if (url.n > 0)
		memcpy(text + type_word.n + 1, url.p, url.n);
	h = XXH3_128bits(text, type_word.n + 1 + url.n);
	return (struct identity){h.low64, h.high64};
}

static void
clear_slots(struct index *x, uint32_t n)
{
	free(x->tags);
	free(x->slots);
	x->tags = mem_calloc(n, sizeof *x->tags);
	x->slots = mem_alloc((size_t)n * sizeof *x->slots);
	x->n_slots = n;
}

struct index *
index_new(void)
{
	struct index *x = mem_calloc(1, sizeof *x);

	clear_slots(x, FIRST_SLOTS);
	return x;
}

void
index_free(struct index *x)
{
	if (!x)
		return;
	free(x->entries);
	free(x->versions);
	free(x->tags);
	free(x->slots);
	free(x);
}

uint32_t
index_count(const struct index *x)
{
	return x->n;
}

void
index_prefetch(const struct index *x, struct identity id)
{
	uint32_t i = (uint32_t)id.low & (x->n_slots - 1);

	__builtin_prefetch(&x->tags[i]);
	__builtin_prefetch(&x->slots[i]);
}

static uint8_t
tag_of(struct identity id)
{
	return (uint8_t)(id.high >> 57 | 0x80u);
}

/* The identity's head, or INDEX_NONE; *slot is where that is, or the empty one where it belongs. */
static uint32_t
find_head(const struct index *x, struct identity id, uint32_t *slot)
{
	uint32_t mask = x->n_slots - 1, i = (uint32_t)id.low & mask;
	uint8_t tag = tag_of(id);

	for (; x->tags[i]; i = (i + 1) & mask) {
		const struct entry *e = &x->entries[x->slots[i]];

		if (x->tags[i] == tag && e->id.low == id.low && e->id.high == id.high)
			break;
	}
	*slot = i;
	return x->tags[i] ? x->slots[i] : INDEX_NONE;
}

/* Puts a head into the empty slot where its identity belongs, which no other has. */
static void
add_head(struct index *x, uint32_t head)
{
	struct identity id = x->entries[head].id;
	uint32_t mask = x->n_slots - 1, i = (uint32_t)id.low & mask;

	while (x->tags[i])
		i = (i + 1) & mask;
	x->tags[i] = tag_of(id);
	x->slots[i] = head;
}

/* Makes room for one head more. */
static void
grow_slots(struct index *x)
{
	uint32_t i, n = x->n_slots, *old = x->slots;
	uint8_t *tags = x->tags;

	if ((uint64_t)x->n_heads * 4 < (uint64_t)n * 3)
		return;
	if (n > UINT32_MAX / 2)
		mem_exhausted();
	x->slots = NULL;
	x->tags = NULL;
	clear_slots(x, n * 2);
	for (i = 0; i < n; i++)
		if (tags[i])
			add_head(x, old[i]);
	free(tags);
	free(old);
}

/* A new record that belongs to no chain yet. */
static uint32_t
new_entry(struct index *x, struct identity id)
{
	if (x->n == x->cap) {
		/* a large block grows by remapping: what is not touched costs nothing */
		if (x->cap > INDEX_NONE / 2)
			mem_exhausted();
		x->cap = x->cap ? x->cap * 2 : 1024;
		x->entries = mem_resize(x->entries, x->cap, sizeof *x->entries);
		if (x->versions)
			x->versions = mem_resize(x->versions, x->cap, sizeof *x->versions);
	}
	if (x->versions)
		x->versions[x->n] = 0;
	x->entries[x->n] = (struct entry){
		.id = id, .place = NO_PLACE, .known = KNOWN_PENDING, .next = INDEX_NONE,
		.cursor = x->n};
	return x->n++;
}

/* slot: where the identity belongs, as find_head gave it. */
static uint32_t
new_head(struct index *x, struct identity id, uint32_t slot)
{
	uint32_t record = new_entry(x, id);

	x->tags[slot] = tag_of(id);
	x->slots[slot] = record;
	x->n_heads++;
	grow_slots(x);
	return record;
}

/* What a record says from now on; head: its identity's first. */
static void
set_known(struct index *x, uint32_t record, uint32_t head, enum known known, int64_t place)
{
	x->entries[record].known = (unsigned)known & 15u;
	x->entries[record].place = (uint64_t)place & NO_PLACE;
	x->entries[head].kinds |= 1u << known & 255u;
}

static uint32_t
append(struct index *x, uint32_t head)
{
	uint32_t record = new_entry(x, x->entries[head].id);

	x->entries[record].tail = 1;
	x->entries[x->entries[head].cursor].next = record;
	x->entries[head].cursor = record;
	return record;
}

uint32_t
index_load(struct index *x, struct identity id, enum known known, int64_t place)
{
	uint32_t slot, head = find_head(x, id, &slot), record;

	record = head == INDEX_NONE ? new_head(x, id, slot) : append(x, head);
	set_known(x, record, head == INDEX_NONE ? record : head, known, place);
	return record;
}

/* Whether the record that is likely to be asked for next is the head of this identity. */
static bool
is_guessed(const struct index *x, struct identity id)
{
	const struct entry *e = x->guess < x->n ? &x->entries[x->guess] : NULL;

	return e && !e->tail && e->id.low == id.low && e->id.high == id.high;
}

uint32_t
index_row(struct index *x, struct identity id, uint32_t *head)
{
	struct entry *h;
	uint32_t next, slot;

	if (is_guessed(x, id)) {
		*head = x->guess++;
	} else {
		*head = find_head(x, id, &slot);
		if (*head == INDEX_NONE)
			*head = new_head(x, id, slot);
		else
			x->guess = *head + 1;
	}
	h = &x->entries[*head];
	if (!h->started) {
		h->started = 1;
		h->cursor = *head;
		return *head;
	}
	next = x->entries[h->cursor].next;
	if (next == INDEX_NONE)
		return append(x, *head);
	h->cursor = next;
	return next;
}

uint32_t
index_peek(const struct index *x, struct identity id)
{
	uint32_t slot, head = find_head(x, id, &slot);

	if (head == INDEX_NONE || !x->entries[head].started)
		return head;
	return x->entries[x->entries[head].cursor].next;
}

int64_t
index_place(const struct index *x, uint32_t record)
{
	return x->entries[record].place == NO_PLACE ? -1 : (int64_t)x->entries[record].place;
}

enum known
index_known(const struct index *x, uint32_t record)
{
	return (enum known)x->entries[record].known;
}

unsigned
index_kinds(const struct index *x, uint32_t head)
{
	return (unsigned)x->entries[head].kinds;
}

uint32_t
index_find(const struct index *x, uint32_t head, unsigned kinds, int64_t place)
{
	uint32_t r;

	if (!(x->entries[head].kinds & kinds))
		return INDEX_NONE;
	for (r = head; r != INDEX_NONE; r = x->entries[r].next)
		if (kinds & 1u << x->entries[r].known && index_place(x, r) >= place)
			return r;
	return INDEX_NONE;
}

bool
index_is_settled(const struct index *x, uint32_t head)
{
	return x->entries[head].settled;
}

void
index_write(struct index *x, uint32_t record, uint32_t head, enum known known, int64_t place)
{
	set_known(x, record, head, known, place);
}

void
index_keep_versions(struct index *x)
{
	assert(x->n == 0);
	x->versions = mem_alloc(sizeof *x->versions);
}

uint64_t
index_version_of(struct span value)
{
	uint64_t h = value.n > 0 ? XXH3_64bits(value.p, value.n) : 0;

	return value.n > 0 && h == 0 ? 1 : h;
}

void
index_set_version(struct index *x, uint32_t record, uint64_t version)
{
	if (x->versions)
		x->versions[record] = version;
}

uint64_t
index_version(const struct index *x, uint32_t record)
{
	return x->versions ? x->versions[record] : 0;
}

void
index_settle(struct index *x, uint32_t head)
{
	x->entries[head].settled = 1;
}

void
index_move(struct index *x, uint32_t record, int64_t place)
{
	x->entries[record].place = (uint64_t)place & NO_PLACE;
}

/* ---- packing ---- */

/* The first record from this one on along the chain that has a place, or INDEX_NONE. */
static uint32_t
placed(const struct index *x, uint32_t record)
{
	while (record != INDEX_NONE && x->entries[record].place == NO_PLACE)
		record = x->entries[record].next;
	return record;
}

/* The kinds of the chain's records from here on. */
static unsigned
chain_kinds(const struct index *x, uint32_t record)
{
	unsigned kinds = 0;

	for (; record != INDEX_NONE; record = x->entries[record].next)
		kinds |= 1u << x->entries[record].known;
	return kinds;
}

/*
 * Chains lead from lower numbers to higher ones, so records can be moved down in one pass upwards;
 * until then the cursor of each says which number it will have.
 */
struct span
index_pack(struct index *x)
{
	uint32_t i, next, n = 0;

	for (i = 0; i < x->n; i++) {
		x->entries[i].cursor = x->entries[i].place == NO_PLACE ? INDEX_NONE : n++;
		x->entries[i].tail = 0;
	}
	for (i = 0; i < x->n; i++) {
		struct entry e = x->entries[i];

		if (e.place == NO_PLACE)
			continue;
		next = placed(x, e.next);
		if (next != INDEX_NONE)
			x->entries[next].tail = 1;
		x->entries[e.cursor] = (struct entry){
			.id = e.id, .place = e.place, .known = e.known, .tail = e.tail,
			.next = next == INDEX_NONE ? INDEX_NONE : x->entries[next].cursor,
			.cursor = e.cursor};
		if (x->versions)
			x->versions[e.cursor] = x->versions[i];
	}
	x->n = n;
	for (i = 0; i < n; i++)
		x->entries[i].kinds = x->entries[i].tail ? 0 : chain_kinds(x, i) & 255u;
	return (struct span){(const char *)x->entries, n * sizeof *x->entries};
}

struct span
index_packed_versions(const struct index *x)
{
	return (struct span){(const char *)x->versions,
			     x->versions ? x->n * sizeof *x->versions : 0};
}

size_t
index_entry_bytes(void)
{
	return sizeof(struct entry);
}

void *
index_room(struct index *x, uint32_t n)
{
	assert(x->n == 0);
	x->cap = n < FIRST_SLOTS ? FIRST_SLOTS : n;
	x->entries = mem_resize(x->entries, x->cap, sizeof *x->entries);
	if (x->versions)
		x->versions = mem_resize(x->versions, x->cap, sizeof *x->versions);
	return x->entries;
}

void *
index_room_versions(struct index *x)
{
	return x->versions;
}

static bool
is_packed_entry(const struct index *x, uint32_t i, uint32_t n)
{
	const struct entry *e = &x->entries[i];

	return e->place != NO_PLACE && e->known <= KNOWN_REVIEW_FAILED && !e->started &&
	       !e->settled && e->cursor == i &&
	       (e->next == INDEX_NONE ||
		(e->next > i && e->next < n && x->entries[e->next].tail));
}

bool
index_adopt(struct index *x, uint32_t n)
{
	uint32_t i, n_slots = FIRST_SLOTS;

	for (i = 0; i < n; i++) {
		if (!is_packed_entry(x, i, n))
			break;
		x->n_heads += !x->entries[i].tail;
	}
	if (i < n) {
		x->n_heads = 0;
		return false;
	}
	while ((uint64_t)x->n_heads * 4 >= (uint64_t)n_slots * 3)
		n_slots *= 2;
	clear_slots(x, n_slots);
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n)
			index_prefetch(x, x->entries[i + AHEAD].id);
		if (!x->entries[i].tail)
			add_head(x, i);
	}
	x->n = n;
	return true;
}
