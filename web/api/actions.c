/* actions.c - many jobs at once: those of a search, or those that are named. Page by page, each page one transaction,
 * and at most a thousand jobs a request: "more" says to ask again, with "next" as "cursor". */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/job.h"
#include "db/query.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/tables.h"

enum { PAGE = 100, MOST = 1000, WORK_MS = 500, ZONE_MIN = 14 * 60 };

static const struct action {
    const char *word, *done;
    enum sp_rc (*run)(struct sp_db *db, const char *id, int64_t now, struct sp_err *err);
    enum sp_audit_action audit;
    unsigned states; /* of a search, those that it makes sense for: who cancelled a job meant it */
} actions[] = {
    { "retry", "queued again", sp_job_retry, SP_AUDIT_JOBS_RETRY,
      1U << SP_JOB_FAILED | 1U << SP_JOB_PARTIAL | 1U << SP_JOB_HELD | 1U << SP_JOB_DEFERRED },
    { "cancel", "cancelled", sp_job_cancel, SP_AUDIT_JOBS_CANCEL,
      1U << SP_JOB_QUEUED | 1U << SP_JOB_HELD | 1U << SP_JOB_DEFERRED },
};

struct work {
    const struct action *action;
    json_t *ids, *skipped;
    bool more;
    char next[24];
};

struct page {
    const struct action *action;
    const char *ids[PAGE];
    size_t count;
    int64_t now;
    struct sp_err errs[PAGE];
};

/* A job that moved on meanwhile, or lost its documents, is passed over, and said why. */
static enum sp_rc
run_page(struct sp_db *db, void *context, struct sp_err *err)
{
    struct page *page = context;
    for (size_t i = 0; i < page->count; i++) {
        struct sp_err why = { 0 };
        enum sp_rc rc = page->action->run(db, page->ids[i], page->now, &why);
        if (rc != SP_OK && rc != SP_E_CONFLICT && rc != SP_E_GONE && rc != SP_E_NOTFOUND)
            return sp_fail(err, rc, "%s", why.text);
        page->errs[i] = why;
    }
    return SP_OK;
}

static enum sp_rc
do_page(const struct sp_api *api, struct page *page, struct work *work, struct sp_err *err)
{
    page->action = work->action;
    page->now = sp_wall_ms(api->clock);
    enum sp_rc rc = page->count > 0 ? sp_batch_run(api->batch, run_page, page, err) : SP_OK;
    for (size_t i = 0; rc == SP_OK && i < page->count; i++)
        if (page->errs[i].rc == SP_OK)
            json_array_append_new(work->ids, json_string(page->ids[i]));
        else
            json_array_append_new(work->skipped,
                                  json_pack("{s:s, s:s}", "id", page->ids[i], "reason", page->errs[i].text));
    return rc;
}

static size_t
handled(const struct work *work)
{
    return json_array_size(work->ids) + json_array_size(work->skipped);
}

/* From the newest job to the oldest. */
static enum sp_rc
do_search(const struct sp_api *api, struct sp_db *db, const struct sp_query *query, const char *cursor,
          struct work *work, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    work->more = true;
    while (rc == SP_OK && work->more && handled(work) < MOST) {
        const struct sp_job_filter filter = {
            .query = query,
            .before = work->next[0] != '\0' ? work->next : cursor,
            .limit = PAGE,
            .work_ms = WORK_MS,
        };
        struct sp_job_list list = { 0 };
        struct page page = { 0 };
        rc = sp_job_list(db, &filter, &list, err);
        for (; page.count < list.count; page.count++)
            page.ids[page.count] = list.jobs[page.count]->id;
        if (rc == SP_OK)
            rc = do_page(api, &page, work, err);
        work->more = list.more;
        memcpy(work->next, list.next, sizeof(work->next));
        bool slow = list.more && list.count < PAGE;
        sp_job_list_free(&list);
        if (slow)
            break;
    }
    return rc;
}

static enum sp_rc
do_named(const struct sp_api *api, const json_t *ids, struct work *work, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    size_t count = json_array_size(ids);
    if (!json_is_array(ids) || count == 0 || count > MOST)
        return sp_fail(err, SP_E_INVALID, "'ids' has to be a list of 1 to %d jobs", MOST);
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(json_array_get(ids, i)) || !sp_ulid_valid(json_string_value(json_array_get(ids, i))))
            return sp_fail(err, SP_E_INVALID, "'ids' holds something that is not the id of a job");
    for (size_t i = 0; rc == SP_OK && i < count; i += PAGE) {
        struct page page = { 0 };
        for (; page.count < PAGE && i + page.count < count; page.count++)
            page.ids[page.count] = json_string_value(json_array_get(ids, i + page.count));
        rc = do_page(api, &page, work, err);
    }
    return rc;
}

/* As GET /api/v1/jobs takes it: what is acted on has to be what was seen. */
static enum sp_rc
read_zone(const json_t *body, int *ret, struct sp_err *err)
{
    const json_t *zone = json_object_get(body, "zone_offset_min");
    json_int_t minutes = json_integer_value(zone);
    *ret = (int)minutes;
    if (zone != NULL && (!json_is_integer(zone) || minutes < -ZONE_MIN || minutes > ZONE_MIN))
        return sp_fail(err, SP_E_INVALID, "'zone_offset_min' has to be minutes east of UTC");
    return SP_OK;
}

static enum sp_rc
do_queried(const struct sp_api *api, struct sp_db *db, const json_t *body, struct work *work, struct sp_err *err)
{
    struct sp_query query;
    const char *text = NULL, *cursor = "";
    int zone = 0;
    enum sp_rc rc = sp_input_text(body, "q", SP_QUERY_MAX, &text, err);
    if (rc == SP_OK)
        rc = sp_input_text_or_none(body, "cursor", 32, &cursor, err);
    if (rc == SP_OK)
        rc = read_zone(body, &zone, err);
    if (rc == SP_OK)
        rc = sp_query_parse(text, sp_wall_ms(api->clock), zone, &query, err);
    if (rc == SP_OK)
        rc = sp_query_add_states(&query, work->action->states, err);
    return rc == SP_OK ? do_search(api, db, &query, *cursor != '\0' ? cursor : NULL, work, err) : rc;
}

static enum sp_rc
read_action(const json_t *body, const struct action **ret, struct sp_err *err)
{
    const char *word = NULL;
    enum sp_rc rc = sp_input_text(body, "action", 16, &word, err);
    if (rc != SP_OK)
        return rc;
    for (size_t i = 0; i < SP_LEN(actions); i++)
        if (strcmp(actions[i].word, word) == 0) {
            *ret = &actions[i];
            return SP_OK;
        }
    return sp_fail(err, SP_E_INVALID, "'action' is retry or cancel");
}

static enum sp_rc
act(const struct sp_api *api, const struct sp_request *req, const json_t *body, struct work *work, struct sp_err *err)
{
    enum sp_rc rc = read_action(body, &work->action, err);
    const json_t *ids = json_object_get(body, "ids");
    if (rc != SP_OK)
        return rc;
    if ((ids == NULL) == (json_object_get(body, "q") == NULL))
        return sp_fail(err, SP_E_INVALID, "say which: a search 'q', or their 'ids'");
    return ids != NULL ? do_named(api, ids, work, err) : do_queried(api, req->db, body, work, err);
}

/* All in one, "3 jobs: ID, ID, ID": however somebody asks, what was done to a job can be found by its id. */
static void
note(const struct sp_api *api, const struct sp_request *req, const struct work *work, const json_t *body)
{
    SP_AUTO(sp_str_free) struct sp_str words = { 0 };
    const char *query = json_string_value(json_object_get(body, "q"));
    size_t i = 0;
    const json_t *id = NULL;
    sp_str_addf(&words, "%zu jobs", json_array_size(work->ids));
    json_array_foreach (work->ids, i, id)
        sp_str_addf(&words, "%s%s", i == 0 ? ": " : ", ", json_string_value(id));
    (void)sp_api_audit(api, req, work->action->audit, query != NULL ? query : "", sp_str_text(&words), NULL);
}

static void
job_actions(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "action", "q", "ids", "cursor", "zone_offset_min", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    struct work work = { .ids = json_array(), .skipped = json_array() };
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = act(api, req, body, &work, &err);
    size_t count = json_array_size(work.ids);
    if (count > 0 && work.action != NULL) { /* also when a later page failed */
        sp_notice(api->log, "http: %zu jobs %s by %s", count, work.action->done, req->caller.name);
        sp_api_wake_sender(api);
        note(api, req, &work, body);
    }
    if (rc == SP_OK)
        sp_respond_json_steal(res, 200,
                              json_pack("{s:I, s:O, s:O, s:b, s:o}", "done", (json_int_t)count, "ids", work.ids,
                                        "skipped", work.skipped, "more", work.more, "next",
                                        work.more ? json_string(work.next) : json_null()));
    else
        sp_api_fail(api, req, res, &err);
    json_decref(work.ids);
    json_decref(work.skipped);
    json_decref(body);
}

const struct sp_route sp_routes_actions[] = {
    { "POST", "/api/v1/jobs/actions", SP_MAY_OPERATE, job_actions, NULL },
    { 0 },
};
