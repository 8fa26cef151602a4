/* retry.c - many jobs again at once: all that failed, or all that failed for one reason.
 * Page by page, each page one transaction, and at most a thousand jobs a request: "more" says to ask again. */
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/job.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/tables.h"

enum { PAGE = 100, MOST = 1000 };

/* What can be tried again, and makes sense to in bulk: who cancelled a job meant it. */
static const enum sp_job_state again[] = { SP_JOB_FAILED, SP_JOB_PARTIAL, SP_JOB_HELD, SP_JOB_DEFERRED };

struct page {
    const struct sp_job_list *list;
    int64_t now;
    bool done[PAGE];
};

/* A job that moved on meanwhile, or lost its documents, is passed over. */
static enum sp_rc
run_page(struct sp_db *db, void *context, struct sp_err *err)
{
    struct page *page = context;
    for (size_t i = 0; i < page->list->count; i++) {
        enum sp_rc rc = sp_job_retry(db, page->list->jobs[i]->id, page->now, err);
        if (rc != SP_OK && rc != SP_E_CONFLICT && rc != SP_E_GONE && rc != SP_E_NOTFOUND)
            return rc;
        page->done[i] = rc == SP_OK;
    }
    return SP_OK;
}

static void
collect(json_t *ids, const struct page *page)
{
    for (size_t i = 0; i < page->list->count; i++)
        if (page->done[i])
            json_array_append_new(ids, json_string(page->list->jobs[i]->id));
}

/* One state, from the newest job to the oldest. Room left in `ids` bounds it; *ret_more: there was not enough. */
static enum sp_rc
retry_state(const struct sp_api *api, struct sp_db *db, enum sp_job_state state, const char *class_name, json_t *ids,
            bool *ret_more, struct sp_err *err)
{
    char before[SP_ULID_SIZE] = "";
    enum sp_rc rc = SP_OK;
    bool more = true;
    while (rc == SP_OK && more && json_array_size(ids) < MOST) {
        struct sp_job_filter filter = { .state = &state, .limit = PAGE, .before = before[0] == '\0' ? NULL : before };
        filter.class_name = class_name[0] == '\0' ? NULL : class_name;
        struct sp_job_list list = { 0 };
        rc = sp_job_list(db, &filter, &list, err);
        struct page page = { .list = &list, .now = sp_wall_ms(api->clock) };
        if (rc == SP_OK && list.count > 0)
            rc = sp_batch_run(api->batch, run_page, &page, err);
        if (rc == SP_OK)
            collect(ids, &page);
        more = list.more;
        if (list.count > 0)
            sp_text_copy(before, sizeof(before), list.jobs[list.count - 1]->id);
        sp_job_list_free(&list);
    }
    *ret_more = *ret_more || more;
    return rc;
}

static enum sp_rc
read_wish(const json_t *body, const char **ret_class, const enum sp_job_state **ret_states, size_t *ret_count,
          struct sp_err *err)
{
    const char *word = "";
    enum sp_rc rc = sp_input_text_or_none(body, "state", 32, &word, err);
    if (rc == SP_OK)
        rc = sp_input_text_or_none(body, "class", 64, ret_class, err);
    if (rc != SP_OK)
        return rc;
    if (word[0] == '\0' && (*ret_class)[0] == '\0')
        return sp_fail(err, SP_E_INVALID, "say which: 'state' or 'class'");
    *ret_states = again;
    *ret_count = SP_LEN(again);
    if (word[0] == '\0')
        return SP_OK;
    *ret_count = 1;
    for (size_t i = 0; i < SP_LEN(again); i++, (*ret_states)++)
        if (strcmp(sp_job_state_name(again[i]), word) == 0)
            return SP_OK;
    return sp_fail(err, SP_E_INVALID, "jobs in this state are not tried again in bulk");
}

static void
note(const struct sp_api *api, const struct sp_request *req, const json_t *body, size_t count)
{
    SP_AUTO_FREE char *wish = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    char words[64];
    (void)sp_text_format(words, sizeof(words), "%zu jobs", count);
    (void)sp_api_audit(api, req, SP_AUDIT_JOBS_RETRY, wish, words, NULL);
}

static void
retry_many(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "state", "class", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    json_t *ids = json_array();
    const char *class_name = "";
    const enum sp_job_state *states = NULL;
    size_t n_states = 0;
    bool more = false;
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = read_wish(body, &class_name, &states, &n_states, &err);
    for (size_t i = 0; i < n_states && rc == SP_OK; i++)
        rc = retry_state(api, req->db, states[i], class_name, ids, &more, &err);
    size_t count = json_array_size(ids);
    if (count > 0) {
        sp_notice(api->log, "http: %zu jobs queued again by %s", count, req->caller.name);
        sp_api_wake_sender(api);
        note(api, req, body, count);
    }
    if (rc == SP_OK)
        sp_respond_json_steal(res, 200,
                              json_pack("{s:I, s:O, s:b}", "retried", (json_int_t)count, "ids", ids, "more", more));
    else
        sp_api_fail(api, req, res, &err);
    json_decref(ids);
    json_decref(body);
}

const struct sp_route sp_routes_retry[] = {
    { "POST", "/api/v1/retry", SP_MAY_OPERATE, retry_many, NULL },
    { 0 },
};
