/* methods.c - each configured method, and what the sender knows of it. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/settings.h"
#include "db/method_state.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

enum { STATES_ROOM = 256 };

static const struct sp_method_state *
state_of(const struct sp_method_state *states, size_t count, const char *name)
{
    static const struct sp_method_state unproven = { .state = SP_HEALTH_UNPROVEN };
    for (size_t i = 0; i < count; i++)
        if (strcmp(states[i].name, name) == 0)
            return &states[i];
    return &unproven;
}

static json_t *
method_json(const struct sp_method_settings *method, const struct sp_method_state *state)
{
    return json_pack("{s:o, s:s, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", sp_json_text(method->name),
                     "type", sp_method_type_name(method->type), "tenant", sp_json_text(method->tenant), "enabled",
                     method->enabled, "state", sp_health_state_name(state->state), "class",
                     sp_json_text(state->class_name), "cause", sp_json_text(state->cause), "reason",
                     sp_json_text(state->reason), "fix", sp_json_text(state->fix), "since", sp_json_time(state->since),
                     "retry_at", sp_json_time(state->retry_at), "proven_at", sp_json_time(state->proven_at));
}

static void
method_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    size_t count = 0;
    SP_AUTO_FREE struct sp_method_state *states = calloc(STATES_ROOM, sizeof(*states));
    enum sp_rc rc = states == NULL ? sp_fail(&err, SP_E_NOMEM, "http: out of memory")
                                   : sp_method_states_load(req->db, states, STATES_ROOM, &count, &err);
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < api->settings->n_methods; i++) {
        const struct sp_method_settings *method = &api->settings->methods[i];
        json_array_append_new(list, method_json(method, state_of(states, count, method->name)));
    }
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "methods", list));
}

const struct sp_route sp_routes_methods[] = {
    { "GET", "/api/v1/methods", SP_MAY_READ, method_list, NULL },
    { 0 },
};
