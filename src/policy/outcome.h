/*
 * What an answer means: the contract's table, as one pure function.
 *
 * Knows numbers and enums only; the texts of an answer are somebody else's.
 */
#ifndef LADE_POLICY_OUTCOME_H
#define LADE_POLICY_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* The envelope's member `code`. */
enum code_kind {
	CODE_ABSENT, /* there is no envelope: no JSON object with one readable `code` */
	CODE_NUMBER, /* an integer, also written as a string ("0"), in answer.code */
	CODE_WORD,   /* any other string */
};

/* The envelope's member `data.assetId`. */
enum id_kind {
	ID_ABSENT,  /* none, null or empty */
	ID_VALID,   /* 1 to 128 of letters, digits, '.', '_', '-' */
	ID_INVALID, /* anything else */
};

/* What was seen of one attempt. */
struct answer {
	bool handed_over;     /* at least one byte of the request may have left */
	bool broken;          /* timed out, reset, cut off, too large, no HTTP: no complete answer */
	int http_status;      /* 0: none */
	bool has_retry_after; /* a positive, readable Retry-After */
	enum code_kind code_kind;
	int64_t code;    /* with CODE_NUMBER */
	bool retry_code; /* the user named this code as one to retry */
	enum id_kind id;
};

enum outcome {
	OUTCOME_UPLOADED,    /* the server made the asset and said its id */
	OUTCOME_NOT_SENT,    /* certainly no byte of the request left */
	OUTCOME_THROTTLED,   /* too fast: the row waits, and so does everybody else */
	OUTCOME_KEY_REFUSED, /* nothing more may be sent */
	OUTCOME_FORBIDDEN,   /* 403: the row's fault or the key's, which the next answers tell */
	OUTCOME_MISDIRECTED, /* a redirect: this is not the API */
	OUTCOME_NO_ANSWER,   /* in doubt: perhaps accepted, nobody said */
	OUTCOME_BAD_ANSWER,  /* in doubt: the answer says neither yes nor no */
	OUTCOME_UNAVAILABLE, /* certainly not accepted, worth another try */
	OUTCOME_REJECTED,    /* certainly not accepted, and would not be */
};

/* The first line of the contract's table that applies. */
enum outcome outcome_of(const struct answer *a);

/* Whether the server says that it is too busy: 503. */
bool outcome_is_busy(const struct answer *a);

/* Whether the asset may have been made although nobody said so. */
bool outcome_is_doubtful(enum outcome o);

/* Whether this shows that the API is there and working, whatever it said of the row. */
bool outcome_is_alive(enum outcome o);

#endif
