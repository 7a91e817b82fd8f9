/*
 * libcurl alone: one POST again and again over kept connections, with the options that make libcurl
 * fastest, nothing read, parsed, paced or written down. What lade could reach at most.
 * usage: libcurl URL REQUESTS CONCURRENCY
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define MAX_CONCURRENCY 1024
#define EVENTS 64

static const char body[] =
	"{\"assetType\":\"Image\",\"url\":\"https://cdn.example.com/media/0000001.jpg\","
	"\"name\":\"Asset number 1\"}";
static int epoll;
static long timer_ms = -1; /* libcurl's, from when it was told on; -1: none */
static long to_start, to_end;

static void
must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "libcurl: %s\n", what);
	exit(1);
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

/* Sockets stay registered for reading between transfers; the kernel forgets them when closed. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *registered)
{
	struct epoll_event ev = {.events = EPOLLIN | (what & CURL_POLL_OUT ? EPOLLOUT : 0u),
				 .data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE)
		return 0;
	if (!registered || what & CURL_POLL_OUT) {
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
			epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &ev);
	}
	curl_multi_assign(ctx, fd, ctx);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	(void)multi;
	(void)ctx;
	timer_ms = ms;
	return 0;
}

static CURL *
new_easy(CURLU *url, struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();

	must(easy != NULL, "no memory");
	curl_easy_setopt(easy, CURLOPT_CURLU, url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)sizeof body - 1);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	return easy;
}

/* Starts the next requests on what has ended. */
static void
drain(CURLM *multi)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		CURL *easy = msg->easy_handle;

		must(msg->data.result == CURLE_OK, "a request failed");
		to_end--;
		curl_multi_remove_handle(multi, easy);
		if (to_start > 0) {
			to_start--;
			curl_multi_add_handle(multi, easy);
		} else {
			curl_easy_cleanup(easy);
		}
	}
}

static void
run(CURLM *multi)
{
	struct epoll_event events[EVENTS];
	int i, n, running;

	while (to_end > 0) {
		while (timer_ms == 0) {
			timer_ms = -1;
			curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		n = epoll_wait(epoll, events, EVENTS, timer_ms < 0 ? 1000 : (int)timer_ms);
		if (n == 0)
			curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
		for (i = 0; i < n; i++)
			curl_multi_socket_action(
				multi, events[i].data.fd,
				(events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
					(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0),
				&running);
		drain(multi);
	}
}

int
main(int argc, char **argv)
{
	struct curl_slist *headers = NULL;
	long i, concurrency;
	CURLU *url;
	CURLM *multi;

	must(argc == 4, "usage: libcurl URL REQUESTS CONCURRENCY");
	to_start = to_end = atol(argv[2]);
	concurrency = atol(argv[3]);
	must(concurrency >= 1 && concurrency <= MAX_CONCURRENCY && to_end >= concurrency,
	     "bad numbers");
	curl_global_init(CURL_GLOBAL_ALL);
	url = curl_url();
	must(curl_url_set(url, CURLUPART_URL, argv[1], 0) == CURLUE_OK, "bad URL");
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Accept:");
	headers = curl_slist_append(headers, "Authorization: Bearer bench-key");
	multi = curl_multi_init();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	must(epoll >= 0 && multi, "cannot begin");
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
	for (i = 0; i < concurrency; i++, to_start--)
		curl_multi_add_handle(multi, new_easy(url, headers));
	run(multi);
	curl_multi_cleanup(multi);
	curl_url_cleanup(url);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	return 0;
}
