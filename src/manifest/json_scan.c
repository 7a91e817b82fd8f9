/*
 * Theory. Brackets are counted outside strings; inside a string only its closing quote matters, and
 * memchr finds that. What else may be wrong is not judged here.
 */
#include "manifest/json_scan.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Scans on inside a string from p; returns behind its closing quote, or NULL with the window's end
 * reached. A quote is escaped when an odd number of backslashes stands before it.
 */
static const char *
scan_string(const char *start, const char *p, const char *end)
{
	const char *quote, *back;

	while ((quote = memchr(p, '"', (size_t)(end - p)))) {
		for (back = quote; back > start && back[-1] == '\\';)
			back--;
		if ((quote - back) % 2 == 0)
			return quote + 1;
		p = quote + 1;
	}
	return NULL;
}

bool
json_scan_value(struct json_scan *s, struct span text)
{
	const char *start = text.p, *end = text.p + text.n, *behind;
	const char *p = start + s->pos;

	while (p < end && !s->done) {
		if (s->in_string) {
			behind = scan_string(start, p, end);
			s->in_string = behind == NULL;
			s->done = behind && s->depth == 0;
			p = behind ? behind : end;
		} else if (s->depth == 0 && (is_blank(*p) || *p == ',' || *p == ']' || *p == '}')) {
			s->done = true; /* behind a number or a word */
		} else {
			if (*p == '"')
				s->in_string = true;
			else if (*p == '{' || *p == '[')
				s->depth++;
			else if (*p == '}' || *p == ']')
				s->done = --s->depth == 0;
			p++;
		}
	}
	s->pos = (size_t)(p - start);
	return s->done;
}
