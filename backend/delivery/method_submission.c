/* method_submission.c - SMTP AUTH client submission on port 587, as a mailbox: with a token (XOAUTH2), or by password
 * (AUTH LOGIN), which Microsoft switches off by default from the end of December 2026. High Volume Email is the same
 * with another host and limits.
 *
 * A token is sent in a second line after AUTH: with 2 kB it is longer than RFC 5321 lets a command be. One that is
 * refused may have been withdrawn a moment ago, so another is fetched and tried before the refusal counts. */
#include "backend/delivery/check_smtp.h"
#include "backend/delivery/smtp_way.h"

#include <stdlib.h>

#include "backend/delivery/app.h"
#include "backend/delivery/cloud.h"
#include "backend/net/https.h"
#include "backend/oauth/token.h"
#include "base/auto.h"
#include "base/secret.h"
#include "base/text.h"

static const char *
submission_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return NULL;
}

static bool
uses_token(const struct sp_smtp_way *way)
{
    return sp_smtp_way_settings(way)->auth == SP_AUTH_OAUTH2;
}

static enum sp_rc
submission_make(struct sp_smtp_way *way, void **ret_own, struct sp_err *err)
{
    if (!uses_token(way))
        return SP_OK;
    SP_AUTO_FREE struct sp_app *app = calloc(1, sizeof *app);
    if (app == NULL)
        return sp_fail(err, SP_E_NOMEM, "method %s: out of memory", sp_smtp_way_settings(way)->name);
    enum sp_rc rc = sp_app_open(sp_smtp_way_settings(way), sp_smtp_way_env(way), app, err);
    if (rc == SP_OK)
        *ret_own = SP_STEAL(app);
    return rc;
}

static void
submission_unmake(void *own)
{
    sp_app_close(own);
    free(own);
}

static bool
no_token(const struct sp_token_failure *failure, struct sp_smtp_outcome *outcome)
{
    (void)sp_way_fail(outcome, failure->stage, failure->trouble, "%s", failure->words);
    if (failure->trouble != SP_TROUBLE_REPLY)
        return false;
    outcome->reply.code = failure->code;
    outcome->reply.lines = 1;
    (void)sp_text_copy(outcome->reply.text, sizeof outcome->reply.text, failure->words);
    return false;
}

static bool
get_token(struct sp_smtp_way *way, struct sp_transcript *transcript, struct sp_secret **ret,
          struct sp_smtp_outcome *outcome)
{
    const struct sp_app *app = sp_smtp_way_own(way);
    struct sp_token_failure failure;
    return sp_token_get(app->token, SP_TOKEN_MARGIN_S, transcript, ret, &failure) || no_token(&failure, outcome);
}

/* The token comes before the connection: no server should have to wait while it is fetched, and none is bothered when
 * there is none. */
static bool
submission_find(struct sp_smtp_way *way, struct sp_transcript *transcript, struct sp_way_hosts *ret,
                struct sp_smtp_outcome *outcome)
{
    SP_AUTO(sp_secret_free) struct sp_secret *token = NULL;
    const char *host = sp_smtp_way_settings(way)->host;
    if (uses_token(way) && !get_token(way, transcript, &token, outcome))
        return false;
    if (host[0] == '\0')
        host = sp_cloud_places(sp_smtp_way_tenant(way)->cloud)->submission_host;
    ret->count = 1;
    if (sp_text_copy(ret->name[0], sizeof ret->name[0], host))
        return true;
    return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "the host name is too long: %.80s...", host);
}

static bool
sign_in_by_token(struct sp_smtp_way *way, struct sp_smtp *smtp, struct sp_smtp_outcome *outcome)
{
    const struct sp_app *app = sp_smtp_way_own(way);
    SP_AUTO(sp_secret_free) struct sp_secret *token = NULL;
    if (!get_token(way, NULL, &token, outcome)) /* found a moment ago */
        return false;
    if (sp_smtp_auth(smtp, SP_SASL_XOAUTH2, sp_smtp_way_settings(way)->username, token, outcome))
        return true;
    if (outcome->reply.code == 535)
        sp_token_invalidate(app->token, token);
    return false;
}

static bool
submission_sign_in(struct sp_smtp_way *way, struct sp_smtp *smtp, const struct sp_secret *password,
                   struct sp_smtp_outcome *outcome)
{
    if (uses_token(way))
        return sign_in_by_token(way, smtp, outcome);
    return sp_smtp_auth(smtp, SP_SASL_LOGIN, sp_smtp_way_settings(way)->username, password, outcome);
}

static bool
submission_not_believed(struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome, enum sp_class class_)
{
    (void)way;
    return outcome->stage == SP_STAGE_AUTH && outcome->reply.code == 535 && class_ == SP_CLASS_AUTH_FAILED;
}

static const struct sp_smtp_way_kind submission_kind = {
    .type = "submission",
    .make = submission_make,
    .unmake = submission_unmake,
    .find = submission_find,
    .sign_in = submission_sign_in,
    .not_believed = submission_not_believed,
    .renewable = uses_token,
};

static enum sp_rc
submission_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    return sp_smtp_way_open(&submission_kind, settings, env, ret, err);
}

static int64_t
submission_tidy(void *way)
{
    const struct sp_app *app = sp_smtp_way_own(way);
    int64_t next = sp_smtp_way_tidy(way);
    int64_t also = app != NULL ? sp_https_tidy(app->https) : 0;
    return next == 0 || (also != 0 && also < next) ? also : next;
}

const struct sp_method sp_method_submission = {
    .name = "submission",
    .unable = submission_unable,
    .open = submission_open,
    .close = sp_smtp_way_close,
    .deliver = sp_smtp_way_deliver,
    .check = sp_smtp_way_check,
    .tidy = submission_tidy,
    .shed = sp_smtp_way_shed,
    .kept = sp_smtp_way_kept,
    .spare = sp_smtp_way_spare,
};
