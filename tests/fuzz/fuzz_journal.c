/* A journal that anybody wrote: the sums of its lines are set right first, or no line would be read. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ledger/journal.h"

#define SUM_BYTES 8

/* The input with each line's last eight bytes replaced by its sum, where it has so many. */
static void
seal_lines(struct buf *out, const char *p, size_t n)
{
	const char *end = p + n, *lf;
	char sum[SUM_BYTES + 1];

	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p)))) {
		size_t line = (size_t)(lf - p);

		if (line > SUM_BYTES) {
			line -= SUM_BYTES;
			snprintf(sum, sizeof sum, "%08x", journal_hash((struct span){p, line}));
			buf_add(out, p, line);
			buf_add(out, sum, SUM_BYTES);
			buf_add_char(out, '\n');
		} else {
			buf_add(out, p, line + 1);
		}
		p = lf + 1;
	}
	buf_add(out, p, (size_t)(end - p));
}

/* Whether a line's record number is so high that the fates up to it would fill the memory. */
static int
has_high_number(const char *text)
{
	const char *line, *space;

	for (line = text; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
		space = strchr(line, ' ');
		if (space && strncmp(line, "lade", 4) != 0 && strtoull(space, NULL, 10) > 1000000)
			return 1;
	}
	return 0;
}

void
fuzz_journal(const uint8_t *data, size_t size)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	struct journal_story s;
	struct buf text = {0};
	struct fault f = {0};
	uint32_t i;

	seal_lines(&text, (const char *)data, size);
	if (text.data && has_high_number(text.data)) {
		buf_free(&text);
		close(fd);
		return;
	}
	MUST(fd >= 0 && write(fd, text.data ? text.data : "", text.len) == (ssize_t)text.len);
	if (journal_read(fd, &s, &f) == 0) {
		MUST(s.bytes + s.dropped == (int64_t)text.len);
		for (i = 0; i < s.n_fates; i++)
			MUST(s.fates[i].start < 0 ||
			     s.fates[i].start + s.fates[i].start_bytes <= (int64_t)text.len);
		for (i = 0; i < s.n_outcomes; i++)
			MUST(s.outcomes[i].number < s.n_fates &&
			     (i == 0 || s.outcomes[i].place > s.outcomes[i - 1].place));
		journal_believe(&s, INT64_MAX);
	} else {
		MUST(f.text[0] != '\0');
	}
	journal_story_free(&s);
	buf_free(&text);
	close(fd);
}
