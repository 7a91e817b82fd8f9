/* One target, named by LADE_FUZZ, under libFuzzer. */
#include <locale.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target = fuzz_targets;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("LADE_FUZZ");

	(void)argc;
	(void)argv;
	setlocale(LC_CTYPE, "C.UTF-8");
	while (target->name && (!name || strcmp(target->name, name) != 0))
		target++;
	if (!target->name) {
		fprintf(stderr, "LADE_FUZZ names no target\n");
		exit(2);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run(data, size < FUZZ_MAX_BYTES ? size : FUZZ_MAX_BYTES);
	return 0;
}
