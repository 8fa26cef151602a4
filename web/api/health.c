/* health.c - /healthz that means it: fine only while a scan would be taken. */
#include "base/settings.h"
#include "db/db.h"
#include "db/spool.h"
#include "web/api/input.h"
#include "web/api/tables.h"

struct trouble {
    const char *word, *sentence;
};

static struct trouble
find_trouble(const struct sp_api *api, struct sp_db *db)
{
    int version = 0;
    uint64_t room = 0;
    if (db == NULL || sp_db_version(db, &version, NULL) != SP_OK)
        return (struct trouble){ "database", "the database cannot be read" };
    if (sp_spool_room(api->spool, &room, NULL) != SP_OK)
        return (struct trouble){ "spool", "the disk of the scans cannot be looked at" };
    if (room < api->settings->gateway.reserve)
        return (struct trouble){ "no_room", "the disk of the scans has less room than the reserve" };
    return (struct trouble){ NULL, NULL };
}

static void
health(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct trouble found = find_trouble(api, req->db);
    if (found.word == NULL)
        sp_respond_json_steal(res, 200, json_pack("{s:s}", "status", "ok"));
    else
        sp_respond_json_steal(res, 503, json_pack("{s:s, s:s}", "status", found.word, "detail", found.sentence));
}

const struct sp_route sp_routes_health[] = {
    { "GET", "/healthz", SP_MAY_ANYONE, health, NULL },
    { 0 },
};
