#include "unit.h"

#include <stdlib.h>

#include "manifest/csv_scan.h"

#define CELLS 12
#define LINE 70 /* four steps of sixteen bytes, and a rest of every length */

/* The same, byte by byte. */
static size_t
slowly(struct span line, char delimiter, struct span *cells, size_t cap, bool *ascii)
{
	size_t i, n = 0, from = 0;

	*ascii = true;
	for (i = 0; i <= line.n; i++) {
		if (i == line.n || line.p[i] == delimiter) {
			if (n == cap)
				return 0;
			cells[n++] = (struct span){line.p + from, i - from};
			from = i + 1;
			continue;
		}
		if (line.p[i] == '"' || line.p[i] == '\r' || line.p[i] == '\0')
			return 0;
		*ascii &= (unsigned char)line.p[i] < 0x80;
	}
	return line.n == 0 ? 0 : n;
}

static void
compare(struct span line, char delimiter, size_t cap)
{
	struct span want[CELLS], got[CELLS];
	bool want_ascii, got_ascii = false;
	size_t i, n = slowly(line, delimiter, want, cap, &want_ascii);

#ifndef __SSE2__
	n = 0;
#endif
	assert_int_equal(csv_scan(line, delimiter, got, cap, &got_ascii), n);
	for (i = 0; i < n; i++) {
		assert_ptr_equal(got[i].p, want[i].p);
		assert_int_equal(got[i].n, want[i].n);
	}
	assert_true(n == 0 || got_ascii == want_ascii);
	for (i = 0; i < line.n; i++)
		if (line.p[i] == delimiter || strchr("\"\r\n", line.p[i] ? line.p[i] : 'a'))
			break;
	assert_int_equal(csv_is_plain(line, delimiter), i == line.n);
}

/* Every length, with bytes that matter strewn in; the line ends where its block ends, so that reading
 * behind it is seen by a sanitizer or valgrind. */
static void
test_like_byte_by_byte(void **state)
{
	static const char bytes[] = ",,,;;\tx\"\r\n\x80\xff ";
	size_t n, round, k;
	char *line;

	(void)state;
	srand(1);
	for (n = 0; n <= LINE; n++) {
		line = malloc(n + 1);
		assert_non_null(line);
		for (round = 0; round < 200; round++) {
			memset(line, 'a', n);
			for (k = 0; n > 0 && k < round % 9; k++)
				line[(size_t)rand() % n] = bytes[(size_t)rand() % sizeof bytes];
			compare((struct span){line, n}, bytes[(size_t)rand() % 7], 1 + round % CELLS);
		}
		free(line);
	}
}

static void
test_no_room(void **state)
{
	bool ascii;

	(void)state;
	assert_int_equal(csv_scan(span_of("a,b"), ',', NULL, 0, &ascii), 0);
	compare(span_of("a,b,c"), ',', 2);
	compare(span_of("a,b,c"), ',', 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_byte_by_byte),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
