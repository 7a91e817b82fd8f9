/*
 * Theory. All members that may matter are looked up at once, in one reading of the element: url,
 * assetType and name, or the paths that --map gives in their place (also as names with dots in them),
 * and lade's own of a results file, which rule over the plain ones. Names are searched for a near
 * miss only where there is no url.
 */
#include "manifest/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/columns.h"

#define SHOWN_BYTES 60 /* of a member's name in a message */

/* The members that are looked up in an element. */
enum wanted {
	WANT_URL,
	WANT_TYPE,
	WANT_NAME,
	WANT_LADE_URL,
	WANT_LADE_TYPE,
	WANT_LADE_NAME,
	WANT_STATUS,
	WANT_WHOLE_URL,
	WANT_WHOLE_TYPE,
	WANT_WHOLE_NAME, /* a name that has a dot in it */
	WANT_VERSION,
	WANT_WHOLE_VERSION,
	WANTED
};

struct members {
	const struct manifest_options *options;
	struct json_path paths[WANTED];
	struct json_lookup *lookup;
	bool is_results;
	bool is_mixed;		   /* it is not, but an element looks like a record of one */
	bool has_objects, has_url; /* of the elements read so far: any, with a member for the url */
	bool has_type, has_name, has_version; /* likewise */
	struct buf reason;	   /* of the last element without one */
};

static void
want(struct members *m, enum wanted which, enum wanted whole, const char *plain, const char *mapped)
{
	json_path_init(&m->paths[which], mapped ? mapped : plain, false);
	m->paths[which].loose = !mapped;
	if (mapped && strchr(mapped, '.'))
		json_path_init(&m->paths[whole], mapped, true);
}

struct members *
members_new(const struct manifest_options *o)
{
	struct members *m = mem_calloc(1, sizeof *m);

	m->options = o;
	want(m, WANT_URL, WANT_WHOLE_URL, "url", o->map_url);
	want(m, WANT_TYPE, WANT_WHOLE_TYPE, "assetType", o->map_type);
	want(m, WANT_NAME, WANT_WHOLE_NAME, "name", o->map_name);
	json_path_init(&m->paths[WANT_LADE_URL], "lade_url", true);
	json_path_init(&m->paths[WANT_LADE_TYPE], "lade_assetType", true);
	json_path_init(&m->paths[WANT_LADE_NAME], "lade_name", true);
	json_path_init(&m->paths[WANT_STATUS], "lade_status", true);
	if (o->version_column)
		want(m, WANT_VERSION, WANT_WHOLE_VERSION, NULL, o->version_column);
	m->lookup = json_lookup_new(m->paths, WANTED);
	return m;
}

void
members_free(struct members *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < WANTED; i++)
		json_path_fini(&m->paths[i]);
	json_lookup_free(m->lookup);
	buf_free(&m->reason);
	free(m);
}

/* The names of an object's members. */
struct names {
	struct span *names;
	size_t n, cap;
};

static int
note_name(void *ctx, struct span key, struct json_value value)
{
	struct names *l = ctx;

	(void)value;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 32;
		l->names = mem_resize(l->names, l->cap, sizeof *l->names);
	}
	l->names[l->n++] = (struct span){mem_dup(key.p, key.n), key.n};
	return 1;
}

static void
names_free(struct names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free((char *)l->names[i].p);
	free(l->names);
}

/* A member that an option names, beside the url: it may be missing in a row. */
struct named {
	const char *name;   /* NULL: the option was not given */
	const char *option;
	enum wanted which, whole;
	bool met;
};

#define NAMED 3

static void
find_named(const struct members *m, struct named out[NAMED])
{
	const struct manifest_options *o = m->options;

	out[0] = (struct named){o->map_name, "--map name=...", WANT_NAME, WANT_WHOLE_NAME, m->has_name};
	out[1] = (struct named){o->map_type, "--map assetType=...", WANT_TYPE, WANT_WHOLE_TYPE,
				m->has_type};
	out[2] = (struct named){o->version_column, "--version-column", WANT_VERSION,
				WANT_WHOLE_VERSION, m->has_version};
}

/* The member that a path led to; a name with a dot in it wins over the way that the dots tell. */
static struct json_value
member(const struct members *m, enum wanted which, enum wanted whole)
{
	struct json_value v = json_lookup_value(m->lookup, whole);

	return v.kind != JSON_ABSENT ? v : json_lookup_value(m->lookup, which);
}

static int
misspelt(const struct named *n, struct span near, const struct json_element *first, struct fault *f)
{
	struct buf word = {0}, shown = {0};

	text_escape(&word, span_of(n->name), SHOWN_BYTES);
	text_escape(&shown, near, SHOWN_BYTES);
	fault_set(f, first->line, first->column, "no member %s (%s); did you mean %s?", word.data,
		  n->option, shown.data);
	buf_free(&word);
	buf_free(&shown);
	return -1;
}

/*
 * The first element is the only header that there is: where it lacks a member that an option names
 * and has one that is that but for a slip, nothing is to be sent under the wrong type or without a
 * name. A mere resemblance is not enough, for a member may be optional.
 */
static int
check_spelling(const struct members *m, const struct json_element *first, struct fault *f)
{
	struct named named[NAMED];
	struct names l = {0};
	size_t i, k;
	int rc = 0;

	find_named(m, named);
	for (i = 0; i < NAMED && rc == 0; i++) {
		if (!named[i].name ||
		    member(m, named[i].which, named[i].whole).kind != JSON_ABSENT)
			continue;
		if (l.n == 0)
			json_members(first->text, note_name, &l);
		for (k = 0; k < l.n && rc == 0; k++)
			if (text_is_slip(span_of(named[i].name), l.names[k]))
				rc = misspelt(&named[i], l.names[k], first, f);
	}
	names_free(&l);
	return rc;
}

int
members_begin(struct members *m, const struct json_element *first, struct fault *f)
{
	static const char status[] = "\"lade_status\"";
	struct json_value top;
	struct json_wrong w = json_lookup_run(m->lookup, first->text, &top);

	/* a damaged record is one all the same: what follows must not pass for rows to be sent */
	m->is_results = json_lookup_value(m->lookup, WANT_STATUS).kind != JSON_ABSENT ||
			(w.syntax && memmem(first->text.p, first->text.n, status, strlen(status)));
	if (!m->is_results && json_lookup_met_lade(m->lookup))
		return fault_set(f, first->line, first->column,
				 "a member's name begins with lade_, which is kept for results "
				 "files, but there is no member lade_status");
	if (m->is_results || w.text || top.kind != JSON_OBJECT)
		return 0;
	return check_spelling(m, first, f);
}

bool
members_is_results(const struct members *m)
{
	return m->is_results;
}

bool
members_is_mixed(const struct members *m)
{
	return m->is_mixed;
}

/* A string, or nothing; anything else is the row's fault. */
static struct span
string_member(struct json_value own, struct json_value v, const char *what, const char **bad)
{
	if (own.kind != JSON_ABSENT)
		v = own;
	if (v.kind != JSON_STRING && v.kind != JSON_NULL && v.kind != JSON_ABSENT)
		*bad = what;
	else if (v.text.n > 0 && memchr(v.text.p, '\0', v.text.n))
		*bad = "holds a NUL where a url, name or assetType is";
	return v.kind == JSON_STRING ? v.text : span_none();
}

/* Says that there is no url, and which member may be meant. */
static const char *
no_url(struct members *m, struct span text)
{
	const char *wanted = m->options->map_url ? m->options->map_url : "url";
	struct names l = {0};
	int near;

	json_members(text, note_name, &l);
	near = columns_suggest(l.names, l.n, wanted);
	buf_clear(&m->reason);
	buf_add_str(&m->reason, "no member ");
	text_escape(&m->reason, span_of(wanted), 10 + SHOWN_BYTES);
	if (near >= 0) {
		buf_add_str(&m->reason, "; did you mean ");
		text_escape(&m->reason, l.names[near], m->reason.len + SHOWN_BYTES);
		buf_add_str(&m->reason, "? --map url=\"");
		text_escape(&m->reason, l.names[near], m->reason.len + SHOWN_BYTES);
		buf_add_char(&m->reason, '"');
	}
	names_free(&l);
	return m->reason.data;
}

static void
read_object(struct members *m, struct span text, struct manifest_row *row)
{
	struct json_value url = member(m, WANT_URL, WANT_WHOLE_URL);
	struct json_value name = member(m, WANT_NAME, WANT_WHOLE_NAME), none = {JSON_ABSENT, {0}};
	struct json_value type = member(m, WANT_TYPE, WANT_WHOLE_TYPE);
	struct json_value version = member(m, WANT_VERSION, WANT_WHOLE_VERSION);
	struct json_value own_url = none, own_type = none, own_name = none;

	if (m->is_results) {
		own_url = json_lookup_value(m->lookup, WANT_LADE_URL);
		own_type = json_lookup_value(m->lookup, WANT_LADE_TYPE);
		own_name = json_lookup_value(m->lookup, WANT_LADE_NAME);
	}
	if (name.kind == JSON_NUMBER)
		name.kind = JSON_STRING;
	m->has_objects = true;
	m->has_type |= type.kind != JSON_ABSENT;
	m->has_name |= name.kind != JSON_ABSENT;
	m->has_version |= version.kind != JSON_ABSENT;
	if (url.kind != JSON_ABSENT || own_url.kind != JSON_ABSENT)
		m->has_url = true;
	else if (!m->options->skip_empty)
		row->bad = no_url(m, text);
	row->url = span_trim(string_member(own_url, url, "url: is no string", &row->bad));
	row->type_word = span_trim(string_member(own_type, type, "assetType: is no string", &row->bad));
	row->name = string_member(own_name, name, "name: is no string", &row->bad);
	row->version = version.text;
}

struct json_wrong
members_read(struct members *m, struct span text, struct manifest_row *row)
{
	struct json_value top;
	struct json_wrong w = json_lookup_run(m->lookup, text, &top);

	m->is_mixed = !m->is_results && json_lookup_met_lade(m->lookup);
	if (w.text)
		return w;
	if (top.kind == JSON_STRING) {
		m->has_url = true;
		row->url = span_trim(top.text);
	} else if (top.kind == JSON_OBJECT) {
		read_object(m, text, row);
	} else {
		row->bad = "is neither an object nor a URL";
	}
	return w;
}

int
members_end(const struct members *m, struct fault *f)
{
	const char *wanted = m->options->map_url ? m->options->map_url : "url";
	struct buf shown = {0};

	if (!m->options->skip_empty || !m->has_objects || m->has_url || m->is_results)
		return 0;
	text_escape(&shown, span_of(wanted), SHOWN_BYTES);
	fault_set(f, 0, 0, "no element has a member %s (--map url=NAME names another)", shown.data);
	buf_free(&shown);
	return -1;
}

bool
members_unmet(const struct members *m, struct fault *f)
{
	struct named named[NAMED];
	struct buf list = {0};
	size_t i;
	bool any;

	if (!m->has_objects || m->is_results)
		return false;
	find_named(m, named);
	for (i = 0; i < NAMED; i++) {
		if (!named[i].name || named[i].met)
			continue;
		buf_add_str(&list, list.len > 0 ? ", " : "no element has a member ");
		text_escape(&list, span_of(named[i].name), list.len + SHOWN_BYTES);
		buf_printf(&list, " (%s)", named[i].option);
	}
	any = list.len > 0;
	if (any)
		fault_set(f, 0, 0, "%s", list.data);
	buf_free(&list);
	return any;
}
