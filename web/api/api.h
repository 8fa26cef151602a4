/* api.h - the resources of /api/v1 and /healthz: a file a resource, a route a line. What they answer is in the
 * contract. Reads go through the worker's own connection (req->db), writes through the batch. */
#ifndef SP_WEB_API_API_H
#define SP_WEB_API_API_H

#include <stdatomic.h>
#include <stdbool.h>

#include "web/http/router.h"

struct sp_auth;
struct sp_batch;
struct sp_clock;
struct sp_events;
struct sp_folders;
struct sp_intake;
struct sp_log;
struct sp_people;
struct sp_parts;
struct sp_settings;
struct sp_spool;

/* Everything is borrowed and outlives the server. */
struct sp_api {
    const struct sp_settings *settings;
    struct sp_batch *batch;
    struct sp_spool *spool;
    struct sp_intake *intake;
    struct sp_parts *parts;         /* NULL: scans come whole */
    struct sp_folders *folders;     /* NULL: none are watched */
    const struct sp_people *people; /* NULL: the file cannot be read */
    struct sp_auth *auth;
    struct sp_events *events; /* NULL: nobody can listen */
    const struct sp_clock *clock;
    const struct sp_log *log;
    atomic_bool exporting; /* one at a time */
    int wake_sender_fd;    /* eventfd: one is added when a job became due; -1: nobody to wake */
};

/* All tables, for sp_router.tables. */
const struct sp_route *const *sp_api_routes(void);

#endif
