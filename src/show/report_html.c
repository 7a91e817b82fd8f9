/*
 * The report as one page that needs nothing but itself: no script, no font, no picture from
 * elsewhere, and a policy in its head that forbids them. Every text that is not ours is escaped
 * twice: for people (base/text.h), then for HTML.
 *
 * The page is bounded whatever the records say: plots have at most TIMELINE_MAX bars, lists have
 * caps, and failures are listed only while the page is small (page_failures.c); what is left out is
 * said.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "show/page.h"
#include "show/plot.h"
#include "show/report.h"
#include "version.h"

#define FILES_SHOWN 200
#define MANY_DAYS INT64_C(3) /* from here on hours do not matter */
#define COMMAND_BYTES 1000   /* of a command that is shown */

/* ---- parts ---- */

static void
add_percent(struct buf *out, int64_t part, int64_t whole)
{
	double share = whole > 0 ? 100.0 * (double)part / (double)whole : 0;

	if (part > 0 && share < 0.1)
		buf_add_str(out, "under 0.1 %");
	else if (part < whole && share > 99.9)
		buf_add_str(out, "over 99.9 %");
	else
		buf_printf(out, "%.*f %%", part == whole || part == 0 ? 0 : 1, share);
}

/* ---- head ---- */

static void
add_head(const struct report *r, struct buf *out)
{
	buf_add_str(out,
		    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\"/>\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		    "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>");
	if (r->n_files == 1)
		page_path(out, r->files[0].path);
	else
		buf_printf(out, "%u results files", r->n_files);
	buf_add_str(out, " – lade report</title>\n<style>\n");
	buf_add_str(out, page_style);
	buf_add_str(out, "</style>\n</head>\n<body>\n<main>\n");
}

/* What is to be said above all: how much of it is there. */
static void
add_headline(const struct report *r, struct buf *out)
{
	int64_t there = r->status[RECORD_UPLOADED] + r->status[RECORD_DUPLICATE];

	buf_add_str(out, "<h1>");
	if (r->records == 0) {
		buf_add_str(out, "No records yet");
	} else if (there == r->records) {
		buf_add_str(out, r->records == 1 ? "The row has its asset" : "All ");
		if (r->records > 1)
			page_count(out, r->records, "", "rows have their asset");
	} else if (there == 0) {
		buf_add_str(out, r->records == 1 ? "The row has no asset" : "None of ");
		if (r->records > 1)
			page_count(out, r->records, "", "rows has an asset");
	} else {
		add_percent(out, there, r->records);
		buf_add_str(out, " of ");
		page_count(out, r->records, "row has its", "rows have their");
		buf_add_str(out, " asset");
	}
	buf_add_str(out, "</h1>\n");
}

static void
add_header(const struct report *r, struct buf *out)
{
	int64_t span_ms = report_span_ms(r);

	buf_add_str(out, "<header>\n<p class=\"name\">");
	if (r->n_files == 1)
		page_path(out, r->files[0].path);
	else
		buf_printf(out, "%u results files", r->n_files);
	buf_add_str(out, "</p>\n");
	add_headline(r, out);
	if (r->first_sent_ms >= 0) {
		buf_add_str(out, "<p class=\"when\">First sent ");
		page_time(out, r->first_sent_ms);
		if (r->last_finished_ms >= 0) {
			buf_add_str(out, ", last answer ");
			page_time(out, r->last_finished_ms);
		}
		buf_add_str(out, " UTC");
		if (span_ms >= 0) {
			buf_add_str(out, " (");
			if (span_ms < MANY_DAYS * 86400000)
				units_show_ms(out, span_ms);
			else
				page_count(out, span_ms / 86400000, "day", "days");
			buf_add_char(out, ')');
		}
		buf_add_str(out, "</p>\n");
	}
	buf_add_str(out, "</header>\n");
}

static void
add_outcome(const struct report *r, struct buf *out)
{
	unsigned s;

	plot_outcome(out, r->status);
	buf_add_str(out, "<dl class=\"legend\">\n");
	for (s = 0; s < REPORT_STATUSES; s++) {
		if (r->status[s] == 0)
			continue;
		buf_printf(out, "<div><i class=\"%s\"></i><dt>%s</dt><dd>", report_status_word(s),
			   report_status_name(s));
		units_show_count(out, r->status[s]);
		buf_add_str(out, " <small>");
		add_percent(out, r->status[s], r->records);
		buf_add_str(out, "</small></dd></div>\n");
	}
	buf_add_str(out, "</dl>\n");
}

static void
open_figure(struct buf *out, const char *name)
{
	buf_printf(out, "<div><dt>%s</dt><dd>", name);
}

static void
more_of_figure(struct buf *out)
{
	buf_add_str(out, "</dd><dd class=\"more\">");
}

static void
close_figure(struct buf *out)
{
	buf_add_str(out, "</dd></div>\n");
}

static void
add_latency_figures(const struct report *r, struct buf *out)
{
	static const char *const names[] = {"Latency p50", "p95", "p99"};
	static const double shares[] = {0.50, 0.95, 0.99};
	int i;

	for (i = 0; i < 3 && r->latency.count > 0; i++) {
		open_figure(out, names[i]);
		units_show_count(out, histogram_percentile(&r->latency, shares[i]));
		buf_add_str(out, " ms");
		if (i == 2) {
			more_of_figure(out);
			buf_add_str(out, "at most ");
			units_show_count(out, r->latency.high);
			buf_add_str(out, " ms");
		}
		close_figure(out);
	}
}

static void
add_figures(const struct report *r, struct buf *out)
{
	if (r->finished == 0 && r->requests == 0)
		return;
	buf_add_str(out, "<dl class=\"figures\">\n");
	if (r->finished > 0) {
		open_figure(out, "Rows per minute");
		report_show_rate(out, report_rows_per_min(r));
		more_of_figure(out);
		buf_add_str(out, "at most ");
		report_show_rate(out, report_peak_per_min(r));
		close_figure(out);
	}
	add_latency_figures(r, out);
	if (r->requests > 0) {
		open_figure(out, "Requests");
		units_show_count(out, r->requests);
		more_of_figure(out);
		buf_add_str(out, "for ");
		page_count(out, r->sent, "row", "rows");
		close_figure(out);
		open_figure(out, "Sent again");
		page_count(out, r->resent, "row", "rows");
		if (r->resent > 0) {
			more_of_figure(out);
			page_count(out, r->most_attempts, "time", "times");
			buf_add_str(out, " at most");
		}
		close_figure(out);
	}
	buf_add_str(out, "</dl>\n");
}

static void
add_next(const struct report *r, struct buf *out)
{
	unsigned i, n = report_next(r);
	struct buf command = {0};

	if (n == 0)
		return;
	buf_add_str(out, "<div class=\"next\">\n");
	for (i = 0; i < n; i++) {
		buf_clear(&command);
		report_next_command(r, i, &command);
		if (command.len > COMMAND_BYTES) { /* hundreds of files: cut before a name */
			command.data[COMMAND_BYTES] = '\0';
			command.len = (size_t)(strrchr(command.data, ' ') - command.data);
			buf_add_str(&command, " …");
		}
		buf_printf(out, "<p>%c%s:</p>\n<pre>", report_next_reason(r, i)[0] - 'a' + 'A',
			   report_next_reason(r, i) + 1);
		page_text(out, command.data);
		buf_add_str(out, "</pre>\n");
	}
	buf_add_str(out, "</div>\n");
	buf_free(&command);
}

/* ---- plots ---- */

static const int widths[] = {350, 600,
			     900}; /* phone, paper and tablet, desktop: the style has them */

#define WIDTHS (sizeof widths / sizeof *widths)

static void
add_interval(const struct report *r, struct buf *out)
{
	int64_t width_s = timeline_width_s(&r->timeline);

	if (width_s >= 86400)
		page_count(out, width_s / 86400, "day", "days");
	else if (width_s >= 3600)
		page_count(out, width_s / 3600, "hour", "hours");
	else if (width_s >= 60)
		page_count(out, width_s / 60, "minute", "minutes");
	else
		page_count(out, width_s, "second", "seconds");
}

static int64_t
total(const struct timeline *t, enum timeline_kind kind)
{
	int64_t sum = 0;
	unsigned i;

	for (i = 0; i < t->n; i++)
		sum += t->count[i][kind];
	return sum;
}

static void
add_colour(struct buf *out, const char *class, const char *name)
{
	buf_printf(out, "<span><i class=\"%s\"></i>%s</span>", class, name);
}

/* The colours of a plot, of what there is. */
static void
add_key(struct buf *out, const struct timeline *t)
{
	if (total(t, TIMELINE_FAILED) > 0)
		add_colour(out, "failed", "failed");
	if (total(t, TIMELINE_IN_DOUBT) > 0)
		add_colour(out, "in_doubt", "in doubt");
}

static void
add_pace(const struct report *r, struct buf *out)
{
	const struct timeline *t = &r->timeline;
	int64_t unit_s;
	size_t i;

	if (r->finished == 0)
		return;
	buf_printf(out,
		   "<section>\n<h2>Rows per %s</h2>\n<p class=\"about\">By the time of their final "
		   "answer, UTC; a bar stands for ",
		   plot_unit(t, &unit_s));
	add_interval(r, out);
	buf_add_str(out, ".</p>\n<figure>\n");
	buf_add_str(out, "<figcaption class=\"key\">");
	if (total(t, TIMELINE_UPLOADED) > 0)
		add_colour(out, "uploaded", "uploaded");
	add_key(out, t);
	buf_add_str(out, "</figcaption>\n");
	for (i = 0; i < WIDTHS; i++)
		plot_pace(out, t, widths[i]);
	buf_add_str(out, "</figure>\n");
	if (total(t, TIMELINE_FAILED) + total(t, TIMELINE_IN_DOUBT) + total(t, TIMELINE_RESENT) >
	    0) {
		buf_printf(out,
			   "<figure>\n<figcaption class=\"key\"><span>Failures and requests sent "
			   "again per %s:</span>",
			   plot_unit(t, &unit_s));
		add_key(out, t);
		if (total(t, TIMELINE_RESENT) > 0)
			add_colour(out, "resent", "sent again (downwards)");
		buf_add_str(out, "</figcaption>\n");
		for (i = 0; i < WIDTHS; i++)
			plot_trouble(out, t, widths[i]);
		buf_add_str(out, "</figure>\n");
	} else {
		buf_add_str(out,
			    "<p class=\"about\">Nothing failed, and nothing was sent twice.</p>\n");
	}
	buf_add_str(out, "</section>\n");
}

static void
add_latency(const struct report *r, struct buf *out)
{
	size_t i;

	if (r->latency.count == 0)
		return;
	buf_add_str(
		out,
		"<section>\n<h2>Latency</h2>\n<p class=\"about\">Rows by the time from sending to "
		"answer of their last attempt, on a logarithmic scale.</p>\n<figure>\n");
	for (i = 0; i < WIDTHS; i++)
		plot_latency(out, &r->latency, widths[i]);
	buf_add_str(out, "</figure>\n</section>\n");
}

/* ---- review and files ---- */

static void
add_ages(const struct report *r, struct buf *out)
{
	int64_t most = 1, n;
	int a;

	for (a = 0; a < AGES; a++)
		if (r->age[a][0] + r->age[a][1] > most)
			most = r->age[a][0] + r->age[a][1];
	buf_add_str(out, "<table class=\"ages\">\n<thead><tr><th scope=\"col\">uploaded</th>"
			 "<th scope=\"col\" class=\"n\"><i "
			 "class=\"uploaded\"></i>Processing</th><th scope=\"col\" "
			 "class=\"n\"><i class=\"duplicate\"></i>not asked"
			 "</th><th></th></tr></thead>\n<tbody>\n");
	for (a = 0; a < AGES; a++) {
		n = r->age[a][0] + r->age[a][1];
		if (n == 0 && a == AGE_UNKNOWN)
			continue;
		buf_printf(out, "<tr><td>%s%s</td><td class=\"n\">",
			   report_age_name((enum report_age)a),
			   a < AGE_UNKNOWN && a != AGE_OLDER ? " ago" : "");
		units_show_count(out, r->age[a][0]);
		buf_add_str(out, "</td><td class=\"n\">");
		units_show_count(out, r->age[a][1]);
		buf_printf(out,
			   "</td><td class=\"bar\"><svg viewBox=\"0 0 100 10\" "
			   "preserveAspectRatio=\"none\" "
			   "aria-hidden=\"true\"><rect class=\"uploaded\" width=\"%.2f\" "
			   "height=\"10\"/>"
			   "<rect class=\"duplicate\" x=\"%.2f\" width=\"%.2f\" "
			   "height=\"10\"/></svg></td>"
			   "</tr>\n",
			   100.0 * (double)r->age[a][0] / (double)most,
			   100.0 * (double)r->age[a][0] / (double)most,
			   100.0 * (double)r->age[a][1] / (double)most);
	}
	buf_add_str(out, "</tbody>\n</table>\n");
}

static void
add_review(const struct report *r, struct buf *out)
{
	const char *between = "";
	int v;

	if (r->status[RECORD_UPLOADED] == 0)
		return;
	buf_add_str(out, "<section>\n<h2>Review</h2>\n<p class=\"about\">As last asked: ");
	for (v = 0; v < REVIEWS; v++) {
		if (r->review[v] == 0)
			continue;
		buf_add_str(out, between);
		units_show_count(out, r->review[v]);
		buf_printf(out, " %s", report_review_name((enum report_review)v));
		between = ", ";
	}
	buf_add_str(out, ".</p>\n");
	if (r->review[REPORT_PROCESSING] + r->review[REPORT_NOT_ASKED] > 0)
		add_ages(r, out);
	buf_add_str(out, "</section>\n");
}

static void
add_files(const struct report *r, struct buf *out)
{
	unsigned i, s;

	if (r->n_files < 2)
		return;
	buf_add_str(
		out,
		"<section>\n<h2>Files</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
		"<th scope=\"col\">results file</th><th scope=\"col\" class=\"n\">records</th>");
	for (s = 0; s < REPORT_STATUSES; s++)
		if (r->status[s] > 0)
			buf_printf(out, "<th scope=\"col\" class=\"n\">%s</th>",
				   report_status_name(s));
	buf_add_str(out, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < r->n_files && i < FILES_SHOWN; i++) {
		buf_add_str(out, "<tr><td class=\"place\">");
		page_path(out, r->files[i].path);
		buf_add_str(out, "</td><td class=\"n\">");
		units_show_count(out, r->files[i].records);
		buf_add_str(out, "</td>");
		for (s = 0; s < REPORT_STATUSES; s++) {
			if (r->status[s] == 0)
				continue;
			buf_add_str(out, "<td class=\"n\">");
			units_show_count(out, r->files[i].status[s]);
			buf_add_str(out, "</td>");
		}
		buf_add_str(out, "</tr>\n");
	}
	buf_add_str(out, "</tbody>\n</table></div>\n");
	if (r->n_files > FILES_SHOWN)
		buf_printf(out, "<p class=\"about\">Left out here: %u further files.</p>\n",
			   r->n_files - FILES_SHOWN);
	buf_add_str(out, "</section>\n");
}

/* ---- foot ---- */

static void
add_footer(const struct report *r, struct buf *out)
{
	int64_t in_flight = 0, torn = 0;
	unsigned i, unsettled = 0;

	for (i = 0; i < r->n_files; i++) {
		unsettled += r->files[i].news.journal != SCAN_SETTLED;
		in_flight += r->files[i].news.in_flight;
		torn += r->files[i].news.torn_bytes > 0;
	}
	buf_add_str(out, "<footer>\n");
	if (unsettled > 0) {
		buf_add_str(out, "<p>A run was on, or had died, when this was made: ");
		page_count(out, in_flight, "row was", "rows were");
		buf_add_str(out, " sent and had no record yet.</p>\n");
	}
	if (torn > 0)
		buf_add_str(out, "<p>A last line that was no whole record was passed over.</p>\n");
	buf_add_str(out, "<p>Made by lade " LADE_VERSION " at ");
	page_time(out, r->now_ms);
	buf_add_str(out, " UTC.");
	if (r->latency.count > 0)
		buf_add_str(out, " Percentiles are exact to within 0.8 %.");
	if (r->finished > 0)
		buf_add_str(out,
			    " Rows per minute leave out the times in which nothing was answered.");
	buf_add_str(out, "</p>\n</footer>\n");
}

void
report_html(const struct report *r, struct buf *out)
{
	add_head(r, out);
	add_header(r, out);
	add_outcome(r, out);
	add_figures(r, out);
	add_next(r, out);
	add_pace(r, out);
	add_latency(r, out);
	page_failures(r, out);
	add_review(r, out);
	add_files(r, out);
	add_footer(r, out);
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}
