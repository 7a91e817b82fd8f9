/*
 * Does the server take anything, and what may be sent while it may not. Pure: time and random bits
 * passed in.
 *
 * A failure makes the server suspect: nothing more is started until something is answered. If
 * nothing is, the server is asked at growing distance until it is back. A server that answers, but
 * refuses everything as too much, is shut in the same way: nothing is sent but a row at growing
 * distance.
 *
 * The border to rate: rate says how fast, outage says whether at all.
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

/* A failure for a reason of the server or the network. */
enum outage_failure {
	OUTAGE_NOT_SENT, /* no byte of the request left */
	OUTAGE_BUSY,     /* 503 and its like: answered, certainly not accepted */
	OUTAGE_DOUBTFUL, /* perhaps accepted */
};

struct outage {
	enum outage_state state;
	bool doubtful;      /* a failure of this outage may have been accepted: ask, do not upload */
	bool throttled;     /* the server refuses everything as too much; it is not down */
	bool lone_sent;     /* OUTAGE_LONE: the upload is on its way */
	unsigned busy;      /* OUTAGE_BUSY in a row */
	unsigned refusals;  /* in a row, those that named no time */
	unsigned bouts;     /* in a row, pauses after which everything was refused again */
	int64_t timeout_ms; /* how long to wait for the server */
	int64_t since_ms;   /* when this outage was suspected */
	bool withheld;      /* its time has come, but the rate lets nobody ask yet */
	int64_t patient_ms; /* timeout_ms counts from here; to come: a time that the server named */
	int64_t refused_ms; /* the first refusal since something was taken; INT64_MIN: none */
	int64_t next_ms;    /* when to ask next */
	int64_t gap_ms;     /* between questions; doubles */
	int64_t alive_ms;   /* when something was last answered */
	int64_t asked_ms;   /* when the last question or lone upload was sent; INT64_MIN: none was */
	int64_t failed_ms;  /* when the last of them that failed was sent; INT64_MIN: none did */
	int64_t bout_until_ms; /* when the last pause that was asked for is over */
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

/* When the server will have been down for too long; INT64_MAX: not before something more fails. */
int64_t outage_end_ms(const struct outage *o);

/* Nothing is there to be sent, which is not the server's fault: its times begin anew. */
void outage_idle(struct outage *o, int64_t now_ms);

/* The next question or lone upload is due, and the rate holds it back: until it went, the server
 * cannot have failed it. */
void outage_withhold(struct outage *o);

/* For how long the server has taken nothing since it first refused something. */
int64_t outage_refusing_ms(const struct outage *o, int64_t now_ms);

/* The question or the lone upload that was advised starts. */
void outage_started(struct outage *o, int64_t now_ms, bool question);

/*
 * An answer came that shows the API at work, to a request that was sent at sent_ms; question: it was
 * a question. Returns for how long the server had been down or shut if that is over now, else -1.
 */
int64_t outage_alive(struct outage *o, int64_t now_ms, int64_t sent_ms, bool question);

/*
 * A request that was sent at sent_ms failed. only_failed: as in outage_advice; then one 503 is
 * enough to suspect the server, for nobody else is left who could tell.
 */
void outage_failed(struct outage *o, int64_t now_ms, int64_t sent_ms, enum outage_failure failure,
		   bool only_failed, uint64_t random);

/*
 * A request that was sent at sent_ms was refused as too much, or with 503 (busy), and perhaps
 * until_ms was named as the time to come back (-1: it was not; a 503 without a time is
 * outage_failed's). Returns whether the server counts as shut from now on.
 */
bool outage_refused(struct outage *o, int64_t now_ms, int64_t sent_ms, int64_t until_ms, bool busy,
		    uint64_t random);

#endif
