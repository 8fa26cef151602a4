/* route.h - from a request and the configuration to the job's words: recipients, sender, subject, body, file names.
 * Pure: the same input gives the same job, so tests are tables.
 *
 * Placeholders {source} {route} {user} {document} {time} {count}; one that is empty vanishes with the blanks around it.
 */
#ifndef SP_GATEWAY_ROUTE_H
#define SP_GATEWAY_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_intake_request;
struct sp_job;
struct sp_people;
struct sp_settings;
struct sp_str;

enum { SP_RECIPIENTS_MAX = 200, SP_SUBJECT_MAX = 500, SP_BODY_MAX = 65536 };

/* Fills job (made by sp_job_new; id, created and documents are set already) with source, user, route, tenant,
 * recipients, from, subject, body, message_id, boundary and the documents' names. Errors as sp_scan_commit.
 *
 * Who gets it: the route's `to` and `cc`, and whom the request names besides; `otherwise` when that is nobody, or when
 * the request says that it could not be told. An address outside the tenant's domains needs a route with
 * allow-external. Answers go to the route's reply-to, else to the user when the people (may be NULL) know one. */
enum sp_rc sp_route_apply(const struct sp_settings *settings, const struct sp_people *people,
                          const struct sp_intake_request *request, struct sp_job *job, struct sp_err *err);

struct sp_placeholders {
    const char *source, *route, *user, *document, *time;
    unsigned count; /* 0: empty */
};
void sp_placeholders_expand(struct sp_str *out, const char *pattern, const struct sp_placeholders *values);

/* "2026-11-23 13:05" in the zone (IANA name; "": the system's), and minutes east of UTC at that moment. One process
 * uses one zone. */
void sp_office_time(int64_t wall_ms, const char *zone, char buffer[32], int *ret_offset_minutes);

#endif
