/*
 * Opening the manifest and its results file: names, formats, and which of the two is read first.
 *
 * A manifest that is a results file is its own: it is locked and read into the index before it is
 * read as a manifest, and only as far as it went then.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/run.h"

static bool
has_suffix(struct span path, const char *suffix)
{
	size_t n = strlen(suffix);

	return path.n > n && strncasecmp(path.p + path.n - n, suffix, n) == 0;
}

/* catalog.csv -> catalog.results.csv, .gz dropped; the contract's table. Of a shard
 * catalog.results.0-of-4.csv. */
char *
open_default_output(const struct options *o, const char *manifest, enum manifest_format format)
{
	static const char *const known[] = {".csv", ".tsv", ".tab", ".json", ".ndjson", ".jsonl",
					    ".txt", ".list"};
	struct span stem = span_of(manifest);
	struct buf out = {0};
	size_t i;

	if (has_suffix(stem, ".gz"))
		stem.n -= 3;
	for (i = 0; i < sizeof known / sizeof *known; i++) {
		if (has_suffix(stem, known[i])) {
			stem.n -= strlen(known[i]);
			break;
		}
	}
	buf_add_span(&out, stem);
	buf_add_str(&out, ".results");
	if (o->shards > 0)
		buf_printf(&out, ".%u-of-%u", o->shard, o->shards);
	buf_add_str(&out, format == MANIFEST_TSV                                         ? ".tsv"
			  : format == MANIFEST_JSON || format == MANIFEST_NDJSON ? ".ndjson"
										 : ".csv");
	return out.data;
}

/* Whether any of the manifests is of a JSON kind. */
static bool
any_json(const struct run *r)
{
	size_t i, n;

	for (i = 0; i < r->n_manifests; i++)
		if (!manifest_columns(r->manifests[i], &n))
			return true;
	return false;
}

/* The format of a new results file: what an option or its name says, or what the manifest is. */
static int
output_format(const struct run *r, const char *path, struct results_options *ro)
{
	const char *asked = r->options->output_format;
	struct span name = span_of(path);
	bool json = any_json(r);

	ro->format = RECORD_CSV;
	ro->delimiter = ',';
	if (asked)
		name = span_of(asked[0] == 'c' ? "x.csv" : asked[0] == 't' ? "x.tsv" : "x.ndjson");
	if (has_suffix(name, ".tsv") || has_suffix(name, ".tab"))
		ro->delimiter = '\t';
	else if (has_suffix(name, ".ndjson") || has_suffix(name, ".jsonl") ||
		 (json && !has_suffix(name, ".csv")))
		ro->format = RECORD_NDJSON;
	if (json && ro->format == RECORD_CSV) {
		diag_error("a JSON manifest gives NDJSON results: name them .ndjson");
		return -1;
	}
	return 0;
}

int
open_report_results(enum results_status status, const struct fault *f, const char *path)
{
	if (f->line > 0)
		diag_at(DIAG_QUIET, path, f->line, 0, "%s", f->text);
	else
		diag_error("%s", f->text);
	switch (status) {
	case RESULTS_LOCKED:
		return EXIT_STOPPED;
	case RESULTS_UNREADABLE:
		return EXIT_UNREADABLE;
	default:
		return EXIT_UNWRITABLE;
	}
}

static int
report_manifest(const struct run *r)
{
	diag_at(DIAG_QUIET, r->manifest_path, r->fault.line, r->fault.column, "%s", r->fault.text);
	return EXIT_UNREADABLE;
}

/* A manifest that does not do for what was asked; returns the exit status. */
static int
refuse(const struct run *r, const char *why, int status)
{
	struct buf shown = {0};

	text_place(&shown, r->manifest_path, 0, 0);
	diag_error("%s is %s", shown.data, why);
	buf_free(&shown);
	return status;
}

/* The manifest is its own results file: it is locked and read first, then read as a manifest. */
static int
open_own_results(struct run *r)
{
	const struct options *o = r->options;
	struct results_options ro = {
		.path = r->manifest_path, .lade = COLUMNS_ALWAYS, .sync = o->sync};
	struct manifest_options mo = o->manifest;
	enum results_status status;

	if (r->n_manifests > 1)
		return refuse(r, "a results file, and so a manifest of its own: it goes alone",
			      EXIT_USAGE);
	if (mo.map_url || mo.map_name || mo.map_type || mo.type != ASSET_NONE || mo.split_urls ||
	    mo.version_column || o->output || o->output_format || o->shards > 0)
		return refuse(r,
			      "a results file: it takes no --map, --type, --split-urls, "
			      "--version-column, --shard or -o",
			      EXIT_USAGE);
	if (o->only_review_failed)
		ro.lade |= 1u << COLUMN_PREVIOUS_ASSET_ID;
	if (manifest_format(r->manifest) == MANIFEST_NDJSON)
		ro.format = RECORD_NDJSON; /* it may be empty, and gets no header */
	manifest_free(r->manifest);
	r->manifest = r->manifests[0] = NULL;
	status = results_open(&ro, &r->results, &r->news, &r->fault);
	if (status != RESULTS_OK)
		return open_report_results(status, &r->fault, r->manifest_path);
	r->results_path = mem_strdup(r->manifest_path);
	mo.limit_bytes = results_size_before(r->results);
	mo.limit_row = LIMIT_RECORD_BYTES;
	r->manifest = r->manifests[0] = manifest_open(r->manifest_path, &mo, &r->fault);
	return r->manifest ? -1 : report_manifest(r);
}

/* Which columns of lade's the results need beside those that all have. */
static unsigned
needed_columns(const struct run *r)
{
	const struct manifest_plan *plan;
	unsigned mask = COLUMNS_ALWAYS;
	size_t i;

	for (i = 0; i < r->n_manifests; i++) {
		plan = manifest_plan(r->manifests[i]);
		mask |= plan->plain_type ? 0 : 1u << COLUMN_ASSET_TYPE;
		mask |= plan->plain_url ? 0 : 1u << COLUMN_URL;
		mask |= plan->plain_name ? 0 : 1u << COLUMN_NAME;
	}
	if (r->n_manifests > 1)
		mask |= 1u << COLUMN_MANIFEST;
	if (r->options->manifest.version_column)
		mask |= 1u << COLUMN_PREVIOUS_ASSET_ID;
	return mask;
}

static int
open_results_beside(struct run *r)
{
	const struct options *o = r->options;
	struct results_columns *columns = mem_calloc(r->n_manifests, sizeof *columns);
	struct results_options ro = {.lade = needed_columns(r),
				     .manifests = columns,
				     .n_manifests = r->n_manifests,
				     .sync = o->sync,
				     .version_column = o->manifest.version_column};
	enum results_status status;
	int rc = EXIT_USAGE;
	size_t i;

	r->results_path = o->output ? mem_strdup(o->output)
				    : open_default_output(o, r->manifest_path,
							  manifest_format(r->manifest));
	ro.path = r->results_path;
	for (i = 0; i < r->n_manifests; i++)
		columns[i].names = manifest_columns(r->manifests[i], &columns[i].n);
	if (output_format(r, r->results_path, &ro) == 0) {
		status = results_open(&ro, &r->results, &r->news, &r->fault);
		rc = status == RESULTS_OK
			     ? -1
			     : open_report_results(status, &r->fault, r->results_path);
	}
	free(columns);
	return rc;
}

/* Opens every manifest, so that a fault in any header is found before anything is sent. */
static int
open_manifests(struct run *r)
{
	bool stdin_taken = r->options->key_file && strcmp(r->options->key_file, "-") == 0;
	size_t i;

	for (i = 0; i < r->n_manifests; i++) {
		r->manifest_path = r->manifest_paths[i];
		if (strcmp(r->manifest_path, "-") == 0 && stdin_taken) {
			diag_error("standard input can be read only once");
			return EXIT_USAGE;
		}
		stdin_taken |= strcmp(r->manifest_path, "-") == 0;
		r->manifest = r->manifests[i] = manifest_open(r->manifest_path, &r->options->manifest,
							       &r->fault);
		if (!r->manifest)
			return report_manifest(r);
		if (manifest_plan(r->manifest)->is_results)
			return open_own_results(r);
	}
	r->manifest_path = r->manifest_paths[0];
	r->manifest = r->manifests[0];
	return -1;
}

int
open_files(struct run *r)
{
	const struct options *o = r->options;
	int status = open_manifests(r);

	if (status >= 0 || r->results)
		return status;
	if (o->command == COMMAND_RETRY)
		return refuse(r, "no results file: it has no column lade_status", EXIT_UNREADABLE);
	if (!o->output && strcmp(r->manifest_path, "-") == 0) {
		diag_error("a manifest from standard input needs -o FILE for its results");
		return EXIT_USAGE;
	}
	return open_results_beside(r);
}
