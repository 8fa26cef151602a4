/* audit.h - the one call by which handlers say who did what. */
#ifndef SP_WEB_API_AUDIT_H
#define SP_WEB_API_AUDIT_H

#include "db/audit.h"
#include "web/api/api.h"

/* Notes that the caller of req did this, now; returns when it is on disk. object: the job, user, token or method;
 * detail: a few words more, may be "". A failure is logged; most handlers have nothing to do about it, because what
 * they tell of has happened. Whoever can still refuse (a document is not opened unnoted) looks at the result. */
enum sp_rc sp_api_audit(const struct sp_api *api, const struct sp_request *req, enum sp_audit_action action,
                        const char *object, const char *detail, struct sp_err *err);
/* The same for somebody who is not known (any more): who may be "". */
enum sp_rc sp_api_audit_as(const struct sp_api *api, const struct sp_request *req, const char *who, const char *role,
                           enum sp_audit_action action, const char *object);

#endif
