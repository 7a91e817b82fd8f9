#include "show/review_counts.h"

#include "base/units.h"

static const char *const words[] = {
	[REVIEW_UNANSWERED] = "unanswered",
	[REVIEW_PROCESSING] = "Processing",
	[REVIEW_ACTIVE] = "Active",
	[REVIEW_FAILED] = "Failed",
	[REVIEW_UNKNOWN] = "unknown",
	[REVIEW_ODD] = "of another status",
};

/* The order in which people read them. */
static const enum review_state shown[] = {REVIEW_ACTIVE,  REVIEW_FAILED, REVIEW_PROCESSING,
					  REVIEW_UNKNOWN, REVIEW_ODD,	 REVIEW_UNANSWERED};

void
review_counts_add(struct buf *out, const struct review_counts *c)
{
	const char *comma = "";
	size_t i;

	if (c->assets == 0)
		buf_add_str(out, "no assets");
	for (i = 0; i < sizeof shown / sizeof *shown; i++) {
		if (c->state[shown[i]] == 0)
			continue;
		buf_add_str(out, comma);
		units_show_count(out, c->state[shown[i]]);
		buf_printf(out, " %s", words[shown[i]]);
		comma = ", ";
	}
}

void
review_counts_summary(struct buf *out, const struct review_counts *c, int64_t took_ms)
{
	buf_add_str(out, "lade: review of ");
	units_show_count(out, c->assets);
	buf_add_str(out, c->assets == 1 ? " asset: " : " assets: ");
	review_counts_add(out, c);
	buf_add_str(out, "\nlade: in ");
	units_show_ms(out, took_ms);
	buf_add_str(out, ", ");
	units_show_count(out, c->questions);
	buf_add_str(out, c->questions == 1 ? " question" : " questions");
	if (c->failed_questions > 0) {
		buf_add_str(out, ", ");
		units_show_count(out, c->failed_questions);
		buf_add_str(out, " without a usable answer");
	}
	if (c->throttles > 0) {
		buf_add_str(out, ", throttled ");
		units_show_count(out, c->throttles);
		buf_add_str(out, c->throttles == 1 ? " time" : " times");
	}
	buf_add_char(out, '\n');
}
