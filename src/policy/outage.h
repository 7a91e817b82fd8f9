/*
 * Is the server down, and what may be sent while it may be. Pure: time and random bits passed in.
 *
 * A failure makes the server suspect: nothing more is started until something is answered. If
 * nothing is, the server is asked at growing distance until it is back.
 */
#ifndef LADE_POLICY_OUTAGE_H
#define LADE_POLICY_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

enum outage_state {
	OUTAGE_NONE,      /* the server answers */
	OUTAGE_SUSPECTED, /* a failure and no answer since; those in flight will tell */
	OUTAGE_DOWN,      /* they did not; the next question waits for its time */
	OUTAGE_ASKED,     /* a question is in flight */
	OUTAGE_LONE,      /* one upload goes alone: its answer decides */
};

/* What may be started now. */
enum outage_advice {
	OUTAGE_GO,      /* anything */
	OUTAGE_HOLD,    /* nothing before outage_next_ms, or before an answer comes */
	OUTAGE_ASK,     /* a harmless question (GET) */
	OUTAGE_ONE,     /* one upload, alone */
	OUTAGE_GIVE_UP, /* the server has been down for too long */
};

struct outage {
	enum outage_state state;
	bool doubtful;      /* a failure of this outage may have been accepted: ask, do not upload */
	bool lone_sent;     /* OUTAGE_LONE: the upload is on its way */
	int64_t timeout_ms; /* how long to wait for the server */
	int64_t since_ms;   /* when this outage was suspected */
	int64_t next_ms;    /* when to ask next */
	int64_t gap_ms;     /* between questions; doubles */
	int64_t alive_ms;   /* when something was last answered */
	int64_t asked_ms;   /* when the last question or lone upload was sent */
};

void outage_init(struct outage *o, int64_t timeout_ms, int64_t now_ms);

/*
 * What may be started now. in_flight: requests on their way. only_failed: every row that is left
 * has failed already, so that another of them would tell nothing new.
 */
enum outage_advice outage_advice(struct outage *o, int64_t now_ms, unsigned in_flight,
				 bool only_failed);

/* When outage_advice may change by time alone; INT64_MAX: only an answer changes it. */
int64_t outage_next_ms(const struct outage *o);

/* The question or the lone upload that was advised starts. */
void outage_started(struct outage *o, int64_t now_ms, bool question);

/* An answer came that shows the API at work; question: it was to a question. */
void outage_alive(struct outage *o, int64_t now_ms, bool question);

/* A request that was sent at sent_ms failed for a reason of the server or the network. */
void outage_failed(struct outage *o, int64_t now_ms, int64_t sent_ms, bool doubtful,
		   uint64_t random);

#endif
