/* health.c - /healthz that means it: fine only while a scan would be taken. */
#include "base/settings.h"
#include "db/db.h"
#include "db/spool.h"
#include "web/api/input.h"
#include "web/api/tables.h"

static const char *
trouble(const struct sp_api *api, struct sp_db *db)
{
    int version = 0;
    uint64_t room = 0;
    if (db == NULL || sp_db_version(db, &version, NULL) != SP_OK)
        return "database";
    if (sp_spool_room(api->spool, &room, NULL) != SP_OK)
        return "spool";
    return room < api->settings->gateway.reserve ? "no_room" : NULL;
}

static void
health(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    const char *what = trouble(api, req->db);
    sp_respond_json_steal(res, what == NULL ? 200 : 503, json_pack("{s:s}", "status", what == NULL ? "ok" : what));
}

const struct sp_route sp_routes_health[] = {
    { "GET", "/healthz", SP_MAY_ANYONE, health, NULL },
    { 0 },
};
