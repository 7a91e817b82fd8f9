#include "api/request.h"

#include <assert.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/mem.h"

/* yajl_gen fails only where it is called out of order, and then writes broken JSON silently. */
static void
checked(yajl_gen_status status)
{
	assert(status == yajl_gen_status_ok);
	(void)status;
}

static void
member(yajl_gen gen, const char *name, struct span value)
{
	checked(yajl_gen_string(gen, (const unsigned char *)name, strlen(name)));
	checked(yajl_gen_string(gen, (const unsigned char *)value.p, value.n));
}

void
request_body(struct buf *out, const char *asset_type, struct span url, struct span name)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t n;

	if (!gen)
		mem_exhausted();
	checked(yajl_gen_map_open(gen));
	member(gen, "assetType", span_of(asset_type));
	member(gen, "url", url);
	if (name.n > 0)
		member(gen, "name", name);
	checked(yajl_gen_map_close(gen));
	checked(yajl_gen_get_buf(gen, &text, &n));
	buf_add(out, text, n);
	yajl_gen_free(gen);
}
