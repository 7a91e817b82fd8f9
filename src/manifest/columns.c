#include "manifest/columns.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define NOT_FOUND (-1)
#define AMBIGUOUS (-2)
#define SHOWN_BYTES 80 /* of a column's name in a message */
#define SUGGESTED_AMONG 256 /* the first columns; a near miss further on is nobody's */

/* The column of exactly this name; NOT_FOUND or AMBIGUOUS. */
static int
find_exactly(const struct span *names, size_t n, struct span name)
{
	int found = NOT_FOUND;
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal(names[i], name))
			found = found == NOT_FOUND ? (int)i : AMBIGUOUS;
	return found;
}

static int
find(const struct span *names, size_t n, const char *name)
{
	int found = find_exactly(names, n, span_of(name));
	size_t i;

	if (found != NOT_FOUND)
		return found;
	for (i = 0; i < n; i++)
		if (text_same_loosely(names[i], span_of(name)))
			found = found == NOT_FOUND ? (int)i : AMBIGUOUS;
	return found;
}

/* Whether a name holds a word, in any case. */
static bool
holds(struct span name, const char *word)
{
	size_t i, k, n = strlen(word);

	for (i = 0; i + n <= name.n; i++) {
		for (k = 0; k < n && tolower((unsigned char)name.p[i + k]) == word[k];)
			k++;
		if (k == n)
			return true;
	}
	return false;
}

int
columns_suggest(const struct span *names, size_t n, const char *name)
{
	static const char *const url_words[] = {"url", "link", "src", "href", "uri"};
	size_t i, w;
	int near;

	if (n > SUGGESTED_AMONG)
		n = SUGGESTED_AMONG;
	for (w = 0; strcmp(name, "url") == 0 && w < sizeof url_words / sizeof *url_words; w++)
		for (i = 0; i < n; i++)
			if (holds(names[i], url_words[w]))
				return (int)i;
	near = text_nearest(span_of(name), names, n);
	return near;
}

/* What probably parts the columns of a header that is read as one column, as --delimiter takes it
 * in a shell; NULL: nothing. */
static const char *
other_delimiter(struct span name)
{
	static const struct {
		char c;
		const char *written;
	} often[] = {{'|', "'|'"}, {',', "','"}, {';', "';'"}, {'\t', "tab"}, {':', "':'"},
		     {'^', "'^'"}, {'~', "'~'"}};
	size_t i;

	for (i = 0; i < sizeof often / sizeof *often; i++)
		if (name.n > 0 && memchr(name.p, often[i].c, name.n))
			return often[i].written;
	return NULL;
}

static int
missing(const struct span *names, size_t n, const char *target, const char *wanted, bool mapped,
	struct fault *f)
{
	int near = columns_suggest(names, n, wanted);
	struct buf word = {0}, shown = {0};
	const char *other = n == 1 ? other_delimiter(names[0]) : NULL;

	text_escape(&word, span_of(wanted), SHOWN_BYTES);
	if (near >= 0)
		text_escape(&shown, names[near], SHOWN_BYTES);
	if (near >= 0 && mapped)
		fault_set(f, 1, 0, "no column %s (--map %s=...); did you mean %s?", word.data, target,
			  shown.data);
	else if (other)
		fault_set(f, 1, 0, "no column %s in a header of one column; if %s parts the columns: "
				   "--delimiter %s", word.data, other, other);
	else if (near >= 0)
		fault_set(f, 1, 0, "no column %s; did you mean %s? --map %s=\"%s\"", word.data,
			  shown.data, target, shown.data);
	else
		fault_set(f, 1, 0, "no column %s; --map %s=COLUMN names another", word.data, target);
	buf_free(&word);
	buf_free(&shown);
	return -1;
}

/* One of the three; required: it must be there. */
static int
find_one(const struct span *names, size_t n, const char *plain, const char *mapped, bool required,
	 int *out, struct fault *f)
{
	const char *wanted = mapped ? mapped : plain;

	*out = find(names, n, wanted);
	if (*out == AMBIGUOUS) {
		*out = NOT_FOUND;
		return find_exactly(names, n, span_of(wanted)) == AMBIGUOUS
			       ? fault_set(f, 1, 0, "two columns have the very name of %s: rename "
						    "one of them", plain)
			       : fault_set(f, 1, 0, "two columns could be %s; --map %s=COLUMN names one",
					   plain, plain);
	}
	if (*out == NOT_FOUND && (required || mapped))
		return missing(names, n, plain, wanted, mapped != NULL, f);
	return 0;
}

static int
find_results(struct columns *c, const struct span *names, size_t n, struct fault *f)
{
	c->lade_url = find_exactly(names, n, span_of("lade_url"));
	c->lade_type = find_exactly(names, n, span_of("lade_assetType"));
	c->lade_name = find_exactly(names, n, span_of("lade_name"));
	if (find_one(names, n, "url", NULL, c->lade_url < 0, &c->url, f) < 0 && c->lade_url < 0)
		return -1;
	/* where lade's own column says it, a second plain one is no matter */
	if (find_one(names, n, "assetType", NULL, false, &c->type, f) < 0 && c->lade_type < 0)
		return -1;
	if (find_one(names, n, "name", NULL, false, &c->name, f) < 0 && c->lade_name < 0)
		return -1;
	return 0;
}

static int
find_version(struct columns *c, const struct span *names, size_t n, const char *wanted,
	     struct fault *f)
{
	struct buf word = {0}, shown = {0};
	int near;

	c->version = find(names, n, wanted);
	if (c->version >= 0)
		return 0;
	near = text_nearest(span_of(wanted), names, n < SUGGESTED_AMONG ? n : SUGGESTED_AMONG);
	text_escape(&word, span_of(wanted), SHOWN_BYTES);
	if (near >= 0)
		text_escape(&shown, names[near], SHOWN_BYTES);
	fault_set(f, 1, 0, "%s column %s (--version-column)%s%s%s",
		  c->version == AMBIGUOUS ? "more than one" : "no", word.data,
		  near >= 0 ? "; did you mean " : "", near >= 0 ? shown.data : "",
		  near >= 0 ? "?" : "");
	buf_free(&word);
	buf_free(&shown);
	return -1;
}

int
columns_find(struct columns *c, const struct span *names, size_t n,
	     const struct manifest_options *o, struct fault *f)
{
	size_t i;

	*c = (struct columns){NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND,
			      NOT_FOUND, NOT_FOUND, NOT_FOUND, false};
	c->is_results = find_exactly(names, n, span_of("lade_status")) >= 0;
	if (c->is_results) { /* it may be of a time when no version was asked for */
		if (o->version_column)
			c->version = find(names, n, o->version_column);
		return find_results(c, names, n, f);
	}
	for (i = 0; i < n; i++)
		if (names[i].n > 5 && memcmp(names[i].p, "lade_", 5) == 0)
			return fault_set(f, 1, 0,
					 "a column's name begins with lade_, which is kept for results "
					 "files, but there is no column lade_status");
	if (find_one(names, n, "url", o->map_url, true, &c->url, f) < 0 ||
	    find_one(names, n, "assetType", o->map_type, false, &c->type, f) < 0 ||
	    find_one(names, n, "name", o->map_name, false, &c->name, f) < 0)
		return -1;
	return o->version_column ? find_version(c, names, n, o->version_column, f) : 0;
}
