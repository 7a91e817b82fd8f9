#include "unit.h"

#include <stdlib.h>

#include "base/hashset.h"
#include "show/findings.h"

static const char *const type_names[FINDINGS_TYPES] = {"no type", "Image", "Video", "Audio",
						       "Document"};

static void
a_hash_is_new_once_however_many_there_are(void **state)
{
	struct hashset s = {0};
	uint64_t i;

	(void)state;
	assert_true(hashset_add(&s, 0));
	assert_false(hashset_add(&s, 0));
	for (i = 2; i < 5000; i++)
		assert_true(hashset_add(&s, i * UINT64_C(0x9E3779B97F4A7C15)));
	for (i = 2; i < 5000; i++)
		assert_false(hashset_add(&s, i * UINT64_C(0x9E3779B97F4A7C15)));
	/* the same low bits: neighbours */
	for (i = 1; i < 100; i++)
		assert_true(hashset_add(&s, i << 40 | 7));
	assert_int_equal(s.n, 1 + 4998 + 99);
	hashset_free(&s);
}

static void
problems_are_lines_and_no_more_than_asked_for(void **state)
{
	struct findings f = {.max_shown = 2};
	struct buf out = {0};

	(void)state;
	findings_add(&f, FINDING_PROBLEM, "a\x1b.csv", 3, 0, "x", &out);
	findings_add(&f, FINDING_WARNING, "b", 4, 5, "y", &out);
	findings_add(&f, FINDING_PROBLEM, "c", 0, 0, "z", &out);
	findings_add(&f, FINDING_PROBLEM, "d", 1, 0, "not shown", &out);
	assert_string_equal(out.data, "a\\x1b.csv:3: x\nb:4:5: warning: y\nc: z\n");
	assert_int_equal(f.met[FINDING_PROBLEM], 3);
	buf_clear(&out);
	f.rows[0][FINDING_INVALID] = 3;
	f.rows[2][FINDING_GOOD] = 1234567;
	f.passed_over = 1;
	findings_summary(&f, type_names, &out);
	assert_string_equal(out.data, "1 more problem not shown (--max-problems)\n"
				      "                   good     duplicate       invalid\n"
				      "Video         1,234,567             0             0\n"
				      "no type               0             0             3\n"
				      "all           1,234,567             0             3\n"
				      "1 without a url passed over\n1 warning\n");
	buf_free(&out);
}

static void
json_is_quoted(void **state)
{
	struct findings f = {.max_shown = 9, .json = true, .incomplete = true};
	struct buf out = {0};

	(void)state;
	findings_add(&f, FINDING_PROBLEM, "a\"\\\n\xff", 3, 4, "x \"y\"", &out);
	assert_string_equal(out.data,
			    "{\"kind\":\"problem\",\"file\":\"a\\\"\\\\\\\\n\\\\xff\",\"line\":3,"
			    "\"column\":4,\"what\":\"x \\\"y\\\"\"}\n");
	buf_clear(&out);
	findings_summary(&f, type_names, &out);
	assert_string_equal(out.data,
			    "{\"kind\":\"summary\",\"complete\":false,\"rows\":0,\"good\":0,"
			    "\"duplicate\":0,\"invalid\":0,\"passedOver\":0,\"problems\":1,"
			    "\"warnings\":0,\"types\":{}}\n");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_new_once_however_many_there_are),
		cmocka_unit_test(problems_are_lines_and_no_more_than_asked_for),
		cmocka_unit_test(json_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
