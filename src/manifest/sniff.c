/*
 * Theory. The name's extension says what kind it is; content decides where it says nothing, and
 * between the JSON kinds always. An object at the front is a line of JSON Lines when it ends on its
 * line and is a record or names a url, or when something follows it; else it is an object that holds
 * the array. Where it could be either, it is what the name says, and refused if that says nothing.
 */
#include "manifest/sniff.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "manifest/encoding.h"
#include "manifest/json.h"
#include "manifest/json_shape.h"

static bool
ends_with(struct span path, const char *suffix)
{
	size_t n = strlen(suffix);

	return path.n >= n && strncasecmp(path.p + path.n - n, suffix, n) == 0;
}

static enum manifest_format
by_name(const char *path)
{
	static const struct {
		const char *suffix;
		enum manifest_format format;
	} names[] = {
		{".csv", MANIFEST_CSV},       {".tsv", MANIFEST_TSV},      {".tab", MANIFEST_TSV},
		{".json", MANIFEST_JSON},     {".ndjson", MANIFEST_NDJSON}, {".jsonl", MANIFEST_NDJSON},
		{".txt", MANIFEST_LIST},      {".list", MANIFEST_LIST},
	};
	struct span p = span_of(path);
	size_t i;

	if (ends_with(p, ".gz"))
		p.n -= 3;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (ends_with(p, names[i].suffix))
			return names[i].format;
	return MANIFEST_AUTO;
}

/* Reads until a line end is in the window behind from, or the end, or as much as a line may have. */
static enum source_status
read_line(struct source *s, struct sniffed *out, size_t from, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;

	while (status == SOURCE_BYTES && out->window.n < source_limit_row(s) &&
	       !(out->window.n > from && memchr(out->window.p + from, '\n', out->window.n - from)))
		status = source_more(s, true, &out->window, f);
	return status;
}

/* Reads until the record at from has its end in the window, whose line ends inside quotation marks
 * are none, or the end, or as much as a record may have. */
static enum source_status
read_record(struct source *s, struct sniffed *out, size_t from, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;
	bool quoted = false;
	size_t i = from;

	for (;;) {
		for (; i < out->window.n; i++) {
			if (out->window.p[i] == '"')
				quoted = !quoted;
			else if (!quoted && (out->window.p[i] == '\n' || out->window.p[i] == '\r'))
				return SOURCE_BYTES;
		}
		if (out->window.n >= source_limit_row(s))
			return SOURCE_BYTES;
		status = source_more(s, true, &out->window, f);
		if (status != SOURCE_BYTES)
			return status;
	}
}

/*
 * Whether the first line that is neither blank nor a comment begins like a URL. Reads as far as that
 * line's end: a pipe may not have given it yet.
 */
static bool
begins_with_url(struct source *s, struct sniffed *out, size_t at, struct fault *f)
{
	const char *lf;
	struct span w;

	for (;;) {
		while (at == out->window.n && source_more(s, true, &out->window, f) == SOURCE_BYTES)
			continue;
		if (read_line(s, out, at, f) == SOURCE_BROKEN || at == out->window.n)
			return false; /* the reader meets the same fault and reports it */
		w = out->window;
		if (w.n > source_limit_row(s))
			return false;
		if (span_is_white(w.p[at])) {
			at++;
			continue;
		}
		if (w.p[at] != '#')
			break;
		lf = memchr(w.p + at, '\n', w.n - at);
		if (!lf)
			return false;
		at = (size_t)(lf + 1 - w.p);
	}
	return (w.n - at > 8 && strncasecmp(w.p + at, "https://", 8) == 0) ||
	       (w.n - at > 7 && strncasecmp(w.p + at, "http://", 7) == 0);
}

/* The number of the line that a place in the window is in. */
static int64_t
line_of(struct span w, size_t at)
{
	int64_t line = 1;
	size_t i;

	for (i = 0; i < at; i++)
		line += w.p[i] == '\n' || (w.p[i] == '\r' && w.p[i + 1] != '\n');
	return line;
}

/* The column of a place in the window. */
static int64_t
column_of(struct span w, size_t at)
{
	size_t from = at;

	while (from > 0 && w.p[from - 1] != '\n')
		from--;
	return (int64_t)(at - from) + 1;
}

/* What a line is that a JSON value begins. */
struct json_line {
	bool whole;     /* the value ends on it, as far as can be told */
	bool is_record; /* of a results file */
	bool has_url;   /* a member for the url */
	bool has_rows;  /* an array of objects or URLs */
};

static struct json_line
look_at_line(const struct manifest_options *o, struct span text)
{
	struct json_path paths[3] = {0};
	struct json_lookup *l;
	struct json_value top;
	struct json_line line;
	struct json_wrong w;
	bool through;
	unsigned i;

	json_path_init(&paths[0], o->map_url ? o->map_url : "url", false);
	json_path_init(&paths[1], o->map_url ? o->map_url : "url", true);
	json_path_init(&paths[2], "lade_status", true);
	paths[0].loose = !o->map_url;
	l = json_lookup_new(paths, 3);
	w = json_lookup_run(l, text, &top);
	line.whole = !w.text || (!w.syntax && json_is_whole(text));
	line.has_url = json_lookup_value(l, 0).kind != JSON_ABSENT ||
		       json_lookup_value(l, 1).kind != JSON_ABSENT;
	line.is_record = json_lookup_value(l, 2).kind != JSON_ABSENT;
	/* an array that a path to the url leads through is the row's own */
	through = paths[0].n_parts > 1 && json_lookup_value(l, 0).kind != JSON_ABSENT;
	line.has_rows = line.whole && !through && text.p[0] == '{' && json_holds_rows(text);
	json_lookup_free(l);
	for (i = 0; i < 3; i++)
		json_path_fini(&paths[i]);
	return line;
}

/* Whether anything but blanks follows from a place on. Reads as far as it must. */
static bool
something_follows(struct source *s, struct sniffed *out, size_t at, struct fault *f)
{
	while ((at = span_skip_white(out->window, at)) == out->window.n &&
	       out->window.n <= source_limit_row(s) &&
	       source_more(s, true, &out->window, f) == SOURCE_BYTES)
		continue;
	return at < out->window.n;
}

/* Which of the JSON kinds it is whose first byte is at, into out->format. */
static int
json_kind(struct source *s, const struct manifest_options *o, enum manifest_format named,
	  struct sniffed *out, size_t at, struct fault *f)
{
	struct json_line line;
	const char *lf;
	size_t end;
	char first = out->window.p[at];

	out->format = MANIFEST_JSON;
	if (first == '[' || o->json_path)
		return 0;
	out->format = MANIFEST_NDJSON;
	if (read_line(s, out, at, f) == SOURCE_BROKEN)
		return 0; /* the reader meets the same fault and reports it */
	lf = memchr(out->window.p + at, '\n', out->window.n - at);
	end = lf ? (size_t)(lf - out->window.p) : out->window.n;
	line = look_at_line(o, (struct span){out->window.p + at, end - at});
	if (named == MANIFEST_NDJSON && (!line.whole || line.has_url || !line.has_rows))
		return 0;
	if (line.whole && (first != '{' || line.is_record || (line.has_url && !line.has_rows)))
		return 0;
	if (line.whole && something_follows(s, out, end, f))
		return 0;
	if (line.has_url && line.has_rows)
		return fault_set(f, line_of(out->window, at), column_of(out->window, at),
				 "is one object with a url of its own and an array of objects or URLs: "
				 "--format json reads the array, --format ndjson the object");
	out->format = MANIFEST_JSON;
	return 0;
}

/* The delimiter that stands most often outside quotes in the header line; *tie: another does so as
 * often, and it is not said which is meant. */
static char
sniff_delimiter(struct span w, size_t at, bool *tie)
{
	static const char candidates[] = ",;\t";
	size_t counts[3] = {0}, best = 0, i;
	bool quoted = false;

	for (; at < w.n && (quoted || (w.p[at] != '\n' && w.p[at] != '\r')); at++) {
		if (w.p[at] == '"')
			quoted = !quoted;
		for (i = 0; i < 3; i++)
			counts[i] += !quoted && w.p[at] == candidates[i];
	}
	for (i = 1; i < 3; i++)
		if (counts[i] > counts[best])
			best = i;
	*tie = false;
	for (i = 0; i < 3; i++)
		*tie |= i != best && counts[i] > 0 && counts[i] == counts[best];
	return candidates[best];
}

/* The first line's text from at on. */
static struct span
first_line(struct span w, size_t at)
{
	struct span line = {w.p + at, 0};

	while (at + line.n < w.n && line.p[line.n] != '\n' && line.p[line.n] != '\r')
		line.n++;
	return line;
}

/* A cell without its blanks and quotation marks. */
static struct span
unquote(struct span cell)
{
	cell = span_trim(cell);
	if (cell.n >= 2 && cell.p[0] == '"' && cell.p[cell.n - 1] == '"')
		cell = (struct span){cell.p + 1, cell.n - 2};
	return cell;
}

/* What is to be said of the first line, number n, that is no header of a CSV. */
static int
check_header(struct span line, int64_t n, struct fault *f)
{
	line = unquote(line);
	if (line.n <= 6 && line.n >= 4 && strncasecmp(line.p, "sep=", 4) == 0)
		return fault_set(f, n, 1, "this line is a hint for Excel, no header: sed %lldd FILE > NEW",
				 (long long)n);
	return 0;
}

/* Whether a line is the header of a CSV that has a column for the url. */
static bool
is_header(struct span line, const char *url_name)
{
	size_t i, from = 0;

	for (i = 0; i <= line.n; i++) {
		if (i < line.n && !strchr(",;\t", line.p[i]))
			continue;
		if (text_same_loosely(unquote((struct span){line.p + from, i - from}), span_of(url_name)))
			return true;
		from = i + 1;
	}
	return false;
}

static int
check_encoding(struct sniffed *out, struct fault *f)
{
	const char *what = encoding_refuse(out->window);

	if (what)
		return fault_set(f, 1, 1, "%s", what);
	if (out->window.n >= 3 && memcmp(out->window.p, "\xEF\xBB\xBF", 3) == 0)
		out->skip = 3;
	return 0;
}

/* Whether nothing at all is a manifest of this format: it has no header, and no brackets. */
static bool
may_be_empty(enum manifest_format format)
{
	return format == MANIFEST_NDJSON || format == MANIFEST_LIST;
}

/* Reads until a byte that is no blank is there; *at is its offset, or the end of what may be empty. */
static int
find_first_byte(struct source *s, struct sniffed *out, enum manifest_format format, size_t *at,
		struct fault *f)
{
	enum source_status status = SOURCE_BYTES;

	while (status == SOURCE_BYTES && out->window.n < ENCODING_BYTES)
		status = source_more(s, true, &out->window, f);
	if (status == SOURCE_BROKEN || check_encoding(out, f) < 0)
		return -1;
	*at = out->skip;
	while ((*at = span_skip_white(out->window, *at)) == out->window.n) {
		if (out->window.n > LIMIT_ROW_BYTES)
			return fault_set(f, 1, 1, "begins with more than 4 MiB of blanks");
		status = source_more(s, true, &out->window, f);
		if (status == SOURCE_BROKEN)
			return -1;
		if (status == SOURCE_END && may_be_empty(format))
			return 0;
		if (status == SOURCE_END)
			return fault_set(f, 0, 0, "is empty: a manifest begins with a header, or is JSON");
	}
	return 0;
}

/* The delimiter of a CSV whose first line is in the window. */
static int
find_delimiter(const struct manifest_options *o, struct sniffed *out, size_t at, struct fault *f)
{
	int64_t line = line_of(out->window, at);
	bool tie;

	if (check_header(first_line(out->window, at), line, f) < 0)
		return -1;
	if (out->format == MANIFEST_TSV) {
		out->delimiter = o->delimiter ? o->delimiter : '\t';
		return 0;
	}
	out->delimiter = sniff_delimiter(out->window, at, &tie);
	if (o->delimiter)
		out->delimiter = o->delimiter;
	else if (tie)
		return fault_set(f, line, 0, "two characters could part the header's columns: "
					     "--delimiter says which does");
	return 0;
}

/* What is named like a list of URLs may be a CSV of one column. */
static int
check_list(const struct manifest_options *o, struct span w, size_t at, struct fault *f)
{
	if (o->format == MANIFEST_AUTO &&
	    is_header(first_line(w, at), o->map_url ? o->map_url : "url"))
		return fault_set(f, line_of(w, at), 1,
				 "is named like a list of URLs, but begins with the header of a CSV: "
				 "--format csv, if it is one");
	return 0;
}

static bool
is_json(enum manifest_format format, char first)
{
	return format == MANIFEST_JSON || format == MANIFEST_NDJSON ||
	       (format == MANIFEST_AUTO && (first == '[' || first == '{'));
}

int
sniff(struct source *s, const char *path, const struct manifest_options *o, struct sniffed *out,
      struct fault *f)
{
	enum manifest_format format = o->format != MANIFEST_AUTO ? o->format : by_name(path);
	size_t at;

	*out = (struct sniffed){.format = o->format};
	if (find_first_byte(s, out, format, &at, f) < 0)
		return -1;
	if (at == out->window.n) {
		out->format = format;
		return 0;
	}
	if (is_json(format, out->window.p[at]))
		return o->format != MANIFEST_AUTO ? 0 : json_kind(s, o, format, out, at, f);
	if (read_record(s, out, at, f) == SOURCE_BROKEN)
		return -1;
	if (format == MANIFEST_AUTO)
		format = begins_with_url(s, out, at, f) ? MANIFEST_LIST : MANIFEST_CSV;
	out->format = format;
	if (format == MANIFEST_LIST)
		return check_list(o, out->window, at, f);
	return find_delimiter(o, out, at, f);
}
