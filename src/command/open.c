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
#include "base/mem.h"
#include "base/text.h"
#include "command/run.h"

static bool
has_suffix(struct span path, const char *suffix)
{
	size_t n = strlen(suffix);

	return path.n > n && strncasecmp(path.p + path.n - n, suffix, n) == 0;
}

/* catalog.csv -> catalog.results.csv, .gz dropped; the contract's table. */
static char *
default_output(const char *manifest, enum manifest_format format)
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
	buf_add_str(&out, format == MANIFEST_TSV    ? ".results.tsv"
			  : format == MANIFEST_JSON || format == MANIFEST_NDJSON ? ".results.ndjson"
										 : ".results.csv");
	return out.data;
}

/* The format of a new results file: what its name says, or what the manifest is. */
static int
output_format(const struct run *r, const char *path, struct results_options *ro)
{
	struct span name = span_of(path);
	bool json = manifest_columns(r->manifest, &ro->n_columns) == NULL;

	ro->format = RECORD_CSV;
	ro->delimiter = ',';
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

static int
report_results(enum results_status status, const struct fault *f, const char *path)
{
	struct buf place = {0};

	if (f->line > 0) {
		text_escape(&place, span_of(path), 200);
		buf_printf(&place, ":%lld: ", (long long)f->line);
	}
	diag_error("%s%s", place.data ? place.data : "", f->text);
	buf_free(&place);
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
	if (r->fault.line > 0)
		diag_error("%s:%lld:%lld: %s", r->manifest_path, (long long)r->fault.line,
			   (long long)r->fault.column, r->fault.text);
	else
		diag_error("%s: %s", r->manifest_path, r->fault.text);
	return EXIT_UNREADABLE;
}

/* The manifest is its own results file: it is locked and read first, then read as a manifest. */
static int
open_own_results(struct run *r)
{
	struct results_options ro = {.path = r->manifest_path, .lade = COLUMNS_ALWAYS};
	struct manifest_options mo = r->options->manifest;
	enum results_status status;

	if (mo.map_url || mo.map_name || mo.map_type || mo.type != ASSET_NONE || mo.split_urls ||
	    r->options->output) {
		diag_error("%s is a results file: it takes no --map, --type, --split-urls or -o",
			   r->manifest_path);
		return EXIT_USAGE;
	}
	manifest_free(r->manifest);
	r->manifest = NULL;
	status = results_open(&ro, &r->results, &r->fault);
	if (status != RESULTS_OK)
		return report_results(status, &r->fault, r->manifest_path);
	r->results_path = mem_strdup(r->manifest_path);
	mo.limit_bytes = results_size_before(r->results);
	r->manifest = manifest_open(r->manifest_path, &mo, &r->fault);
	return r->manifest ? -1 : report_manifest(r);
}

static int
open_results_beside(struct run *r)
{
	const struct manifest_plan *plan = manifest_plan(r->manifest);
	struct results_options ro = {.lade = COLUMNS_ALWAYS};
	enum results_status status;
	char *path;
	int rc = -1;

	if (!r->options->output && strcmp(r->manifest_path, "-") == 0) {
		diag_error("a manifest from standard input needs -o FILE for its results");
		return EXIT_USAGE;
	}
	path = r->options->output ? mem_strdup(r->options->output)
				  : default_output(r->manifest_path, manifest_format(r->manifest));
	if (output_format(r, path, &ro) < 0) {
		free(path);
		return EXIT_USAGE;
	}
	ro.path = path;
	ro.columns = manifest_columns(r->manifest, &ro.n_columns);
	ro.lade |= plan->plain_type ? 0 : 1u << COLUMN_ASSET_TYPE;
	ro.lade |= plan->plain_url ? 0 : 1u << COLUMN_URL;
	ro.lade |= plan->plain_name ? 0 : 1u << COLUMN_NAME;
	status = results_open(&ro, &r->results, &r->fault);
	if (status != RESULTS_OK)
		rc = report_results(status, &r->fault, path);
	r->results_path = path;
	return rc;
}

int
open_files(struct run *r)
{
	const struct options *o = r->options;

	r->manifest = manifest_open(r->manifest_path, &o->manifest, &r->fault);
	if (!r->manifest)
		return report_manifest(r);
	if (manifest_plan(r->manifest)->is_results)
		return open_own_results(r);
	if (o->command == COMMAND_RETRY) {
		diag_error("%s is no results file: it has no column lade_status", r->manifest_path);
		return EXIT_UNREADABLE;
	}
	return open_results_beside(r);
}
