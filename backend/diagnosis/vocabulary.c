/* vocabulary.c - the words and their enums. The tables are indexed by the enums, so a new value without a word shows as
 * NULL in the test that walks them. */
#include "backend/diagnosis/vocabulary.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"

static const char *const stage_names[] = {
    [SP_STAGE_NONE] = "",         [SP_STAGE_DNS] = "dns",   [SP_STAGE_CONNECT] = "connect",
    [SP_STAGE_BANNER] = "banner", [SP_STAGE_EHLO] = "ehlo", [SP_STAGE_STARTTLS] = "starttls",
    [SP_STAGE_TLS] = "tls",       [SP_STAGE_AUTH] = "auth", [SP_STAGE_MAIL] = "mail",
    [SP_STAGE_RCPT] = "rcpt",     [SP_STAGE_DATA] = "data", [SP_STAGE_MESSAGE] = "message",
    [SP_STAGE_TOKEN] = "token",   [SP_STAGE_API] = "api",
};

static const struct {
    const char *name;
    enum sp_scope scope;
} class_info[] = {
    [SP_CLASS_OK] = { "ok", SP_SCOPE_NONE },
    [SP_CLASS_IP_REPUTATION] = { "ip_reputation", SP_SCOPE_METHOD },
    [SP_CLASS_DIRECT_SEND_REJECTED] = { "direct_send_rejected", SP_SCOPE_METHOD },
    [SP_CLASS_NOT_ATTRIBUTED] = { "not_attributed", SP_SCOPE_METHOD },
    [SP_CLASS_AUTH_DISABLED] = { "auth_disabled", SP_SCOPE_METHOD },
    [SP_CLASS_AUTH_FAILED] = { "auth_failed", SP_SCOPE_METHOD },
    [SP_CLASS_AUTH_REQUIRED] = { "auth_required", SP_SCOPE_METHOD },
    [SP_CLASS_BASIC_AUTH_RETIRED] = { "basic_auth_retired", SP_SCOPE_METHOD },
    [SP_CLASS_TLS] = { "tls", SP_SCOPE_METHOD },
    [SP_CLASS_NETWORK] = { "network", SP_SCOPE_METHOD },
    [SP_CLASS_SENDER_DENIED] = { "sender_denied", SP_SCOPE_METHOD },
    [SP_CLASS_SENDER_AUTHENTICATION] = { "sender_authentication", SP_SCOPE_METHOD },
    [SP_CLASS_RECIPIENT_UNKNOWN] = { "recipient_unknown", SP_SCOPE_RECIPIENT },
    [SP_CLASS_RECIPIENT_REFUSED] = { "recipient_refused", SP_SCOPE_RECIPIENT },
    [SP_CLASS_QUOTA] = { "quota", SP_SCOPE_RECIPIENT },
    [SP_CLASS_TOO_LARGE] = { "too_large", SP_SCOPE_MESSAGE },
    [SP_CLASS_SPAM_CONTENT] = { "spam_content", SP_SCOPE_MESSAGE },
    [SP_CLASS_RATE_LIMITED] = { "rate_limited", SP_SCOPE_LATER },
    [SP_CLASS_BUSY] = { "busy", SP_SCOPE_LATER },
    [SP_CLASS_PROTOCOL] = { "protocol", SP_SCOPE_JOB },
    [SP_CLASS_OTHER] = { "other", SP_SCOPE_JOB },
};

static const char *const scope_names[] = {
    [SP_SCOPE_NONE] = "none",       [SP_SCOPE_METHOD] = "method", [SP_SCOPE_RECIPIENT] = "recipient",
    [SP_SCOPE_MESSAGE] = "message", [SP_SCOPE_LATER] = "later",   [SP_SCOPE_JOB] = "job",
};

const char *
sp_stage_name(enum sp_stage stage)
{
    return stage_names[stage];
}

bool
sp_stage_parse(const char *word, enum sp_stage *ret)
{
    for (size_t i = SP_STAGE_DNS; i < SP_LEN(stage_names); i++)
        if (strcmp(word, stage_names[i]) == 0) {
            *ret = (enum sp_stage)i;
            return true;
        }
    return false;
}

const char *
sp_class_name(enum sp_class class_)
{
    return class_info[class_].name;
}

bool
sp_class_parse(const char *word, enum sp_class *ret)
{
    for (size_t i = 0; i < SP_LEN(class_info); i++)
        if (strcmp(word, class_info[i].name) == 0) {
            *ret = (enum sp_class)i;
            return true;
        }
    return false;
}

enum sp_scope
sp_class_scope(enum sp_class class_)
{
    return class_info[class_].scope;
}

const char *
sp_scope_name(enum sp_scope scope)
{
    return scope_names[scope];
}
