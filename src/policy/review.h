/*
 * Which asset is asked for next in a review, when, and what its answer means. Pure: time is passed
 * in, nothing is sent, printed or recorded.
 *
 * Assets are numbers from 0. Each is asked for at most once an interval, the questions of a round
 * spread over it, and never faster than the rate.
 */
#ifndef LADE_POLICY_REVIEW_H
#define LADE_POLICY_REVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/outcome.h"

/* What an answer says in `data.status`. */
enum review_word {
	REVIEW_WORD_ABSENT, /* nothing */
	REVIEW_WORD_PROCESSING,
	REVIEW_WORD_ACTIVE,
	REVIEW_WORD_FAILED,
	REVIEW_WORD_OTHER, /* none of the three */
};

/* How an asset stands, and what an answer to a question says. */
enum review_state {
	REVIEW_UNANSWERED, /* no usable answer: ask again in the next round */
	REVIEW_PROCESSING, /* ask again in the next round */
	REVIEW_ACTIVE,	   /* final: usable */
	REVIEW_FAILED,	   /* final: rejected, or could not be fetched */
	REVIEW_UNKNOWN,	   /* the server has no such asset: not asked for again */
	REVIEW_ODD,	   /* a status that is none of the three: an error to show; ask again */
	REVIEW_STATES
};

/*
 * What the answer to a question says of the asset. o: outcome_of of it; only those that are an
 * answer about the asset count, for all others it is REVIEW_UNANSWERED. same_id: `data.assetId` is
 * absent or the one that was asked for.
 */
enum review_state review_state_of(const struct answer *a, enum outcome o, enum review_word word,
				  bool same_id);

/* Whether nothing more is to be asked about an asset in this state. */
bool review_is_settled(enum review_state s);

#define ROUNDS_NONE UINT32_MAX

struct rounds {
	int64_t interval_ms;  /* between two questions about one asset */
	int64_t rate_ns;      /* between any two questions at least; 0: no ceiling */
	int64_t next_ns;      /* when the next question may start */
	bool once;	      /* one round only */
	uint32_t *next;	      /* by asset: the one behind it in the line, or ROUNDS_NONE */
	int64_t *due_ms;      /* by asset: not asked for before */
	uint32_t first, last; /* of the line; ROUNDS_NONE: it is empty */
	uint32_t open;        /* assets that are in the line or asked for now */
	uint32_t most;        /* so many were at once */
};

/* n assets may come; none is in the line yet. interval_ms > 0; rate_ns >= 0. */
void rounds_init(struct rounds *r, uint32_t n, int64_t interval_ms, int64_t rate_ns, bool once,
		 int64_t now_ms);
void rounds_fini(struct rounds *r);

/* Puts an asset into the line, due at once. */
void rounds_add(struct rounds *r, uint32_t asset, int64_t now_ms);

/* The asset to ask for now, out of the line; ROUNDS_NONE: none, *wake_ms gets the time at which to
 * try again (INT64_MAX: the line is empty). */
uint32_t rounds_take(struct rounds *r, int64_t now_ms, int64_t *wake_ms);

/* The answer came to a question of sent_ms, and the asset is to be asked for again; with once it
 * is not. */
void rounds_again(struct rounds *r, uint32_t asset, int64_t sent_ms);

/* The answer came, and the asset is settled. */
void rounds_settled(struct rounds *r);

#endif
