/*
 * Theory. getopt_long takes abbreviations and cannot be told not to, so the few rules are here:
 * options may stand before or after operands, "--" ends them, "--name=value" and "--name value",
 * "-j8" and "-j 8", "-qv" for switches. Each option's value is checked where it is read; nothing
 * is checked later but what depends on several options.
 */
#include "command/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "command/completion.h"
#include "command/help.h"

#define EXIT_USAGE 2
#define DEFAULT_BASE_URL "https://zcbservice.aizfw.cn/kyyReactApiServer"
#define DEFAULT_MAX_FAILURES 50 /* percent */
#define DEFAULT_TIMEOUT_MS 60000
#define DEFAULT_REVIEW_MS (30 * 60000)
#define MOST_SHARDS 100000
#define MANY_NAMES 64 /* more than there are options */

enum option_id {
	OPT_MAP, OPT_TYPE, OPT_FORMAT, OPT_DELIMITER, OPT_JSON_PATH, OPT_SKIP_EMPTY, OPT_SPLIT_URLS,
	OPT_ALLOW_PRIVATE, OPT_OUTPUT, OPT_ONLY, OPT_CONCURRENCY, OPT_RATE, OPT_RETRIES, OPT_IN_DOUBT,
	OPT_RETRY_CODE, OPT_CONNECT_TIMEOUT, OPT_TIMEOUT, OPT_OUTAGE_TIMEOUT, OPT_MAX_PAUSE,
	OPT_MAX_FAILURES,
	OPT_BASE_URL, OPT_ALLOW_HTTP, OPT_CACERT, OPT_KEY_FILE, OPT_QUIET, OPT_VERBOSE, OPT_PROGRESS,
	OPT_PROGRESS_INTERVAL, OPT_OUTPUT_FORMAT, OPT_VERSION_COLUMN, OPT_NEW_ONLY, OPT_LIMIT,
	OPT_DEADLINE, OPT_ASSET_MAP, OPT_ASSET_URIS, OPT_SYNC, OPT_STRICT, OPT_PROBE, OPT_JSON,
	OPT_MAX_PROBLEMS, OPT_HTML, OPT_MERGE, OPT_REVIEW, OPT_REVIEW_TIMEOUT, OPT_INTERVAL,
	OPT_REVIEW_RATE, OPT_ONCE, OPT_SHARD, OPT_SUMMARY_JSON, OPT_METRICS_FILE, OPT_LOG_JSON,
	OPT_HELP, OPT_VERSION,
};

const struct option option_table[] = {
	{"map", 0, "NAME=COLUMN,...", "read url, name or assetType from another column or member",
	 COMMAND_READING, OPT_MAP},
	{"type", 0, "TYPE", "assetType of rows that have none: Image, Video, Audio, Document",
	 COMMAND_READING, OPT_TYPE},
	{"format", 0, "FORMAT", "of the manifest: csv, tsv, json, ndjson, list (default: recognised)",
	 COMMAND_READING, OPT_FORMAT},
	{"delimiter", 0, "CHAR", "of a CSV manifest; tab for TAB (default: recognised)",
	 COMMAND_READING, OPT_DELIMITER},
	{"json-path", 0, "PATH", "the member that holds the array, as a.b", COMMAND_READING,
	 OPT_JSON_PATH},
	{"skip-empty", 0, NULL, "pass over rows whose url is empty", COMMAND_READING, OPT_SKIP_EMPTY},
	{"split-urls", 0, "SEPARATOR", "make a row of each URL in the field", COMMAND_READING,
	 OPT_SPLIT_URLS},
	{"allow-private", 0, NULL, "send URLs of private and local hosts too", COMMAND_WORKING,
	 OPT_ALLOW_PRIVATE},
	{"output", 'o', "FILE", "results file (default: beside the manifest)", COMMAND_UPLOAD,
	 OPT_OUTPUT},
	{"output-format", 0, "FORMAT", "of new results: csv, tsv, ndjson (default: as FILE is named)",
	 COMMAND_UPLOAD, OPT_OUTPUT_FORMAT},
	{"version-column", 0, "COLUMN", "upload again where this column's value differs from the recorded",
	 COMMAND_UPLOAD, OPT_VERSION_COLUMN},
	{"new-only", 0, NULL, "leave all recorded rows alone", COMMAND_UPLOAD, OPT_NEW_ONLY},
	{"only", 0, "CLASS,...",
	 "re-run these: unavailable, rejected, invalid_row, no_answer, bad_answer, review_failed",
	 COMMAND_RETRY, OPT_ONLY},
	{"shard", 0, "I/N", "take only the rows of shard I (from 0) of N", COMMAND_UPLOAD, OPT_SHARD},
	{"limit", 0, "N", "send at most N rows", COMMAND_SENDING, OPT_LIMIT},
	{"deadline", 0, "WHEN", "send no further row after that time: 2h, or 06:30",
	 COMMAND_SENDING, OPT_DEADLINE},
	{"asset-map", 0, "FILE", "also write {url: assetId} of all assets in the results",
	 COMMAND_SENDING, OPT_ASSET_MAP},
	{"asset-uris", 0, NULL, "write asset:// before each id of the map", COMMAND_SENDING,
	 OPT_ASSET_URIS},
	{"sync", 0, "WHEN", "what must reach the disk: always, 1s, none (default: always)",
	 COMMAND_ASKING, OPT_SYNC},
	{"concurrency", 'j', "N", "requests in flight at most, 1 to 1000 (default: 8)",
	 COMMAND_ANY, OPT_CONCURRENCY},
	{"rate", 'r', "R", "requests started at most: 20/s, 600/m, 5000/h, 20000/d; auto, none (default: auto)",
	 COMMAND_WORKING, OPT_RATE},
	{"retries", 0, "N", "re-sendings of one row at most (default: 5)", COMMAND_SENDING,
	 OPT_RETRIES},
	{"in-doubt", 0, "WHAT", "rows that may have been accepted: hold, resend (default: hold)",
	 COMMAND_SENDING, OPT_IN_DOUBT},
	{"retry-code", 0, "CODE,...", "codes of the server that are worth another try",
	 COMMAND_SENDING, OPT_RETRY_CODE},
	{"connect-timeout", 0, "TIME", "for a connection (default: 10s)", COMMAND_ANY,
	 OPT_CONNECT_TIMEOUT},
	{"timeout", 0, "TIME", "for one request (default: 60s)", COMMAND_WORKING, OPT_TIMEOUT},
	{"outage-timeout", 0, "TIME", "how long to wait for a server that is down (default: 15m)",
	 COMMAND_ASKING, OPT_OUTAGE_TIMEOUT},
	{"max-pause", 0, "TIME", "the longest pause that the server may ask for (default: 65m)",
	 COMMAND_ASKING, OPT_MAX_PAUSE},
	{"max-failures", 0, "N", "stop when so many rows failed, or N% of them; 0: never (default: 50%, retry: 0)",
	 COMMAND_SENDING, OPT_MAX_FAILURES},
	{"base-url", 0, "URL", "of the API (default: the vendor's)", COMMAND_ASKING, OPT_BASE_URL},
	{"allow-http", 0, NULL, "send the key over plain http, to any host", COMMAND_ASKING,
	 OPT_ALLOW_HTTP},
	{"cacert", 0, "FILE", "certificates to trust (default: $SSL_CERT_FILE, else the system's)",
	 COMMAND_ANY, OPT_CACERT},
	{"key-file", 0, "FILE", "the API key; - for standard input (default: $GLOBALAIOPC_API_KEY)",
	 COMMAND_ASKING, OPT_KEY_FILE},
	{"html", 0, "FILE", "the report as one page; - for standard output", COMMAND_REPORT, OPT_HTML},
	{"merge", 0, "FILE", "join the results files into one", COMMAND_REPORT, OPT_MERGE},
	{"quiet", 'q', NULL, "say nothing unless something failed", COMMAND_ANY | COMMAND_REPORT,
	 OPT_QUIET},
	{"verbose", 'v', NULL, "a line per retry and failure; twice: per request", COMMAND_ASKING,
	 OPT_VERBOSE},
	{"progress", 0, "HOW", "auto, bar, plain, none (default: auto)", COMMAND_ASKING,
	 OPT_PROGRESS},
	{"progress-interval", 0, "TIME", "between plain progress lines (default: 60s)",
	 COMMAND_ASKING, OPT_PROGRESS_INTERVAL},
	{"strict", 0, NULL, "check the whole manifest first; send nothing if a row is invalid",
	 COMMAND_UPLOAD, OPT_STRICT},
	{"probe", 0, NULL, "ask each URL's own server: reachable, content type, size",
	 COMMAND_CHECK, OPT_PROBE},
	{"json", 0, NULL, "what is found, as JSON", COMMAND_CHECK | COMMAND_REPORT, OPT_JSON},
	{"max-problems", 0, "N", "problems shown at most (default: 100)", COMMAND_CHECK,
	 OPT_MAX_PROBLEMS},
	{"review", 0, NULL, "then wait until the review of the assets is settled", COMMAND_UPLOAD,
	 OPT_REVIEW},
	{"review-timeout", 0, "TIME", "how long --review waits (default: 30m)", COMMAND_UPLOAD,
	 OPT_REVIEW_TIMEOUT},
	{"interval", 0, "TIME", "between two questions about one asset (default: 30s)",
	 COMMAND_UPLOAD | COMMAND_REVIEW, OPT_INTERVAL},
	{"review-rate", 0, "R", "questions started at most (default: 20/s)",
	 COMMAND_UPLOAD | COMMAND_REVIEW, OPT_REVIEW_RATE},
	{"timeout", 0, "TIME", "how long to wait for the review (default: 30m)", COMMAND_REVIEW,
	 OPT_REVIEW_TIMEOUT},
	{"once", 0, NULL, "ask once for each asset, and do not wait", COMMAND_REVIEW, OPT_ONCE},
	{"summary-json", 0, "FILE", "write the summary as one JSON object", COMMAND_ASKING,
	 OPT_SUMMARY_JSON},
	{"metrics-file", 0, "FILE", "write metrics for Prometheus' textfile collector", COMMAND_ASKING,
	 OPT_METRICS_FILE},
	{"log-json", 0, "FILE", "append an event a line", COMMAND_ASKING, OPT_LOG_JSON},
	{"help", 'h', NULL, "show this", COMMAND_ANY | COMMAND_REPORT | COMMAND_HELP, OPT_HELP},
	{"version", 0, NULL, "show the versions of lade and its libraries",
	 COMMAND_ANY | COMMAND_REPORT | COMMAND_HELP, OPT_VERSION},
	{NULL, 0, NULL, NULL, 0, 0},
};

/* "did you mean" for a word that is none of the names. */
static void
unknown(const char *what, const char *prefix, const char *word, const struct span *names, size_t n)
{
	int near = text_nearest(span_of(word), names, n);
	struct buf shown = {0};

	text_escape(&shown, span_of(word), 100);
	if (near >= 0)
		diag_error("unknown %s %s%s; did you mean %s%.*s?", what, prefix, shown.data, prefix,
			   (int)names[near].n, names[near].p);
	else
		diag_error("unknown %s %s%s; see `lade help`", what, prefix, shown.data);
	buf_free(&shown);
}

/* One of a few words; returns its index, or -1 after a message. */
static int
one_of(const char *option, const char *value, const char *const *words)
{
	struct span names[MANY_NAMES];
	char what[64];
	size_t n;

	for (n = 0; words[n]; n++) {
		if (strcmp(words[n], value) == 0)
			return (int)n;
		names[n] = span_of(words[n]);
	}
	snprintf(what, sizeof what, "value of --%s:", option);
	unknown(what, "", value, names, n);
	return -1;
}

static int
bad_value(const char *option, const char *value, const char *wanted)
{
	struct buf shown = {0};

	text_escape(&shown, span_of(value), 100);
	diag_error("--%s %s: wants %s", option, shown.data, wanted);
	buf_free(&shown);
	return -1;
}

static int
set_duration(const char *option, const char *value, int64_t *out)
{
	int64_t ms = units_duration_ms(value);

	if (ms <= 0)
		return bad_value(option, value, "a duration such as 500ms, 10s, 15m or 2h");
	*out = ms;
	return 0;
}

static int
set_number(const char *option, const char *value, int64_t low, int64_t high, unsigned *out)
{
	char wanted[64];
	int64_t n;

	if (units_int(value, low, high, &n) < 0) {
		snprintf(wanted, sizeof wanted, "a number from %lld to %lld", (long long)low,
			 (long long)high);
		return bad_value(option, value, wanted);
	}
	*out = (unsigned)n;
	return 0;
}

static int
set_rate(struct options *o, const char *value)
{
	o->interval_ns = 0;
	o->unpaced = strcmp(value, "none") == 0;
	if (strcmp(value, "auto") == 0 || strcmp(value, "none") == 0)
		return 0;
	o->interval_ns = units_rate_interval_ns(value);
	if (o->interval_ns < 0)
		return bad_value("rate", value, "a rate such as 20/s, 600/m, 5000/h or 20000/d, or auto or none");
	return 0;
}

/* "20": so many; "20%": of the rows that are done. */
static int
set_max_failures(struct options *o, const char *value)
{
	size_t n = strlen(value);
	char *digits = mem_strdup(value);
	bool percent = n > 0 && value[n - 1] == '%';
	int64_t number;
	int rc;

	if (percent)
		digits[n - 1] = '\0';
	rc = units_int(digits, percent ? 1 : 0, percent ? 100 : UINT32_MAX, &number);
	free(digits);
	if (rc < 0)
		return bad_value("max-failures", value, "a number, or a percentage from 1% to 100%");
	o->max_failures = (unsigned)number;
	o->max_failures_percent = percent;
	o->max_failures_set = true;
	return 0;
}

static int
set_map(struct options *o, const char *value)
{
	static const char *const targets[] = {"url", "name", "assetType", NULL};
	const char **places[] = {&o->manifest.map_url, &o->manifest.map_name, &o->manifest.map_type};
	char *item, *rest, *equals;
	int which;

	free(o->map);
	o->map = rest = mem_strdup(value);
	while ((item = strsep(&rest, ","))) {
		equals = strchr(item, '=');
		if (!equals || equals[1] == '\0')
			return bad_value("map", item, "NAME=COLUMN, as url=image_link,name=title");
		*equals = '\0';
		which = one_of("map", item, targets);
		if (which < 0)
			return -1;
		if (*places[which])
			return bad_value("map", item, "each of url, name and assetType once");
		*places[which] = equals + 1;
	}
	return 0;
}

static int
set_only(struct options *o, const char *value)
{
	static const char *const classes[] = {"rejected",    "unavailable", "no_answer", "bad_answer",
					      "invalid_row", "review_failed", NULL};
	static const enum error_class values[] = {CLASS_REJECTED, CLASS_UNAVAILABLE, CLASS_NO_ANSWER,
						  CLASS_BAD_ANSWER, CLASS_INVALID_ROW};
	char *copy = mem_strdup(value), *rest = copy, *item;
	int which = 0;

	while (which >= 0 && (item = strsep(&rest, ","))) {
		which = one_of("only", item, classes);
		if (which == sizeof values / sizeof *values)
			o->only_review_failed = true;
		else if (which >= 0)
			o->only |= 1u << values[which];
	}
	free(copy);
	return which < 0 ? -1 : 0;
}

static int
set_shard(struct options *o, const char *value)
{
	char *copy = mem_strdup(value), *slash = strchr(copy, '/');
	int64_t shard = 0, shards = 0;
	bool good = slash != NULL;

	if (slash)
		*slash = '\0';
	good = good && units_int(slash + 1, 1, MOST_SHARDS, &shards) == 0 &&
	       units_int(copy, 0, shards - 1, &shard) == 0;
	free(copy);
	o->shard = (unsigned)shard;
	o->shards = (unsigned)shards;
	return good ? 0 : bad_value("shard", value, "I/N, as 0/4, 1/4, 2/4 and 3/4");
}

static int
set_delimiter(struct options *o, const char *value)
{
	if (strcmp(value, "tab") == 0 || strcmp(value, "\\t") == 0)
		value = "\t";
	if (strlen(value) != 1 || strchr("\"\r\n", value[0]))
		return bad_value("delimiter", value, "one character, or tab");
	o->manifest.delimiter = value[0];
	return 0;
}

static int
set_manifest(struct options *o, enum option_id id, const char *value)
{
	static const char *const formats[] = {"csv", "tsv", "json", "ndjson", "list", NULL};
	int which;

	switch (id) {
	case OPT_MAP:
		return set_map(o, value);
	case OPT_TYPE:
		o->manifest.type = asset_type_parse(span_of(value));
		return o->manifest.type == ASSET_NONE
			       ? bad_value("type", value, "Image, Video, Audio or Document")
			       : 0;
	case OPT_FORMAT:
		which = one_of("format", value, formats);
		o->manifest.format = (enum manifest_format)(MANIFEST_CSV + which);
		return which < 0 ? -1 : 0;
	case OPT_DELIMITER:
		return set_delimiter(o, value);
	case OPT_JSON_PATH:
		o->manifest.json_path = value;
		return 0;
	case OPT_SPLIT_URLS:
		o->manifest.split_urls = strcmp(value, "\\n") == 0 ? "\n" : value;
		return *value ? 0 : bad_value("split-urls", value, "a separator");
	default:
		o->manifest.skip_empty = true;
		return 0;
	}
}

static int
set_output(struct options *o, enum option_id id, const char *value)
{
	static const char *const modes[] = {"auto", "bar", "plain", "none", NULL};
	int which;

	switch (id) {
	case OPT_QUIET:
		o->verbosity = -1;
		return 0;
	case OPT_VERBOSE:
		o->verbosity = o->verbosity < 0 ? 1 : o->verbosity + 1;
		return 0;
	case OPT_PROGRESS:
		which = one_of("progress", value, modes);
		o->progress = (enum progress_mode)which;
		return which < 0 ? -1 : 0;
	default:
		return set_duration("progress-interval", value, &o->progress_interval_ms);
	}
}

static int
set_check(struct options *o, enum option_id id, const char *value)
{
	switch (id) {
	case OPT_STRICT:
		o->strict = true;
		return 0;
	case OPT_PROBE:
		o->probe = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	default:
		if (units_int(value, 0, INT64_MAX, &o->max_problems) == 0)
			return 0;
		return bad_value("max-problems", value, "a number");
	}
}

static int
set_review(struct options *o, enum option_id id, const char *value)
{
	switch (id) {
	case OPT_REVIEW:
		o->review = true;
		return 0;
	case OPT_ONCE:
		o->review_once = true;
		return 0;
	case OPT_INTERVAL:
		return set_duration("interval", value, &o->review_interval_ms);
	case OPT_REVIEW_RATE:
		o->review_interval_ns = units_rate_interval_ns(value);
		if (o->review_interval_ns > 0)
			return 0;
		return bad_value("review-rate", value, "a rate such as 20/s, 600/m or 5000/h");
	default:
		return set_duration("timeout", value, &o->review_timeout_ms);
	}
}

static int
set_machine(struct options *o, const struct option *opt, const char *value)
{
	if (opt->id == OPT_SUMMARY_JSON)
		o->summary_json = value;
	else if (opt->id == OPT_METRICS_FILE)
		o->metrics_file = value;
	else
		o->log_json = value;
	return *value ? 0 : bad_value(opt->name, value, "a file");
}

static int
set_in_doubt(struct options *o, const char *value)
{
	static const char *const words[] = {"hold", "resend", NULL};
	int which = one_of("in-doubt", value, words);

	o->resend = which == 1;
	return which < 0 ? -1 : 0;
}

/* A duration, or HH:MM on local clocks. */
static int
set_deadline(struct options *o, const char *value)
{
	int hour, minute, used = -1;

	if (sscanf(value, "%2d:%2d%n", &hour, &minute, &used) == 2 && value[used] == '\0' &&
	    strlen(value) == 5 && value[0] != '-' && hour >= 0 && hour < 24 && minute >= 0 &&
	    minute < 60) {
		o->deadline_at_min = hour * 60 + minute;
		o->deadline_in_ms = -1;
		return 0;
	}
	o->deadline_at_min = -1;
	o->deadline_in_ms = units_duration_ms(value);
	if (o->deadline_in_ms <= 0)
		return bad_value("deadline", value, "a duration such as 2h, or a time such as 06:30");
	return 0;
}

static int
set_sync(struct options *o, const char *value)
{
	static const char *const words[] = {"always", "1s", "none", NULL};
	int which = one_of("sync", value, words);

	o->sync = (enum results_sync)which;
	return which < 0 ? -1 : 0;
}

/* Options of the results file and of how much a run does. */
static int
set_results(struct options *o, enum option_id id, const char *value)
{
	static const char *const formats[] = {"csv", "tsv", "ndjson", NULL};

	switch (id) {
	case OPT_OUTPUT:
		o->output = value;
		return *value ? 0 : bad_value("output", value, "a file");
	case OPT_OUTPUT_FORMAT:
		o->output_format = value;
		return one_of("output-format", value, formats) < 0 ? -1 : 0;
	case OPT_VERSION_COLUMN:
		o->manifest.version_column = value;
		return 0;
	case OPT_LIMIT:
		if (units_int(value, 1, INT64_MAX - 1, &o->limit) < 0)
			return bad_value("limit", value, "a number from 1 on");
		return 0;
	case OPT_DEADLINE:
		return set_deadline(o, value);
	case OPT_ASSET_MAP:
		o->asset_map = value;
		return *value ? 0 : bad_value("asset-map", value, "a file");
	case OPT_ASSET_URIS:
		o->asset_uris = true;
		return 0;
	case OPT_SYNC:
		return set_sync(o, value);
	default:
		o->new_only = true;
		return 0;
	}
}

/* Options from OPT_REVIEW to OPT_LOG_JSON. */
static int
set_review_or_show(struct options *o, const struct option *opt, const char *value)
{
	if (opt->id == OPT_SHARD)
		return set_shard(o, value);
	if (opt->id >= OPT_SUMMARY_JSON)
		return set_machine(o, opt, value);
	return set_review(o, (enum option_id)opt->id, value);
}

static int
set_report(struct options *o, enum option_id id, const char *value)
{
	*(id == OPT_HTML ? &o->html : &o->merge) = value;
	return *value ? 0 : bad_value(id == OPT_HTML ? "html" : "merge", value, "a file");
}

static int
apply(struct options *o, const struct option *opt, const char *value)
{
	if (opt->id >= OPT_REVIEW && opt->id <= OPT_LOG_JSON)
		return set_review_or_show(o, opt, value);
	switch ((enum option_id)opt->id) {
	case OPT_ALLOW_PRIVATE:
		o->allow_private = true;
		return 0;
	case OPT_OUTPUT:
	case OPT_OUTPUT_FORMAT:
	case OPT_VERSION_COLUMN:
	case OPT_NEW_ONLY:
	case OPT_LIMIT:
	case OPT_DEADLINE:
	case OPT_ASSET_MAP:
	case OPT_ASSET_URIS:
	case OPT_SYNC:
		return set_results(o, (enum option_id)opt->id, value);
	case OPT_ONLY:
		return set_only(o, value);
	case OPT_CONCURRENCY:
		return set_number("concurrency", value, 1, LIMIT_CONCURRENCY, &o->concurrency);
	case OPT_RATE:
		return set_rate(o, value);
	case OPT_RETRIES:
		return set_number("retries", value, 0, 1000, &o->retries);
	case OPT_IN_DOUBT:
		return set_in_doubt(o, value);
	case OPT_RETRY_CODE:
		o->retry_codes = value;
		return 0;
	case OPT_CONNECT_TIMEOUT:
		return set_duration("connect-timeout", value, &o->connect_timeout_ms);
	case OPT_TIMEOUT:
		return set_duration("timeout", value, &o->timeout_ms);
	case OPT_OUTAGE_TIMEOUT:
		return set_duration("outage-timeout", value, &o->outage_timeout_ms);
	case OPT_MAX_PAUSE:
		return set_duration("max-pause", value, &o->max_pause_ms);
	case OPT_MAX_FAILURES:
		return set_max_failures(o, value);
	case OPT_BASE_URL:
		o->base_url = value;
		return 0;
	case OPT_ALLOW_HTTP:
		o->allow_http = true;
		return 0;
	case OPT_CACERT:
		o->ca_file = value;
		return 0;
	case OPT_KEY_FILE:
		o->key_file = value;
		return 0;
	case OPT_HTML:
	case OPT_MERGE:
		return set_report(o, (enum option_id)opt->id, value);
	case OPT_QUIET:
	case OPT_VERBOSE:
	case OPT_PROGRESS:
	case OPT_PROGRESS_INTERVAL:
		return set_output(o, (enum option_id)opt->id, value);
	case OPT_STRICT:
	case OPT_PROBE:
	case OPT_JSON:
	case OPT_MAX_PROBLEMS:
		return set_check(o, (enum option_id)opt->id, value);
	default:
		return set_manifest(o, (enum option_id)opt->id, value);
	}
}

/* Of two options of one name that of the command, which is not known before it was named. */
static const struct option *
find_long(const struct options *o, struct span name)
{
	const struct option *opt, *found = NULL;

	for (opt = option_table; opt->name; opt++)
		if (span_is(name, opt->name) && (!found || opt->commands & (unsigned)o->command))
			found = opt;
	return found;
}

static const struct option *
find_letter(char letter)
{
	const struct option *opt;

	for (opt = option_table; opt->name; opt++)
		if (opt->letter == letter)
			return opt;
	return NULL;
}

static void
unknown_option(const struct options *o, const char *word)
{
	struct span names[MANY_NAMES];
	const struct option *opt;
	char *copy = mem_strdup(word), *equals = strchr(copy, '=');
	size_t n = 0;

	if (equals)
		*equals = '\0';
	for (opt = option_table; opt->name; opt++)
		if (!o->command || opt->commands & (unsigned)o->command)
			names[n++] = span_of(opt->name);
	unknown("option", "--", copy, names, n);
	free(copy);
}

/* What the parser is at. */
struct parser {
	struct options *o;
	char **argv;
	int argc, at;
	const struct option *asked; /* --help or --version */
};

/* One option with its value; what stands behind "=" or behind the letter, or NULL. */
static int
take_option(struct parser *p, const struct option *opt, const char *attached)
{
	const char *value = attached;

	if (p->o->command && !(opt->commands & (unsigned)p->o->command)) {
		diag_error("--%s is no option of `lade %s`", opt->name,
			   help_command_name(p->o->command));
		return -1;
	}
	if (opt->argument && !value) {
		if (p->at + 1 >= p->argc) {
			diag_error("--%s wants a value: %s", opt->name, opt->argument);
			return -1;
		}
		value = p->argv[++p->at];
	}
	if (!opt->argument && value) {
		diag_error("--%s takes no value", opt->name);
		return -1;
	}
	if (opt->id == OPT_HELP || opt->id == OPT_VERSION) {
		p->asked = opt;
		return 0;
	}
	return apply(p->o, opt, value);
}

static int
take_long(struct parser *p, const char *word)
{
	const char *equals = strchr(word, '=');
	struct span name = {word, equals ? (size_t)(equals - word) : strlen(word)};
	const struct option *opt = find_long(p->o, name);

	if (!opt) {
		unknown_option(p->o, word);
		return -1;
	}
	return take_option(p, opt, equals ? equals + 1 : NULL);
}

static int
take_letters(struct parser *p, const char *letters)
{
	const struct option *opt;

	for (; *letters; letters++) {
		opt = find_letter(*letters);
		if (!opt) {
			char word[2] = {*letters, '\0'};

			unknown("option", "-", word, NULL, 0);
			return -1;
		}
		if (opt->argument)
			return take_option(p, opt, letters[1] ? letters + 1 : NULL);
		if (take_option(p, opt, NULL) < 0)
			return -1;
	}
	return 0;
}

static int
take_operand(struct options *o, char *word)
{
	enum command c;
	struct span names[MANY_NAMES];
	size_t n;

	if (o->command == COMMAND_NONE) {
		o->command = help_command(span_of(word));
		if (o->command != COMMAND_NONE)
			return 0;
		for (n = 0; (c = help_command_at(n)) != COMMAND_NONE; n++)
			names[n] = span_of(help_command_name(c));
		unknown("command", "", word, names, n);
		return -1;
	}
	o->operands[o->n_operands++] = word;
	return 0;
}

static int
check_together(struct options *o)
{
	if (o->command == COMMAND_HELP)
		return 0;
	if (o->n_operands == 0) {
		diag_error("`lade %s` wants a %s; see `lade help %s`", help_command_name(o->command),
			   o->command & (COMMAND_UPLOAD | COMMAND_CHECK) ? "manifest" : "results file",
			   help_command_name(o->command));
		return -1;
	}
	if (o->command == COMMAND_UPLOAD && o->n_operands > 1 && !o->output) {
		diag_error("several manifests need -o FILE for their results");
		return -1;
	}
	if (o->command == COMMAND_REVIEW) { /* a --timeout before the command was taken for the other */
		if (o->timeout_ms != DEFAULT_TIMEOUT_MS && o->review_timeout_ms == DEFAULT_REVIEW_MS)
			o->review_timeout_ms = o->timeout_ms;
		o->timeout_ms = DEFAULT_TIMEOUT_MS;
	}
	if (o->asset_map && (o->command == COMMAND_RETRY ? o->n_operands > 1
							 : o->output && strcmp(o->output, "-") == 0)) {
		diag_error("--asset-map is made of one results file");
		return -1;
	}
	if (o->json && o->html && strcmp(o->html, "-") == 0) {
		diag_error("--json and --html - both want standard output");
		return -1;
	}
	if (o->review && o->output && strcmp(o->output, "-") == 0) {
		diag_error("--review needs a results file, not standard output");
		return -1;
	}
	if (o->asset_uris && !o->asset_map) {
		diag_error("--asset-uris goes with --asset-map");
		return -1;
	}
	if (o->only & (1u << CLASS_NO_ANSWER | 1u << CLASS_BAD_ANSWER))
		o->resend = true;
	if (!o->max_failures_set && o->command != COMMAND_RETRY) {
		o->max_failures = DEFAULT_MAX_FAILURES;
		o->max_failures_percent = true;
	}
	return 0;
}

static void
set_defaults(struct options *o, int argc)
{
	*o = (struct options){
		.operands = mem_calloc((size_t)argc + 1, sizeof(char *)),
		.manifest = {.limit_bytes = -1},
		.limit = INT64_MAX,
		.deadline_in_ms = -1,
		.deadline_at_min = -1,
		.concurrency = 8,
		.retries = 5,
		.connect_timeout_ms = 10000,
		.timeout_ms = DEFAULT_TIMEOUT_MS,
		.outage_timeout_ms = 15 * 60000,
		.max_pause_ms = 65 * 60000,
		.review_interval_ms = 30000,
		.review_interval_ns = 50000000,
		.review_timeout_ms = DEFAULT_REVIEW_MS,
		.base_url = DEFAULT_BASE_URL,
		.progress_interval_ms = 60000,
		.max_problems = 100,
	};
}

static int
parse_words(struct parser *p)
{
	bool ended = false;
	int rc = 0;

	for (p->at = 1; rc == 0 && p->at < p->argc; p->at++) {
		char *word = p->argv[p->at];

		if (!ended && strcmp(word, "--") == 0)
			ended = true;
		else if (!ended && strncmp(word, "--", 2) == 0)
			rc = take_long(p, word + 2);
		else if (!ended && word[0] == '-' && word[1] != '\0')
			rc = take_letters(p, word + 1);
		else
			rc = take_operand(p->o, word);
	}
	return rc;
}

static int
answer_help(const struct parser *p)
{
	const struct options *o = p->o;
	enum command c = o->command;

	if (p->asked && p->asked->id == OPT_VERSION)
		return help_version();
	if (c == COMMAND_HELP && o->n_operands > 0) {
		c = help_command(span_of(o->operands[0]));
		if (c == COMMAND_NONE) {
			diag_error("there is no command of this name; `lade help` lists them");
			return EXIT_USAGE;
		}
	}
	return c == COMMAND_NONE || c == COMMAND_HELP ? help_general() : help_of(c);
}

int
options_parse(struct options *o, int argc, char **argv)
{
	struct parser p = {.o = o, .argv = argv, .argc = argc};

	set_defaults(o, argc);
	if (argc == 3 && strcmp(argv[1], "--completion") == 0) /* for those who package it */
		return completion_print(argv[2]);
	if (parse_words(&p) < 0)
		return EXIT_USAGE;
	if (p.asked || o->command == COMMAND_NONE || o->command == COMMAND_HELP)
		return answer_help(&p);
	return check_together(o) < 0 ? EXIT_USAGE : -1;
}

void
options_free(struct options *o)
{
	free(o->operands);
	free(o->map);
}
