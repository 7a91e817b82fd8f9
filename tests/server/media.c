#include "media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHATTY_LINES 2000

/* The value of a word of the query, or fallback; out has 512 bytes. */
static const char *
word(const struct request *r, const char *name, const char *fallback, char *out)
{
	const char *end = r->target.p + r->target.n, *p = memchr(r->target.p, '?', r->target.n);
	size_t n = strlen(name), len;

	while (p && ++p < end) {
		const char *and = memchr(p, '&', (size_t)(end - p));

		if (strncmp(p, "location=", 9) == 0)
			and = NULL; /* the last word, and a URL with words of its own */
		len = (size_t)((and? and : end) - p);
		if (len >= n && memcmp(p, name, n) == 0 && (len == n || p[n] == '=')) {
			len = len > n ? len - n - 1 : 0;
			if (len > 511)
				len = 511;
			memcpy(out, p + n + 1, len);
			out[len] = '\0';
			return out;
		}
		p = and;
	}
	return fallback;
}

bool
media_is_asked(const struct request *r)
{
	return r->target.n > 7 && memcmp(r->target.p, "/media/", 7) == 0;
}

static void
add(struct answer *a, const char *text, size_t n)
{
	if (a->len + n > a->cap) {
		a->cap = (a->len + n) * 2;
		a->data = realloc(a->data, a->cap);
		if (!a->data)
			exit(71);
	}
	memcpy(a->data + a->len, text, n);
	a->len += n;
}

static void
add_line(struct answer *a, const char *name, const char *value)
{
	add(a, name, strlen(name));
	add(a, value, strlen(value));
	add(a, "\r\n", 2);
}

int
media_compose(struct answer *a, const struct request *r)
{
	bool head = r->method.n == 4 && memcmp(r->method.p, "HEAD", 4) == 0;
	char buf[512], line[128];
	bool whole = word(r, "whole", NULL, buf) != NULL;
	long size = strtol(word(r, "size", "1000", buf), NULL, 10), i;
	const char *location;
	int status = atoi(word(r, "status", head || whole || size == 0 ? "200" : "206", buf));

	if (head)
		status = atoi(word(r, "head", status == 206 ? "200" : "0", buf)) > 0
				 ? atoi(word(r, "head", "200", buf))
				 : status;
	answer_clear(a);
	a->close = head && word(r, "drop", NULL, buf);
	if (a->close)
		return 0;
	snprintf(line, sizeof line, "HTTP/1.1 %d As Asked", status);
	add_line(a, line, "");
	add_line(a, "Content-Type: ", word(r, "type", "image/jpeg", buf));
	location = word(r, "location", NULL, buf);
	if (location)
		add_line(a, "Location: ", location);
	for (i = 0; word(r, "chatty", NULL, buf) && i < CHATTY_LINES; i++)
		add_line(a, "X-Chatty: ", "blah blah blah blah blah blah blah blah blah blah blah");
	if (status == 206) {
		snprintf(line, sizeof line, "bytes 0-0/%ld", size);
		add_line(a, "Content-Range: ", line);
	}
	if (!head && status == 206)
		size = 1;
	if (!word(r, "nolength", NULL, buf)) {
		snprintf(line, sizeof line, "%ld", size);
		add_line(a, "Content-Length: ", line);
	} else {
		a->close = true;
	}
	add(a, "\r\n", 2);
	for (i = 0; !head && i < size; i++)
		add(a, "x", 1);
	return status;
}
