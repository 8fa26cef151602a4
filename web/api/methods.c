/* methods.c - each configured method, what the sender knows of it, and how its last check ended. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/settings.h"
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
    for (size_t i = 0; i < api->settings->n_methods; i++)
        json_array_append_new(list, method_json(&api->settings->methods[i], known));
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "methods", list));
}

const struct sp_route sp_routes_methods[] = {
    { "GET", "/api/v1/methods", SP_MAY_READ, method_list, NULL },
    { 0 },
};
