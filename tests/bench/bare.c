/*
 * libcsv or yajl alone over a file, with callbacks that add up what they are given: the speed that
 * `lade check` is measured against. usage: bare csv|json FILE
 */
#include <csv.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

static char chunk[65536];

static void
on_cell(void *text, size_t n, void *ctx)
{
	(void)text;
	*(size_t *)ctx += n;
}

static void
on_row(int end, void *ctx)
{
	(void)end;
	++*(size_t *)ctx;
}

static int
on_nothing(void *ctx)
{
	++*(size_t *)ctx;
	return 1;
}

static int
on_boolean(void *ctx, int value)
{
	*(size_t *)ctx += (size_t)value;
	return 1;
}

static int
on_number(void *ctx, const char *text, size_t n)
{
	(void)text;
	*(size_t *)ctx += n;
	return 1;
}

static int
on_string(void *ctx, const unsigned char *text, size_t n)
{
	(void)text;
	*(size_t *)ctx += n;
	return 1;
}

static const yajl_callbacks callbacks = {on_nothing, on_boolean, NULL,	     NULL,
					 on_number,  on_string,	 on_nothing, on_string,
					 on_nothing, on_nothing, on_nothing};

int
main(int argc, char **argv)
{
	FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
	struct csv_parser csv;
	yajl_handle json;
	size_t n, sum = 0;
	int bad = 0;

	if (!in)
		return 2;
	if (strcmp(argv[1], "csv") == 0) {
		csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI);
		while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
			bad |= csv_parse(&csv, chunk, n, on_cell, on_row, &sum) != n;
		csv_fini(&csv, on_cell, on_row, &sum);
		csv_free(&csv);
	} else {
		json = yajl_alloc(&callbacks, NULL, &sum);
		yajl_config(json, yajl_allow_multiple_values, 1);
		while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
			bad |= yajl_parse(json, (unsigned char *)chunk, n) != yajl_status_ok;
		bad |= yajl_complete_parse(json) != yajl_status_ok;
		yajl_free(json);
	}
	printf("%zu\n", sum);
	return bad;
}
