/* Media files of the stand-in: /media/..., answered to HEAD and GET as the target's query says. */
#ifndef STANDIN_MEDIA_H
#define STANDIN_MEDIA_H

#include <stdbool.h>

#include "answer.h"
#include "request.h"

/* Whether a request is for a media file. */
bool media_is_asked(const struct request *r);

/*
 * Composes the answer and returns its status. Words of the query, parted by '&': type=T
 * (image/jpeg), size=N (1000), status=N, head=N (status of HEAD only), whole (a GET gets all bytes
 * in a 200), chatty (many head lines), nolength, drop (HEAD gets no answer), and at the end location=URL.
 */
int media_compose(struct answer *a, const struct request *r);

#endif
