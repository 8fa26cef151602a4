/* session.c - signing in and out. The cookie is nothing scripts can read; the CSRF token is in the body, for scripts of
 * ours, who send it back in X-CSRF-Token with whatever changes something. */
#include "base/auto.h"
#include "base/secret.h"
#include "base/str.h"
#include "db/first_key.h"
#include "web/api/audit.h"
#include "web/api/events.h"
#include "web/api/input.h"
#include "web/api/session_answer.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"

/* value "" : the browser forgets it. */
static void
set_cookie(const struct sp_request *req, struct sp_response *res, const char *value)
{
    struct sp_str cookie = { 0 };
    sp_str_addf(&cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", SP_SESSION_COOKIE, value,
                req->peer.tls ? "; Secure" : "", value[0] == '\0' ? "; Max-Age=0" : "");
    sp_respond_header(res, "Set-Cookie", sp_str_text(&cookie));
    sp_wipe(cookie.text, cookie.len);
    sp_str_free(&cookie);
}

static json_t *
session_json(const char *name, enum sp_role role, const char *csrf)
{
    return json_pack("{s:s, s:s, s:s}", "name", name, "role", sp_role_name(role), "csrf_token", csrf);
}

static void
respond_session(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, int status,
                const char *name, const struct sp_session *session)
{
    sp_auth_sign_out(api->auth, req); /* the one this browser had before */
    sp_respond_json_steal(res, status, session_json(name, session->role, session->csrf));
    set_cookie(req, res, session->token);
}

void
sp_respond_new_session(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, int status,
                       const struct sp_user_row *user)
{
    struct sp_session session = { 0 };
    sp_auth_begin_session(api->auth, user, &session);
    respond_session(api, req, res, status, user->name, &session);
    sp_wipe(&session, sizeof(session));
}

static void
respond_refused(const struct sp_api *api, const struct sp_request *req, struct sp_response *res,
                const struct sp_err *err)
{
    bool nobody_can = false;
    if (err->rc == SP_E_AUTH && sp_first_key_wanted(req->db, &nobody_can, NULL) == SP_OK && nobody_can) {
        sp_respond_problem(
            res, 401, "no_users",
            "nobody can sign in yet: the link for the first user is in the log, and 'scanpost user link' "
            "makes a new one");
        return;
    }
    if (err->rc != SP_E_BUSY) {
        sp_api_fail(api, req, res, err);
        return;
    }
    sp_respond_problem(res, 429, "busy", err->text);
    sp_respond_header(res, "Retry-After", "30");
}

/* The name is kept only when there is such a user: people type their password into the wrong field. */
static void
note_failure(const struct sp_api *api, const struct sp_request *req, const char *name)
{
    struct sp_user_row user = { 0 };
    bool known = sp_user_find(req->db, name, req->arena, &user, NULL) == SP_OK;
    (void)sp_api_audit_as(api, req, known ? user.name : "", "", SP_AUDIT_SIGN_IN_FAILED, "");
}

static void
session_begin(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "name", "password", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    const char *name = NULL;
    const char *password = NULL;
    struct sp_session session = { 0 };
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = sp_input_text(body, "name", 64, &name, &err);
    if (rc == SP_OK)
        rc = sp_input_text(body, "password", SP_PASSWORD_MAX, &password, &err);
    if (rc == SP_OK)
        rc = sp_auth_sign_in(api->auth, req, name, password, &session, &err);
    if (rc == SP_E_AUTH)
        note_failure(api, req, name);
    if (rc == SP_OK) {
        (void)sp_api_audit_as(api, req, name, sp_role_name(session.role), SP_AUDIT_SIGN_IN, "");
        respond_session(api, req, res, 200, name, &session);
    } else {
        respond_refused(api, req, res, &err);
    }
    sp_input_wipe(body, "password");
    sp_wipe(&session, sizeof(session));
    json_decref(body);
}

/* A page that was loaded again asks who it is, and for the CSRF token. */
static void
session_show(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    char csrf[SP_SESSION_TEXT_SIZE];
    if (req->caller.kind == SP_CALLER_SESSION && sp_auth_csrf(api->auth, req, csrf))
        sp_respond_json_steal(res, 200, session_json(req->caller.name, req->caller.role, csrf));
    else
        sp_respond_problem(res, 404, "not_found", "this was asked without a session");
}

static void
session_end(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    sp_auth_sign_out(api->auth, req);
    sp_events_sessions_ended(api->events);
    (void)sp_api_audit(api, req, SP_AUDIT_SIGN_OUT, "", "", NULL);
    sp_respond_empty(res, 204);
    set_cookie(req, res, "");
}

const struct sp_route sp_routes_session[] = {
    { "POST", "/api/v1/session", SP_MAY_ANYONE, session_begin, NULL },
    { "GET", "/api/v1/session", SP_MAY_READ, session_show, NULL },
    { "DELETE", "/api/v1/session", SP_MAY_READ, session_end, NULL },
    { 0 },
};
