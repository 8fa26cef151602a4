/* router.c - a table of routes, walked from top to bottom: a few dozen lines are faster to compare than to index. */
#include "web/http/router.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/* One more part of a route's path. false: there is none. */
static bool
next_part(const char **at, const char **ret_part, size_t *ret_len)
{
    if (**at == '/')
        (*at)++;
    if (**at == '\0')
        return false;
    *ret_part = *at;
    *ret_len = strcspn(*at, "/");
    *at += *ret_len;
    return true;
}

static bool
path_fits(const char *path, const struct sp_request *req)
{
    const char *part = NULL;
    size_t len = 0;
    for (size_t i = 0; i < req->n_segments; i++) {
        if (!next_part(&path, &part, &len))
            return false;
        if (part[0] == '*')
            return true;
        const char *segment = req->segments[i];
        if (part[0] == ':' ? segment[0] == '\0' : strlen(segment) != len || memcmp(segment, part, len) != 0)
            return false;
    }
    return !next_part(&path, &part, &len) || part[0] == '*';
}

/* Both fit; a word says more than a ':', and that more than a '*'. */
static bool
says_more(const char *path, const char *than)
{
    while (*path != '\0' && *path == *than) {
        path++;
        than++;
    }
    return *than == '*' || (*than == ':' && *path != '*');
}

static void
take_args(const char *path, struct sp_request *req)
{
    const char *part = NULL;
    size_t len = 0;
    req->n_args = 0;
    for (size_t i = 0; next_part(&path, &part, &len); i++)
        if (part[0] == ':' && req->n_args < SP_REQUEST_ARGS)
            req->args[req->n_args++] = req->segments[i];
}

struct allow { /* what else this path could do */
    const struct sp_route *route;
    struct sp_str methods;
};

static void
look_through(const struct sp_route *table, const struct sp_request *req, struct allow *allow)
{
    for (const struct sp_route *route = table; route->method != NULL; route++) {
        if (!path_fits(route->path, req))
            continue;
        if (sp_str_text(&allow->methods)[0] != '\0')
            sp_str_add(&allow->methods, ", ");
        sp_str_add(&allow->methods, strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method);
        if (strcmp(route->method, req->method) != 0)
            continue;
        if (allow->route == NULL || says_more(route->path, allow->route->path))
            allow->route = route;
    }
}

const struct sp_route *
sp_router_find(const struct sp_router *router, struct sp_request *req, struct sp_response *res)
{
    struct allow allow = { 0 };
    for (const struct sp_route *const *table = router->tables; *table != NULL; table++)
        look_through(*table, req, &allow);
    if (allow.route != NULL) {
        take_args(allow.route->path, req);
    } else if (allow.methods.len == 0) {
        sp_respond_problem(res, 404, "not_found", "there is nothing at this address");
    } else {
        if (strcmp(req->method, "OPTIONS") == 0)
            sp_respond_empty(res, 204);
        else
            sp_respond_problem(res, 405, "method_not_allowed", "this address does not do that");
        sp_respond_header(res, "Allow", sp_str_text(&allow.methods));
    }
    sp_str_free(&allow.methods);
    return allow.route;
}

static bool
may(const struct sp_caller *caller, enum sp_may right)
{
    switch (right) {
    case SP_MAY_ANYONE:
        return true;
    case SP_MAY_SUBMIT:
        return caller->may_submit;
    case SP_MAY_READ:
        return caller->role >= SP_ROLE_VIEWER;
    case SP_MAY_OPERATE:
        return caller->role >= SP_ROLE_OPERATOR;
    case SP_MAY_ADMIN:
        return caller->role >= SP_ROLE_ADMIN;
    }
    return false;
}

/* 401, with every way to say who one is that this route takes. */
static void
respond_who(struct sp_response *res, const struct sp_route *route, const char *detail)
{
    sp_respond_problem(res, 401, "auth", detail);
    sp_respond_header(res, "WWW-Authenticate", "Bearer realm=\"scanpost\"");
    /* Basic makes browsers ask for a password; only devices hand in scans. */
    if (route->may == SP_MAY_SUBMIT)
        sp_respond_header(res, "WWW-Authenticate", "Basic realm=\"scanpost\", charset=\"UTF-8\"");
}

static void
respond_not_identified(struct sp_response *res, const struct sp_route *route, const struct sp_err *err)
{
    if (err->rc == SP_E_AUTH) {
        respond_who(res, route, err->text);
    } else if (err->rc == SP_E_BUSY) {
        sp_respond_problem(res, 429, "busy", err->text);
        sp_respond_header(res, "Retry-After", "60");
    } else {
        sp_respond_error(res, err);
    }
}

bool
sp_router_admit(const struct sp_router *router, const struct sp_route *route, struct sp_request *req,
                struct sp_response *res)
{
    if (route->may == SP_MAY_ANYONE && strcmp(req->method, "GET") == 0)
        return true; /* health and the page answer whatever is wrong with the database */
    struct sp_err err = { 0 };
    enum sp_rc rc = router->identify == NULL ? SP_OK : router->identify(router->auth, req, &err);
    /* Signing in has to work with an old cookie in hand. */
    bool no_matter = route->may == SP_MAY_ANYONE && (rc == SP_E_AUTH || rc == SP_E_DENIED);
    if (rc != SP_OK && !no_matter) {
        respond_not_identified(res, route, &err);
        return false;
    }
    if (may(&req->caller, route->may))
        return true;
    if (req->caller.kind == SP_CALLER_NONE)
        respond_who(res, route, "sign in, or send a token");
    else
        sp_respond_problem(res, 403, "denied", "not allowed for you");
    return false;
}

static void
receive_whole(const struct sp_router *router, const struct sp_route *route, const struct sp_request *req,
              struct sp_response *res)
{
    struct sp_upload *upload = route->receiver->begin(router->api, req, res);
    if (upload == NULL)
        return;
    if (route->receiver->take(upload, req->body, req->body_size, res))
        route->receiver->end(upload, req, res);
    route->receiver->free(upload);
}

void
sp_router_answered(const struct sp_router *router, const struct sp_route *route, const struct sp_request *req,
                   const struct sp_response *res)
{
    bool refuses = (res->status >= 400 && res->status < 500) || res->status == 507;
    if (refuses && router->refused != NULL)
        router->refused(router->api, route, req, res);
}

void
sp_router_run(const struct sp_router *router, struct sp_request *req, struct sp_response *res)
{
    const struct sp_route *route = sp_router_find(router, req, res);
    if (route == NULL)
        return;
    bool admitted = sp_router_admit(router, route, req, res);
    if (admitted && route->receiver != NULL)
        receive_whole(router, route, req, res);
    else if (admitted)
        route->handle(router->api, req, res);
    sp_router_answered(router, route, req, res);
}
