#include "unit.h"

#include "base/json_text.h"
#include "base/text.h"

#define LONGEST 20 /* a step of sixteen bytes, and some */

/* A string is written as yajl writes it, whatever byte stands at whatever place; one beyond ASCII, which
 * is no UTF-8, is escaped first. */
static void
strings_are_as_yajl_writes_them(void **state)
{
	char text[LONGEST];
	struct buf shown = {0};
	struct buf got = {0}, wanted = {0};
	size_t n, i;
	int c;

	(void)state;
	for (n = 0; n <= LONGEST; n++) {
		for (i = 0; i < (n ? n : 1); i++) {
			for (c = 0; c < 256; c++) {
				yajl_gen gen = json_gen_new(&wanted);

				memset(text, 'a', sizeof text);
				text[i] = (char)c;
				buf_clear(&got);
				buf_clear(&wanted);
				json_string(&got, (struct span){text, n});
				buf_clear(&shown);
				if (n > 0 && c >= 0x80)
					text_escape(&shown, (struct span){text, n}, 0);
				else
					buf_add(&shown, text, n);
				yajl_gen_string(gen, (const unsigned char *)shown.data, shown.len);
				yajl_gen_free(gen);
				if (!span_equal(buf_span(&got), buf_span(&wanted)))
					fail_msg("byte %d at %zu of %zu: %s", c, i, n, got.data);
			}
		}
	}
	buf_free(&shown);
	buf_free(&got);
	buf_free(&wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_as_yajl_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
