/*
 * Theory. Ready items are a list, waiting ones a binary heap by due time, leaders are found by key
 * in a table of chains; followers hang from their leader. Items in flight or parked are in no
 * container but the table: whoever started them holds them.
 */
#include "policy/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
queue_init(struct queue *q)
{
	memset(q, 0, sizeof *q);
	q->ready_end = &q->ready;
}

void
queue_fini(struct queue *q)
{
	free(q->heap);
	q->heap = NULL;
}

void
item_init(struct item *it, uint32_t key)
{
	memset(it, 0, sizeof *it);
	it->key = key;
	it->last_follower = &it->followers;
}

static void
enter_table(struct queue *q, struct item *it)
{
	struct item **bucket = &q->buckets[it->key % QUEUE_BUCKETS];

	it->bucket_next = *bucket;
	*bucket = it;
}

static void
leave_table(struct queue *q, struct item *it)
{
	struct item **at = &q->buckets[it->key % QUEUE_BUCKETS];

	while (*at != it)
		at = &(*at)->bucket_next;
	*at = it->bucket_next;
}

/* The one function that changes a state. */
static void
set_state(struct queue *q, struct item *it, enum item_state state)
{
	if (it->state != ITEM_IDLE)
		q->count[it->state]--;
	if (it->state == ITEM_READY && it->attempts == 0)
		q->fresh--;
	if (state == ITEM_READY && it->attempts == 0)
		q->fresh++;
	if (state != ITEM_IDLE)
		q->count[state]++;
	if (it->state == ITEM_IDLE && state != ITEM_FOLLOWING)
		enter_table(q, it);
	if (state == ITEM_IDLE && it->state != ITEM_FOLLOWING)
		leave_table(q, it);
	it->state = state;
}

void
queue_add(struct queue *q, struct item *it)
{
	set_state(q, it, ITEM_READY);
	it->next = NULL;
	*q->ready_end = it;
	q->ready_end = &it->next;
}

void
queue_add_front(struct queue *q, struct item *it)
{
	set_state(q, it, ITEM_READY);
	it->next = q->ready;
	q->ready = it;
	if (!it->next)
		q->ready_end = &it->next;
}

static struct item *
take_ready(struct queue *q)
{
	struct item *it = q->ready;

	if (!it)
		return NULL;
	q->ready = it->next;
	if (!q->ready)
		q->ready_end = &q->ready;
	return it;
}

static struct item *
start(struct queue *q, struct item *it, int64_t now_ms)
{
	if (!it)
		return NULL;
	set_state(q, it, ITEM_IN_FLIGHT);
	it->attempts++;
	it->sent_ms = now_ms;
	return it;
}

struct item *
queue_start(struct queue *q, int64_t now_ms)
{
	return start(q, take_ready(q), now_ms);
}

/* Takes the first that was never sent out of the list; its state is still ITEM_READY. */
static struct item *
take_fresh(struct queue *q)
{
	struct item **at = &q->ready, *it;

	while (*at && (*at)->attempts > 0)
		at = &(*at)->next;
	it = *at;
	if (it) {
		*at = it->next;
		if (!*at)
			q->ready_end = at;
	}
	return it;
}

struct item *
queue_start_fresh(struct queue *q, int64_t now_ms)
{
	return start(q, take_fresh(q), now_ms);
}

struct item *
queue_drop_fresh(struct queue *q)
{
	struct item *it = take_fresh(q);

	if (it)
		set_state(q, it, ITEM_IDLE);
	return it;
}

static void
heap_put(struct queue *q, size_t at, struct item *it)
{
	q->heap[at] = it;
	it->heap_at = at;
}

static void
heap_up(struct queue *q, size_t at, struct item *it)
{
	while (at > 0 && q->heap[(at - 1) / 2]->due_ms > it->due_ms) {
		heap_put(q, at, q->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(q, at, it);
}

static void
heap_down(struct queue *q, size_t n, struct item *it)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && q->heap[child + 1]->due_ms < q->heap[child]->due_ms)
			child++;
		if (q->heap[child]->due_ms >= it->due_ms)
			break;
		heap_put(q, at, q->heap[child]);
		at = child;
	}
	heap_put(q, at, it);
}

void
queue_wait(struct queue *q, struct item *it, int64_t due_ms)
{
	size_t n = q->count[ITEM_WAITING];

	set_state(q, it, ITEM_WAITING);
	it->due_ms = due_ms;
	if (n == q->heap_cap) {
		q->heap_cap = q->heap_cap ? q->heap_cap * 2 : 64;
		q->heap = mem_resize(q->heap, q->heap_cap, sizeof(struct item *));
	}
	heap_up(q, n, it);
}

/* Takes the item that is due first out of the heap; its state is still ITEM_WAITING. */
static struct item *
take_waiting(struct queue *q)
{
	size_t n = q->count[ITEM_WAITING];
	struct item *it = q->heap[0];

	if (n > 1)
		heap_down(q, n - 1, q->heap[n - 1]);
	return it;
}

void
queue_wake(struct queue *q, int64_t now_ms)
{
	while (q->count[ITEM_WAITING] > 0 && q->heap[0]->due_ms <= now_ms)
		queue_add(q, take_waiting(q));
}

int64_t
queue_due_ms(const struct queue *q)
{
	return q->count[ITEM_WAITING] > 0 ? q->heap[0]->due_ms : INT64_MAX;
}

void
queue_park(struct queue *q, struct item *it)
{
	set_state(q, it, ITEM_PARKED);
}

struct item *
queue_unpark(struct queue *q)
{
	struct item *it = NULL;
	size_t i;

	if (q->count[ITEM_PARKED] == 0)
		return NULL;
	for (i = 0; !it; i++)
		for (it = q->buckets[i]; it && it->state != ITEM_PARKED;)
			it = it->bucket_next;
	set_state(q, it, ITEM_IDLE);
	return it;
}

void
queue_finish(struct queue *q, struct item *it)
{
	assert(it->state == ITEM_IN_FLIGHT || it->state == ITEM_PARKED);
	set_state(q, it, ITEM_IDLE);
}

struct item *
queue_leader(const struct queue *q, uint32_t key)
{
	struct item *it = q->buckets[key % QUEUE_BUCKETS];

	while (it && it->key != key)
		it = it->bucket_next;
	return it;
}

void
queue_follow(struct queue *q, struct item *leader, struct item *it)
{
	set_state(q, it, ITEM_FOLLOWING);
	it->next = NULL;
	*leader->last_follower = it;
	leader->last_follower = &it->next;
}

struct item *
queue_unfollow(struct queue *q, struct item *leader)
{
	struct item *it = leader->followers;

	if (!it)
		return NULL;
	leader->followers = it->next;
	if (!leader->followers)
		leader->last_follower = &leader->followers;
	set_state(q, it, ITEM_IDLE);
	return it;
}

struct item *
queue_drop(struct queue *q)
{
	struct item *it = NULL;

	if (q->ready)
		it = take_ready(q);
	else if (q->count[ITEM_WAITING] > 0)
		it = take_waiting(q);
	else
		return queue_unpark(q);
	set_state(q, it, ITEM_IDLE);
	return it;
}

size_t
queue_held(const struct queue *q)
{
	return q->count[ITEM_READY] + q->count[ITEM_WAITING] + q->count[ITEM_FOLLOWING] +
	       q->count[ITEM_PARKED];
}
