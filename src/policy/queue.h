/*
 * The rows that are being dealt with: ready, waiting for their time, in flight, behind another.
 *
 * A row has one state, and one function in queue.c changes it. Knows nothing of what a row is: the
 * caller embeds a struct item in its own. Owns no item; allocates only the heap of those waiting.
 */
#ifndef LADE_POLICY_QUEUE_H
#define LADE_POLICY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum item_state {
	ITEM_IDLE,      /* not in the queue: new, or its fate is known */
	ITEM_READY,     /* may be sent as soon as there is a permit */
	ITEM_WAITING,   /* will be sent again at due_ms */
	ITEM_IN_FLIGHT, /* its request is on its way */
	ITEM_FOLLOWING, /* waits for the outcome of the first row of its identity */
	ITEM_PARKED,    /* answered 403: waits until others show whose fault that is */
	ITEM_STATES
};

struct item {
	enum item_state state;
	unsigned attempts;       /* requests sent in this run */
	unsigned resent;         /* re-sendings that count against --retries */
	unsigned throttled;      /* refusals that count against THROTTLED_LIMIT */
	uint64_t successes_seen; /* of others, when this row's previous attempt ended */
	int64_t sent_ms;         /* when the last attempt started */
	unsigned load;           /* in flight when it did, itself included */
	bool failed;             /* the last attempt failed: another is a retry */
	int64_t due_ms;          /* ITEM_WAITING: when to send it again */
	uint32_t key;            /* the identity's number, chosen by the caller */
	size_t heap_at;          /* ITEM_WAITING: place in the heap */
	struct item *next;       /* ITEM_READY: the list; ITEM_FOLLOWING: the next follower */
	struct item *followers;  /* rows of the same identity, in their order */
	struct item **last_follower;
	struct item *bucket_next;
};

#define QUEUE_BUCKETS 4096 /* about the rows that may be in the queue at -j 750 */

struct queue {
	struct item *ready, **ready_end;
	struct item **heap; /* ITEM_WAITING by due_ms */
	size_t heap_cap;
	size_t fresh;               /* of ITEM_READY, those never sent */
	size_t count[ITEM_STATES];  /* items by state; ITEM_IDLE is not counted */
	struct item *buckets[QUEUE_BUCKETS]; /* leaders by key */
};

void queue_init(struct queue *q);
void queue_fini(struct queue *q); /* frees the heap, not the items */

/* Zeroes an item and gives it its key; it is ITEM_IDLE. */
void item_init(struct item *it, uint32_t key);

/* Makes an item that is in no list ready, behind or before the others. */
void queue_add(struct queue *q, struct item *it);
void queue_add_front(struct queue *q, struct item *it);

/* The first ready item, now ITEM_IN_FLIGHT; NULL when there is none. */
struct item *queue_start(struct queue *q, int64_t now_ms);

/* The same for the first ready item that was never sent. */
struct item *queue_start_fresh(struct queue *q, int64_t now_ms);

/* Takes the first ready item that was never sent out of the queue: it is ITEM_IDLE. NULL: none. */
struct item *queue_drop_fresh(struct queue *q);

/* Lets an item that is in flight wait until due_ms. */
void queue_wait(struct queue *q, struct item *it, int64_t due_ms);

/* Makes every waiting item that is due ready. */
void queue_wake(struct queue *q, int64_t now_ms);

/* When the next waiting item is due; INT64_MAX: none waits. */
int64_t queue_due_ms(const struct queue *q);

/* Parks an item that is in flight. */
void queue_park(struct queue *q, struct item *it);

/* Any parked item, now ITEM_IDLE; NULL when there is none. */
struct item *queue_unpark(struct queue *q);

/* Takes an item that is in flight or parked out of the queue. */
void queue_finish(struct queue *q, struct item *it);

/* The item in the queue that leads its identity; NULL when there is none. */
struct item *queue_leader(const struct queue *q, uint32_t key);

/* Puts a new item behind its leader. */
void queue_follow(struct queue *q, struct item *leader, struct item *it);

/* Takes the first follower of a leader, now ITEM_IDLE; NULL when there is none. */
struct item *queue_unfollow(struct queue *q, struct item *leader);

/* Any item that is ready, waiting or parked, now ITEM_IDLE; NULL when there is none. For the end. */
struct item *queue_drop(struct queue *q);

/* Items in the queue that are not in flight: what bounds the reading of more. */
size_t queue_held(const struct queue *q);

#endif
