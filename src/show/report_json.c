/*
 * The report as one JSON object. Its members are a promise: lade(1) lists them all, and a test
 * compares. Members are never left out: what is unknown is null, what there is none of is 0 or [].
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/text.h"
#include "show/report.h"

#define KINDS_SHOWN 200 /* kinds of failure: bounds the object */

struct writer {
	yajl_gen gen;
};

static void
key(struct writer *w, const char *name)
{
	yajl_gen_string(w->gen, (const unsigned char *)name, strlen(name));
}

static void
text(struct writer *w, const char *name, const char *value)
{
	key(w, name);
	if (value)
		yajl_gen_string(w->gen, (const unsigned char *)value, strlen(value));
	else
		yajl_gen_null(w->gen);
}

/* Of a text that is no UTF-8 (a file's name can be anything) the bytes are escaped. */
static void
path(struct writer *w, const char *name, const char *value)
{
	struct buf shown = {0};

	text_escape(&shown, span_of(value), 0);
	text(w, name, shown.data ? shown.data : "");
	buf_free(&shown);
}

static void
number(struct writer *w, const char *name, int64_t value)
{
	key(w, name);
	yajl_gen_integer(w->gen, value);
}

/* null where there is none. */
static void
number_if(struct writer *w, const char *name, bool there, int64_t value)
{
	key(w, name);
	if (there)
		yajl_gen_integer(w->gen, value);
	else
		yajl_gen_null(w->gen);
}

static void
tenths(struct writer *w, const char *name, double value)
{
	char digits[32];
	int n = snprintf(digits, sizeof digits, "%.1f", value);

	key(w, name);
	yajl_gen_number(w->gen, digits, (size_t)n);
}

static void
stamp(struct writer *w, const char *name, int64_t wall_ms)
{
	char out[CLOCK_STAMP_BYTES];

	if (wall_ms >= 0)
		clock_stamp(wall_ms, out);
	text(w, name, wall_ms >= 0 ? out : NULL);
}

static void
open_object(struct writer *w, const char *name)
{
	if (name)
		key(w, name);
	yajl_gen_map_open(w->gen);
}

static void
close_object(struct writer *w)
{
	yajl_gen_map_close(w->gen);
}

static void
open_array(struct writer *w, const char *name)
{
	key(w, name);
	yajl_gen_array_open(w->gen);
}

static void
close_array(struct writer *w)
{
	yajl_gen_array_close(w->gen);
}

static void
statuses(struct writer *w, const int64_t *status)
{
	unsigned s;

	for (s = 0; s < REPORT_STATUSES; s++)
		number(w, report_status_word(s), status[s]);
}

static void
files(struct writer *w, const struct report *r)
{
	unsigned i;

	open_array(w, "files");
	for (i = 0; i < r->n_files; i++) {
		const struct report_file *f = &r->files[i];

		open_object(w, NULL);
		path(w, "path", f->path);
		number(w, "records", f->records);
		statuses(w, f->status);
		key(w, "settled");
		yajl_gen_bool(w->gen, f->news.journal == SCAN_SETTLED);
		number(w, "in_flight", f->news.in_flight);
		number(w, "superseded", f->news.superseded);
		number(w, "torn_bytes", f->news.torn_bytes);
		close_object(w);
	}
	close_array(w);
}

static void
examples(struct writer *w, const struct report *r, const struct failure_kind *k)
{
	unsigned i;

	open_array(w, "examples");
	for (i = 0; i < k->n_examples; i++) {
		const struct failure_example *e = &k->examples[i];

		open_object(w, NULL);
		path(w, "file", r->files[e->place.file].path);
		number(w, "line", e->place.line);
		text(w, "url", e->url);
		text(w, "manifest", e->manifest);
		number_if(w, "manifest_line", e->manifest_line > 0, e->manifest_line);
		close_object(w);
	}
	close_array(w);
}

static void
failures(struct writer *w, const struct report *r)
{
	const struct failures *all = &r->failures;
	int64_t left = all->others;
	unsigned i;

	open_array(w, "failures");
	for (i = 0; i < all->n; i++) {
		const struct failure_kind *k = all->kinds[i];

		if (i >= KINDS_SHOWN) {
			left += k->count;
			continue;
		}
		open_object(w, NULL);
		text(w, "class", k->class_word);
		text(w, "code", k->code);
		text(w, "message", k->message);
		number(w, "count", k->count);
		examples(w, r, k);
		close_object(w);
	}
	close_array(w);
	number(w, "failures_of_other_kinds", left);
}

static void
latency(struct writer *w, const struct histogram *h)
{
	bool any = h->count > 0;

	open_object(w, "latency_ms");
	number(w, "count", h->count);
	number_if(w, "min", any, h->low);
	number_if(w, "p50", any, histogram_percentile(h, 0.50));
	number_if(w, "p95", any, histogram_percentile(h, 0.95));
	number_if(w, "p99", any, histogram_percentile(h, 0.99));
	number_if(w, "max", any, h->high);
	close_object(w);
}

static void
review(struct writer *w, const struct report *r)
{
	int i;

	open_object(w, "review");
	for (i = 0; i < REVIEWS; i++)
		number(w, report_review_word((enum report_review)i), r->review[i]);
	close_object(w);
	open_array(w, "in_review");
	for (i = 0; i < AGES; i++) {
		open_object(w, NULL);
		text(w, "age", report_age_word((enum report_age)i));
		number(w, "processing", r->age[i][0]);
		number(w, "not_asked", r->age[i][1]);
		close_object(w);
	}
	close_array(w);
}

static void
timeline(struct writer *w, const struct timeline *t)
{
	unsigned i;

	number(w, "interval_s", timeline_width_s(t));
	open_array(w, "timeline");
	for (i = 0; i < t->n; i++) {
		open_object(w, NULL);
		stamp(w, "at", timeline_at_ms(t, i));
		number(w, "uploaded", t->count[i][TIMELINE_UPLOADED]);
		number(w, "failed", t->count[i][TIMELINE_FAILED]);
		number(w, "in_doubt", t->count[i][TIMELINE_IN_DOUBT]);
		number(w, "resent", t->count[i][TIMELINE_RESENT]);
		close_object(w);
	}
	close_array(w);
}

static void
next(struct writer *w, const struct report *r)
{
	unsigned i, n = report_next(r);
	struct buf command = {0};

	open_array(w, "next");
	for (i = 0; i < n; i++) {
		buf_clear(&command);
		report_next_command(r, i, &command);
		open_object(w, NULL);
		text(w, "why", report_next_reason(r, i));
		text(w, "command", command.data);
		close_object(w);
	}
	close_array(w);
	buf_free(&command);
}

void
report_json(const struct report *r, struct buf *out)
{
	struct writer w = {.gen = json_gen_new(out)};

	yajl_gen_config(w.gen, yajl_gen_beautify, 1);
	yajl_gen_config(w.gen, yajl_gen_indent_string, "  ");
	open_object(&w, NULL);
	number(&w, "records", r->records);
	open_object(&w, "status");
	statuses(&w, r->status);
	close_object(&w);
	files(&w, r);
	failures(&w, r);
	open_object(&w, "attempts");
	number(&w, "requests", r->requests);
	number(&w, "rows", r->sent);
	number(&w, "rows_resent", r->resent);
	number(&w, "most", r->most_attempts);
	close_object(&w);
	latency(&w, &r->latency);
	stamp(&w, "first_sent_at", r->first_sent_ms);
	stamp(&w, "last_sent_at", r->last_sent_ms);
	stamp(&w, "last_finished_at", r->last_finished_ms);
	tenths(&w, "rows_per_minute", report_rows_per_min(r));
	tenths(&w, "rows_per_minute_peak", report_peak_per_min(r));
	timeline(&w, &r->timeline);
	review(&w, r);
	next(&w, r);
	close_object(&w);
	yajl_gen_free(w.gen);
}
