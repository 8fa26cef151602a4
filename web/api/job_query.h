/* job_query.h - which jobs a request is about. */
#ifndef SP_WEB_API_JOB_QUERY_H
#define SP_WEB_API_JOB_QUERY_H

#include "base/err.h"
#include "db/query.h"
#include "web/api/api.h"

/* The query's `q` (db/query.h has its grammar) and the parameters state, source, method, class, since and until, all of
 * which narrow; `zone_offset_min` says where the days of `q` begin. SP_E_INVALID. */
enum sp_rc sp_job_query_read(const struct sp_api *api, const struct sp_request *req, struct sp_query *ret,
                             struct sp_err *err);

#endif
