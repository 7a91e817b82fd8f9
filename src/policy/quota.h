/*
 * What the server itself says of its limit, in RateLimit fields or their older kin: the ceiling that
 * follows from it, and how many requests it still takes. Pure.
 *
 * Source: draft-ietf-httpapi-ratelimit-headers (September 2025): a client should not send more than
 * r requests before t is over, may pace itself by q and w, and has to expect absurd values.
 */
#ifndef LADE_POLICY_QUOTA_H
#define LADE_POLICY_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* The fields of one answer; a negative value is absent. api/ratelimit.h reads them. */
struct quota_notice {
	double quota;     /* requests in one window */
	double window_s;  /* the window's length */
	double remaining; /* requests that are left in it */
	double reset_s;   /* from now until it is full again */
};

#define QUOTA_NOTICE_NONE {-1, -1, -1, -1}

struct quota {
	double ceiling_per_s; /* INFINITY: nothing was said that makes one */
	double until_s;       /* how long the ceiling is believed */
	double told_s;        /* sending time of the newest request whose answer had the fields */
	double left;          /* what may be sent before reset_s; INFINITY: no bound */
	double reset_s;
	double longest_s;     /* the longest time to a reset: the window where nobody names it */
};

void quota_init(struct quota *q, double now_s);

/*
 * The fields of the answer to a request that was sent at sent_s, with in_flight others still on
 * their way. Older news than what is known is ignored. Returns the time until which nothing may be
 * sent, -INFINITY: no such time follows.
 */
double quota_told(struct quota *q, double now_s, double sent_s, const struct quota_notice *n,
		  unsigned in_flight);

/* A request starts. */
void quota_started(struct quota *q);

/* The ceiling at a time, INFINITY: none. */
double quota_ceiling_per_s(const struct quota *q, double at_s);

/* Whether nothing may be sent before q->reset_s. */
bool quota_is_spent(const struct quota *q, double now_s);

#endif
