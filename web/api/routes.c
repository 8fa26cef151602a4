/* routes.c - all resources in one list. */
#include "web/api/api.h"

#include "web/api/tables.h"

const struct sp_route *const *
sp_api_routes(void)
{
    /* clang-format off: a resource a line */
    static const struct sp_route *const tables[] = {
        sp_routes_scans,      sp_routes_jobs,    sp_routes_actions,  sp_routes_documents,
        sp_routes_methods,    sp_routes_checks,  sp_routes_folders,  sp_routes_people,
        sp_routes_sources,    sp_routes_users,   sp_routes_tokens,   sp_routes_session,
        sp_routes_first_user, sp_routes_audit,   sp_routes_events,   sp_routes_about,
        sp_routes_openapi,    sp_routes_health,  sp_routes_overview, sp_routes_stats,
        sp_routes_export,     sp_routes_forward, sp_routes_metrics,  NULL,
    };
    /* clang-format on */
    return tables;
}
