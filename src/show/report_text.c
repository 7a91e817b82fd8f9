/*
 * The report as a text for a terminal: what a person asks first comes first.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "show/report.h"

#define KINDS_SHOWN 20	 /* kinds of failure */
#define EXAMPLES_SHOWN 3 /* records of each */

static void
add_count(struct buf *out, int64_t n, const char *one, const char *many)
{
	units_show_count(out, n);
	buf_printf(out, " %s", n == 1 ? one : many);
}

/* ", 3 failed" and so on, of what there is. */
static void
add_statuses(struct buf *out, const int64_t *status)
{
	const char *between = "";
	unsigned s;

	for (s = 0; s < REPORT_STATUSES; s++) {
		if (status[s] == 0)
			continue;
		buf_add_str(out, between);
		units_show_count(out, status[s]);
		buf_printf(out, " %s", report_status_name(s));
		between = ", ";
	}
}

static void
add_records(struct buf *out, int64_t records, const int64_t *status)
{
	add_count(out, records, "record", "records");
	if (records > 0)
		buf_add_str(out, ": ");
	add_statuses(out, status);
	buf_add_char(out, '\n');
}

static void
add_files(const struct report *r, struct buf *out)
{
	unsigned i;

	if (r->n_files < 2)
		return;
	for (i = 0; i < r->n_files; i++) {
		buf_add_str(out, "  ");
		text_escape(out, span_of(r->files[i].path), 0);
		buf_add_str(out, ": ");
		add_records(out, r->files[i].records, r->files[i].status);
	}
}

static void
add_place(const struct report *r, struct buf *out, struct failure_place place)
{
	text_place(out, r->files[place.file].path, place.line, 0);
}

static void
add_kind(const struct report *r, struct buf *out, const struct failure_kind *k)
{
	unsigned i, shown = k->n_examples < EXAMPLES_SHOWN ? k->n_examples : EXAMPLES_SHOWN;

	buf_add_str(out, "  ");
	units_show_count(out, k->count);
	buf_printf(out, " x %s", k->class_word);
	if (k->code[0])
		buf_printf(out, ", code %s", k->code);
	if (!k->message)
		buf_add_str(out, ": various messages");
	else if (k->message[0])
		buf_printf(out, ": %s", k->message);
	buf_add_char(out, '\n');
	for (i = 0; i < shown; i++) {
		buf_add_str(out, "      ");
		add_place(r, out, k->examples[i].place);
		buf_printf(out, "  %s\n", k->examples[i].url);
	}
	if (k->count > shown) {
		buf_add_str(out, "      and ");
		units_show_count(out, k->count - shown);
		buf_add_str(out, " more\n");
	}
}

static void
add_failures(const struct report *r, struct buf *out)
{
	const struct failures *all = &r->failures;
	int64_t left = all->others;
	unsigned i;

	if (all->count == 0)
		return;
	buf_add_str(out, "failures:\n");
	for (i = 0; i < all->n; i++) {
		if (i < KINDS_SHOWN)
			add_kind(r, out, all->kinds[i]);
		else
			left += all->kinds[i]->count;
	}
	if (left > 0) {
		buf_add_str(out, "  ");
		units_show_count(out, left);
		buf_add_str(out, " of other kinds\n");
	}
}

static void
add_stamp(struct buf *out, int64_t wall_ms)
{
	char stamp[CLOCK_STAMP_BYTES];

	clock_stamp(wall_ms, stamp);
	buf_add_str(out, stamp);
}

static void
add_pace(const struct report *r, struct buf *out)
{
	double rate = report_rows_per_min(r), peak = report_peak_per_min(r);
	int64_t width_s = report_peak_width_s(r);

	if (r->first_sent_ms >= 0) {
		buf_add_str(out, "first sending ");
		add_stamp(out, r->first_sent_ms);
		buf_add_str(out, ", last ");
		add_stamp(out, r->last_sent_ms);
		buf_add_char(out, '\n');
	}
	if (r->finished > 0) {
		buf_add_str(out, "rows per minute: ");
		report_show_rate(out, rate);
		buf_add_str(out, "; ");
		report_show_rate(out, peak);
		buf_add_str(out, " in the best ");
		if (width_s == 1)
			buf_add_str(out, "second\n");
		else
			buf_printf(out, "%lld seconds\n", (long long)width_s);
	}
}

static void
add_latency(const struct report *r, struct buf *out)
{
	const struct histogram *h = &r->latency;

	if (h->count == 0)
		return;
	buf_add_str(out, "latency in ms: p50 ");
	units_show_count(out, histogram_percentile(h, 0.50));
	buf_add_str(out, ", p95 ");
	units_show_count(out, histogram_percentile(h, 0.95));
	buf_add_str(out, ", p99 ");
	units_show_count(out, histogram_percentile(h, 0.99));
	buf_add_str(out, ", max ");
	units_show_count(out, h->high);
	buf_add_str(out, " (last attempt of ");
	add_count(out, h->count, "row", "rows");
	buf_add_str(out, ")\n");
}

static void
add_requests(const struct report *r, struct buf *out)
{
	if (r->requests == 0)
		return;
	add_count(out, r->requests, "request", "requests");
	buf_add_str(out, " for ");
	add_count(out, r->sent, "row", "rows");
	if (r->resent > 0) {
		buf_add_str(out, "; ");
		units_show_count(out, r->resent);
		buf_add_str(out, " sent more than once, ");
		units_show_count(out, r->most_attempts);
		buf_add_str(out, " times at most");
	}
	buf_add_char(out, '\n');
}

static void
add_review(const struct report *r, struct buf *out)
{
	const char *between = "review: ";
	int v;

	if (r->status[RECORD_UPLOADED] == 0)
		return;
	for (v = 0; v < REVIEWS; v++) {
		if (r->review[v] == 0)
			continue;
		buf_add_str(out, between);
		units_show_count(out, r->review[v]);
		buf_printf(out, " %s", report_review_name((enum report_review)v));
		between = ", ";
	}
	buf_add_char(out, '\n');
}

static void
add_next(const struct report *r, struct buf *out)
{
	unsigned i, n = report_next(r);

	for (i = 0; i < n; i++) {
		buf_printf(out, "%s:\n  ", report_next_reason(r, i));
		report_next_command(r, i, out);
		buf_add_char(out, '\n');
	}
}

void
report_text(const struct report *r, struct buf *out)
{
	if (r->n_files == 1) {
		text_escape(out, span_of(r->files[0].path), 0);
		buf_add_str(out, ": ");
	} else {
		add_count(out, r->n_files, "file, ", "files, ");
	}
	add_records(out, r->records, r->status);
	add_files(r, out);
	add_failures(r, out);
	add_requests(r, out);
	add_latency(r, out);
	add_pace(r, out);
	add_review(r, out);
	add_next(r, out);
}
