/*
 * The values of options: from a word of the command line to what struct options holds, or a message.
 */
#ifndef LADE_COMMAND_VALUES_H
#define LADE_COMMAND_VALUES_H

#include "base/span.h"
#include "command/help.h"
#include "command/options.h"

#define MANY_NAMES 64 /* more than there are options or commands */

/* What the table's options are; those from OPT_REVIEW to OPT_LOG_JSON stay together. */
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

/* Puts an option's value (NULL: it takes none) into o. -1: it cannot be, and a message said so. */
int values_apply(struct options *o, const struct option *opt, const char *value);

/* Says that a word is none of the names, with "did you mean" where one is near. what: static text;
 * prefix: "--" and the like. */
void values_unknown(const char *what, const char *prefix, const char *word,
		    const struct span *names, size_t n);

#endif
