/* dav_call.h - inside web/dav only: a request about a path, and the questions that every method asks about it.
 * Functions that return bool have answered when they return false. */
#ifndef SP_WEB_DAV_CALL_H
#define SP_WEB_DAV_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/dav.h"
#include "web/api/api.h"
#include "web/dav/dav_if.h"

enum {
    SP_DAV_LIST_MAX = 2000, /* of a folder, the newest */
    SP_DAV_LOCKS_MAX = 100, /* of an owner */
    SP_DAV_FOLDERS_MAX = 500,
    SP_DAV_WAITING_MAX = 64, /* files */
};
static const int64_t sp_dav_hour_ms = 3600000, sp_dav_day_ms = 86400000;

struct sp_dav_place {
    const char *path;   /* "" : /dav itself; "accounting", "accounting/2026/scan.pdf" */
    const char *parent; /* the same without its last part */
    const char *name;   /* that part */
    const char *route;  /* the first part */
    size_t parts;       /* of the path: 0 is /dav itself, 1 a route */
    bool slash;         /* it was written with one at its end */
    bool exists;
    struct sp_dav_row row; /* when it does; /dav and routes are folders of all times */
};

struct sp_dav_call {
    struct sp_api *api;
    const struct sp_request *req;
    struct sp_response *res;
    const char *owner; /* whose tree: a token's, told apart from an earlier one of the same name */
    int64_t now;
    struct sp_dav_place place;
    struct sp_dav_if condition;
    struct sp_dav_lock *locks; /* all of the owner's */
    size_t n_locks;
};

/* Takes the request's path apart, looks what is there, and evaluates If, If-Match and If-None-Match. */
bool sp_dav_call_begin(struct sp_dav_call *call, struct sp_api *api, const struct sp_request *req,
                       struct sp_response *res);
/* The same for the path in the Destination header, without the conditions. */
bool sp_dav_destination(struct sp_dav_call *call, struct sp_dav_place *ret);

/* 403 for /dav and the routes, which only the configuration makes; 423 when a lock is on it (or below, or on a folder
 * around it) whose token the request does not show. */
bool sp_dav_may_change(struct sp_dav_call *call, const struct sp_dav_place *place);
/* 409 when the folder is missing that it would be in. */
bool sp_dav_has_parent(struct sp_dav_call *call, const struct sp_dav_place *place);

/* A name that documents do not have: it waits for a better one. Pure. */
bool sp_dav_name_waits(const char *name);
bool sp_dav_lock_covers(const struct sp_dav_lock *lock, const char *path);
/* path is `folder` or below it. Pure. */
bool sp_dav_is_within(const char *path, const char *folder);
/* "\"9f86d081...\"" of a row; NULL for a folder, or when memory is out. */
const char *sp_dav_etag(const struct sp_dav_row *row, struct sp_arena *arena);

void sp_dav_respond(struct sp_dav_call *call, const struct sp_err *err); /* a failure; what was refused is logged */
/* 204, or 201 for what was not there before. */
void sp_dav_respond_done(struct sp_dav_call *call, bool is_new);

/* The path and all below it are not seen any more, and bytes that waited there are removed. */
enum sp_rc sp_dav_hide(struct sp_dav_call *call, const char *path, struct sp_err *err);
/* A row takes the place of whatever is seen at its path. */
enum sp_rc sp_dav_show(struct sp_dav_call *call, const struct sp_dav_row *row, struct sp_err *err);

#endif
