/*
 * Standard input that gives bytes in pieces of one size: what a slow pipe does, without its timing.
 *
 * A socket of packets keeps their bounds, so that each read gives one piece.
 */
#ifndef LADE_TESTS_FEED_H
#define LADE_TESTS_FEED_H

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEED_PIECES 160 /* at most so many fit into a socket's buffer, however small */

/* Puts n bytes before standard input, in pieces (made larger where there would be too many). The
 * descriptor that was standard input is returned, for feed_end. */
static inline int
feed_begin(const void *bytes, size_t n, size_t piece)
{
	int saved = dup(STDIN_FILENO), ends[2];
	const char *p = bytes;
	size_t part;

	if (piece == 0 || n / piece > FEED_PIECES)
		piece = n / FEED_PIECES + 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 || dup2(ends[0], STDIN_FILENO) < 0)
		abort();
	for (; n > 0; p += part, n -= part) {
		part = n < piece ? n : piece;
		if (send(ends[1], p, part, MSG_DONTWAIT) != (ssize_t)part)
			abort();
	}
	close(ends[0]);
	close(ends[1]);
	return saved;
}

static inline void
feed_end(int saved)
{
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	else
		close(STDIN_FILENO);
	close(saved);
}

#endif
