/* folders.c - the drop folders as they are watched. */
#include "gateway/folders.h"

#include "web/api/input.h"
#include "web/api/job_json.h"
#include "web/api/sources.h"
#include "web/api/tables.h"

json_t *
sp_folder_json(const struct sp_folder_status *status)
{
    json_t *settle = status->advised_settle_ms == 0 ? json_null() : json_integer((json_int_t)status->advised_settle_ms);
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "name", sp_json_text(status->name), "path",
                     sp_json_text(status->path), "watch", sp_json_text(status->watch), "last_scan",
                     sp_json_time(status->last_scan), "taken", (json_int_t)status->taken, "rejected",
                     (json_int_t)status->rejected, "waiting", (json_int_t)status->waiting, "subfolders",
                     (json_int_t)status->subfolders, "trouble", sp_json_text(status->trouble), "advised_settle_ms",
                     settle);
}

/* What is known since the start alone, for when the database is in trouble: that is when one looks here. */
static json_t *
list_as_watched(const struct sp_api *api)
{
    json_t *list = json_array();
    size_t count = api->folders == NULL ? 0 : sp_folders_count(api->folders);
    for (size_t i = 0; i < count; i++) {
        struct sp_folder_status status;
        sp_folders_status(api->folders, i, &status);
        json_array_append_new(list, sp_folder_json(&status));
    }
    return list;
}

static void
folder_list(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    struct sp_api_source *sources = NULL;
    size_t count = 0;
    json_t *list = sp_api_sources(api, req, &sources, &count, &err) == SP_OK
                       ? sp_sources_json(api, sources, count, "folder")
                       : list_as_watched(api);
    sp_respond_json_steal(res, 200, json_pack("{s:o}", "folders", list));
}

const struct sp_route sp_routes_folders[] = {
    { "GET", "/api/v1/folders", SP_MAY_READ, folder_list, NULL },
    { 0 },
};
