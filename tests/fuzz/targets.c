#include "fuzz.h"

const struct fuzz_target fuzz_targets[] = {
	{"csv", fuzz_csv},         {"json", fuzz_json},
	{"ndjson", fuzz_ndjson},   {"manifest", fuzz_manifest},
	{"url", fuzz_url},         {"type", fuzz_type},
	{"reply", fuzz_reply},     {"retry_after", fuzz_retry_after},
	{"results", fuzz_results}, {"journal", fuzz_journal},
	{"units", fuzz_units},     {"options", fuzz_options},
	{NULL, NULL},
};
