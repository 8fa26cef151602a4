/* users.c - people who may sign in. A change of password, and a removal, end the person's sessions. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/identity.h"
#include "web/api/audit.h"
#include "web/api/events.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"
#include "web/auth/password.h"

static json_t *
user_json(const struct sp_user_row *user)
{
    return json_pack("{s:o, s:s, s:o}", "name", sp_json_text(user->name), "role", sp_role_name(user->role), "created",
                     sp_json_time(user->created));
}

static void
user_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_user_row *users = NULL;
    size_t count = 0;
    if (sp_user_list(req->db, req->arena, &users, &count, &err) != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, user_json(&users[i]));
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "users", list));
}

static enum sp_rc
read_user(const json_t *body, struct sp_user_row *user, const char **password, struct sp_err *err)
{
    const char *role = "";
    enum sp_rc rc = sp_input_text(body, "name", 64, &user->name, err);
    if (rc == SP_OK && !sp_name_valid(user->name))
        rc = sp_fail(err, SP_E_INVALID, "a name is made of a-z, 0-9, '.', '_' and '-'");
    if (rc == SP_OK)
        rc = sp_input_text_or_none(body, "role", 16, &role, err);
    user->role = SP_ROLE_VIEWER;
    if (rc == SP_OK && *role != '\0' && (!sp_role_parse(role, &user->role) || user->role == SP_ROLE_NONE))
        rc = sp_fail(err, SP_E_INVALID, "a role is viewer, operator or admin");
    return rc == SP_OK ? sp_input_password(body, password, err) : rc;
}

static enum sp_rc
run_insert(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_user_insert(db, context, err);
}

static void
user_add(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "name", "role", "password", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    SP_AUTO_FREE char *hash = NULL;
    const char *password = NULL;
    struct sp_user_row user = { .created = sp_wall_ms(api->clock) };
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = read_user(body, &user, &password, &err);
    if (rc == SP_OK)
        rc = sp_password_hash(password, &hash, &err);
    user.hash = hash;
    if (rc == SP_OK)
        rc = sp_batch_run(api->batch, run_insert, &user, &err);
    if (rc == SP_OK) {
        sp_notice(api->log, "auth: user %s (%s) added by %s", user.name, sp_role_name(user.role), req->caller.name);
        (void)sp_api_audit(api, req, SP_AUDIT_USER_ADD, user.name, sp_role_name(user.role), NULL);
        sp_respond_json_steal(res, 201, user_json(&user));
    } else {
        sp_api_fail(api, req, res, &err);
    }
    sp_input_wipe(body, "password");
    json_decref(body);
}

static enum sp_rc
run_set_hash(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct sp_user_row *user = context;
    return sp_user_set_hash(db, user->name, user->hash, err);
}

static void
user_password(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "password", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    SP_AUTO_FREE char *hash = NULL;
    const char *password = NULL;
    struct sp_user_row user = { .name = sp_request_arg(req, 0) };
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = sp_input_password(body, &password, &err);
    if (rc == SP_OK)
        rc = sp_password_hash(password, &hash, &err);
    user.hash = hash;
    if (rc == SP_OK)
        rc = sp_batch_run(api->batch, run_set_hash, &user, &err);
    if (rc == SP_OK) {
        sp_notice(api->log, "auth: password of %s changed by %s", user.name, req->caller.name);
        sp_auth_end_sessions(api->auth, user.name);
        sp_events_sessions_ended(api->events);
        (void)sp_api_audit(api, req, SP_AUDIT_USER_PASSWORD, user.name, "", NULL);
        sp_respond_empty(res, 204);
    } else {
        sp_api_fail(api, req, res, &err);
    }
    sp_input_wipe(body, "password");
    json_decref(body);
}

static enum sp_rc
run_delete(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_user_delete(db, context, err);
}

static void
user_remove(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    char name[65];
    const char *arg = sp_request_arg(req, 0);
    enum sp_rc rc = sp_name_valid(arg) ? SP_OK : sp_fail(&err, SP_E_NOTFOUND, "there is no such user");
    if (rc == SP_OK) {
        sp_text_copy(name, sizeof(name), arg);
        rc = sp_batch_run(api->batch, run_delete, name, &err);
    }
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    sp_notice(api->log, "auth: user %s removed by %s", name, req->caller.name);
    sp_auth_end_sessions(api->auth, name);
    sp_events_sessions_ended(api->events);
    (void)sp_api_audit(api, req, SP_AUDIT_USER_REMOVE, name, "", NULL);
    sp_respond_empty(res, 204);
}

const struct sp_route sp_routes_users[] = {
    { "GET", "/api/v1/users", SP_MAY_ADMIN, user_list, NULL },
    { "POST", "/api/v1/users", SP_MAY_ADMIN, user_add, NULL },
    { "PUT", "/api/v1/users/:name/password", SP_MAY_ADMIN, user_password, NULL },
    { "DELETE", "/api/v1/users/:name", SP_MAY_ADMIN, user_remove, NULL },
    { 0 },
};
