/* first_user.h - how the first user is made from the browser: by a link that works once, for a day, while there is no
 * user. */
#ifndef SP_WEB_API_FIRST_USER_H
#define SP_WEB_API_FIRST_USER_H

#include "web/api/api.h"

struct sp_str;

/* At the start: logs such a link when nobody can sign in. keep: one that was logged before and is still good stays (the
 * configuration was only read again). */
void sp_first_user_invite(const struct sp_api *api, struct sp_db *db, bool keep);

#endif
