#include "policy/outcome.h"

static bool
code_is(const struct answer *a, int64_t code)
{
	return a->code_kind == CODE_NUMBER && a->code == code;
}

/* The contract's fifth line: the asset may have been made. OUTCOME_UPLOADED: the line does not apply. */
static enum outcome
doubt_of(const struct answer *a)
{
	bool envelope = a->code_kind != CODE_ABSENT, ok = a->http_status / 100 == 2;

	if (a->broken || a->http_status < 200)
		return OUTCOME_NO_ANSWER;
	if (a->http_status == 502 || a->http_status == 504 || code_is(a, 502) || code_is(a, 504))
		return OUTCOME_NO_ANSWER; /* a gateway that got no answer itself */
	if (!envelope && (ok || (a->http_status >= 500 && a->http_status != 503)))
		return OUTCOME_BAD_ANSWER;
	if (code_is(a, 0) ? !ok || a->id != ID_VALID : a->id != ID_ABSENT)
		return OUTCOME_BAD_ANSWER;
	return OUTCOME_UPLOADED;
}

/* The contract's line of failures that pass with time. */
static bool
passes(const struct answer *a)
{
	return a->http_status == 503 || a->http_status == 408 || a->http_status == 425 ||
	       a->http_status == 500 || code_is(a, 500) || code_is(a, 503) || a->retry_code;
}

enum outcome
outcome_of(const struct answer *a)
{
	enum outcome doubt;

	if (!a->handed_over)
		return OUTCOME_NOT_SENT;
	if (a->http_status == 429 || code_is(a, 429) ||
	    (a->http_status == 403 && a->has_retry_after))
		return OUTCOME_THROTTLED;
	if (a->http_status == 401 || code_is(a, 401))
		return OUTCOME_KEY_REFUSED;
	if (a->http_status == 403 || code_is(a, 403))
		return OUTCOME_FORBIDDEN;
	if (a->http_status / 100 == 3)
		return OUTCOME_MISDIRECTED;
	doubt = doubt_of(a);
	if (doubt != OUTCOME_UPLOADED)
		return doubt;
	if (code_is(a, 0)) /* with status 2xx and a valid id, or it were in doubt */
		return OUTCOME_UPLOADED;
	return passes(a) ? OUTCOME_UNAVAILABLE : OUTCOME_REJECTED;
}

bool
outcome_is_busy(const struct answer *a)
{
	return a->handed_over && !a->broken && (a->http_status == 503 || code_is(a, 503));
}

bool
outcome_is_doubtful(enum outcome o)
{
	return o == OUTCOME_NO_ANSWER || o == OUTCOME_BAD_ANSWER;
}

bool
outcome_is_alive(enum outcome o)
{
	return o == OUTCOME_UPLOADED || o == OUTCOME_REJECTED || o == OUTCOME_THROTTLED ||
	       o == OUTCOME_FORBIDDEN;
}
