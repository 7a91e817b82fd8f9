#include "unit.h"

#include "base/buf.h"
#include "manifest/json_scan.h"

/* Each value ends before what follows it here. */
static const struct {
	const char *value, *behind;
} texts[] = {
	{"{\"a\":\"0123456789\\\"}]0123456789abcdefghijklmnopqrstuvwxyz\",\"b\":[1,2]}", ",{}"},
	{"{\"a\":\"\\\\\",\"b\":\"\\\\\\\"}\",\"c\":\"}{}{}{}{}{}{}{}{}{}{}{}\\\\\"}", "]"},
	{"[[[\"[\",\"]\"],{\"}\":\"{\"}],\"\\\"\",\"0123456789abcdef\\\"]\"]", "\n"},
	{"\"0123456789abcde\\\"0123456789abcde\\\\\"", "}"},
	{"-12.5e3", ",0"},
	{"true", " "},
};

static void
a_value_ends_in_the_same_place_however_its_text_arrives(void **state)
{
	struct buf text = {0};
	size_t i, k, n;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		n = strlen(texts[i].value);
		buf_clear(&text);
		buf_add_str(&text, texts[i].value);
		buf_add_str(&text, texts[i].behind);
		for (k = 0; k <= text.len; k++) { /* in two pieces */
			struct json_scan s = {0};

			assert_int_equal(json_scan_value(&s, (struct span){text.data, k}),
					 k > n || (k == n && strchr("}]\"", text.data[n - 1])));
			assert_true(json_scan_value(&s, buf_span(&text)));
			assert_int_equal(s.pos, n);
		}
		struct json_scan s = {0};

		for (k = 0; !json_scan_value(&s, (struct span){text.data, k}); k++) /* byte by byte */
			assert_true(k < text.len);
		assert_int_equal(s.pos, n);
	}
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_ends_in_the_same_place_however_its_text_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
