#include "show/summary.h"

#include <string.h>

#include "base/text.h"
#include "base/units.h"

static bool
same_group(const struct summary_group *g, const struct summary_group *other)
{
	return g->class_word == other->class_word && strcmp(g->code, other->code) == 0 &&
	       strcmp(g->message, other->message) == 0;
}

/* A text as far as groups tell it apart, fit to be shown, cut between characters. Out has that size. */
static void
cut(char *out, size_t size, struct span text)
{
	struct buf fit = {0};

	text_escape(&fit, text, size - 1);
	memcpy(out, fit.data ? fit.data : "", fit.len);
	out[fit.len] = '\0';
	buf_free(&fit);
}

void
summary_failure(struct summary *s, const char *class_word, struct span code, struct span message,
		struct summary_place place)
{
	struct summary_group new = {.class_word = class_word}, *g = s->groups;
	struct summary_group *end = s->groups + s->n_groups;

	cut(new.code, sizeof new.code, code);
	cut(new.message, sizeof new.message, message);
	while (g < end && !same_group(g, &new))
		g++;
	if (g == s->groups + SUMMARY_GROUPS) {
		s->others++;
		return;
	}
	if (g == end) {
		s->n_groups++;
		*g = new;
	}
	if (g->count < SUMMARY_LINES)
		g->places[g->count] = place;
	g->count++;
}

static void
add_part(struct buf *out, const char *word, int64_t n)
{
	if (n == 0)
		return;
	units_show_count(out, n);
	buf_printf(out, " %s, ", word);
}

static void
add_counts(struct buf *out, const struct counts *c)
{
	buf_add_str(out, "lade: ");
	units_show_count(out, c->read);
	buf_add_str(out, c->read == 1 ? " row: " : " rows: ");
	add_part(out, "uploaded", c->uploaded);
	add_part(out, "skipped", c->skipped);
	add_part(out, "duplicate", c->duplicate);
	add_part(out, "failed", c->failed);
	add_part(out, "in doubt", c->in_doubt);
	add_part(out, "invalid", c->invalid);
	add_part(out, "pending", c->pending);
	out->len -= 2; /* the last ", ", or ": " of no rows */
	out->data[out->len] = '\0';
	if (c->passed_over > 0) {
		buf_add_str(out, "; ");
		units_show_count(out, c->passed_over);
		buf_add_str(out, " without a url passed over");
	}
	if (c->other_shards > 0) {
		buf_add_str(out, "; ");
		units_show_count(out, c->other_shards);
		buf_add_str(out, " for other shards");
	}
	buf_add_char(out, '\n');
}

static void
add_pace(struct buf *out, const struct counts *c, int64_t took_ms)
{
	buf_add_str(out, "lade: in ");
	units_show_ms(out, took_ms);
	if (c->sent > 0 && took_ms > 0) {
		double rate = (double)c->sent * 1000 / (double)took_ms;

		buf_printf(out, ", %.*f/s", rate < 10 ? 1 : 0, rate);
	}
	if (c->retries > 0) {
		buf_add_str(out, ", ");
		units_show_count(out, c->retries);
		buf_add_str(out, c->retries == 1 ? " retry" : " retries");
	}
	if (c->throttles > 0) {
		buf_add_str(out, ", throttled ");
		units_show_count(out, c->throttles);
		buf_add_str(out, c->throttles == 1 ? " time" : " times");
	}
	buf_add_char(out, '\n');
}

static void
add_group(struct buf *out, const struct summary_group *g)
{
	int64_t i;

	buf_add_str(out, "lade:   ");
	units_show_count(out, g->count);
	buf_printf(out, " x %s", g->class_word);
	if (g->code[0])
		buf_printf(out, ", code %s", g->code);
	if (g->message[0])
		buf_printf(out, ": %s", g->message);
	buf_add_str(out, g->places[0].manifest ? " (" : g->count == 1 ? " (line " : " (lines ");
	for (i = 0; i < g->count && i < SUMMARY_LINES; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		if (g->places[i].manifest)
			text_place(out, g->places[i].manifest, g->places[i].line, 0);
		else
			buf_add_int(out, g->places[i].line);
	}
	buf_add_str(out, g->count > SUMMARY_LINES ? ", ...)\n" : ")\n");
}

void
summary_write(const struct summary *s, const struct counts *c, int64_t took_ms, struct buf *out)
{
	unsigned i;

	add_counts(out, c);
	add_pace(out, c, took_ms);
	for (i = 0; i < s->n_groups; i++)
		add_group(out, &s->groups[i]);
	if (s->others > 0)
		buf_printf(out, "lade:   %lld of other kinds\n", (long long)s->others);
}
