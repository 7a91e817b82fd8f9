/*
 * `lade review`, and what `lade upload --review` does after the upload: asks how the review of the
 * uploaded assets stands until it is settled, and writes the answers into the results files.
 *
 * review.c is the loop and the end; review_open.c opens the files and finds their assets;
 * review_tell.c speaks to people. The struct is shared by these three and by nobody else.
 */
#ifndef LADE_COMMAND_REVIEW_H
#define LADE_COMMAND_REVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "command/options.h"
#include "command/outputs.h"
#include "command/session.h"
#include "ledger/results.h"
#include "policy/outage.h"
#include "policy/review.h"
#include "policy/schedule.h"
#include "show/progress.h"
#include "show/review_counts.h"

/* A record of an asset. */
struct review_row {
	uint32_t file, record;
	uint32_t next;	/* the asset's next row, or ROUNDS_NONE */
	uint32_t asset; /* of an asset's first row */
};

struct review_asset {
	size_t id_at;	      /* of its id, ended by a NUL, in review.ids_text */
	uint32_t first, last; /* rows */
	enum review_state state;
	bool asks;    /* it is to be asked for */
	bool written; /* the records say what state does */
	bool odd_said;
	/* review.good, plus one, when it was last answered with 403, and in vain in another way */
	uint32_t forbidden_at, failed_at;
};

/* A question on its way. */
struct review_question {
	struct attempt attempt;
	struct review_question *next_free;
	uint32_t asset;
};

struct review_file {
	const char *path; /* the operand */
	struct results *results;
};

struct review {
	const struct options *options;
	struct outputs *outputs;
	struct outputs_seen seen; /* by the event log */
	struct review_file *files;
	size_t n_files, file_at; /* file_at: the one that is being read */
	struct index *ids;	 /* of rows, by asset id */
	struct review_row *rows;
	uint32_t n_rows, cap_rows;
	struct review_asset *assets;
	uint32_t n_assets, cap_assets;
	struct buf ids_text;
	struct rounds rounds;
	struct outage outage;
	uint64_t random;
	struct review_question *questions, *free_questions; /* one a slot of the engine */
	struct session session;
	int64_t started_ms, deadline_ms;
	int64_t pause_until_ms, paused_at_ms, pause_ms; /* of refusals; pause_ms doubles */
	int64_t refused_since_ms; /* since when nothing but refusals came; -1: something else came
				   */
	unsigned forbidden;	  /* assets in a row that were answered with 403 */
	uint32_t good;		  /* answers that show that the key is taken */
	bool answered;		  /* anything was: until then one question goes alone */
	bool timed_out;
	bool write_failed; /* of results: no new questions */
	enum stop_reason stop;
	unsigned shown; /* assets that were named */
	struct review_counts counts;
	struct progress progress;
	struct buf text, carried; /* scratch */
	struct fault fault;	  /* scratch */
};

/* Runs a review of the results files at n paths; returns the exit status. key: to ask with. */
int review_files(const struct options *o, struct outputs *outputs, const char *key, char **paths,
		 size_t n);

/* review_open.c: opens, locks and reads the files. -1, or the exit status after a message. */
int review_open(struct review *r, char **paths);
void review_close(struct review *r);

/* The id of an asset. */
const char *review_id(const struct review *r, uint32_t asset);

/* review_tell.c: from begin to over there is a progress line, which every message erases. */
void review_tell_begin(struct review *r);
void review_tell_over(void);

/* review_tell.c: the progress line when it is due, or now if somebody asked. */
void review_tell_progress(struct review *r, int64_t now_ms, bool asked);

/* review_tell.c: what an answer said that people should know. */
void review_tell_answer(struct review *r, uint32_t asset, enum review_state s,
			const struct attempt *a);

/* log.c: a question was answered, or failed. */
void log_review(struct eventlog *l, const struct attempt *a, enum review_state s);

/* review_tell.c: the summary and what to do next. */
void review_tell_summary(struct review *r);

#endif
