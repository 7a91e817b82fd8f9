/*
 * Runs every target over its seeds, and over every beginning of each: what is cut off must be met
 * as calmly as what is whole. usage: replay FOLDER (with a folder per target)
 */
#include <dirent.h>
#include <locale.h>
#include <string.h>

#include "fuzz.h"

static uint8_t bytes[FUZZ_MAX_BYTES];

static size_t
read_seed(const char *path)
{
	FILE *in = fopen(path, "rb");
	size_t n;

	MUST(in != NULL);
	n = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	return n;
}

static unsigned
run_target(const struct fuzz_target *t, const char *folder)
{
	char path[4096];
	struct dirent *entry;
	unsigned seeds = 0;
	size_t n, cut;
	DIR *dir;

	snprintf(path, sizeof path, "%s/%s", folder, t->name);
	dir = opendir(path);
	MUST(dir != NULL);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", folder, t->name, entry->d_name);
		n = read_seed(path);
		for (cut = 0; cut <= n; cut++) {
			/* exactly as long as it is, so that a sanitizer sees a byte too far */
			uint8_t *copy = malloc(cut ? cut : 1);

			MUST(copy != NULL);
			memcpy(copy, bytes, cut);
			t->run(copy, cut);
			free(copy);
		}
		seeds++;
	}
	closedir(dir);
	return seeds;
}

int
main(int argc, char **argv)
{
	const struct fuzz_target *t;
	unsigned targets = 0;

	MUST(argc == 2);
	setlocale(LC_CTYPE, "C.UTF-8");
	for (t = fuzz_targets; t->name; t++, targets++)
		MUST(run_target(t, argv[1]) > 0);
	printf("fuzz: %u passed, 0 failed\n", targets);
	return 0;
}
