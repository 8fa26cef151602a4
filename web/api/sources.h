/* sources.h - where scans come from: drop folders, devices (tokens), print queues; when the last one came, how many,
 * who is silent, what is wrong. */
#ifndef SP_WEB_API_SOURCES_H
#define SP_WEB_API_SOURCES_H

#include "web/api/api.h"

struct sp_api_source {
    const char *kind; /* "folder" "device" "queue" */
    const char *name;
    int64_t last_scan;                /* wall ms; 0: never */
    int64_t count;                    /* scans since the first */
    bool silent;                      /* for longer than notify.silent-after */
    const char *trouble;              /* of a folder; "" : none */
    const struct sp_token_row *token; /* of a device: those in use, and revoked ones too */
    size_t folder;                    /* of a folder: its index in api->folders */
};
/* In this order: folders as configured, devices and queues by name. Lives in req's arena. */
enum sp_rc sp_api_sources(const struct sp_api *api, const struct sp_request *req, struct sp_api_source **ret,
                          size_t *ret_count, struct sp_err *err);

/* Those of one kind; NULL when memory is out. */
json_t *sp_sources_json(const struct sp_api *api, const struct sp_api_source *sources, size_t count, const char *kind);

/* For sp_router.refused: remembers who was turned away with a scan, for GET /api/v1/sources. */
void sp_api_refused(struct sp_api *api, const struct sp_route *route, const struct sp_request *req,
                    const struct sp_response *res);

/* One folder's state; NULL when memory is out (folders.c). */
struct sp_folder_status;
json_t *sp_folder_json(const struct sp_folder_status *status);

#endif
