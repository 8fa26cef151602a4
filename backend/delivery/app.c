/* app.c - from settings to a token; see app.h. */
#include "backend/delivery/app.h"

#include "backend/delivery/cloud.h"
#include "backend/delivery/method.h"
#include "backend/net/https.h"
#include "backend/oauth/token.h"
#include "base/settings.h"

enum { URL_MAX = 512 };

static enum sp_rc
open_token(const struct sp_method_settings *s, const struct sp_way_env *env, struct sp_app *app, struct sp_err *err)
{
    char url[URL_MAX];
    enum sp_cloud cloud = sp_settings_tenant(env->settings, s->tenant)->cloud;
    if (!sp_cloud_token_url(cloud, s, url, sizeof url))
        return sp_fail(err, SP_E_INVALID, "method %s: oauth-tenant is missing or too long", s->name);
    const struct sp_token_options options = {
        .name = s->name,
        .url = url,
        .client_id = s->oauth_client_id,
        .scope = sp_cloud_scope(cloud, s),
        .now = { s->oauth_client_secret_file, s->oauth_certificate, s->oauth_key },
        .next = { s->next_oauth_client_secret_file, s->next_oauth_certificate, s->next_oauth_key },
        .https = app->https,
        .clock = env->clock,
        .log = env->log,
    };
    return sp_token_new(&options, &app->token, err);
}

enum sp_rc
sp_app_open(const struct sp_method_settings *settings, const struct sp_way_env *env, struct sp_app *ret,
            struct sp_err *err)
{
    const struct sp_https_options options = {
        .ca_file = settings->ca_file,
        .proxy = env->settings->gateway.proxy,
        .clock = env->clock,
        .dns = env->dns,
    };
    struct sp_app app = { 0 };
    enum sp_rc rc = sp_https_new(&options, &app.https, err);
    if (rc == SP_OK)
        rc = open_token(settings, env, &app, err);
    if (rc == SP_OK)
        *ret = app;
    else
        sp_app_close(&app);
    return rc;
}

void
sp_app_close(struct sp_app *app)
{
    sp_token_free(&app->token);
    sp_https_free(&app->https);
}
