/*
 * The review: a line of assets, one question at a time each, answers into their records.
 *
 * The same engine as an upload's, with GETs. A question is harmless, so nothing is ever in doubt
 * and nothing retried at once: whatever fails is asked again in the next round. An answer that
 * changes what a record says is appended to its results file as any outcome is, by an entry of the
 * journal without a start: a review that is killed loses what it did not know yet, and nothing
 * else.
 */
#include "command/review.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/mem.h"
#include "command/run.h"
#include "policy/backoff.h"
#include "policy/number.h"

#define FIRST_PAUSE_MS 500 /* after a refusal that names no time; doubles */
#define LONGEST_PAUSE_MS 60000

static const char *const review_words[] = {
	[REVIEW_PROCESSING] = "Processing", [REVIEW_ACTIVE] = "Active", [REVIEW_FAILED] = "Failed"};

static void
stop(struct review *r, enum stop_reason why)
{
	r->stop = stop_graver(r->stop, why);
}

static void
write_failed(struct review *r)
{
	if (!r->write_failed)
		diag_error("%s; no new questions", r->fault.text);
	r->write_failed = true;
	stop(r, STOP_WRITE);
}

/* ---- writing answers down ---- */

static int
write_row(struct review *r, const struct review_row *row, const char *word)
{
	struct results *results = r->files[row->file].results;
	struct record_values v = {.text = {0}};
	int rc = results_read_whole(results, row->record, &v, &r->carried, &r->fault);

	if (rc == 0 && !span_is(v.value[COLUMN_REVIEW_STATUS], word)) {
		v.value[COLUMN_REVIEW_STATUS] = span_of(word);
		buf_clear(&r->text);
		record_write_values(results_layout(results), &r->text, buf_span(&r->carried),
				    v.value);
		results_append(results, row->record, row->record,
			       span_is(span_of(word), "Failed") ? KNOWN_REVIEW_FAILED : KNOWN_ASSET,
			       buf_span(&r->text));
	}
	record_values_free(&v);
	return rc;
}

/* The asset's state from now on; its records say so if it is one of the API's words. */
static void
set_state(struct review *r, struct review_asset *a, enum review_state s)
{
	uint32_t row;

	if (s == REVIEW_UNANSWERED) /* what was known stays known */
		return;
	if (s == a->state && a->written)
		return;
	r->counts.state[a->state]--;
	r->counts.state[s]++;
	a->state = s;
	a->written = true;
	if (s != REVIEW_PROCESSING && s != REVIEW_ACTIVE && s != REVIEW_FAILED)
		return;
	for (row = a->first; row != ROUNDS_NONE && !r->write_failed; row = r->rows[row].next)
		if (write_row(r, &r->rows[row], review_words[s]) < 0)
			write_failed(r);
}

/* What became known since the last turn goes to the disk. */
static void
secure(struct review *r, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < r->n_files && !r->write_failed; i++)
		if (results_secure(r->files[i].results, now_ms, &r->fault) < 0)
			write_failed(r);
}

/* ---- the loop's two functions ---- */

/* The asset to ask for now, or ROUNDS_NONE; n: questions that this turn has already. */
static uint32_t
next_asset(struct review *r, int64_t now_ms, unsigned n, int64_t *wake_ms)
{
	unsigned in_flight = engine_in_flight(r->session.engine) + n;
	enum outage_advice advice;
	uint32_t asset;
	int64_t due_ms;

	*wake_ms = INT64_MAX;
	if (now_ms >= r->deadline_ms && r->rounds.open > 0)
		r->timed_out = true;
	if (r->stop != STOP_NONE || r->timed_out)
		return ROUNDS_NONE;
	advice = outage_advice(&r->outage, now_ms, in_flight, false);
	if (advice == OUTAGE_GIVE_UP) {
		stop(r, STOP_OUTAGE);
		return ROUNDS_NONE;
	}
	*wake_ms = r->deadline_ms;
	if (advice == OUTAGE_HOLD) /* else its time is over, and no reason to wake for */
		*wake_ms = earlier(*wake_ms, outage_next_ms(&r->outage));
	if (advice == OUTAGE_HOLD || (!r->answered && in_flight > 0))
		return ROUNDS_NONE;
	if (r->pause_until_ms > now_ms) {
		*wake_ms = earlier(*wake_ms, r->pause_until_ms);
		return ROUNDS_NONE;
	}
	asset = rounds_take(&r->rounds, now_ms, &due_ms);
	if (asset != ROUNDS_NONE) {
		outage_started(&r->outage, now_ms, false);
		return asset;
	}
	if (advice != OUTAGE_GO) /* the outage's time has come, but nobody may be asked for yet */
		*wake_ms = earlier(r->deadline_ms, outage_end_ms(&r->outage));
	*wake_ms = earlier(*wake_ms, due_ms);
	return ROUNDS_NONE;
}

static struct attempt *
ask(struct review *r, uint32_t asset)
{
	struct review_question *q = r->free_questions;

	r->free_questions = q->next_free;
	q->asset = asset;
	q->attempt = (struct attempt){.question = review_id(r, asset),
				      .fresh = r->outage.state != OUTAGE_NONE,
				      .owner = q};
	diag_detail(DIAG_DEBUG, "%s: asked for", q->attempt.question);
	log_question(&r->outputs->log, q->attempt.question);
	return &q->attempt;
}

static bool
is_over(const struct review *r)
{
	return r->stop != STOP_NONE || r->timed_out || r->rounds.open == 0;
}

static size_t
take(void *ctx, int64_t now_ms, struct attempt **batch, size_t room, int64_t *wake_ms)
{
	struct review *r = ctx;
	uint32_t asset;
	size_t i, n = 0;

	secure(r, now_ms);
	*wake_ms = INT64_MAX;
	while (n < room) {
		asset = next_asset(r, now_ms, (unsigned)n, wake_ms);
		if (asset == ROUNDS_NONE)
			break;
		batch[n++] = ask(r, asset);
	}
	session_tell_outage(&r->session, &r->outage, now_ms);
	outputs_turn(r->outputs, &r->seen,
		     &(struct outputs_state){r->pause_until_ms, &r->outage, r->session.trouble.data,
				    r->stop},
		     now_ms);
	review_tell_progress(r, now_ms, false);
	*wake_ms = earlier(*wake_ms, progress_next_ms(&r->progress));
	for (i = 0; i < r->n_files; i++)
		*wake_ms = earlier(*wake_ms, results_due_ms(r->files[i].results));
	if (n == 0 && is_over(r))
		*wake_ms = ENGINE_OVER;
	return n;
}

/* Refused as too fast: everybody waits, once for all that were in flight together. */
static void
pause_all(struct review *r, const struct attempt *a, int64_t now_ms)
{
	int64_t until_ms = now_ms + a->retry_after_ms;

	if (r->refused_since_ms < 0)
		r->refused_since_ms = now_ms;
	if (a->retry_after_ms > r->options->max_pause_ms ||
	    now_ms - r->refused_since_ms > r->options->max_pause_ms) {
		stop(r, STOP_PAUSE);
		return;
	}
	if (a->retry_after_ms < 0) {
		if (a->sent_ms <= r->paused_at_ms)
			return;
		r->pause_ms = r->pause_ms == 0 ? FIRST_PAUSE_MS
					       : earlier(2 * r->pause_ms, LONGEST_PAUSE_MS);
		until_ms = now_ms + backoff_jitter_ms(r->pause_ms, backoff_random(&r->random));
	}
	r->paused_at_ms = now_ms;
	if (until_ms > r->pause_until_ms)
		r->pause_until_ms = until_ms;
}

/* Whether an asset gives such an answer for the first time since the last good one: an asset that is
 * asked again and again counts once. */
static bool
is_news(const struct review *r, uint32_t *at)
{
	bool news = *at != r->good + 1;

	*at = r->good + 1;
	return news;
}

/* What an answer says of the key: 403 for several assets, or for all, while none is answered well. */
static void
judge_key(struct review *r, struct review_asset *asset, enum outcome o, bool alive)
{
	if (o == OUTCOME_FORBIDDEN) {
		r->forbidden += is_news(r, &asset->forbidden_at);
	} else if (alive && o != OUTCOME_THROTTLED) {
		r->forbidden = 0;
		r->good++;
	}
	if (o == OUTCOME_KEY_REFUSED || r->forbidden >= FORBIDDEN_LIMIT ||
	    (r->good == 0 && r->forbidden > 0 && r->forbidden >= r->rounds.most))
		stop(r, STOP_KEY);
}

/* No usable answer. A question does no harm, whether it arrived or not. What was answered, though
 * with an error, may be of its asset alone; that of several is of the server. */
static void
failed(struct review *r, struct review_asset *asset, const struct attempt *a, int64_t now_ms)
{
	bool answered = a->answer.handed_over && !a->answer.broken;

	session_trouble(&r->session, a);
	if (answered && r->outage.state == OUTAGE_NONE && !is_news(r, &asset->failed_at))
		return;
	outage_failed(&r->outage, now_ms, a->sent_ms, answered ? OUTAGE_BUSY : OUTAGE_NOT_SENT,
		      false, backoff_random(&r->random));
}

/* What an answer, or its lack, means for all others. */
static void
judge(struct review *r, struct review_asset *asset, const struct attempt *a, enum outcome o,
      bool alive, int64_t now_ms)
{
	bool refused = o == OUTCOME_THROTTLED ||
		       (o == OUTCOME_UNAVAILABLE && a->retry_after_ms >= 0);

	r->counts.throttles += o == OUTCOME_THROTTLED;
	if (refused) {
		pause_all(r, a, now_ms);
	} else if (alive) {
		r->pause_ms = 0;
		r->refused_since_ms = -1;
	}
	judge_key(r, asset, o, alive);
	if (o == OUTCOME_MISDIRECTED)
		stop(r, STOP_MISDIRECTED);
	if (a->certificate && !r->answered)
		stop(r, STOP_CERTIFICATE);
	if (alive || refused) {
		r->answered = true;
		outage_alive(&r->outage, now_ms, a->sent_ms, false);
	} else {
		failed(r, asset, a, now_ms);
	}
}

static void
done(void *ctx, struct attempt *a, int64_t now_ms)
{
	struct review *r = ctx;
	struct review_question *q = a->owner;
	bool same_id =
		a->reply->asset_id[0] == '\0' || strcmp(a->reply->asset_id, a->question) == 0;
	enum outcome o = outcome_of(&a->answer);
	enum review_state s = review_state_of(&a->answer, o, a->reply->review, same_id);

	judge(r, &r->assets[q->asset], a, o, s != REVIEW_UNANSWERED || outcome_is_alive(o), now_ms);
	r->counts.questions++;
	r->counts.requests += a->answer.handed_over;
	r->counts.failed_questions += s == REVIEW_UNANSWERED;
	review_tell_answer(r, q->asset, s, a);
	log_review(&r->outputs->log, a, s);
	session_tell_stop(&r->session, r->stop,
			  a->retry_after_ms > r->options->max_pause_ms ? a->retry_after_ms : -1,
			  "asked", a);
	set_state(r, &r->assets[q->asset], s);
	if (review_is_settled(s))
		rounds_settled(&r->rounds);
	else
		rounds_again(&r->rounds, q->asset, a->sent_ms);
	q->next_free = r->free_questions;
	r->free_questions = q;
}

/* ---- signals ---- */

static void
on_stop(void *ctx)
{
	stop(ctx, STOP_SIGNAL);
}

static void
on_progress(void *ctx)
{
	review_tell_progress(ctx, clock_now_ms(), true);
}

/* ---- beginning and end ---- */

static void
fill_line(struct review *r)
{
	const struct options *o = r->options;
	uint32_t i;

	rounds_init(&r->rounds, r->n_assets, o->review_interval_ms, o->review_interval_ns,
		    o->review_once, r->started_ms);
	r->counts.assets = r->n_assets;
	for (i = 0; i < r->n_assets; i++) {
		if (r->assets[i].asks) {
			r->assets[i].state = REVIEW_UNANSWERED;
			rounds_add(&r->rounds, i, r->started_ms);
		}
		r->counts.state[r->assets[i].state]++;
	}
}

static void
start(struct review *r)
{
	const struct options *o = r->options;
	struct engine_client client = {take, done, r};
	struct session_client signals = {on_stop, on_progress, r};
	unsigned i;

	r->started_ms = clock_now_ms();
	r->deadline_ms = o->review_once ? INT64_MAX : r->started_ms + o->review_timeout_ms;
	r->paused_at_ms = r->started_ms - 1;
	r->refused_since_ms = -1;
	r->random = (uint64_t)clock_wall_ms() ^ (uint64_t)getpid() << 32;
	outage_init(&r->outage, o->outage_timeout_ms, r->started_ms);
	fill_line(r);
	r->questions = mem_calloc(o->concurrency, sizeof *r->questions);
	for (i = 0; i < o->concurrency; i++) {
		r->questions[i].next_free = r->free_questions;
		r->free_questions = &r->questions[i];
	}
	session_start(&r->session, o, &client, &signals);
	review_tell_begin(r);
}

static int
exit_status(const struct review *r)
{
	int status = session_stop_status(&r->session, r->stop);

	if (status == EXIT_DONE && r->counts.state[REVIEW_ACTIVE] < r->counts.assets)
		return EXIT_UNSETTLED;
	return status;
}

static int
end(struct review *r)
{
	int status;
	size_t i;

	for (i = 0; i < r->n_files; i++)
		if (results_publish(r->files[i].results, &r->fault) < 0)
			write_failed(r);
	status = exit_status(r);
	r->outputs->machine.has_review = true;
	r->outputs->machine.review = r->counts;
	if (!r->outputs->machine.stopped)
		r->outputs->machine.stopped = r->timed_out ? "timeout" : outputs_stop_word(r->stop);
	if (diag_level() > DIAG_QUIET || status != EXIT_DONE)
		review_tell_summary(r);
	return status;
}

int
review_files(const struct options *o, struct outputs *outputs, const char *key, char **paths,
	     size_t n)
{
	struct review *r = mem_calloc(1, sizeof *r);
	int status;

	r->options = o;
	r->outputs = outputs;
	r->n_files = n;
	status = session_open(&r->session, o, key);
	if (status < 0)
		status = review_open(r, paths);
	if (status < 0) {
		start(r);
		engine_run(r->session.engine);
		status = end(r);
		review_tell_over();
		rounds_fini(&r->rounds);
	}
	session_close(&r->session);
	review_close(r);
	free(r->questions);
	buf_free(&r->text);
	buf_free(&r->carried);
	free(r);
	return status;
}
