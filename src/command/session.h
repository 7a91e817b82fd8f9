/*
 * What upload and review have in common: the site and the engine over it, the signals that stop a run or
 * ask for its progress, what the last trouble was, and the words and exit status of a stop.
 */
#ifndef LADE_COMMAND_SESSION_H
#define LADE_COMMAND_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "api/engine.h"
#include "base/buf.h"
#include "command/options.h"
#include "policy/outage.h"
#include "policy/schedule.h"

/* What signals lead to: SIGINT, SIGTERM, SIGHUP to stop, SIGUSR1 to progress; those that are ignored
 * lead to nothing. */
struct session_client {
	void (*stop)(void *ctx);
	void (*progress)(void *ctx);
	void *ctx;
};

struct session {
	struct site *site;
	struct engine *engine;
	struct session_client client;
	int signal_fd;      /* -1: none */
	int signal_number;  /* of the signal that stops; 0: none came */
	struct buf trouble; /* what the last failure of the server or the network was */
	bool outage_said;
	enum stop_reason stop_said; /* the last that session_tell_stop had */
};

/* The site that the options name, to be talked to with a key, which outlives it. -1, or the exit
 * status after a message; closed in either case. */
int session_open(struct session *s, const struct options *o, const char *key);

/* The engine with its two functions in e (its ctx too), and the signals. A second stopping signal
 * cancels what is in flight. */
void session_start(struct session *s, const struct options *o, const struct engine_client *e,
		   const struct session_client *client);

/* Zeroed or opened. */
void session_close(struct session *s);

/* What a failed attempt said, into out, fit to be shown; nothing, if it said nothing. */
void session_words(struct buf *out, const struct attempt *a);

/* An attempt failed for a reason of the server or the network: that is the trouble now. */
void session_trouble(struct session *s, const struct attempt *a);

/* The trouble in words. */
const char *session_trouble_text(const struct session *s);

/* A server that is down for more than a moment is worth a line, and so is its return. */
void session_tell_outage(struct session *s, const struct outage *o, int64_t now_ms);

/*
 * Why all stops, if this attempt has the words for it; each reason once. pause_ms: the pause that the
 * server asked for, when it is too long; -1: its refusals have lasted too long. what: "nothing more is
 * ...".
 */
void session_tell_stop(struct session *s, enum stop_reason why, int64_t pause_ms, const char *what,
		       const struct attempt *a);

/* The contract's exit status of a stop; EXIT_DONE for STOP_NONE. */
int session_stop_status(const struct session *s, enum stop_reason why);

#endif
