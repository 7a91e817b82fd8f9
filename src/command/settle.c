/*
 * Writing outcomes down: from an attempt's answer to a record, a count, and a line for people.
 */
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "command/run.h"

#define BAD_ROWS_SHOWN 10 /* invalid rows that are named without -v */
#define URL_SHOWN_BYTES 120

/* What the record says of the row itself. */
static void
fill_row(const struct run *r, const struct work *w, struct record *rec)
{
	bool csv = results_layout(r->results)->format == RECORD_CSV;
	const char *p = w->text.data;

	record_init(rec);
	if (csv || w->write_type)
		rec->asset_type = (struct span){p, w->type_bytes};
	if (csv || w->write_url)
		rec->url = (struct span){p + w->type_bytes, w->url_bytes};
	if (csv || w->write_name)
		rec->name = (struct span){p + w->type_bytes + w->url_bytes, w->name_bytes};
	rec->previous_asset_id = span_of(w->previous_id);
	rec->manifest = buf_span(&w->recorded_manifest);
	if (csv && rec->manifest.n == 0)
		rec->manifest = span_of(w->manifest);
	rec->line = w->recorded_line;
	rec->attempts = w->prior_attempts + w->item.attempts;
}

static enum known
known_of(const struct record *rec)
{
	return record_known(span_of(record_status_word(rec->status)),
			    span_of(error_class_word(rec->error_class)));
}

static int64_t *
count_of(struct run *r, enum record_status s)
{
	switch (s) {
	case RECORD_UPLOADED:
		return &r->counts.uploaded;
	case RECORD_DUPLICATE:
		return &r->counts.duplicate;
	case RECORD_FAILED:
		return &r->counts.failed;
	case RECORD_IN_DOUBT:
		return &r->counts.in_doubt;
	default:
		return &r->counts.invalid;
	}
}

static struct summary_place
place_of(const struct run *r, const char *manifest, int64_t line)
{
	return (struct summary_place){r->n_manifests > 1 ? manifest : NULL, line};
}

static void
write_record(struct run *r, const struct work *w, const struct record *rec)
{
	buf_clear(&r->record_text);
	record_write(results_layout(r->results), &r->record_text, buf_span(&w->carried), rec);
	results_append(r->results, w->record, w->head, known_of(rec), buf_span(&r->record_text));
	index_set_version(results_index(r->results), w->record, w->version);
	++*count_of(r, rec->status);
	if (rec->error_class != CLASS_NONE)
		summary_failure(&r->summary, error_class_word(rec->error_class), rec->code,
				rec->message, place_of(r, w->manifest, w->line));
}

static void
say_failure(const struct work *w, const struct record *rec)
{
	struct buf url = {0};

	if (diag_level() < DIAG_VERBOSE)
		return;
	text_show_url(&url, (struct span){w->text.data + w->type_bytes, w->url_bytes},
		      URL_SHOWN_BYTES);
	diag_at(DIAG_VERBOSE, w->manifest, w->line, 0, "%s, %s%s%.*s: %.*s (%s)",
		record_status_word(rec->status), error_class_word(rec->error_class),
		rec->code.n ? ", code " : "", (int)rec->code.n, rec->code.p ? rec->code.p : "",
		(int)rec->message.n, rec->message.p ? rec->message.p : "", url.data ? url.data : "");
	buf_free(&url);
}

/* Followers get the outcome of the row they waited for, with no attempts of their own. */
static void
settle_followers(struct run *r, struct work *leader, const struct record *outcome)
{
	struct record rec;
	struct item *it;

	while ((it = queue_unfollow(&r->schedule.queue, &leader->item))) {
		struct work *w = (struct work *)it;

		fill_row(r, w, &rec);
		rec.status = outcome->status == RECORD_UPLOADED ? RECORD_DUPLICATE : outcome->status;
		rec.error_class = outcome->error_class;
		rec.asset_id = outcome->asset_id;
		if (rec.status != RECORD_DUPLICATE) {
			rec.http_status = outcome->http_status;
			rec.code = outcome->code;
			rec.message = outcome->message;
		}
		write_record(r, w, &rec);
		work_free(r, w);
	}
}

/* A sending that may have been accepted is not made undone by a later one that was not. */
static void
classify(const struct work *w, struct record *rec)
{
	bool in_doubt = w->outcome != OUTCOME_UPLOADED && w->doubt != OUTCOME_UPLOADED;

	switch (in_doubt ? w->doubt : w->outcome) {
	case OUTCOME_UPLOADED:
		rec->status = RECORD_UPLOADED;
		break;
	case OUTCOME_NO_ANSWER:
		rec->status = RECORD_IN_DOUBT;
		rec->error_class = CLASS_NO_ANSWER;
		break;
	case OUTCOME_BAD_ANSWER:
		rec->status = RECORD_IN_DOUBT;
		rec->error_class = CLASS_BAD_ANSWER;
		break;
	case OUTCOME_THROTTLED:
	case OUTCOME_UNAVAILABLE:
		rec->status = RECORD_FAILED;
		rec->error_class = CLASS_UNAVAILABLE;
		break;
	default:
		rec->status = RECORD_FAILED;
		rec->error_class = CLASS_REJECTED;
		break;
	}
}

void
settle_final(struct run *r, struct work *w)
{
	const struct attempt *a = &w->attempt;
	struct record rec;

	fill_row(r, w, &rec);
	classify(w, &rec);
	rec.http_status = a->answer.http_status;
	if (rec.status == RECORD_UPLOADED) {
		rec.asset_id = span_of(a->reply->asset_id);
		rec.code = span_of(a->reply->code_text);
		rec.message = buf_span(&a->reply->message);
	} else {
		rec.code = span_of(w->code);
		rec.message = buf_span(&w->message);
	}
	rec.sent_wall_ms = w->first_sent_wall_ms;
	rec.finished_wall_ms = a->done_wall_ms;
	rec.duration_ms = a->done_ms - a->sent_ms;
	index_settle(results_index(r->results), w->head);
	r->counts.sent++;
	write_record(r, w, &rec);
	if (rec.status != RECORD_UPLOADED)
		say_failure(w, &rec);
	settle_followers(r, w, &rec);
	work_free(r, w);
}

void
settle_start(struct run *r, struct work *w, int64_t now_ms)
{
	struct record rec;

	fill_row(r, w, &rec);
	rec.status = RECORD_IN_DOUBT;
	rec.error_class = CLASS_NO_ANSWER;
	rec.message = span_of("the run ended before the answer");
	rec.sent_wall_ms = w->first_sent_wall_ms < 0 ? clock_wall_at_ms(now_ms)
						     : w->first_sent_wall_ms;
	buf_clear(&r->record_text);
	record_write(results_layout(r->results), &r->record_text, buf_span(&w->carried), &rec);
	results_start(r->results, w->record, buf_span(&r->record_text));
	w->journaled = true;
}

void
settle_clear(struct run *r, struct work *w)
{
	if (w->journaled)
		results_clear(r->results, w->record);
	w->journaled = false;
}

void
settle_refill(struct run *r, struct work *w)
{
	struct record_values v = {.text = {0}};
	struct index *x = results_index(r->results);
	enum known known = index_known(x, w->record);

	if (results_read(r->results, w->record, &v, &r->fault) < 0) {
		run_write_failed(r);
	} else {
		buf_clear(&r->record_text);
		record_write_values(results_layout(r->results), &r->record_text,
				    buf_span(&w->carried), v.value);
		results_append(r->results, w->record, w->head, known, buf_span(&r->record_text));
		index_set_version(x, w->record, w->version);
	}
	record_values_free(&v);
	work_free(r, w);
}

void
settle_pending(struct run *r, struct work *w)
{
	struct item *it;

	while ((it = queue_unfollow(&r->schedule.queue, &w->item))) {
		r->counts.pending++;
		work_free(r, (struct work *)it);
	}
	r->counts.pending++;
	work_free(r, w);
}

void
settle_stopped(struct run *r, struct work *w)
{
	if (w->doubted)
		settle_final(r, w);
	else
		settle_pending(r, w);
}

/* lade's columns of another record of the identity, as the outcome of this row. */
static int
copy_outcome(const struct record_values *v, struct record *rec)
{
	enum known known = record_known(v->value[COLUMN_STATUS], v->value[COLUMN_ERROR_CLASS]);

	switch (known) {
	case KNOWN_ASSET:
		rec->status = RECORD_DUPLICATE;
		rec->asset_id = v->value[COLUMN_ASSET_ID];
		return 0;
	case KNOWN_UNAVAILABLE:
	case KNOWN_REJECTED:
		rec->status = RECORD_FAILED;
		rec->error_class = known == KNOWN_REJECTED ? CLASS_REJECTED : CLASS_UNAVAILABLE;
		break;
	case KNOWN_NO_ANSWER:
	case KNOWN_BAD_ANSWER:
		rec->status = RECORD_IN_DOUBT;
		rec->error_class = known == KNOWN_NO_ANSWER ? CLASS_NO_ANSWER : CLASS_BAD_ANSWER;
		break;
	default:
		return -1;
	}
	rec->code = v->value[COLUMN_CODE];
	rec->message = v->value[COLUMN_MESSAGE];
	return 0;
}

/* The record that says what became of an identity. */
static uint32_t
speaker(const struct run *r, uint32_t head)
{
	const struct index *x = results_index(r->results);
	uint32_t record;

	/* what this run found out is newer than any id that was there */
	if (index_is_settled(x, head))
		return index_find(x, head, KINDS_ASSET | KINDS_IN_DOUBT | KINDS_FAILED,
				  results_size_before(r->results));
	record = index_find(x, head, KINDS_ASSET, 0);
	if (record == INDEX_NONE)
		record = index_find(x, head, KINDS_IN_DOUBT, 0);
	return record != INDEX_NONE ? record : index_find(x, head, KINDS_FAILED, 0);
}

void
settle_copy(struct run *r, struct work *w)
{
	struct record_values v = {.text = {0}};
	struct record rec;

	fill_row(r, w, &rec);
	if (results_read(r->results, speaker(r, w->head), &v, &r->fault) < 0 ||
	    copy_outcome(&v, &rec) < 0) {
		run_write_failed(r);
		r->counts.pending++;
	} else {
		write_record(r, w, &rec);
	}
	record_values_free(&v);
	work_free(r, w);
}

void
settle_show_invalid(struct run *r, const char *manifest, int64_t line, int64_t column,
		    struct span reason)
{
	if (r->bad_shown++ < BAD_ROWS_SHOWN || diag_level() >= DIAG_VERBOSE)
		diag_at(DIAG_NORMAL, manifest, line, column, "%.*s", (int)reason.n,
			reason.p ? reason.p : "");
	else if (r->bad_shown == BAD_ROWS_SHOWN + 1)
		diag_note("more invalid rows follow; -v names them all");
}

void
settle_invalid(struct run *r, struct work *w, const char *reason)
{
	struct buf message = {0};
	struct record rec;

	fill_row(r, w, &rec);
	rec.status = RECORD_INVALID;
	rec.error_class = CLASS_INVALID_ROW;
	reply_message(&message, span_of(reason));
	rec.message = buf_span(&message);
	settle_show_invalid(r, w->manifest, w->line, w->bad_column, rec.message);
	write_record(r, w, &rec);
	buf_free(&message);
	work_free(r, w);
}

void
settle_recorded(struct run *r, enum known known, int64_t line, const char *why)
{
	static const struct {
		enum record_status status;
		enum error_class error_class;
	} as[] = {
		[KNOWN_UNAVAILABLE] = {RECORD_FAILED, CLASS_UNAVAILABLE},
		[KNOWN_REJECTED] = {RECORD_FAILED, CLASS_REJECTED},
		[KNOWN_NO_ANSWER] = {RECORD_IN_DOUBT, CLASS_NO_ANSWER},
		[KNOWN_BAD_ANSWER] = {RECORD_IN_DOUBT, CLASS_BAD_ANSWER},
		[KNOWN_INVALID] = {RECORD_INVALID, CLASS_INVALID_ROW},
	};

	if (known == KNOWN_PENDING || known_has_asset(known)) {
		r->counts.skipped++;
		return;
	}
	++*count_of(r, as[known].status);
	summary_failure(&r->summary, error_class_word(as[known].error_class), (struct span){0},
			span_of(why), place_of(r, r->manifest_path, line));
}
