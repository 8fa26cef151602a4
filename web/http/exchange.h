/* exchange.h - one request and its answer, from the first header to the last byte, without a socket: what to do when
 * headers or bytes have come, and what a worker does with them. server.c moves the bytes. */
#ifndef SP_WEB_HTTP_EXCHANGE_H
#define SP_WEB_HTTP_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/http/router.h"

struct sp_clock;
struct sp_db;
struct sp_exchange;

enum {
    SP_BODY_MAX = 64 * 1024,  /* of a request without a receiver */
    SP_PIECE_MAX = 64 * 1024, /* handed to a receiver at once: what an upload holds of memory */
    SP_HEADERS_MAX = 64,
    SP_BODY_GRACE_MS = 60 * 1000,   /* after which a body has to have come at SP_BODY_RATE on the average */
    SP_BODY_RATE = 512,             /* bytes a second */
    SP_DROP_MAX = 64 * 1024 * 1024, /* of a body that was refused before it came, read only to be heard */
    SP_DROP_MS = 20 * 1000,         /* and so long */
};

struct sp_exchange_rules { /* shared by all exchanges of a server */
    const struct sp_router *router;
    uint64_t max_upload;
    unsigned max_uploads;
    atomic_uint uploads; /* under way */
    bool needs_db;       /* without one, only what is open to anyone is answered */
    const struct sp_clock *clock;
};

/* target: as it stands in the request line. NULL: no memory. */
struct sp_exchange *sp_exchange_new(struct sp_exchange_rules *rules, const char *target);
/* When sp_exchange_holds_upload, on a worker. Accepts NULL; leaves NULL. */
void sp_exchange_free(struct sp_exchange **place);
bool sp_exchange_holds_upload(const struct sp_exchange *x);

/* Before the first step. */
struct sp_request *sp_exchange_request(struct sp_exchange *x); /* for the peer and the arena */
void sp_exchange_method(struct sp_exchange *x, const char *method);
void sp_exchange_header(struct sp_exchange *x, const char *name, size_t name_len, const char *value, size_t value_len);

enum sp_next {
    SP_NEXT_READ,   /* go on; when there is no body left, the next step says so */
    SP_NEXT_WAIT,   /* sp_exchange_work on a worker, then the next step, without reading meanwhile */
    SP_NEXT_ANSWER, /* the response is ready */
    SP_NEXT_CLOSE,  /* hang up */
};
/* In the order in which libmicrohttpd calls its handler: once with size 0 when the headers are there (and with size 0
 * again if that had to wait), then with each piece of the body, at last with size 0. *size: in, bytes that are there;
 * out, bytes not taken yet. While a body comes, WAIT always leaves some. */
enum sp_next sp_exchange_step(struct sp_exchange *x, const char *bytes, size_t *size);
/* May wait for the disk. db: NULL when there is none. */
void sp_exchange_work(struct sp_exchange *x, struct sp_db *db);
struct sp_response *sp_exchange_response(struct sp_exchange *x);

#endif
