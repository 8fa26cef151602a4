/* forward.c - a scan that went astray goes to somebody else: a new job with the same documents, through the one door.
 * It keeps route, subject and the names of its documents; the route's own recipients, who were sent it already, get
 * nothing. Who may be named is what the route allows; an admin may name anybody. */
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/job.h"
#include "db/spool.h"
#include "gateway/intake.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

enum { TO_MAX = 200, ADDRESS_MAX = 254 };

static enum sp_rc
copy_document(const struct sp_api *api, const struct sp_job *job, size_t n, struct sp_scan *scan, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_spool_read(api->spool, job->id, n, &fd, err);
    if (rc == SP_OK)
        rc = sp_scan_document(scan, job->documents[n - 1].name, err);
    if (rc == SP_OK)
        rc = sp_scan_write_file(scan, fd, err);
    return rc == SP_OK ? sp_scan_document_end(scan, err) : rc;
}

static enum sp_rc
hand_in(const struct sp_api *api, const struct sp_request *req, const struct sp_job *job, const char *const *to,
        size_t n_to, char ret_id[SP_ULID_SIZE], struct sp_err *err)
{
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    bool repeated = false;
    const struct sp_intake_request request = {
        .source = req->caller.kind == SP_CALLER_PEER ? "cli" : "http",
        .source_name = req->caller.name,
        .user = job->user,
        .route = sp_settings_route(api->settings, job->route) != NULL ? job->route : "",
        .to = to,
        .n_to = n_to,
        .subject = job->subject,
        .body = job->body,
        .folder_name = "",
        .forwarded_from = job->id,
        .tenant = job->tenant,
        .any_recipient = req->caller.role >= SP_ROLE_ADMIN,
    };
    enum sp_rc rc = sp_intake_begin(api->intake, NULL, &scan, err);
    for (size_t n = 1; rc == SP_OK && n <= job->n_documents; n++)
        rc = copy_document(api, job, n, scan, err);
    return rc == SP_OK ? sp_scan_commit(scan, &request, ret_id, &repeated, err) : rc;
}

static enum sp_rc
read_to(const json_t *body, const char **to, size_t *n_to, struct sp_err *err)
{
    enum sp_rc rc = sp_input_list(body, "to", ADDRESS_MAX, to, TO_MAX, n_to, err);
    return rc == SP_OK && *n_to == 0 ? sp_fail(err, SP_E_INVALID, "'to' has to name somebody") : rc;
}

static enum sp_rc
load(const struct sp_request *req, struct sp_job **ret, struct sp_err *err)
{
    const char *id = sp_request_arg(req, 0);
    enum sp_rc rc =
        sp_ulid_valid(id) ? sp_job_load(req->db, id, ret, err) : sp_fail(err, SP_E_NOTFOUND, "there is no such job");
    if (rc == SP_OK && (*ret)->documents_deleted)
        return sp_fail(err, SP_E_GONE, "the documents of this job were deleted when their retention was over");
    return rc;
}

static void
note(const struct sp_api *api, const struct sp_request *req, const char *from, const char *id, const char *const *to,
     size_t n_to)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    sp_str_addf(&words, "as %s to ", id);
    for (size_t i = 0; i < n_to; i++)
        sp_str_addf(&words, "%s%s", i > 0 ? ", " : "", to[i]);
    sp_notice(api->log, "job %s: its documents go to somebody else as job %s, by %s", from, id, req->caller.name);
    (void)sp_api_audit(api, req, SP_AUDIT_JOB_FORWARD, from, sp_str_text(&words), NULL);
}

static void
respond(const struct sp_request *req, struct sp_response *res, const char *id)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    char location[64];
    json_t *json = sp_job_load(req->db, id, &job, NULL) == SP_OK ? sp_job_json(job, true) : NULL;
    sp_respond_json_steal(res, 201, json == NULL ? json_pack("{s:s}", "id", id) : json);
    (void)sp_text_format(location, sizeof(location), "/api/v1/jobs/%s", id);
    sp_respond_header(res, "Location", location);
}

static void
job_forward(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "to", NULL };
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    struct sp_err err = { 0 };
    json_t *body = NULL;
    const char *to[TO_MAX];
    size_t n_to = 0;
    char id[SP_ULID_SIZE];
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = read_to(body, to, &n_to, &err);
    if (rc == SP_OK)
        rc = load(req, &job, &err);
    if (rc == SP_OK)
        rc = hand_in(api, req, job, to, n_to, id, &err);
    if (rc == SP_OK) {
        note(api, req, job->id, id, to, n_to);
        respond(req, res, id);
    } else {
        sp_api_fail(api, req, res, &err);
    }
    json_decref(body);
}

const struct sp_route sp_routes_forward[] = {
    { "POST", "/api/v1/jobs/:id/forward", SP_MAY_OPERATE, job_forward, NULL },
    { 0 },
};
