/*
 * A discrete-event simulation of lade's schedule against a server that limits: the very module that
 * the program runs, with network, server and clock made up. Hours pass in milliseconds.
 */
#ifndef SIM_H
#define SIM_H

#include <stdint.h>

#include "server.h"

struct scenario {
	const char *name, *text;
	struct server_model server;
	unsigned clients; /* 0: one */
	double stagger_s; /* between their starts */
	unsigned rows;    /* of each client */
	unsigned concurrency;
	double longest_s; /* the run is cut off there; 0: never */
	double idle_s;    /* the manifest gives no rows for so long of every second time as long */
	int64_t interval_ns; /* of --rate */
	double stall_share; /* of timers that wake 30 ms late */
};

struct sim_result {
	double time_s;
	uint64_t sent, accepted, refused; /* refused: whatever was not accepted, questions apart */
	uint64_t failed, in_doubt;        /* rows */
	uint64_t wasted;      /* requests, questions too, that met the outage */
	double used;          /* share of what the server allowed */
	double refused_share; /* of what was sent */
	double late_used, late_refused_share; /* in the second half of the run */
	double settled_s[STEPS + 1]; /* from the start, each step, and the outage's end: until the
					first 5 s at 90 % of what is allowed and at most 5 % refused;
					-1: never */
	double jain;          /* fairness among clients */
	unsigned most_in_a_second; /* starts of the first client */
	double mean_per_s;    /* of its starts, from the fifth second on */
};

struct sim_result sim_run(const struct scenario *sc, double rtt_s, uint64_t seed);

#endif
