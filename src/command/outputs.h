/*
 * What a command leaves for machines besides its results: --summary-json, --metrics-file,
 * --log-json.
 *
 * A write of these that fails does not stop anything; it is said, and shows in the exit status.
 */
#ifndef LADE_COMMAND_OUTPUTS_H
#define LADE_COMMAND_OUTPUTS_H

#include "command/options.h"
#include "policy/outage.h"
#include "policy/schedule.h"
#include "show/eventlog.h"
#include "show/machine.h"

/* Why a server gets nothing. */
enum outputs_outage {
	OUTPUTS_OPEN,     /* it gets something */
	OUTPUTS_DOWN,
	OUTPUTS_REFUSING, /* it answers, and refuses everything as too much */
};

/* What the event log has been told of a run's state. */
struct outputs_seen {
	int64_t pause_until_ms;
	enum outputs_outage outage;
	enum stop_reason stop;
};

/* What a run's state is. */
struct outputs_state {
	int64_t pause_until_ms; /* monotonic; nothing starts before */
	const struct outage *outage;
	const char *trouble; /* what the last failure of the server was; NULL: none */
	enum stop_reason stop;
};

struct outputs {
	const struct options *options;
	struct eventlog log;
	struct machine machine;
	int64_t started_ms; /* monotonic */
};

/* Whether the files that are to be left are none that is read or kept, and no two of them the same.
 * -1: after a message. Before anything is opened. */
int outputs_check(const struct options *o);

void outputs_open(struct outputs *out, const struct options *o);

/* One word for why a run stops; NULL for STOP_NONE. */
const char *outputs_stop_word(enum stop_reason why);

/* Once a turn: logs what has changed, and writes the log's events. Does nothing without a log. */
void outputs_turn(struct outputs *out, struct outputs_seen *seen, const struct outputs_state *state,
		  int64_t now_ms);

/* Writes all that is asked for, and returns the exit status: EXIT_UNWRITABLE instead of status
 * where a write failed and nothing worse happened; what is written after that says so. The
 * key must still be known to diag. */
int outputs_close(struct outputs *out, int status);

#endif
