/*
 * When the next request may start: an evenly spaced pacer under --rate, and one pause that the
 * server asks of everybody. Pure: time and random bits are passed in.
 *
 * Every request takes a permit here: first sendings, retries, probes.
 */
#ifndef LADE_POLICY_RATE_H
#define LADE_POLICY_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	int64_t interval_ns;     /* between two starts; 0: no ceiling */
	int64_t tat_ns;          /* GCRA's theoretical arrival time of the next request */
	int64_t pause_until_ms;  /* nothing starts before */
	int64_t paused_at_ms;    /* refusals of requests that were sent before are old news */
	int64_t refused_since_ms; /* since when nothing but refusals came; -1: something else came */
	unsigned refusals;       /* pauses in a row without an accepted request between */
};

/* interval_ns: what units_rate_interval_ns gives, 0 for no ceiling. */
void rate_init(struct rate *r, int64_t interval_ns, int64_t now_ms);

/* The earliest time at which the next request may start; at most now_ms: at once. */
int64_t rate_next_ms(const struct rate *r, int64_t now_ms);

/* A request starts now. */
void rate_started(struct rate *r, int64_t now_ms);

/*
 * A request that was sent at sent_ms was refused as too fast, or the server asked for a pause.
 * retry_after_ms: what the server asked for, -1: nothing. Pauses everybody; once for all requests
 * that were in flight together.
 */
void rate_refused(struct rate *r, int64_t now_ms, int64_t sent_ms, int64_t retry_after_ms,
		  uint64_t random);

/* A request was processed. */
void rate_accepted(struct rate *r);

#endif
