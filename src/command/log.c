/*
 * Events of single requests, for --log-json: what was sent, what was answered, what is sent again.
 */
#include "base/diag.h"
#include "command/review.h"
#include "command/run.h"

static const char *const outcome_words[] = {
	[OUTCOME_UPLOADED] = "uploaded",       [OUTCOME_NOT_SENT] = "not_sent",
	[OUTCOME_THROTTLED] = "throttled",     [OUTCOME_KEY_REFUSED] = "key_refused",
	[OUTCOME_FORBIDDEN] = "forbidden",     [OUTCOME_MISDIRECTED] = "misdirected",
	[OUTCOME_NO_ANSWER] = "no_answer",     [OUTCOME_BAD_ANSWER] = "bad_answer",
	[OUTCOME_UNAVAILABLE] = "unavailable", [OUTCOME_REJECTED] = "rejected",
};

static const char *const state_words[] = {
	[REVIEW_UNANSWERED] = "unanswered", [REVIEW_PROCESSING] = "Processing",
	[REVIEW_ACTIVE] = "Active",	    [REVIEW_FAILED] = "Failed",
	[REVIEW_UNKNOWN] = "unknown",	    [REVIEW_ODD] = "other",
};

static void
add_place(struct eventlog *l, const struct work *w, unsigned attempt)
{
	field_text(&l->out, "manifest", span_of(w->manifest));
	field_int(&l->out, "line", w->line);
	field_int(&l->out, "attempt", attempt);
}

/* What every answer has, or its lack. */
static void
add_answer(struct eventlog *l, const struct attempt *a)
{
	struct span id = span_of(a->reply->asset_id);

	field_int(&l->out, "httpStatus", a->answer.http_status);
	field_text_or_null(&l->out, "code", span_of(a->reply->code_text));
	if (a->error)
		field_text(&l->out, "message", span_of(a->error));
	else
		field_text_or_null(&l->out, "message", buf_span(&a->reply->message));
	field_text_or_null(&l->out, "assetId", a->question ? span_of(a->question) : id);
	field_int(&l->out, "durationMs", a->done_ms - a->sent_ms);
}

void
log_sent(struct eventlog *l, const struct work *w)
{
	struct span url = {w->text.data + w->type_bytes, w->url_bytes};

	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "sent");
	add_place(l, w, w->item.attempts);
	field_text(&l->out, "assetType", (struct span){w->text.data, w->type_bytes});
	field_url(&l->out, "url", url);
	eventlog_end(l);
}

void
log_answer(struct eventlog *l, const struct work *w, bool again)
{
	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "answer");
	add_place(l, w, work_attempt(w));
	field_text(&l->out, "outcome", span_of(outcome_words[w->outcome]));
	add_answer(l, &w->attempt);
	eventlog_end(l);
	if (!again)
		return;
	eventlog_begin(l, "retry");
	add_place(l, w, work_attempt(w));
	eventlog_end(l);
}

void
log_question(struct eventlog *l, const char *asset_id)
{
	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "sent");
	field_text(&l->out, "assetId", span_of(asset_id));
	eventlog_end(l);
}

void
log_review(struct eventlog *l, const struct attempt *a, enum review_state s)
{
	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "answer");
	field_text(&l->out, "reviewStatus", span_of(state_words[s]));
	add_answer(l, a);
	eventlog_end(l);
}
