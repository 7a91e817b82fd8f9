/*
 * Failures on the page: a block for each kind, with examples and the places of more. They are
 * listed while the page is under PAGE_BUDGET_BYTES, so that it stays under a megabyte whatever
 * servers say.
 */
#include <string.h>

#include "base/units.h"
#include "show/page.h"

#define PAGE_BUDGET_BYTES (600u << 10)
#define KINDS_SHOWN 40
#define SHORT_PATH_BYTES 28 /* of a file's name that fits its column without a break */

static void
add_place(const struct report *r, struct buf *out, struct failure_place place)
{
	page_path(out, r->files[place.file].path);
	buf_add_char(out, ':');
	buf_add_int(out, place.line);
}

static void
add_examples(const struct report *r, struct buf *out, const struct failure_kind *k)
{
	unsigned i;

	buf_add_str(out, "<table>\n<thead><tr><th scope=\"col\">record</th><th scope=\"col\">"
			 "manifest row</th><th scope=\"col\">URL</th></tr></thead>\n<tbody>\n");
	for (i = 0; i < k->n_examples; i++) {
		const struct failure_example *e = &k->examples[i];

		buf_printf(out, "<tr><td class=\"place%s\">",
			   strlen(r->files[e->place.file].path) > SHORT_PATH_BYTES ? " long" : "");
		add_place(r, out, e->place);
		buf_add_str(out, "</td><td class=\"row\">");
		if (e->manifest) {
			buf_add_str(out, "<bdi>");
			page_text(out, e->manifest);
			buf_add_str(out, "</bdi>:");
		} else if (e->manifest_line > 0) {
			buf_add_str(out, "line ");
		}
		if (e->manifest_line > 0)
			buf_add_int(out, e->manifest_line);
		buf_add_str(out, "</td><td class=\"url\"><bdi>");
		page_text(out, e->url);
		buf_add_str(out, "</bdi></td></tr>\n");
	}
	buf_add_str(out, "</tbody>\n</table>\n");
}

/* The places of those that are no examples: lines, and the file where it is another. */
static void
add_places(const struct report *r, struct buf *out, const struct failure_kind *k)
{
	unsigned i, file = r->n_files;

	if (k->n_places <= k->n_examples)
		return;
	buf_add_str(out, "<p class=\"also\">Also ");
	for (i = k->n_examples; i < k->n_places; i++) {
		if (i > k->n_examples)
			buf_add_str(out, k->places[i].file == file ? ", " : "; ");
		if (k->places[i].file != file) {
			add_place(r, out, k->places[i]);
			file = k->places[i].file;
		} else {
			buf_add_int(out, k->places[i].line);
		}
	}
	if (k->count > k->n_places) {
		buf_add_str(out, " and ");
		units_show_count(out, k->count - k->n_places);
		buf_add_str(out, " more");
	}
	buf_add_str(out, "</p>\n");
}

static void
add_kind(const struct report *r, struct buf *out, const struct failure_kind *k)
{
	buf_add_str(out, "<article>\n<p class=\"count\">");
	units_show_count(out, k->count);
	buf_add_str(out, "</p>\n<div class=\"body\">\n<h3><bdi>");
	if (!k->message)
		buf_add_str(out, "Various messages");
	else if (k->message[0])
		page_text(out, k->message);
	else
		buf_add_str(out, "No message");
	buf_add_str(out, "</bdi></h3>\n<p class=\"what\">");
	page_text(out, k->class_word);
	if (k->code[0]) {
		buf_add_str(out, ", code ");
		page_text(out, k->code);
	}
	buf_add_str(out, "</p>\n");
	add_examples(r, out, k);
	add_places(r, out, k);
	buf_add_str(out, "</div>\n</article>\n");
}

void
page_failures(const struct report *r, struct buf *out)
{
	const struct failures *all = &r->failures;
	int64_t left = all->others;
	unsigned i, shown = 0;

	if (all->count == 0)
		return;
	buf_add_str(out, "<section class=\"kinds\">\n<h2>What failed</h2>\n<p class=\"about\">");
	page_count(out, all->count, "row", "rows");
	buf_add_str(out,
		    " that failed, are invalid or in doubt, by class, code and message; the most "
		    "frequent first. URLs end at their query.</p>\n");
	for (i = 0; i < all->n; i++) {
		if (shown < KINDS_SHOWN && out->len < PAGE_BUDGET_BYTES) {
			add_kind(r, out, all->kinds[i]);
			shown++;
		} else {
			left += all->kinds[i]->count;
		}
	}
	if (left > 0) {
		buf_add_str(out, "<p class=\"about\">Left out here: ");
		page_count(out, left, "row", "rows");
		buf_add_str(out, " of other kinds.</p>\n");
	}
	buf_add_str(out, "</section>\n");
}
