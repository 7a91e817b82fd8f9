/* Durations, rates, numbers; and whole command lines, a word a line. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "command/options.h"
#include "fuzz.h"

#define WORDS 40

static char *
text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void
fuzz_units(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size);
	int64_t ms = units_duration_ms(text), ns = units_rate_interval_ns(text), n = -7;
	struct buf shown = {0};

	MUST(ms >= -1 && ms <= INT64_C(366) * 86400 * 1000);
	MUST(ns == -1 || (ns >= 1000 && ns <= INT64_C(86400) * 1000000000));
	if (units_int(text, 3, 1000, &n) == 0)
		MUST(n >= 3 && n <= 1000);
	else
		MUST(n == -7);
	if (ms >= 0) {
		units_show_ms(&shown, ms);
		units_show_count(&shown, ms);
	}
	buf_free(&shown);
	free(text);
}

/* What a command line makes lade say is not wanted here. */
static void
silence(int saved[2])
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), fd;

	MUST(null >= 0);
	for (fd = 1; fd <= 2; fd++) {
		saved[fd - 1] = dup(fd);
		dup2(null, fd);
	}
	close(null);
}

static void
speak(const int saved[2])
{
	int fd;

	fflush(stdout);
	for (fd = 1; fd <= 2; fd++) {
		dup2(saved[fd - 1], fd);
		close(saved[fd - 1]);
	}
}

void
fuzz_options(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *rest = text, *argv[WORDS + 2] = {(char[]){"lade"}};
	struct options o;
	int argc = 1, status, saved[2];

	while (rest && argc <= WORDS)
		argv[argc++] = strsep(&rest, "\n");
	silence(saved);
	status = options_parse(&o, argc, argv);
	speak(saved);
	MUST(status >= -1 && status <= 2);
	if (status == -1) {
		MUST(o.n_operands > 0 && o.command != COMMAND_NONE && o.command != COMMAND_HELP);
		MUST(o.concurrency >= 1 && o.concurrency <= 1000);
		MUST(o.interval_ns >= 0 && o.timeout_ms > 0 && o.connect_timeout_ms > 0);
	}
	options_free(&o);
	free(text);
}
