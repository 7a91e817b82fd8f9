/*
 * The event log: one JSON object a line, appended to a file. Decides nothing.
 *
 * A write that fails ends the log, not the run: nothing more is written, and its fault says why.
 */
#ifndef LADE_SHOW_EVENTLOG_H
#define LADE_SHOW_EVENTLOG_H

#include <stdbool.h>

#include "base/fault.h"
#include "show/fields.h"

struct eventlog {
	int fd;		/* -1: there is none, or it has failed */
	struct buf out; /* events that are not written yet; field_... add to it */
	bool failed;
	struct fault fault; /* why */
};

/* Opens or creates (0600) the file at path; NULL: no log, and all that follows does nothing. */
void eventlog_open(struct eventlog *l, const char *path);

/* Whether events are wanted. */
bool eventlog_is_on(const struct eventlog *l);

/* Begins an event of now; its members are added to l->out; ends it. Only while it is on. */
void eventlog_begin(struct eventlog *l, const char *event);
void eventlog_end(struct eventlog *l);

/* Writes what waits: once a turn of the loop. */
void eventlog_flush(struct eventlog *l);

void eventlog_close(struct eventlog *l);

#endif
