/* router.h - which handler answers, and whether this caller may ask. Handlers run on worker threads, never on the event
 * loop; they may wait for the disk, and never for the client. */
#ifndef SP_WEB_HTTP_ROUTER_H
#define SP_WEB_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "web/http/request.h"
#include "web/http/response.h"

struct sp_api;    /* what the handlers work on; the router only hands it on */
struct sp_auth;   /* the same for identify */
struct sp_upload; /* the same for a receiver */

enum sp_may { SP_MAY_ANYONE, SP_MAY_SUBMIT, SP_MAY_READ, SP_MAY_OPERATE, SP_MAY_ADMIN };

typedef void sp_handler_fn(struct sp_api *api, const struct sp_request *req, struct sp_response *res);

/* Takes a large body piece by piece, in order, one call at a time, each on some worker. free ends it in every case, on
 * a worker too; before `end` it means that the client went away or was refused, and nothing may be left behind. */
struct sp_receiver {
    /* NULL: refused, and res says why; nothing of the body is read then. */
    struct sp_upload *(*begin)(struct sp_api *api, const struct sp_request *req, struct sp_response *res);
    /* false: refused, and res says why. */
    bool (*take)(struct sp_upload *upload, const void *bytes, size_t size, struct sp_response *res);
    void (*end)(struct sp_upload *upload, const struct sp_request *req, struct sp_response *res);
    void (*free)(struct sp_upload *upload);
};

/* A table of routes ends with { 0 }. A part of the path that begins with ':' stands for any text and becomes an
 * argument; a '*' at the end for any number of parts, none too, with or without a slash behind them (see
 * sp_request.segments). Where two routes fit, the one that says more at the first difference wins. */
struct sp_route {
    const char *method, *path;
    enum sp_may may;
    sp_handler_fn *handle;
    const struct sp_receiver *receiver; /* instead of handle, for bodies that are streamed */
};

/* Fills req->caller; kind NONE when nothing says who it is. SP_E_AUTH: what they showed is not (any more) valid;
 * SP_E_DENIED: known, and not welcome; SP_E_BUSY: too many tries. */
typedef enum sp_rc sp_identify_fn(struct sp_auth *auth, struct sp_request *req, struct sp_err *err);

/* Hears of every answer that refuses something (4xx, and 507), once, on any thread; must not wait. */
typedef void sp_refused_fn(struct sp_api *api, const struct sp_route *route, const struct sp_request *req,
                           const struct sp_response *res);

struct sp_router {
    const struct sp_route *const *tables; /* ends with NULL */
    struct sp_api *api;
    sp_identify_fn *identify;
    struct sp_auth *auth;
    sp_refused_fn *refused; /* NULL: nobody wants to know */
};

/* NULL: res says 404, or 405 with Allow (204 with Allow for OPTIONS). Sets req->args. */
const struct sp_route *sp_router_find(const struct sp_router *router, struct sp_request *req, struct sp_response *res);
/* Who is it, and may they? false: res says 401, 403, 429 or 503. Needs req->db. */
bool sp_router_admit(const struct sp_router *router, const struct sp_route *route, struct sp_request *req,
                     struct sp_response *res);
/* The answer is final: tells router->refused when it is one. */
void sp_router_answered(const struct sp_router *router, const struct sp_route *route, const struct sp_request *req,
                        const struct sp_response *res);
/* All of it for a request that is whole: find, admit, handle. A body for a receiver is given to it in one piece. */
void sp_router_run(const struct sp_router *router, struct sp_request *req, struct sp_response *res);

#endif
