#include "show/page.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"

#define PATH_BYTES 200 /* of a file's name that is shown */

void
page_text(struct buf *out, const char *text)
{
	const char *p;

	for (p = text; *p; p++) {
		switch (*p) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		default:
			buf_add_char(out, *p);
		}
	}
}

/* Of a file's name the end tells more than the beginning. */
void
page_path(struct buf *out, const char *path)
{
	struct buf shown = {0};
	size_t n = strlen(path);

	if (n > PATH_BYTES) {
		buf_add_str(out, "…");
		path += n - PATH_BYTES;
		while ((*path & 0xC0) == 0x80)
			path++;
	}
	text_escape(&shown, span_of(path), 0);
	page_text(out, shown.data ? shown.data : "");
	buf_free(&shown);
}

/* "2026-11-25 14:02:11", UTC. */
void
page_time(struct buf *out, int64_t wall_ms)
{
	char stamp[CLOCK_STAMP_BYTES];

	clock_stamp(wall_ms, stamp);
	buf_printf(out, "<time datetime=\"%s\">%.10s %.8s</time>", stamp, stamp, stamp + 11);
}

void
page_count(struct buf *out, int64_t n, const char *one, const char *many)
{
	units_show_count(out, n);
	buf_printf(out, " %s", n == 1 ? one : many);
}
