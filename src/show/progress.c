#include "show/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/text.h"
#include "base/units.h"

#define REDRAW_MS 100       /* ten times a second at most */
#define RATE_WINDOW_MS 2000 /* the rate shown is that of the last two seconds or so, ... */
#define STANDSTILL_MS 30000 /* ... or since a row before them, if that is not so long ago */
#define ETA_AFTER_MS 1000   /* since rows began to move */
#define DEFAULT_COLUMNS 80

static size_t
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_COLUMNS;
}

void
progress_init(struct progress *p, enum progress_style style, int64_t interval_ms, int64_t now_ms)
{
	*p = (struct progress){
		.style = style,
		.interval_ms = style == PROGRESS_STYLE_BAR ? REDRAW_MS : interval_ms,
		.rate_from_ms = now_ms,
		.rate_is_new = true,
	};
	p->next_ms = now_ms + p->interval_ms;
}

int64_t
progress_next_ms(const struct progress *p)
{
	return p->style == PROGRESS_STYLE_NONE ? INT64_MAX : p->next_ms;
}

/* Rows whose fate is known. */
static int64_t
done_rows(const struct counts *c)
{
	return counts_sum(c);
}

/* A standstill is no part of the rate behind it: where something holds everything up, from the length
 * of a window on. */
static void
measure_rate(struct progress *p, const struct counts *c, bool held, int64_t now_ms)
{
	int64_t done = c->sent, span = now_ms - p->rate_from_ms;

	if (span <= 0)
		return;
	if (done == p->rate_done) {
		if (!p->rate_is_new && span < (held ? RATE_WINDOW_MS : STANDSTILL_MS))
			return;
		p->rate_per_s = 0;
		p->rate_from_ms = now_ms;
		p->rate_is_new = true;
		return;
	}
	/* the first window counts while it grows: a tenth of a second alone says nothing */
	if (span < RATE_WINDOW_MS && !p->rate_is_new)
		return;
	p->rate_per_s = (double)(done - p->rate_done) * 1000 / (double)span;
	if (span >= RATE_WINDOW_MS) {
		p->rate_from_ms = now_ms;
		p->rate_done = done;
		p->rate_is_new = false;
	}
}

/* The estimated number of all rows; -1: unknown. */
static int64_t
total_rows(const struct progress_view *v)
{
	const struct counts *c = v->counts;

	if (v->rows_ended)
		return c->read;
	if (v->size_bytes <= 0 || v->read_bytes <= 0 || c->read == 0)
		return -1;
	return (int64_t)((double)(c->read + c->passed_over) * (double)v->size_bytes /
			 (double)v->read_bytes) - c->passed_over;
}

static void
add_count(struct buf *out, const char *word, int64_t n)
{
	if (n == 0)
		return;
	buf_add_str(out, ", ");
	units_show_count(out, n);
	buf_add_char(out, ' ');
	buf_add_str(out, word);
}

static void
add_eta(struct buf *out, const struct progress *p, int64_t left, int64_t now_ms)
{
	int64_t ms;

	/* the first request goes alone: what it took says nothing of those behind it */
	if (left <= 0 || p->rate_per_s < 0.01 ||
	    (p->rate_is_new && now_ms - p->rate_from_ms < ETA_AFTER_MS))
		return;
	ms = (int64_t)((double)left / p->rate_per_s * 1000);
	if (ms < 1000)
		return;
	buf_add_str(out, ", ");
	units_show_ms(out, ms);
	buf_add_str(out, " left");
}

static void
add_rate(struct buf *out, const struct progress *p)
{
	buf_printf(out, ", %.*f/s", p->rate_per_s < 10 ? 1 : 0, p->rate_per_s);
}

static void
add_state(struct buf *out, const struct progress *p, const struct progress_view *v)
{
	add_rate(out, p);
	if (v->held[0] && !v->why)
		buf_printf(out, " (%s)", v->held);
	buf_printf(out, ", %u in flight", v->in_flight);
	add_count(out, "waiting", v->waiting);
}

/* brief: for a narrow terminal, what people look for: how far, what went wrong, why it waits or how
 * long it will take. */
static void
compose(struct buf *out, const struct progress *p, const struct progress_view *v, int64_t now_ms,
	bool brief)
{
	const struct counts *c = v->counts;
	int64_t total = total_rows(v), done = done_rows(c);

	units_show_count(out, done);
	if (total >= 0) {
		buf_add_str(out, v->rows_ended ? "/" : "/~");
		units_show_count(out, total < done ? done : total);
	}
	if (!brief) {
		add_count(out, "uploaded", c->uploaded);
		add_count(out, "skipped", c->skipped);
		add_count(out, "duplicate", c->duplicate);
	}
	add_count(out, "failed", c->failed);
	add_count(out, "in doubt", c->in_doubt);
	if (!brief) {
		add_count(out, "invalid", c->invalid);
		add_state(out, p, v);
	} else if (!v->why) {
		add_rate(out, p);
	}
	if (v->why) {
		buf_printf(out, ", %s", v->why);
		if (v->why_until_ms > now_ms) {
			buf_add_str(out, ", ");
			units_show_ms(out, v->why_until_ms - now_ms);
		}
	} else if (total >= 0) {
		add_eta(out, p, total - done, now_ms);
	}
}

/* Cuts to the width: what is composed here is ASCII, so a byte is a column. */
static void
draw(struct progress *p, const struct buf *line)
{
	size_t columns = terminal_columns(), n = line->len;
	struct buf out = {0};

	if (n > columns - 1)
		n = columns - 1; /* the last column would wrap on some terminals */
	buf_add_str(&out, "\r\033[K");
	buf_add(&out, line->data, n);
	p->drawn = write(STDERR_FILENO, out.data, out.len) > 0;
	buf_free(&out);
}

void
progress_tick_line(struct progress *p, const struct buf *line, int64_t now_ms)
{
	if (p->style == PROGRESS_STYLE_NONE || now_ms < p->next_ms)
		return;
	p->next_ms = now_ms + p->interval_ms;
	if (p->style == PROGRESS_STYLE_BAR)
		draw(p, line);
	else
		diag_note("%s", line->data);
}

void
progress_tick(struct progress *p, const struct progress_view *v, int64_t now_ms)
{
	struct buf line = {0};

	if (p->style == PROGRESS_STYLE_NONE || now_ms < p->next_ms)
		return;
	measure_rate(p, v->counts, v->why != NULL, now_ms);
	compose(&line, p, v, now_ms, false);
	if (p->style == PROGRESS_STYLE_BAR && line.len >= terminal_columns()) {
		buf_clear(&line);
		compose(&line, p, v, now_ms, true);
	}
	progress_tick_line(p, &line, now_ms);
	buf_free(&line);
}

void
progress_now(struct progress *p, const struct progress_view *v, int64_t now_ms)
{
	struct buf line = {0};

	measure_rate(p, v->counts, v->why != NULL, now_ms);
	compose(&line, p, v, now_ms, false);
	diag_error("%s", line.data);
	buf_free(&line);
}

void
progress_erase(struct progress *p)
{
	static const char erase[] = "\r\033[K";

	if (p->drawn && write(STDERR_FILENO, erase, sizeof erase - 1) > 0)
		p->drawn = false;
}
