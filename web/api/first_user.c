/* first_user.c - the link for the first user, and what it leads to. The key is in the part of the address that browsers
 * keep to themselves (behind '#'), so no server, proxy or Referer sees it; the page sends it in a body. It is 256
 * random bits: guessing needs no throttle. */
#include "web/api/first_user.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/first_key.h"
#include "web/api/audit.h"
#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/session_answer.h"
#include "web/api/tables.h"
#include "web/auth/auth.h"
#include "web/auth/password.h"
#include "web/auth/sessions.h"

struct fresh_key {
    char text[SP_SESSION_TEXT_SIZE];
    char digest[SP_SHA256_HEX_SIZE];
    int64_t expires;
};

/* ---- the link ---- */

/* The first address to listen on, as a browser would call it; one that stands for all has our own name. */
static void
add_base(struct sp_str *out, const struct sp_settings *settings)
{
    const char *address = settings->http.listen.count > 0 ? settings->http.listen.items[0] : "127.0.0.1:8631";
    bool everywhere = sp_text_starts(address, "0.0.0.0:") || sp_text_starts(address, "[::]:");
    sp_str_add(out, settings->http.tls_certificate[0] != '\0' ? "https://" : "http://");
    if (everywhere)
        sp_str_addf(out, "%s%s", settings->gateway.hostname, strrchr(address, ':'));
    else
        sp_str_add(out, address);
}

static enum sp_rc
run_set(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct fresh_key *key = context;
    return sp_first_key_set(db, key->digest, key->expires, err);
}

static enum sp_rc
make_link(const struct sp_api *api, struct sp_str *link, int64_t *ret_expires, struct sp_err *err)
{
    struct fresh_key key = { .expires = sp_wall_ms(api->clock) + SP_FIRST_KEY_MS };
    sp_random_text(key.text);
    sp_sha256_hex(key.text, strlen(key.text), key.digest);
    enum sp_rc rc = sp_batch_run(api->batch, run_set, &key, err);
    if (rc == SP_OK) {
        add_base(link, api->settings);
        sp_str_addf(link, "/#/first?key=%s", key.text);
        *ret_expires = key.expires;
    }
    sp_wipe(&key, sizeof(key));
    return rc == SP_OK && link->failed ? sp_fail(err, SP_E_NOMEM, "http: out of memory") : rc;
}

void
sp_first_user_invite(const struct sp_api *api, struct sp_db *db, bool keep)
{
    SP_AUTO(sp_str_free) struct sp_str link = { 0 };
    struct sp_err err = { 0 };
    bool wanted = false, waits = false;
    int64_t expires = 0;
    enum sp_rc rc = sp_first_key_wanted(db, &wanted, &err);
    if (rc == SP_OK && wanted && keep)
        rc = sp_first_key_waits(db, sp_wall_ms(api->clock), &waits, &err);
    if (rc == SP_OK && (!wanted || waits))
        return;
    if (rc == SP_OK)
        rc = make_link(api, &link, &expires, &err);
    if (rc == SP_OK)
        sp_notice(api->log, "nobody can sign in yet; within a day, and once, the first user is made at %s",
                  sp_str_text(&link));
    else
        sp_warn(api->log, "no link for the first user: %s", err.text);
    if (link.text != NULL)
        sp_wipe(link.text, link.len);
}

/* ---- routes ---- */

static void
link_add(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    SP_AUTO(sp_str_free) struct sp_str link = { 0 };
    struct sp_err err = { 0 };
    int64_t expires = 0;
    if (make_link(api, &link, &expires, &err) != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    (void)sp_api_audit(api, req, SP_AUDIT_FIRST_LINK, "", "", NULL);
    sp_respond_json_steal(res, 201,
                          json_pack("{s:s, s:o}", "link", sp_str_text(&link), "expires", sp_json_time(expires)));
    sp_wipe(link.text, link.len);
}

struct beginning {
    char digest[SP_SHA256_HEX_SIZE];
    struct sp_user_row user;
};

static enum sp_rc
run_use(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct beginning *b = context;
    return sp_first_key_use(db, b->digest, b->user.created, &b->user, err);
}

/* The key is looked at before the password is hashed: that takes a while, and nobody shall make us do it. */
static enum sp_rc
make_user(struct sp_api *api, const struct sp_request *req, const json_t *body, struct beginning *b, char **ret_hash,
          struct sp_err *err)
{
    const char *key = NULL;
    const char *password = NULL;
    b->user = (struct sp_user_row){ .role = SP_ROLE_ADMIN, .created = sp_wall_ms(api->clock) };
    enum sp_rc rc = sp_input_text(body, "key", 64, &key, err);
    if (rc == SP_OK) {
        sp_sha256_hex(key, strlen(key), b->digest);
        rc = sp_first_key_check(req->db, b->digest, b->user.created, err);
    }
    if (rc == SP_OK)
        rc = sp_input_text(body, "name", 64, &b->user.name, err);
    if (rc == SP_OK && !sp_name_valid(b->user.name))
        rc = sp_fail(err, SP_E_INVALID, "a name is made of a-z, 0-9, '.', '_' and '-'");
    if (rc == SP_OK)
        rc = sp_input_password(body, &password, err);
    if (rc == SP_OK)
        rc = sp_password_hash(password, ret_hash, err);
    b->user.hash = *ret_hash;
    return rc == SP_OK ? sp_batch_run(api->batch, run_use, b, err) : rc;
}

static void
first_user(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    static const char *const keys[] = { "key", "name", "password", NULL };
    struct sp_err err = { 0 };
    json_t *body = NULL;
    SP_AUTO_FREE char *hash = NULL;
    struct beginning b;
    enum sp_rc rc = sp_request_json(req, keys, &body, &err);
    if (rc == SP_OK)
        rc = make_user(api, req, body, &b, &hash, &err);
    if (rc == SP_OK) {
        sp_notice(api->log, "auth: the first user, %s, was made from %s", b.user.name, req->peer.address);
        (void)sp_api_audit_as(api, req, b.user.name, sp_role_name(b.user.role), SP_AUDIT_FIRST_USER, b.user.name);
        sp_respond_new_session(api, req, res, 201, &b.user);
    } else {
        sp_api_fail(api, req, res, &err);
    }
    sp_input_wipe(body, "password");
    sp_input_wipe(body, "key");
    json_decref(body);
}

const struct sp_route sp_routes_first_user[] = {
    { "POST", "/api/v1/first-user", SP_MAY_ANYONE, first_user, NULL },
    { "POST", "/api/v1/first-user/link", SP_MAY_ADMIN, link_add, NULL },
    { 0 },
};
