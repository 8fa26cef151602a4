/* method_graph.c - Microsoft Graph sendMail. This version knows it by name, so that a configuration may hold it
 * already, and says that it cannot use it yet. */
#include "backend/delivery/method.h"

static const char *
graph_unable(const struct sp_method_settings *settings)
{
    (void)settings;
    return "not in this version";
}

const struct sp_method sp_method_graph = { .name = "graph", .unable = graph_unable };
