#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

bool
address_v4_is_private(uint32_t a)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} nets[] = {
		{0x00000000, 8},  /* this network */
		{0x0A000000, 8},  /* private use */
		{0x64400000, 10}, /* shared, behind a carrier's translation */
		{0x7F000000, 8},  /* loopback */
		{0xA9FE0000, 16}, /* link-local, and clouds' metadata services */
		{0xAC100000, 12}, /* private use */
		{0xC0000000, 24}, /* protocol assignments */
		{0xC0000200, 24}, /* documentation, as the next two but one */
		{0xC0A80000, 16}, /* private use */
		{0xC6120000, 15}, /* benchmarking */
		{0xC6336400, 24}, {0xCB007100, 24},
		{0xE0000000, 3}, /* multicast, reserved, broadcast */
	};
	size_t i;

	for (i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((a ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return true;
	return false;
}

static uint32_t
word_at(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool
address_v6_is_private(const unsigned char *a)
{
	static const unsigned char zero[12] = {0}, nat64[12] = {0, 0x64, 0xFF, 0x9B};
	static const unsigned char local_nat64[6] = {0, 0x64, 0xFF, 0x9B, 0, 1};
	static const unsigned char discard[6] = {0x01, 0};
	uint32_t top = word_at(a);

	if (memcmp(a, zero, 10) == 0 && a[10] == 0xFF && a[11] == 0xFF)
		return address_v4_is_private(word_at(a + 12)); /* mapped */
	if (memcmp(a, zero, 12) == 0)
		return true; /* ::, ::1, and what once was IPv4-compatible */
	if (memcmp(a, nat64, 12) == 0)
		return address_v4_is_private(word_at(a + 12));
	if (top >> 16 == 0x2002)
		return address_v4_is_private(word_at(a + 2)); /* 6to4 */
	return memcmp(a, local_nat64, 6) == 0 || memcmp(a, discard, 6) == 0 ||
	       top == 0x20010DB8 ||		     /* documentation */
	       top >> 12 == 0x3FFF0 ||		     /* documentation */
	       (top & 0xFFFFFE00) == 0x20010000 ||   /* protocol assignments, Teredo */
	       top >> 16 == 0x5F00 ||		     /* segment routing */
	       a[0] == 0xFF ||			     /* multicast */
	       (a[0] & 0xFE) == 0xFC ||		     /* unique local */
	       (a[0] == 0xFE && (a[1] & 0x80) != 0); /* link-local, once site-local */
}

bool
address_is_private(const struct sockaddr *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof v4);
		return address_v4_is_private(ntohl(v4.sin_addr.s_addr));
	}
	if (a->sa_family == AF_INET6) {
		memcpy(&v6, a, sizeof v6);
		return address_v6_is_private(v6.sin6_addr.s6_addr);
	}
	return true;
}
