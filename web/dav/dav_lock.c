/* dav_lock.c - locks, for clients that write only under one: Finder, Windows, davfs2. They keep two programs that share
 * a token apart; tokens never see each other's files anyway. At most an hour long, and then refreshed or gone. */
#include "web/dav/dav_methods.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"
#include "db/batch.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_props.h"
#include "web/dav/dav_xml.h"

static const int64_t longest_ms = 3600000, shortest_ms = 60000;

/* RFC 4918 section 10.7: "Second-N" or "Infinite", a list of wishes. The first one counts. */
static int64_t
timeout_of(const struct sp_request *req)
{
    const char *wish = sp_request_header(req, "Timeout");
    char number[12] = "";
    int64_t seconds = 0;
    if (wish == NULL || !sp_text_starts_nocase(wish, "Second-"))
        return longest_ms;
    size_t len = strspn(wish + 7, "0123456789");
    if (len >= sizeof(number))
        return longest_ms;
    memcpy(number, wish + 7, len);
    if (!sp_parse_int(number, 0, longest_ms / 1000, &seconds))
        return longest_ms;
    return seconds * 1000 < shortest_ms ? shortest_ms : seconds * 1000;
}

/* A random UUID (RFC 9562 section 5.4). */
static const char *
make_token(struct sp_arena *arena)
{
    uint8_t b[16];
    sp_random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    return sp_arena_format(
        arena, "opaquelocktoken:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

struct change {
    const char *owner;
    const struct sp_dav_lock *lock;
};

static enum sp_rc
put_lock(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct change *c = context;
    return sp_dav_lock_put(db, c->owner, c->lock, err);
}

static enum sp_rc
remove_lock(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct change *c = context;
    return sp_dav_lock_remove(db, c->owner, c->lock->token, err);
}

static void
respond_locked(struct sp_dav_call *call, const struct sp_dav_lock *lock, int status)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    const struct sp_dav_view view = { .row = &call->place.row, .locks = lock, .n_locks = 1, .now = call->now };
    sp_str_add(&out, SP_DAV_XML_HEAD "<D:prop xmlns:D=\"DAV:\">");
    sp_dav_add_locks(&out, &view);
    sp_str_add(&out, "</D:prop>\n");
    sp_respond_text_steal(call->res, status, SP_DAV_XML_TYPE, out.failed ? NULL : sp_str_steal(&out));
}

/* ---- LOCK ---- */

/* A LOCK without a body makes the locks longer whose tokens it shows. */
static void
refresh(struct sp_dav_call *call)
{
    struct sp_err err = { 0 };
    for (size_t i = 0; i < call->n_locks; i++) {
        struct sp_dav_lock lock = call->locks[i];
        if (!sp_dav_lock_covers(&lock, call->place.path) || !sp_dav_if_shows(&call->condition, lock.token))
            continue;
        lock.timeout_ms = timeout_of(call->req);
        lock.expires = call->now + lock.timeout_ms;
        struct change c = { call->owner, &lock };
        if (sp_batch_run(call->api->batch, put_lock, &c, &err) == SP_OK)
            respond_locked(call, &lock, 200);
        else
            sp_dav_respond(call, &err);
        return;
    }
    sp_respond_problem(call->res, 412, "precondition", "there is no lock to make longer");
}

static enum sp_rc
read_wish(const struct sp_dav_call *call, struct sp_dav_lock *ret, struct sp_err *err)
{
    const struct sp_request *req = call->req;
    const char *depth = sp_request_header(req, "Depth");
    struct sp_dav_body body;
    enum sp_rc rc = sp_dav_xml_read(req->body, req->body_size, req->arena, &body, err);
    if (rc != SP_OK)
        return rc;
    if (body.kind != SP_DAV_LOCKINFO || !body.write || body.exclusive == body.shared)
        return sp_fail(err, SP_E_INVALID, "there are write locks, exclusive or shared, and no others");
    if (depth != NULL && strcmp(depth, "0") != 0 && !sp_text_equal_nocase(depth, "infinity"))
        return sp_fail(err, SP_E_INVALID, "the depth of a lock is 0 or infinity");
    *ret = (struct sp_dav_lock){
        .token = make_token(req->arena),
        .path = call->place.path,
        .deep = depth == NULL || strcmp(depth, "0") != 0,
        .shared = body.shared,
        .holder = body.holder,
        .holder_is_link = body.holder_is_link,
        .timeout_ms = timeout_of(req),
    };
    ret->expires = call->now + ret->timeout_ms;
    return ret->token == NULL ? sp_fail(err, SP_E_NOMEM, "webdav: out of memory") : SP_OK;
}

static bool
is_possible(struct sp_dav_call *call, const struct sp_dav_lock *wish)
{
    if (call->place.parts < 2) {
        sp_respond_problem(call->res, 403, "denied", "routes cannot be locked");
        return false;
    }
    for (size_t i = 0; i < call->n_locks; i++) {
        const struct sp_dav_lock *lock = &call->locks[i];
        bool meets = sp_dav_lock_covers(lock, wish->path) || sp_dav_lock_covers(wish, lock->path);
        if (meets && !(lock->shared && wish->shared)) {
            sp_respond_problem(call->res, 423, "locked", "another program has locked this");
            return false;
        }
    }
    if (call->n_locks == SP_DAV_LOCKS_MAX) {
        sp_respond_problem(call->res, 507, "no_room", "there are too many locks of yours");
        return false;
    }
    return call->place.exists || sp_dav_has_parent(call, &call->place);
}

/* RFC 4918 section 7.3: locking a name that is free makes an empty file there. */
static enum sp_rc
make_empty(struct sp_dav_call *call, struct sp_err *err)
{
    static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    call->place.row = (struct sp_dav_row){ .path = call->place.path,
                                           .kind = SP_DAV_WAITING,
                                           .job = "",
                                           .file = "",
                                           .type = "application/octet-stream",
                                           .sha256 = of_nothing,
                                           .created = call->now,
                                           .modified = call->now,
                                           .expires = call->now + sp_dav_hour_ms };
    return sp_dav_show(call, &call->place.row, err);
}

void
sp_dav_lock(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call call;
    struct sp_dav_lock lock;
    if (!sp_dav_call_begin(&call, api, req, res))
        return;
    if (req->body_size == 0) {
        refresh(&call);
        return;
    }
    enum sp_rc rc = read_wish(&call, &lock, &err);
    if (rc == SP_OK && !is_possible(&call, &lock))
        return;
    if (rc == SP_OK && !call.place.exists)
        rc = make_empty(&call, &err);
    struct change c = { call.owner, &lock };
    if (rc == SP_OK)
        rc = sp_batch_run(api->batch, put_lock, &c, &err);
    if (rc != SP_OK) {
        sp_dav_respond(&call, &err);
        return;
    }
    respond_locked(&call, &lock, call.place.exists ? 200 : 201);
    const char *shown = sp_arena_format(req->arena, "<%s>", lock.token);
    if (shown != NULL)
        sp_respond_header(res, "Lock-Token", shown);
}

/* ---- UNLOCK ---- */

void
sp_dav_unlock(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call call;
    const char *shown = sp_request_header(req, "Lock-Token");
    if (!sp_dav_call_begin(&call, api, req, res))
        return;
    size_t len = shown == NULL ? 0 : strlen(shown);
    for (size_t i = 0; i < call.n_locks && len > 2; i++) {
        const struct sp_dav_lock *lock = &call.locks[i];
        if (strlen(lock->token) != len - 2 || strncmp(shown + 1, lock->token, len - 2) != 0 ||
            !sp_dav_lock_covers(lock, call.place.path))
            continue;
        struct change c = { call.owner, lock };
        if (sp_batch_run(api->batch, remove_lock, &c, &err) == SP_OK)
            sp_respond_empty(res, 204);
        else
            sp_dav_respond(&call, &err);
        return;
    }
    sp_respond_problem(res, shown == NULL ? 400 : 409, shown == NULL ? "invalid" : "conflict",
                       "there is no lock of that token here");
}
