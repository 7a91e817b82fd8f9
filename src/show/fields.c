#include "show/fields.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/json_text.h"
#include "base/text.h"

#define URL_BYTES 1024 /* of a URL that is shown */

static void
part(struct buf *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_add_char(out, ',');
}

void
field_name(struct buf *out, const char *name)
{
	part(out);
	buf_printf(out, "\"%s\":", name);
}

void
field_int(struct buf *out, const char *name, int64_t value)
{
	field_name(out, name);
	buf_add_int(out, value);
}

/* A string that is fit to be shown. */
static void
add_fit(struct buf *out, struct span text)
{
	struct buf raw = {0}, fit = {0};

	buf_add_span(&raw, text);
	diag_mask(&raw);
	text_escape(&fit, buf_span(&raw), 0);
	json_string(out, buf_span(&fit));
	buf_free(&raw);
	buf_free(&fit);
}

void
field_text(struct buf *out, const char *name, struct span text)
{
	field_name(out, name);
	add_fit(out, text);
}

void
field_item(struct buf *out, struct span text)
{
	part(out);
	add_fit(out, text);
}

void
field_text_or_null(struct buf *out, const char *name, struct span text)
{
	if (text.n > 0) {
		field_text(out, name, text);
		return;
	}
	field_name(out, name);
	buf_add_str(out, "null");
}

void
field_url(struct buf *out, const char *name, struct span url)
{
	struct buf shown = {0};

	text_show_url(&shown, url, URL_BYTES);
	diag_mask(&shown);
	field_name(out, name);
	json_string(out, buf_span(&shown));
	buf_free(&shown);
}

void
field_time(struct buf *out, const char *name, int64_t wall_ms)
{
	char stamp[CLOCK_STAMP_BYTES];

	clock_stamp(wall_ms, stamp);
	field_name(out, name);
	buf_printf(out, "\"%s\"", stamp);
}
