#include "api/request.h"

#include "base/json_text.h"

static void
member(struct buf *out, const char *name, struct span value)
{
	buf_add_str(out, name);
	json_string(out, value);
}

void
request_body(struct buf *out, const char *asset_type, struct span url, struct span name)
{
	member(out, "{\"assetType\":", span_of(asset_type));
	member(out, ",\"url\":", url);
	if (name.n > 0)
		member(out, ",\"name\":", name);
	buf_add_char(out, '}');
}
