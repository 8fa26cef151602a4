/* method_relay.c - relay through a connector of the tenant. This version knows it by name, so that a configuration may
 * hold it already, and says that it cannot use it yet. */
#include "backend/delivery/method.h"

static const char *
relay_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return "not in this version";
}

const struct sp_method sp_method_relay = { .name = "relay", .unable = relay_unable };
