#include "show/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

#define MIN_SPAN_MS 1000 /* a shorter time gives no rate worth saying */
#define MAX_DIGITS 18	 /* of a number in a record; more are none of ours */

void
report_init(struct report *r, int64_t now_ms)
{
	*r = (struct report){.now_ms = now_ms,
			     .first_sent_ms = -1,
			     .last_sent_ms = -1,
			     .first_finished_ms = -1,
			     .last_finished_ms = -1};
}

void
report_fini(struct report *r)
{
	free(r->files);
	minutes_free(&r->minutes);
	failures_free(&r->failures);
}

void
report_file(struct report *r, const char *path)
{
	r->files = mem_resize(r->files, r->n_files + 1, sizeof *r->files);
	r->files[r->n_files++] = (struct report_file){.path = path};
}

void
report_file_end(struct report *r, const struct scan_news *news)
{
	r->files[r->n_files - 1].news = *news;
}

void
report_end(struct report *r)
{
	failures_sort(&r->failures);
}

/* A number as lade writes it; -1: it is none. */
static int64_t
number(struct span s)
{
	int64_t value = 0;
	size_t i;

	if (s.n == 0 || s.n > MAX_DIGITS)
		return -1;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		value = value * 10 + (s.p[i] - '0');
	}
	return value;
}

static void
widen(int64_t *first, int64_t *last, int64_t at)
{
	if (at < 0)
		return;
	if (*first < 0 || at < *first)
		*first = at;
	if (at > *last)
		*last = at;
}

static void
add_times(struct report *r, const struct scan_record *record, int64_t attempts)
{
	static const int kinds[REPORT_STATUSES] = {
		[RECORD_UPLOADED] = TIMELINE_UPLOADED,
		[RECORD_DUPLICATE] = -1,
		[RECORD_FAILED] = TIMELINE_FAILED,
		[RECORD_IN_DOUBT] = TIMELINE_IN_DOUBT,
		[RECORD_INVALID] = -1,
		[RECORD_STATUSES] = -1,
	};
	int64_t sent = clock_read_stamp(record->value[COLUMN_SENT_AT]);
	int64_t finished = clock_read_stamp(record->value[COLUMN_FINISHED_AT]);
	int64_t duration = number(record->value[COLUMN_DURATION_MS]);

	widen(&r->first_sent_ms, &r->last_sent_ms, sent);
	if (duration >= 0)
		histogram_add(&r->latency, duration);
	if (finished < 0 || kinds[record->status] < 0)
		return;
	widen(&r->first_finished_ms, &r->last_finished_ms, finished);
	r->finished++;
	minutes_add(&r->minutes, finished);
	timeline_add(&r->timeline, finished, (enum timeline_kind)kinds[record->status], 1);
	if (attempts > 1)
		timeline_add(&r->timeline, finished, TIMELINE_RESENT, attempts - 1);
}

static enum report_age
age_of(int64_t finished_ms, int64_t now_ms)
{
	static const int64_t under_s[] = {600, 3600, 6 * 3600, 86400, 7 * 86400};
	int a = 0;

	if (finished_ms < 0)
		return AGE_UNKNOWN;
	while (a < AGE_OLDER && now_ms - finished_ms >= under_s[a] * 1000)
		a++;
	return (enum report_age)a;
}

static void
add_review(struct report *r, const struct scan_record *record)
{
	struct span word = record->value[COLUMN_REVIEW_STATUS];
	enum report_review v = REPORT_OTHER;
	enum report_age age;

	if (word.n == 0)
		v = REPORT_NOT_ASKED;
	else if (span_is(word, "Active"))
		v = REPORT_ACTIVE;
	else if (span_is(word, "Failed"))
		v = REPORT_FAILED;
	else if (span_is(word, "Processing"))
		v = REPORT_PROCESSING;
	r->files[r->n_files - 1].rejected_in_review += v == REPORT_FAILED;
	if (record->status != RECORD_UPLOADED)
		return;
	r->review[v]++;
	if (v != REPORT_PROCESSING && v != REPORT_NOT_ASKED)
		return;
	age = age_of(clock_read_stamp(record->value[COLUMN_FINISHED_AT]), r->now_ms);
	r->age[age][v == REPORT_NOT_ASKED]++;
}

static void
add_failure(struct report *r, const struct scan_record *record)
{
	struct failure f = {
		.class_word = record->value[COLUMN_ERROR_CLASS],
		.code = record->value[COLUMN_CODE],
		.message = record->value[COLUMN_MESSAGE],
		.url = record->url,
		.manifest = record->value[COLUMN_MANIFEST],
		.manifest_line = number(record->value[COLUMN_LINE]),
		.place = {r->n_files - 1, record->line},
	};

	if (f.class_word.n == 0) /* a person wrote the status */
		f.class_word = span_of(report_status_word(record->status));
	if (f.manifest_line < 0)
		f.manifest_line = 0;
	failures_add(&r->failures, &f);
}

void
report_add(struct report *r, const struct scan_record *record)
{
	struct report_file *file = &r->files[r->n_files - 1];
	int64_t attempts = number(record->value[COLUMN_ATTEMPTS]);

	if (attempts > LIMIT_ATTEMPTS)
		attempts = -1;
	r->records++;
	file->records++;
	r->status[record->status]++;
	file->status[record->status]++;
	if (attempts > 0) {
		r->requests += attempts;
		r->sent++;
		r->resent += attempts > 1;
		if (attempts > r->most_attempts)
			r->most_attempts = attempts;
	}
	add_times(r, record, attempts);
	if (record->status == RECORD_UPLOADED || record->status == RECORD_DUPLICATE)
		add_review(r, record);
	else if (record->status != RECORD_STATUSES)
		add_failure(r, record);
}

/* ---- words ---- */

const char *
report_status_word(unsigned status)
{
	return status < RECORD_STATUSES ? record_status_word((enum record_status)status)
					: "to_upload";
}

const char *
report_status_name(unsigned status)
{
	return status == RECORD_IN_DOUBT   ? "in doubt"
	       : status == RECORD_STATUSES ? "to be uploaded"
					   : report_status_word(status);
}

const char *
report_review_word(enum report_review v)
{
	static const char *const words[REVIEWS] = {"active", "failed", "processing", "not_asked",
						   "other"};

	return words[v];
}

const char *
report_review_name(enum report_review v)
{
	static const char *const names[REVIEWS] = {"Active", "Failed", "Processing",
						   "not asked yet", "something else"};

	return names[v];
}

const char *
report_age_word(enum report_age a)
{
	static const char *const words[AGES] = {"under_10_min", "under_1_h",	"under_6_h",
						"under_1_day",	"under_7_days", "older",
						"unknown"};

	return words[a];
}

const char *
report_age_name(enum report_age a)
{
	static const char *const names[AGES] = {
		"under 10 minutes", "under an hour",	"under 6 hours", "under a day",
		"under a week",	    "a week and older", "unknown"};

	return names[a];
}

/* ---- what follows from the counts ---- */

int64_t
report_span_ms(const struct report *r)
{
	if (r->last_finished_ms < 0)
		return -1;
	if (r->first_sent_ms < 0 || r->first_sent_ms > r->last_finished_ms)
		return r->last_finished_ms - r->first_finished_ms;
	return r->last_finished_ms - r->first_sent_ms;
}

/* Whether the minutes say it better than the timeline's intervals, which are longer. */
static bool
by_minutes(const struct report *r)
{
	return timeline_width_s(&r->timeline) > 60 && !r->minutes.overflowed;
}

int64_t
report_peak_width_s(const struct report *r)
{
	return by_minutes(r) ? 60 : timeline_width_s(&r->timeline);
}

double
report_rows_per_min(const struct report *r)
{
	int64_t span_ms = report_span_ms(r), busy_ms;

	if (r->finished == 0)
		return 0;
	busy_ms = (by_minutes(r) ? r->minutes.busy : timeline_busy(&r->timeline)) *
		  report_peak_width_s(r) * 1000;
	if (busy_ms < span_ms)
		span_ms = busy_ms;
	if (span_ms < MIN_SPAN_MS)
		span_ms = MIN_SPAN_MS;
	return (double)r->finished * 60000 / (double)span_ms;
}

double
report_peak_per_min(const struct report *r)
{
	int64_t most = 0, rows;
	unsigned i;

	if (by_minutes(r))
		return (double)r->minutes.most;
	for (i = 0; i < r->timeline.n; i++) {
		rows = timeline_rows(&r->timeline, i);
		if (rows > most)
			most = rows;
	}
	return (double)most * 60 / (double)timeline_width_s(&r->timeline);
}

/* ---- what to run next ---- */

enum next { NEXT_RETRY, NEXT_RESEND, NEXT_REVIEW_FAILED, NEXTS };

static bool
file_wants(const struct report_file *f, enum next n)
{
	switch (n) {
	case NEXT_RETRY:
		return f->status[RECORD_FAILED] + f->status[RECORD_INVALID] > 0;
	case NEXT_RESEND:
		return f->status[RECORD_IN_DOUBT] > 0;
	default:
		return f->rejected_in_review > 0;
	}
}

/* The i-th thing to do, of those that there are; NEXTS: there are fewer. */
static enum next
next_of(const struct report *r, unsigned i)
{
	unsigned f;
	int n;

	for (n = 0; n < NEXTS; n++) {
		for (f = 0; f < r->n_files && !file_wants(&r->files[f], (enum next)n); f++)
			;
		if (f < r->n_files && i-- == 0)
			break;
	}
	return (enum next)n;
}

unsigned
report_next(const struct report *r)
{
	unsigned n = 0;

	while (next_of(r, n) != NEXTS)
		n++;
	return n;
}

const char *
report_next_reason(const struct report *r, unsigned i)
{
	static const char *const reasons[NEXTS] = {
		"to re-run what failed and check again what is invalid",
		"in doubt means perhaps uploaded: settle it in the file, or send it again",
		"to upload again what the review rejected",
	};

	return reasons[next_of(r, i)];
}

/* A file's name as a shell takes it; one that cannot be shown as it is, is escaped. */
static void
add_quoted(struct buf *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./-+=:@,%";
	struct buf shown = {0};
	const char *p;

	text_escape(&shown, span_of(path), 0);
	if (shown.len == 0 || shown.data[strspn(shown.data, plain)] == '\0') {
		buf_add_span(out, buf_span(&shown));
	} else {
		buf_add_char(out, '\'');
		for (p = shown.data; *p; p++)
			if (*p == '\'')
				buf_add_str(out, "'\\''");
			else
				buf_add_char(out, *p);
		buf_add_char(out, '\'');
	}
	buf_free(&shown);
}

void
report_next_command(const struct report *r, unsigned i, struct buf *out)
{
	static const char *const commands[NEXTS] = {"lade retry", "lade retry --in-doubt resend",
						    "lade retry --only review_failed"};
	enum next n = next_of(r, i);
	unsigned f;

	buf_add_str(out, commands[n]);
	for (f = 0; f < r->n_files; f++) {
		if (!file_wants(&r->files[f], n))
			continue;
		buf_add_char(out, ' ');
		add_quoted(out, r->files[f].path);
	}
}

void
report_show_rate(struct buf *out, double per_min)
{
	if (per_min < 10)
		buf_printf(out, "%.1f", per_min);
	else
		units_show_count(out, (int64_t)(per_min + 0.5));
}
