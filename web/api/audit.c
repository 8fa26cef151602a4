/* audit.c - who did what: noting it, and GET /api/v1/audit. */
#include "web/api/audit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/batch.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

enum { PAGE = 100, PAGE_MAX = 1000, CURSOR_SIZE = 24 };

static enum sp_rc
run_add(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_audit_add(db, context, err);
}

static enum sp_rc
note(const struct sp_api *api, struct sp_audit_row *row, struct sp_err *err)
{
    struct sp_err own = { 0 };
    row->at = sp_wall_ms(api->clock);
    enum sp_rc rc = sp_batch_run(api->batch, run_add, row, &own);
    if (rc == SP_OK)
        return SP_OK;
    sp_error(api->log, "audit: %s of '%s' by '%s' could not be noted: %s", row->action, row->object, row->who,
             own.text);
    return sp_fail(err, rc, "%s", own.text);
}

enum sp_rc
sp_api_audit(const struct sp_api *api, const struct sp_request *req, enum sp_audit_action action, const char *object,
             const char *detail, struct sp_err *err)
{
    struct sp_audit_row row = {
        .who = req->caller.name,
        .role = sp_role_name(req->caller.role),
        .address = req->peer.address,
        .action = sp_audit_action_name(action),
        .object = object,
        .detail = detail,
    };
    return note(api, &row, err);
}

enum sp_rc
sp_api_audit_as(const struct sp_api *api, const struct sp_request *req, const char *who, const char *role,
                enum sp_audit_action action, const char *object)
{
    struct sp_audit_row row = {
        .who = who,
        .role = role,
        .address = req->peer.address,
        .action = sp_audit_action_name(action),
        .object = object,
        .detail = "",
    };
    return note(api, &row, NULL);
}

/* ---- looking ---- */

static json_t *
row_json(const struct sp_audit_row *row)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "at", sp_json_time(row->at), "who",
                     sp_json_text(row->who), "role", sp_json_text(row->role), "address", sp_json_text(row->address),
                     "action", sp_json_text(row->action), "object", sp_json_text(row->object), "detail",
                     sp_json_text(row->detail), "count", (json_int_t)row->count);
}

/* NULL when memory is out. */
static json_t *
list_json(const struct sp_audit_row *rows, size_t count, bool more)
{
    char cursor[CURSOR_SIZE] = "";
    json_t *entries = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(entries, row_json(&rows[i])) < 0) {
            json_decref(entries);
            return NULL;
        }
    if (more)
        (void)sp_text_format(cursor, sizeof(cursor), "%lld", (long long)rows[count - 1].n);
    return json_pack("{s:o, s:o}", "entries", entries, "next", more ? json_string(cursor) : json_null());
}

static enum sp_rc
read_page(const struct sp_request *req, int64_t *ret_before, int64_t *ret_limit, struct sp_err *err)
{
    const char *cursor = sp_request_query(req, "cursor");
    *ret_before = 0;
    if (cursor != NULL && *cursor != '\0' && !sp_parse_int(cursor, 1, INT64_MAX, ret_before))
        return sp_fail(err, SP_E_INVALID, "the cursor is none of ours");
    return sp_query_int(req, "limit", 1, PAGE_MAX, PAGE, ret_limit, err);
}

static void
audit_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_audit_row *rows = NULL;
    int64_t before = 0, limit = 0;
    size_t count = 0;
    enum sp_rc rc = read_page(req, &before, &limit, &err);
    if (rc == SP_OK) /* one more than is shown says whether there are more */
        rc = sp_audit_list(req->db, before, (size_t)limit + 1, req->arena, &rows, &count, &err);
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    bool more = count > (size_t)limit;
    sp_respond_json_steal(res, 200, list_json(rows, more ? (size_t)limit : count, more));
}

const struct sp_route sp_routes_audit[] = {
    { "GET", "/api/v1/audit", SP_MAY_ADMIN, audit_list, NULL },
    { 0 },
};
