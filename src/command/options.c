/*
 * Theory. getopt_long takes abbreviations and cannot be told not to, so the few rules are here:
 * options may stand before or after operands, "--" ends them, "--name=value" and "--name value",
 * "-j8" and "-j 8", "-qv" for switches. Each option's value is checked where it is read (values.c);
 * here only what depends on several options.
 */
#include "command/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/completion.h"
#include "command/help.h"
#include "command/values.h"

#define EXIT_USAGE 2
#define DEFAULT_BASE_URL "https://zcbservice.aizfw.cn/kyyReactApiServer"
#define DEFAULT_MAX_FAILURES 50 /* percent */
#define DEFAULT_TIMEOUT_MS 60000
#define DEFAULT_REVIEW_MS (30 * 60000)

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
	values_unknown("option", "--", copy, names, n);
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
	return values_apply(p->o, opt, value);
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

			values_unknown("option", "-", word, NULL, 0);
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
		values_unknown("command", "", word, names, n);
		return -1;
	}
	o->operands[o->n_operands++] = word;
	return 0;
}

static bool
to_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* Why options that are right each by itself do not go together; NULL: they do. */
static const char *
contradiction(const struct options *o)
{
	if (o->command == COMMAND_UPLOAD && o->n_operands > 1 && !o->output)
		return "several manifests need -o FILE for their results";
	if (o->asset_map && (o->command == COMMAND_RETRY ? o->n_operands > 1 : to_stdout(o->output)))
		return "--asset-map is made of one results file";
	if (o->json && to_stdout(o->html))
		return "--json and --html - both want standard output";
	if (o->review && to_stdout(o->output))
		return "--review needs a results file, not standard output";
	if (o->asset_uris && !o->asset_map)
		return "--asset-uris goes with --asset-map";
	return NULL;
}

static int
check_together(const struct options *o)
{
	const char *why = contradiction(o);

	if (o->n_operands == 0)
		diag_error("`lade %s` wants a %s; see `lade help %s`", help_command_name(o->command),
			   o->command & (COMMAND_UPLOAD | COMMAND_CHECK) ? "manifest" : "results file",
			   help_command_name(o->command));
	else if (why)
		diag_error("%s", why);
	return o->n_operands == 0 || why ? -1 : 0;
}

/* What some options mean depends on the command and on each other, in whatever order they came. */
static void
settle_meanings(struct options *o)
{
	if (o->command == COMMAND_REVIEW) { /* a --timeout before the command was taken for the other */
		if (o->timeout_ms != DEFAULT_TIMEOUT_MS && o->review_timeout_ms == DEFAULT_REVIEW_MS)
			o->review_timeout_ms = o->timeout_ms;
		o->timeout_ms = DEFAULT_TIMEOUT_MS;
	}
	if (o->only & (1u << CLASS_NO_ANSWER | 1u << CLASS_BAD_ANSWER))
		o->resend = true;
	o->manifest.results = o->command == COMMAND_RETRY;
	if (!o->max_failures_set && o->command != COMMAND_RETRY) {
		o->max_failures = DEFAULT_MAX_FAILURES;
		o->max_failures_percent = true;
	}
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
	if (check_together(o) < 0)
		return EXIT_USAGE;
	settle_meanings(o);
	return -1;
}

void
options_free(struct options *o)
{
	free(o->operands);
	while (o->n_maps > 0)
		free(o->maps[--o->n_maps]);
	free(o->maps);
}
