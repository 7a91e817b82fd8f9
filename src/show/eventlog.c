#include "show/eventlog.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/file.h"

static void
fail(struct eventlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->failed = true;
	buf_free(&l->out);
}

void
eventlog_open(struct eventlog *l, const char *path)
{
	*l = (struct eventlog){.fd = -1};
	if (!path)
		return;
	l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (l->fd < 0) {
		file_fault(&l->fault, "open", path);
		fail(l);
	}
}

bool
eventlog_is_on(const struct eventlog *l)
{
	return l->fd >= 0;
}

void
eventlog_begin(struct eventlog *l, const char *event)
{
	buf_add_char(&l->out, '{');
	field_time(&l->out, "time", clock_wall_ms());
	field_text(&l->out, "event", span_of(event));
}

void
eventlog_end(struct eventlog *l)
{
	buf_add_str(&l->out, "}\n");
}

void
eventlog_flush(struct eventlog *l)
{
	if (l->fd < 0 || l->out.len == 0)
		return;
	if (file_write(l->fd, l->out.data, l->out.len, NULL) < 0) {
		file_fault(&l->fault, "write", "the event log");
		fail(l);
		return;
	}
	buf_clear(&l->out);
}

void
eventlog_close(struct eventlog *l)
{
	eventlog_flush(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_free(&l->out);
}
