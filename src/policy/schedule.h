/*
 * What is sent next, and what becomes of a row after an answer: queue, rate and outage together.
 *
 * Pure but for the queue's heap: time is passed in, nothing is printed or recorded. The caller asks
 * schedule_take until it gives nothing, starts what it got, and hands each answer to schedule_done,
 * which says whether the row's fate is known.
 */
#ifndef LADE_POLICY_SCHEDULE_H
#define LADE_POLICY_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/budget.h"
#include "policy/outage.h"
#include "policy/outcome.h"
#include "policy/queue.h"
#include "policy/rate.h"

#define FORBIDDEN_LIMIT 5  /* so many 403 in a row without a success are the key's fault */
#define THROTTLED_LIMIT 50 /* a row that is refused so often while others succeed has failed */
#define PERCENT_FROM 100   /* rows that are done before a percentage of failures counts */

/* Why a run ends before the manifest does. */
enum stop_reason {
	STOP_NONE,
	STOP_SIGNAL,      /* interrupted */
	STOP_WRITE,       /* results or journal could not be written */
	STOP_KEY,         /* the key was refused */
	STOP_MISDIRECTED, /* a redirect: not the API */
	STOP_CERTIFICATE, /* the server's certificate does not verify */
	STOP_OUTAGE,      /* the server was down for too long */
	STOP_LIMIT,       /* as many rows as the user allows were sent */
	STOP_DEADLINE,    /* the time that the user set has come */
	STOP_PAUSE,       /* the server asks for a longer pause than the user allows */
	STOP_FAILURES,    /* more rows failed than the user allows */
};

/* What becomes of a row. */
enum verdict {
	VERDICT_FINAL,   /* its fate is known: record it */
	VERDICT_AGAIN,   /* it will be sent again */
	VERDICT_PARKED,  /* it waits until 403 is understood */
	VERDICT_PENDING, /* it is not dealt with: the run stops */
};

struct schedule_options {
	int64_t interval_ns;       /* of --rate; 0: no ceiling */
	bool unpaced;              /* --rate none */
	unsigned retries;          /* re-sendings of one row */
	bool resend;               /* --in-doubt resend */
	int64_t outage_timeout_ms; /* --outage-timeout */
	int64_t max_pause_ms;      /* --max-pause */
	unsigned max_failures;     /* so many failed rows end the run; 0: none do */
	bool max_failures_percent; /* max_failures is a percentage of the rows that are done */
	uint64_t seed;             /* of the jitter */
};

/* What came of a request. */
struct schedule_answer {
	enum outcome outcome;
	bool busy;              /* with a 503 */
	bool envelope;          /* the API's own: what a question is about */
	int64_t retry_after_ms; /* -1: no time was named */
	int64_t way_ms;         /* what the network takes there and back; -1: not seen */
	struct quota_notice notice;
};

struct schedule {
	struct schedule_options options;
	struct queue queue;
	struct rate rate;
	struct outage outage;
	struct budget budget;
	struct item question; /* the one question of an outage */
	uint64_t random;
	uint64_t successes;   /* uploads accepted in this run */
	uint64_t judged;      /* they, and rows that the API itself rejected: it takes the key */
	uint64_t evidence;    /* successes, and answered questions where only failed rows are left */
	uint64_t retries;     /* re-sendings, for the summary */
	uint64_t throttles;   /* refusals, for the summary */
	uint64_t done, failed; /* rows whose fate is known; those of them that failed */
	unsigned forbidden;   /* parked items */
	uint64_t forbidden_mark; /* successes when the first of them was parked */
	bool asked;           /* the question is in flight */
	bool answered;        /* anything was answered: until then one request goes alone */
	bool rows_ended;      /* the caller has no more rows */
	bool rows_paused;     /* the caller has no more rows now */
	enum stop_reason stop;
	int64_t pause_ms; /* STOP_PAUSE: what the server asked for; -1: that lasts for too long */
};

void schedule_init(struct schedule *s, const struct schedule_options *o, int64_t now_ms);
void schedule_fini(struct schedule *s);

/*
 * The next thing to start now: an item, in flight from here on, or &s->question. NULL: nothing now;
 * *wake_ms gets the time at which to ask again at the latest (INT64_MAX: only an answer or a new
 * row changes anything), *want_row whether a new row is wanted: it could start at once, or as the
 * next.
 */
struct item *schedule_take(struct schedule *s, int64_t now_ms, int64_t *wake_ms, bool *want_row);

/* An item that schedule_take gave could not be started after all; it is the first again. */
void schedule_untake(struct schedule *s, struct item *it);

/*
 * The answer to an item. VERDICT_FINAL and VERDICT_PENDING take the item out of the queue, its
 * followers still hanging from it.
 */
enum verdict schedule_done(struct schedule *s, struct item *it, const struct schedule_answer *a,
			   int64_t now_ms);

/* The answer to the question. */
void schedule_answered(struct schedule *s, const struct schedule_answer *a, int64_t now_ms);

/*
 * A parked item whose 403 is known to be its own fault, now out of the queue, or NULL. That is
 * known when a success came after it, or at_end when the API judged any row of this run.
 */
struct item *schedule_forgive(struct schedule *s, bool at_end);

/* Of two reasons the one with the graver exit status, by the contract's order; the first of equals. */
enum stop_reason stop_graver(enum stop_reason first, enum stop_reason other);

/* Stops the run; the gravest reason stays. */
void schedule_stop(struct schedule *s, enum stop_reason why);

#endif
