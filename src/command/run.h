/*
 * One run of upload or retry: the wiring of manifest, ledger, schedule, engine and show.
 *
 * run.c is the loop's two functions and the end of a run; open.c opens the files; admit.c takes rows
 * in; fate.c decides what becomes of each; settle.c writes outcomes down; tell.c speaks to people. The
 * struct is shared by these six and by nobody else.
 */
#ifndef LADE_COMMAND_RUN_H
#define LADE_COMMAND_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "command/options.h"
#include "command/outputs.h"
#include "command/session.h"
#include "ledger/results.h"
#include "manifest/manifest.h"
#include "policy/schedule.h"
#include "show/counts.h"
#include "show/progress.h"
#include "show/summary.h"

/* The contract's exit statuses. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_SOME_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREADABLE = 3,
	EXIT_REFUSED = 4,
	EXIT_UNWRITABLE = 5,
	EXIT_STOPPED = 6,
	EXIT_UNSETTLED = 7,
	EXIT_BUG = 70,
};

/* A row on its way from the manifest to its record. */
struct work {
	struct item item;      /* first: the queue hands it back */
	struct attempt attempt;
	struct work *next_free;
	uint64_t version;      /* index_version_of its value of the version column */
	uint32_t record, head; /* its record's number, and its identity's first */
	const char *manifest;  /* the operand that it is from */
	int64_t line;
	int64_t bad_column;        /* on that line, of what makes it invalid; 0: not of bytes */
	int64_t recorded_line;     /* for the record: of the manifest, not of its results file */
	struct buf recorded_manifest; /* likewise */
	int64_t prior_attempts;    /* of earlier runs */
	char previous_id[LIMIT_ASSET_ID_BYTES + 1]; /* of the asset that it takes the place of */
	bool journaled;            /* the journal has an open start of it */
	int64_t first_sent_wall_ms; /* -1: not sent in this run */
	enum outcome outcome;      /* of the last attempt */
	enum outcome doubt;        /* of the last that may have been accepted, here or in an
				      earlier run; OUTCOME_UPLOADED: none may */
	bool doubted;              /* the doubt is of this run */
	char code[REPLY_CODE_BYTES + 1]; /* what the last answer that was no success said */
	struct buf message;
	struct buf body;           /* what is sent */
	struct buf carried;        /* what the record carries */
	struct buf text;           /* the three below, one behind the other */
	size_t type_bytes, url_bytes, name_bytes;
	bool write_type, write_url, write_name; /* NDJSON: the record needs these members */
};

/* One command: what its runs, one a results file, have in common. */
struct job {
	const struct options *options;
	struct outputs *outputs;
	const char *key;
	int64_t admitted;    /* rows that were made ready to be sent */
	int64_t deadline_ms; /* no first sending from then on; INT64_MAX: none */
};

struct run {
	struct job *job;
	const struct options *options;
	struct outputs *outputs;
	struct outputs_seen seen; /* by the event log */
	char **manifest_paths; /* operands */
	size_t n_manifests, manifest_at;
	struct manifest **manifests;
	const char *manifest_path; /* of the one that is being read ... */
	struct manifest *manifest; /* ... and itself */
	char *results_path; /* as the user knows it */
	struct results *results;
	struct results_news news;
	struct session session;
	struct schedule schedule;
	unsigned known_mask; /* bit per enum known: recorded rows that this run sends again */
	enum stop_reason closed; /* why no further row is sent, although those that were are finished */
	uint32_t matched;    /* records that were there and have their row in the manifest */
	struct work *free_works;
	struct attempt question;
	bool waits_for_input; /* the manifest's pipe has nothing now */
	bool write_failed;    /* of results or journal: nothing more is sent */
	bool manifest_broken; /* reading stopped at a fault */
	unsigned bad_shown;   /* invalid rows named on standard error */
	int64_t last_line;    /* of the last row read */
	int64_t started_ms;
	struct counts counts;
	struct summary summary;
	struct progress progress;
	struct url_memo memo;
	struct buf sent_url;    /* scratch */
	struct buf record_text; /* scratch */
	struct fault fault;     /* scratch */
};

/* The number of the attempt that was just answered: one that certainly was not sent has been taken back
 * from the count. */
static inline unsigned
work_attempt(const struct work *w)
{
	return w->item.attempts + (w->outcome == OUTCOME_NOT_SENT);
}

/* start.c: runs upload, retry or review; returns the exit status. */
int run_command(const struct options *o);

/* One run over n operands: all manifests together, or one results file; returns the exit status.
 * *results_path (may be NULL) gets the path of a results file for the caller to free, unless the
 * run could not begin or its results went to a stream. */
int run_files(struct job *j, char **paths, size_t n, char **results_path);

/* open.c: opens the manifest and its results file. -1, or the exit status after a message. */
int open_files(struct run *r);

/* open.c: says why a results file cannot be worked on; returns the exit status. */
int open_report_results(enum results_status status, const struct fault *f, const char *path);

/* open.c: where the results of a manifest of this format go without -o, for the caller to free. */
char *open_default_output(const struct options *o, const char *manifest,
			  enum manifest_format format);

/* admit.c: reads rows until one is ready to be sent. false: none now (waiting, ended, or enough
 * read for one turn, which *again tells). */
bool admit_rows(struct run *r, bool *again);

/* admit.c: whether as many rows wait as may: no more are read until some are dealt with. */
bool admit_is_full(const struct run *r);

/* What becomes of a row. */
enum fate {
	FATE_PASSED_OVER, /* --new-only, and it was given before */
	FATE_BAD,         /* its own bytes are damaged */
	FATE_FOLLOWS,     /* its identity is under way: it gets the same outcome */
	FATE_SKIPPED,     /* its asset is there already */
	FATE_RECORDED,    /* it has an outcome, and is not for this run to send again */
	FATE_COPIED,      /* its identity has an outcome, of an earlier run or of this one */
	FATE_SENT,
};

/* fate.c: by what is known of a row, its record and its identity, whose first record is head. */
enum fate fate_of(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head);

/* fate.c: the record that decides for an identity, the first of a row that could be sent; or
 * INDEX_NONE. */
uint32_t fate_first_sent(const struct index *x, uint32_t head);

/* admit.c: a work that is not needed any more is kept for another row. */
void work_free(struct run *r, struct work *w);

/* settle.c: a work is about to be sent: the journal gets its record, in case nothing more becomes
 * known; and: its last sending certainly was not accepted, and no earlier one of this run may have
 * been. */
void settle_start(struct run *r, struct work *w, int64_t now_ms);
void settle_clear(struct run *r, struct work *w);

/* settle.c: an attempt on a work has ended, and its fate is known; or: it is not dealt with, because
 * the run stops, which leaves it pending, but for a doubt of this run. */
void settle_final(struct run *r, struct work *w);
void settle_stopped(struct run *r, struct work *w);
void settle_pending(struct run *r, struct work *w);

/* settle.c: a row that is not sent because of what is recorded of its identity. */
void settle_copy(struct run *r, struct work *w);

/* settle.c: a row whose record stays but for the manifest's own columns. */
void settle_refill(struct run *r, struct work *w);

/* settle.c: a row that cannot be sent. reason: static text or the manifest's, escaped here. */
void settle_invalid(struct run *r, struct work *w, const char *reason);

/* settle.c: names an invalid row, the first few of them without -v. reason: printable. */
void settle_show_invalid(struct run *r, const char *manifest, int64_t line, int64_t column,
			 struct span reason);

/* settle.c: counts a row under what its record says already. why: static text for the summary. */
void settle_recorded(struct run *r, enum known known, int64_t line, const char *why);

/* log.c: an upload leaves; it was answered, or failed, and is sent again or not; a question about an
 * asset leaves. */
void log_sent(struct eventlog *l, const struct work *w);
void log_answer(struct eventlog *l, const struct work *w, bool again);
void log_question(struct eventlog *l, const char *asset_id);

/* tell.c: what opening a results file brought to light. */
void tell_results_news(const struct results_news *news);

/* tell.c: how progress is shown with these options, on this standard error. */
enum progress_style tell_progress_style(const struct options *o);

/* tell.c: from tell_begin to tell_over there is a progress line, which every message erases. */
void tell_begin(struct run *r);
void tell_over(void);

/* tell.c: the progress line when it is due, or now if somebody asked. */
void tell_progress(struct run *r, int64_t now_ms, bool asked);

/* tell.c: -v and -vv, a line on an attempt that is done, which does not settle its row; again: another
 * one follows. */
void tell_attempt(const struct work *w, enum verdict v, bool again);

/* tell.c: the summary and what to do next. */
void tell_summary(const struct run *r);

/* run.c: a write of results failed: says so once, and stops the run. */
void run_write_failed(struct run *r);

/* run.c: no further row is sent for the first time. */
void run_close(struct run *r, enum stop_reason why);

#endif
