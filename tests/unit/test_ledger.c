#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/carry.h"
#include "ledger/results.h"

static struct identity
id(unsigned n)
{
	char url[32];

	snprintf(url, sizeof url, "https://a/%u", n);
	return identity_of(span_of("Image"), span_of(url));
}

static void
identities_differ_by_type_and_url(void **state)
{
	struct identity a = identity_of(span_of("Image"), span_of("u"));
	struct identity b = identity_of(span_of("Imageu"), span_of(""));
	struct identity c = identity_of(span_of("Image"), span_of("u"));

	(void)state;
	assert_true(a.low != b.low || a.high != b.high);
	assert_true(a.low == c.low && a.high == c.high);
	/* fixed for ever: shards and caches depend on it */
	assert_int_equal(a.low, UINT64_C(0xADB63E338E74FF0F));
	assert_int_equal(a.high, UINT64_C(0x2502C0037F042FBC));
}

static void
the_kth_row_belongs_to_the_kth_record(void **state)
{
	struct index *x = index_new();
	uint32_t head, i;

	(void)state;
	assert_int_equal(index_load(x, id(1), KNOWN_REJECTED, 10), 0);
	assert_int_equal(index_load(x, id(2), KNOWN_ASSET, 20), 1);
	assert_int_equal(index_load(x, id(1), KNOWN_INVALID, 30), 2);
	assert_int_equal(index_peek(x, id(1)), 0);
	assert_int_equal(index_peek(x, id(3)), INDEX_NONE);
	assert_int_equal(index_row(x, id(1), &head), 0);
	assert_int_equal(index_peek(x, id(1)), 2);
	assert_int_equal(index_row(x, id(1), &head), 2);
	assert_int_equal(head, 0);
	assert_int_equal(index_peek(x, id(1)), INDEX_NONE);
	assert_int_equal(index_row(x, id(1), &head), 3); /* one more than there were */
	assert_int_equal(index_row(x, id(1), &head), 4);
	assert_int_equal(index_place(x, 4), -1);
	assert_int_equal(index_find(x, 0, KINDS_ASSET, 0), INDEX_NONE);
	assert_int_equal(index_find(x, 1, KINDS_ASSET, 0), 1);
	index_write(x, 3, 0, KNOWN_ASSET, 99);
	assert_int_equal(index_find(x, 0, KINDS_ASSET, 0), 3);
	assert_int_equal(index_place(x, 3), 99);
	assert_int_equal(index_find(x, 0, KINDS_ASSET, 100), INDEX_NONE);
	assert_int_equal(index_find(x, 0, KINDS_FAILED | 1u << KNOWN_INVALID, 11), 2);
	assert_int_equal(index_kinds(x, 0), 1u << KNOWN_ASSET |
						   1u << KNOWN_REJECTED | 1u << KNOWN_INVALID);
	assert_false(index_is_settled(x, 0));
	index_settle(x, 0);
	assert_true(index_is_settled(x, 0));
	for (i = 10; i < 50000; i++)
		index_row(x, id(i), &head);
	for (i = 10; i < 50000; i++) {
		index_row(x, id(i), &head);
		assert_int_equal(head, i - 5);
	}
	index_free(x);
}

/* Rows in the order of the records, and in any other: the same records. */
static void
rows_in_any_order(void **state)
{
	static const unsigned orders[][6] = {
		{1, 2, 1, 3, 1, 4}, {4, 3, 2, 1, 1, 1}, {1, 1, 1, 2, 3, 4}, {3, 1, 4, 1, 2, 1}};
	static const uint32_t of_others[] = {0, 0, 1, 3, 5}, of_first[] = {0, 2, 4};
	struct index *x;
	uint32_t head;
	size_t o, i, nth;

	(void)state;
	for (o = 0; o < COUNT_OF(orders); o++) {
		x = index_new();
		for (i = 0; i < 6; i++)
			index_load(x, id(orders[0][i]), KNOWN_ASSET, (int64_t)i);
		for (i = nth = 0; i < 6; i++) {
			uint32_t want = orders[o][i] == 1 ? of_first[nth++] : of_others[orders[o][i]];

			assert_int_equal(index_row(x, id(orders[o][i]), &head), want);
			assert_int_equal(head, orders[o][i] == 1 ? 0 : want);
		}
		assert_int_equal(index_row(x, id(9), &head), 6);
		assert_int_equal(index_row(x, id(4), &head), 7);
		assert_int_equal(head, 5);
		index_free(x);
	}
}

/* A record written and read back, cell by cell and value by value. */
static void
records_round_trip(void **state)
{
	static const struct span names[] = {{"a,b", 3}, {"url", 3}, {"a,b", 3}};
	static const struct span cells[] = {{"x\"y", 3}, {"u\r\n,", 4}, {"", 0}};
	struct layout l;
	struct record rec;
	struct record_values v = {.text = {0}};
	struct buf out = {0}, carried = {0};
	int *from;

	(void)state;
	layout_init(&l, RECORD_CSV, ',');
	layout_match(&l, names, 3, &from);
	assert_int_equal(l.n_carried, 3);
	layout_add_lade(&l, COLUMNS_ALWAYS | 1u << COLUMN_URL);
	layout_header(&l, &out);
	assert_true(strncmp(out.data, "\"a,b\",url,\"a,b\",lade_url,lade_status,", 37) == 0);
	buf_clear(&out);
	carry_cells(&carried, &l, from, cells, 3, NULL);
	record_init(&rec);
	rec.status = RECORD_FAILED;
	rec.error_class = CLASS_UNAVAILABLE;
	rec.url = span_of("https://a");
	rec.message = span_of("no, \"never\"");
	rec.http_status = 503;
	rec.attempts = 6;
	rec.sent_wall_ms = 0;
	rec.line = 7;
	record_write(&l, &out, buf_span(&carried), &rec);
	assert_string_equal(out.data, "\"x\"\"y\",\"u\r\n,\",,https://a,failed,,,503,,"
				      "\"no, \"\"never\"\"\",unavailable,6,1970-01-01T00:00:00.000Z,,,7\n");
	assert_int_equal(record_parse(&l, buf_span(&out), &v), 0);
	assert_true(span_is(v.value[COLUMN_MESSAGE], "no, \"never\""));
	assert_true(span_is(v.value[COLUMN_ATTEMPTS], "6"));
	assert_int_equal(v.value[COLUMN_ASSET_ID].n, 0);
	free(from);
	layout_fini(&l);
	layout_init(&l, RECORD_NDJSON, 0);
	layout_add_lade(&l, COLUMNS_ALWAYS);
	buf_clear(&carried);
	carry_json(&carried, span_of(" { \"lade_status\" : {\"x\":[1]}, \"n\" : 1.50 ,\"o\":{\"lade_code\":1}}"));
	assert_string_equal(carried.data, "\"n\":1.50,\"o\":{\"lade_code\":1}");
	buf_clear(&out);
	rec.url = span_none();
	record_write(&l, &out, buf_span(&carried), &rec);
	assert_true(strncmp(out.data, "{\"n\":1.50,\"o\":{\"lade_code\":1},\"lade_status\":\"failed\","
				      "\"lade_assetId\":null,", 72) == 0);
	assert_int_equal(record_parse(&l, buf_span(&out), &v), 0);
	assert_true(span_is(v.value[COLUMN_MESSAGE], "no, \"never\""));
	assert_true(span_is(v.value[COLUMN_HTTP_STATUS], "503"));
	buf_clear(&carried);
	carry_json(&carried, span_of("\"https://a\""));
	assert_string_equal(carried.data, "\"url\":\"https://a\"");
	buf_free(&out);
	buf_free(&carried);
	record_values_free(&v);
	layout_fini(&l);
}

/* Which of lade's columns a layout needs when it takes in the header of another file. */
static void
a_name_that_two_columns_could_be(void **state)
{
	static const struct {
		const char *old, *theirs;
		unsigned unclear;
	} cases[] = {
		{"url name", "url name", 0},
		{"url", "url name", 0},
		{"url name", "url", 0},
		{"url", "URL", 1u << COLUMN_URL},
		{"URL", "url URL", 1u << COLUMN_URL},
		{"url URL", "URL", 1u << COLUMN_URL},
		{"url Name", "url name", 1u << COLUMN_NAME},
		{"link asset_type", "Url assetType", 1u << COLUMN_ASSET_TYPE},
	};
	struct span names[4], rest;
	struct layout l;
	size_t i, k, n;
	unsigned got = 0;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		layout_init(&l, RECORD_CSV, ',');
		for (k = 0; k < 2; k++) {
			rest = span_of(k == 0 ? cases[i].old : cases[i].theirs);
			for (n = 0; rest.n > 0; n++) {
				names[n] = (struct span){rest.p, strcspn(rest.p, " ")};
				rest = span_of(rest.p + names[n].n);
				rest = span_of(rest.p + strspn(rest.p, " "));
			}
			got = layout_unite(&l, names, n);
		}
		if (got != cases[i].unclear)
			fail_msg("%s and %s: %x", cases[i].old, cases[i].theirs, got);
		layout_fini(&l);
	}
}

static char path[64];

static void
put_file(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void
expect_file(const char *text)
{
	static char got[4096];
	FILE *in = fopen(path, "r");
	size_t n;

	assert_non_null(in);
	n = fread(got, 1, sizeof got - 1, in);
	got[n] = '\0';
	fclose(in);
	assert_string_equal(got, text);
}

#define LADE "lade_status,lade_assetId,lade_reviewStatus,lade_httpStatus,lade_code,lade_message," \
	"lade_errorClass,lade_attempts,lade_sentAt,lade_finishedAt,lade_durationMs,lade_line"

/* New columns widen the file, old records stay byte for byte, new outcomes take their places. */
static void
a_file_is_widened_and_put_in_order(void **state)
{
	static const struct span names[] = {{"url", 3}, {"new", 3}};
	static const struct results_columns manifest = {names, 2};
	struct results_options o = {.path = path, .delimiter = ',', .manifests = &manifest,
				    .n_manifests = 1, .lade = COLUMNS_ALWAYS};
	struct results_news news;
	struct results *r;
	struct fault f = {0};
	struct stat st;
	uint32_t head, first, second, third;

	(void)state;
	snprintf(path, sizeof path, "/tmp/lade-unit-%ld.csv", (long)getpid());
	put_file("old,url," LADE "\r\n\"x\",u,failed,,,,,,rejected,1,,,,2\r\ny,v,uploaded,id-1,,,,,,1,,,,3");
	chmod(path, 0640);
	assert_int_equal(results_open(&o, &r, &news, &f), RESULTS_OK);
	expect_file("old,url," LADE ",new\n\"x\",u,failed,,,,,,rejected,1,,,,2,\ny,v,uploaded,id-1,,,,,,1,,,,3,\n");
	third = index_row(results_index(r), identity_of(span_of(""), span_of("w")), &head);
	results_append(r, third, head, KNOWN_ASSET, span_of("a,w,uploaded,id-3,,,,,,1,,,,4,n\n"));
	first = index_row(results_index(r), identity_of(span_of(""), span_of("u")), &head);
	assert_int_equal(index_known(results_index(r), head), KNOWN_REJECTED);
	results_append(r, first, head, KNOWN_ASSET, span_of("\"x\",u,uploaded,id-2,,,,,,1,,,,2,n\n"));
	second = index_row(results_index(r), identity_of(span_of(""), span_of("v")), &head);
	assert_int_equal(index_find(results_index(r), head, KINDS_ASSET, 0), second);
	assert_int_equal(results_publish(r, &f), 0);
	expect_file("old,url," LADE ",new\n\"x\",u,uploaded,id-2,,,,,,1,,,,2,n\n"
		    "y,v,uploaded,id-1,,,,,,1,,,,3,\na,w,uploaded,id-3,,,,,,1,,,,4,n\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	results_free(r);
	unlink(path);
	assert_int_equal(unlink(strcat(path, ".index")), 0);
}

static void
what_is_no_results_file_is_refused(void **state)
{
	struct results_options o = {.path = path, .delimiter = ',', .lade = COLUMNS_ALWAYS};
	struct results_news news;
	struct results *r;
	struct fault f = {0};

	(void)state;
	snprintf(path, sizeof path, "/tmp/lade-unit-%ld.csv", (long)getpid());
	put_file("a,url\n1,2\n");
	assert_int_equal(results_open(&o, &r, &news, &f), RESULTS_UNREADABLE);
	assert_null(r);
	expect_file("a,url\n1,2\n");
	put_file("url," LADE "\nu,failed,,,,,,rejected,1,,,,2\nv,\"x\n");
	assert_int_equal(results_open(&o, &r, &news, &f), RESULTS_UNREADABLE);
	unlink(path);
	o.path = "/nonexistent/folder/r.csv";
	assert_int_equal(results_open(&o, &r, &news, &f), RESULTS_UNWRITABLE);
}

/* The hash and what is made of it are documented: whoever has shards must find his rows in them again. */
static void
shards_are_as_documented_and_even(void **state)
{
	struct identity id = identity_of(span_of("Image"), span_of("https://cdn.example.com/1.jpg"));
	unsigned i, count[7] = {0};
	char url[64];

	(void)state;
	assert_true(id.high == 0x1521e78ea80bba77u); /* as `xxhsum -H2` says */
	assert_true(id.low == 0x550d29185fe5005eu);
	assert_int_equal(identity_shard(id, 4), 2);
	assert_int_equal(identity_shard(id, 1), 0);
	for (i = 0; i < 7000; i++) {
		snprintf(url, sizeof url, "https://cdn.example.com/%u.jpg", i);
		count[identity_shard(identity_of(span_of("Image"), span_of(url)), 7)]++;
	}
	for (i = 0; i < 7; i++)
		assert_in_range(count[i], 900, 1100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shards_are_as_documented_and_even),
		cmocka_unit_test(identities_differ_by_type_and_url),
		cmocka_unit_test(the_kth_row_belongs_to_the_kth_record),
		cmocka_unit_test(rows_in_any_order),
		cmocka_unit_test(records_round_trip),
		cmocka_unit_test(a_name_that_two_columns_could_be),
		cmocka_unit_test(a_file_is_widened_and_put_in_order),
		cmocka_unit_test(what_is_no_results_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
