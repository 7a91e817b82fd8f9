#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define DIAG_LINE_BYTES 4096 /* a longer message is cut: one line should fit into one atomic write */
#define SECRET_MIN_BYTES 4   /* a shorter key would mask half of every message */

static enum diag_level level_now = DIAG_NORMAL;
static const char *secret_now;
static void (*eraser_now)(void);

void
diag_set_level(enum diag_level level)
{
	level_now = level;
}

enum diag_level
diag_level(void)
{
	return level_now;
}

void
diag_set_secret(const char *secret)
{
	secret_now = secret;
}

void
diag_set_eraser(void (*erase)(void))
{
	eraser_now = erase;
}

void
diag_mask(struct buf *text)
{
	size_t n = secret_now ? strlen(secret_now) : 0;
	const char *from = text->data, *end = text->data + text->len, *hit;
	struct buf masked = {.max = text->max};

	if (n < SECRET_MIN_BYTES || text->len < n || !memmem(from, text->len, secret_now, n))
		return;
	while ((hit = memmem(from, (size_t)(end - from), secret_now, n))) {
		buf_add(&masked, from, (size_t)(hit - from));
		buf_add_str(&masked, "[key]");
		from = hit + n;
	}
	buf_add(&masked, from, (size_t)(end - from));
	buf_free(text);
	*text = masked;
}

/* Nothing can be done about a standard error that cannot be written. */
static void
write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

void
diag_block(const struct buf *text)
{
	struct buf copy = {0};

	if (eraser_now)
		eraser_now();
	buf_add(&copy, text->data, text->len);
	diag_mask(&copy);
	write_all(copy.data, copy.len);
	buf_free(&copy);
}

/* Says what begins with a line of one's own; frees that. */
static void __attribute__((format(printf, 2, 0)))
say_behind(struct buf *line, const char *format, va_list args)
{
	char text[DIAG_LINE_BYTES];

	vsnprintf(text, sizeof text, format, args);
	buf_add_str(line, text);
	buf_add_char(line, '\n');
	diag_block(line);
	buf_free(line);
}

static void __attribute__((format(printf, 1, 0)))
say(const char *format, va_list args)
{
	struct buf line = {0};

	buf_add_str(&line, "lade: ");
	say_behind(&line, format, args);
}

void
diag_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
diag_note(const char *format, ...)
{
	va_list args;

	if (level_now < DIAG_NORMAL)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
diag_detail(enum diag_level level, const char *format, ...)
{
	va_list args;

	if (level_now < level)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
diag_at(enum diag_level level, const char *file, int64_t line, int64_t column, const char *format,
	...)
{
	struct buf text = {0};
	va_list args;

	if (level_now < level)
		return;
	buf_add_str(&text, "lade: ");
	text_place(&text, file, line, column);
	buf_add_str(&text, ": ");
	va_start(args, format);
	say_behind(&text, format, args);
	va_end(args);
}
