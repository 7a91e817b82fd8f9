/*
 * Taking rows in: what the manifest gives, what the ledger knows of it, and what becomes of it by
 * fate_of: passed over, skipped, left as recorded, invalid, behind another row, or ready to be sent.
 */
#include <string.h>

#include "api/request.h"
#include "base/diag.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/units.h"
#include "command/run.h"
#include "ledger/carry.h"
#include "ledger/load.h"
#include "manifest/json.h"

#define ROWS_PER_TURN 512 /* read at one go at most, so that answers are not kept waiting */
#define HELD_BASE 1000    /* with 4 N: rows that may wait; the contract's bound */

/* A work for a row, zeroed but for its storage. */
static struct work *
work_new(struct run *r)
{
	struct work *w = r->free_works;
	struct buf body, carried, text, message, recorded_manifest;

	if (!w)
		return mem_calloc(1, sizeof *w);
	r->free_works = w->next_free;
	body = w->body;
	carried = w->carried;
	text = w->text;
	message = w->message;
	recorded_manifest = w->recorded_manifest;
	memset(w, 0, sizeof *w);
	w->body = body;
	w->carried = carried;
	w->text = text;
	w->message = message;
	w->recorded_manifest = recorded_manifest;
	return w;
}

void
work_free(struct run *r, struct work *w)
{
	w->next_free = r->free_works;
	r->free_works = w;
}

/* Which of lade's members a JSON record has that is its own manifest: they are written again. */
static int
note_own_member(void *ctx, struct span key, struct json_value value)
{
	struct work *w = ctx;

	(void)value;
	w->write_type |= span_is(key, "lade_assetType");
	w->write_url |= span_is(key, "lade_url");
	w->write_name |= span_is(key, "lade_name");
	return 1;
}

static void
note_members(struct run *r, struct work *w, const struct manifest_row *row)
{
	const struct manifest_plan *plan = manifest_plan(r->manifest);

	if (row->cells) { /* CSV: the layout says which columns there are; NDJSON: what is missing */
		w->write_type = !plan->plain_type || row->type_word.n == 0;
		w->write_url = !plan->plain_url;
		w->write_name = !plan->plain_name;
	} else if (plan->is_results) {
		json_members(row->json, note_own_member, w);
	} else {
		w->write_type = !plan->plain_type || row->type_word.n == 0;
		w->write_url = !plan->plain_url;
		w->write_name = !plan->plain_name;
	}
}

/* old: the record that the row has; NULL: none. Nothing is carried of a garbled row, for a later run
 * to send; its line leads to it. */
static void
carry(struct run *r, struct work *w, const struct manifest_row *row, const struct record_values *old)
{
	const struct layout *l = results_layout(r->results);
	size_t n_cells = row->garbled ? 0 : row->n_cells;

	buf_clear(&w->carried);
	if (!row->cells) {
		if (!row->garbled)
			carry_json(&w->carried, row->json);
	} else if (l->format == RECORD_CSV) {
		carry_cells(&w->carried, l, results_map(r->results, r->manifest_at), row->cells,
			    n_cells, old);
	} else {
		carry_cells_as_json(&w->carried, results_members(r->results, r->manifest_at),
				    row->cells, n_cells);
	}
}

/* A number in a record; 0 when it holds none, or more than that. */
static int64_t
number_of(struct span s, int64_t most)
{
	char text[24] = "";
	int64_t n = 0;

	if (s.n < sizeof text)
		memcpy(text, s.p ? s.p : "", s.n);
	return units_int(text, 0, most, &n) == 0 ? n : 0;
}

/*
 * What the record that is there tells: attempts of earlier runs, the asset that is being replaced,
 * and place and name of the manifest where the results file is its own.
 */
static void
keep_prior(struct run *r, struct work *w, const struct record_values *v)
{
	struct span id = v->value[COLUMN_ASSET_ID];

	if (id.n == 0)
		id = v->value[COLUMN_PREVIOUS_ASSET_ID];
	if (id.n < sizeof w->previous_id)
		memcpy(w->previous_id, id.p ? id.p : "", id.n);
	w->prior_attempts = number_of(v->value[COLUMN_ATTEMPTS], LIMIT_ATTEMPTS);
	if (manifest_plan(r->manifest)->is_results) {
		w->recorded_line = number_of(v->value[COLUMN_LINE], INT64_MAX);
		buf_add_span(&w->recorded_manifest, v->value[COLUMN_MANIFEST]);
	}
}

/* The record that a row has, and the row carried into it anew. */
static void
carry_over(struct run *r, struct work *w, const struct manifest_row *row)
{
	struct record_values v = {.text = {0}};
	bool has_record = index_place(results_index(r->results), w->record) >= 0;

	if (has_record && results_read(r->results, w->record, &v, &r->fault) < 0) {
		run_write_failed(r);
		has_record = false;
	}
	if (has_record)
		keep_prior(r, w, &v);
	carry(r, w, row, has_record ? &v : NULL);
	record_values_free(&v);
}

/* A work that holds copies of all that the row's record will need. */
static struct work *
make_work(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	struct work *w = work_new(r);
	struct span type = row->type != ASSET_NONE ? span_of(asset_type_name(row->type))
						   : row->type_word;

	item_init(&w->item, head);
	w->version = index_version_of(row->version);
	w->record = record;
	w->head = head;
	w->manifest = r->manifest_path;
	w->line = w->recorded_line = row->line;
	w->first_sent_wall_ms = -1;
	buf_clear(&w->recorded_manifest);
	if (r->n_manifests > 1)
		buf_add_str(&w->recorded_manifest, r->manifest_path);
	buf_clear(&w->text);
	buf_add_span(&w->text, type);
	buf_add_span(&w->text, row->url);
	buf_add_span(&w->text, row->name);
	w->type_bytes = type.n;
	w->url_bytes = row->url.n;
	w->name_bytes = row->name.n;
	note_members(r, w, row);
	carry_over(r, w, row);
	return w;
}

/* What an earlier run left open of an identity, whichever of its records tells of it;
 * OUTCOME_UPLOADED: nothing. */
static enum outcome
recorded_doubt(const struct index *x, uint32_t head)
{
	uint32_t record = index_find(x, head, KINDS_IN_DOUBT, 0);

	if (record == INDEX_NONE)
		return OUTCOME_UPLOADED;
	return index_known(x, record) == KNOWN_NO_ANSWER ? OUTCOME_NO_ANSWER : OUTCOME_BAD_ANSWER;
}

static void
warn(struct run *r, const struct manifest_row *row, const char *text)
{
	diag_at(DIAG_VERBOSE, r->manifest_path, row->line, 0, "warning: %s", text);
}

/* A row that cannot be sent, for a printable reason, while its record stays as it is. What was
 * invalid before is not named again. */
static void
keep_as_invalid(struct run *r, const struct manifest_row *row, uint32_t record, int64_t line,
		const char *reason)
{
	if (index_known(results_index(r->results), record) != KNOWN_INVALID)
		settle_show_invalid(r, r->manifest_path, line, row->bad_column, span_of(reason));
	settle_recorded(r, KNOWN_INVALID, row->line, reason);
}

/* Checks a row and makes it ready; false: it was invalid. */
static bool
check_and_queue(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	const struct manifest_plan *plan = manifest_plan(r->manifest);
	struct index *x = results_index(r->results);
	enum known known = index_known(x, record);
	struct asset_finding found;
	struct work *w;

	found = asset_check(row->type, row->type_word, row->url, row->name, plan->has_name,
			    r->options->allow_private, &r->memo, &r->sent_url);
	if (found.problem != ASSET_GOOD && known_has_asset(known)) {
		r->counts.skipped++; /* what is there stays */
		return false;
	}
	if (found.problem != ASSET_GOOD && (KINDS_IN_DOUBT | 1u << KNOWN_INVALID) & 1u << known) {
		keep_as_invalid(r, row, record, row->line, found.reason);
		return false;
	}
	w = make_work(r, row, record, head);
	if (found.problem != ASSET_GOOD) {
		settle_invalid(r, w, found.reason);
		return false;
	}
	if (found.warning_text)
		warn(r, row, found.warning_text);
	if (r->job->admitted == r->options->limit) {
		settle_pending(r, w);
		run_close(r, STOP_LIMIT);
		return false;
	}
	r->job->admitted++;
	w->doubt = recorded_doubt(x, head);
	buf_clear(&w->body);
	request_body(&w->body, asset_type_name(row->type), buf_span(&r->sent_url),
		     row->name);
	w->attempt.body = buf_span(&w->body);
	w->attempt.owner = w;
	queue_add(&r->schedule.queue, &w->item);
	return true;
}

/*
 * A row whose own bytes are damaged is invalid whatever is known of its identity. Its record stays as
 * it is: an asset that is there, or may be, is not forgotten for a mistake that is mended tomorrow.
 */
static void
admit_bad(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	struct index *x = results_index(r->results);
	int64_t line = row->bad_line > 0 ? row->bad_line : row->line;
	struct work *w;

	if (index_place(x, record) >= 0) {
		keep_as_invalid(r, row, record, line, row->bad);
		return;
	}
	w = make_work(r, row, record, head);
	w->line = line; /* what is recorded is where the row starts */
	w->bad_column = row->bad_column;
	settle_invalid(r, w, row->bad);
}

/* A row whose asset is there already. */
static void
skip(struct run *r, const struct manifest_row *row, uint32_t record, uint32_t head)
{
	struct index *x = results_index(r->results);

	r->counts.skipped++;
	if (row->version.n > 0 && r->options->manifest.version_column &&
	    index_version(x, record) == 0 && known_has_asset(index_known(x, record)) &&
	    record == fate_first_sent(x, head))
		settle_refill(r, make_work(r, row, record, head));
}

/*
 * The record of a row of a CSV that is damaged, where the results are JSON. That cannot say what the
 * row holds (no UTF-8, more than a string may have), and nothing else may come of it: if it needs a
 * new record, nothing is taken of it, as of a JSON element that cannot be decoded. So a later run
 * finds that record, which is nobody's, or one of the row's identity, or both. If both, it cannot be
 * told which is the row's own, and the identity's is left to the next good row.
 */
static uint32_t
record_of_damaged(struct index *x, struct manifest_row *row, uint32_t *head)
{
	struct identity nobody = identity_of(span_none(), span_none());
	uint32_t record = index_peek(x, load_identity(row));

	if (record != INDEX_NONE && index_peek(x, nobody) != INDEX_NONE)
		return *head = record;
	if (record != INDEX_NONE)
		return index_row(x, load_identity(row), head);
	row->garbled = true;
	row->type = ASSET_NONE;
	row->url = row->type_word = row->name = row->version = span_none();
	return index_row(x, nobody, head);
}

static uint32_t
record_of(const struct run *r, struct manifest_row *row, uint32_t *head)
{
	struct index *x = results_index(r->results);

	if (row->bad && row->cells && !row->garbled &&
	    results_layout(r->results)->format != RECORD_CSV)
		return record_of_damaged(x, row, head);
	return index_row(x, load_identity(row), head);
}

/* Decides one row; true: it is ready to be sent. */
static bool
admit(struct run *r, struct manifest_row *row)
{
	struct index *x = results_index(r->results);
	struct queue *q = &r->schedule.queue;
	uint32_t head, record = record_of(r, row, &head);

	r->matched += record < results_count_before(r->results);
	switch (fate_of(r, row, record, head)) {
	case FATE_PASSED_OVER:
		r->counts.skipped++;
		break;
	case FATE_BAD:
		admit_bad(r, row, record, head);
		break;
	case FATE_FOLLOWS:
		queue_follow(q, queue_leader(q, head), &make_work(r, row, record, head)->item);
		break;
	case FATE_SKIPPED:
		skip(r, row, record, head);
		break;
	case FATE_RECORDED:
		settle_recorded(r, index_known(x, record), row->line, "recorded by an earlier run");
		break;
	case FATE_COPIED:
		settle_copy(r, make_work(r, row, record, head));
		break;
	case FATE_SENT:
		return check_and_queue(r, row, record, head);
	}
	return false;
}

static void
report_broken(struct run *r)
{
	r->manifest_broken = true;
	diag_at(DIAG_QUIET, r->manifest_path, r->fault.line, r->fault.column,
		"%s; nothing behind it was read", r->fault.text);
}

static void
on_input(void *ctx)
{
	struct run *r = ctx;

	r->waits_for_input = false;
	engine_unwatch(r->session.engine, manifest_fd(r->manifest));
}

/* Goes on to the next manifest; false: there is none. */
static bool
next_manifest(struct run *r)
{
	if (r->manifest_at + 1 == r->n_manifests)
		return false;
	r->manifest_at++;
	r->manifest = r->manifests[r->manifest_at];
	r->manifest_path = r->manifest_paths[r->manifest_at];
	return true;
}

/* A row is of one shard whatever else is wrong with it, and so are all rows of its identity. */
static bool
is_of_other_shard(const struct run *r, const struct manifest_row *row)
{
	unsigned n = r->options->shards;

	return n > 0 && identity_shard(load_identity(row), n) != r->options->shard;
}

bool
admit_is_full(const struct run *r)
{
	return queue_held(&r->schedule.queue) >=
	       4 * (size_t)r->options->concurrency + HELD_BASE;
}

bool
admit_rows(struct run *r, bool *again)
{
	struct manifest_row row;
	int i;

	*again = false;
	r->schedule.rows_paused = r->waits_for_input || admit_is_full(r);
	if (r->schedule.rows_paused)
		return false;
	for (i = 0; i < ROWS_PER_TURN; i++) {
		switch (manifest_next(r->manifest, &row, &r->fault)) {
		case MANIFEST_ROW:
			if (is_of_other_shard(r, &row)) {
				r->counts.other_shards++;
				break;
			}
			r->counts.read++;
			r->last_line = row.line;
			if (admit(r, &row))
				return true;
			if (r->schedule.stop != STOP_NONE || r->schedule.rows_ended)
				return false;
			break;
		case MANIFEST_EMPTY:
			r->counts.passed_over++;
			break;
		case MANIFEST_WAIT:
			r->waits_for_input = r->schedule.rows_paused = true;
			engine_watch(r->session.engine, manifest_fd(r->manifest), on_input, r);
			return false;
		case MANIFEST_BROKEN:
			report_broken(r);
			r->schedule.rows_ended = true;
			return false;
		case MANIFEST_END:
			if (manifest_unmet(r->manifest, &r->fault))
				diag_at(DIAG_NORMAL, r->manifest_path, 0, 0, "%s", r->fault.text);
			if (next_manifest(r))
				break;
			r->schedule.rows_ended = true;
			return false;
		}
	}
	*again = true;
	return false;
}
