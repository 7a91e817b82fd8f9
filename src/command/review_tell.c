/*
 * What a review says while it goes and at its end.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "base/units.h"
#include "command/review.h"
#include "command/run.h"

#define SHOWN 10	    /* assets that are named without -v */

/* The message handler has no context: the one review that owns the progress line. */
static struct review *review_with_progress;

static void
erase_progress(void)
{
	progress_erase(&review_with_progress->progress);
}

void
review_tell_begin(struct review *r)
{
	progress_init(&r->progress, tell_progress_style(r->options),
		      r->options->progress_interval_ms, r->started_ms);
	review_with_progress = r;
	diag_set_eraser(erase_progress);
}

void
review_tell_over(void)
{
	diag_set_eraser(NULL);
	review_with_progress = NULL;
}

static void
compose(const struct review *r, int64_t now_ms, struct buf *out)
{
	const char *why = NULL;
	int64_t until_ms = -1;

	buf_add_str(out, "review: ");
	units_show_count(out, r->counts.assets - r->rounds.open);
	buf_add_char(out, '/');
	units_show_count(out, r->counts.assets);
	buf_add_str(out, ", ");
	review_counts_add(out, &r->counts);
	if (r->stop != STOP_NONE || r->timed_out) {
		why = "stopping";
	} else if (r->outage.state != OUTAGE_NONE) {
		why = "the server is down, asking again";
		until_ms = r->outage.state == OUTAGE_DOWN ? r->outage.next_ms : -1;
	} else if (r->pause_until_ms > now_ms) {
		why = "paused by the server";
		until_ms = r->pause_until_ms;
	}
	if (why)
		buf_printf(out, ", %s", why);
	if (until_ms > now_ms) {
		buf_add_str(out, ", ");
		units_show_ms(out, until_ms - now_ms);
	}
	if (!why && r->deadline_ms != INT64_MAX && r->deadline_ms > now_ms) {
		buf_add_str(out, ", ");
		units_show_ms(out, r->deadline_ms - now_ms);
		buf_add_str(out, " at most");
	}
}

void
review_tell_progress(struct review *r, int64_t now_ms, bool asked)
{
	struct buf line = {0};

	if (!asked && now_ms < progress_next_ms(&r->progress))
		return;
	compose(r, now_ms, &line);
	if (asked)
		diag_error("%s", line.data);
	else
		progress_tick_line(&r->progress, &line, now_ms);
	buf_free(&line);
}

/* Whether one more asset is to be named; says so when it is the first that is not. */
static bool
may_name(struct review *r)
{
	if (r->shown++ < SHOWN || diag_level() >= DIAG_VERBOSE)
		return true;
	if (r->shown == SHOWN + 1)
		diag_error("more such assets follow; -v names them all");
	return false;
}

void
review_tell_answer(struct review *r, uint32_t asset, enum review_state s, const struct attempt *a)
{
	const char *id = review_id(r, asset);
	struct buf words = {0};

	if (s == REVIEW_UNKNOWN || s == REVIEW_UNANSWERED)
		session_words(&words, a);
	diag_detail(DIAG_DEBUG, "%s: HTTP %d, code %s, %lld ms", id, a->answer.http_status,
		    a->reply->code_text[0] ? a->reply->code_text : "-",
		    (long long)(a->done_ms - a->sent_ms));
	if (s == REVIEW_FAILED) {
		diag_detail(DIAG_VERBOSE, "%s: Failed", id);
	} else if (s == REVIEW_UNKNOWN && may_name(r)) {
		diag_error("%s: the server knows no such asset (code -1%s%s)", id,
			   words.len ? ": " : "", words.len ? words.data : "");
	} else if (s == REVIEW_ODD && !r->assets[asset].odd_said && may_name(r)) {
		diag_error("%s: its status is none of Processing, Active, Failed: %s", id,
			   a->reply->status.len ? a->reply->status.data : "(empty)");
		r->assets[asset].odd_said = true;
	} else if (s == REVIEW_UNANSWERED) {
		diag_detail(DIAG_VERBOSE, "%s: no usable answer (HTTP %d): %s", id,
			    a->answer.http_status, words.len ? words.data : "");
	}
	buf_free(&words);
}

void
review_tell_summary(struct review *r)
{
	struct buf text = {0}, path = {0};
	size_t i;

	review_counts_summary(&text, &r->counts, clock_now_ms() - r->started_ms);
	for (i = 0; i < r->n_files; i++) {
		buf_add_str(&path, i ? " " : "");
		text_escape(&path, span_of(r->files[i].path), 0);
	}
	if (r->stop == STOP_OUTAGE)
		buf_printf(&text,
			   "lade: the server was down for longer than --outage-timeout: %s\n",
			   session_trouble_text(&r->session));
	if (r->stop != STOP_NONE || r->rounds.open > 0 ||
	    r->counts.state[REVIEW_PROCESSING] + r->counts.state[REVIEW_UNANSWERED] +
			    r->counts.state[REVIEW_ODD] >
		    0)
		buf_printf(&text, "lade: not settled; to ask again: lade review %s\n", path.data);
	if (r->counts.state[REVIEW_FAILED] > 0)
		buf_printf(&text,
			   "lade: to upload again what the review rejected: "
			   "lade retry --only review_failed %s\n",
			   path.data);
	diag_block(&text);
	buf_free(&path);
	buf_free(&text);
}
