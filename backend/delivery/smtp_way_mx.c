/* smtp_way_mx.c - direct send and relay have the tenant's mail exchangers in common; see smtp_way.h. */
#include "backend/delivery/endpoint.h"
#include "backend/delivery/smtp_way.h"
#include "base/clock.h"

enum { DNS_TIMEOUT_MS = 30 * 1000 };

enum sp_rc
sp_way_make_endpoint(struct sp_smtp_way *way, void **ret_own, struct sp_err *err)
{
    const struct sp_method_settings *settings = sp_smtp_way_settings(way);
    const struct sp_way_env *env = sp_smtp_way_env(way);
    const struct sp_endpoint_options options = {
        .method = settings->name,
        .host = settings->host,
        .domain = sp_smtp_way_tenant(way)->domain,
        .onmicrosoft = sp_smtp_way_tenant(way)->onmicrosoft,
        .dns = env->dns,
        .clock = env->clock,
        .log = env->log,
    };
    *ret_own = sp_endpoint_new(&options);
    return *ret_own != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "method %s: out of memory", settings->name);
}

void
sp_way_unmake_endpoint(void *own)
{
    struct sp_endpoint *endpoint = own;
    sp_endpoint_free(&endpoint);
}

bool
sp_way_find_endpoint(struct sp_smtp_way *way, struct sp_transcript *transcript, struct sp_way_hosts *ret,
                     struct sp_smtp_outcome *outcome)
{
    (void)transcript; /* where it connects to is written down there, and a failure with the attempt */
    struct sp_err err = { 0 };
    int64_t deadline = sp_mono_ms(sp_smtp_way_env(way)->clock) + DNS_TIMEOUT_MS;
    if (sp_endpoint_find(sp_smtp_way_own(way), deadline, ret, &err) == SP_OK)
        return true;
    return sp_way_fail(outcome, SP_STAGE_DNS, SP_TROUBLE_DNS, "%s", err.text);
}

void
sp_way_endpoint_unreachable(struct sp_smtp_way *way)
{
    sp_endpoint_forget(sp_smtp_way_own(way));
}
