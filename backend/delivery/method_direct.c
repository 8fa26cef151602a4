/* method_direct.c - direct send: anonymous mail to the tenant's own mail exchanger, port 25, for recipients inside. The
 * endpoint is looked up and never computed: its name has had suffixes for years, and new domains live under
 * mx.microsoft with a letter that cannot be guessed. A mail exchanger that is not Microsoft's belongs to a mail gateway
 * in between; that is said, and not used. */
#include "backend/delivery/smtp_way.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"

enum { DNS_TIMEOUT_MS = 30 * 1000 };

static const char *
direct_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return NULL;
}

static bool
use_mx(const struct sp_mx *mx, size_t n, const char *domain, struct sp_way_hosts *ret, struct sp_smtp_outcome *outcome)
{
    ret->count = 0;
    for (size_t i = 0; i < n && ret->count < SP_WAY_HOSTS_MAX; i++)
        if (sp_mx_is_microsoft(mx[i].host) && sp_text_copy(ret->name[ret->count], sizeof ret->name[0], mx[i].host))
            ret->count++;
    if (ret->count > 0)
        return true;
    return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS,
                       "the mail exchanger of %s is %s, which is not Microsoft's: set `host` of the method to the "
                       "tenant's own endpoint",
                       domain, mx[0].host);
}

static bool
direct_find(struct sp_smtp_way *way, struct sp_way_hosts *ret, struct sp_smtp_outcome *outcome)
{
    const struct sp_way_env *env = sp_smtp_way_env(way);
    const char *host = sp_smtp_way_settings(way)->host;
    const char *domain = sp_smtp_way_tenant(way)->domain;
    if (host[0] != '\0') {
        ret->count = 1;
        return sp_text_copy(ret->name[0], sizeof ret->name[0], host);
    }
    struct sp_mx mx[SP_DNS_MX_MAX];
    size_t n = 0;
    unsigned ttl = 0;
    struct sp_err err = { 0 };
    if (sp_dns_mx(env->dns, domain, sp_mono_ms(env->clock) + DNS_TIMEOUT_MS, mx, &n, &ttl, &err) != SP_OK)
        return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "%s", err.text);
    return use_mx(mx, n, domain, ret, outcome);
}

static const struct sp_smtp_way_kind direct_kind = {
    .type = "direct",
    .v4_only = true, /* connectors match IPv4 only, and anonymous IPv6 needs a PTR */
    .find = direct_find,
};

static enum sp_rc
direct_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    return sp_smtp_way_open(&direct_kind, settings, env, ret, err);
}

const struct sp_method sp_method_direct = {
    .name = "direct",
    .unable = direct_unable,
    .open = direct_open,
    .close = sp_smtp_way_close,
    .deliver = sp_smtp_way_deliver,
    .tidy = sp_smtp_way_tidy,
};
