#include "command/help.h"

#include <csv.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_version.h>
#include <zlib.h>

#include "base/diag.h"
#include "version.h"

#define HELP_COLUMN 31 /* where the sentences begin */

static const struct {
	const char *name, *synopsis, *about;
	enum command command;
} commands[] = {
	{"upload", "lade upload [options] MANIFEST...",
	 "Uploads the rows of a manifest that have no asset yet. The outcome of every row goes\n"
	 "into a results file beside the manifest (catalog.csv -> catalog.results.csv); the same\n"
	 "command again carries on where it stopped and uploads what is new.",
	 COMMAND_UPLOAD},
	{"retry", "lade retry [options] RESULTS...",
	 "Re-runs the failed rows of a results file and checks its invalid ones again, in place.",
	 COMMAND_RETRY},
	{"review", "lade review [options] RESULTS...",
	 "Asks how the review of the uploaded assets stands, again and again until every one is Active\n"
	 "or Failed, and writes the answers into the results files.",
	 COMMAND_REVIEW},
	{"check", "lade check [options] MANIFEST...",
	 "Reads manifests to their ends and names every problem that upload would meet; with --probe\n"
	 "also what the URLs' own servers say. Uploads nothing.",
	 COMMAND_CHECK},
	{"report", "lade report [options] RESULTS...",
	 "Tells what is in results files: counts, reasons of failure, latencies; as text, as JSON or\n"
	 "as a page. With --merge it joins several, such as those of shards, into one.",
	 COMMAND_REPORT},
	{"help", "lade help [COMMAND]", "Explains lade, or one of its commands.", COMMAND_HELP},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

enum command
help_command(struct span word)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (span_is(word, commands[i].name))
			return commands[i].command;
	return COMMAND_NONE;
}

enum command
help_command_at(size_t i)
{
	return i < N_COMMANDS ? commands[i].command : COMMAND_NONE;
}

const char *
help_command_name(enum command c)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (commands[i].command == c)
			return commands[i].name;
	return NULL;
}

int
help_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	diag_error("cannot write to standard output");
	return 1;
}

int
help_general(void)
{
	size_t i;

	puts("lade loads a catalog of media assets into the Seedance 2.0 asset library: one request\n"
	     "a row, many at a time, and a results file that maps each URL to its assetId.\n");
	for (i = 0; i < N_COMMANDS; i++)
		printf("  %s\n", commands[i].synopsis);
	puts("\nThe API key is read from $GLOBALAIOPC_API_KEY, or with --key-file from a file.\n"
	     "`lade help upload` lists the options; lade(1) tells everything.");
	return help_finish_output();
}

static void
print_option(const struct option *opt)
{
	char left[128], letter[8] = "    ";
	int n;

	if (opt->letter)
		snprintf(letter, sizeof letter, "-%c, ", opt->letter);
	n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, opt->name, opt->argument ? " " : "",
		     opt->argument ? opt->argument : "");
	if (n < HELP_COLUMN)
		printf("%-*s %s\n", HELP_COLUMN, left, opt->help);
	else
		printf("%s\n%*s %s\n", left, HELP_COLUMN, "", opt->help);
}

int
help_of(enum command c)
{
	const struct option *opt;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (commands[i].command == c)
			printf("usage: %s\n\n%s\n\n", commands[i].synopsis, commands[i].about);
	for (opt = option_table; opt->name; opt++)
		if (opt->commands & (unsigned)c)
			print_option(opt);
	return help_finish_output();
}

int
help_version(void)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	int yajl = yajl_version();

	printf("lade %s\nlibcurl %s (%s), yajl %d.%d.%d, libcsv %d.%d.%d, zlib %s\n", LADE_VERSION,
	       curl->version, curl->ssl_version ? curl->ssl_version : "no TLS", yajl / 10000,
	       yajl / 100 % 100, yajl % 100, CSV_MAJOR, CSV_MINOR, CSV_RELEASE, zlibVersion());
	return help_finish_output();
}
