/* dav_call.c - from a request to a place in the owner's tree. */
#include "web/dav/dav_call.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/idempotency.h"
#include "web/dav/dav_room.h"
#include "web/dav/dav_take.h"

enum { PATH_MAX_BYTES = 1024, NAME_MAX_BYTES = 255 };

/* After this time a DELETE is meant, and not the tidying of a client that lost an answer. */
static const int64_t tidying_ms = 600000;

bool
sp_dav_name_waits(const char *name)
{
    static const char *const patterns[] = { ".*",     "~$*",        "Thumbs.db", "desktop.ini", "*.tmp",
                                            "*.part", "*.filepart", "*.partial", "*.crdownload" };
    for (size_t i = 0; i < SP_LEN(patterns); i++)
        if (fnmatch(patterns[i], name, FNM_NOESCAPE | FNM_CASEFOLD) == 0)
            return true;
    return false;
}

bool
sp_dav_is_within(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return len == 0 || (strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

bool
sp_dav_lock_covers(const struct sp_dav_lock *lock, const char *path)
{
    return lock->deep ? sp_dav_is_within(path, lock->path) : strcmp(lock->path, path) == 0;
}

const char *
sp_dav_etag(const struct sp_dav_row *row, struct sp_arena *arena)
{
    return row->kind == SP_DAV_FOLDER ? NULL : sp_arena_format(arena, "\"%.32s\"", row->sha256);
}

void
sp_dav_respond(struct sp_dav_call *call, const struct sp_err *err)
{
    const char *name = call->req->caller.name;
    char shown[200];
    if (err->rc != SP_E_NOTFOUND)
        sp_notice(call->api->log, "webdav: %s of '%s' by %s was refused: %s", call->req->method,
                  sp_log_clean(shown, sizeof(shown), call->req->path), name == NULL ? "nobody" : name, err->text);
    sp_respond_error(call->res, err);
}

void
sp_dav_respond_done(struct sp_dav_call *call, bool is_new)
{
    sp_respond_empty(call->res, is_new ? 201 : 204);
}

/* ---- whose ---- */

/* A token's name may be given again after it was revoked: the moment tells them apart. */
static const char *
owner_of(const struct sp_request *req)
{
    const struct sp_caller *caller = &req->caller;
    if (caller->kind == SP_CALLER_TOKEN)
        return sp_arena_format(req->arena, "dav:%s:%" PRId64, caller->name, caller->token->created);
    if (caller->kind == SP_CALLER_PEER)
        return sp_arena_format(req->arena, "dav:uid:%u", (unsigned)caller->uid);
    return sp_arena_format(req->arena, "dav:user:%s", caller->name);
}

static enum sp_rc
check_route(const struct sp_dav_call *call, const char *route, struct sp_err *err)
{
    const struct sp_token_row *token = call->req->caller.token;
    if (token != NULL && token->route[0] != '\0' && strcmp(token->route, route) != 0)
        return sp_fail(err, SP_E_DENIED, "this token belongs to another route");
    if (sp_settings_route(call->api->settings, route) == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no route of that name");
    return SP_OK;
}

/* ---- where ---- */

static enum sp_rc
join_segments(const struct sp_request *from, struct sp_arena *arena, struct sp_dav_place *ret, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    size_t parent = 0;
    for (size_t i = 1; i < from->n_segments; i++) {
        const char *part = from->segments[i];
        if (*part == '\0' && i + 1 == from->n_segments) {
            ret->slash = true;
            break;
        }
        if (*part == '\0' || strlen(part) > NAME_MAX_BYTES)
            return sp_fail(err, SP_E_INVALID, "the path has a part that is empty or too long");
        parent = path.len;
        if (path.len > 0)
            sp_str_add_char(&path, '/');
        sp_str_add(&path, part);
        ret->parts++;
    }
    if (path.len > PATH_MAX_BYTES)
        return sp_fail(err, SP_E_INVALID, "the path is too long");
    ret->path = sp_arena_text(arena, sp_str_text(&path));
    ret->parent = sp_arena_text_n(arena, sp_str_text(&path), parent);
    ret->name = ret->path == NULL ? NULL : ret->path + parent + (parent > 0);
    ret->route = sp_arena_text_n(arena, sp_str_text(&path), strcspn(sp_str_text(&path), "/"));
    if (path.failed || ret->path == NULL || ret->parent == NULL || ret->route == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    return SP_OK;
}

static enum sp_rc
find_place(const struct sp_dav_call *call, const struct sp_request *from, struct sp_dav_place *ret, struct sp_err *err)
{
    *ret = (struct sp_dav_place){ 0 };
    enum sp_rc rc = join_segments(from, call->req->arena, ret, err);
    if (rc == SP_OK && ret->parts > 0)
        rc = check_route(call, ret->route, err);
    if (rc != SP_OK)
        return rc;
    ret->exists = true;
    ret->row = (struct sp_dav_row){ .path = ret->path, .kind = SP_DAV_FOLDER, .modified = call->now };
    if (ret->parts < 2)
        return SP_OK;
    rc = sp_dav_find(call->req->db, call->owner, ret->path, call->now, call->req->arena, &ret->row, err);
    ret->exists = rc == SP_OK;
    return rc == SP_E_NOTFOUND ? SP_OK : rc;
}

/* RFC 4918 section 8.3: an absolute URI or a path. The host is not compared: behind a proxy it is not ours. */
static enum sp_rc
path_of_uri(const char *uri, struct sp_request *ret, struct sp_err *err)
{
    const char *host = strstr(uri, "://");
    if (host != NULL && uri[0] != '/')
        uri = host + 3 + strcspn(host + 3, "/");
    enum sp_rc rc = sp_request_target(ret, uri, err);
    if (rc == SP_OK && (ret->n_segments == 0 || strcmp(ret->segments[0], "dav") != 0))
        rc = sp_fail(err, SP_E_DENIED, "the destination is not below /dav");
    return rc;
}

bool
sp_dav_destination(struct sp_dav_call *call, struct sp_dav_place *ret)
{
    struct sp_err err = { 0 };
    struct sp_request target = { .arena = call->req->arena };
    const char *uri = sp_request_header(call->req, "Destination");
    enum sp_rc rc = uri == NULL ? sp_fail(&err, SP_E_INVALID, "the header Destination is missing")
                                : path_of_uri(uri, &target, &err);
    if (rc == SP_OK)
        rc = find_place(call, &target, ret, &err);
    if (rc != SP_OK)
        sp_dav_respond(call, &err);
    return rc == SP_OK;
}

/* ---- conditions ---- */

/* A list of entity tags, or "*". */
static bool
etag_among(const struct sp_dav_place *place, const char *list, struct sp_arena *arena)
{
    if (strcmp(list, "*") == 0)
        return place->exists;
    const char *etag = place->exists ? sp_dav_etag(&place->row, arena) : NULL;
    return etag != NULL && strstr(list, etag) != NULL;
}

static bool
condition_holds(void *context, const struct sp_dav_condition *condition)
{
    const struct sp_dav_call *call = context;
    struct sp_request target = { .arena = call->req->arena };
    struct sp_dav_place other;
    const struct sp_dav_place *place = &call->place;
    if (condition->resource != NULL) {
        if (path_of_uri(condition->resource, &target, NULL) != SP_OK ||
            find_place(call, &target, &other, NULL) != SP_OK)
            return false;
        place = &other;
    }
    if (condition->is_etag)
        return etag_among(place, condition->text, call->req->arena);
    for (size_t i = 0; i < call->n_locks; i++)
        if (strcmp(call->locks[i].token, condition->text) == 0 && sp_dav_lock_covers(&call->locks[i], place->path))
            return true;
    return false;
}

static bool
conditions_met(struct sp_dav_call *call)
{
    const char *match = sp_request_header(call->req, "If-Match");
    const char *none = sp_request_header(call->req, "If-None-Match");
    bool changes = strcmp(call->req->method, "GET") != 0;
    if ((match == NULL || etag_among(&call->place, match, call->req->arena)) &&
        (none == NULL || !changes || !etag_among(&call->place, none, call->req->arena)) &&
        sp_dav_if_true(&call->condition, condition_holds, call))
        return true;
    sp_respond_problem(call->res, 412, "precondition", "what is there is not what the request expects");
    return false;
}

static bool
makes_something(const struct sp_request *req)
{
    return strcmp(req->method, "PUT") == 0 || strcmp(req->method, "MKCOL") == 0 || strcmp(req->method, "LOCK") == 0;
}

bool
sp_dav_call_begin(struct sp_dav_call *call, struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    *call = (struct sp_dav_call){ .api = api, .req = req, .res = res };
    call->now = sp_wall_ms(api->clock);
    call->owner = owner_of(req);
    const char *condition = sp_request_header(req, "If");
    enum sp_rc rc = call->owner == NULL ? sp_fail(&err, SP_E_NOMEM, "webdav: out of memory") : SP_OK;
    if (rc == SP_OK)
        rc = find_place(call, req, &call->place, &err);
    if (rc == SP_E_NOTFOUND && makes_something(req))
        rc = sp_fail(&err, SP_E_CONFLICT, "there is no route of that name to put something into");
    if (rc == SP_OK)
        rc = sp_dav_locks(req->db, call->owner, call->now, SP_DAV_LOCKS_MAX, req->arena, &call->locks, &call->n_locks,
                          &err);
    if (rc == SP_OK && condition != NULL)
        rc = sp_dav_if_read(condition, req->arena, &call->condition, &err);
    if (rc != SP_OK) {
        sp_dav_respond(call, &err);
        return false;
    }
    return conditions_met(call);
}

/* ---- may it be changed ---- */

bool
sp_dav_may_change(struct sp_dav_call *call, const struct sp_dav_place *place)
{
    if (place->parts < 2) {
        sp_respond_problem(call->res, 403, "denied", "routes are made in the configuration, not here");
        return false;
    }
    for (size_t i = 0; i < call->n_locks; i++) {
        const struct sp_dav_lock *lock = &call->locks[i];
        if (!sp_dav_lock_covers(lock, place->path) && !sp_dav_is_within(lock->path, place->path))
            continue;
        if (!sp_dav_if_shows(&call->condition, lock->token)) {
            sp_respond_problem(call->res, 423, "locked", "another program has locked this");
            return false;
        }
    }
    return true;
}

bool
sp_dav_has_parent(struct sp_dav_call *call, const struct sp_dav_place *place)
{
    struct sp_err err = { 0 };
    struct sp_dav_row parent = { .kind = SP_DAV_FOLDER };
    enum sp_rc rc = SP_OK;
    if (place->parts > 2)
        rc = sp_dav_find(call->req->db, call->owner, place->parent, call->now, call->req->arena, &parent, &err);
    if (rc == SP_OK && parent.kind == SP_DAV_FOLDER)
        return true;
    if (rc == SP_OK || rc == SP_E_NOTFOUND)
        (void)sp_fail(&err, SP_E_CONFLICT, "the folder that it would be in does not exist");
    sp_dav_respond(call, &err);
    return false;
}

/* ---- what is seen ---- */

struct change {
    const struct sp_dav_call *call;
    const char *path;
    const struct sp_dav_row *row; /* what is to be seen there; NULL: nothing */
    struct sp_dav_row *gone;      /* what was */
    size_t n_gone;
};

static enum sp_rc
forget_key(struct sp_db *db, const struct sp_dav_call *call, const struct sp_dav_row *row, struct sp_err *err)
{
    if (row->kind != SP_DAV_SCAN || call->now - row->modified < tidying_ms)
        return SP_OK;
    const char *key = sp_dav_key(row->path, row->sha256, call->req->arena);
    return key == NULL ? sp_fail(err, SP_E_NOMEM, "webdav: out of memory")
                       : sp_idempotency_forget(db, call->owner, key, err);
}

static enum sp_rc
hide(struct sp_db *db, void *context, struct sp_err *err)
{
    struct change *c = context;
    enum sp_rc rc = sp_dav_remove(db, c->call->owner, c->path, c->call->req->arena, &c->gone, &c->n_gone, err);
    for (size_t i = 0; rc == SP_OK && i < c->n_gone; i++)
        rc = forget_key(db, c->call, &c->gone[i], err);
    return rc;
}

/* Counted here, where nobody else writes: many requests at once have all found room before. */
static enum sp_rc
check_usage(struct sp_db *db, const struct change *c, struct sp_err *err)
{
    uint64_t max = 2 * c->call->api->settings->gateway.max_document;
    struct sp_dav_usage usage;
    if (c->row->kind == SP_DAV_SCAN)
        return SP_OK;
    enum sp_rc rc = sp_dav_usage(db, c->call->owner, c->call->now, &usage, err);
    if (rc != SP_OK)
        return rc;
    if (c->row->kind == SP_DAV_FOLDER)
        return usage.folders < SP_DAV_FOLDERS_MAX ? SP_OK
                                                  : sp_fail(err, SP_E_NO_ROOM, "there are too many folders of yours");
    if (usage.waiting >= SP_DAV_WAITING_MAX || usage.waiting_bytes + c->row->size > max)
        return sp_fail(err, SP_E_NO_ROOM, "too many files of yours wait for their real name");
    return SP_OK;
}

/* What is written over keeps its locks. */
static enum sp_rc
show(struct sp_db *db, void *context, struct sp_err *err)
{
    struct change *c = context;
    c->gone = sp_arena_zalloc(c->call->req->arena, sizeof(*c->gone));
    if (c->gone == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    enum sp_rc rc = check_usage(db, c, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_dav_find(db, c->call->owner, c->path, 0, c->call->req->arena, c->gone, err);
    if (rc != SP_OK && rc != SP_E_NOTFOUND)
        return rc;
    c->n_gone = rc == SP_OK;
    return sp_dav_put(db, c->call->owner, c->row, err);
}

static enum sp_rc
run_change(struct change *c, sp_batch_fn *fn, struct sp_err *err)
{
    enum sp_rc rc = sp_batch_run(c->call->api->batch, fn, c, err);
    for (size_t i = 0; rc == SP_OK && i < c->n_gone; i++)
        if (c->gone[i].file[0] != '\0')
            sp_dav_room_remove(c->call->api, c->gone[i].file);
    return rc;
}

enum sp_rc
sp_dav_hide(struct sp_dav_call *call, const char *path, struct sp_err *err)
{
    struct change c = { .call = call, .path = path };
    return run_change(&c, hide, err);
}

enum sp_rc
sp_dav_show(struct sp_dav_call *call, const struct sp_dav_row *row, struct sp_err *err)
{
    struct change c = { .call = call, .path = row->path, .row = row };
    return run_change(&c, show, err);
}
