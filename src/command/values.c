#include "command/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

#define MOST_SHARDS 100000

/* "did you mean" for a word that is none of the names. */
void
values_unknown(const char *what, const char *prefix, const char *word, const struct span *names, size_t n)
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
	values_unknown(what, "", value, names, n);
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

	o->maps = mem_resize(o->maps, o->n_maps + 1, sizeof *o->maps);
	o->maps[o->n_maps++] = rest = mem_strdup(value);
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
		return *value ? 0 : bad_value("json-path", value, "a member, as a.b");
	case OPT_SPLIT_URLS:
		o->manifest.split_urls = strcmp(value, "\\n") == 0   ? "\n"
					 : strcmp(value, "\\t") == 0 ? "\t"
								     : value;
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
		return *value ? 0 : bad_value("version-column", value, "a column");
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

int
values_apply(struct options *o, const struct option *opt, const char *value)
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
