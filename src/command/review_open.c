/*
 * Opening the results files of a review and finding their assets: each id once, with all records
 * that have it, whichever file they are in.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/mem.h"
#include "command/review.h"
#include "command/run.h"
#include "ledger/load.h"

const char *
review_id(const struct review *r, uint32_t asset)
{
	return r->ids_text.data + r->assets[asset].id_at;
}

static enum review_state
state_of(struct span review)
{
	return span_is(review, "Active")       ? REVIEW_ACTIVE
	       : span_is(review, "Failed")     ? REVIEW_FAILED
	       : span_is(review, "Processing") ? REVIEW_PROCESSING
					       : REVIEW_UNANSWERED;
}

static struct review_asset *
new_asset(struct review *r, struct span id)
{
	struct review_asset *a;

	if (r->n_assets == r->cap_assets) {
		r->cap_assets = r->cap_assets ? r->cap_assets * 2 : 1024;
		r->assets = mem_resize(r->assets, r->cap_assets, sizeof *r->assets);
	}
	a = &r->assets[r->n_assets++];
	*a = (struct review_asset){.id_at = r->ids_text.len, .first = ROUNDS_NONE};
	buf_add_span(&r->ids_text, id);
	buf_add_char(&r->ids_text, '\0');
	return a;
}

/* Takes in a record that has an asset. Its row has the number that the index of ids gives it. */
static int
on_asset(void *ctx, uint32_t record, struct span id, struct span review, struct fault *f)
{
	struct review *r = ctx;
	uint32_t head, row = index_row(r->ids, identity_of(span_none(), id), &head);
	enum review_state state = state_of(review);
	struct review_asset *a;

	(void)f;
	if (r->n_rows == r->cap_rows) {
		r->cap_rows = r->cap_rows ? r->cap_rows * 2 : 1024;
		r->rows = mem_resize(r->rows, r->cap_rows, sizeof *r->rows);
	}
	r->n_rows++;
	r->rows[row] = (struct review_row){(uint32_t)r->file_at, record, ROUNDS_NONE, r->n_assets};
	if (head == row) {
		a = new_asset(r, id);
		a->first = row;
		a->state = state;
	} else {
		a = &r->assets[r->rows[head].asset];
		r->rows[a->last].next = row;
	}
	a->last = row;
	if (!review_is_settled(state) || state != a->state)
		a->asks = true; /* also where its records do not agree */
	return 0;
}

static int
open_file(struct review *r, struct review_file *file)
{
	struct results_options ro = {
		.path = file->path, .lade = COLUMNS_ALWAYS, .sync = r->options->sync};
	struct load_needs needs = {0};
	struct results_news news;
	struct layout layout;
	enum results_status status = RESULTS_UNREADABLE;

	/* results_open would make a file that is not there */
	if (load_layout(file->path, &layout, &needs, &r->fault) == 0) {
		ro.format = layout.format;
		layout_fini(&layout);
		status = results_open(&ro, &file->results, &news, &r->fault);
		if (status == RESULTS_OK &&
		    load_reviews(results_path(file->results), results_layout(file->results),
				 on_asset, r, &r->fault) < 0)
			status = RESULTS_UNREADABLE;
	}
	if (status != RESULTS_OK)
		return open_report_results(status, &r->fault, file->path);
	tell_results_news(&news);
	return -1;
}

int
review_open(struct review *r, char **paths)
{
	int status = -1;

	r->ids = index_new();
	r->files = mem_calloc(r->n_files, sizeof *r->files);
	for (r->file_at = 0; status < 0 && r->file_at < r->n_files; r->file_at++) {
		r->files[r->file_at].path = paths[r->file_at];
		status = open_file(r, &r->files[r->file_at]);
	}
	index_free(r->ids); /* from here on everything is found by number */
	r->ids = NULL;
	return status;
}

void
review_close(struct review *r)
{
	size_t i;

	for (i = 0; r->files && i < r->n_files; i++)
		results_free(r->files[i].results);
	free(r->files);
	free(r->rows);
	free(r->assets);
	buf_free(&r->ids_text);
}
