/*
 * The limit of rate that a server is found to have: measured between refusals, held, and probed.
 * Pure.
 *
 * Knows refusals and acceptances at times; when a request may start is rate's to say.
 */
#ifndef LADE_POLICY_ESTIMATE_H
#define LADE_POLICY_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

/* How a cut came about. */
enum estimate_phase {
	ESTIMATE_STARTING, /* nothing was ever refused: the first rate that is */
	ESTIMATE_PROBING,  /* refused above the sustained rate, while trying for more */
	ESTIMATE_HOLDING,  /* refused at the sustained rate */
};

/* What happened since the last cut. */
struct estimate_cycle {
	double from_s;   /* sending time of the request whose refusal began it */
	double accepted;
	double silence_s; /* of it, when nothing was sent because of refusals */
	double cost_s;    /* silence that the last refusal caused */
	double refusals, refusals_before; /* in this cycle and the last that ended in a probe */
	int heat;         /* refusals at the sustained rate that were tolerated */
	double stray_at;  /* accepted, when a 503 was taken for a stray one; -1: none was */
};

/* From one opening to the next, for limits that are a quota per window. */
struct estimate_window {
	bool known;        /* the server has such a quota */
	bool same_count;   /* it was shut after as many accepted requests as the time before */
	double length_s;
	double opened_s, accepted, accepted_before;
};

/* The limit as it was found out. */
struct estimate {
	double sustained_per_s; /* INFINITY: nothing was refused yet */
	double hold_until_s;    /* then more is tried */
	double scale_s;         /* how slowly more is tried: the dearer a refusal, the slower */
	int confirmed;          /* probes that found the same limit; 0: sustained_per_s is a guess */
	double proven_per_s;    /* a failed guess falls back towards it; 0: none */
	double refused_per_s;   /* the rate at which the last probe was refused */
	double refused_before_per_s;
	double previous_per_s;  /* sustained_per_s before the last cut */
	enum estimate_phase phase;  /* of the last cut */
	struct estimate_cycle cycle;
	struct estimate_window window;
};

void estimate_init(struct estimate *e, double now_s);

/* What the estimate allows at a time: the sustained rate, and more when it is time to probe;
 * INFINITY: nothing was refused yet. */
double estimate_at(const struct estimate *e, double at_s);

/* What a refusal of a request that was sent at sent_s would be. */
enum estimate_phase estimate_phase_at(const struct estimate *e, double sent_s);

/* A request that was sent at sent_s was accepted. */
void estimate_accepted(struct estimate *e, double sent_s);

/*
 * A request that was sent at sent_s, at this rate, was refused: finds the new sustained rate and
 * begins a new cycle. rtt_s: what an answer takes.
 */
void estimate_cut(struct estimate *e, double sent_s, double rate_per_s, double rtt_s);

/* After a cut whose price in silence is known: keeps the proven rate or tries one above it, and says
 * how long. */
void estimate_settle(struct estimate *e, double now_s, double silence_s, uint64_t random);

/* Nothing is known any more but a rate that was refused; INFINITY: not even that. */
void estimate_restart(struct estimate *e, double now_s, double sent_s, double refused_per_s);

/* The server refuses everything from now on, or until a time that it named. */
void estimate_shut(struct estimate *e);

/*
 * It takes requests again after shut_s of silence. throttled: refusals had shut it, no outage.
 * refused_s: when the last probe that failed was sent, -INFINITY: none. Returns whether the rate has
 * to be found anew from a low one, as after an outage.
 */
bool estimate_reopen(struct estimate *e, double now_s, double shut_s, bool throttled,
		     double refused_s, uint64_t random);

/* The clock stood still for so long: there was nothing to send. */
void estimate_skip(struct estimate *e, double idle_s);

#endif
