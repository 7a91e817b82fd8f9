#include "api/head.h"

#include <string.h>
#include <strings.h>

#include "api/ratelimit.h"
#include "api/reply.h"

void
head_clear(struct head *h)
{
	buf_clear(&h->fields);
	h->open = false;
}

void
head_free(struct head *h)
{
	buf_free(&h->fields);
}

/* Whether a field may be Retry-After or one of ratelimit.h: those begin with R or X, most do not.
 */
static bool
may_matter(struct span line)
{
	char first = (char)(line.p[0] | 32);

	return first == 'r' || first == 'x';
}

static void
keep(struct head *h, struct span line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct span name, value;

	/* libcurl refuses a head with a NUL in it */
	if (!colon || memchr(line.p, '\0', line.n))
		return;
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	name = (struct span){line.p, (size_t)(colon - line.p)};
	value = span_trim((struct span){colon + 1, line.n - name.n - 1});
	buf_add_span(&h->fields, name);
	buf_add_char(&h->fields, '\0');
	buf_add_span(&h->fields, value);
	buf_add_char(&h->fields, '\0');
}

void
head_line(struct head *h, struct span line)
{
	if (line.n >= 5 && memcmp(line.p, "HTTP/", 5) == 0) {
		buf_clear(&h->fields);
		h->open = true;
	} else if (line.n == 0 || line.p[0] == '\r' || line.p[0] == '\n') {
		h->open = false;
	} else if (h->open && may_matter(line)) {
		keep(h, line);
	}
}

/* The next field from *at on; false: there is none left. */
static bool
next_field(const struct head *h, size_t *at, const char **name, const char **value)
{
	if (*at >= h->fields.len)
		return false;
	*name = h->fields.data + *at;
	*value = *name + strlen(*name) + 1;
	*at = (size_t)(*value + strlen(*value) + 1 - h->fields.data);
	return true;
}

struct quota_notice
head_notice(const struct head *h, int64_t wall_ms)
{
	struct quota_notice n = QUOTA_NOTICE_NONE;
	const char *name, *value;
	size_t at = 0;

	while (next_field(h, &at, &name, &value))
		ratelimit_field(&n, name, value, wall_ms);
	return n;
}

int64_t
head_retry_after_ms(const struct head *h, int64_t wall_ms)
{
	const char *name, *value;
	size_t at = 0;

	while (next_field(h, &at, &name, &value))
		if (strcasecmp(name, "Retry-After") == 0)
			return reply_retry_after_ms(value, wall_ms);
	return -1;
}
