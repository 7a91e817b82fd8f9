#include "unit.h"

#include "policy/outcome.h"

/* One line of the contract's table: an answer that arrived whole, unless it says otherwise. */
struct line {
	const char *what;
	struct answer answer;
	enum outcome outcome;
};

#define SENT .handed_over = true
#define CODE(n) .code_kind = CODE_NUMBER, .code = (n)

static const struct line lines[] = {
	{"nothing handed over", {.broken = true}, OUTCOME_NOT_SENT},
	{"429", {SENT, .http_status = 429}, OUTCOME_THROTTLED},
	{"429, cut off", {SENT, .broken = true, .http_status = 429}, OUTCOME_THROTTLED},
	{"200 with code 429", {SENT, .http_status = 200, CODE(429)}, OUTCOME_THROTTLED},
	{"403 that says when", {SENT, .http_status = 403, .has_retry_after = true}, OUTCOME_THROTTLED},
	{"401", {SENT, .http_status = 401}, OUTCOME_KEY_REFUSED},
	{"200 with code 401", {SENT, .http_status = 200, CODE(401)}, OUTCOME_KEY_REFUSED},
	{"403", {SENT, .http_status = 403}, OUTCOME_FORBIDDEN},
	{"200 with code 403", {SENT, .http_status = 200, CODE(403)}, OUTCOME_FORBIDDEN},
	{"302", {SENT, .http_status = 302}, OUTCOME_MISDIRECTED},
	{"no status", {SENT, .broken = true}, OUTCOME_NO_ANSWER},
	{"no status, and libcurl content", {SENT}, OUTCOME_NO_ANSWER},
	{"200 cut off", {SENT, .broken = true, .http_status = 200}, OUTCOME_NO_ANSWER},
	{"400 cut off", {SENT, .broken = true, .http_status = 400}, OUTCOME_NO_ANSWER},
	{"502", {SENT, .http_status = 502}, OUTCOME_NO_ANSWER},
	{"504 with an envelope", {SENT, .http_status = 504, CODE(1)}, OUTCOME_NO_ANSWER},
	{"200 with code 502", {SENT, .http_status = 200, CODE(502)}, OUTCOME_NO_ANSWER},
	{"500 without envelope", {SENT, .http_status = 500}, OUTCOME_BAD_ANSWER},
	{"520 without envelope", {SENT, .http_status = 520}, OUTCOME_BAD_ANSWER},
	{"200, code 0, no id", {SENT, .http_status = 200, CODE(0)}, OUTCOME_BAD_ANSWER},
	{"200, code 0, odd id", {SENT, .http_status = 200, CODE(0), .id = ID_INVALID},
	 OUTCOME_BAD_ANSWER},
	{"200 without envelope", {SENT, .http_status = 200}, OUTCOME_BAD_ANSWER},
	{"an id beside another code", {SENT, .http_status = 200, CODE(1001), .id = ID_VALID},
	 OUTCOME_BAD_ANSWER},
	{"an id beside a word", {SENT, .http_status = 200, .code_kind = CODE_WORD, .id = ID_VALID},
	 OUTCOME_BAD_ANSWER},
	{"code 0 beside 400", {SENT, .http_status = 400, CODE(0), .id = ID_VALID}, OUTCOME_BAD_ANSWER},
	{"code 0 beside 500", {SENT, .http_status = 500, CODE(0)}, OUTCOME_BAD_ANSWER},
	{"uploaded", {SENT, .http_status = 200, CODE(0), .id = ID_VALID}, OUTCOME_UPLOADED},
	{"201 uploaded", {SENT, .http_status = 201, CODE(0), .id = ID_VALID}, OUTCOME_UPLOADED},
	{"503", {SENT, .http_status = 503}, OUTCOME_UNAVAILABLE},
	{"408", {SENT, .http_status = 408}, OUTCOME_UNAVAILABLE},
	{"425", {SENT, .http_status = 425}, OUTCOME_UNAVAILABLE},
	{"500 with envelope", {SENT, .http_status = 500, CODE(1)}, OUTCOME_UNAVAILABLE},
	{"200 with code 500", {SENT, .http_status = 200, CODE(500)}, OUTCOME_UNAVAILABLE},
	{"200 with code 503", {SENT, .http_status = 200, CODE(503)}, OUTCOME_UNAVAILABLE},
	{"a code to retry", {SENT, .http_status = 200, CODE(1302), .retry_code = true},
	 OUTCOME_UNAVAILABLE},
	{"200 with another code", {SENT, .http_status = 200, CODE(1001)}, OUTCOME_REJECTED},
	{"200 with a word", {SENT, .http_status = 200, .code_kind = CODE_WORD}, OUTCOME_REJECTED},
	{"400", {SENT, .http_status = 400}, OUTCOME_REJECTED},
	{"404 with envelope", {SENT, .http_status = 404, CODE(404)}, OUTCOME_REJECTED},
};

static void
each_line_of_the_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(lines); i++)
		if (outcome_of(&lines[i].answer) != lines[i].outcome)
			fail_msg("%s: outcome %d", lines[i].what, outcome_of(&lines[i].answer));
}

/* Whatever is seen: only a whole 2xx with code 0 and a valid id is an upload, and what may have
 * been accepted is never called certainly refused unless a status or code says so. */
static void
every_combination_is_safe(void **state)
{
	static const int statuses[] = {0, 100, 200, 204, 301, 400, 401, 403, 408, 425, 429,
				       500, 501, 502, 503, 504, 520};
	static const int64_t codes[] = {-1, 0, 200, 401, 403, 429, 500, 502, 503, 504, 1001};
	size_t s, c, n = 0;
	unsigned bits;

	(void)state;
	for (s = 0; s < COUNT_OF(statuses); s++) {
		for (c = 0; c < COUNT_OF(codes); c++) {
			for (bits = 0; bits < 1 << 7; bits++) {
				struct answer a = {
					.handed_over = bits & 1,
					.broken = bits & 2,
					.http_status = statuses[s],
					.has_retry_after = bits & 4,
					.code_kind = (enum code_kind)(bits >> 3 & 3) % 3,
					.code = codes[c],
					.id = (enum id_kind)(bits >> 5 & 3) % 3,
				};
				enum outcome o = outcome_of(&a);
				bool whole = a.handed_over && !a.broken && statuses[s] / 100 == 2 &&
					     a.code_kind == CODE_NUMBER && a.code == 0 &&
					     a.id == ID_VALID;

				assert_int_equal(o == OUTCOME_UPLOADED, whole);
				if (o == OUTCOME_NOT_SENT)
					assert_false(a.handed_over);
				if (o == OUTCOME_REJECTED || o == OUTCOME_UNAVAILABLE)
					assert_false(a.broken || a.http_status < 200 ||
						     a.id != ID_ABSENT);
				n++;
			}
		}
	}
	assert_int_equal(n, COUNT_OF(statuses) * COUNT_OF(codes) * 128);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_of_the_table),
		cmocka_unit_test(every_combination_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
