/* hint.c - what a token says about itself; see token.h. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "backend/oauth/jwt.h"
#include "backend/oauth/token.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"

static void
copy_text(char *to, size_t size, const json_t *value)
{
    const char *text = json_is_array(value) ? json_string_value(json_array_get(value, 0)) : json_string_value(value);
    (void)sp_log_clean(to, size, text != NULL ? text : "");
}

static void
copy_roles(char *to, size_t size, const json_t *roles)
{
    struct sp_str text = { 0 };
    size_t index = 0;
    const json_t *role = NULL;
    json_array_foreach (roles, index, role) {
        if (json_string_value(role) != NULL)
            sp_str_addf(&text, "%s%s", text.len > 0 ? " " : "", json_string_value(role));
    }
    (void)sp_log_clean(to, size, sp_str_text(&text));
    sp_str_free(&text);
}

bool
sp_token_hint(const struct sp_secret *token, struct sp_token_hint *ret)
{
    *ret = (struct sp_token_hint){ 0 };
    json_t *claims = sp_jwt_claims(sp_secret_bytes(token), sp_secret_size(token));
    if (claims == NULL)
        return false;
    const json_t *app = json_object_get(claims, "appid"); /* version 1.0, as Exchange has it; 2.0 says azp */
    copy_text(ret->audience, sizeof ret->audience, json_object_get(claims, "aud"));
    copy_text(ret->tenant, sizeof ret->tenant, json_object_get(claims, "tid"));
    copy_text(ret->app, sizeof ret->app, app != NULL ? app : json_object_get(claims, "azp"));
    copy_roles(ret->roles, sizeof ret->roles, json_object_get(claims, "roles"));
    json_int_t expires = json_integer_value(json_object_get(claims, "exp"));
    ret->expires_ms = expires > 0 && expires < INT64_MAX / 1000 ? expires * 1000 : 0;
    json_decref(claims);
    return true;
}
