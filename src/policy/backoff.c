#include "policy/backoff.h"

int64_t
backoff_ms(unsigned n, uint64_t random)
{
	int64_t top = BACKOFF_BASE_MS;

	while (n-- > 0 && top < BACKOFF_CAP_MS)
		top *= 2;
	if (top > BACKOFF_CAP_MS)
		top = BACKOFF_CAP_MS;
	return (int64_t)(random % (uint64_t)(top + 1));
}

int64_t
backoff_jitter_ms(int64_t ms, uint64_t random)
{
	return ms - ms / 10 + (int64_t)(random % (uint64_t)(ms / 5 + 1));
}

uint64_t
backoff_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}
