/* method_relay.c - relay through a connector of the tenant: its mail exchanger, port 25, for recipients anywhere. The
 * connector knows us by our public IP address, or by a client certificate whose name is one of the tenant's accepted
 * domains; a successor of that certificate is tried by itself.
 *
 * A certificate is refused in several ways: by a TLS alert, which TLS 1.3 delivers only after the handshake, so that
 * the connection breaks at EHLO; or not at all, and the mail is then taken for a stranger's (550 5.7.64 at RCPT TO). */
#include "backend/delivery/check_smtp.h"
#include "backend/delivery/smtp_way.h"

static const char *
relay_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return NULL;
}

static bool
relay_not_believed(struct sp_smtp_way *way, const struct sp_smtp_outcome *outcome, enum sp_class class_)
{
    bool broken = outcome->trouble == SP_TROUBLE_HANDSHAKE || outcome->trouble == SP_TROUBLE_CLOSED;
    bool at_hello = outcome->stage == SP_STAGE_TLS || (outcome->stage == SP_STAGE_EHLO && outcome->reply.code == 0);
    if (sp_smtp_way_settings(way)->client_certificate[0] == '\0')
        return false;
    return (broken && at_hello) || class_ == SP_CLASS_NOT_ATTRIBUTED || class_ == SP_CLASS_AUTH_REQUIRED;
}

static const struct sp_smtp_way_kind relay_kind = {
    .type = "relay",
    .v4_only = true, /* connectors match IPv4 only */
    .make = sp_way_make_endpoint,
    .unmake = sp_way_unmake_endpoint,
    .find = sp_way_find_endpoint,
    .unreachable = sp_way_endpoint_unreachable,
    .not_believed = relay_not_believed,
};

static enum sp_rc
relay_open(const struct sp_method_settings *settings, const struct sp_way_env *env, void **ret, struct sp_err *err)
{
    return sp_smtp_way_open(&relay_kind, settings, env, ret, err);
}

const struct sp_method sp_method_relay = {
    .name = "relay",
    .unable = relay_unable,
    .open = relay_open,
    .close = sp_smtp_way_close,
    .deliver = sp_smtp_way_deliver,
    .check = sp_smtp_way_check,
    .tidy = sp_smtp_way_tidy,
    .shed = sp_smtp_way_shed,
    .kept = sp_smtp_way_kept,
    .spare = sp_smtp_way_spare,
};
