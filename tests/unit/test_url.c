#include "unit.h"

#include <locale.h>

#include "base/limits.h"
#include "manifest/asset.h"

static struct url_memo memo;

struct check {
	const char *url, *result; /* what is sent, or "!" and how the reason begins */
};

static const struct check checks[] = {
	{"https://a.example/x.jpg", "https://a.example/x.jpg"},
	{"HTTPS://a.example", "https://a.example"},
	{"http://a.example:8080/x?y#z", "http://a.example:8080/x?y#z"},
	{"https://a.example/a/../b/./c", "https://a.example/a/../b/./c"},
	{"https://a.example/%e4%20", "https://a.example/%e4%20"},
	{"https://a.example/ä b<>\"{}|^`", "https://a.example/%C3%A4%20b%3C%3E%22%7B%7D%7C%5E%60"},
	{"https://bücher.example/", "https://xn--bcher-kva.example/"},
	{"https://a.example./x", "https://a.example./x"},
	{"https://ex_ample.com/x", "https://ex_ample.com/x"},
	{"https://8.8.8.8/x", "https://8.8.8.8/x"},
	{"https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"},
	{"", "!url: is empty"},
	{"a.example/x", "!url: is not absolute"},
	{"//a.example/x", "!url: is not absolute"},
	{"ftp://a.example/x", "!url: does not begin with http"},
	{"javascript:alert(1)", "!url: does not begin with http"},
	{"http:/a.example/x", "!url: does not begin with http"},
	{"https://", "!url: no host"},
	{"https:///x", "!url: no host"},
	{"https://:80/x", "!url: no host"},
	{"https://?x", "!url: no host"},
	{"https://u@a.example/", "!url: holds a user name"},
	{"https://u:p@a.example/", "!url: holds a user name"},
	{"https://@a.example/", "!url: holds a user name"},
	{"https://a.example\\@b.example/", "!url: holds a backslash"},
	{"https://a.example/\x01", "!url: holds a control character"},
	{"https://a.example/\n", "!url: holds a line end"},
	{"https://a.example/\x7F", "!url: holds a control character"},
	{"https://a.example/%zz", "!url: a %"},
	{"https://a.example/%4", "!url: a %"},
	{"https://a.example:0/", "!url: the port"},
	{"https://a.example:65536/", "!url: the "},
	{"https://a.example:x/", "!url: the "},
	{"https://a..example/", "!url: the host has an empty label"},
	{"https://.example.com/", "!url: the host has an empty label"},
	{"https://-a.example/", "!url: the host has an empty label"},
	{"https://a b.example/", "!url: the host is not valid"},
	{"https://[::1", "!url: the host is not valid"},
	{"https://a-.example/", "!url: the host has an empty label"},
	{"https://a.example../", "!url: the host has an empty label"},
	{"https://a~b.example/", "!url: the host holds a character"},
	{"https://a+b.example/", "!url: the host"},
	{"https://a%2Fb.example/", "!url: the host"},
	{"https://a%00b.example/", "!url: the host"},
	{"https://1.2.3.4.5/", "!url: the host is neither a name nor"},
	{"https://256.1.1.1/", "!url: the host is neither a name nor"},
	{"https://a.example.0x7f/", "!url: the host is neither a name nor"},
	{"https://a.123/", "!url: the host is neither a name nor"},
	{"https://8.8/x", "https://8.0.0.8/x"},
	{"https://0x08080808/x", "https://8.8.8.8/x"},
	{"https://3com.example/x", "https://3com.example/x"},
	{"http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/", "!url: no outside"}, /* fullwidth 127 */
	{"http://\xEF\xBC\x98.8/", "http://8.0.0.8/"}, /* fullwidth 8 */
	{"https://\xEF\xBC\xBB///", "!url: the host holds a character"}, /* fullwidth [ */
	{"https://[2600::1]/x", "https://[2600::1]/x"},
	{"http://127\xE3\x80\x82" "0\xE3\x80\x82" "0\xE3\x80\x82" "1/", "!url: no outside"}, /* U+3002 */
	{"http://\xE2\x93\x9B" "ocalhost/", "!url: no outside"},
	/* international names that cannot be converted: libcurl calls that out of memory */
	{"https://\xCD\xB8.example/", "!url: the host is not valid"},
	{"https://a\xCC\x88\xE2\x80\x8D-.example/", "!url: the host"},
	{"http://[64:ff9b:1::1]/", "!url: no outside"},
	{"http://[2001:db8::1]/", "!url: no outside"},
	{"http://[2001::1]/", "!url: no outside"},
	{"http://[3fff::1]/", "!url: no outside"},
	{"http://[5f00::1]/", "!url: no outside"},
	{"http://[100::1]/", "!url: no outside"},
	{"http://[ff02::1]/", "!url: no outside"},
	{"http://[fe80::1%25eth0]/", "!url: no outside"},
	{"http://[::7f00:1]/", "!url: no outside"},
	{"http://[::ffff:8.8.8.8]/", "http://[::ffff:8.8.8.8]/"},
	{"http://192.0.2.1/", "!url: no outside"},
	{"http://198.18.0.1/", "!url: no outside"},
	{"http://198.19.255.255/", "!url: no outside"},
	{"http://198.20.0.1/", "http://198.20.0.1/"},
	{"http://172.31.255.255/", "!url: no outside"},
	{"http://100.127.255.255/", "!url: no outside"},
	{"http://100.63.255.255/", "http://100.63.255.255/"},
	{"http://192.0.0.1/", "!url: no outside"},
	{"http://192.0.1.1/", "http://192.0.1.1/"},
	{"http://240.0.0.1/", "!url: no outside"},
	{"http://223.255.255.255/", "http://223.255.255.255/"},
	{"http://[2001:1ff::1]/", "!url: no outside"},
	{"http://[2001:200::1]/", "http://[2001:200::1]/"},
	{"http://[fec0::1]/", "!url: no outside"},
	{"http://198.51.100.1/", "!url: no outside"},
	{"http://203.0.113.1/", "!url: no outside"},
	{"http://172.32.0.1/", "http://172.32.0.1/"},
	{"http://100.128.0.1/", "http://100.128.0.1/"},
	{"http://a.invalid/", "!url: no outside"},
	{"http://localhost/", "!url: no outside"},
	{"http://x.localhost/", "!url: no outside"},
	{"http://LOCALHOST./", "!url: no outside"},
	{"http://intranet/", "!url: no outside"},
	{"http://nas.local/", "!url: no outside"},
	{"http://127.0.0.1/", "!url: no outside"},
	{"http://127.1/", "!url: no outside"},
	{"http://2130706433/", "!url: no outside"},
	{"http://0x7f.1/", "!url: no outside"},
	{"http://0177.0.0.1/", "!url: no outside"},
	{"http://%31%32%37.0.0.1/", "!url: no outside"},
	{"http://10.1.2.3/", "!url: no outside"},
	{"http://172.16.0.1/", "!url: no outside"},
	{"http://192.168.0.1/", "!url: no outside"},
	{"http://169.254.169.254/latest", "!url: no outside"},
	{"http://100.64.0.1/", "!url: no outside"},
	{"http://0.0.0.0/", "!url: no outside"},
	{"http://255.255.255.255/", "!url: no outside"},
	{"http://224.0.0.1/", "!url: no outside"},
	{"http://[::1]/", "!url: no outside"},
	{"http://[::]/", "!url: no outside"},
	{"http://[fe80::1]/", "!url: no outside"},
	{"http://[fd00::1]/", "!url: no outside"},
	{"http://[::ffff:10.0.0.1]/", "!url: no outside"},
	{"http://[64:ff9b::7f00:1]/", "!url: no outside"},
	{"http://[2002:7f00:1::]/", "!url: no outside"},
};

static void
each_url(void **state)
{
	struct buf sent = {0};
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < 2; round++) { /* the memo must not change what is found */
		for (i = 0; i < COUNT_OF(checks); i++) {
			bool is_private;
			const char *wrong =
				url_check(span_of(checks[i].url), false, &memo, &sent, &is_private);
			const char *want = checks[i].result;

			if (want[0] != '!' ? wrong || strcmp(sent.data, want) != 0
					   : !wrong || strncmp(wrong, want + 1, strlen(want + 1)) != 0)
				fail_msg("%s: %s", checks[i].url, wrong ? wrong : sent.data);
			assert_int_equal(is_private, strncmp(want, "!url: no outside", 16) == 0);
		}
	}
	buf_free(&sent);
	url_memo_free(&memo);
	memset(&memo, 0, sizeof memo);
}

static void
allowing_private_hosts_is_remembered_apart(void **state)
{
	struct span url = span_of("http://10.0.0.1/x");
	struct buf sent = {0};
	bool is_private;

	(void)state;
	assert_null(url_check(url, true, &memo, &sent, &is_private));
	assert_non_null(url_check(url, false, &memo, &sent, &is_private));
	assert_null(url_check(url, true, &memo, &sent, &is_private));
	buf_free(&sent);
	url_memo_free(&memo);
	memset(&memo, 0, sizeof memo);
}

static void
the_length_at_its_limit_and_one_past(void **state)
{
	static char url[LIMIT_URL_BYTES + 2];
	struct buf sent = {0};
	bool is_private;

	(void)state;
	memset(url, 'x', sizeof url - 1);
	memcpy(url, "https://a.example/", 18);
	assert_non_null(url_check(span_of(url), false, &memo, &sent, &is_private));
	url[LIMIT_URL_BYTES] = '\0';
	assert_null(url_check(span_of(url), false, &memo, &sent, &is_private));
	buf_free(&sent);
	url_memo_free(&memo);
	memset(&memo, 0, sizeof memo);
}

static void
types(void **state)
{
	(void)state;
	assert_int_equal(asset_type_parse(span_of(" VIDEO ")), ASSET_VIDEO);
	assert_int_equal(asset_type_parse(span_of("Videos")), ASSET_NONE);
	assert_int_equal(asset_type_parse(span_of("")), ASSET_NONE);
	assert_int_equal(asset_type_infer(span_of("https://a/b.JPeG?x=.mp4#.pdf")), ASSET_IMAGE);
	assert_int_equal(asset_type_infer(span_of("https://a/b.tar.wav")), ASSET_AUDIO);
	assert_int_equal(asset_type_infer(span_of("https://a.mp4/b")), ASSET_NONE);
	assert_int_equal(asset_type_infer(span_of("https://a.mp4")), ASSET_NONE);
	assert_int_equal(asset_type_infer(span_of("https://a.mp4?x.jpg")), ASSET_NONE);
	assert_int_equal(asset_type_infer(span_of("https://a/b.")), ASSET_NONE);
	assert_int_equal(asset_type_infer(span_of("https://a/b.ts")), ASSET_NONE);
}

static void
content_types(void **state)
{
	static const struct {
		enum asset_type type;
		const char *content_type;
		bool fits;
	} cases[] = {
		{ASSET_IMAGE, "image/jpeg", true}, {ASSET_IMAGE, "IMAGE/PNG", true},
		{ASSET_IMAGE, "text/html", false}, {ASSET_IMAGE, "", true},
		{ASSET_IMAGE, "application/octet-stream", true}, {ASSET_IMAGE, "video/mp4", false},
		{ASSET_VIDEO, "video/mp4", true}, {ASSET_VIDEO, "application/mp4", true},
		{ASSET_VIDEO, "audio/mp4", false}, {ASSET_AUDIO, "audio/mpeg", true},
		{ASSET_AUDIO, "application/ogg", true}, {ASSET_AUDIO, "image/png", false},
		{ASSET_DOCUMENT, "application/pdf", true}, {ASSET_DOCUMENT, "text/plain", true},
		{ASSET_DOCUMENT, "text/html", false}, {ASSET_DOCUMENT, "application/json", false},
		{ASSET_DOCUMENT, "image/png", false}, {ASSET_NONE, "image/png", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (asset_type_fits(cases[i].type, span_of(cases[i].content_type)) != cases[i].fits)
			fail_msg("%d %s", (int)cases[i].type, cases[i].content_type);
}

static void
oddities(void **state)
{
	static const char *const odd[] = {
		"https://a.example/x.jpg\xC2\xA0", "https://a.example/\xE2\x80\x8Bx.jpg",
		"https://a.example/\xEF\xBB\xBFx.jpg", "https://a.example/x,https://a.example/y",
		"https://a.example/x http://a.example/y"};
	static const char *const good[] = {
		"https://a.example/x.jpg", "https://a.example/f/https://b.example/x.jpg",
		"https://a.example/?u=https://b.example/x", "https://a.example/\xC3\xA4,b", "https://a.example/a,b://c",
		"https://\xE2\x93\x9B.example/"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(odd); i++)
		assert_non_null(url_oddity(span_of(odd[i])));
	for (i = 0; i < COUNT_OF(good); i++)
		assert_null(url_oddity(span_of(good[i])));
}

static void
warnings(void **state)
{
	char name[LIMIT_NAME_CHARS * 2 + 3] = "";
	struct span url = span_of("https://a.example/x.mp4");
	struct buf sent = {0};
	/* a line of a CSV that was read as a URL; and what only looks a little like it */
	static const char *const more[] = {
		"https://a.example/1.jpg,Sunset", "https://a.example/1.JPEG;St. Peter;Image",
		"https://a.example/p.q/1.png|x"};
	static const char *const whole[] = {
		"https://a.example/a,b", "https://a.example/1.jpg?w=1,Sunset", "https://a.example/1.x,y",
		"https://a.example/1.jpg;v=1", "https://a.example/1.jpg;jsessionid=a,b?c", "https://a.jpg.example/a,b", "https://a.example/a.jpg/b,c", "https://a.example/1.jpg"};
	struct asset_finding f;
	unsigned i;

	(void)state;
	f = asset_check(ASSET_IMAGE, span_of("image"), url, span_of("n"), true, false, &memo, &sent);
	assert_int_equal(f.problem, ASSET_GOOD);
	assert_int_equal(f.warning, ASSET_ODD_EXTENSION);
	for (i = 0; i < LIMIT_NAME_CHARS; i++)
		strcat(name, "\xC3\xA9");
	f = asset_check(ASSET_VIDEO, span_of(""), url, span_of(name), true, false, &memo, &sent);
	assert_int_equal(f.warning, ASSET_GOOD);
	strcat(name, "e");
	f = asset_check(ASSET_VIDEO, span_of(""), url, span_of(name), true, false, &memo, &sent);
	assert_int_equal(f.warning, ASSET_LONG_NAME);
	f = asset_check(ASSET_VIDEO, span_of(""), url, span_of(""), true, false, &memo, &sent);
	assert_int_equal(f.warning, ASSET_NO_NAME);
	for (i = 0; i < COUNT_OF(more); i++) {
		f = asset_check(ASSET_IMAGE, span_of(""), span_of(more[i]), span_of("n"), true, false,
				&memo, &sent);
		assert_int_equal(f.problem, ASSET_GOOD);
		if (f.warning != ASSET_ODD_URL)
			fail_msg("%s: no warning", more[i]);
	}
	for (i = 0; i < COUNT_OF(whole); i++) {
		f = asset_check(ASSET_IMAGE, span_of(""), span_of(whole[i]), span_of("n"), true, false,
				&memo, &sent);
		if (f.warning != ASSET_GOOD)
			fail_msg("%s: %s", whole[i], f.warning_text);
	}
	f = asset_check(ASSET_NONE, span_of("Pic"), url, span_of(""), true, false, &memo, &sent);
	assert_int_equal(f.problem, ASSET_BAD_TYPE);
	f = asset_check(ASSET_NONE, span_of(""), url, span_of(""), true, false, &memo, &sent);
	assert_int_equal(f.problem, ASSET_NO_TYPE);
	buf_free(&sent);
	url_memo_free(&memo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_url),
		cmocka_unit_test(allowing_private_hosts_is_remembered_apart),
		cmocka_unit_test(the_length_at_its_limit_and_one_past),
		cmocka_unit_test(types),
		cmocka_unit_test(content_types),
		cmocka_unit_test(oddities),
		cmocka_unit_test(warnings),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
