/* tokens.c - what devices sign in with. The token itself is in one answer, once; only its digest is kept. */
#include <string.h>

#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/settings.h"
#include "db/batch.h"
#include "db/identity.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"

enum { PATTERNS_MAX = 100 };

static json_t *
token_json(const struct sp_token_row *token)
{
    json_t *to = json_array();
    for (size_t i = 0; i < token->n_patterns; i++)
        json_array_append_new(to, sp_json_text(token->patterns[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", sp_json_text(token->name), "route",
                     sp_json_text(token->route), "to", to, "created", sp_json_time(token->created), "last_used",
                     sp_json_time(token->last_used), "revoked", sp_json_time(token->revoked));
}

static void
token_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_token_row *tokens = NULL;
    size_t count = 0;
    if (sp_token_list(req->db, req->arena, &tokens, &count, &err) != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, token_json(&tokens[i]));
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "tokens", list));
}

static enum sp_rc
read_token(const struct sp_api *api, const json_t *body, struct sp_token_row *token, struct sp_err *err)
{
    enum sp_rc rc = sp_input_text(body, "name", 64, &token->name, err);
    if (rc == SP_OK && !sp_name_valid(token->name))
        rc = sp_fail(err, SP_E_INVALID, "a name is made of a-z, 0-9, '.', '_' and '-'");
    if (rc == SP_OK)
        rc = sp_input_text_or_none(body, "route", 64, &token->route, err);
    if (rc == SP_OK && token->route[0] != '\0' && sp_settings_route(api->settings, token->route) == NULL)
        rc = sp_fail(err, SP_E_INVALID, "there is no such route");
    if (rc == SP_OK)
        rc = sp_input_list(body, "to", SP_ADDRESS_MAX, token->patterns, PATTERNS_MAX, &token->n_patterns, err);
    for (size_t i = 0; i < token->n_patterns && rc == SP_OK; i++)
        if (!sp_address_pattern_valid(token->patterns[i]))
            rc = sp_fail(err, SP_E_INVALID, "'to' has to be addresses, *@domain or *");
    return rc;
}

struct fresh {
    const struct sp_token_row *row;
    const char *sha256_hex;
};

static enum sp_rc
run_insert(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct fresh *fresh = context;
    return sp_token_insert(db, fresh->row, fresh->sha256_hex, err);
}

static void
token_add(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "name", "route", "to", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    const char *patterns[PATTERNS_MAX];
    char text[SP_TOKEN_TEXT_SIZE];
    char digest[SP_SHA256_HEX_SIZE];
    struct sp_token_row token = { .patterns = patterns, .created = sp_wall_ms(api->clock) };
    struct fresh fresh = { &token, digest };
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = read_token(api, body, &token, &err);
    sp_token_make(text, digest);
    if (rc == SP_OK)
        rc = sp_batch_run(api->batch, run_insert, &fresh, &err);
    if (rc == SP_OK) {
        sp_notice(api->log, "auth: token %s made by %s", token.name, req->caller.name);
        (void)sp_api_audit(api, req, SP_AUDIT_TOKEN_ADD, token.name, token.route, NULL);
        sp_respond_json_steal(res, 201, json_pack("{s:s, s:s}", "name", token.name, "token", text));
    } else {
        sp_api_fail(api, req, res, &err);
    }
    sp_wipe(text, sizeof(text));
    json_decref(body);
}

struct end {
    const char *name;
    int64_t now;
};

static enum sp_rc
run_revoke(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct end *end = context;
    return sp_token_revoke(db, end->name, end->now, err);
}

static void
token_revoke(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct end end = { sp_request_arg(req, 0), sp_wall_ms(api->clock) };
    enum sp_rc rc = sp_name_valid(end.name) ? sp_batch_run(api->batch, run_revoke, &end, &err)
                                            : sp_fail(&err, SP_E_NOTFOUND, "there is no such token");
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    sp_notice(api->log, "auth: token %s revoked by %s", end.name, req->caller.name);
    (void)sp_api_audit(api, req, SP_AUDIT_TOKEN_REVOKE, end.name, "", NULL);
    sp_respond_empty(res, 204);
}

const struct sp_route sp_routes_tokens[] = {
    { "GET", "/api/v1/tokens", SP_MAY_ADMIN, token_list, NULL },
    { "POST", "/api/v1/tokens", SP_MAY_ADMIN, token_add, NULL },
    { "DELETE", "/api/v1/tokens/:name", SP_MAY_ADMIN, token_revoke, NULL },
    { 0 },
};
