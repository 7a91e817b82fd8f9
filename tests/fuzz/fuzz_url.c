/* URLs and types: what is accepted is ASCII, a URL to libcurl too, checks to itself, and never
 * leads to a private address unless that is allowed. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "base/limits.h"
#include "fuzz.h"
#include "manifest/asset.h"
#include "manifest/url.h"

static void
check_host(const char *host)
{
	char inner[INET6_ADDRSTRLEN + 1] = "";
	unsigned char v6[16];
	struct in_addr v4;
	size_t n = strlen(host);

	if (inet_aton(host, &v4))
		MUST(!address_v4_is_private(ntohl(v4.s_addr)));
	if (host[0] == '[' && n - 2 < sizeof inner) {
		memcpy(inner, host + 1, n - 2);
		MUST(inet_pton(AF_INET6, inner, v6) == 1 && !address_v6_is_private(v6));
	}
	MUST(strcasecmp(host, "localhost") != 0);
}

static void
check_sent(const struct buf *sent, bool allow_private)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	size_t i;

	for (i = 0; i < sent->len; i++)
		MUST(sent->data[i] > 0x20 && sent->data[i] < 0x7F);
	MUST(sent->len <= LIMIT_URL_BYTES);
	MUST(curl_url_set(u, CURLUPART_URL, sent->data, CURLU_DISALLOW_USER) == CURLUE_OK);
	MUST(curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
	MUST(strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	MUST(curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
	MUST(curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host);
	if (!allow_private)
		check_host(host);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
}

void
fuzz_url(const uint8_t *data, size_t size)
{
	struct url_memo memo = {0};
	struct buf sent = {0}, again = {0};
	bool allow_private, is_private;
	const char *wrong;
	struct span url;

	if (size < 1)
		return;
	allow_private = data[0] & 1;
	url = (struct span){(const char *)data + 1, size - 1};
	wrong = url_check(url, allow_private, &memo, &sent, &is_private);
	MUST(!is_private || (wrong && !allow_private));
	MUST(url_check(url, allow_private, &memo, &again, &is_private) == wrong); /* by the memo */
	if (!wrong) {
		check_sent(&sent, allow_private);
		MUST(!url_check(buf_span(&sent), allow_private, &memo, &again, &is_private));
		MUST(span_equal(buf_span(&sent), buf_span(&again)));
		url_oddity(url);
	}
	url_memo_free(&memo);
	buf_free(&sent);
	buf_free(&again);
}

void
fuzz_type(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	enum asset_type word = asset_type_parse(text), told = asset_type_infer(text);
	struct span extension = url_extension(text);

	MUST(word >= ASSET_NONE && word <= ASSET_DOCUMENT && told <= ASSET_DOCUMENT);
	MUST(word == ASSET_NONE || span_trim(text).n == strlen(asset_type_name(word)));
	MUST(extension.n <= size && (told == ASSET_NONE || extension.n > 0));
	MUST(extension.n == 0 || (extension.p > text.p && extension.p[-1] == '.' &&
				  !memchr(extension.p, '/', extension.n)));
}
