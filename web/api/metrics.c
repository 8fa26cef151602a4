/* metrics.c - GET /metrics for Prometheus, text format 0.0.4. Names end in their unit, or in _total where they only
 * grow; the dashboard in packaging/grafana uses exactly these, and a test compares. What a label holds comes from
 * settings or from words of ours, and is escaped all the same. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/budget_use.h"
#include "db/job.h"
#include "db/method_state.h"
#include "db/notice.h"
#include "db/spool.h"
#include "db/tally.h"
#include "gateway/folders.h"
#include "web/api/input.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"

enum { METHODS_MAX = 256, SPANS_MAX = 16, STATES = SP_JOB_CANCELLED + 1 };

struct totals {
    struct sp_str received, bytes, finished, attempts; /* lines of each */
    int64_t spans[SPANS_MAX], delivered, delivered_ms;
    bool failed;
};

static const char *const span_ends[] = {
    "1", "2", "5", "10", "30", "60", "300", "900", "3600", "14400", "86400", "+Inf"
};

/* --- lines ---------------------------------------------------------------------------------------------------------
 */

static void
describe(struct sp_str *out, const char *name, const char *type, const char *help)
{
    sp_str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
add_label(struct sp_str *out, const char *name, const char *value, const char *before)
{
    sp_str_addf(out, "%s%s=\"", before, name);
    for (const char *c = value; *c != '\0'; c++)
        if (*c == '\n')
            sp_str_add(out, "\\n");
        else if (*c == '"' || *c == '\\')
            sp_str_addf(out, "\\%c", *c);
        else
            sp_str_add_char(out, *c);
    sp_str_add_char(out, '"');
}

static void
add_line(struct sp_str *out, const char *metric, const char *label, const char *value, int64_t number)
{
    sp_str_addf(out, "%s{", metric);
    add_label(out, label, value, "");
    sp_str_addf(out, "} %" PRId64 "\n", number);
}

static void
add_plain(struct sp_str *out, const char *name, const char *type, const char *help, int64_t number)
{
    describe(out, name, type, help);
    sp_str_addf(out, "%s %" PRId64 "\n", name, number);
}

static void
add_seconds(struct sp_str *out, int64_t ms)
{
    sp_str_addf(out, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

/* --- jobs ----------------------------------------------------------------------------------------------------------
 */

static void
count_state(void *context, const struct sp_standing *standing)
{
    int64_t *counts = context;
    enum sp_job_state state = SP_JOB_QUEUED;
    if (sp_job_state_parse(standing->state, &state))
        counts[state] += standing->jobs;
}

static enum sp_rc
add_jobs(const struct sp_api *api, struct sp_db *db, struct sp_str *out, struct sp_err *err)
{
    int64_t counts[STATES] = { 0 }, oldest = 0, now = sp_wall_ms(api->clock);
    enum sp_rc rc = sp_standing_each(db, count_state, counts, err);
    if (rc == SP_OK)
        rc = sp_notice_oldest_waiting(db, &oldest, err);
    describe(out, "scanpost_jobs", "gauge", "Jobs that are remembered, by state.");
    for (int state = 0; state < STATES; state++)
        add_line(out, "scanpost_jobs", "state", sp_job_state_name((enum sp_job_state)state), counts[state]);
    add_plain(out, "scanpost_oldest_waiting_seconds", "gauge",
              "Age of the oldest scan that is queued, sending or deferred; 0 when none is.",
              oldest > 0 && now > oldest ? (now - oldest) / 1000 : 0);
    return rc;
}

static void
add_attempts(struct totals *t, const struct sp_tally *tally)
{
    sp_str_add(&t->attempts, "scanpost_attempts_total{");
    add_label(&t->attempts, "method", tally->a, "");
    add_label(&t->attempts, "outcome", tally->b, ",");
    add_label(&t->attempts, "class", tally->c, ",");
    sp_str_addf(&t->attempts, "} %" PRId64 "\n", tally->number);
}

static void
add_delivered(struct totals *t, const struct sp_tally *tally)
{
    for (size_t i = 0; i < SP_LEN(span_ends); i++)
        if (strcmp(span_ends[i], tally->a) == 0)
            t->spans[i] += tally->number;
    t->delivered += tally->number;
    t->delivered_ms += tally->amount;
}

static void
add_total(void *context, const struct sp_tally *tally)
{
    struct totals *t = context;
    if (strcmp(tally->kind, "received") == 0) {
        add_line(&t->received, "scanpost_scans_received_total", "source", tally->a, tally->number);
        add_line(&t->bytes, "scanpost_scans_received_bytes_total", "source", tally->a, tally->amount);
    } else if (strcmp(tally->kind, "finished") == 0) {
        add_line(&t->finished, "scanpost_jobs_finished_total", "state", tally->a, tally->number);
    } else if (strcmp(tally->kind, "attempt") == 0) {
        add_attempts(t, tally);
    } else if (strcmp(tally->kind, "delivered") == 0) {
        add_delivered(t, tally);
    }
}

static void
add_histogram(struct sp_str *out, const struct totals *t)
{
    int64_t up_to = 0;
    describe(out, "scanpost_delivery_seconds", "histogram", "From the moment a scan was taken until it was sent.");
    for (size_t i = 0; i < SP_LEN(span_ends); i++) {
        up_to += t->spans[i];
        add_line(out, "scanpost_delivery_seconds_bucket", "le", span_ends[i], up_to);
    }
    sp_str_add(out, "scanpost_delivery_seconds_sum ");
    add_seconds(out, t->delivered_ms);
    sp_str_addf(out, "\nscanpost_delivery_seconds_count %" PRId64 "\n", t->delivered);
}

static void
put(struct sp_str *out, const char *name, const char *help, struct sp_str *lines)
{
    describe(out, name, "counter", help);
    sp_str_add(out, sp_str_text(lines));
    out->failed = out->failed || lines->failed;
    sp_str_free(lines);
}

static enum sp_rc
add_totals(struct sp_db *db, struct sp_str *out, struct sp_err *err)
{
    struct totals t = { .failed = false };
    enum sp_rc rc = sp_tally_totals(db, add_total, &t, err);
    put(out, "scanpost_scans_received_total", "Scans that were taken, by kind of source.", &t.received);
    put(out, "scanpost_scans_received_bytes_total", "Bytes of their documents.", &t.bytes);
    put(out, "scanpost_jobs_finished_total", "Jobs that came to an end, by how.", &t.finished);
    put(out, "scanpost_attempts_total", "Attempts to send, by method, outcome and class.", &t.attempts);
    add_histogram(out, &t);
    return rc;
}

/* --- methods -------------------------------------------------------------------------------------------------------
 */

static void
add_method_up(struct sp_str *out, const struct sp_method_settings *method, const struct sp_method_state *states,
              size_t n_states)
{
    int up = 1;
    for (size_t i = 0; i < n_states; i++)
        if (strcmp(states[i].name, method->name) == 0)
            up = states[i].state != SP_HEALTH_DOWN && states[i].state != SP_HEALTH_HALF_OPEN;
    sp_str_add(out, "scanpost_method_up{");
    add_label(out, "method", method->name, "");
    add_label(out, "type", sp_method_type_name(method->type), ",");
    sp_str_addf(out, "} %d\n", up);
}

static void
add_limit(struct sp_str *out, const char *metric, const struct sp_method_settings *method, const char *limit,
          int64_t number)
{
    sp_str_addf(out, "%s{", metric);
    add_label(out, "method", method->name, "");
    add_label(out, "limit", limit, ",");
    sp_str_addf(out, "} %" PRId64 "\n", number);
}

static void
add_budget(const struct sp_api *api, struct sp_db *db, const struct sp_method_settings *method, struct sp_str *used,
           struct sp_str *limit)
{
    int64_t now = sp_wall_ms(api->clock), messages = 0, recipients = 0;
    const char *identity = sp_method_identity(api->settings, method);
    (void)sp_budget_use_sum(db, identity, now - method->rate.window_ms, now, &messages, &recipients, NULL);
    if (method->rate.count > 0) {
        add_limit(used, "scanpost_method_budget_used", method, "rate", messages);
        add_limit(limit, "scanpost_method_budget_limit", method, "rate", method->rate.count);
    }
    if (method->per_day > 0) {
        add_limit(used, "scanpost_method_budget_used", method, "day", recipients);
        add_limit(limit, "scanpost_method_budget_limit", method, "day", method->per_day);
    }
}

static enum sp_rc
add_methods(const struct sp_api *api, struct sp_db *db, struct sp_str *out, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str used = { 0 }, limit = { 0 };
    SP_AUTO_FREE struct sp_method_state *states = calloc(METHODS_MAX, sizeof(*states));
    size_t n_states = 0;
    if (states == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    enum sp_rc rc = sp_method_states_load(db, states, METHODS_MAX, &n_states, err);
    describe(out, "scanpost_method_up", "gauge", "1 unless the method is known to be shut; methods that are enabled.");
    for (size_t i = 0; i < api->settings->n_methods; i++)
        if (api->settings->methods[i].enabled) {
            add_method_up(out, &api->settings->methods[i], states, n_states);
            add_budget(api, db, &api->settings->methods[i], &used, &limit);
        }
    describe(out, "scanpost_method_budget_used", "gauge",
             "What of its limit a method's mailbox has used: messages (rate) or recipients (day).");
    sp_str_add(out, sp_str_text(&used));
    describe(out, "scanpost_method_budget_limit", "gauge", "That limit.");
    sp_str_add(out, sp_str_text(&limit));
    return rc;
}

/* --- the house -----------------------------------------------------------------------------------------------------
 */

static void
add_folders(const struct sp_api *api, struct sp_str *out)
{
    SP_AUTO(sp_str_free) struct sp_str last = { 0 };
    size_t count = api->folders == NULL ? 0 : sp_folders_count(api->folders);
    describe(out, "scanpost_folder_trouble", "gauge", "1 while a drop folder cannot be used.");
    for (size_t i = 0; i < count; i++) {
        struct sp_folder_status status;
        sp_folders_status(api->folders, i, &status);
        add_line(out, "scanpost_folder_trouble", "folder", status.name, status.trouble[0] != '\0');
        add_line(&last, "scanpost_folder_last_scan_timestamp_seconds", "folder", status.name, status.last_scan / 1000);
    }
    describe(out, "scanpost_folder_last_scan_timestamp_seconds", "gauge", "When a folder's last scan came; 0: never.");
    sp_str_add(out, sp_str_text(&last));
}

static enum sp_rc
add_disk(const struct sp_api *api, struct sp_db *db, struct sp_str *out, struct sp_err *err)
{
    int64_t kept = 0;
    uint64_t room = 0;
    enum sp_rc rc = sp_documents_size(db, &kept, err);
    if (rc == SP_OK)
        rc = sp_spool_room(api->spool, &room, err);
    add_plain(out, "scanpost_spool_bytes", "gauge", "Bytes of the documents that are kept.", kept);
    add_plain(out, "scanpost_disk_free_bytes", "gauge", "Bytes free where they are kept.", (int64_t)room);
    add_plain(out, "scanpost_disk_reserve_bytes", "gauge", "Below so many free, no scan is taken.",
              (int64_t)api->settings->gateway.reserve);
    return rc;
}

static enum sp_rc
write_all(const struct sp_api *api, struct sp_db *db, struct sp_str *out, struct sp_err *err)
{
    describe(out, "scanpost_build_info", "gauge", "Always 1; the version is a label.");
    add_line(out, "scanpost_build_info", "version", SP_VERSION, 1);
    enum sp_rc rc = add_jobs(api, db, out, err);
    if (rc == SP_OK)
        rc = add_totals(db, out, err);
    if (rc == SP_OK)
        rc = add_methods(api, db, out, err);
    add_folders(api, out);
    return rc == SP_OK ? add_disk(api, db, out, err) : rc;
}

/* --- who may -------------------------------------------------------------------------------------------------------
 */

/* The router knows only routes that anyone may read, and this may be one or not. */
static bool
admit(const struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_request asked = *req;
    struct sp_err err = { 0 };
    switch (api->settings->http.metrics) {
    case SP_METRICS_OPEN:
        return true;
    case SP_METRICS_OFF:
        sp_respond_problem(res, 404, "not_found", "metrics are off (http, metrics)");
        return false;
    case SP_METRICS_VIEWER:
        break;
    }
    enum sp_rc rc = sp_auth_identify(api->auth, &asked, &err);
    if (rc == SP_OK && asked.caller.role >= SP_ROLE_VIEWER)
        return true;
    if (rc == SP_OK)
        sp_fail(&err, asked.caller.kind == SP_CALLER_NONE ? SP_E_AUTH : SP_E_DENIED,
                "metrics are for who may sign in (http, metrics = viewer)");
    sp_respond_error(res, &err);
    return false;
}

static void
metrics(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    struct sp_err err = { 0 };
    if (!admit(api, req, res))
        return;
    enum sp_rc rc = req->db == NULL ? sp_fail(&err, SP_E_IO, "http: no database") : write_all(api, req->db, &out, &err);
    if (rc == SP_OK)
        sp_respond_text_steal(res, 200, "text/plain; version=0.0.4; charset=utf-8",
                              out.failed ? NULL : sp_str_steal(&out));
    else
        sp_api_fail(api, req, res, &err);
}

const struct sp_route sp_routes_metrics[] = {
    { "GET", "/metrics", SP_MAY_ANYONE, metrics, NULL },
    { 0 },
};
