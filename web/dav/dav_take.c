/* dav_take.c - the repetition is found by an idempotency key and not by the row that is seen: the key is made in the
 * transaction of the job, and stands in the envelope, so that a client that sends again after a crash at any moment
 * finds its scan taken. */
#include "web/dav/dav_take.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/ulid.h"
#include "db/job.h"
#include "gateway/intake.h"
#include "web/dav/dav_call.h"

const char *
sp_dav_key(const char *path, const char *sha256, struct sp_arena *arena)
{
    return sp_arena_format(arena, "%s %s", sha256, path);
}

static void
fill_request(const struct sp_dav_call *call, const struct sp_dav_place *place, struct sp_intake_request *request)
{
    static const char *const nobody[] = { NULL };
    const struct sp_caller *caller = &call->req->caller;
    const struct sp_token_row *token = caller->token;
    *request = (struct sp_intake_request){
        .source = "webdav",
        .source_name = caller->name,
        .user = caller->kind == SP_CALLER_TOKEN ? "" : caller->name,
        .route = place->route,
        .subject = "",
        .body = "",
        .folder_name = "",
        .idempotency_owner = call->owner,
    };
    if (token != NULL) {
        request->allowed = token->n_patterns == 0 ? nobody : token->patterns;
        request->n_allowed = token->n_patterns;
    }
}

enum sp_rc
sp_dav_take(struct sp_dav_call *call, struct sp_scan *scan, const struct sp_dav_place *place, struct sp_dav_row *ret,
            struct sp_err *err)
{
    struct sp_arena *arena = call->req->arena;
    struct sp_intake_request request;
    struct sp_err seen_err = { 0 };
    char id[SP_ULID_SIZE] = "";
    bool repeated = false;
    enum sp_rc rc = sp_scan_document_end(scan, err);
    if (rc != SP_OK)
        return rc;
    const struct sp_job_document *document = sp_scan_last_document(scan);
    const char *sha256 = sp_arena_text(arena, document->sha256);
    fill_request(call, place, &request);
    request.idempotency_key = sp_dav_key(place->path, document->sha256, arena);
    if (sha256 == NULL || request.idempotency_key == NULL)
        return sp_fail(err, SP_E_NOMEM, "webdav: out of memory");
    *ret = (struct sp_dav_row){ .path = place->path,
                                .kind = SP_DAV_SCAN,
                                .file = "",
                                .type = document->type,
                                .sha256 = sha256,
                                .size = document->size,
                                .created = call->now,
                                .modified = call->now,
                                .expires = call->now + sp_dav_day_ms };
    rc = sp_scan_commit(scan, &request, id, &repeated, err);
    if (rc != SP_OK)
        return rc;
    ret->job = sp_arena_text(arena, id);
    if (repeated)
        sp_info(call->api->log, "job %s: came again from %s, taken once", id, request.source_name);
    /* It is taken, whether it is seen or not. */
    if (ret->job == NULL || sp_dav_show(call, ret, &seen_err) != SP_OK)
        sp_warn(call->api->log, "job %s: taken, but its client will not see it: %s", id, seen_err.text);
    return SP_OK;
}
