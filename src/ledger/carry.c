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
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hashset.h"
#include "base/json_text.h"
#include "base/mem.h"

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

/* The name of column number i as a member: `"name":`, or with the column's place behind the name. */
static struct span
member_of(struct buf *text, struct span name, size_t place)
{
	struct buf numbered = {0};

	buf_add_span(&numbered, name);
	if (place > 0)
		buf_printf(&numbered, "_%zu", place);
	buf_clear(text);
	json_string(text, buf_span(&numbered));
	buf_add_char(text, ':');
	buf_free(&numbered);
	return buf_span(text);
}

void
carry_members_init(struct carry_members *m, const struct span *names, size_t n)
{
	struct hashset taken = {0};
	struct buf text = {0};
	struct span member;
	size_t i, place;

	m->n = n;
	m->member = mem_calloc(n, sizeof *m->member);
	for (i = 0; i < n; i++) {
		if (column_of(names[i]) != COLUMN_CARRIED)
			continue;
		member = member_of(&text, names[i], 0);
		if (hashset_add(&taken, XXH3_64bits(member.p, member.n)))
			m->member[i] = (struct span){mem_dup(member.p, member.n), member.n};
	}
	for (i = 0; i < n; i++) {
		if (m->member[i].p || column_of(names[i]) != COLUMN_CARRIED)
			continue;
		place = i + 1;
		member = member_of(&text, names[i], place);
		while (!hashset_add(&taken, XXH3_64bits(member.p, member.n)))
			member = member_of(&text, names[i], place += n);
		m->member[i] = (struct span){mem_dup(member.p, member.n), member.n};
	}
	hashset_free(&taken);
	buf_free(&text);
}

void
carry_members_fini(struct carry_members *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free((char *)m->member[i].p);
	free(m->member);
}

void
carry_cells_as_json(struct buf *out, const struct carry_members *m, const struct span *cells, size_t n)
{
	bool first = true;
	size_t i;

	for (i = 0; i < n && i < m->n; i++) {
		if (!m->member[i].p)
			continue;
		if (!first)
			buf_add_char(out, ',');
		first = false;
		buf_add_span(out, m->member[i]);
		json_string(out, cells[i]);
	}
}

void
carry_record_as_json(struct buf *out, const struct layout *csv, const struct layout *json,
		     const struct record_values *v)
{
	struct span *names = mem_alloc((csv->n_carried + 1) * sizeof *names);
	struct carry_members members;
	struct buf carried = {0};
	size_t i, k = 0;

	for (i = 0; i < csv->n_columns; i++)
		if (csv->columns[i].column == COLUMN_CARRIED)
			names[k++] = span_of(csv->columns[i].name);
	carry_members_init(&members, names, k);
	carry_cells_as_json(&carried, &members, v->carried, v->n_carried);
	record_write_values(json, out, buf_span(&carried), v->value);
	carry_members_fini(&members);
	buf_free(&carried);
	free(names);
}
