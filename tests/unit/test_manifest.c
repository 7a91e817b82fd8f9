#include "unit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "../feed.h"
#include "base/buf.h"
#include "base/limits.h"
#include "manifest/csv.h"
#include "manifest/json.h"
#include "manifest/manifest.h"

static char path[64];

/* Writes a manifest into a file whose name ends in suffix. */
static void
put(const char *suffix, const void *bytes, size_t n)
{
	FILE *out;

	snprintf(path, sizeof path, "/tmp/lade-unit-%ld%s", (long)getpid(), suffix);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

static void
put_text(const char *suffix, const char *text)
{
	put(suffix, text, strlen(text));
}

/* Reads a manifest and writes down what it gave: "line:type:url:name;" a row, "line!reason;" a bad
 * one, "line-" an empty one, and at the end "." or "fault at line:column text". */
static char *
read_all(const struct manifest_options *o)
{
	struct buf out = {0};
	struct fault f = {0};
	struct manifest *m = manifest_open(path, o, &f);
	enum manifest_status status = MANIFEST_BROKEN;
	struct manifest_row row;

	while (m && ((status = manifest_next(m, &row, &f)) == MANIFEST_ROW ||
		     status == MANIFEST_EMPTY)) {
		buf_add_int(&out, row.line);
		if (status == MANIFEST_EMPTY) {
			buf_add_str(&out, "-");
		} else if (row.bad) {
			buf_printf(&out, "!%s;", row.bad);
		} else {
			buf_printf(&out, ":%s:", asset_type_name(row.type));
			buf_add_span(&out, row.url);
			buf_add_char(&out, ':');
			buf_add_span(&out, row.name);
			buf_add_char(&out, ';');
		}
	}
	if (status == MANIFEST_END)
		buf_add_char(&out, '.');
	else
		buf_printf(&out, "fault at %lld:%lld %s", (long long)f.line, (long long)f.column,
			   f.text);
	manifest_free(m);
	unlink(path);
	return out.data;
}

struct reading {
	const char *suffix, *text, *expected; /* expected: the whole, or how a fault begins */
};

static const struct reading readings[] = {
	/* CSV */
	{".csv", "url,name\nhttp://a/1.jpg,x\n", "2:Image:http://a/1.jpg:x;."},
	{".csv", "url\nhttp://a/1.jpg", "2:Image:http://a/1.jpg:;."},
	{".csv", "\xEF\xBB\xBFurl;Asset Type\r\nu;audio\r\n", "2:Audio:u:;."},
	{".csv", "\xEF\xBB\xBF\"url\",n\nu,\n", "2::u:;."},
	{".csv", "name\turl\rA\tu\r\rB\tv\r", "2::u:A;4::v:B;."},
	{".csv", "url,name\n\"u\",\"a\nb\"\"c\"\nv,d\n", "2::u:a\nb\"c;4::v:d;."},
	{".csv", "url,name\n u ,x \n", "2::u:x ;."},
	{".csv", "url,name\nu\nv,w,x\ny,z\n",
	 "2!has 1 field, the header has 2;3!has 3 fields, the header has 2;4::y:z;."},
	{".csv", "url\nhttp://a/\xE9.jpg\nv\n", "2!is not UTF-8 (perhaps Latin-1"},
	{".csv", "url\n\xE0\x80\xAF\n", "2!is not UTF-8: an overlong form"},
	{".csv", "url\n\xED\xA0\x80\n", "2!is not UTF-8: half a character"},
	{".csv", "url\n\xF4\x90\x80\x80\n", "2!is not UTF-8: a character beyond U+10FFFF"},
	{".csv", "url\n\xF5\x80\x80\x80\n", "2!is not UTF-8: a character beyond U+10FFFF"},
	{".csv", "url,name\nu,a\nv,b\"c\n", "2::u:a;fault at 3:4 a quotation mark inside"},
	{".csv", "url,name\nu,a\n\"v\"x,b\n", "2::u:a;fault at 3:4 text behind a closing"},
	{".csv", "url,name\nu,a\nv,\"b\nc\n", "2::u:a;fault at 3:3 the quotation mark that opens here is never closed"},
	{".csv", "link,name\nu,a\n", "fault at 1:0 no column url; did you mean link?"},
	{".csv", "url,URL\nu,a\n", "2::u:;."},
	{".csv", "URL,Url\nu,a\n", "fault at 1:0 two columns could be url"},
	{".csv", "url,lade_attempts\nu,1\n", "fault at 1:0 a column's name begins with lade_"},
	{".csv", "", "fault at 0:0 is empty"},
	{".csv", " \n\n", "fault at 0:0 is empty"},
	{".csv", "url\n", "."},
	{".csv", "\xFF\xFEu\0r\0", "fault at 1:1 is UTF-16, not UTF-8: iconv -f UTF-16 -t UTF-8"},
	{".csv", "u\0r\0l\0", "fault at 1:1 is UTF-16LE"},
	{".json", "\0[\0]", "fault at 1:1 is UTF-16BE"},
	{".csv", "\xFF\xFE\0\0", "fault at 1:1 is UTF-32"},
	{".csv", "u\0\0\0", "fault at 1:1 is no text"},
	{".csv", "PK\x03\x04xl", "fault at 1:1 is a ZIP archive, perhaps a spreadsheet"},
	{".csv", "\xD0\xCF\x11\xE0..", "fault at 1:1 is an Excel 97 file"},
	{".csv", "\xFD" "7zXZ", "fault at 1:1 is compressed with xz: xzcat"},
	{".csv", "<html>", "fault at 1:1 is HTML"},
	{".csv", "sep=;\nurl;n\n", "fault at 1:1 this line is a hint for Excel, no header: sed 1d FILE > NEW"},
	{".csv", "url|name\nu|v\n", "fault at 1:0 no column url in a header of one column; if '|' parts"},
	{".tsv", "url,name\nu,v\n", "fault at 1:0 no column url in a header of one column; if ',' parts"},
	{".csv", "a;url,b\n", "fault at 1:0 two characters could part"},
	{".csv", "url,url\nu,v\n", "fault at 1:0 two columns have the very name of url"},
	{".txt", "url,name\nhttps://a/1.jpg,x\n", "fault at 1:1 is named like a list"},
	{".txt", "a.example/1.jpg\n\xE9\n", "1:Image:a.example/1.jpg:;2!is not UTF-8 (perhaps Latin-1: iconv"},
	{".csv", "caf\xE9,url\n", "fault at 1:4 the header is not UTF-8"},
	{".tsv", "url\tname\nu,v\t\"a\tb\"\n", "2::u,v:a\tb;."},
	{".csv", "url,lade_url,lade_status\nplain,,failed\nplain,own,failed\n", "2:::;3::own:;."},
	/* lists */
	{".txt", "# c\nhttp://a/1.jpg\n\n  http://a/2.mp3 \n", "2:Image:http://a/1.jpg:;4:Audio:http://a/2.mp3:;."},
	{"", "https://a/1.pdf\nhttps://a/2.pdf", "1:Document:https://a/1.pdf:;2:Document:https://a/2.pdf:;."},
	/* JSON */
	{".json", "[]", "."},
	{".json", "[{\"url\":\"u\",\"name\":\"\\u00e9\"}, \"v\" , {\"URL\":\"w\",\"name\":12}]",
	 "1::u:\xC3\xA9;1::v:;1::w:12;."},
	{".json", "[\n{\"url\":\n\"u\"},\n{\"url\":\"v\"}\n]\n", "2::u:;4::v:;."},
	{".json", "{\"a\":[1],\"b\":{\"c\":[{}]},\"items\":[{\"url\":\"u\"}],\"z\":1}", "1::u:;."},
	{".json", "{\"a\":[{\"url\":\"u\"}],\n\"b\":[{\"url\":\"v\"}]}",
	 "1::u:;fault at 2:5 a second array of objects, \"b\""},
	{".json", "{\"a\":1}", "fault at 1:8 no array of objects"},
	{".json", "[1,{\"url\":5},{\"url\":null},[]]",
	 "1!is neither an object nor a URL;1!url: is no string;1:::;1!is neither an object nor a URL;."},
	{".json", "[{\"url\":\"u\",\"url\":\"v\"}]", "1!names the member that is needed twice;."},
	{".json", "[{\"url\":\"u\",\"a\":1,\"a\":2}]", "1!has two members of one name;."},
	{".json", "[{\"url\":\"\\ud800\"}]", "1!holds half a character"},
	{".json", "[{\"url\":\"\\ud83d\\u0041\"}]", "1!holds half a character"},
	{".json", "[{\"url\":\"\\ud83d\\ude00\"}]", "1::\xF0\x9F\x98\x80:;."},
	{".json", "[{\"url\":\"u\\u0000\"}]", "1!holds a NUL"},
	{".json", "[{\"url\":\"\xC0\xAF\"}]", "1!is not UTF-8: an overlong form"},
	{".json", "[\"u\",]", "1::u:;fault at 1:6 a comma before the end of the array"},
	{".json", "[\"u\",,]", "1::u:;fault at 1:6 an element is missing"},
	{".json", "[,\"u\"]", "fault at 1:2 a comma before the first"},
	{".json", "[\"u\" \"v\"]", "1::u:;fault at 1:6 a comma or the array's end"},
	{".json", "[\"u\"", "1::u:;fault at 1:5 the file ends before"},
	{".json", "[\"u", "fault at 1:2 the file ends inside"},
	{".json", "[\"u\"] x", "1::u:;fault at 1:7 text behind the end"},
	{".json", "[\"u\"]]", "1::u:;fault at 1:6 text behind the end"},
	{".json", "[{\"url\":\"u\"},\n {\"url\" \"v\"}]", "1::u:;fault at 2:9 a colon is missing"},
	{".json", "[{\"url\":\"u\",\f\"a\":1}]", "fault at 1:13 a name in quotation marks is missing"},
	{".json", "[{\"url\":\"u\"}\f]", "1::u:;fault at 1:13"},
	{".json", "[tru]", "fault at 1:5 the JSON ends too early"},
	{".json", "[nul,1]", "fault at 1:5 the JSON ends"},
	{".json", "[truth]", "fault at 1:2 no JSON value begins like this"},
	{".json", "[01]", "fault at 1:3 a number that begins with 0"},
	{".json", "[\"a\\x\"]", "fault at 1:4 a backslash that is no escape"},
	{".json", "[{\"url\":\"u\",}]", "fault at 1:13 a comma before the end of an object"},
	{".json", "[{\"url\":\"u\",\"a\":[1,]}]", "fault at 1:20 a comma before the end of an array"},
	{".json", "[{'url':'u'}]", "fault at 1:3 single quotes"},
	{".json", "[{\"url\":\"u\",\"a\":NaN}]", "fault at 1:17 NaN or Infinity"},
	{".json", "[{\"url\":\"u\",\"a\":None}]", "fault at 1:17 None: JSON writes null"},
	{".json", "[{\"url\":\"u\",\"a\":True}]", "fault at 1:17 true, false and null are written small"},
	{".json", "[{\"url\":\"u\" // c\n}]", "fault at 1:13 a comma or the object's end"},
	{".json", "[\n {\"url\":\"u\"},\n {\"url\":\"a\"b\"}\n]", "2::u:;fault at 3:12 a comma or the object's end"},
	{".json", "[{\"url\":\"u\",\"a\":\"\n\"}]", "fault at 1:18 a line end inside a string"},
	{".json", "[{\"url\":\"u\",\"a\":\"\x01\"}]", "fault at 1:18 a control character"},
	{".json", "{\"a\" 1,\"b\":[{}]}", "fault at 1:6 a colon is missing"},
	{".json", "{\"a\":,\"b\":[{}]}", "fault at 1:6"},
	{".json", "{\"a\":[{\"url\":\"u\"}]", "1::u:;fault at 1:19 the file ends before"},
	/* JSON Lines */
	/* what is known of the element before: other orders, names, numbers of names, and twins */
	{".ndjson",
	 "{\"a\":1,\"url\":\"u\",\"name\":\"x\"}\n{\"a\":2,\"url\":\"v\",\"name\":\"y\"}\n"
	 "{\"url\":\"w\",\"a\":3}\n{\"url\":\"w\",\"URL\":\"z\"}\n{\"URL\":\"z\"}\n{\"name\":\"y\",\"url\":\"z\",\"a\":1}\n",
	 "1::u:x;2::v:y;3::w:;4::w:;5::z:;6::z:y;."},
	{".ndjson",
	 "{\"url\":\"u\",\"a\":1,\"b\":2}\n{\"url\":\"u\",\"a\":1,\"a\":2}\n{\"url\":\"u\",\"a\":1,\"a\":2}\n"
	 "{\"url\":\"v\",\"a\":1,\"b\":2}\n{\"url\":\"v\",\"a\":1,\"b\":2,\"a\":3}\n{\"url\":\"v\",\"a\":1,\"b\":2}\n",
	 "1::u:;2!has two members of one name;3!has two members of one name;4::v:;"
	 "5!has two members of one name;6::v:;."},
	{".ndjson", "{\"url\":\"u\"}\r\n\n{\"url\":}\n\"v\"\n{} x\n{} \"x\n[1]\n",
	 "1::u:;3!a value is missing here;4::v:;5!has text behind its value;"
	 "6!has text behind its value;7!is neither an object nor a URL;."},
	{".json", "{\"url\":\"u\"}\n{\"url\":\"v\"}\n", "1::u:;2::v:;."},
	{".json", "{\"a\":1}\n{\"url\":\"v\"}\n", "1!no member url;2::v:;."},
	{".json", "[{\"imageUrl\":\"u\"}]", "1!no member url; did you mean imageUrl? --map url=\"imageUrl\";."},
	{".json", "[{\"URL\":\"v\",\"url\":\"u\"},{\"url\":\"u\",\"Url\":\"v\"}]", "1::u:;1::u:;."},
	{".json", "[{\"Url\":\"v\",\"URL\":\"u\"}]", "1!names the member that is needed twice;."},
	{".json", "{\"items\":[]}", "."},
	{".json", "{\"a\":[],\"b\":[]}", "fault at 1:16 several empty arrays"},
	{".json", "{\"tags\":[\"a\"],\"b\":[{\"url\":\"u\"}]}", "1::u:;."},
	{".json", "{\"b\":[\"https://a/1.jpg\"]}", "1:Image:https://a/1.jpg:;."},
	{".json", "{\n\"url\":\"u\"}\n{\n\"url\":\"u\"}\n", "fault at 3:1 a second object"},
	{".jsonl", "{\"lade_url\":null,\"url\":\"page\",\"lade_status\":\"invalid\"}\n", "1:::;."},
	{".jsonl", "{\"lade_code\":\"1\",\"lade_url\":\"x\",\"url\":\"u\"}\n", "fault at 1:1 a member's name begins"},
	{"", "[{\"url\":\"u\"}]", "1::u:;."},
	/* one object on a line of its own: a row, or what holds the rows */
	{".json", "{\"a\":{\"b\":1},\"lade_url\":\"u\",\"lade_status\":\"failed\"}\n", "1::u:;."},
	{".json", "{\"a\":[{}],\"url\":\"u\",\"lade_status\":\"failed\"}\n", "1::u:;."},
	{".ndjson", "{\"id\":1,\"tags\":[]}\n", "1!no member url;."},
	{".ndjson", "{\"id\":1,\"tags\":[\"a\"]}", "1!no member url;."},
	{".ndjson", "{\"id\":1,\"b\":[{\"url\":\"u\"}]}", "1::u:;."},
	{".json", "{\"id\":1,\"tags\":[\"a\"]}", "fault at 1:22 no array of objects"},
	{".json", "{\"a\":[{\"url\":\"u\",\"t\":\"\\ud83d\"},{\"url\":\"v\"}]}", "1!holds half a character as an escape (a lone surrogate);1::v:;."},
	{".json", "{\"a\":[{\"url\":\"u\",\"t\":\"\xE9\"},{\"url\":\"v\"}]}\n", "1!is not UTF-8 (perhaps"},
	{".json", "{\"url\":\"u\",\"t\":\"\\ud83d\"}\n", "1!holds half a character as an escape (a lone surrogate);."},
	{".json", "{\"t\":\"\\ud83d\",\n\"a\":[{\"url\":\"u\"}]}\n", "fault at 1:7 holds half a character"},
	{".json", "{\"t\":\"\xE9\"}\n{\"url\":\"u\"}\n", "1!is not UTF-8 (perhaps Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW);2::u:;."},
	{".json", "{\"url\":\"page\",\"a\":[{\"url\":\"u\"},{\"url\":\"v\"}]}",
	 "fault at 1:1 is one object with a url of its own and an array"},
	{"", "\n\n {\"url\":\"page\",\"a\":[\"https://a/1.jpg\"]}\n", "fault at 3:2 is one object with a url"},
	{".json", "{\"url\":\"page\",\n\"a\":[{\"url\":\"u\"}]}", "2::u:;."},
	{".jsonl", "{\"url\":\"u\",\"a\":[{\"url\":\"v\"}]}", "1::u:;."},
	{".json", "{\"url\":\"u\",\"a\":[{\"url\":\"v\"}]}\n{\"url\":\"w\"}", "1::u:;2::w:;."},
	{".json", "{\"url\":\"u\",\"a\":[{\"url\":\"\\ud83d\"}]}", "fault at 1:1 is one object with a url"},
	{".json", "{\"url\":\"u\",\"a\":[1,{\"b\":\"https://\"}],\"c\":[\"http\",\"https://a/\"]}", "1::u:;."},
	/* an array that another follows by few bytes */
	{".json", "{\"items\":[{\"url\":\"u\"}],\"tags\":[\"x\"]}", "1::u:;."},
	{".json", "{\"items\":[{\"url\":\"u\"}],\"tags\":[\"https:\"]}", "1::u:;."},
	{".json", "{\"items\":[{\"url\":\"u\"}],\"tags\":[\"http", "1::u:;fault at 1:31 the file ends inside an array"},
	{".json", "{\"items\":[{\"url\":\"u\"}],}", "1::u:;fault at 1:24 a comma before the end of the object"},
	{".json", "{,\"items\":[{\"url\":\"u\"}]}", "fault at 1:2 a member's name is missing here"},
	/* members of lade's that are not those of a results file */
	{".json", "[{\"url\":\"u\",\"lade_assetId\":\"old\"}]", "fault at 1:2 a member's name begins with lade_"},
	{".json", "[{\"url\":\"u\"},\n{\"url\":\"v\",\"lade_x\":1}]", "1::u:;fault at 2:1 a member's name begins with lade_"},
	{".json", "[{\"url\":\"u\",\"a\":{\"lade_x\":1},\"lade\":1}]", "1::u:;."},
	{".ndjson", "\"u\"\n{\"url\":\"v\",\"lade_status\":\"uploaded\"}\n", "1::u:;fault at 2:1 a member's name begins with lade_"},
	{".ndjson", "{\"url\":\"u\";\"lade_status\":\"uploaded\"}\n{\"url\":\"v\",\"lade_status\":\"uploaded\"}\n",
	 "1!a comma or the object's end is missing here;2::v:;."},
	/* nothing at all, where the name says what it is nothing of */
	{".ndjson", "", "."},
	{".jsonl", "\n\n", "."},
	{".txt", "", "."},
	{".list", "\xEF\xBB\xBF", "."},
	{".json", "", "fault at 0:0 is empty"},
	{"", "", "fault at 0:0 is empty"},
	/* faults of a first line that is not the first */
	{".csv", "\n\r\n\na;url,b\n", "fault at 4:0 two characters could part"},
	{".csv", "\n\nsep=;\nurl;n\n", "fault at 3:1 this line is a hint for Excel, no header: sed 3d FILE > NEW"},
	{".csv", "\"sep=;\"\nurl;n\n", "fault at 1:1 this line is a hint for Excel, no header: sed 1d"},
	{".txt", "\nurl,name\nhttps://a/1.jpg,x\n", "fault at 2:1 is named like a list"},
	{".csv", "<HTML lang=en>", "fault at 1:1 is HTML"},
	{".csv", "<!doctype html>", "fault at 1:1 is HTML"},
};

static void
each_reading(void **state)
{
	static const struct manifest_options plain = {.limit_bytes = -1};
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < COUNT_OF(readings); i++) {
		const struct reading *r = &readings[i];
		size_t n = strlen(r->text);
		char *got;

		if (strncmp(r->expected, "fault at 1:1 is", 15) == 0)
			n = n < 4 ? 4 : n; /* it holds NULs */
		put(r->suffix, r->text, n);
		got = read_all(&plain);
		if (strncmp(got, r->expected, strlen(r->expected)) != 0 ||
		    (r->expected[strlen(r->expected) - 1] == '.' && strcmp(got, r->expected) != 0)) {
			print_error("number %zu, %s: got %s, expected %s\n", i, r->text, got, r->expected);
			wrong++;
		}
		free(got);
	}
	assert_int_equal(wrong, 0);
}

static void
options_lead_to_other_columns(void **state)
{
	struct manifest_options o = {.limit_bytes = -1, .map_url = "m.0.src", .map_name = "t.x",
				     .type = ASSET_VIDEO, .skip_empty = true, .split_urls = "|"};
	char *got;

	(void)state;
	put_text(".json", "[{\"m\":[{\"src\":\"a| b ||\"}],\"t.x\":\"n\"},{\"url\":\"u\"},{\"m\":[{\"src\":null}]}]");
	got = read_all(&o);
	assert_string_equal(got, "1:Video:a:n;1:Video:b:n;1-1-.");
	free(got);
	put_text(".json", "[{\"m\":[{\"src\":\" |\\r\\n| \"}]}]"); /* nothing but separators is empty */
	got = read_all(&o);
	assert_string_equal(got, "1-.");
	free(got);
	o = (struct manifest_options){.limit_bytes = -1, .split_urls = "\n"};
	put_text(".csv", "url\n\"u\r\nv\r\n\"\n");
	got = read_all(&o);
	assert_string_equal(got, "2::u:;2::v:;.");
	free(got);
	o = (struct manifest_options){.limit_bytes = -1, .map_url = "m.0.src"}; /* its array is the row's */
	put_text(".json", "{\"m\":[{\"src\":\"u\"}],\"t\":\"x\"}");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;.");
	free(got);
	o = (struct manifest_options){.limit_bytes = -1, .json_path = "x.y"};
	put_text(".json", "{\"p\":[{}],\"x\":{\"q\":[{}],\"y\":[{\"url\":\"u\"}],\"z\":[{}]},\"r\":[{}]}");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;.");
	free(got);
	/* a name that is nowhere must not pass for a catalog without pictures */
	o = (struct manifest_options){.limit_bytes = -1, .map_url = "im\x1bge", .skip_empty = true};
	put_text(".json", "[{\"image\":\"u\"},{\"image\":\"u\"}]");
	got = read_all(&o);
	assert_string_equal(got, "1-1-fault at 0:0 no element has a member im\\x1bge (--map url=NAME names another)");
	free(got);
	o = (struct manifest_options){.limit_bytes = -1, .json_path = "x"};
	put_text(".json", "{\"x\":[{\"url\":\"u\"}],\"x\":[]}");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;fault at 1:24 \"x\", which --json-path names, comes a second time");
	free(got);
	put_text(".json", "{\"x\":{}}");
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:6 what --json-path names is no array");
	free(got);
	put_text(".json", "[{\"url\":\"u\"}]");
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:1 is an array: --json-path names a member of an object");
	free(got);
	put_text(".json", "{\"y\":[{}]}");
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:11 no member is where --json-path says");
	free(got);
	/* one line of JSON Lines, whose url is there under a name with a dot, or is not there */
	o = (struct manifest_options){.limit_bytes = -1, .map_url = "media.url"};
	put_text(".jsonl", "{\"media.url\":\"u\"}\n");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;.");
	free(got);
	put_text("", "{\"media.url\":\"u\"}");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;.");
	free(got);
	o.skip_empty = true;
	put_text(".ndjson.gz", "{\"id\":1,\"media\":null}\n{\"media\":{\"url\":\"u\"}}\n");
	got = read_all(&o);
	assert_string_equal(got, "1-2::u:;.");
	free(got);
	put_text(".ndjson", "{\"id\":1,\"media\":{\"url\":null}}\n");
	got = read_all(&o);
	assert_string_equal(got, "1-.");
	free(got);
	/* one object of either kind is what --format says */
	o = (struct manifest_options){.limit_bytes = -1, .format = MANIFEST_NDJSON};
	put_text(".json", "{\"url\":\"page\",\"a\":[{\"url\":\"u\"}]}");
	got = read_all(&o);
	assert_string_equal(got, "1::page:;.");
	free(got);
	o.format = MANIFEST_JSON;
	put_text(".json", "{\"url\":\"page\",\"a\":[{\"url\":\"u\"}]}");
	got = read_all(&o);
	assert_string_equal(got, "1::u:;.");
	free(got);
	put_text("", "");
	got = read_all(&o);
	assert_string_equal(got, "fault at 0:0 is empty: a manifest begins with a header, or is JSON");
	free(got);
	o.format = MANIFEST_LIST;
	put_text("", "\n");
	got = read_all(&o);
	assert_string_equal(got, ".");
	free(got);
	o = (struct manifest_options){.limit_bytes = -1, .map_url = "imge"};
	put_text(".csv", "image,url\nu,v\n");
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:0 no column imge (--map url=...); did you mean image?");
	free(got);
}

/* The same rows whatever the size of what arrives: through a pipe, a byte at a time. */
static void
a_pipe_that_gives_a_byte_at_a_time(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1, .format = MANIFEST_AUTO};
	static const char *const texts[] = {
		"url,name\r\n\"u\",\"a\r\nb\"\r\nv,w\r\n",
		"[ {\"url\":\"u\",\"x\":[\"\\\\\",\"]\\\"\"]} , {\"url\":\"v\"} ]",
		"{\"url\":\"u\"}    \n{\"url\":\"v\"}\n",
	};
	/* what is needed to open it: a header, an element, a line */
	static const size_t heads[] = {16, 35, 17};
	size_t t, i;

	(void)state;
	for (t = 0; t < COUNT_OF(texts); t++) {
		int ends[2], saved = dup(STDIN_FILENO), rows = 0, waits = 0;
		size_t n = strlen(texts[t]), head = heads[t];
		struct manifest_row row;
		struct manifest *m;
		struct fault f;

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], texts[t], head), head);
		assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
		m = manifest_open("-", &o, &f);
		assert_non_null(m);
		for (i = head; i <= n; i++) {
			enum manifest_status status;

			while ((status = manifest_next(m, &row, &f)) == MANIFEST_ROW) {
				assert_null(row.bad);
				assert_true(span_is(row.url, rows ? "v" : "u"));
				rows++;
			}
			assert_int_equal(status, MANIFEST_WAIT);
			waits++;
			if (i < n)
				assert_int_equal(write(ends[1], texts[t] + i, 1), 1);
		}
		close(ends[1]);
		while (manifest_next(m, &row, &f) == MANIFEST_ROW)
			rows++;
		assert_int_equal(rows, 2);
		assert_true(waits > 3);
		manifest_free(m);
		dup2(saved, STDIN_FILENO);
		close(saved);
		close(ends[0]);
	}
}

/* A list whose comment comes first, and its first URL later. */
static void
a_list_is_known_by_its_first_url_however_it_comes(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	static const char text[] = "# c\n\nhttps://a.example/1.jpg\n";
	size_t piece;

	(void)state;
	for (piece = 1; piece < 9; piece++) {
		int saved = feed_begin(text, sizeof text - 1, piece);
		struct fault f;
		struct manifest *m = manifest_open("-", &o, &f);

		assert_non_null(m);
		assert_int_equal(manifest_format(m), MANIFEST_LIST);
		manifest_free(m);
		feed_end(saved);
	}
}

/* Rows larger than any window, and at the caps and one past. */
static void
caps(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	struct buf b = {0};
	size_t i;
	char *got;

	(void)state;
	for (i = 0; i < 2; i++) {
		size_t n = LIMIT_FIELD_BYTES + i;

		buf_clear(&b);
		buf_add_str(&b, "url,x\nu,");
		buf_reserve(&b, n);
		memset(b.data + b.len, 'x', n);
		b.len += n;
		buf_add_str(&b, "\nv,y\n");
		put(".csv", b.data, b.len);
		got = read_all(&o);
		assert_string_equal(got, i == 0 ? "2::u:;3::v:;." : "2!has more than 1 MiB in field 2;3::v:;.");
		free(got);
	}
	for (i = 0; i < 2; i++) {
		size_t n = LIMIT_FIELD_BYTES + i;

		buf_clear(&b);
		buf_add_str(&b, "[{\"url\":\"u\",\"a\":[\"");
		buf_reserve(&b, n);
		memset(b.data + b.len, 'x', n);
		b.len += n;
		buf_add_str(&b, "\"]},\"v\"]");
		put(".json", b.data, b.len);
		got = read_all(&o);
		assert_string_equal(got, i == 0 ? "1::u:;1::v:;."
						: "1!has a string of more than 1 MiB;1::v:;.");
		free(got);
	}
	buf_clear(&b);
	buf_add_str(&b, "url\n\"");
	buf_reserve(&b, LIMIT_ROW_BYTES * 2);
	for (i = 0; i < LIMIT_ROW_BYTES * 2 / 64; i++)
		buf_add_str(&b, "123456789012345678901234567890123456789012345678901234567890123\n");
	put(".csv", b.data, b.len);
	got = read_all(&o);
	assert_true(strncmp(got, "fault at 2:1 more than 4 MiB behind the quotation mark", 54) == 0);
	free(got);
	for (i = 0; i < 2; i++) {
		size_t k, depth = LIMIT_DEPTH - 1 + i; /* inside the element's own object */

		buf_clear(&b);
		buf_add_str(&b, "[{\"url\":\"u\",\"a\":");
		for (k = 0; k < depth; k++)
			buf_add_char(&b, '[');
		for (k = 0; k < depth; k++)
			buf_add_char(&b, ']');
		buf_add_str(&b, "}]");
		put(".json", b.data, b.len);
		got = read_all(&o);
		assert_string_equal(got, i == 0 ? "1::u:;." : "1!is nested deeper than 100 levels;.");
		free(got);
	}
	buf_clear(&b);
	for (i = 0; i < LIMIT_ROW_BYTES * 2; i++)
		buf_add_char(&b, '\n');
	put(".csv", b.data, b.len);
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:1 begins with more than 4 MiB of blanks");
	free(got);
	for (i = 0; i < 2; i++) {
		size_t k;

		buf_clear(&b);
		buf_add_str(&b, "url");
		for (k = 1; k < LIMIT_COLUMNS + i; k++)
			buf_printf(&b, ",%zu", k);
		buf_add_char(&b, '\n');
		put(".csv", b.data, b.len);
		got = read_all(&o);
		assert_string_equal(got, i == 0 ? "." : "fault at 1:0 has more than 16384 columns");
		free(got);
	}
	buf_free(&b);
}

/* A record of n bytes, its line end included, between a good one and another, if it is not too long. */
static void
record_of(struct buf *b, const char *head, const char *foot, size_t n)
{
	size_t pad = n - strlen(head) - strlen(foot);

	buf_add_str(b, head);
	buf_reserve(b, pad);
	memset(b->data + b->len, 'x', pad);
	b->len += pad;
	buf_add_str(b, foot);
}

static void
records_at_their_cap_and_one_past(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	static const struct {
		const char *suffix, *before, *head, *foot, *behind, *at, *past;
		size_t line_end; /* bytes of foot that do not count */
	} cases[] = {
		{".csv", "url,a,b,c,d,e\nu,,,,,\n", "v,,,,,", "\n", "w,,,,,\n",
		 "2::u:;3!has more than 1 MiB in field 6;4::w:;.", "2::u:;fault at 3:0 a line is longer than 4 MiB", 0},
		{".csv", "url,a\nu,\n", "v,\"\n", "\"\n", "w,\n",
		 "2::u:;3!has more than 1 MiB in field 2;5::w:;.", "2::u:;fault at 3:3 more than 4 MiB behind the quotation mark", 0},
		{".txt", "u\n", "v", "\n", "w\n", "1::u:;2::", "1::u:;fault at 2:0 a line is longer than 4 MiB", 0},
		{".ndjson", "\"u\"\n", "{\"url\":\"v\",\"a\":\"", "\"}\n", "\"w\"\n", "1::u:;2!has a string of more than 1 MiB;3::w:;.",
		 "1::u:;fault at 2:0 a line is longer than 4 MiB", 0},
		{".json", "[\"u\",\n", "{\"url\":\"v\",\"a\":\"", "\"}", ",\"w\"]", "1::u:;2!has a string of more than 1 MiB;2::w:;.",
		 "1::u:;fault at 2:1 an element that begins here is longer than 4 MiB", 0},
	};
	struct buf b = {0};
	size_t i, k;
	char *got;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		for (k = 0; k < 2; k++) {
			const char *want = k == 0 ? cases[i].at : cases[i].past;

			buf_clear(&b);
			buf_add_str(&b, cases[i].before);
			record_of(&b, cases[i].head, cases[i].foot, LIMIT_ROW_BYTES + k);
			buf_add_str(&b, cases[i].behind);
			put(cases[i].suffix, b.data, b.len);
			got = read_all(&o);
			if (strncmp(got, want, strlen(want)) != 0)
				fail_msg("%s %zu: %.200s", cases[i].suffix, k, got);
			free(got);
		}
	}
	buf_free(&b);
}

/* Adds text until b has n bytes more. */
static void
fill(struct buf *b, const char *text, size_t n)
{
	for (n += b->len; b->len < n;)
		buf_add_str(b, text);
}

/* Members of any length are passed over, value by value, and are JSON or the reading ends. */
static void
long_members_are_passed_over(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1},
						 path_given = {.limit_bytes = -1, .json_path = "x.assets"};
	struct buf b = {0};
	size_t i;
	char *got;

	(void)state;
	buf_add_str(&b, "{\"tags\":[[],{},\n[1");
	fill(&b, ",23", LIMIT_ROW_BYTES + 1);
	buf_add_str(&b, "],4 ], \"o\" : { \"p\" : {\"q\":null");
	fill(&b, ",\"q\":\"]}\"", LIMIT_ROW_BYTES + 1);
	buf_add_str(&b, "} },\n\"items\":[{\"url\":\"u\"}]}");
	put(".json", b.data, b.len);
	got = read_all(&o);
	assert_string_equal(got, "3::u:;.");
	free(got);
	buf_clear(&b);
	buf_add_str(&b, "{\"products\":[{\"url\":\"p\"}");
	fill(&b, ",{\"url\":\"p\"}", LIMIT_ROW_BYTES + 1);
	buf_add_str(&b, "],\n\"x\":{\"y\":[],\"assets\":[{\"url\":\"u\"}]}}");
	put(".json", b.data, b.len);
	got = read_all(&path_given);
	assert_string_equal(got, "2::u:;.");
	free(got);
	memcpy(b.data + b.len / 2, "\n {\"a\"}", 8);
	put(".json", b.data, b.len);
	got = read_all(&path_given);
	assert_non_null(strstr(got, "fault at 2:"));
	free(got);
	for (i = 0; i < 2; i++) {
		buf_clear(&b);
		buf_add_str(&b, "{\"a\":");
		fill(&b, "[", LIMIT_DEPTH + i);
		buf_add_str(&b, "1");
		fill(&b, ",2", LIMIT_ROW_BYTES + 1);
		fill(&b, "]", LIMIT_DEPTH + i);
		buf_add_str(&b, ",\"b\":[\"https://a/1.jpg\"]}");
		put(".json", b.data, b.len);
		got = read_all(&o);
		assert_string_equal(got, i == 0 ? "1:Image:https://a/1.jpg:;."
						: "fault at 1:106 is nested deeper than 100 levels");
		free(got);
	}
	/* one value that is too long stays too much */
	buf_clear(&b);
	buf_add_str(&b, "{\"a\":[\"");
	fill(&b, "xxxxxxxx", LIMIT_ROW_BYTES + 1);
	buf_add_str(&b, "\"],\"b\":[\"https://a/1.jpg\"]}");
	put(".json", b.data, b.len);
	got = read_all(&o);
	assert_string_equal(got, "fault at 1:7 an element that begins here is longer than 4 MiB");
	free(got);
	buf_free(&b);
}

/* Where a bad row is bad: the line and the byte, inside a record of several lines too. */
static void
places_of_what_is_bad(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	static const struct {
		const char *suffix, *text;
		int64_t line, bad_line, bad_column;
	} cases[] = {
		{".csv", "url,n\nu,\"a\nb\xFF\"\n", 2, 3, 2},
		{".csv", "url,n\nu\n", 2, 0, 0},
		{".txt", "https://a/\n  https://\xE9\n", 2, 2, 11},
		{".json", "[\n  {\"url\":\"u\",\n \"a\":1, \"a\":2}]", 2, 3, 11},
		{".json", "[ {\"url\":\"\\udc00\"}]", 1, 1, 11},
		{".json", "[{\"url\":\"u\",\"a\":\n\"\xC0\xAF\"}]", 1, 2, 2},
		{".ndjson", "\n{\"url\":\"u\",\"a\":tru}\n", 2, 2, 16},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		enum manifest_status status;
		struct manifest_row row;
		struct manifest *m;
		struct fault f;

		put(cases[i].suffix, cases[i].text, strlen(cases[i].text));
		m = manifest_open(path, &o, &f);
		assert_non_null(m);
		while ((status = manifest_next(m, &row, &f)) == MANIFEST_ROW && !row.bad)
			continue;
		assert_int_equal(status, MANIFEST_ROW);
		if (row.line != cases[i].line || row.bad_line != cases[i].bad_line ||
		    row.bad_column != cases[i].bad_column)
			fail_msg("number %zu: %lld, %lld:%lld: %s", i, (long long)row.line,
				 (long long)row.bad_line, (long long)row.bad_column, row.bad);
		manifest_free(m);
		unlink(path);
	}
}

static void
gzip(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	static const char text[] = "url\nu\n";
	static char zeros[1 << 16];
	unsigned char packed[256];
	z_stream z = {0};
	char *got;
	size_t n, i;
	gzFile out;

	(void)state;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = sizeof text - 1;
	z.next_out = packed;
	z.avail_out = 100;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	memcpy(packed + n, packed, n); /* two members */
	put(".csv.gz", packed, n * 2);
	got = read_all(&o);
	assert_string_equal(got, "2::u:;3::url:;4::u:;.");
	free(got);
	memset(packed + n, 0, 9); /* padded, as blocks of a tape are */
	put(".csv.gz", packed, n + 9);
	got = read_all(&o);
	assert_string_equal(got, "2::u:;.");
	free(got);
	packed[n + 9] = 'x';
	put(".csv.gz", packed, n + 10);
	got = read_all(&o);
	assert_non_null(strstr(got, "gzip data is damaged"));
	free(got);
	put(".csv.gz", packed, n - 4);
	got = read_all(&o);
	assert_non_null(strstr(got, "gzip data is damaged"));
	free(got);
	packed[n - 6] ^= 1; /* the checksum */
	put(".csv", packed, n);
	got = read_all(&o);
	assert_non_null(strstr(got, "gzip data is damaged"));
	free(got);
	put_text(".csv.gz", "");
	out = gzopen(path, "wb9");
	gzputs(out, "url\n");
	memset(zeros, 'a', sizeof zeros);
	for (i = 0; i < 1000; i++) {
		zeros[sizeof zeros - 1] = '\n';
		gzwrite(out, zeros, sizeof zeros);
	}
	gzclose(out);
	got = read_all(&o);
	assert_non_null(strstr(got, "it grows by more than any catalog would"));
	free(got);
}

/* Records and elements lie where they are said to lie. */
static void
places_in_the_file(void **state)
{
	static const struct manifest_options o = {.limit_bytes = -1};
	static const struct {
		const char *suffix, *text;
	} cases[] = {
		{".csv", "\xEF\xBB\xBFurl,n\r\n\r\n\"u\",\"a\n\"\r\nv,b\n\nw,c"},
		{".json", " [ {\"url\":\"u\"} ,\n\"v\",{\"url\":\"w\"}] "},
		{".ndjson", "{\"url\":\"u\"}\n\n\"v\"\n{\"url\":\"w\"}"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		const char *text = cases[i].text;
		struct manifest_row row;
		struct manifest *m;
		struct fault f;
		char want = 'u';

		put(cases[i].suffix, text, strlen(text));
		m = manifest_open(path, &o, &f);
		while (manifest_next(m, &row, &f) == MANIFEST_ROW) {
			struct span there = {text + row.offset, (size_t)(row.end - row.offset)};
			char quoted[4] = {'"', want, '"', 0};

			assert_true(memmem(there.p, there.n, quoted, 3) || there.p[0] == want);
			assert_true(there.p[0] == '{' || there.p[0] == '"' || there.p[0] == want);
			want++;
		}
		assert_int_equal(want, 'x');
		manifest_free(m);
		unlink(path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reading),
		cmocka_unit_test(options_lead_to_other_columns),
		cmocka_unit_test(a_pipe_that_gives_a_byte_at_a_time),
		cmocka_unit_test(a_list_is_known_by_its_first_url_however_it_comes),
		cmocka_unit_test(caps),
		cmocka_unit_test(records_at_their_cap_and_one_past),
		cmocka_unit_test(long_members_are_passed_over),
		cmocka_unit_test(places_of_what_is_bad),
		cmocka_unit_test(gzip),
		cmocka_unit_test(places_in_the_file),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
