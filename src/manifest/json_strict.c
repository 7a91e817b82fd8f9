/*
 * Theory. One loop over values with a stack of what is open, a bit a level: after a value comes a
 * comma or the end of what is open, after a comma a value or a name. The commonest mistakes of
 * people (a comma too many, single quotes, NaN, comments, a line end inside a string) are named.
 */
#include "manifest/json_strict.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

struct judge {
	const char *start, *p, *end;
	bool is_array[LIMIT_DEPTH + 1];
	unsigned depth;
};

#define TOO_EARLY "the JSON ends too early"

static void
skip_blanks(struct judge *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
		j->p++;
}

static bool
is_hex(const char *p)
{
	return isxdigit((unsigned char)*p);
}

/* An escape, from its backslash on; behind it afterwards. */
static const char *
judge_escape(struct judge *j)
{
	int i;

	if (j->end - j->p < 2) {
		j->p = j->end;
		return TOO_EARLY;
	}
	if (j->p[1] != 'u') {
		if (!strchr("\"\\/bfnrt", j->p[1]) || j->p[1] == '\0')
			return "a backslash that is no escape of JSON";
		j->p += 2;
		return NULL;
	}
	for (i = 2; i < 6; i++) {
		if (j->p + i == j->end) {
			j->p = j->end;
			return TOO_EARLY;
		}
		if (!is_hex(j->p + i))
			return "a \\u that is not followed by four hex digits";
	}
	j->p += 6;
	return NULL;
}

/* A string, from its opening quote on. */
static const char *
judge_string(struct judge *j)
{
	const char *wrong;

	j->p++;
	while (j->p < j->end && *j->p != '"') {
		if (*j->p == '\\') {
			wrong = judge_escape(j);
			if (wrong)
				return wrong;
		} else if (*j->p == '\n' || *j->p == '\r') {
			return "a line end inside a string (or a quotation mark is missing)";
		} else if ((unsigned char)*j->p < 0x20) {
			return "a control character inside a string";
		} else {
			j->p++;
		}
	}
	if (j->p == j->end)
		return TOO_EARLY;
	j->p++;
	return NULL;
}

static const char *
judge_digits(struct judge *j)
{
	if (j->p == j->end)
		return TOO_EARLY;
	if (!isdigit((unsigned char)*j->p))
		return "a digit is missing here";
	while (j->p < j->end && isdigit((unsigned char)*j->p))
		j->p++;
	return NULL;
}

static const char *
judge_number(struct judge *j)
{
	const char *wrong = NULL;

	if (*j->p == '-')
		j->p++;
	if (j->p < j->end && *j->p == '0') {
		j->p++;
		if (j->p < j->end && isdigit((unsigned char)*j->p))
			return "a number that begins with 0";
	} else {
		wrong = judge_digits(j);
	}
	if (!wrong && j->p < j->end && *j->p == '.') {
		j->p++;
		wrong = judge_digits(j);
	}
	if (!wrong && j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
		j->p++;
		if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
			j->p++;
		wrong = judge_digits(j);
	}
	return wrong;
}

static const char *
judge_word(struct judge *j)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i, n;

	for (i = 0; i < 3; i++) {
		n = strlen(words[i]);
		if ((size_t)(j->end - j->p) >= n && memcmp(j->p, words[i], n) == 0) {
			j->p += n;
			return NULL;
		}
		if ((size_t)(j->end - j->p) < n && memcmp(j->p, words[i], (size_t)(j->end - j->p)) == 0) {
			j->p = j->end;
			return TOO_EARLY;
		}
	}
	switch (*j->p) {
	case '\'':
		return "single quotes: JSON has \"double\" ones only";
	case '/':
	case '#':
		return "a comment: JSON has none";
	case '\f':
	case '\v':
		return "a form feed or vertical tab, which JSON does not know";
	case 'N':
		if (j->end - j->p >= 4 && memcmp(j->p, "None", 4) == 0)
			return "None: JSON writes null";
		/* fall through */
	case 'I':
		return "NaN or Infinity: JSON has no such numbers";
	case 'T':
	case 'F':
		return "true, false and null are written small in JSON";
	case ',':
	case '}':
	case ']':
		return "a value is missing here";
	default:
		return "no JSON value begins like this";
	}
}

/* A name and its colon. */
static const char *
judge_name(struct judge *j)
{
	const char *wrong;

	skip_blanks(j);
	if (j->p == j->end)
		return TOO_EARLY;
	if (*j->p == '}')
		return "a comma before the end of an object";
	if (*j->p == '\'')
		return "single quotes: JSON has \"double\" ones only";
	if (*j->p != '"')
		return "a name in quotation marks is missing here";
	wrong = judge_string(j);
	if (wrong)
		return wrong;
	skip_blanks(j);
	if (j->p == j->end)
		return TOO_EARLY;
	if (*j->p != ':')
		return "a colon is missing here";
	j->p++;
	return NULL;
}

/* Opens what *p opens; *whole: it is empty, and closed already. */
static const char *
judge_open(struct judge *j, bool *whole)
{
	bool array = *j->p == '[';

	if (j->depth == LIMIT_DEPTH)
		return "is nested deeper than 100 levels";
	j->p++;
	skip_blanks(j);
	if (j->p == j->end)
		return TOO_EARLY;
	*whole = *j->p == (array ? ']' : '}');
	if (*whole) {
		j->p++;
		return NULL;
	}
	j->is_array[j->depth++] = array;
	return array ? NULL : judge_name(j);
}

/* A value as far as its first part that is whole: *whole is false behind an opening bracket. */
static const char *
judge_value(struct judge *j, bool *whole)
{
	*whole = true;
	skip_blanks(j);
	if (j->p == j->end)
		return TOO_EARLY;
	if (*j->p == ']' && j->depth > 0 && j->is_array[j->depth - 1])
		return "a comma before the end of an array";
	if (*j->p == '{' || *j->p == '[')
		return judge_open(j, whole);
	if (*j->p == '"')
		return judge_string(j);
	if (*j->p == '-' || isdigit((unsigned char)*j->p))
		return judge_number(j);
	return judge_word(j);
}

/* Behind a value: closes what ends here, up to a comma (*more) or the end of the text. */
static const char *
judge_behind(struct judge *j, bool *more)
{
	*more = false;
	for (;;) {
		bool array = j->depth > 0 && j->is_array[j->depth - 1];

		skip_blanks(j);
		if (j->depth == 0)
			return j->p == j->end ? NULL : "has text behind its value";
		if (j->p == j->end)
			return TOO_EARLY;
		if (*j->p == ',') {
			j->p++;
			*more = true;
			return array ? NULL : judge_name(j);
		}
		if (*j->p != (array ? ']' : '}'))
			return array ? "a comma or the array's end is missing here"
				     : "a comma or the object's end is missing here";
		j->p++;
		j->depth--;
	}
}

const char *
json_strict(struct span text, size_t *at)
{
	const char *p = text.p ? text.p : "";
	struct judge j = {.start = p, .p = p, .end = p + text.n};
	const char *wrong;
	bool whole, more = true;

	while (more) {
		wrong = judge_value(&j, &whole);
		if (!wrong && whole)
			wrong = judge_behind(&j, &more);
		if (wrong) {
			*at = (size_t)(j.p - j.start);
			return wrong;
		}
	}
	*at = text.n;
	return NULL;
}

/* The four hex digits at p, or -1. */
static int
hex4(const char *p, const char *end)
{
	int i, value = 0;

	for (i = 0; i < 4; i++, p++) {
		if (p >= end || !is_hex(p))
			return -1;
		value = value * 16 + (isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10);
	}
	return value;
}

size_t
json_lone_surrogate(struct span text)
{
	const char *p = text.p, *end = p + text.n;

	while ((p = memchr(p, '\\', (size_t)(end - p))) && p + 1 < end) {
		int unit, next;

		if (p[1] != 'u') {
			p += 2;
			continue;
		}
		unit = hex4(p + 2, end);
		if (unit < 0xD800 || unit > 0xDFFF) {
			p += 6 <= end - p ? 6 : 2;
			continue;
		}
		next = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1;
		if (unit > 0xDBFF || next < 0xDC00 || next > 0xDFFF)
			return (size_t)(p - text.p);
		p += 12;
	}
	return text.n;
}
