/* A results file that anybody wrote: its columns, its records into the index. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ledger/load.h"

void
fuzz_results(const uint8_t *data, size_t size)
{
	int fd = memfd_create("results", MFD_CLOEXEC);
	struct load_needs needs = {0};
	struct index *x = index_new();
	struct layout l = {0};
	struct fault f = {0};
	char path[64];

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (load_layout(path, &l, &needs, &f) == 0) {
		load_index(path, &l, NULL, x, &needs, &f);
		layout_fini(&l);
	} else {
		MUST(f.text[0] != '\0');
	}
	index_free(x);
	close(fd);
}
