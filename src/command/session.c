#include "command/session.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/units.h"
#include "command/run.h"

#define OUTAGE_SAID_MS 3000 /* a shorter outage is not worth a line */

int
session_open(struct session *s, const struct options *o, const char *key)
{
	struct fault f;
	struct site_options so = {
		.base_url = o->base_url,
		.key = key,
		.ca_file = o->ca_file,
		.allow_http = o->allow_http,
	};

	*s = (struct session){.signal_fd = -1};
	s->site = site_new(&so, &f);
	if (s->site)
		return -1;
	diag_error("%s", f.text);
	return EXIT_USAGE;
}

static void
on_signal(void *ctx)
{
	struct session *s = ctx;
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGUSR1) {
			s->client.progress(s->client.ctx);
		} else if (s->signal_number == 0) {
			s->signal_number = (int)info.ssi_signo;
			s->client.stop(s->client.ctx);
			diag_error("stopping: waiting for %u in flight (once more: at once)",
				   engine_in_flight(s->engine));
		} else {
			engine_cancel(s->engine);
		}
	}
}

/* One that was ignored when lade began stays so (nohup, a script's background): blocked, it would come
 * all the same. */
static void
add_signal(sigset_t *set, int number)
{
	struct sigaction old;

	if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

void
session_start(struct session *s, const struct options *o, const struct engine_client *e,
	      const struct session_client *client)
{
	struct engine_options eo = {.concurrency = o->concurrency,
				    .connect_timeout_ms = o->connect_timeout_ms,
				    .timeout_ms = o->timeout_ms};
	sigset_t set;

	s->client = *client;
	s->engine = engine_new(s->site, &eo, e);
	sigemptyset(&set);
	add_signal(&set, SIGINT);
	add_signal(&set, SIGTERM);
	add_signal(&set, SIGHUP);
	add_signal(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd >= 0)
		engine_watch(s->engine, s->signal_fd, on_signal, s);
}

void
session_close(struct session *s)
{
	engine_free(s->engine);
	if (s->engine && s->signal_fd >= 0)
		close(s->signal_fd);
	site_free(s->site);
	buf_free(&s->trouble);
}

void
session_words(struct buf *out, const struct attempt *a)
{
	if (a->error) {
		reply_message(out, span_of(a->error));
		return;
	}
	buf_clear(out);
	buf_add_span(out, buf_span(&a->reply->message));
}

void
session_trouble(struct session *s, const struct attempt *a)
{
	session_words(&s->trouble, a);
	if (s->trouble.len == 0)
		buf_printf(&s->trouble, "HTTP %d", a->answer.http_status);
}

const char *
session_trouble_text(const struct session *s)
{
	return s->trouble.len > 0 ? s->trouble.data : "no answer";
}

void
session_tell_outage(struct session *s, const struct outage *o, int64_t now_ms)
{
	struct buf timeout = {0};

	if (o->state == OUTAGE_NONE && s->outage_said) {
		diag_note("%s is back", site_host(s->site));
		s->outage_said = false;
	} else if (o->state == OUTAGE_DOWN && !o->throttled && !s->outage_said &&
		   now_ms - o->since_ms >= OUTAGE_SAID_MS) {
		units_show_ms(&timeout, o->timeout_ms);
		diag_note("%s is down (%s): asking again, for %s at most", site_host(s->site),
			  session_trouble_text(s), timeout.data);
		s->outage_said = true;
		buf_free(&timeout);
	}
}

/* Local time, to the minute, rounded up. */
static void
show_clock(char *out, size_t n, int64_t wall_ms)
{
	time_t at = (time_t)((wall_ms + 59999) / 1000);
	struct tm tm;

	if (!localtime_r(&at, &tm) || strftime(out, n, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, n, "that time");
}

static void
tell_pause(int64_t pause_ms, int64_t wall_ms)
{
	struct buf text = {0};
	char clock[32];

	if (pause_ms < 0) {
		diag_error("the server has refused everything for longer than --max-pause");
		return;
	}
	units_show_ms(&text, pause_ms);
	show_clock(clock, sizeof clock, wall_ms + pause_ms);
	diag_error("the server asks for a pause of %s, longer than --max-pause: come back at %s",
		   text.data, clock);
	buf_free(&text);
}

void
session_tell_stop(struct session *s, enum stop_reason why, int64_t pause_ms, const char *what,
		  const struct attempt *a)
{
	struct buf words = {0};

	if (s->stop_said == why)
		return;
	s->stop_said = why;
	if (why == STOP_KEY || why == STOP_CERTIFICATE)
		session_words(&words, a);
	switch (why) {
	case STOP_KEY:
		diag_error("the server refused the API key (HTTP %d%s%s); nothing more is %s",
			   a->answer.http_status, words.len ? ": " : "",
			   words.len ? words.data : "", what);
		break;
	case STOP_MISDIRECTED:
		diag_error("%s redirects (HTTP %d) to %s: this is not the API, and the key is not "
			   "taken there; check --base-url",
			   site_host(s->site), a->answer.http_status,
			   a->redirect_host ? a->redirect_host : "nowhere");
		break;
	case STOP_CERTIFICATE:
		diag_error("%s: the server's certificate does not verify: %s", site_host(s->site),
			   words.data);
		break;
	case STOP_PAUSE:
		tell_pause(pause_ms, a->done_wall_ms);
		break;
	default:
		break;
	}
	buf_free(&words);
}

int
session_stop_status(const struct session *s, enum stop_reason why)
{
	switch (why) {
	case STOP_NONE:
		return EXIT_DONE;
	case STOP_SIGNAL:
		return 128 + s->signal_number;
	case STOP_WRITE:
		return EXIT_UNWRITABLE;
	case STOP_KEY:
	case STOP_MISDIRECTED:
	case STOP_CERTIFICATE:
		return EXIT_REFUSED;
	default:
		return EXIT_STOPPED;
	}
}
