/* dav.c - the routes, and the methods that take few lines. */
#include "web/dav/dav.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/batch.h"
#include "db/spool.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_methods.h"
#include "web/dav/dav_put.h"
#include "web/dav/dav_room.h"
#include "web/dav/dav_text.h"

/* Windows looks for MS-Author-Via before it takes a server for one that can be written to. */
static void
options(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    (void)req;
    sp_respond_empty(res, 200);
    sp_respond_header(res, "DAV", "1, 2");
    sp_respond_header(res, "MS-Author-Via", "DAV");
    sp_respond_header(res, "Allow", "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK");
}

/* ---- MKCOL ---- */

static bool
may_make_folder(struct sp_dav_call *call)
{
    if (call->req->body_size > 0) { /* RFC 4918 section 9.3: of a kind that is not known here */
        sp_respond_problem(call->res, 415, "type", "a folder is made without a body");
        return false;
    }
    if (call->place.exists) {
        sp_respond_problem(call->res, 405, "method_not_allowed", "there is something of that name");
        sp_respond_header(call->res, "Allow", "OPTIONS, PROPFIND, PROPPATCH, DELETE, MOVE, LOCK, UNLOCK");
        return false;
    }
    return sp_dav_may_change(call, &call->place) && sp_dav_has_parent(call, &call->place);
}

/* A folder is there for a month: clients remember having made one. */
static void
make_folder(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call call;
    if (!sp_dav_call_begin(&call, api, req, res) || !may_make_folder(&call))
        return;
    const struct sp_dav_row row = { .path = call.place.path,
                                    .kind = SP_DAV_FOLDER,
                                    .job = "",
                                    .file = "",
                                    .type = "",
                                    .sha256 = "",
                                    .created = call.now,
                                    .modified = call.now,
                                    .expires = call.now + 30 * sp_dav_day_ms };
    if (sp_dav_show(&call, &row, &err) == SP_OK)
        sp_dav_respond_done(&call, true);
    else
        sp_dav_respond(&call, &err);
}

/* ---- DELETE ---- */

static void delete (struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call call;
    if (!sp_dav_call_begin(&call, api, req, res))
        return;
    if (!call.place.exists) {
        sp_respond_problem(res, 404, "not_found", "there is nothing of that name");
        return;
    }
    if (!sp_dav_may_change(&call, &call.place))
        return;
    if (sp_dav_hide(&call, call.place.path, &err) == SP_OK)
        sp_dav_respond_done(&call, false);
    else
        sp_dav_respond(&call, &err);
}

/* ---- GET, HEAD ---- */

static enum sp_rc
open_row(const struct sp_dav_call *call, int *ret_fd, struct sp_err *err)
{
    const struct sp_dav_row *row = &call->place.row;
    if (row->kind == SP_DAV_WAITING)
        return sp_dav_room_read(call->api, row->file, ret_fd, err);
    enum sp_rc rc = sp_spool_read(call->api->spool, row->job, 1, ret_fd, err);
    return rc == SP_E_NOTFOUND ? sp_fail(err, SP_E_GONE, "the document was sent, and is not kept any longer") : rc;
}

static void
respond_file(struct sp_dav_call *call)
{
    const struct sp_dav_row *row = &call->place.row;
    struct sp_err err = { 0 };
    char date[SP_HTTP_DATE_SIZE];
    int fd = -1;
    enum sp_rc rc = row->size == 0 ? SP_OK : open_row(call, &fd, &err);
    if (rc != SP_OK) {
        sp_dav_respond(call, &err);
        return;
    }
    if (row->size == 0)
        sp_respond_empty(call->res, 200);
    else
        sp_respond_file_steal(call->res, fd, row->size, row->type);
    sp_http_date(row->modified, date);
    sp_respond_header(call->res, "Last-Modified", date);
    sp_respond_header(call->res, "Content-Disposition", "attachment");
    const char *etag = sp_dav_etag(row, call->req->arena);
    if (etag != NULL)
        sp_respond_header(call->res, "ETag", etag);
}

static void
get(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_dav_call call;
    if (!sp_dav_call_begin(&call, api, req, res))
        return;
    if (!call.place.exists) {
        sp_respond_problem(res, 404, "not_found", "there is nothing of that name");
    } else if (call.place.row.kind == SP_DAV_FOLDER) {
        sp_respond_problem(res, 405, "method_not_allowed", "this is a folder; look into it with a WebDAV client");
        sp_respond_header(res, "Allow", "OPTIONS, PROPFIND, PROPPATCH, MKCOL, DELETE, MOVE, LOCK, UNLOCK");
    } else {
        respond_file(&call);
    }
}

/* ---- what is over ---- */

static enum sp_rc
expire(struct sp_db *db, void *context, struct sp_err *err)
{
    const int64_t *now = context;
    return sp_dav_expire(db, *now, err);
}

void
sp_dav_sweep(const struct sp_api *api)
{
    struct sp_err err = { 0 };
    int64_t now = sp_wall_ms(api->clock);
    if (sp_batch_run(api->batch, expire, &now, &err) != SP_OK)
        sp_warn(api->log, "webdav: %s", err.text);
    sp_dav_room_sweep(api, now - sp_dav_hour_ms);
}

const struct sp_route sp_routes_dav[] = {
    { "OPTIONS", "/dav/*", SP_MAY_ANYONE, options, NULL },
    { "PUT", "/dav/*", SP_MAY_SUBMIT, NULL, &sp_dav_put_receiver },
    { "GET", "/dav/*", SP_MAY_SUBMIT, get, NULL },
    { "PROPFIND", "/dav/*", SP_MAY_SUBMIT, sp_dav_propfind, NULL },
    { "PROPPATCH", "/dav/*", SP_MAY_SUBMIT, sp_dav_proppatch, NULL },
    { "MKCOL", "/dav/*", SP_MAY_SUBMIT, make_folder, NULL },
    { "DELETE", "/dav/*", SP_MAY_SUBMIT, delete, NULL },
    { "MOVE", "/dav/*", SP_MAY_SUBMIT, sp_dav_move, NULL },
    { "COPY", "/dav/*", SP_MAY_SUBMIT, sp_dav_copy, NULL },
    { "LOCK", "/dav/*", SP_MAY_SUBMIT, sp_dav_lock, NULL },
    { "UNLOCK", "/dav/*", SP_MAY_SUBMIT, sp_dav_unlock, NULL },
    { 0 },
};
