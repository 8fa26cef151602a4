/* methods.c - each configured method, what the sender knows of it, and how its last check ended. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "db/budget_use.h"
#include "db/check.h"
#include "db/method_state.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

enum { ROOM = 256 };

/* What the database remembers. */
struct known {
    struct sp_method_state states[ROOM];
    size_t n_states;
    struct sp_check_last lasts[ROOM];
    size_t n_lasts;
};

static enum sp_rc
load(struct sp_db *db, struct known *ret, struct sp_err *err)
{
    enum sp_rc rc = sp_method_states_load(db, ret->states, ROOM, &ret->n_states, err);
    return rc == SP_OK ? sp_check_lasts(db, ret->lasts, ROOM, &ret->n_lasts, err) : rc;
}

static const struct sp_method_state *
state_of(const struct known *known, const char *name)
{
    static const struct sp_method_state unproven = { .state = SP_HEALTH_UNPROVEN };
    for (size_t i = 0; i < known->n_states; i++)
        if (strcmp(known->states[i].name, name) == 0)
            return &known->states[i];
    return &unproven;
}

static const struct sp_check_last *
last_check_of(const struct known *known, const char *name)
{
    static const struct sp_check_last never = { .finished = 0 };
    for (size_t i = 0; i < known->n_lasts; i++)
        if (strcmp(known->lasts[i].method, name) == 0)
            return &known->lasts[i];
    return &never;
}

/* What its identity may use, and has. A limit that is off is null. */
static json_t *
budget_json(const struct sp_api *api, struct sp_db *db, const struct sp_method_settings *method)
{
    struct sp_err err = { 0 };
    int64_t now = sp_wall_ms(api->clock), messages = 0, recipients = 0;
    const char *identity = sp_method_identity(api->settings, method);
    (void)sp_budget_use_sum(db, identity, now - method->rate.window_ms, now, &messages, &recipients, &err);
    json_t *rate = json_null(), *day = json_null();
    if (method->rate.count > 0)
        rate = json_pack("{s:i, s:f, s:I}", "count", (int)method->rate.count, "window_s",
                         (double)method->rate.window_ms / 1000, "used", (json_int_t)messages);
    if (method->per_day > 0)
        day = json_pack("{s:i, s:I}", "count", (int)method->per_day, "used", (json_int_t)recipients);
    return json_pack("{s:i, s:o, s:o}", "connections", (int)method->connections, "rate", rate, "per_day", day);
}

static json_t *
method_json(const struct sp_method_settings *method, const struct known *known)
{
    const struct sp_method_state *state = state_of(known, method->name);
    const struct sp_check_last *last = last_check_of(known, method->name);
    return json_pack("{s:o, s:s, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                     sp_json_text(method->name), "type", sp_method_type_name(method->type), "tenant",
                     sp_json_text(method->tenant), "enabled", method->enabled, "state",
                     sp_health_state_name(state->state), "class", sp_json_text(state->class_name), "cause",
                     sp_json_text(state->cause), "reason", sp_json_text(state->reason), "fix", sp_json_text(state->fix),
                     "since", sp_json_time(state->since), "retry_at", sp_json_time(state->retry_at), "proven_at",
                     sp_json_time(state->proven_at), "checked", sp_json_time(last->finished), "check_outcome",
                     sp_json_text(last->result));
}

static void
method_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    SP_AUTO_FREE struct known *known = calloc(1, sizeof(*known));
    enum sp_rc rc = known == NULL ? sp_fail(&err, SP_E_NOMEM, "http: out of memory") : load(req->db, known, &err);
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < api->settings->n_methods; i++) {
        const struct sp_method_settings *method = &api->settings->methods[i];
        json_t *entry = method_json(method, known);
        json_object_set_new(entry, "budget", budget_json(api, req->db, method));
        json_array_append_new(list, entry);
    }
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "methods", list));
}

const struct sp_route sp_routes_methods[] = {
    { "GET", "/api/v1/methods", SP_MAY_READ, method_list, NULL },
    { 0 },
};
