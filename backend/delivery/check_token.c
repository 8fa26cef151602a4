/* check_token.c - what the token of an application says about itself; see check.h. */
#include "backend/delivery/check.h"

#include <string.h>

#include "backend/delivery/app.h"
#include "backend/oauth/token.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"

/* `role` as a word of the list. */
static bool
has_role(const char *roles, const char *role)
{
    size_t len = strlen(role);
    for (const char *at = roles; (at = strstr(at, role)) != NULL; at += len)
        if ((at == roles || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void
tell_role(const struct sp_walk *walk, const struct sp_token_hint *hint, const char *role)
{
    if (has_role(hint->roles, role))
        sp_walk_tell(walk, SP_STAGE_TOKEN, SP_FINDING_OK, "Permission", "The token has the role %s.", role);
    else
        sp_walk_tell(
            walk, SP_STAGE_TOKEN, SP_FINDING_UNPROVEN, "Permission",
            "The token does not have the role %s (it has: %s). That is right where RBAC for Applications grants "
            "it; otherwise an administrator adds it to the app registration and grants consent.",
            role, hint->roles[0] != '\0' ? hint->roles : "none");
}

void
sp_walk_tell_token(const struct sp_walk *walk, const struct sp_app *app, const char *role)
{
    SP_AUTO(sp_secret_free) struct sp_secret *token = NULL;
    struct sp_token_failure failure;
    struct sp_token_hint hint;
    char until[SP_ISO_TIME_SIZE];
    if (!sp_token_get(app->token, 0, NULL, &token, &failure)) /* it was here a moment ago */
        return;
    const char *by = sp_token_works_by(app->token) == SP_TOKEN_BY_NEXT
                         ? " It was given for the next secret or certificate: the present one is refused."
                         : "";
    if (!sp_token_hint(token, &hint)) {
        sp_walk_tell(walk, SP_STAGE_TOKEN, SP_FINDING_OK, "Token", "Entra gave a token.%s", by);
        return;
    }
    sp_time_iso(hint.expires_ms, until);
    sp_walk_tell(walk, SP_STAGE_TOKEN, SP_FINDING_OK, "Token",
                 "Entra gave a token to the app %s of the tenant %s for %s, good until %.16s UTC.%s", hint.app,
                 hint.tenant, hint.audience, until, by);
    tell_role(walk, &hint, role);
}

bool
sp_token_says_role(const struct sp_app *app, const char *role)
{
    SP_AUTO(sp_secret_free) struct sp_secret *token = NULL;
    struct sp_token_failure failure;
    struct sp_token_hint hint;
    return sp_token_get(app->token, 0, NULL, &token, &failure) && sp_token_hint(token, &hint) &&
           has_role(hint.roles, role);
}
