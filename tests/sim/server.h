/*
 * Models of servers that limit: what becomes of a request that arrives at a time. No clock but the
 * one passed in, no randomness but what the caller passes.
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/quota.h"

#define STEPS 4

enum limit_kind {
	LIMIT_NONE,
	LIMIT_BUCKET, /* tokens: rate_per_s, burst */
	LIMIT_WINDOW, /* quota in each window_s, counted from fixed times */
	LIMIT_LOG,    /* quota in any window_s */
	LIMIT_LOAD,   /* quota in service at once */
};

enum outage_kind { OUTAGE_NO, OUTAGE_REFUSES, OUTAGE_503, OUTAGE_503_TIMED, OUTAGE_HANGS };

enum field_kind {
	FIELDS_NONE,
	FIELDS_DRAFT,   /* r, t, q, w */
	FIELDS_X,       /* limit, remaining, reset; no window */
	FIELDS_X_FIXED, /* the same, but reset is always the window's length */
};

/* A server; zero is off for every member. */
struct server_model {
	enum limit_kind kind;
	double rate_per_s, burst, quota, window_s;
	struct { double at_s, rate_per_s; } steps[STEPS]; /* LIMIT_BUCKET: the rate from then on */
	size_t n_steps;
	double retry_after_s; /* of a refusal; -1: the true time */
	double ban_s;         /* after a refusal everything is refused, anew with each request */
	bool refuses_with_503;
	enum field_kind fields;
	enum outage_kind outage;
	double outage_from_s, outage_to_s;
	double fail_share;    /* of the requests that are within the limit: 500 with the envelope */
	double service_s, sigma; /* of the log-normal time that an answer takes */
};

struct server {
	const struct server_model *model;
	double tokens, filled_s, banned_until_s, phase_s, used;
	int64_t window;
	double *log; /* LIMIT_LOG: a ring of the last acceptances */
	size_t log_from, log_n, log_cap;
	unsigned in_service;
};

/* What the server does with a request. */
struct server_answer {
	int status; /* 0: no answer ever; -1: the connection is refused */
	double retry_after_s; /* 0: none */
	struct quota_notice notice;
	bool occupies; /* it is in service until it is answered */
};

/* phase: 0 to 1, where in a window the run begins. */
void server_init(struct server *s, const struct server_model *m, double phase);
void server_fini(struct server *s);

/* A request arrives; chance: uniform in 0 to 1. */
struct server_answer server_take(struct server *s, double now_s, double chance);

/* A request that occupied the server has been served. */
void server_release(struct server *s);

/* How many requests could have been accepted from the start to a time. */
double server_allows(const struct server *s, double until_s, double rtt_s, unsigned concurrency);

/* The rate that is allowed at a time, in the long run. */
double server_rate_at(const struct server_model *m, double at_s, double rtt_s, unsigned concurrency);

#endif
