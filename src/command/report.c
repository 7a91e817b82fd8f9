/*
 * The wiring of `lade report`: opens results files one after the other, lets show/report.h count
 * them, and brings what it makes to where it is wanted. Locks nothing and needs no key.
 */
#include "command/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "command/run.h"
#include "ledger/file.h"
#include "ledger/merge.h"
#include "ledger/scan.h"
#include "show/report.h"

/* "results.csv:12: why"; path NULL: the fault names it. */
static void
say_fault(const char *path, const struct fault *f)
{
	if (path)
		diag_at(DIAG_QUIET, path, f->line, 0, "%s", f->text);
	else
		diag_error("%s", f->text);
}

/* What a reader of the numbers must know to read them right. */
static void
say_news(const char *path, const struct scan_news *news)
{
	struct buf shown = {0}, n = {0};

	text_escape(&shown, span_of(path), 200);
	units_show_count(&n, news->in_flight);
	if (news->journal == SCAN_UNSETTLED)
		diag_note("%s: a run is on it, or has died on it: %s row%s sent and ha%s no record "
			  "yet",
			  shown.data, n.data, news->in_flight == 1 ? " was" : "s were",
			  news->in_flight == 1 ? "s" : "ve");
	else if (news->journal == SCAN_UNREADABLE)
		diag_note("%s: the journal beside it cannot be read or is not of this file: rows "
			  "that were "
			  "re-run may be counted twice",
			  shown.data);
	if (news->torn_bytes > 0)
		diag_note("%s: passed over a torn last line of %lld bytes", shown.data,
			  (long long)news->torn_bytes);
	buf_free(&shown);
	buf_free(&n);
}

static int
read_file(struct report *r, const char *path)
{
	enum scan_status status;
	struct scan_record record;
	struct fault f = {0};
	struct scan *s = scan_open(path, &f);

	if (!s) {
		say_fault(path, &f);
		return -1;
	}
	report_file(r, path);
	while ((status = scan_next(s, &record, &f)) == SCAN_RECORD)
		report_add(r, &record);
	if (status == SCAN_BROKEN) {
		say_fault(path, &f);
	} else {
		report_file_end(r, scan_news(s));
		say_news(path, scan_news(s));
	}
	scan_free(s);
	return status == SCAN_END ? 0 : -1;
}

/* A closed standard output is an error, not a death. */
static int
print(const struct buf *text)
{
	struct fault f;

	if (file_write(STDOUT_FILENO, text->data, text->len, NULL) == 0)
		return 0;
	file_fault(&f, "write to", "standard output");
	say_fault(NULL, &f);
	return -1;
}

/* Why the file at a path is not to be lost: NULL for none, an empty one and a page, which begins with
 * "<!". What is no regular file is not replaced anyway. */
static const char *
precious(const char *path)
{
	const char *why = NULL;
	struct stat st;
	char front[2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int64_t n;

	if (fd < 0)
		return errno == ENOENT ? NULL : "cannot be read: it is not replaced";
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		n = file_read_at(fd, front, sizeof front, 0);
		if (n < 0)
			why = "cannot be read: it is not replaced";
		else if (n > 0 && (n < (int64_t)sizeof front || memcmp(front, "<!", sizeof front) != 0))
			why = "is there already and is no page: it is not replaced";
	}
	close(fd);
	return why;
}

static int
save(const struct buf *text, const char *path)
{
	struct replacement out = {.fd = -1};
	struct file_mark mark;
	struct fault f = {0};
	int fd = -1;

	if (replacement_open(&out, path, 0600, &f) == 0 &&
	    replacement_add(&out, buf_span(text), &f) == 0 &&
	    replacement_finish(&out, &mark, &f) == 0)
		fd = replacement_commit(&out, &f);
	if (fd >= 0)
		close(fd);
	else
		say_fault(NULL, &f);
	replacement_abort(&out);
	return fd < 0 ? -1 : 0;
}

/* Text unless something else was asked for. */
static int
show(const struct options *o, const struct report *r)
{
	struct buf out = {0};
	int rc = 0;

	if (o->json || (!o->html && !o->merge)) {
		if (o->json)
			report_json(r, &out);
		else
			report_text(r, &out);
		rc = print(&out);
	}
	if (o->html) {
		buf_clear(&out);
		report_html(r, &out);
		rc |= strcmp(o->html, "-") == 0 ? print(&out) : save(&out, o->html);
	}
	buf_free(&out);
	return rc;
}

static int
report_files(const struct options *o)
{
	int i, status = EXIT_DONE;
	struct report *r = mem_alloc(sizeof *r);

	report_init(r, clock_wall_ms());
	for (i = 0; status == EXIT_DONE && i < o->n_operands; i++)
		if (read_file(r, o->operands[i]) < 0)
			status = EXIT_UNREADABLE;
	report_end(r);
	if (status == EXIT_DONE && show(o, r) < 0)
		status = EXIT_UNWRITABLE;
	report_fini(r);
	free(r);
	return status;
}

static int
merge_files(const struct options *o)
{
	struct merge_news news;
	struct fault f = {0};
	struct buf n = {0}, shown = {0};
	enum merge_status status =
		merge_results(o->operands, (size_t)o->n_operands, o->merge, &news, &f);

	if (status != MERGE_DONE)
		say_fault(news.path, &f);
	switch (status) {
	case MERGE_MIXED:
		return EXIT_USAGE;
	case MERGE_UNREADABLE:
		return EXIT_UNREADABLE;
	case MERGE_UNWRITABLE:
		return EXIT_UNWRITABLE;
	case MERGE_BUSY:
		return EXIT_STOPPED;
	case MERGE_DONE:
		break;
	}
	if (news.torn > 0)
		diag_note("passed over %lld torn last line%s", (long long)news.torn,
			  news.torn == 1 ? "" : "s");
	units_show_count(&n, news.records);
	text_escape(&shown, span_of(o->merge), 200);
	diag_note("%s record%s of %d file%s in %s, %s", n.data, news.records == 1 ? "" : "s",
		  o->n_operands, o->n_operands == 1 ? "" : "s", shown.data,
		  news.by_line ? "by lade_line" : "file by file");
	buf_free(&n);
	buf_free(&shown);
	return EXIT_DONE;
}

int
report_command(const struct options *o)
{
	bool to_file = o->html && strcmp(o->html, "-") != 0;
	const char *why = to_file ? precious(o->html) : NULL;
	int status = EXIT_DONE;

	if (why) {
		diag_at(DIAG_QUIET, o->html, 0, 0, "%s", why);
		return EXIT_USAGE;
	}
	if (o->merge)
		status = merge_files(o);
	if (status == EXIT_DONE && (o->json || o->html || !o->merge))
		status = report_files(o);
	return status;
}
