/* method_submission.c - SMTP AUTH client submission on port 587, as a mailbox. By password (AUTH LOGIN), which
 * Microsoft switches off by default from the end of December 2026. */
#include "backend/delivery/smtp_way.h"

#include "base/auto.h"
#include "base/text.h"

static const char *
submission_unable(const struct sp_method_settings *settings)
{
    return settings->auth == SP_AUTH_OAUTH2 ? "sign-in by OAuth is not in this version" : NULL;
}

/* smtp.office365.com for everybody but the national clouds. */
static const char *
cloud_host(enum sp_cloud cloud)
{
    switch (cloud) {
    case SP_CLOUD_WORLDWIDE:
        return "smtp.office365.com";
    case SP_CLOUD_GCC_HIGH:
        return "smtp.office365.us";
    case SP_CLOUD_DOD:
        return "outlook-dod.office365.us";
    case SP_CLOUD_CHINA:
        return "smtp.partner.outlook.cn";
    }
    return "smtp.office365.com";
}

static bool
submission_find(struct sp_smtp_way *way, struct sp_way_hosts *ret, struct sp_smtp_outcome *outcome)
{
    const char *host = sp_smtp_way_settings(way)->host;
    ret->count = 1;
    if (sp_text_copy(ret->name[0], sizeof ret->name[0],
                     host[0] != '\0' ? host : cloud_host(sp_smtp_way_tenant(way)->cloud)))
        return true;
    return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "the host name is too long: %.80s...", host);
}

static bool
submission_sign_in(struct sp_smtp_way *way, struct sp_smtp *smtp, struct sp_smtp_outcome *outcome)
{
    const struct sp_method_settings *settings = sp_smtp_way_settings(way);
    return sp_smtp_auth(smtp, SP_SASL_LOGIN, settings->username, sp_smtp_way_secret(way), outcome);
}

static const struct sp_smtp_way_kind submission_kind = {
    .type = "submission",
    .find = submission_find,
    .sign_in = submission_sign_in,
};

static enum sp_rc
submission_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    return sp_smtp_way_open(&submission_kind, settings, env, ret, err);
}

const struct sp_method sp_method_submission = {
    .name = "submission",
    .unable = submission_unable,
    .open = submission_open,
    .close = sp_smtp_way_close,
    .deliver = sp_smtp_way_deliver,
    .tidy = sp_smtp_way_tidy,
};
