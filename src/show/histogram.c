#include "show/histogram.h"

#include <math.h>

/* The number of the highest bit that is set, of a value over 0. */
static unsigned
top_bit(uint64_t value)
{
	return 63u - (unsigned)__builtin_clzll(value);
}

/* Below 2 * PARTS bin and value are the same; each further power of two has PARTS bins. */
static unsigned
bin_of(int64_t value)
{
	unsigned shift;

	if (value < 2 * HISTOGRAM_PARTS)
		return (unsigned)value;
	shift = top_bit((uint64_t)value) - HISTOGRAM_PART_BITS;
	return (shift << HISTOGRAM_PART_BITS) + (unsigned)(value >> shift);
}

void
histogram_bounds(unsigned i, int64_t *low, int64_t *high)
{
	unsigned shift = i < 2 * HISTOGRAM_PARTS ? 0 : (i >> HISTOGRAM_PART_BITS) - 1;

	*low = (int64_t)(i - (shift << HISTOGRAM_PART_BITS)) << shift;
	*high = *low + ((int64_t)1 << shift);
}

void
histogram_add(struct histogram *h, int64_t value)
{
	const int64_t most = ((int64_t)1 << HISTOGRAM_MAX_BITS) - 1;

	value = value < 0 ? 0 : value > most ? most : value;
	if (h->count == 0 || value < h->low)
		h->low = value;
	if (h->count == 0 || value > h->high)
		h->high = value;
	h->count++;
	h->bin[bin_of(value)]++;
}

int64_t
histogram_percentile(const struct histogram *h, double share)
{
	int64_t rank = (int64_t)ceil(share * (double)h->count), seen = 0, low, high, middle;
	unsigned i = 0;

	if (h->count == 0)
		return 0;
	if (rank < 1)
		rank = 1;
	if (rank >= h->count)
		return h->high;
	while ((seen += h->bin[i]) < rank)
		i++;
	histogram_bounds(i, &low, &high);
	middle = low + (high - 1 - low) / 2;
	return middle < h->low ? h->low : middle > h->high ? h->high : middle;
}
