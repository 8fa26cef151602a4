/* troubles.h - what is wrong, grouped by class and cause: how many jobs, who can mend it and how, and the search that
 * finds them. */
#ifndef SP_WEB_API_TROUBLES_H
#define SP_WEB_API_TROUBLES_H

#include <jansson.h>

#include "web/api/api.h"

struct sp_job;

/* A list for the overview, the worst first. SP_E_NOMEM and what the database says. */
enum sp_rc sp_troubles_json(const struct sp_api *api, const struct sp_request *req, json_t **ret, struct sp_err *err);
/* What one of several jobs says for all of them: an address that only it has is said to be of the last one. */
json_t *sp_trouble_summary(const struct sp_job *job, const char *summary, int64_t count);
/* Who has to act on a class: "the administrator of Microsoft 365". */
const char *sp_trouble_who(const char *class_name);

#endif
