/*
 * Theory. For CSV the cells are packed, each behind its length (32 bits), in the order of the
 * layout's carried columns; record_write quotes them between lade's own. For NDJSON the finished
 * text of the members is made here, by running yajl's parser into yajl's generator.
 */
#include "ledger/carry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/json_text.h"
#include "base/mem.h"
#include "base/text.h"

static void
pack(struct buf *out, struct span cell)
{
	uint32_t n = (uint32_t)cell.n;

	buf_add(out, &n, sizeof n);
	buf_add_span(out, cell);
}

void
carry_cells(struct buf *out, const struct layout *l, const int *from, const struct span *cells,
	    size_t n_cells, const struct record_values *old)
{
	size_t k;

	for (k = 0; k < l->n_carried; k++) {
		if (from[k] < 0 && old && k < old->n_carried)
			pack(out, old->carried[k]);
		else if (from[k] >= 0 && (size_t)from[k] < n_cells)
			pack(out, cells[from[k]]);
		else
			pack(out, span_none());
	}
}

void
carry_old_cells(struct buf *out, const struct record_values *old)
{
	size_t k;

	for (k = 0; k < old->n_carried; k++)
		pack(out, old->carried[k]);
}

struct copier {
	yajl_gen gen;
	unsigned depth;
	bool skipping; /* inside the value of one of lade's own members */
	bool failed;
};

/* After a scalar or a closed container: at depth 1 the value of a member has ended. */
static int
copied(struct copier *c, yajl_gen_status status)
{
	c->failed |= status != yajl_gen_status_ok;
	return !c->failed;
}

static int
skipped(struct copier *c)
{
	if (c->depth == 1)
		c->skipping = false;
	return 1;
}

static int
copy_null(void *ctx)
{
	struct copier *c = ctx;

	return c->skipping ? skipped(c) : copied(c, yajl_gen_null(c->gen));
}

static int
copy_boolean(void *ctx, int value)
{
	struct copier *c = ctx;

	return c->skipping ? skipped(c) : copied(c, yajl_gen_bool(c->gen, value));
}

static int
copy_number(void *ctx, const char *text, size_t n)
{
	struct copier *c = ctx;

	return c->skipping ? skipped(c) : copied(c, yajl_gen_number(c->gen, text, n));
}

static int
copy_string(void *ctx, const unsigned char *text, size_t n)
{
	struct copier *c = ctx;

	return c->skipping ? skipped(c) : copied(c, yajl_gen_string(c->gen, text, n));
}

static int
copy_key(void *ctx, const unsigned char *text, size_t n)
{
	struct copier *c = ctx;

	if (c->skipping)
		return 1;
	if (c->depth == 1 && column_of((struct span){(const char *)text, n}) != COLUMN_CARRIED) {
		c->skipping = true;
		return 1;
	}
	return copied(c, yajl_gen_string(c->gen, text, n));
}

static int
copy_map_start(void *ctx)
{
	struct copier *c = ctx;

	c->depth++;
	return c->skipping ? 1 : copied(c, yajl_gen_map_open(c->gen));
}

static int
copy_map_end(void *ctx)
{
	struct copier *c = ctx;

	c->depth--;
	return c->skipping ? skipped(c) : copied(c, yajl_gen_map_close(c->gen));
}

static int
copy_array_start(void *ctx)
{
	struct copier *c = ctx;

	c->depth++;
	return c->skipping ? 1 : copied(c, yajl_gen_array_open(c->gen));
}

static int
copy_array_end(void *ctx)
{
	struct copier *c = ctx;

	c->depth--;
	return c->skipping ? skipped(c) : copied(c, yajl_gen_array_close(c->gen));
}

static const yajl_callbacks copying = {
	.yajl_null = copy_null,
	.yajl_boolean = copy_boolean,
	.yajl_number = copy_number,
	.yajl_string = copy_string,
	.yajl_start_map = copy_map_start,
	.yajl_map_key = copy_key,
	.yajl_end_map = copy_map_end,
	.yajl_start_array = copy_array_start,
	.yajl_end_array = copy_array_end,
};

void
carry_json(struct buf *out, struct span json)
{
	struct buf text = {0};
	struct copier c = {.gen = json_gen_new(&text)};
	yajl_handle yajl = yajl_alloc(&copying, (yajl_alloc_funcs *)&json_memory, &c);
	bool ok;

	ok = yajl_parse(yajl, (const unsigned char *)json.p, json.n) == yajl_status_ok &&
	     yajl_complete_parse(yajl) == yajl_status_ok && !c.failed;
	if (ok && text.len >= 2 && text.data[0] == '{') {
		buf_add(out, text.data + 1, text.len - 2);
	} else if (ok && text.len >= 2 && text.data[0] == '"') {
		buf_add_str(out, "\"url\":");
		buf_add_span(out, buf_span(&text));
	}
	yajl_free(yajl);
	yajl_gen_free(c.gen);
	buf_free(&text);
}

static void
generate_string(yajl_gen gen, struct span s)
{
	struct buf shown = {0};

	if (!text_utf8_valid(s, NULL)) {
		text_escape(&shown, s, 0);
		s = buf_span(&shown);
	}
	yajl_gen_string(gen, (const unsigned char *)s.p, s.n);
	buf_free(&shown);
}

void
carry_cells_as_json(struct buf *out, const struct span *names, const struct span *cells, size_t n)
{
	struct buf text = {0};
	yajl_gen gen = json_gen_new(&text);
	size_t i;

	yajl_gen_map_open(gen);
	for (i = 0; i < n; i++) {
		if (column_of(names[i]) != COLUMN_CARRIED)
			continue;
		generate_string(gen, names[i]);
		generate_string(gen, cells[i]);
	}
	yajl_gen_map_close(gen);
	buf_add(out, text.data + 1, text.len - 2);
	yajl_gen_free(gen);
	buf_free(&text);
}

void
carry_record_as_json(struct buf *out, const struct layout *csv, const struct layout *json,
		     const struct record_values *v)
{
	struct span *names = mem_alloc((csv->n_carried + 1) * sizeof *names);
	struct buf carried = {0};
	size_t i, k = 0;

	for (i = 0; i < csv->n_columns; i++)
		if (csv->columns[i].column == COLUMN_CARRIED)
			names[k++] = span_of(csv->columns[i].name);
	carry_cells_as_json(&carried, names, v->carried, v->n_carried);
	record_write_values(json, out, buf_span(&carried), v->value);
	buf_free(&carried);
	free(names);
}
