/* What a server says: the envelope and Retry-After. */
#include <string.h>

#include "api/reply.h"
#include "base/text.h"
#include "fuzz.h"

#define YEAR_MS (INT64_C(366) * 86400 * 1000)

void
fuzz_reply(const uint8_t *data, size_t size)
{
	struct reply r = {0};
	size_t i;

	reply_parse(&r, (struct span){(const char *)data, size});
	MUST((r.id == ID_VALID) == (r.asset_id[0] != '\0'));
	MUST(strlen(r.asset_id) <= LIMIT_ASSET_ID_BYTES);
	for (i = 0; r.asset_id[i]; i++)
		MUST(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    r.asset_id[i]));
	MUST(strlen(r.code_text) <= REPLY_CODE_BYTES);
	MUST(r.message.len <= LIMIT_MESSAGE_BYTES + 1);
	MUST(text_utf8_valid(buf_span(&r.message), NULL));
	for (i = 0; i < r.message.len; i++)
		MUST((unsigned char)r.message.data[i] >= 0x20 && r.message.data[i] != 0x7F);
	MUST(r.message.len == 0 || !strchr("=+-@", r.message.data[0]));
	reply_free(&r);
}

void
fuzz_retry_after(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	int64_t ms;

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	ms = reply_retry_after_ms(text, INT64_C(1790000000000));
	MUST(ms >= -1 && ms <= YEAR_MS);
	free(text);
}
