/* expiries.h - secrets and certificates that end. */
#ifndef SP_WEB_API_EXPIRIES_H
#define SP_WEB_API_EXPIRIES_H

#include <jansson.h>

#include "web/api/api.h"

/* [{method, what, expires, days}], the next one first; the page's own certificate has the method "". Certificates that
 * this process may not read are the sender's alone, and left out. NULL when memory is out. */
json_t *sp_expiries_json(const struct sp_api *api);

#endif
