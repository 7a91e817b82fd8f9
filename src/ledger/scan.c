/*
 * Theory. A run appends records while it goes; when it ends, or is carried on after its death, a
 * file in order takes the place of the old one. So between two looks the path may lead to another
 * file. The bytes to be read are fixed first, then the journal is read, then the file is opened; if
 * the path still leads to the same file afterwards, the three belong together, else all begins
 * anew. The journal names the place of each record before that is written, so it knows every record
 * within those bytes.
 *
 * Records that were there when the run began have the journal's numbers 0, 1, 2, ... by their
 * places, those behind have the numbers that the journal names with theirs. One whose number has a
 * later place in the journal has a newer text there.
 */
#include "ledger/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "ledger/file.h"
#include "ledger/journal.h"
#include "ledger/load.h"

#define OPEN_TRIES 8 /* a file is replaced at the end of a run only: twice in a row is rare */

struct scan {
	const char *path;	   /* the caller's */
	struct manifest *manifest; /* NULL: the file is empty */
	struct layout layout;
	struct record_values values; /* of a JSON record */
	struct manifest_row row;
	struct journal_story story;
	int64_t size;	  /* bytes to read; -1: unknown, a pipe */
	bool unended;	  /* the last of them is no LF */
	int64_t last_end; /* where the last whole record ends */
	uint32_t number;  /* of the next record that was there before, as the journal counts */
	size_t outcome;	  /* of the story: the next record that was not */
	struct scan_news news;
};

/* Whether the bytes that the run began with are the front of this file. */
static bool
fits(const struct journal_story *story, int fd, int64_t size)
{
	struct file_mark now;

	return story->base.bytes <= size && file_mark_tail(fd, story->base.bytes, &now) == 0 &&
	       now.hash == story->base.hash;
}

static enum scan_journal
read_journal(struct scan *s, const char *path, int fd)
{
	char *whole = file_resolve(path);
	struct journal journal;
	enum scan_journal found = SCAN_UNREADABLE;
	struct fault ignored;
	int journal_fd;

	journal_init(&journal, whole ? whole : path);
	free(whole);
	journal_fd = open(journal.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (journal_fd < 0)
		found = errno == ENOENT ? SCAN_SETTLED : SCAN_UNREADABLE;
	else if (journal_read(journal_fd, &s->story, &ignored) < 0)
		found = SCAN_UNREADABLE;
	else if (!s->story.begun || file_is(fd, s->story.published))
		found = SCAN_SETTLED; /* nothing was sent under it yet, or all is in order already
				       */
	else if (fits(&s->story, fd, s->size))
		found = SCAN_UNSETTLED;
	if (journal_fd >= 0)
		close(journal_fd);
	journal_fini(&journal);
	if (found != SCAN_UNSETTLED)
		journal_story_free(&s->story);
	return found;
}

/* Fixes the bytes to read and reads the journal. -1: *f filled in. */
static int
look(struct scan *s, const char *path, const struct stat *st, struct fault *f)
{
	char last = '\n';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t i;

	if (fd < 0)
		return fault_set(f, 0, 0, "cannot open it: %s", strerror(errno));
	s->size = st->st_size;
	journal_story_free(&s->story);
	s->news.journal = read_journal(s, path, fd);
	if (s->size > 0 && file_read_at(fd, &last, 1, s->size - 1) == 1)
		s->unended = last != '\n';
	close(fd);
	journal_believe(&s->story, s->size);
	s->news.in_flight = 0;
	for (i = 0; i < s->story.n_fates; i++)
		s->news.in_flight += s->story.fates[i].start >= 0 && s->story.fates[i].place < 0;
	return 0;
}

static int
open_manifest(struct scan *s, const char *path, struct fault *f)
{
	const struct manifest_options options = {.limit_bytes = s->size,
						 .limit_row = LIMIT_RECORD_BYTES};

	if (s->size == 0)
		return 0;
	s->manifest = manifest_open(path, &options, f);
	if (!s->manifest)
		return -1;
	if (!manifest_plan(s->manifest)->is_results)
		return fault_set(f, 1, 0, "is no results file: it has no column lade_status");
	return 0;
}

/* Opens until all that belongs together was read from one file. */
static int
open_together(struct scan *s, const char *path, struct fault *f)
{
	struct stat before, after;
	int tries, rc = -1;

	s->size = -1;
	if (strcmp(path, "-") == 0 || (stat(path, &before) == 0 && !S_ISREG(before.st_mode)))
		return open_manifest(s, path, f);
	for (tries = 0; tries < OPEN_TRIES; tries++) {
		manifest_free(s->manifest);
		s->manifest = NULL;
		if (stat(path, &before) < 0)
			return fault_set(f, 0, 0, "cannot open it: %s", strerror(errno));
		if (look(s, path, &before, f) < 0)
			return -1;
		rc = open_manifest(s, path, f);
		if (stat(path, &after) == 0 && after.st_ino == before.st_ino &&
		    after.st_dev == before.st_dev && s->news.journal != SCAN_UNREADABLE)
			break;
	}
	return rc;
}

struct scan *
scan_open(const char *path, struct fault *f)
{
	struct scan *s = mem_calloc(1, sizeof *s);
	const struct span *names;
	size_t i, n;

	s->path = path;
	layout_init(&s->layout, RECORD_NDJSON, 0);
	if (open_together(s, path, f) < 0) {
		scan_free(s);
		return NULL;
	}
	names = s->manifest ? manifest_columns(s->manifest, &n) : NULL;
	if (names) {
		layout_init(&s->layout, RECORD_CSV, manifest_delimiter(s->manifest));
		for (i = 0; i < n; i++)
			layout_add(&s->layout, names[i]);
	}
	return s;
}

void
scan_free(struct scan *s)
{
	if (!s)
		return;
	manifest_free(s->manifest);
	layout_fini(&s->layout);
	record_values_free(&s->values);
	journal_story_free(&s->story);
	free(s);
}

const struct layout *
scan_layout(const struct scan *s)
{
	return &s->layout;
}

bool
scan_is_array(const struct scan *s)
{
	return s->manifest && manifest_format(s->manifest) == MANIFEST_JSON;
}

bool
scan_is_empty(const struct scan *s)
{
	return !s->manifest;
}

const struct scan_news *
scan_news(const struct scan *s)
{
	return &s->news;
}

static enum manifest_status
next_row(struct scan *s, struct fault *f)
{
	struct pollfd p = {.events = POLLIN};
	enum manifest_status status;

	while ((status = manifest_next(s->manifest, &s->row, f)) == MANIFEST_WAIT) {
		p.fd = manifest_fd(s->manifest);
		poll(&p, 1, -1);
	}
	return status;
}

/*
 * Whether what broke the reading is a record that was not written to its end: behind the last whole
 * one no record ends. Only where a run is on or has died, or the file has no last line end.
 */
static bool
is_torn(const struct scan *s)
{
	int64_t n = s->size - s->last_end;
	struct buf tail = {.max = LIMIT_RECORD_BYTES};
	bool torn = false;
	int fd;

	if (n <= 0 || n > LIMIT_RECORD_BYTES || (!s->unended && s->news.journal == SCAN_SETTLED))
		return false;
	fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && buf_reserve(&tail, (size_t)n) == 0 &&
	    file_read_at(fd, tail.data, (size_t)n, s->last_end) == n)
		torn = record_length((struct span){tail.data, (size_t)n}, s->layout.format) == 0;
	if (fd >= 0)
		close(fd);
	buf_free(&tail);
	return torn;
}

static int
fill_values(struct scan *s, struct scan_record *r, struct fault *f)
{
	size_t i;

	memset(r->value, 0, sizeof r->value);
	if (s->row.cells) {
		for (i = 0; i < s->row.n_cells; i++)
			if (s->layout.columns[i].column != COLUMN_CARRIED)
				r->value[s->layout.columns[i].column] = s->row.cells[i];
	} else if (record_parse(&s->layout, s->row.json, &s->values) < 0) {
		return fault_set(f, r->line, 0, "is a record that cannot be read");
	} else {
		memcpy(r->value, s->values.value, sizeof r->value);
	}
	return 0;
}

static enum record_status
status_of(struct span word)
{
	int i = 0;

	while (i < RECORD_STATUSES && !span_is(word, record_status_word((enum record_status)i)))
		i++;
	return (enum record_status)i;
}

/* The next row that is a record of its own; SCAN_END also at a torn one. */
static enum scan_status
next_whole(struct scan *s, struct fault *f)
{
	enum manifest_status status = next_row(s, f);
	const char *why;
	bool last;

	if (status == MANIFEST_END)
		return SCAN_END;
	if (status != MANIFEST_ROW && is_torn(s)) {
		s->news.torn_bytes = s->size - s->last_end;
		return SCAN_END;
	}
	if (status != MANIFEST_ROW)
		return SCAN_BROKEN;
	why = load_malformed(&s->row);
	last = s->unended && s->row.end == s->size;
	if (last && (why ? load_may_be_cut(&s->row) : s->news.journal == SCAN_UNSETTLED)) {
		s->news.torn_bytes = s->size - s->row.offset;
		return SCAN_END;
	}
	if (why) {
		fault_set(f, s->row.line, s->row.bad_column, "%s", why);
		return SCAN_BROKEN;
	}
	s->last_end = s->row.end;
	return SCAN_RECORD;
}

/* The number that the record has in the journal; INDEX_NONE: it has none. */
static uint32_t
next_number(struct scan *s)
{
	const struct journal_story *story = &s->story;

	if (s->row.offset < story->base.bytes)
		return s->number++;
	while (s->outcome < story->n_outcomes && story->outcomes[s->outcome].place < s->row.offset)
		s->outcome++;
	return s->outcome < story->n_outcomes &&
			       story->outcomes[s->outcome].place == s->row.offset
		       ? story->outcomes[s->outcome].number
		       : INDEX_NONE;
}

/* Whether a newer text of the record is further behind, within the bytes that are read. */
static bool
is_superseded(struct scan *s)
{
	uint32_t number = next_number(s);

	return number < s->story.n_fates && s->story.fates[number].place > s->row.offset;
}

enum scan_status
scan_next(struct scan *s, struct scan_record *r, struct fault *f)
{
	enum scan_status status;
	enum known known;

	if (!s->manifest)
		return SCAN_END;
	while ((status = next_whole(s, f)) == SCAN_RECORD && is_superseded(s))
		s->news.superseded++;
	if (status != SCAN_RECORD)
		return status;
	*r = (struct scan_record){.line = s->row.line, .url = s->row.url, .row = &s->row};
	if (fill_values(s, r, f) < 0)
		return SCAN_BROKEN;
	r->status = status_of(r->value[COLUMN_STATUS]);
	if (load_known(r->value, r->line, &known, f) < 0 ||
	    load_lost(&s->row, r->value[COLUMN_STATUS], known, f) < 0)
		return SCAN_BROKEN;
	return SCAN_RECORD;
}
