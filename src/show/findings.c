/*
 * Theory. Every line is complete when it is added, so that what was found is on the screen however a
 * check ends. Texts of others are made fit for a terminal in JSON too: it is often read by eye.
 */
#include "show/findings.h"

#include "base/text.h"
#include "base/units.h"

static const char *const kind_words[] = {
	[FINDING_PROBLEM] = "problem",
	[FINDING_WARNING] = "warning",
};

static const char *const state_words[] = {
	[FINDING_GOOD] = "good",
	[FINDING_DUPLICATE] = "duplicate",
	[FINDING_INVALID] = "invalid",
};

/* Adds "name":"text", the text made fit for a terminal first, as everywhere. */
static void
add_string(struct buf *out, const char *name, const char *text)
{
	struct buf shown = {0};
	size_t i;

	text_escape(&shown, span_of(text), 0);
	buf_printf(out, "\"%s\":\"", name);
	for (i = 0; i < shown.len; i++) {
		if (shown.data[i] == '"' || shown.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, shown.data[i]);
	}
	buf_add_char(out, '"');
	buf_free(&shown);
}

static void
begin_json(struct buf *out, const char *kind, const char *file, int64_t line)
{
	buf_printf(out, "{\"kind\":\"%s\",", kind);
	add_string(out, "file", file);
	if (line > 0)
		buf_printf(out, ",\"line\":%lld", (long long)line);
}

void
findings_add(struct findings *f, enum finding_kind kind, const char *file, int64_t line,
	     int64_t column, const char *what, struct buf *out)
{
	if (f->met[kind]++ >= f->max_shown)
		return;
	if (f->json) {
		begin_json(out, kind_words[kind], file, line);
		if (column > 0)
			buf_printf(out, ",\"column\":%lld", (long long)column);
		buf_add_char(out, ',');
		add_string(out, "what", what);
		buf_add_str(out, "}\n");
		return;
	}
	text_place(out, file, line, column);
	buf_printf(out, ": %s%s\n", kind == FINDING_WARNING ? "warning: " : "", what);
}

void
findings_add_probe(const struct findings *f, const char *file, int64_t line, int status,
		   const char *type, int64_t bytes, struct buf *out)
{
	if (!f->json)
		return;
	begin_json(out, "probe", file, line);
	buf_printf(out, ",\"httpStatus\":%d", status);
	if (type) {
		buf_add_char(out, ',');
		add_string(out, "contentType", type);
	}
	if (bytes >= 0)
		buf_printf(out, ",\"bytes\":%lld", (long long)bytes);
	buf_add_str(out, "}\n");
}

int64_t
findings_count(const struct findings *f, enum finding_state state)
{
	int64_t n = 0;
	int t, s;

	for (t = 0; t < FINDINGS_TYPES; t++)
		for (s = 0; s < FINDING_STATES; s++)
			n += state == FINDING_STATES || (int)state == s ? f->rows[t][s] : 0;
	return n;
}

static int64_t
row_sum(const int64_t *states)
{
	return states[FINDING_GOOD] + states[FINDING_DUPLICATE] + states[FINDING_INVALID];
}

static void
json_summary(const struct findings *f, const char *const *type_names, struct buf *out)
{
	const char *comma = "";
	int t, s;

	buf_printf(out, "{\"kind\":\"summary\",\"complete\":%s,\"rows\":%lld",
		   f->incomplete ? "false" : "true", (long long)findings_count(f, FINDING_STATES));
	for (s = 0; s < FINDING_STATES; s++)
		buf_printf(out, ",\"%s\":%lld", state_words[s],
			   (long long)findings_count(f, (enum finding_state)s));
	buf_printf(out, ",\"passedOver\":%lld,\"problems\":%lld,\"warnings\":%lld",
		   (long long)f->passed_over, (long long)f->met[FINDING_PROBLEM],
		   (long long)f->met[FINDING_WARNING]);
	if (f->probing)
		buf_printf(out, ",\"probed\":%lld,\"unreachable\":%lld,\"bytes\":%lld",
			   (long long)f->probed, (long long)f->unreachable, (long long)f->bytes);
	buf_add_str(out, ",\"types\":{");
	for (t = 0; t < FINDINGS_TYPES; t++) {
		if (row_sum(f->rows[t]) == 0)
			continue;
		buf_printf(out, "%s\"%s\":{", comma, t ? type_names[t] : "");
		comma = ",";
		for (s = 0; s < FINDING_STATES; s++)
			buf_printf(out, "%s\"%s\":%lld", s ? "," : "", state_words[s],
				   (long long)f->rows[t][s]);
		buf_add_char(out, '}');
	}
	buf_add_str(out, "}}\n");
}

static void
add_number(struct buf *out, int64_t n)
{
	struct buf text = {0};

	units_show_count(&text, n);
	buf_printf(out, " %13s", text.data);
	buf_free(&text);
}

static void
add_row(struct buf *out, const char *name, const int64_t *states)
{
	int s;

	buf_printf(out, "%-9s", name);
	for (s = 0; s < FINDING_STATES; s++)
		add_number(out, states[s]);
	buf_add_char(out, '\n');
}

static void
add_unshown(const struct findings *f, struct buf *out)
{
	int k;

	for (k = 0; k < FINDING_KINDS; k++)
		if (f->met[k] > f->max_shown)
			buf_printf(out, "%lld more %s%s not shown (--max-problems)\n",
				   (long long)(f->met[k] - f->max_shown), kind_words[k],
				   f->met[k] - f->max_shown == 1 ? "" : "s");
}

static void
text_summary(const struct findings *f, const char *const *type_names, struct buf *out)
{
	int64_t totals[FINDING_STATES];
	int t, s;

	add_unshown(f, out);
	buf_printf(out, "%-9s", "");
	for (s = 0; s < FINDING_STATES; s++) {
		totals[s] = findings_count(f, (enum finding_state)s);
		buf_printf(out, " %13s", state_words[s]);
	}
	buf_add_char(out, '\n');
	for (t = 1; t <= FINDINGS_TYPES; t++)
		if (row_sum(f->rows[t % FINDINGS_TYPES]) > 0)
			add_row(out, type_names[t % FINDINGS_TYPES], f->rows[t % FINDINGS_TYPES]);
	add_row(out, "all", totals);
	if (f->passed_over > 0)
		buf_printf(out, "%lld without a url passed over\n", (long long)f->passed_over);
	if (f->met[FINDING_WARNING] > 0)
		buf_printf(out, "%lld warning%s\n", (long long)f->met[FINDING_WARNING],
			   f->met[FINDING_WARNING] == 1 ? "" : "s");
	if (f->probing)
		buf_printf(out,
			   "%lld asked for at their own servers, %lld with a problem, %lld bytes\n",
			   (long long)f->probed, (long long)f->unreachable, (long long)f->bytes);
	if (f->incomplete)
		buf_add_str(out, "not read to the end: the counts are of what was read\n");
}

void
findings_summary(const struct findings *f, const char *const *type_names, struct buf *out)
{
	if (f->json)
		json_summary(f, type_names, out);
	else
		text_summary(f, type_names, out);
}
