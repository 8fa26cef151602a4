/* jobs.c - history and queue: looking, retrying, cancelling. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/job.h"
#include "db/query.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/job_query.h"
#include "web/api/tables.h"

enum { PAGE = 50, PAGE_MAX = 1000, COUNT_MAX = 10000 };

/* NULL when memory is out. */
static json_t *
list_json(const struct sp_job_list *list)
{
    json_t *jobs = json_array();
    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(jobs, sp_job_json(list->jobs[i], false)) < 0) {
            json_decref(jobs);
            return NULL;
        }
    }
    json_t *next = list->more ? json_string(list->next) : json_null();
    return json_pack("{s:o, s:o}", "jobs", jobs, "next", next);
}

static void
job_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_query query;
    struct sp_job_list list = { 0 };
    const char *cursor = sp_request_query(req, "cursor");
    int64_t limit = PAGE;
    enum sp_rc rc = sp_job_query_read(api, req, &query, &err);
    if (rc == SP_OK)
        rc = sp_query_int(req, "limit", 1, PAGE_MAX, PAGE, &limit, &err);
    const struct sp_job_filter filter = {
        .query = &query,
        .before = cursor != NULL && *cursor != '\0' ? cursor : NULL,
        .limit = (int)limit,
    };
    if (rc == SP_OK)
        rc = sp_job_list(req->db, &filter, &list, &err);
    if (rc == SP_OK)
        sp_respond_json_steal(res, 200, list_json(&list));
    else
        sp_api_fail(api, req, res, &err);
    sp_job_list_free(&list);
}

static void
job_count(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_query query;
    int64_t count = 0;
    bool more = false;
    enum sp_rc rc = sp_job_query_read(api, req, &query, &err);
    if (rc == SP_OK)
        rc = sp_job_count(req->db, &query, COUNT_MAX, &count, &more, &err);
    if (rc == SP_OK)
        sp_respond_json_steal(res, 200, json_pack("{s:I, s:b}", "count", (json_int_t)count, "more", more));
    else
        sp_api_fail(api, req, res, &err);
}

static enum sp_rc
load(const struct sp_request *req, struct sp_job **ret, struct sp_err *err)
{
    const char *id = sp_request_arg(req, 0);
    if (!sp_ulid_valid(id))
        return sp_fail(err, SP_E_NOTFOUND, "there is no such job");
    enum sp_rc rc = sp_job_load(req->db, id, ret, err);
    return rc == SP_OK ? sp_job_load_transcripts(req->db, *ret, err) : rc;
}

static void
respond_job(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, int status)
{
    struct sp_err err = { 0 };
    struct sp_job *job = NULL;
    if (load(req, &job, &err) == SP_OK)
        sp_respond_json_steal(res, status, sp_job_json(job, true));
    else
        sp_api_fail(api, req, res, &err);
    sp_job_free(&job);
}

static void
job_show(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    respond_job(api, req, res, 200);
}

struct wish {
    const char *id;
    int64_t now;
};

static enum sp_rc
run_retry(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct wish *wish = context;
    return sp_job_retry(db, wish->id, wish->now, err);
}

static enum sp_rc
run_cancel(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct wish *wish = context;
    return sp_job_cancel(db, wish->id, wish->now, err);
}

static void
act(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, sp_batch_fn *fn, const char *done,
    enum sp_audit_action action)
{
    struct sp_err err = { 0 };
    struct wish wish = { sp_request_arg(req, 0), sp_wall_ms(api->clock) };
    enum sp_rc rc = sp_ulid_valid(wish.id) ? sp_batch_run(api->batch, fn, &wish, &err)
                                           : sp_fail(&err, SP_E_NOTFOUND, "there is no such job");
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    sp_notice(api->log, "job %s: %s by %s", wish.id, done, req->caller.name);
    sp_api_wake_sender(api);
    (void)sp_api_audit(api, req, action, wish.id, "", NULL);
    respond_job(api, req, res, 202);
}

static void
job_retry(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    act(api, req, res, run_retry, "queued again", SP_AUDIT_JOB_RETRY);
}

static void
job_cancel(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    act(api, req, res, run_cancel, "cancelled", SP_AUDIT_JOB_CANCEL);
}

const struct sp_route sp_routes_jobs[] = {
    { "GET", "/api/v1/jobs", SP_MAY_READ, job_list, NULL },
    { "GET", "/api/v1/jobs/count", SP_MAY_READ, job_count, NULL },
    { "GET", "/api/v1/jobs/:id", SP_MAY_READ, job_show, NULL },
    { "POST", "/api/v1/jobs/:id/retry", SP_MAY_OPERATE, job_retry, NULL },
    { "POST", "/api/v1/jobs/:id/cancel", SP_MAY_OPERATE, job_cancel, NULL },
    { 0 },
};
