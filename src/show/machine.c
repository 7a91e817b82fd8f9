/*
 * Theory of the textfile. It is a picture of the last command, so all but the two times are gauges
 * that are written anew; the two times survive a command that did not succeed, which is what an
 * alert on "no success since yesterday" lives on. Each file has labels of its own (command and
 * first operand): node_exporter refuses two files that have the same metric with the same labels.
 */
#include "show/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "show/fields.h"
#include "version.h"

#define SUCCESS "lade_last_success_timestamp_seconds"
#define FINISH "lade_last_finish_timestamp_seconds"

/* The counts of rows under the names that machines know them by. */
static const struct {
	const char *name, *label;
	size_t at;
} row_counts[] = {
	{"uploaded", "uploaded", offsetof(struct counts, uploaded)},
	{"skipped", "skipped", offsetof(struct counts, skipped)},
	{"duplicate", "duplicate", offsetof(struct counts, duplicate)},
	{"failed", "failed", offsetof(struct counts, failed)},
	{"inDoubt", "in_doubt", offsetof(struct counts, in_doubt)},
	{"invalid", "invalid", offsetof(struct counts, invalid)},
	{"pending", "pending", offsetof(struct counts, pending)},
};

#define N_ROW_COUNTS (sizeof row_counts / sizeof *row_counts)

static const struct {
	const char *name, *label;
	enum review_state state;
} asset_counts[] = {
	{"active", "Active", REVIEW_ACTIVE},
	{"failed", "Failed", REVIEW_FAILED},
	{"processing", "Processing", REVIEW_PROCESSING},
	{"unknown", "unknown", REVIEW_UNKNOWN},
	{"otherStatus", "other", REVIEW_ODD},
	{"unanswered", "unanswered", REVIEW_UNANSWERED},
};

#define N_ASSET_COUNTS (sizeof asset_counts / sizeof *asset_counts)

static int64_t
row_count(const struct counts *c, size_t i)
{
	return *(const int64_t *)(const void *)((const char *)c + row_counts[i].at);
}

void
machine_add_run(struct machine *m, const char *results, const struct counts *c,
		const struct summary *s)
{
	struct counts *t = &m->counts;
	unsigned i;

	for (i = 0; i < N_ROW_COUNTS; i++)
		*(int64_t *)(void *)((char *)t + row_counts[i].at) += row_count(c, i);
	t->read += c->read;
	t->passed_over += c->passed_over;
	t->other_shards += c->other_shards;
	t->requests += c->requests;
	t->retries += c->retries;
	t->throttles += c->throttles;
	field_item(&m->results, span_of(results));
	for (i = 0; i < s->n_groups; i++) {
		buf_add_str(&m->failures, m->failures.len > 0 ? ",{" : "{");
		field_text(&m->failures, "results", span_of(results));
		field_text(&m->failures, "class", span_of(s->groups[i].class_word));
		field_text_or_null(&m->failures, "code", span_of(s->groups[i].code));
		field_text_or_null(&m->failures, "message", span_of(s->groups[i].message));
		field_int(&m->failures, "count", s->groups[i].count);
		field_int(&m->failures, "firstLine", s->groups[i].places[0].line);
		buf_add_char(&m->failures, '}');
	}
}

void
machine_free(struct machine *m)
{
	buf_free(&m->results);
	buf_free(&m->failures);
}

static void
add_rows(const struct counts *c, struct buf *out)
{
	size_t i;

	field_name(out, "rows");
	buf_add_char(out, '{');
	field_int(out, "read", c->read);
	for (i = 0; i < N_ROW_COUNTS; i++)
		field_int(out, row_counts[i].name, row_count(c, i));
	field_int(out, "passedOver", c->passed_over);
	field_int(out, "otherShards", c->other_shards);
	buf_add_char(out, '}');
}

static void
add_review(const struct machine *m, struct buf *out)
{
	size_t i;

	field_name(out, "review");
	if (!m->has_review) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_char(out, '{');
	field_int(out, "assets", m->review.assets);
	for (i = 0; i < N_ASSET_COUNTS; i++)
		field_int(out, asset_counts[i].name, m->review.state[asset_counts[i].state]);
	field_int(out, "questions", m->review.questions);
	field_int(out, "failedQuestions", m->review.failed_questions);
	field_int(out, "throttles", m->review.throttles);
	buf_add_char(out, '}');
}

/* A list of texts without names. */
static void
add_list(struct buf *out, const char *name, char **words, int n)
{
	int i;

	field_name(out, name);
	buf_add_char(out, '[');
	for (i = 0; i < n; i++)
		field_item(out, span_of(words[i]));
	buf_add_char(out, ']');
}

void
machine_json(const struct machine *m, struct buf *out)
{
	buf_add_char(out, '{');
	field_text(out, "command", span_of(m->command));
	field_text(out, "version", span_of(LADE_VERSION));
	field_int(out, "exitStatus", m->exit_status);
	field_text_or_null(out, "stopped", span_of(m->stopped));
	field_time(out, "startedAt", m->started_wall_ms);
	field_time(out, "endedAt", m->ended_wall_ms);
	field_int(out, "durationMs", m->duration_ms);
	add_list(out, "operands", m->operands, m->n_operands);
	field_name(out, "results");
	buf_printf(out, "[%s]", m->results.len > 0 ? m->results.data : "");
	add_rows(&m->counts, out);
	field_int(out, "requests", m->counts.requests + m->review.requests);
	field_int(out, "retries", m->counts.retries);
	field_int(out, "throttles", m->counts.throttles + m->review.throttles);
	field_name(out, "failures");
	buf_printf(out, "[%s]", m->failures.len > 0 ? m->failures.data : "");
	add_review(m, out);
	buf_add_str(out, "}\n");
}

/* ---- the textfile ---- */

static void
head(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A sample; status: NULL, or one more label. */
static void
sample(const struct machine *m, struct buf *out, const char *name, const char *status,
       const char *value)
{
	struct buf raw = {0}, shown = {0};
	size_t i;

	buf_add_span(&raw, span_of(m->n_operands > 0 ? m->operands[0] : ""));
	diag_mask(&raw);
	text_escape(&shown, buf_span(&raw), 0);
	buf_printf(out, "%s{command=\"%s\",operand=\"", name, m->command);
	for (i = 0; i < shown.len; i++) {
		if (shown.data[i] == '"' || shown.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, shown.data[i]);
	}
	buf_add_char(out, '"');
	if (status)
		buf_printf(out, ",status=\"%s\"", status);
	buf_printf(out, "} %s\n", value);
	buf_free(&raw);
	buf_free(&shown);
}

static void
sample_int(const struct machine *m, struct buf *out, const char *name, const char *status,
	   int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	sample(m, out, name, status, text);
}

static void
metric(const struct machine *m, struct buf *out, const char *name, const char *help, int64_t value)
{
	head(out, name, help);
	sample_int(m, out, name, NULL, value);
}

/* How the two times stand after this command. */
static int64_t
last_success_s(const struct machine *m)
{
	return m->exit_status == 0 ? m->ended_wall_ms / 1000 : m->last_success_s;
}

static int64_t
last_finish_s(const struct machine *m)
{
	bool finished = m->exit_status == 0 || m->exit_status == 1 || m->exit_status == 7;

	return finished ? m->ended_wall_ms / 1000 : m->last_finish_s;
}

void
machine_metrics(const struct machine *m, struct buf *out)
{
	char seconds[32];
	size_t i;

	metric(m, out, SUCCESS, "When a command last ended with exit status 0; 0: never.",
	       last_success_s(m));
	metric(m, out, FINISH,
	       "When a command last came to its end, perhaps with failed rows; 0: never.",
	       last_finish_s(m));
	metric(m, out, "lade_run_timestamp_seconds", "When the last command ended.",
	       m->ended_wall_ms / 1000);
	metric(m, out, "lade_run_exit_status", "Exit status of the last command.", m->exit_status);
	snprintf(seconds, sizeof seconds, "%lld.%03lld", (long long)(m->duration_ms / 1000),
		 (long long)(m->duration_ms % 1000));
	head(out, "lade_run_duration_seconds", "How long the last command took.");
	sample(m, out, "lade_run_duration_seconds", NULL, seconds);
	head(out, "lade_run_rows", "Rows of the last command by what became of them.");
	for (i = 0; i < N_ROW_COUNTS; i++)
		sample_int(m, out, "lade_run_rows", row_counts[i].label, row_count(&m->counts, i));
	metric(m, out, "lade_run_requests", "Requests that the last command sent.",
	       m->counts.requests + m->review.requests);
	metric(m, out, "lade_run_retries", "Rows sent again by the last command.",
	       m->counts.retries);
	metric(m, out, "lade_run_throttles", "Refusals as too fast that the last command met.",
	       m->counts.throttles + m->review.throttles);
	if (!m->has_review)
		return;
	head(out, "lade_run_assets", "Assets of the last review by their status.");
	for (i = 0; i < N_ASSET_COUNTS; i++)
		sample_int(m, out, "lade_run_assets", asset_counts[i].label,
			   m->review.state[asset_counts[i].state]);
}

/* The value of a metric's first sample, whatever its labels; 0: it has none. */
static int64_t
find(struct span text, const char *name)
{
	size_t n = strlen(name);
	const char *line = text.p, *end = text.p + text.n, *line_end, *value;

	for (; line && line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (size_t)(end - line));
		if (!line_end)
			return 0;
		if ((size_t)(line_end - line) <= n || memcmp(line, name, n) != 0 || line[n] != '{')
			continue;
		value = memrchr(line, ' ', (size_t)(line_end - line));
		return value ? strtoll(value + 1, NULL, 10) : 0;
	}
	return 0;
}

void
machine_read_metrics(struct machine *m, struct span text)
{
	m->last_success_s = find(text, SUCCESS);
	m->last_finish_s = find(text, FINISH);
}
