/*
 * What a run says while it goes and at its end: progress, what went wrong, what to do next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "base/units.h"
#include "command/run.h"

#define SAFE_SHARE 0.95 /* of the rate that was found, for --rate */

/* The message handler has no context: the one run that owns the progress line. */
static struct run *run_with_progress;

static void
erase_progress(void)
{
	progress_erase(&run_with_progress->progress);
}

/* Bytes of all manifests: read so far, and in all (-1: unknown). */
static void
measure(const struct run *r, int64_t *read_bytes, int64_t *size_bytes)
{
	int64_t size;
	size_t i;

	*read_bytes = *size_bytes = 0;
	for (i = 0; i < r->n_manifests; i++) {
		size = manifest_size_bytes(r->manifests[i]);
		*size_bytes = size < 0 || *size_bytes < 0 ? -1 : *size_bytes + size;
		if (i <= r->manifest_at)
			*read_bytes += manifest_read_bytes(r->manifests[i]);
	}
}

/* A rate as --rate takes it. */
static void
show_rate(char *out, size_t n, double per_s)
{
	if (per_s >= 10)
		snprintf(out, n, "%.0f/s", per_s);
	else if (per_s >= 1)
		snprintf(out, n, "%.1f/s", per_s);
	else
		snprintf(out, n, "%.1f/m", per_s * 60);
}

/* What holds the rate where it is. */
static void
show_holder(struct run *r, char *out, size_t n, int64_t now_ms)
{
	enum rate_holder holder;
	double per_s = rate_ceiling_per_s(&r->schedule.rate, now_ms, &holder);
	char rate[24];

	show_rate(rate, sizeof rate, per_s);
	if (engine_in_flight(r->session.engine) >= r->options->concurrency)
		snprintf(out, n, "held by -j %u", r->options->concurrency);
	else if (holder == RATE_HELD_BY_USER)
		snprintf(out, n, "held by --rate %s", rate);
	else if (holder == RATE_HELD_BY_SERVER)
		snprintf(out, n, "the server takes %s", rate);
	else if (holder == RATE_HELD_BY_FIELDS)
		snprintf(out, n, "the server says %s", rate);
	else if (holder == RATE_HELD_BY_LOAD)
		snprintf(out, n, "the server takes %.0f at once", per_s);
}

static struct progress_view
view_of(struct run *r)
{
	const struct schedule *s = &r->schedule;
	int64_t now_ms = clock_now_ms();
	struct progress_view v = {
		.counts = &r->counts,
		.rows_ended = s->rows_ended,
		.in_flight = engine_in_flight(r->session.engine),
		.waiting = (int64_t)s->queue.count[ITEM_WAITING],
		.why_until_ms = -1,
	};

	measure(r, &v.read_bytes, &v.size_bytes);
	show_holder(r, v.held, sizeof v.held, now_ms);
	if (s->stop != STOP_NONE) {
		v.why = "stopping";
	} else if (s->outage.state != OUTAGE_NONE && s->outage.throttled) {
		v.why = "the server refuses everything, asking again";
		v.why_until_ms = s->outage.state == OUTAGE_DOWN ? s->outage.next_ms : -1;
	} else if (s->outage.state != OUTAGE_NONE) {
		v.why = "the server is down, asking again";
		v.why_until_ms = s->outage.state == OUTAGE_DOWN ? s->outage.next_ms : -1;
	} else if (rate_pause_until_ms(&s->rate, v.in_flight) > now_ms) {
		v.why = "paused by the server";
		v.why_until_ms = rate_pause_until_ms(&s->rate, v.in_flight);
	}
	return v;
}

void
tell_progress(struct run *r, int64_t now_ms, bool asked)
{
	struct progress_view v;

	if (!asked && now_ms < progress_next_ms(&r->progress))
		return;
	v = view_of(r);
	if (asked)
		progress_now(&r->progress, &v, now_ms);
	else
		progress_tick(&r->progress, &v, now_ms);
}

enum progress_style
tell_progress_style(const struct options *o)
{
	const char *term = getenv("TERM");

	if (o->verbosity < 0 || o->progress == PROGRESS_NONE)
		return PROGRESS_STYLE_NONE;
	if (o->progress == PROGRESS_BAR)
		return PROGRESS_STYLE_BAR;
	if (o->progress == PROGRESS_AUTO && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0)
		return PROGRESS_STYLE_BAR;
	return PROGRESS_STYLE_PLAIN;
}

void
tell_begin(struct run *r)
{
	progress_init(&r->progress, tell_progress_style(r->options), r->options->progress_interval_ms,
		      r->started_ms);
	run_with_progress = r;
	diag_set_eraser(erase_progress);
}

void
tell_over(void)
{
	diag_set_eraser(NULL);
	run_with_progress = NULL;
}

void
tell_results_news(const struct results_news *news)
{
	struct buf n = {0};

	units_show_count(&n, news->in_doubt);
	if (news->died && news->in_doubt > 0)
		diag_note("an earlier run had died: %s row%s that it had sent %s in doubt", n.data,
			  news->in_doubt == 1 ? "" : "s", news->in_doubt == 1 ? "is" : "are");
	else if (news->died)
		diag_note("an earlier run had died: carrying on, nothing of it is in doubt");
	if (news->torn > 0)
		diag_note("dropped a torn last line of %lld bytes", (long long)news->torn);
	buf_free(&n);
}

void
tell_attempt(const struct work *w, enum verdict v, bool again)
{
	int status = w->attempt.answer.http_status;
	const char *next = again ? "; will be sent again" : "";

	if (v == VERDICT_AGAIN && w->message.len > 0)
		diag_at(DIAG_VERBOSE, w->manifest, w->line, 0, "attempt %u: %s%s", work_attempt(w),
			w->message.data, next);
	else if (v == VERDICT_AGAIN)
		diag_at(DIAG_VERBOSE, w->manifest, w->line, 0, "attempt %u: HTTP %d%s",
			work_attempt(w), status, next);
	diag_at(DIAG_DEBUG, w->manifest, w->line, 0, "HTTP %d, code %s, %lld ms", status,
		w->attempt.reply->code_text[0] ? w->attempt.reply->code_text : "-",
		(long long)(w->attempt.done_ms - w->attempt.sent_ms));
}

static void
add_how_far(const struct run *r, struct buf *out)
{
	struct buf where = {0};

	if (r->n_manifests > 1) {
		buf_add_str(&where, " of ");
		text_place(&where, r->manifest_path, 0, 0);
	}
	buf_printf(out, "lade: read as far as line %lld%s; the same command carries on\n",
		   (long long)r->last_line, where.data ? where.data : "");
	buf_free(&where);
}

/* Records whose rows are no longer in the manifest. */
static void
add_left_over(const struct run *r, struct buf *out)
{
	int64_t n = (int64_t)results_count_before(r->results) - r->matched;

	if (n <= 0)
		return;
	buf_add_str(out, "lade: ");
	units_show_count(out, n);
	buf_printf(out, " record%s no row in the manifest any more; %s\n", n == 1 ? " has" : "s have",
		   n == 1 ? "it stays" : "they stay");
}

/* What the server was found to take. */
static void
add_limit(const struct run *r, struct buf *out)
{
	const struct rate *rate = &r->schedule.rate;
	unsigned at_once;
	double per_s = rate_settled_per_s(rate, &at_once);
	char found[24], safe[24];

	if (at_once > 0)
		buf_printf(out, "lade: the server takes %u at once: -j %u would hardly be refused\n",
			   at_once, at_once);
	if (at_once > 0 || per_s <= 0 || per_s >= rate->user_per_s)
		return;
	show_rate(found, sizeof found, per_s);
	show_rate(safe, sizeof safe, SAFE_SHARE * per_s);
	buf_printf(out, "lade: the server settled at %s: --rate %s would hardly be refused\n", found,
		   safe);
}

/* What to do next, only if there is something. */
static void
add_advice(const struct run *r, struct buf *out)
{
	const struct counts *c = &r->counts;
	struct buf path = {0};

	text_escape(&path, span_of(r->results_path), 0);
	if (r->schedule.stop == STOP_OUTAGE)
		buf_printf(out, "lade: the server was down for longer than --outage-timeout: %s\n",
			   session_trouble_text(&r->session));
	if (r->schedule.stop == STOP_FAILURES)
		buf_printf(out, "lade: stopped by --max-failures: %llu of %llu rows failed\n",
			   (unsigned long long)r->schedule.failed, (unsigned long long)r->schedule.done);
	add_limit(r, out);
	if (r->closed != STOP_NONE)
		buf_printf(out, "lade: stopped at %s\n",
			   r->closed == STOP_LIMIT ? "--limit" : "--deadline");
	if (r->schedule.stop != STOP_NONE || r->closed != STOP_NONE)
		add_how_far(r, out);
	else if (!r->manifest_broken)
		add_left_over(r, out);
	if (results_is_stream(r->results)) {
		buf_printf(out, "lade: the results went to %s: a run that dies cannot be continued\n",
			   strcmp(r->results_path, "-") == 0 ? "standard output" : path.data);
		buf_free(&path);
		return;
	}
	if (c->failed + c->invalid > 0)
		buf_printf(out, "lade: to re-run what failed: lade retry %s\n", path.data);
	if (c->in_doubt > 0)
		buf_printf(out,
			   "lade: in doubt means perhaps uploaded: settle it in the file, or send "
			   "again with: lade retry --in-doubt resend %s\n",
			   path.data);
	buf_printf(out, "lade: results: %s\n", path.data);
	buf_free(&path);
}

void
tell_summary(const struct run *r)
{
	struct buf text = {0};

	summary_write(&r->summary, &r->counts, clock_now_ms() - r->started_ms, &text);
	add_advice(r, &text);
	diag_block(&text);
	buf_free(&text);
}

