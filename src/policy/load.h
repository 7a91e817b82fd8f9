/*
 * Does the server limit what is in flight instead of a rate, and to how many? Pure.
 *
 * Load is the number of requests in flight when one starts, itself included. Pacing a rate wastes a
 * server that takes so many at once: service times vary, so a safe rate keeps the mean far below
 * the limit. A ceiling on the load uses it to the full.
 */
#ifndef LADE_POLICY_LOAD_H
#define LADE_POLICY_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* What a refusal tells. */
enum load_verdict {
	LOAD_IS_NOT, /* it is a matter of rate */
	LOAD_IS,     /* it is a matter of load, which has been cut: the rate need not be */
	LOAD_WAS_NOT /* what was taken for a limit of load is none: the ceiling is gone */
};

struct load {
	double mean, variance; /* of the load at the last 32 starts or so */
	double evidence;       /* for a limit of load, from refusals at a steady rate */
	double ceiling;        /* in flight at most; INFINITY: no such limit is known */
	unsigned accepted;     /* since the ceiling was last set or cut */
	unsigned grown_at;     /* of them, when it last grew */
	unsigned strikes;      /* cuts in a row that came too soon after the last */
	unsigned bout;         /* refusals that the last cut cost, with those that were on their way */
	bool refused;          /* the ceiling was cut since it was set: grow slowly */
	bool tried;            /* the first refusal was put to the test already */
};

void load_init(struct load *l);

/* A request starts; load counts it. */
void load_started(struct load *l, unsigned load);

/* A request was accepted. */
void load_accepted(struct load *l);

/* A request that had been sent before the last cut was refused as well. */
void load_refused_late(struct load *l);

/* A refusal, the first since the last cut. */
struct load_refusal {
	unsigned load; /* of the request */
	double way;    /* the way there and back, as a share of what an accepted request takes */
	bool busy;     /* with 503, the usual answer of a server that takes so many at once */
	bool first;    /* nothing was refused before in this run */
	bool steady;   /* it was sent at a rate that had held for a while */
};

enum load_verdict load_refused(struct load *l, const struct load_refusal *r);

/* Whether one more may be in flight beside in_flight others. */
bool load_has_room(const struct load *l, unsigned in_flight);

#endif
