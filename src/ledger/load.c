#include "ledger/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/file.h"
#include "manifest/json.h"
#include "manifest/json_strict.h"

struct span
load_meaning(const struct manifest_row *row, enum column c)
{
	switch (c) {
	case COLUMN_ASSET_TYPE:
		return row->type != ASSET_NONE ? span_of(asset_type_name(row->type)) : row->type_word;
	case COLUMN_URL:
		return row->url;
	case COLUMN_NAME:
		return row->name;
	default:
		return span_none();
	}
}

struct identity
load_identity(const struct manifest_row *row)
{
	return identity_of(load_meaning(row, COLUMN_ASSET_TYPE), row->url);
}

static struct manifest *
open_results(const char *path, int64_t limit_bytes, const char *version_column, struct fault *f)
{
	const struct manifest_options options = {.results = true,
						 .limit_bytes = limit_bytes,
						 .limit_row = LIMIT_RECORD_BYTES,
						 .version_column = version_column};
	struct manifest *m = manifest_open(path, &options, f);
	struct buf shown = {0};

	if (m && !manifest_plan(m)->is_results) {
		manifest_free(m);
		m = NULL;
		text_escape(&shown, span_of(path), 200);
		fault_set(f, 0, 0, "%s is no results file: it has no column lade_status", shown.data);
		buf_free(&shown);
	}
	return m;
}

/* Records are added at the file's end, and found by their places in it. */
static int
check_kind(const struct manifest *m, const char *path, struct fault *f)
{
	struct buf shown = {0};

	if (!manifest_is_packed(m) && manifest_format(m) != MANIFEST_JSON)
		return 0;
	text_escape(&shown, span_of(path), 200);
	if (manifest_is_packed(m))
		fault_set(f, 0, 0, "%s is compressed: lade report reads that, but nothing can be added "
				   "to it; unpack it first", shown.data);
	else
		fault_set(f, 0, 0, "%s is one JSON value: lade report reads that, but nothing can be "
				   "added to it; jq -c '.[]' makes JSON Lines of an array",
			  shown.data);
	buf_free(&shown);
	return -1;
}

/* Whether the file's last byte is no LF. */
static bool
has_no_end(const char *path)
{
	char last = '\n';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool needs = false;
	off_t end;

	if (fd < 0)
		return false;
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && file_read_at(fd, &last, 1, end - 1) == 1 && last != '\n')
		needs = true;
	close(fd);
	return needs;
}

int
load_layout(const char *path, struct layout *l, struct load_needs *needs, struct fault *f)
{
	struct manifest *m = open_results(path, -1, NULL, f);
	const struct span *names;
	size_t i, n;

	if (!m || check_kind(m, path, f) < 0) {
		manifest_free(m);
		return -1;
	}
	names = manifest_columns(m, &n);
	if (names) {
		layout_init(l, RECORD_CSV, manifest_delimiter(m));
		for (i = 0; i < n; i++)
			layout_add(l, names[i]);
	} else {
		layout_init(l, RECORD_NDJSON, 0);
	}
	needs->line_ends = has_no_end(path);
	manifest_free(m);
	return 0;
}

#define BATCH 16 /* on their way to memory at once */
#define VALUE_BYTES (LIMIT_ASSET_ID_BYTES + 1) /* more than any value that is valid has */

/* The values of a record that the index needs. */
enum needed { STATUS, ERROR_CLASS, ASSET_ID, REVIEW_STATUS, NEEDED };

struct known_values {
	struct span value[NEEDED];
	char storage[NEEDED][VALUE_BYTES]; /* of JSON: a member's text does not outlive its callback */
};

/* NEEDED: the column is none of them. */
static enum needed
needed_of(enum column c)
{
	switch (c) {
	case COLUMN_STATUS:
		return STATUS;
	case COLUMN_ERROR_CLASS:
		return ERROR_CLASS;
	case COLUMN_ASSET_ID:
		return ASSET_ID;
	case COLUMN_REVIEW_STATUS:
		return REVIEW_STATUS;
	default:
		return NEEDED;
	}
}

static int
on_member(void *ctx, struct span key, struct json_value value)
{
	struct known_values *k = ctx;
	enum needed which = needed_of(column_of(key));

	if (which == NEEDED || (value.kind != JSON_STRING && value.kind != JSON_NUMBER))
		return 1;
	if (value.text.n > VALUE_BYTES)
		value.text.n = VALUE_BYTES;
	if (value.text.n > 0)
		memcpy(k->storage[which], value.text.p, value.text.n);
	k->value[which] = (struct span){k->storage[which], value.text.n};
	return 1;
}

/* The same in a record that is walked: values lie in it. 0: yajl has to decode one. */
static int
on_walked(void *ctx, struct span name, enum json_kind kind, struct span value, bool escaped)
{
	struct known_values *k = ctx;
	enum needed which = needed_of(column_of(name));

	if (which == NEEDED || (kind != JSON_STRING && kind != JSON_NUMBER))
		return 1;
	k->value[which] = value;
	return !escaped;
}

static void
read_members(struct span json, struct known_values *k)
{
	bool odd; /* the manifest room has judged the text */

	if (json_walk(json, on_walked, k, &odd))
		return;
	memset(k->value, 0, sizeof k->value);
	json_members(json, on_member, k);
}

/* Every record that was written whole has its fields, or is an object whose members can be told. */
const char *
load_malformed(const struct manifest_row *row)
{
	if (row->garbled)
		return row->bad;
	return row->cells || row->json.p[0] == '{' ? NULL : "is no record: it is no object";
}

bool
load_may_be_cut(const struct manifest_row *row)
{
	struct span json = span_trim(row->json);

	return json.n == 0 || json.p[json.n - 1] != '}';
}

/* What a record that a person may have edited says; -1: what no record can say. */
static int
known_of(const struct known_values *k, int64_t line, enum known *out, struct fault *f)
{
	struct buf shown = {0};

	*out = record_known(k->value[STATUS], k->value[ERROR_CLASS]);
	if (*out == KNOWN_PENDING && k->value[STATUS].n > 0) {
		text_escape(&shown, k->value[STATUS], 40);
		fault_set(f, line, 0,
			  "lade_status: %s is none of uploaded, duplicate, failed, in_doubt, invalid "
			  "(or empty: to be uploaded)",
			  shown.data);
		buf_free(&shown);
		return -1;
	}
	if (*out == KNOWN_ASSET && k->value[ASSET_ID].n == 0)
		return fault_set(f, line, 0,
				 "lade_status is %.*s, but lade_assetId is empty: write the id there, "
				 "or failed as the status",
				 (int)k->value[STATUS].n, k->value[STATUS].p);
	if (*out == KNOWN_ASSET && !record_is_asset_id(k->value[ASSET_ID]))
		return fault_set(f, line, 0, "lade_assetId: is no asset id");
	if (*out == KNOWN_ASSET && span_is(k->value[REVIEW_STATUS], "Failed"))
		*out = KNOWN_REVIEW_FAILED;
	return 0;
}

int
load_known(const struct span *values, int64_t line, enum known *out, struct fault *f)
{
	const struct known_values k = {
		.value = {
			[STATUS] = values[COLUMN_STATUS],
			[ERROR_CLASS] = values[COLUMN_ERROR_CLASS],
			[ASSET_ID] = values[COLUMN_ASSET_ID],
			[REVIEW_STATUS] = values[COLUMN_REVIEW_STATUS],
		},
	};

	return known_of(&k, line, out, f);
}

/* Where the values are that the index needs. */
struct reading {
	size_t n_columns; /* of CSV */
	int at[NEEDED];   /* columns of CSV; -1: there is none */
};

static struct reading
reading_of(const struct layout *l)
{
	struct reading r = {.n_columns = l->n_columns};
	enum needed which;
	size_t i;

	for (i = 0; i < NEEDED; i++)
		r.at[i] = -1;
	for (i = 0; i < l->n_columns; i++)
		if ((which = needed_of(l->columns[i].column)) != NEEDED)
			r.at[which] = (int)i;
	return r;
}

int
load_lost(const struct manifest_row *row, struct span status, enum known known, struct fault *f)
{
	if (row->url.n > 0 || !((KINDS_ASSET | KINDS_IN_DOUBT) & 1u << known))
		return 0;
	return fault_set(f, row->line, row->bad_column, "lade_status is %.*s, but %s",
			 (int)status.n, status.p, row->bad ? row->bad : "the url is empty");
}

/* Reads what a record says of its asset; -1: it is none, or says what none can. */
static int
read_row(const struct reading *r, const struct manifest_row *row, struct known_values *k,
	 enum known *known, struct fault *f)
{
	const char *why = load_malformed(row);
	size_t i;

	if (!why && row->cells && row->n_cells != r->n_columns)
		why = "is no record: the header was another a moment ago";
	memset(k->value, 0, sizeof k->value);
	if (why)
		return fault_set(f, row->line, row->bad_column, "%s", why);
	if (row->cells) {
		for (i = 0; i < NEEDED; i++)
			if (r->at[i] >= 0)
				k->value[i] = row->cells[r->at[i]];
	} else {
		read_members(row->json, k);
	}
	if (known_of(k, row->line, known, f) < 0)
		return -1;
	return load_lost(row, k->value[STATUS], *known, f);
}

/* Records on their way into the index: what they will touch is asked for when they come in. */
struct batch {
	struct {
		struct identity id;
		enum known known;
		int64_t place;
		uint64_t version;
	} record[BATCH];
	size_t n;
};

static void
add_batch(struct batch *b, struct index *x)
{
	uint32_t record;
	size_t i;

	for (i = 0; i < b->n; i++) {
		record = index_load(x, b->record[i].id, b->record[i].known, b->record[i].place);
		index_set_version(x, record, b->record[i].version);
	}
	b->n = 0;
}

static int
load_row(const struct reading *r, const struct manifest_row *row, struct batch *b,
	 struct index *x, struct fault *f)
{
	struct known_values k;
	enum known known;

	if (read_row(r, row, &k, &known, f) < 0)
		return -1;
	b->record[b->n].id = load_identity(row);
	b->record[b->n].known = known;
	b->record[b->n].place = row->offset;
	b->record[b->n].version = index_version_of(row->version);
	index_prefetch(x, b->record[b->n].id);
	if (++b->n == BATCH)
		add_batch(b, x);
	return 0;
}

int
load_places(const char *path, int64_t limit_bytes, int64_t **places, uint32_t *n, struct fault *f)
{
	struct manifest *m = open_results(path, limit_bytes, NULL, f);
	enum manifest_status status;
	struct manifest_row row;
	uint32_t cap = 0;

	*places = NULL;
	*n = 0;
	if (!m)
		return -1;
	while ((status = manifest_next(m, &row, f)) == MANIFEST_ROW) {
		if (*n == cap) {
			cap = cap ? cap * 2 : 1024;
			*places = mem_resize(*places, cap, sizeof **places);
		}
		(*places)[(*n)++] = row.offset;
	}
	manifest_free(m);
	return status == MANIFEST_END ? 0 : -1;
}

int
load_index(const char *path, const struct layout *l, const char *version_column, struct index *x,
	   struct load_needs *needs, struct fault *f)
{
	struct manifest *m = open_results(path, -1, version_column, f);
	struct reading reading = reading_of(l);
	struct batch batch = {.n = 0};
	enum manifest_status status;
	struct manifest_row row;
	int rc = 0;

	if (!m)
		return -1;
	while (rc == 0 && (status = manifest_next(m, &row, f)) == MANIFEST_ROW)
		rc = load_row(&reading, &row, &batch, x, f);
	add_batch(&batch, x);
	needs->line_ends |= manifest_has_cr_ends(m);
	manifest_free(m);
	return rc == 0 && status == MANIFEST_END ? 0 : -1;
}

int
load_assets(const char *path,
	    int (*on_asset)(void *ctx, struct span url, struct span id, struct fault *f), void *ctx,
	    struct fault *f)
{
	struct load_needs needs = {0};
	enum manifest_status status = MANIFEST_BROKEN;
	struct known_values k;
	struct manifest_row row;
	struct manifest *m;
	struct layout l;
	struct reading reading;
	enum known known;
	int rc = 0;

	if (load_layout(path, &l, &needs, f) < 0)
		return -1;
	reading = reading_of(&l);
	m = open_results(path, -1, NULL, f);
	while (m && rc == 0 && (status = manifest_next(m, &row, f)) == MANIFEST_ROW) {
		rc = read_row(&reading, &row, &k, &known, f);
		if (rc == 0 && known_has_asset(known))
			rc = on_asset(ctx, row.url, k.value[ASSET_ID], f);
	}
	manifest_free(m);
	layout_fini(&l);
	return rc == 0 && status == MANIFEST_END ? 0 : -1;
}

int
load_reviews(const char *path, const struct layout *l,
	     int (*on_asset)(void *ctx, uint32_t record, struct span id, struct span review,
			     struct fault *f),
	     void *ctx, struct fault *f)
{
	struct manifest *m = open_results(path, -1, NULL, f);
	const struct reading reading = reading_of(l);
	enum manifest_status status = MANIFEST_BROKEN;
	struct known_values k;
	struct manifest_row row;
	uint32_t record = 0;
	enum known known;
	int rc = 0;

	while (m && rc == 0 && (status = manifest_next(m, &row, f)) == MANIFEST_ROW) {
		rc = read_row(&reading, &row, &k, &known, f);
		if (rc == 0 && known_has_asset(known))
			rc = on_asset(ctx, record, k.value[ASSET_ID], k.value[REVIEW_STATUS], f);
		record++;
	}
	manifest_free(m);
	return rc == 0 && status == MANIFEST_END ? 0 : -1;
}
