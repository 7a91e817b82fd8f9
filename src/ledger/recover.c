/*
 * Theory. The journal numbers records as the dead run's index did: those that the file held when it
 * began by their places, then new rows in the order in which they were read. So a number, the place
 * of its newest text, and the order of the whole file are known without knowing any identity.
 *
 * A record counts as written if the results file holds, at its place, the bytes whose hash the
 * journal has. Behind the first that does not, nothing is trusted and all is cut off: after a kill
 * that is at most a torn line, after a power cut what had not reached the disk.
 *
 * What was started, not cleared and not recorded may have been accepted: its text, which the journal
 * holds, is recorded as it stands. This goes through the same journal, so that a second death finds
 * it recorded.
 */
#include "ledger/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "ledger/cache.h"
#include "ledger/file.h"
#include "ledger/journal.h"
#include "ledger/load.h"
#include "ledger/order.h"

struct recoverer {
	const char *path;
	int fd;
	struct journal journal;
	struct journal_story story;
	struct layout layout;
	int64_t *places; /* of the records that were there before */
	uint32_t n_places;
	int64_t end; /* bytes of the results file that are trusted */
	struct results_news *news;
};

static int64_t
place_of(const void *ctx, uint32_t number)
{
	const struct recoverer *r = ctx;

	if (number < r->story.n_fates && r->story.fates[number].place >= 0)
		return r->story.fates[number].place;
	return number < r->n_places ? r->places[number] : -1;
}

static int
changed(const struct recoverer *r, struct fault *f)
{
	struct buf shown = {0};

	text_escape(&shown, span_of(r->path), 200);
	fault_set(f, 0, 0,
		  "%s is not as the run left it whose journal lies beside it; undo the change, or, if "
		  "you know what became of the rows in %s.journal, remove that",
		  shown.data, shown.data);
	buf_free(&shown);
	return -1;
}

/* Reads what was there when the run began: header, and the places of its records. */
static enum results_status
read_base(struct recoverer *r, struct fault *f)
{
	struct load_needs needs = {0};
	struct file_mark now;
	struct stat st;

	if (fstat(r->fd, &st) < 0 || (st.st_size >= r->story.base.bytes &&
				      file_mark_tail(r->fd, r->story.base.bytes, &now) < 0)) {
		file_fault(f, "read", r->path);
		return RESULTS_UNWRITABLE;
	}
	if (st.st_size < r->story.base.bytes || now.hash != r->story.base.hash) {
		changed(r, f);
		return RESULTS_UNREADABLE;
	}
	if (r->story.base.bytes == 0) {
		layout_init(&r->layout, RECORD_NDJSON, 0);
		return RESULTS_OK;
	}
	if (load_layout(r->path, &r->layout, &needs, f) < 0 ||
	    load_places(r->path, r->story.base.bytes, &r->places, &r->n_places, f) < 0)
		return RESULTS_UNREADABLE;
	return RESULTS_OK;
}

/* Whether the results file goes on with this record, whole. */
static bool
is_written(const struct recoverer *r, const struct journal_outcome *o, struct buf *text)
{
	buf_clear(text);
	return o->place == r->end && o->bytes > 0 && buf_reserve(text, o->bytes) == 0 &&
	       file_read_at(r->fd, text->data, o->bytes, o->place) == o->bytes &&
	       journal_hash((struct span){text->data, o->bytes}) == o->hash;
}

/* Finds where the results end that can be trusted, and cuts off what is behind. */
static int
check_written(struct recoverer *r, struct fault *f)
{
	struct journal_story *s = &r->story;
	struct buf text = {.max = LIMIT_RECORD_BYTES};
	struct stat st;
	size_t i;

	r->end = s->base.bytes;
	for (i = 0; i < s->n_outcomes && is_written(r, &s->outcomes[i], &text); i++)
		r->end += s->outcomes[i].bytes;
	journal_believe(s, r->end);
	buf_free(&text);
	if (fstat(r->fd, &st) < 0 || (st.st_size > r->end && ftruncate(r->fd, r->end) < 0))
		return file_fault(f, "cut", r->path);
	r->news->torn += st.st_size - r->end;
	return 0;
}

/* Records what was started and has no outcome. */
static int
record_doubts(struct recoverer *r, struct fault *f)
{
	struct journal_story *s = &r->story;
	struct buf text = {.max = LIMIT_RECORD_BYTES}, all = {0};
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->n_fates; i++) {
		struct journal_fate *fate = &s->fates[i];

		if (fate->start < 0 || fate->place >= 0)
			continue;
		buf_clear(&text);
		if (buf_reserve(&text, fate->start_bytes) < 0 ||
		    file_read_at(r->journal.fd, text.data, fate->start_bytes, fate->start) !=
			    fate->start_bytes) {
			rc = file_fault(f, "read", r->journal.path);
			break;
		}
		text.len = fate->start_bytes;
		fate->place = r->end + (int64_t)all.len;
		journal_result(&r->journal, i, fate->place, buf_span(&text));
		buf_add_span(&all, buf_span(&text));
		r->news->in_doubt++;
	}
	if (rc == 0 && all.len > 0)
		rc = journal_flush(&r->journal, f);
	if (rc == 0 && file_write(r->fd, all.data, all.len, NULL) < 0)
		rc = file_fault(f, "write", r->path);
	r->end += (int64_t)all.len;
	buf_free(&text);
	buf_free(&all);
	return rc;
}

static enum results_status
settle(struct recoverer *r, mode_t mode, struct fault *f)
{
	struct order order = {.layout = &r->layout, .fd = r->fd, .place = place_of, .ctx = r};
	enum results_status status = read_base(r, f);
	int fd;

	if (status != RESULTS_OK)
		return status;
	r->news->died = true;
	/* entries are added behind the last whole one */
	if (ftruncate(r->journal.fd, r->story.bytes) < 0) {
		file_fault(f, "cut", r->journal.path);
		return RESULTS_UNWRITABLE;
	}
	r->journal.bytes = r->story.bytes;
	if (check_written(r, f) < 0 || record_doubts(r, f) < 0)
		return RESULTS_UNWRITABLE;
	order.end = r->end;
	order.appended = r->story.base.bytes;
	order.n = r->n_places > r->story.n_fates ? r->n_places : r->story.n_fates;
	fd = order_publish(&order, r->path, mode, &r->journal, f);
	if (fd < 0)
		return RESULTS_UNWRITABLE;
	close(r->fd);
	r->fd = fd;
	return RESULTS_OK;
}

/* Says where in the journal the damage is; the line is no line of the results file. */
static void
name_journal(const struct recoverer *r, struct fault *f)
{
	struct fault there = *f;
	struct buf shown = {0};

	text_escape(&shown, span_of(r->journal.path), 200);
	if (there.line > 0)
		fault_set(f, 0, 0, "%s:%lld: %s", shown.data, (long long)there.line, there.text);
	else
		fault_set(f, 0, 0, "%s: %s", shown.data, there.text);
	buf_free(&shown);
}

static enum results_status
carry_on(struct recoverer *r, mode_t mode, struct fault *f)
{
	enum results_status status = RESULTS_OK;

	if (journal_read(r->journal.fd, &r->story, f) < 0) {
		name_journal(r, f);
		return RESULTS_UNREADABLE;
	}
	r->news->torn = r->story.dropped;
	/* nothing was sent under a journal that has no first line */
	if (r->story.begun && !file_is(r->fd, r->story.published))
		status = settle(r, mode, f);
	if (status == RESULTS_OK && journal_remove(&r->journal, f) < 0)
		status = RESULTS_UNWRITABLE;
	return status;
}

enum results_status
recover_results(const char *path, int *fd, mode_t mode, struct results_news *news, struct fault *f)
{
	struct recoverer r = {.path = path, .fd = *fd, .news = news};
	enum results_status status = RESULTS_OK;

	replacement_sweep(path);
	cache_sweep(path);
	journal_init(&r.journal, path);
	layout_init(&r.layout, RECORD_CSV, ',');
	r.journal.fd = open(r.journal.path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r.journal.fd >= 0) {
		cache_drop(path); /* nothing here asks it */
		status = carry_on(&r, mode, f);
	} else if (errno != ENOENT) {
		file_fault(f, "open", r.journal.path);
		status = RESULTS_UNWRITABLE;
	}
	*fd = r.fd;
	journal_fini(&r.journal);
	journal_story_free(&r.story);
	layout_fini(&r.layout);
	free(r.places);
	return status;
}
