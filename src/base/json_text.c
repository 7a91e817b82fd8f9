#include "base/json_text.h"

#include <stdlib.h>

#include "base/json_plain.h"
#include "base/mem.h"
#include "base/text.h"

static void *
take(void *ctx, size_t n)
{
	(void)ctx;
	return mem_alloc(n);
}

static void *
resize(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return mem_resize(p, n, 1);
}

static void
give_back(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

const yajl_alloc_funcs json_memory = {take, resize, give_back, NULL};

static void *
take_of_arena(void *ctx, size_t n)
{
	return arena_alloc(ctx, n);
}

static void *
resize_in_arena(void *ctx, void *p, size_t n)
{
	return arena_resize(ctx, p, n);
}

static void
leave_in_arena(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

yajl_alloc_funcs
json_arena(struct arena *a)
{
	return (yajl_alloc_funcs){take_of_arena, resize_in_arena, leave_in_arena, a};
}

static void
put(void *ctx, const char *text, size_t n)
{
	buf_add(ctx, text, n);
}

yajl_gen
json_gen_new(struct buf *out)
{
	yajl_gen gen = yajl_gen_alloc(&json_memory);

	yajl_gen_config(gen, yajl_gen_print_callback, put, out);
	return gen;
}

void
json_string(struct buf *out, struct span s)
{
	bool ascii = true, plain = s.n == 0 || json_plain_end(s.p, s.p + s.n, &ascii) == s.p + s.n;
	struct buf shown = {0};
	yajl_gen gen;

	if (plain && (ascii || text_utf8_valid(s, NULL))) {
		buf_add_char(out, '"');
		buf_add_span(out, s);
		buf_add_char(out, '"');
		return;
	}
	if (!text_utf8_valid(s, NULL)) {
		text_escape(&shown, s, 0);
		s = buf_span(&shown);
	}
	gen = json_gen_new(out);
	yajl_gen_string(gen, (const unsigned char *)s.p, s.n);
	yajl_gen_free(gen);
	buf_free(&shown);
}
