/* method_direct.c - direct send: anonymous mail to the tenant's own mail exchanger, port 25, for recipients inside. */
#include "backend/delivery/check_smtp.h"
#include "backend/delivery/smtp_way.h"

static const char *
direct_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return NULL;
}

static const struct sp_smtp_way_kind direct_kind = {
    .type = "direct",
    .v4_only = true, /* connectors match IPv4 only, and anonymous IPv6 needs a PTR */
    .make = sp_way_make_endpoint,
    .unmake = sp_way_unmake_endpoint,
    .find = sp_way_find_endpoint,
    .unreachable = sp_way_endpoint_unreachable,
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
    .check = sp_smtp_way_check,
    .tidy = sp_smtp_way_tidy,
    .shed = sp_smtp_way_shed,
    .kept = sp_smtp_way_kept,
    .spare = sp_smtp_way_spare,
};
