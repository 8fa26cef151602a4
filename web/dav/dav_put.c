/* dav_put.c - by its name it is known at the start whether a file waits; that it is empty, only at the end. A file
 * that waits is bounded by what its owner has waiting already. */
#include "web/dav/dav_put.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/settings.h"
#include "gateway/intake.h"
#include "web/dav/dav_call.h"
#include "web/dav/dav_room.h"
#include "web/dav/dav_take.h"

enum { ROOM_CHECK_EVERY = 4 << 20 };

struct sp_upload {
    struct sp_dav_call call;
    struct sp_scan *scan;    /* of a name that documents have, else: */
    char file[SP_ULID_SIZE]; /* where the bytes wait; "" once a row knows it */
    int fd;
    struct sp_sha256 *sum;
    uint64_t size, unchecked, room; /* room: for bytes that wait */
};

static void
put_free(struct sp_upload *upload)
{
    if (upload->file[0] != '\0')
        sp_dav_room_remove(upload->call.api, upload->file);
    if (upload->fd >= 0)
        close(upload->fd);
    sp_sha256_free(&upload->sum);
    sp_scan_free(&upload->scan);
    free(upload);
}

/* ---- begin ---- */

static bool
is_possible(struct sp_dav_call *call)
{
    const struct sp_dav_place *place = &call->place;
    if (sp_request_header(call->req, "Content-Range") != NULL) { /* RFC 9110 section 14.5 */
        sp_respond_problem(call->res, 400, "invalid", "a part of a file cannot be put here");
        return false;
    }
    if (place->slash || (place->exists && place->row.kind == SP_DAV_FOLDER)) {
        sp_respond_problem(call->res, 405, "method_not_allowed", "this is a folder; put files into it");
        sp_respond_header(call->res, "Allow", "OPTIONS, PROPFIND, PROPPATCH, MKCOL, DELETE, MOVE, LOCK, UNLOCK");
        return false;
    }
    return sp_dav_may_change(call, place) && sp_dav_has_parent(call, place);
}

static enum sp_rc
begin_waiting(struct sp_upload *upload, struct sp_err *err)
{
    const struct sp_dav_call *call = &upload->call;
    uint64_t max = call->api->settings->gateway.max_document;
    struct sp_dav_usage usage;
    enum sp_rc rc = sp_dav_usage(call->req->db, call->owner, call->now, &usage, err);
    if (rc == SP_OK && (usage.waiting >= SP_DAV_WAITING_MAX || usage.waiting_bytes >= 2 * max))
        rc = sp_fail(err, SP_E_NO_ROOM, "too many files of yours wait for their real name");
    if (rc == SP_OK)
        rc = sp_intake_room(call->api->intake, 0, err);
    if (rc != SP_OK)
        return rc;
    upload->room = 2 * max - usage.waiting_bytes;
    upload->sum = sp_sha256_new();
    if (upload->sum == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    return sp_dav_room_create(call->api, upload->file, &upload->fd, err);
}

static enum sp_rc
begin_scan(struct sp_upload *upload, struct sp_err *err)
{
    enum sp_rc rc = sp_intake_begin(upload->call.api->intake, NULL, &upload->scan, err);
    return rc == SP_OK ? sp_scan_document(upload->scan, upload->call.place.name, err) : rc;
}

static struct sp_upload *
put_begin(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_upload *upload = calloc(1, sizeof(*upload));
    if (upload == NULL) {
        sp_respond_problem(res, 500, "nomem", "out of memory");
        return NULL;
    }
    upload->fd = -1;
    if (!sp_dav_call_begin(&upload->call, api, req, res) || !is_possible(&upload->call)) {
        free(upload);
        return NULL;
    }
    bool waits = sp_dav_name_waits(upload->call.place.name);
    enum sp_rc rc = waits ? begin_waiting(upload, &err) : begin_scan(upload, &err);
    if (rc == SP_OK)
        return upload;
    sp_dav_respond(&upload->call, &err);
    put_free(upload);
    return NULL;
}

/* ---- take ---- */

static enum sp_rc
write_waiting(struct sp_upload *upload, const void *bytes, size_t size, struct sp_err *err)
{
    const struct sp_api *api = upload->call.api;
    if (size > api->settings->gateway.max_document - upload->size)
        return sp_fail(err, SP_E_TOO_LARGE, "the file is larger than max-document");
    if (size > upload->room - upload->size)
        return sp_fail(err, SP_E_NO_ROOM, "too many bytes of yours wait for their real name");
    upload->unchecked += size;
    if (upload->unchecked >= ROOM_CHECK_EVERY) {
        enum sp_rc rc = sp_intake_room(api->intake, size, err);
        if (rc != SP_OK)
            return rc;
        upload->unchecked = 0;
    }
    sp_sha256_add(upload->sum, bytes, size);
    return sp_io_write_all(upload->fd, bytes, size, err);
}

static bool
put_take(struct sp_upload *upload, const void *bytes, size_t size, struct sp_response *res)
{
    struct sp_err err = { 0 };
    enum sp_rc rc = upload->scan != NULL ? sp_scan_write(upload->scan, bytes, size, &err)
                                         : write_waiting(upload, bytes, size, &err);
    upload->size += size;
    upload->call.res = res;
    if (rc != SP_OK)
        sp_dav_respond(&upload->call, &err);
    return rc == SP_OK;
}

/* ---- end ---- */

static enum sp_rc
end_waiting(struct sp_upload *upload, struct sp_dav_row *row, struct sp_err *err)
{
    struct sp_dav_call *call = &upload->call;
    char sha256[SP_SHA256_HEX_SIZE];
    if (upload->size == 0)
        sp_sha256_hex("", 0, sha256);
    else
        sp_sha256_end_hex(upload->sum, sha256);
    *row = (struct sp_dav_row){ .path = call->place.path,
                                .kind = SP_DAV_WAITING,
                                .job = "",
                                .file = upload->size == 0 ? "" : upload->file,
                                .type = "application/octet-stream",
                                .sha256 = sp_arena_text(call->req->arena, sha256),
                                .size = upload->size,
                                .created = call->now,
                                .modified = call->now,
                                .expires = call->now + sp_dav_hour_ms };
    if (row->sha256 == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    enum sp_rc rc = sp_dav_show(call, row, err);
    if (rc == SP_OK && upload->size > 0)
        upload->file[0] = '\0'; /* the row's from now on */
    return rc;
}

static void
put_end(struct sp_upload *upload, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_dav_call *call = &upload->call;
    struct sp_dav_row row;
    call->req = req;
    call->res = res;
    call->now = sp_wall_ms(call->api->clock);
    bool waits = upload->scan == NULL || upload->size == 0;
    enum sp_rc rc = waits ? end_waiting(upload, &row, &err) : sp_dav_take(call, upload->scan, &call->place, &row, &err);
    if (rc != SP_OK) {
        sp_dav_respond(call, &err);
        return;
    }
    sp_dav_respond_done(call, !call->place.exists);
    const char *etag = sp_dav_etag(&row, req->arena);
    if (etag != NULL)
        sp_respond_header(res, "ETag", etag);
}

const struct sp_receiver sp_dav_put_receiver = {
    .begin = put_begin,
    .take = put_take,
    .end = put_end,
    .free = put_free,
};
