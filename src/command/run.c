/*
 * The run: opens everything, lets the engine pull rows and push answers, and ends in order.
 *
 * Data goes one way: manifest -> (ledger: known already?) -> queue -> engine -> outcome -> ledger
 * -> show. A row is read only when one could be started, so memory is bounded by what is in flight
 * or waiting, whatever the manifest's length.
 */
#include "command/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/mem.h"
#include "ledger/asset_map.h"
#include "policy/number.h"

/* An asset that does not exist: the harmless question of an outage. */
#define QUESTION_ID "lade-is-anybody-there"

void
run_write_failed(struct run *r)
{
	if (r->write_failed)
		return;
	r->write_failed = true;
	schedule_stop(&r->schedule, STOP_WRITE);
	diag_error("%s; no new requests", r->fault.text);
}

void
run_close(struct run *r, enum stop_reason why)
{
	struct schedule *s = &r->schedule;
	struct item *it;
	bool any = !s->rows_ended;

	while ((it = queue_drop_fresh(&s->queue))) {
		settle_pending(r, (struct work *)it);
		any = true;
	}
	s->rows_ended = true;
	if (any)
		r->closed = why;
}

/* What became known since the last turn is written before anything else is sent. */
static void
flush_results(struct run *r)
{
	if (!r->write_failed && results_flush(r->results, &r->fault) < 0)
		run_write_failed(r);
}

/* A row that was about to be sent is ready again. The journal is told, unless an earlier sending of
 * it may have been accepted. */
static void
put_back(struct run *r, struct work *w)
{
	schedule_untake(&r->schedule, &w->item);
	if (!w->doubted)
		settle_clear(r, w);
}

/* What is said of a batch that leaves now. */
static void
tell_sent(struct run *r, struct attempt **batch, size_t n)
{
	const struct work *w;
	size_t i;

	for (i = 0; i < n; i++) {
		w = batch[i]->owner;
		if (!w) /* the question */
			continue;
		log_sent(&r->outputs->log, w);
		diag_at(DIAG_DEBUG, w->manifest, w->line, 0, "sent, attempt %u", w->item.attempts);
	}
}

/* Whether a batch that is journaled may be sent; else its rows are ready again. */
static bool
secure(struct run *r, struct attempt **batch, size_t n, int64_t now_ms)
{
	if (!r->write_failed && results_secure(r->results, now_ms, &r->fault) == 0) {
		tell_sent(r, batch, n);
		return true;
	}
	run_write_failed(r);
	while (n-- > 0)
		if (batch[n]->owner)
			put_back(r, batch[n]->owner);
	return false;
}

/* ---- the loop's two functions ---- */

/* Rows whose 403 turned out to be their own fault. */
static void
forgive(struct run *r, bool at_end)
{
	struct item *it;

	while ((it = schedule_forgive(&r->schedule, at_end)))
		settle_final(r, (struct work *)it);
}

static void
tell_stop(struct run *r, const struct attempt *a)
{
	session_tell_stop(&r->session, r->schedule.stop, r->schedule.pause_ms, "sent", a);
}

/* 403 for all that were sent: the run ends, with the words of one of those answers. */
static void
stop_for_key(struct run *r)
{
	struct work *w = (struct work *)queue_unpark(&r->schedule.queue);
	struct reply said = {.message = w->message}; /* its transfer's may be another's by now */
	struct attempt a = w->attempt;

	a.reply = &said;
	schedule_stop(&r->schedule, STOP_KEY);
	tell_stop(r, &a);
	settle_stopped(r, w);
}

/*
 * Whether nothing is left to be done; parked rows are judged first. So they are where they and those
 * behind them are all that there is room for: nothing else could come that tells more of them.
 */
static bool
is_over(struct run *r, bool *again)
{
	struct schedule *s = &r->schedule;

	if (s->stop != STOP_NONE)
		return true;
	if ((!s->rows_ended && !admit_is_full(r)) || s->queue.count[ITEM_IN_FLIGHT] > 0)
		return false;
	if (queue_held(&s->queue) > s->queue.count[ITEM_PARKED] + s->queue.count[ITEM_FOLLOWING])
		return false;
	forgive(r, true);
	if (s->queue.count[ITEM_PARKED] > 0)
		stop_for_key(r);
	*again = !s->rows_ended;
	return s->rows_ended || s->stop != STOP_NONE;
}

static struct attempt *
attempt_of(struct run *r, struct item *it, int64_t now_ms)
{
	struct work *w = (struct work *)it;

	if (it == &r->schedule.question) {
		r->question = (struct attempt){.question = QUESTION_ID, .fresh = true};
		return &r->question;
	}
	w->attempt.fresh = r->schedule.outage.state != OUTAGE_NONE;
	settle_start(r, w, now_ms);
	return &w->attempt;
}

/* Why the run ends before its manifest does, if it does. */
static enum stop_reason
stop_of(const struct run *r)
{
	return r->schedule.stop != STOP_NONE ? r->schedule.stop : r->closed;
}

/* n: attempts of this turn that are not in flight yet. */
static int64_t
pause_until_ms(const struct run *r, size_t n)
{
	unsigned in_flight = engine_in_flight(r->session.engine) + (unsigned)n;

	return rate_pause_until_ms(&r->schedule.rate, in_flight);
}

static bool
has_rows(const struct run *r)
{
	return !r->schedule.rows_ended && !r->schedule.rows_paused;
}

/* Reads on; true: a row is ready, or it is news to the schedule that none is there now. */
static bool
read_on(struct run *r, bool *again)
{
	bool had_rows = has_rows(r);

	return admit_rows(r, again) || (had_rows && !has_rows(r));
}

static size_t
take(void *ctx, int64_t now_ms, struct attempt **batch, size_t room, int64_t *wake_ms)
{
	struct run *r = ctx;
	bool want_row, over, again = false;
	struct item *it;
	size_t n = 0;

	flush_results(r);
	if (now_ms >= r->job->deadline_ms && r->closed == STOP_NONE)
		run_close(r, STOP_DEADLINE);
	while (n < room) {
		it = schedule_take(&r->schedule, now_ms, wake_ms, &want_row);
		if (it)
			batch[n++] = attempt_of(r, it, now_ms);
		else if (!want_row || !read_on(r, &again))
			break;
	}
	if (!secure(r, batch, n, now_ms))
		n = 0;
	if (r->schedule.stop == STOP_PAUSE) /* by a window that is spent: no answer has said it */
		tell_stop(r, &(struct attempt){.done_wall_ms = clock_wall_at_ms(now_ms)});
	over = n == 0 && is_over(r, &again); /* it may be the first to know why */
	session_tell_outage(&r->session, &r->schedule.outage, now_ms);
	outputs_turn(r->outputs, &r->seen,
		     &(struct outputs_state){pause_until_ms(r, n), &r->schedule.outage,
					     r->session.trouble.data, stop_of(r)},
		     now_ms);
	tell_progress(r, now_ms, false);
	*wake_ms = earlier(*wake_ms, progress_next_ms(&r->progress));
	*wake_ms = earlier(*wake_ms, results_due_ms(r->results));
	if (r->closed == STOP_NONE)
		*wake_ms = earlier(*wake_ms, r->job->deadline_ms);
	if (again)
		*wake_ms = now_ms;
	if (over)
		*wake_ms = ENGINE_OVER;
	return n;
}

static bool
is_retry_code(const struct run *r, const char *code)
{
	const char *list = r->options->retry_codes, *comma;
	size_t n = strlen(code);

	while (list && *list && n > 0) {
		comma = strchrnul(list, ',');
		if ((size_t)(comma - list) == n && strncmp(list, code, n) == 0)
			return true;
		list = *comma ? comma + 1 : comma;
	}
	return false;
}

/* Keeps what a failed attempt said, for as long as the row is here. */
static void
keep_answer(struct work *w, const struct attempt *a)
{
	memcpy(w->code, a->reply->code_text, sizeof w->code);
	session_words(&w->message, a);
}

static void
done(void *ctx, struct attempt *a, int64_t now_ms)
{
	struct run *r = ctx;
	struct work *w = a->owner;
	struct schedule_answer answer;
	enum outcome o;
	enum verdict v;
	bool again;

	r->counts.requests += a->answer.handed_over;
	/* those are codes of uploads: the question's is that there is no such asset */
	a->answer.retry_code = w && is_retry_code(r, a->reply->code_text);
	o = outcome_of(&a->answer);
	answer = (struct schedule_answer){
		.outcome = o,
		.busy = outcome_is_busy(&a->answer),
		.envelope = a->answer.code_kind != CODE_ABSENT,
		.retry_after_ms = a->retry_after_ms,
		.way_ms = a->way_ms,
		.notice = a->notice,
	};
	if (a->certificate && r->schedule.successes == 0)
		schedule_stop(&r->schedule, STOP_CERTIFICATE);
	if (!outcome_is_alive(o) || (!w && !answer.envelope))
		session_trouble(&r->session, a);
	if (!w) { /* the question */
		schedule_answered(&r->schedule, &answer, now_ms);
		tell_stop(r, a);
		return;
	}
	w->outcome = o;
	if (outcome_is_doubtful(o)) {
		w->doubt = o;
		w->doubted = true;
	}
	if (a->answer.handed_over && w->first_sent_wall_ms < 0)
		w->first_sent_wall_ms = a->sent_wall_ms;
	if (o != OUTCOME_UPLOADED)
		keep_answer(w, a);
	v = schedule_done(&r->schedule, &w->item, &answer, now_ms);
	again = v == VERDICT_AGAIN && r->schedule.stop == STOP_NONE;
	if (diag_level() >= DIAG_VERBOSE)
		tell_attempt(w, v, again);
	log_answer(&r->outputs->log, w, again);
	tell_stop(r, a);
	if (v != VERDICT_FINAL && !w->doubted)
		settle_clear(r, w);
	if (v == VERDICT_FINAL) {
		settle_final(r, w);
		forgive(r, false);
	} else if (v == VERDICT_PENDING) {
		settle_stopped(r, w);
	}
}

/* ---- signals ---- */

static void
on_stop(void *ctx)
{
	struct run *r = ctx;

	schedule_stop(&r->schedule, STOP_SIGNAL);
}

static void
on_progress(void *ctx)
{
	tell_progress(ctx, clock_now_ms(), true);
}

/* ---- opening ---- */

/* Which recorded rows this run sends again. */
static unsigned
choose(const struct options *o)
{
	static const enum known known_of[ERROR_CLASSES] = {
		[CLASS_REJECTED] = KNOWN_REJECTED,     [CLASS_UNAVAILABLE] = KNOWN_UNAVAILABLE,
		[CLASS_NO_ANSWER] = KNOWN_NO_ANSWER,   [CLASS_BAD_ANSWER] = KNOWN_BAD_ANSWER,
		[CLASS_INVALID_ROW] = KNOWN_INVALID,
	};
	unsigned mask = 1u << KNOWN_PENDING;
	int c;

	for (c = CLASS_REJECTED; c < ERROR_CLASSES; c++)
		if (o->only & 1u << c)
			mask |= 1u << known_of[c];
	if (o->only_review_failed)
		mask |= 1u << KNOWN_REVIEW_FAILED;
	if (o->only || o->only_review_failed || o->new_only)
		return mask;
	mask |= 1u << KNOWN_UNAVAILABLE | 1u << KNOWN_INVALID;
	if (o->command == COMMAND_RETRY)
		mask |= 1u << KNOWN_REJECTED;
	if (o->resend)
		mask |= 1u << KNOWN_NO_ANSWER | 1u << KNOWN_BAD_ANSWER;
	return mask;
}

static void
start_schedule(struct run *r)
{
	const struct options *o = r->options;
	struct schedule_options so = {
		.interval_ns = o->interval_ns,
		.unpaced = o->unpaced,
		.retries = o->retries,
		.resend = o->resend,
		.outage_timeout_ms = o->outage_timeout_ms,
		.max_pause_ms = o->max_pause_ms,
		.max_failures = o->max_failures,
		.max_failures_percent = o->max_failures_percent,
		.seed = (uint64_t)clock_wall_ms() ^ (uint64_t)getpid() << 32,
	};
	struct engine_client client = {take, done, r};
	struct session_client signals = {on_stop, on_progress, r};

	r->started_ms = clock_now_ms();
	schedule_init(&r->schedule, &so, r->started_ms);
	session_start(&r->session, o, &client, &signals);
	tell_begin(r);
}

/* ---- the end ---- */

/* Rows that were read but not dealt with. */
static void
drop_rest(struct run *r)
{
	struct item *it;

	while ((it = queue_drop(&r->schedule.queue)))
		settle_stopped(r, (struct work *)it);
}

static int
exit_status(const struct run *r)
{
	const struct counts *c = &r->counts;
	int status;

	if (counts_sum(c) != c->read)
		return EXIT_BUG;
	status = session_stop_status(&r->session, r->schedule.stop);
	if (status != EXIT_DONE && status != EXIT_STOPPED)
		return status;
	if (r->manifest_broken)
		return EXIT_UNREADABLE;
	if (status == EXIT_STOPPED || r->closed != STOP_NONE)
		return EXIT_STOPPED;
	return c->failed + c->invalid + c->in_doubt > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

/* Results in order and what is made of them. A write that failed during the run is tried once more:
 * the fault may be over. */
static void
publish(struct run *r)
{
	const struct options *o = r->options;
	struct buf lost = {0};

	if (results_publish(r->results, &r->fault) < 0) {
		run_write_failed(r);
		results_unwritten(r->results, &lost);
		if (lost.len > 0) {
			diag_error("these outcomes could not be written:");
			diag_block(&lost);
		}
		buf_free(&lost);
	} else if (o->asset_map && asset_map_write(results_path(r->results), o->asset_map,
						   o->asset_uris, &r->fault) < 0) {
		run_write_failed(r);
	}
}

static int
end(struct run *r)
{
	int status;

	drop_rest(r);
	publish(r);
	r->counts.retries = (int64_t)r->schedule.retries;
	r->counts.throttles = (int64_t)r->schedule.throttles;
	status = exit_status(r);
	machine_add_run(&r->outputs->machine, r->results_path, &r->counts, &r->summary);
	r->outputs->machine.stopped = outputs_stop_word(stop_of(r));
	if (diag_level() > DIAG_QUIET || status != EXIT_DONE)
		tell_summary(r);
	if (status == EXIT_BUG)
		diag_error("the counts do not add up: %lld rows read, %lld accounted for; this is a bug",
			   (long long)r->counts.read, (long long)counts_sum(&r->counts));
	return status;
}

static void
close_all(struct run *r)
{
	struct work *w;
	size_t i;

	tell_over();
	if (r->session.engine)
		schedule_fini(&r->schedule);
	session_close(&r->session);
	for (i = 0; i < r->n_manifests; i++)
		manifest_free(r->manifests[i]);
	free(r->manifests);
	results_free(r->results);
	while ((w = r->free_works)) {
		r->free_works = w->next_free;
		buf_free(&w->body);
		buf_free(&w->carried);
		buf_free(&w->text);
		buf_free(&w->message);
		buf_free(&w->recorded_manifest);
		free(w);
	}
	free(r->results_path);
	buf_free(&r->record_text);
	buf_free(&r->sent_url);
	url_memo_free(&r->memo);
	free(r);
}

int
run_files(struct job *j, char **paths, size_t n, char **results_path)
{
	struct run *r = mem_calloc(1, sizeof *r);
	int status;

	r->job = j;
	r->options = j->options;
	r->outputs = j->outputs;
	r->manifest_paths = paths;
	r->manifest_path = paths[0];
	r->n_manifests = n;
	r->manifests = mem_calloc(n, sizeof(struct manifest *));
	r->known_mask = choose(j->options);
	status = session_open(&r->session, j->options, j->key);
	if (status < 0)
		status = open_files(r);
	if (status < 0) {
		start_schedule(r);
		tell_results_news(&r->news);
		engine_run(r->session.engine);
		status = end(r);
		if (results_path && !results_is_stream(r->results))
			*results_path = mem_strdup(r->results_path);
	}
	close_all(r);
	return status;
}
