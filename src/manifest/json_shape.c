#include "manifest/json_shape.h"

#include <string.h>
#include <strings.h>

#include "manifest/json_scan.h"

/* Whether a text begins with a word, in any case: 1, 0, or -1 when it ends before that is certain. */
static int
begins_with(struct span text, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(text.p, word, text.n < n ? text.n : n) != 0)
		return 0;
	return text.n < n ? -1 : 1;
}

enum json_items
json_items(struct span text)
{
	size_t at = span_skip_white(text, 1);
	struct span string;
	int https, http;

	if (at >= text.n)
		return ITEMS_UNKNOWN;
	if (text.p[at] == ']')
		return ITEMS_NONE;
	if (text.p[at] == '{')
		return ITEMS_ROWS;
	if (text.p[at] != '"')
		return ITEMS_OTHER;
	string = (struct span){text.p + at + 1, text.n - at - 1};
	https = begins_with(string, "https://");
	http = begins_with(string, "http://");
	if (https > 0 || http > 0)
		return ITEMS_ROWS;
	return https < 0 || http < 0 ? ITEMS_UNKNOWN : ITEMS_OTHER;
}

/* Moves *at over the value there, which is returned; an empty one: there is none that ends. */
static struct span
take_value(struct span text, size_t *at)
{
	struct span rest = {text.p + *at, text.n - *at};
	struct json_scan scan = {0};

	if (!json_scan_value(&scan, rest))
		return span_none();
	*at += scan.pos;
	return (struct span){rest.p, scan.pos};
}

bool
json_is_whole(struct span text)
{
	size_t at = span_skip_white(text, 0);

	return take_value(text, &at).n > 0 && span_skip_white(text, at) == text.n;
}

bool
json_holds_rows(struct span object)
{
	size_t at = 1;
	struct span value;

	do {
		at = span_skip_white(object, at);
		if (take_value(object, &at).n == 0) /* the member's name */
			return false;
		at = span_skip_white(object, at);
		if (at == object.n || object.p[at] != ':')
			return false;
		at = span_skip_white(object, at + 1);
		value = take_value(object, &at);
		if (value.n > 0 && value.p[0] == '[' && json_items(value) == ITEMS_ROWS)
			return true;
		at = span_skip_white(object, at);
	} while (at < object.n && object.p[at++] == ',');
	return false;
}
