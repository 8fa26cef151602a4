/* tables.h - the routes of each resource; a new file adds a line here and in routes.c. */
#ifndef SP_WEB_API_TABLES_H
#define SP_WEB_API_TABLES_H

#include "web/http/router.h"

extern const struct sp_route sp_routes_about[];
extern const struct sp_route sp_routes_actions[];
extern const struct sp_route sp_routes_audit[];
extern const struct sp_route sp_routes_checks[];
extern const struct sp_route sp_routes_documents[];
extern const struct sp_route sp_routes_events[];
extern const struct sp_route sp_routes_export[];
extern const struct sp_route sp_routes_first_user[];
extern const struct sp_route sp_routes_folders[];
extern const struct sp_route sp_routes_forward[];
extern const struct sp_route sp_routes_health[];
extern const struct sp_route sp_routes_jobs[];
extern const struct sp_route sp_routes_methods[];
extern const struct sp_route sp_routes_metrics[];
extern const struct sp_route sp_routes_openapi[];
extern const struct sp_route sp_routes_overview[];
extern const struct sp_route sp_routes_people[];
extern const struct sp_route sp_routes_scans[];
extern const struct sp_route sp_routes_session[];
extern const struct sp_route sp_routes_sources[];
extern const struct sp_route sp_routes_stats[];
extern const struct sp_route sp_routes_tokens[];
extern const struct sp_route sp_routes_users[];

#endif
