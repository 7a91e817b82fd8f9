/*
 * When the next request may start: a pace that finds out what the server takes, under the user's
 * ceiling, and one pause that the server asks of everybody. Pure: time and random bits passed in.
 *
 * Every request takes a permit here: first sendings, retries, probes. Whether the server is down,
 * or takes nothing at all for now, is outage's to tell: rate hears of it by rate_shut and
 * rate_reopened.
 *
 * Seconds are doubles inside (monotonic, to the microsecond and better), milliseconds outside.
 */
#ifndef LADE_POLICY_RATE_H
#define LADE_POLICY_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/estimate.h"
#include "policy/load.h"
#include "policy/quota.h"

/* What holds the rate now; for people. */
enum rate_holder {
	RATE_HELD_BY_NOTHING, /* the rate is still being found */
	RATE_HELD_BY_USER,    /* --rate */
	RATE_HELD_BY_SERVER,  /* what the server was seen to take */
	RATE_HELD_BY_FIELDS,  /* RateLimit fields */
	RATE_HELD_BY_LOAD,    /* the server takes so many at once */
};

struct rate {
	double user_per_s;    /* --rate; INFINITY: none */
	bool unpaced;         /* --rate none: only pauses hold */
	double tat_s;         /* GCRA's theoretical arrival time of the next request */
	double pause_until_s; /* nothing starts before */
	double stale_s;       /* refusals of requests that were sent up to then are old news */
	double rtt_s;         /* smoothed time to an answer */
	bool answered;        /* rtt_s is known */
	double way_s;         /* the shortest way there and back that was seen */
	double ramp_from_s, ramp_per_s;           /* a doubling ramp, at the start and after an outage */
	double measured_per_s, bin_from_s;        /* starts in the last quarter of a second */
	unsigned bin_starts, bare_refusals;       /* the second: in a row, for unpaced */
	struct estimate estimate;
	struct quota quota;
	struct load load;
};

/* interval_ns: of --rate, what units_rate_interval_ns gives; 0: no ceiling. unpaced: --rate none. */
void rate_init(struct rate *r, int64_t interval_ns, bool unpaced, int64_t now_ms);

/*
 * The earliest time at which the next request may start beside in_flight others; at most now_ms: at
 * once; INT64_MAX: only after an answer.
 */
int64_t rate_next_ms(const struct rate *r, int64_t now_ms, unsigned in_flight);

/* A request starts beside in_flight others. probe: it asks whether a shut server is back. */
void rate_started(struct rate *r, int64_t now_ms, unsigned in_flight, bool probe);

/* A request was processed, whatever was said of its row. */
void rate_accepted(struct rate *r, int64_t now_ms, int64_t sent_ms);

/* A refusal for being too fast or too many. */
struct rate_refusal {
	int64_t sent_ms;
	int64_t retry_after_ms; /* -1: no time was named */
	unsigned load;          /* in flight when it was sent, itself included */
	bool busy;              /* it was a 503 */
};

void rate_refused(struct rate *r, int64_t now_ms, const struct rate_refusal *refusal,
		  uint64_t random);

/* Everybody waits for so long, whatever the reason. */
void rate_pause(struct rate *r, int64_t now_ms, int64_t pause_ms);

/* The RateLimit fields of the answer to a request that was sent at sent_ms. */
void rate_told(struct rate *r, int64_t now_ms, int64_t sent_ms, const struct quota_notice *n,
	       unsigned in_flight);

/* What the network took there and back for one connection; -1: it was not seen. */
void rate_way(struct rate *r, int64_t way_ms);

/*
 * Nothing is sent from now on but probes: the server refuses everything; the last such request was
 * sent at sent_ms.
 */
void rate_shut(struct rate *r, int64_t now_ms, int64_t sent_ms);

/*
 * A probe was taken after shut_ms. throttled: it had been shut by refusals, not by an outage.
 * refused_ms: when the last probe that failed was sent, INT64_MIN: none.
 */
void rate_reopened(struct rate *r, int64_t now_ms, int64_t shut_ms, bool throttled,
		   int64_t refused_ms, uint64_t random);

/* The refusals that followed a pause came from an outage: the cut before it is undone. */
void rate_forgive(struct rate *r);

/* When the server's pause is over: the one that it asked for, or that of a window which is spent while
 * no answer that may say more is on its way. In the past: there is none. */
int64_t rate_pause_until_ms(const struct rate *r, unsigned in_flight);

/* The rate at which requests may start now, and what holds it there; INFINITY: nothing does. */
double rate_ceiling_per_s(const struct rate *r, int64_t now_ms, enum rate_holder *holder);

/* The limit that was found and confirmed: per second, 0: none was. *at_once: requests in flight, 0:
 * no such limit was. */
double rate_settled_per_s(const struct rate *r, unsigned *at_once);

#endif
