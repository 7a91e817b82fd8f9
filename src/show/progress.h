/*
 * How far a run is: one line on a terminal, redrawn in place, or a plain line now and then.
 *
 * Decides nothing. Writes to standard error only; a message (base/diag.h) erases the line first.
 */
#ifndef LADE_SHOW_PROGRESS_H
#define LADE_SHOW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "show/counts.h"

enum progress_style { PROGRESS_STYLE_NONE, PROGRESS_STYLE_PLAIN, PROGRESS_STYLE_BAR };

/* What is shown. */
struct progress_view {
	const struct counts *counts;
	int64_t read_bytes, size_bytes; /* of the manifest; size -1: unknown */
	bool rows_ended;                /* counts.read is all there is */
	unsigned in_flight;
	int64_t waiting;      /* rows that wait for their retry */
	char held[48];        /* what holds the rate where it is, ASCII; "": nothing does */
	const char *why;      /* why nothing is started now, or NULL */
	int64_t why_until_ms; /* until when; -1: unknown */
};

struct progress {
	enum progress_style style;
	int64_t interval_ms;        /* between lines */
	int64_t next_ms;
	int64_t rate_from_ms, rate_done; /* where the current rate is measured from */
	bool rate_is_new; /* nothing had moved before that: at the start, and after a standstill */
	double rate_per_s;
	bool drawn; /* a line stands on the terminal */
};

/* now_ms: monotonic; interval_ms: between plain lines. */
void progress_init(struct progress *p, enum progress_style style, int64_t interval_ms,
		   int64_t now_ms);

/* When progress_tick has something to do again; INT64_MAX: never. */
int64_t progress_next_ms(const struct progress *p);

/* Shows the view if it is time. */
void progress_tick(struct progress *p, const struct progress_view *v, int64_t now_ms);

/* Shows a line that somebody else composed, if it is time: one line of ASCII. */
void progress_tick_line(struct progress *p, const struct buf *line, int64_t now_ms);

/* Shows the view as a plain line, now (SIGUSR1). */
void progress_now(struct progress *p, const struct progress_view *v, int64_t now_ms);

/* Erases the line if one stands; the next tick draws it anew. */
void progress_erase(struct progress *p);

#endif
