#include "api/request.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/json_text.h"
#include "base/mem.h"

struct request_writer {
	yajl_gen gen;
};

/* yajl_gen fails only where it is called out of order, and then writes broken JSON silently. */
static void
checked(yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		abort();
}

struct request_writer *
request_writer_new(void)
{
	struct request_writer *w = mem_calloc(1, sizeof *w);

	w->gen = yajl_gen_alloc(&json_memory);
	return w;
}

void
request_writer_free(struct request_writer *w)
{
	if (!w)
		return;
	yajl_gen_free(w->gen);
	free(w);
}

static void
member(yajl_gen gen, const char *name, struct span value)
{
	checked(yajl_gen_string(gen, (const unsigned char *)name, strlen(name)));
	checked(yajl_gen_string(gen, (const unsigned char *)value.p, value.n));
}

void
request_body(struct request_writer *w, struct buf *out, const char *asset_type, struct span url,
	     struct span name)
{
	const unsigned char *text;
	size_t n;

	yajl_gen_clear(w->gen);
	yajl_gen_reset(w->gen, NULL);
	checked(yajl_gen_map_open(w->gen));
	member(w->gen, "assetType", span_of(asset_type));
	member(w->gen, "url", url);
	if (name.n > 0)
		member(w->gen, "name", name);
	checked(yajl_gen_map_close(w->gen));
	checked(yajl_gen_get_buf(w->gen, &text, &n));
	buf_add(out, text, n);
}
