/* dav_move.c - a new name. For a file that waited and gets a name that documents have, this is the moment in which it
 * is handed in; for a scan that was taken, it is only how it is seen. */
#include "web/dav/dav_methods.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/batch.h"
#include "gateway/intake.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_room.h"
#include "web/dav/dav_take.h"

struct renaming {
    const struct sp_dav_call *call;
    const char *to;
};

static enum sp_rc
rename_rows(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct renaming *r = context;
    return sp_dav_rename(db, r->call->owner, r->call->place.path, r->to, err);
}

static enum sp_rc
rename_only(struct sp_dav_call *call, const struct sp_dav_place *to, struct sp_err *err)
{
    struct renaming r = { .call = call, .to = to->path };
    enum sp_rc rc = sp_dav_hide(call, to->path, err);
    return rc == SP_OK ? sp_batch_run(call->api->batch, rename_rows, &r, err) : rc;
}

/* What waited is handed in; what was seen at the new name makes way for it. */
static enum sp_rc
hand_in(struct sp_dav_call *call, const struct sp_dav_place *to, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    struct sp_dav_row row;
    enum sp_rc rc = sp_dav_room_read(call->api, call->place.row.file, &fd, err);
    if (rc == SP_OK)
        rc = sp_intake_begin(call->api->intake, NULL, &scan, err);
    if (rc == SP_OK)
        rc = sp_scan_document(scan, to->name, err);
    if (rc == SP_OK)
        rc = sp_scan_write_file(scan, fd, err);
    if (rc == SP_OK && to->exists && to->row.kind == SP_DAV_FOLDER)
        rc = sp_dav_hide(call, to->path, err);
    if (rc == SP_OK)
        rc = sp_dav_take(call, scan, to, &row, err);
    return rc == SP_OK ? sp_dav_hide(call, call->place.path, err) : rc;
}

static bool
refuse(struct sp_dav_call *call, int status, const char *code, const char *why)
{
    sp_respond_problem(call->res, status, code, why);
    return false;
}

static bool
is_possible(struct sp_dav_call *call, const struct sp_dav_place *to)
{
    const struct sp_dav_place *from = &call->place;
    const char *overwrite = sp_request_header(call->req, "Overwrite");
    if (!from->exists)
        return refuse(call, 404, "not_found", "there is nothing of that name");
    if (sp_dav_is_within(to->path, from->path) || sp_dav_is_within(from->path, to->path))
        return refuse(call, 403, "denied", "it cannot be moved onto or into itself");
    if (!sp_dav_may_change(call, from) || !sp_dav_may_change(call, to) || !sp_dav_has_parent(call, to))
        return false;
    if (from->row.kind != SP_DAV_WAITING && strcmp(from->route, to->route) != 0)
        return refuse(call, 403, "denied", "a scan that was taken stays with its route");
    if (to->exists && overwrite != NULL && strcmp(overwrite, "F") == 0)
        return refuse(call, 412, "precondition", "there is something of the new name");
    return true;
}

void
sp_dav_move(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call call;
    struct sp_dav_place to;
    if (!sp_dav_call_begin(&call, api, req, res) || !sp_dav_destination(&call, &to) || !is_possible(&call, &to))
        return;
    const struct sp_dav_row *row = &call.place.row;
    bool handed_in = row->kind == SP_DAV_WAITING && row->size > 0 && !sp_dav_name_waits(to.name);
    enum sp_rc rc = handed_in ? hand_in(&call, &to, &err) : rename_only(&call, &to, &err);
    if (rc == SP_OK)
        sp_dav_respond_done(&call, !to.exists);
    else
        sp_dav_respond(&call, &err);
}

void
sp_dav_copy(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    (void)api;
    (void)req;
    sp_respond_problem(res, 403, "denied",
                       "a copy of a scan would be sent a second time; put it again if that is meant");
}
