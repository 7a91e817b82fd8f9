/*
 * Which IP addresses no outside server can reach. Pure functions over bytes.
 *
 * Source: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890), as of 2025: what
 * they call not globally reachable, multicast, and what carries such an IPv4 address inside.
 */
#ifndef LADE_BASE_ADDRESS_H
#define LADE_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* a: in host order. */
bool address_v4_is_private(uint32_t a);

/* a: 16 bytes in network order. */
bool address_v6_is_private(const unsigned char *a);

/* Of a connection; families that are neither are private. */
bool address_is_private(const struct sockaddr *a);

#endif
