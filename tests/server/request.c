#include "request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_HEAD 65536
#define LONGEST_BODY (1u << 20)

static bool
is_header(struct text line, const char *name, struct text *value)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
		return false;
	value->p = line.p + n + 1;
	value->n = line.n - n - 1;
	while (value->n > 0 && (*value->p == ' ' || *value->p == '\t')) {
		value->p++;
		value->n--;
	}
	while (value->n > 0 && (value->p[value->n - 1] == ' ' || value->p[value->n - 1] == '\t'))
		value->n--;
	return true;
}

static bool
begins(struct text t, const char *word)
{
	size_t n = strlen(word);

	return t.n >= n && strncasecmp(t.p, word, n) == 0;
}

static bool
read_request_line(struct request *r, struct text line)
{
	const char *end = line.p + line.n;
	const char *space = memchr(line.p, ' ', line.n), *second;

	if (!space)
		return false;
	r->method = (struct text){line.p, (size_t)(space - line.p)};
	second = memchr(space + 1, ' ', (size_t)(end - space - 1));
	if (!second)
		return false;
	r->target = (struct text){space + 1, (size_t)(second - space - 1)};
	r->close = end - second >= 9 && memcmp(second + 1, "HTTP/1.0", 8) == 0;
	return true;
}

/* One header line; returns false when it makes the request unusable (*status says how). */
static bool
read_header(struct request *r, struct text line, size_t *length, bool *has_length, int *status)
{
	struct text v;

	if (is_header(line, "content-length", &v)) {
		*length = (size_t)strtoul(v.p, NULL, 10);
		*has_length = true;
		*status = 413;
		return *length <= LONGEST_BODY;
	}
	if (is_header(line, "transfer-encoding", &v)) {
		*status = 411;
		return false;
	}
	if (is_header(line, "authorization", &v) && begins(v, "Bearer "))
		r->key = (struct text){v.p + 7, v.n - 7};
	else if (is_header(line, "content-type", &v))
		r->json = begins(v, "application/json");
	else if (is_header(line, "user-agent", &v))
		r->agent = v;
	else if (is_header(line, "connection", &v))
		r->close = r->close || begins(v, "close");
	return true;
}

enum request_status
request_parse(struct request *r, const char *p, size_t n, int *status)
{
	const char *head_end = memmem(p, n, "\r\n\r\n", 4), *line = p, *eol;
	size_t length = 0;
	bool has_length = false, first = true;

	*status = 431;
	if (!head_end)
		return n > LONGEST_HEAD ? REQUEST_BAD : REQUEST_MORE;
	memset(r, 0, sizeof *r);
	for (; line < head_end; line = eol + 2, first = false) {
		eol = memmem(line, (size_t)(head_end + 2 - line), "\r\n", 2);
		*status = 400;
		if (first ? !read_request_line(r, (struct text){line, (size_t)(eol - line)})
			  : !read_header(r, (struct text){line, (size_t)(eol - line)}, &length,
					 &has_length, status))
			return REQUEST_BAD;
	}
	if (!has_length && r->method.n == 4 && memcmp(r->method.p, "POST", 4) == 0) {
		*status = 411;
		return REQUEST_BAD;
	}
	r->bytes = (size_t)(head_end + 4 - p) + length;
	if (n < r->bytes)
		return REQUEST_MORE;
	r->body = (struct text){head_end + 4, length};
	return REQUEST_WHOLE;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

/* The string at p without its quotes; returns behind it, NULL when there is none. */
static const char *
read_string(const char *p, const char *end, struct text *out)
{
	const char *start = p + 1;

	if (p >= end || *p != '"')
		return NULL;
	for (p = start; p < end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\')
			p++;
	}
	if (p >= end)
		return NULL;
	*out = (struct text){start, (size_t)(p - start)};
	return p + 1;
}

/* An upload's body is flat: an object whose members are strings. Anything else is refused. */
bool
request_members(struct request *r)
{
	const char *p = r->body.p, *end = p + r->body.n;
	struct text key, value;

	p = skip_blanks(p, end);
	if (p >= end || *p++ != '{')
		return false;
	do {
		p = read_string(skip_blanks(p, end), end, &key);
		if (!p)
			return false;
		p = skip_blanks(p, end);
		if (p >= end || *p++ != ':')
			return false;
		p = read_string(skip_blanks(p, end), end, &value);
		if (!p)
			return false;
		if (key.n == 9 && memcmp(key.p, "assetType", 9) == 0)
			r->asset_type = value;
		else if (key.n == 3 && memcmp(key.p, "url", 3) == 0)
			r->url = value;
		else if (key.n == 4 && memcmp(key.p, "name", 4) == 0)
			r->name = value;
		p = skip_blanks(p, end);
	} while (p < end && *p++ == ',');
	if (p > end || p[-1] != '}' || skip_blanks(p, end) != end)
		return false;
	return r->asset_type.p && r->url.p;
}
