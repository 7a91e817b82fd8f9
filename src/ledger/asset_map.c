#include "ledger/asset_map.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json_text.h"
#include "ledger/file.h"
#include "ledger/index.h"
#include "ledger/load.h"

struct mapping {
	struct replacement out;
	struct index *urls; /* those that were written */
	struct buf id;
	bool uris, any;
};

static int
on_asset(void *ctx, struct span url, struct span id, struct fault *f)
{
	struct mapping *m = ctx;
	uint32_t before = index_count(m->urls), head;
	struct buf line = {0};
	int rc;

	index_row(m->urls, identity_of(span_none(), url), &head);
	if (head < before)
		return 0;
	buf_add_str(&line, m->any ? ",\n" : "{\n");
	m->any = true;
	buf_clear(&m->id);
	buf_add_str(&m->id, m->uris ? "asset://" : "");
	buf_add_span(&m->id, id);
	json_string(&line, url);
	buf_add_char(&line, ':');
	json_string(&line, buf_span(&m->id));
	rc = replacement_add(&m->out, buf_span(&line), f);
	buf_free(&line);
	return rc;
}

int
asset_map_write(const char *results, const char *path, bool uris, struct fault *f)
{
	struct mapping m = {.out = {.fd = -1}, .urls = index_new(), .uris = uris};
	struct file_mark mark;
	int fd = -1;

	if (replacement_open(&m.out, path, 0600, f) == 0 &&
	    load_assets(results, on_asset, &m, f) == 0 &&
	    replacement_add(&m.out, span_of(m.any ? "\n}\n" : "{}\n"), f) == 0 &&
	    replacement_finish(&m.out, &mark, f) == 0)
		fd = replacement_commit(&m.out, f);
	if (fd >= 0)
		close(fd);
	replacement_abort(&m.out);
	index_free(m.urls);
	buf_free(&m.id);
	return fd < 0 ? -1 : 0;
}
