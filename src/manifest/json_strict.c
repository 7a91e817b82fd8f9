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

#include "base/json_plain.h"
#include "base/limits.h"

struct judge {
	const char *start, *p, *end;
	bool is_array[LIMIT_DEPTH + 1];
	unsigned depth;
	bool escaped; /* the last string had an escape */
	bool odd;     /* any had one, or perhaps bytes that are no ASCII */
};

#define TOO_EARLY "the JSON ends too early"

static inline void
skip_blanks(struct judge *j)
{
	while (j->p < j->end && span_is_white(*j->p))
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

/* A string, from its opening quote on; j->escaped tells whether it has an escape. */
static const char *
judge_string(struct judge *j)
{
	const char *wrong, *p = j->p + 1;
	bool ascii = true;

	j->escaped = false;
	for (;;) {
		p = json_plain_end(p, j->end, &ascii);
		j->p = p;
		if (p == j->end)
			return TOO_EARLY;
		if (*p == '"')
			break;
		if (*p != '\\')
			return *p == '\n' || *p == '\r' ? "a line end inside a string (or a "
							  "quotation mark is missing)"
							: "a control character inside a string";
		wrong = judge_escape(j);
		if (wrong)
			return wrong;
		j->escaped = j->odd = true;
		p = j->p;
	}
	j->odd |= !ascii;
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
		if ((size_t)(j->end - j->p) < n &&
		    memcmp(j->p, words[i], (size_t)(j->end - j->p)) == 0) {
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

/* Behind a value: closes what ends here, up to a comma (*more) or the depth that is the base. */
static const char *
judge_behind(struct judge *j, unsigned base, bool *more)
{
	*more = false;
	for (;;) {
		bool array = j->depth > 0 && j->is_array[j->depth - 1];

		if (j->depth == base)
			return NULL;
		skip_blanks(j);
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

/* One value with all that is in it. */
static const char *
judge_whole(struct judge *j)
{
	unsigned base = j->depth;
	const char *wrong = NULL;
	bool whole, more = true;

	while (more && !wrong) {
		wrong = judge_value(j, &whole);
		if (!wrong && whole)
			wrong = judge_behind(j, base, &more);
	}
	return wrong;
}

const char *
json_strict(struct span text, size_t *at)
{
	const char *p = text.p ? text.p : "";
	struct judge j = {.start = p, .p = p, .end = p + text.n};
	const char *wrong = judge_whole(&j);

	if (!wrong) {
		skip_blanks(&j);
		if (j.p != j.end)
			wrong = "has text behind its value";
	}
	*at = (size_t)(j.p - j.start);
	return wrong;
}

/* ---- the members of an object ---- */

/* What a value that begins with this byte is, if it is one. */
static enum json_kind
kind_of(char c)
{
	switch (c) {
	case '"':
		return JSON_STRING;
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case 't':
	case 'f':
		return JSON_BOOLEAN;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

/* One member, from its name on; what json_walk says of its function. */
static bool
walk_member(struct judge *j,
	    int (*on_member)(void *ctx, struct span name, enum json_kind kind, struct span value,
			     bool escaped),
	    void *ctx)
{
	struct span name, value = {0};
	const char *start;
	enum json_kind kind;

	skip_blanks(j);
	start = j->p;
	if (start == j->end || *start != '"' || judge_string(j) || j->escaped)
		return false;
	name = (struct span){start + 1, (size_t)(j->p - start) - 2};
	skip_blanks(j);
	if (j->p == j->end || *j->p++ != ':')
		return false;
	skip_blanks(j);
	start = j->p;
	if (start == j->end || (*start == '"' ? judge_string(j) : judge_whole(j)))
		return false;
	kind = kind_of(*start);
	if (kind == JSON_STRING)
		value = (struct span){start + 1, (size_t)(j->p - start) - 2};
	else if (kind == JSON_NUMBER)
		value = (struct span){start, (size_t)(j->p - start)};
	return on_member(ctx, name, kind, value, kind == JSON_STRING && j->escaped) != 0;
}

bool
json_walk(struct span text,
	  int (*on_member)(void *ctx, struct span name, enum json_kind kind, struct span value,
			   bool escaped),
	  void *ctx, bool *odd)
{
	struct judge j = {.start = text.p, .p = text.p, .end = text.p + text.n, .depth = 1};
	bool more;

	skip_blanks(&j);
	if (j.p == j.end || *j.p++ != '{')
		return false;
	skip_blanks(&j);
	more = j.p == j.end || *j.p != '}';
	while (more) {
		if (!walk_member(&j, on_member, ctx))
			return false;
		skip_blanks(&j);
		if (j.p == j.end)
			return false;
		more = *j.p == ',';
		j.p += more;
	}
	if (*j.p != '}')
		return false;
	j.p++;
	skip_blanks(&j);
	*odd = j.odd;
	return j.p == j.end;
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
