/* session_answer.h - the answer that signs a browser in. */
#ifndef SP_WEB_API_SESSION_ANSWER_H
#define SP_WEB_API_SESSION_ANSWER_H

#include "web/api/api.h"

/* A new session for somebody who has shown who they are, in place of the one that this browser had. */
void sp_respond_new_session(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, int status,
                            const struct sp_user_row *user);

#endif
