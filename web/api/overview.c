/* overview.c - the first thing an administrator sees: does it work, what waits, what is wrong and who can mend it, what
 * ends soon, and when the last scan came from where. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/str.h"
#include "db/method_state.h"
#include "db/notice.h"
#include "db/tally.h"
#include "web/api/expiries.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/sources.h"
#include "web/api/tables.h"
#include "web/api/troubles.h"
#include "web/api/verdict.h"

enum { METHODS_MAX = 256, DAY_HOURS = 24 };

struct view {
    const struct sp_api *api;
    const struct sp_request *req;
    struct sp_verdict_facts facts;
    int64_t sending;
    struct sp_method_state states[METHODS_MAX];
    size_t n_states;
};

/* --- facts ---------------------------------------------------------------------------------------------------------
 */

static void
add_standing(void *context, const struct sp_standing *standing)
{
    struct view *v = context;
    if (strcmp(standing->source, "notice") == 0)
        return;
    if (strcmp(standing->state, "held") == 0)
        v->facts.held += standing->jobs;
    if (strcmp(standing->state, "sending") == 0)
        v->sending += standing->jobs;
    if (strcmp(standing->state, "queued") == 0 || strcmp(standing->state, "deferred") == 0 ||
        strcmp(standing->state, "sending") == 0)
        v->facts.waiting += standing->jobs;
}

static void
add_hour(void *context, const struct sp_tally *tally)
{
    struct view *v = context;
    if (strcmp(tally->kind, "finished") != 0)
        return;
    if (strcmp(tally->a, "sent") == 0)
        v->facts.sent += tally->number;
    if (strcmp(tally->a, "failed") == 0 || strcmp(tally->a, "partial") == 0)
        v->facts.failed += tally->number;
}

static const struct sp_method_state *
state_of(const struct view *v, const char *name)
{
    for (size_t i = 0; i < v->n_states; i++)
        if (strcmp(v->states[i].name, name) == 0)
            return &v->states[i];
    return NULL;
}

/* Enabled, and in its tenant's order when there is one. */
static bool
is_used(const struct sp_settings *settings, const struct sp_method_settings *method)
{
    const struct sp_tenant_settings *tenant = sp_settings_tenant(settings, method->tenant);
    bool used = tenant == NULL || tenant->methods.count == 0;
    for (size_t i = 0; !used && i < tenant->methods.count; i++)
        used = strcmp(tenant->methods.items[i], method->name) == 0;
    return used && method->enabled;
}

static void
look_at_methods(struct view *v)
{
    const struct sp_settings *settings = v->api->settings;
    v->facts.down_name = v->facts.down_reason = "";
    for (size_t i = 0; i < settings->n_methods; i++) {
        const struct sp_method_settings *method = &settings->methods[i];
        const struct sp_method_state *state = state_of(v, method->name);
        if (!is_used(settings, method))
            continue;
        v->facts.methods++;
        if (state == NULL || state->state != SP_HEALTH_DOWN)
            continue;
        v->facts.down++;
        if (v->facts.down > 1 && state->since < v->facts.down_since)
            continue;
        v->facts.down_since = state->since;
        v->facts.down_name = state->name;
        v->facts.down_reason = state->reason;
    }
}

static enum sp_rc
load(struct view *v, struct sp_err *err)
{
    struct sp_db *db = v->req->db;
    struct sp_verdict_facts *f = &v->facts;
    int64_t hour = f->now / SP_HOUR_MS;
    enum sp_rc rc = sp_standing_each(db, add_standing, v, err);
    if (rc == SP_OK)
        rc = sp_tally_each(db, hour - DAY_HOURS + 1, hour + 1, add_hour, v, err);
    if (rc == SP_OK)
        rc = sp_notice_oldest_waiting(db, &f->oldest_waiting, err);
    if (rc == SP_OK)
        rc = sp_last_accepted(db, &f->last_accepted, err);
    if (rc == SP_OK)
        rc = sp_last_taken(db, &f->last_taken, err);
    if (rc == SP_OK)
        rc = sp_method_states_load(db, v->states, METHODS_MAX, &v->n_states, err);
    look_at_methods(v);
    return rc;
}

/* --- in JSON -------------------------------------------------------------------------------------------------------
 */

static json_t *
methods_json(const struct view *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->api->settings->n_methods; i++) {
        const struct sp_method_settings *method = &v->api->settings->methods[i];
        const struct sp_method_state *state = state_of(v, method->name);
        if (!method->enabled)
            continue;
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "name", sp_json_text(method->name),
                                              "type", sp_method_type_name(method->type), "state",
                                              sp_health_state_name(state == NULL ? SP_HEALTH_UNPROVEN : state->state),
                                              "reason", sp_json_text(state == NULL ? "" : state->reason), "since",
                                              sp_json_time(state == NULL ? 0 : state->since), "retry_at",
                                              sp_json_time(state == NULL ? 0 : state->retry_at)));
    }
    return list;
}

static enum sp_rc
sources_json(const struct view *v, json_t **ret, struct sp_err *err)
{
    struct sp_api_source *sources = NULL;
    size_t count = 0;
    enum sp_rc rc = sp_api_sources(v->api, v->req, &sources, &count, err);
    if (rc != SP_OK)
        return rc;
    *ret = json_array();
    for (size_t i = 0; i < count; i++)
        if (sources[i].token == NULL || sources[i].token->revoked == 0)
            json_array_append_new(*ret, json_pack("{s:s, s:o, s:o, s:b, s:o, s:I}", "kind", sources[i].kind, "name",
                                                  sp_json_text(sources[i].name), "last_scan",
                                                  sp_json_time(sources[i].last_scan), "silent", (int)sources[i].silent,
                                                  "trouble", sp_json_text(sources[i].trouble), "count",
                                                  (json_int_t)sources[i].count));
    return SP_OK;
}

static json_t *
view_json(const struct view *v, json_t *troubles, json_t *sources)
{
    SP_AUTO(sp_str_free) struct sp_str sentence = { 0 };
    const struct sp_verdict_facts *f = &v->facts;
    enum sp_works works = sp_verdict(f, &sentence);
    return json_pack("{s:s, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "works",
                     sp_works_name(works), "sentence", sp_json_text(sp_str_text(&sentence)), "waiting",
                     (json_int_t)f->waiting, "oldest_waiting", sp_json_time(f->oldest_waiting), "sending",
                     (json_int_t)v->sending, "held", (json_int_t)f->held, "sent_24h", (json_int_t)f->sent, "failed_24h",
                     (json_int_t)f->failed, "last_sent", sp_json_time(f->last_accepted), "last_scan",
                     sp_json_time(f->last_taken), "troubles", troubles, "methods", methods_json(v), "expiries",
                     sp_expiries_json(v->api), "sources", sources);
}

static void
overview(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    json_t *troubles = NULL, *sources = NULL;
    SP_AUTO_FREE struct view *v = calloc(1, sizeof(*v));
    enum sp_rc rc = v == NULL ? sp_fail(&err, SP_E_NOMEM, "http: out of memory") : SP_OK;
    if (rc == SP_OK) {
        v->api = api;
        v->req = req;
        v->facts.now = sp_wall_ms(api->clock);
        v->facts.zone = api->settings->gateway.time_zone;
        rc = load(v, &err);
    }
    if (rc == SP_OK)
        rc = sp_troubles_json(api, req, &troubles, &err);
    if (rc == SP_OK)
        rc = sources_json(v, &sources, &err);
    if (rc == SP_OK) {
        sp_respond_json_steal(res, 200, view_json(v, troubles, sources));
        return;
    }
    json_decref(troubles);
    sp_api_fail(api, req, res, &err);
}

const struct sp_route sp_routes_overview[] = {
    { "GET", "/api/v1/overview", SP_MAY_READ, overview, NULL },
    { 0 },
};
