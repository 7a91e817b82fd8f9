/*
 * What a command came to, for machines: one JSON object, and a Prometheus textfile.
 *
 * Decides nothing; adds to buffers. lade-output(5) has every name that is written here.
 */
#ifndef LADE_SHOW_MACHINE_H
#define LADE_SHOW_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "show/counts.h"
#include "show/review_counts.h"
#include "show/summary.h"

/* A zeroed one is that of a command that has done nothing. Strings are the caller's. */
struct machine {
	const char *command;
	char **operands;
	int n_operands;
	int exit_status;
	int64_t started_wall_ms, ended_wall_ms; /* for people */
	int64_t duration_ms;
	const char *stopped;  /* why it stopped early, one word; NULL: it did not */
	struct counts counts; /* of all its runs */
	struct buf results;   /* JSON: paths, parted by commas */
	struct buf failures;  /* JSON: objects, parted by commas */
	bool has_review;
	struct review_counts review;
	int64_t last_success_s, last_finish_s; /* since 1970, of earlier commands; 0: never */
};

/* Adds what a run of upload or retry came to. results: the path of its results file. */
void machine_add_run(struct machine *m, const char *results, const struct counts *c,
		     const struct summary *s);

void machine_free(struct machine *m);

/* Adds the object, with a line end. */
void machine_json(const struct machine *m, struct buf *out);

/* Adds the textfile. */
void machine_metrics(const struct machine *m, struct buf *out);

/* Takes from an earlier textfile the times that a command without success must keep. */
void machine_read_metrics(struct machine *m, struct span text);

#endif
