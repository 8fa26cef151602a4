/* http_request.h - reading requests, for http.c and nobody else. */
#ifndef SP_SANDBOX_HTTP_REQUEST_H
#define SP_SANDBOX_HTTP_REQUEST_H

#include "backend/sandbox/http.h"

struct sp_box_peer;

enum sp_box_read {
    SP_BOX_READ,
    SP_BOX_READ_GONE,      /* the client left */
    SP_BOX_READ_MALFORMED, /* what follows cannot be trusted: answer 400, then hang up */
    SP_BOX_READ_TOO_LONG,  /* the same with 431 */
    SP_BOX_READ_NO_ROOM,   /* the body cannot be stored: 507 */
};

/* The head. Free in any case. */
enum sp_box_read sp_box_request_read(struct sp_box_peer *peer, struct sp_box_request *ret);
/* The body, into a file in dirfd. One of more than max bytes is read to its end as well, up to some bound, and not
 * kept. */
enum sp_box_read sp_box_request_body(struct sp_box_peer *peer, int dirfd, uint64_t max, struct sp_box_request *request);
void sp_box_request_free(struct sp_box_request *request);

#endif
