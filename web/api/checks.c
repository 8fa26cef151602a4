/* checks.c - asking for a check of a method, and looking at what the sender found so far. */
#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/batch.h"
#include "db/check.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"

static json_t *
step_json(const struct sp_check_step *step)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "stage", sp_json_text(step->stage), "outcome",
                     sp_json_text(step->outcome), "title", sp_json_text(step->title), "text", sp_json_text(step->text),
                     "fix", sp_json_text(step->fix), "reply", sp_json_text(step->reply), "at", sp_json_time(step->at));
}

/* NULL when memory is out. */
static json_t *
check_json(const struct sp_check_run *run)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < run->n_steps; i++)
        if (json_array_append_new(steps, step_json(&run->steps[i])) < 0) {
            json_decref(steps);
            return NULL;
        }
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "id", sp_json_text(run->id), "method",
                     sp_json_text(run->method), "state", sp_check_state_name(run->state), "send_to",
                     sp_json_text(run->send_to), "result", sp_json_text(run->result), "created",
                     sp_json_time(run->created), "finished", sp_json_time(run->finished), "steps", steps);
}

static void
respond(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, int status, const char *id)
{
    struct sp_err err = { 0 };
    struct sp_check_run *run = NULL;
    enum sp_rc rc = sp_ulid_valid(id) ? sp_check_load(req->db, id, &run, &err)
                                      : sp_fail(&err, SP_E_NOTFOUND, "there is no such check");
    if (rc == SP_OK)
        sp_respond_json_steal(res, status, check_json(run));
    else
        sp_api_fail(api, req, res, &err);
    sp_check_free(&run);
}

static void
check_show(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    respond(api, req, res, 200, sp_request_arg(req, 0));
}

/* --- asking --- */

struct wish {
    char id[SP_ULID_SIZE];
    const char *method, *send_to;
    int64_t now;
};

static enum sp_rc
run_add(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct wish *wish = context;
    return sp_check_add(db, wish->id, wish->method, wish->send_to, wish->now, err);
}

/* The body may be missing: then nothing is sent. */
static enum sp_rc
read_wish(const struct sp_request *req, json_t **ret_body, struct wish *wish, struct sp_err *err)
{
    static const char *const keys[] = { "send", NULL };
    wish->send_to = "";
    if (req->body_size == 0)
        return SP_OK;
    enum sp_rc rc = sp_request_json(req, keys, ret_body, err);
    if (rc == SP_OK)
        rc = sp_input_text_or_none(*ret_body, "send", SP_ADDRESS_MAX, &wish->send_to, err);
    if (rc == SP_OK && wish->send_to[0] != '\0' && !sp_address_valid(wish->send_to))
        rc = sp_fail(err, SP_E_INVALID, "'send' is no e-mail address");
    return rc;
}

static enum sp_rc
find_method(const struct sp_api *api, const char *name, struct sp_err *err)
{
    const struct sp_method_settings *method = sp_settings_method(api->settings, name);
    if (method == NULL)
        return sp_fail(err, SP_E_NOTFOUND, "there is no such method");
    return method->enabled ? SP_OK : sp_fail(err, SP_E_CONFLICT, "the method is switched off (enabled = no)");
}

static void
check_add(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_ulid_gen ids = SP_ULID_GEN_INIT;
    struct wish wish = { .method = sp_request_arg(req, 0), .now = sp_wall_ms(api->clock) };
    json_t *body = NULL;
    sp_ulid_new(&ids, wish.now, wish.id);
    enum sp_rc rc = find_method(api, wish.method, &err);
    if (rc == SP_OK)
        rc = read_wish(req, &body, &wish, &err);
    if (rc == SP_OK)
        rc = sp_batch_run(api->batch, run_add, &wish, &err);
    if (rc == SP_OK) {
        char location[64];
        (void)sp_text_format(location, sizeof(location), "/api/v1/checks/%s", wish.id);
        sp_respond_header(res, "Location", location);
        sp_notice(api->log, "check %s: of %s, asked for by %s", wish.id, wish.method, req->caller.name);
        sp_api_wake_sender(api);
        (void)sp_api_audit(api, req, SP_AUDIT_METHOD_CHECK, wish.method, wish.send_to, NULL);
        respond(api, req, res, 202, wish.id);
    } else {
        sp_api_fail(api, req, res, &err);
    }
    json_decref(body);
}

const struct sp_route sp_routes_checks[] = {
    { "POST", "/api/v1/methods/:name/check", SP_MAY_OPERATE, check_add, NULL },
    { "GET", "/api/v1/checks/:id", SP_MAY_READ, check_show, NULL },
    { 0 },
};
