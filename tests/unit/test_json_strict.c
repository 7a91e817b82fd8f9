#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "manifest/json_strict.h"

#define LENGTH 40 /* two steps of sixteen bytes and a rest */

/* One odd byte at each place of strings of each length: the judge stops exactly there, or nowhere. */
static void
test_each_place_of_a_string(void **state)
{
	static const char odd[] = {'"', '\\', 0x00, 0x1F, '\n', 0x20, 0x7F, (char)0x80, (char)0xFF, '/'};
	size_t n, place, i, at, want;
	const char *wrong;
	char *text;

	(void)state;
	for (n = 1; n <= LENGTH; n++) {
		for (place = 0; place < n; place++) {
			for (i = 0; i < sizeof odd; i++) {
				text = malloc(n + 2); /* so that a sanitizer sees what is read behind it */
				assert_non_null(text);
				memset(text, 'a', n + 2);
				text[0] = text[n + 1] = '"';
				text[1 + place] = odd[i];
				want = n + 2;
				if ((unsigned char)odd[i] < 0x20)
					want = 1 + place;
				else if (odd[i] == '"')
					want = 2 + place; /* text behind the string */
				wrong = json_strict((struct span){text, n + 2}, &at);
				if (odd[i] == '\\')
					assert_non_null(wrong);
				else if (want == n + 2)
					assert_null(wrong);
				else
					assert_int_equal(at, want);
				free(text);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_place_of_a_string)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
