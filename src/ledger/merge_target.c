/*
 * A merge that is repeated replaces what it wrote before; one whose files were named in a wrong
 * order would replace a results file whose ids are nowhere else, and its rows would be uploaded
 * again. So an existing file is replaced only if every asset in it is in the new one.
 */
#include "ledger/merge_target.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "ledger/file.h"
#include "ledger/load.h"

static bool
has_asset(const struct scan_record *r)
{
	return r->status == RECORD_UPLOADED || r->status == RECORD_DUPLICATE;
}

/* Keeps the identities of all assets. */
static enum merge_status
read_assets(struct merge_target *t, const char *path, struct fault *f)
{
	struct scan *s = scan_open(path, f);
	enum scan_status status = SCAN_BROKEN;
	struct scan_record r;
	uint32_t head;

	if (s) {
		t->assets = index_new();
		while ((status = scan_next(s, &r, f)) == SCAN_RECORD) {
			if (!has_asset(&r))
				continue;
			index_row(t->assets, load_identity(r.row), &head);
			t->left += head == index_count(t->assets) - 1;
		}
		t->records = index_count(t->assets);
	}
	scan_free(s);
	if (status == SCAN_END)
		return MERGE_DONE;
	fault_set(f, 0, 0, "is there already and is no results file: it is not replaced");
	return MERGE_MIXED;
}

enum merge_status
merge_target_open(struct merge_target *t, const char *path, char **paths, size_t n, struct fault *f)
{
	char *whole = file_resolve(path);
	struct buf journal = {0};
	enum merge_status status = MERGE_DONE;
	struct stat there, st;
	size_t i;

	*t = (struct merge_target){.lock = -1};
	buf_printf(&journal, "%s.journal", whole ? whole : path);
	if (stat(path, &there) == 0 && S_ISREG(there.st_mode)) {
		for (i = 0; i < n; i++)
			if (file_is_same(paths[i], path))
				status = MERGE_MIXED;
		t->lock = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (status != MERGE_DONE)
		fault_set(f, 0, 0, "is one of the files to be merged: name another");
	else if ((t->lock >= 0 && flock(t->lock, LOCK_EX | LOCK_NB) < 0) ||
		 lstat(journal.data, &st) == 0)
		status = MERGE_BUSY;
	if (status == MERGE_BUSY)
		fault_set(f, 0, 0, "a run is on it, or has died on it");
	else if (status == MERGE_DONE && t->lock >= 0)
		status = read_assets(t, path, f);
	free(whole);
	buf_free(&journal);
	return status;
}

void
merge_target_show(struct merge_target *t, const struct scan_record *r)
{
	uint32_t head;

	if (!t->assets || t->left == 0 || !has_asset(r))
		return;
	index_row(t->assets, load_identity(r->row), &head);
	if (head >= t->records || index_is_settled(t->assets, head))
		return;
	index_settle(t->assets, head);
	t->left--;
}

enum merge_status
merge_target_judge(const struct merge_target *t, struct fault *f)
{
	struct buf n = {0};

	if (t->left == 0)
		return MERGE_DONE;
	units_show_count(&n, t->left);
	fault_set(f, 0, 0,
		  "is there already and knows %s asset%s that none of the files to be merged "
		  "knows: name "
		  "it among them, and another file for the result",
		  n.data, t->left == 1 ? "" : "s");
	buf_free(&n);
	return MERGE_MIXED;
}

void
merge_target_close(struct merge_target *t)
{
	if (t->lock >= 0)
		close(t->lock);
	index_free(t->assets);
	*t = (struct merge_target){.lock = -1};
}
