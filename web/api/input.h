/* input.h - what people and programs send, taken only when it is what it should be. */
#ifndef SP_WEB_API_INPUT_H
#define SP_WEB_API_INPUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "web/api/api.h"

/* A text of 1 to max bytes without control characters. *ret is borrowed from the body. SP_E_INVALID. */
enum sp_rc sp_input_text(const json_t *body, const char *key, size_t max, const char **ret, struct sp_err *err);
/* The same, and "" when the key is absent or null. */
enum sp_rc sp_input_text_or_none(const json_t *body, const char *key, size_t max, const char **ret, struct sp_err *err);
/* A list of at most `room` such texts; absent: none. */
enum sp_rc sp_input_list(const json_t *body, const char *key, size_t max, const char **ret, size_t room,
                         size_t *ret_count, struct sp_err *err);
/* A new password of a length that makes sense. */
enum sp_rc sp_input_password(const json_t *body, const char **ret, struct sp_err *err);
/* Overwrites a text of the body that was a password. */
void sp_input_wipe(json_t *body, const char *key);

/* A moment in the query: RFC 3339, a date, or "24h" ago. 0 when absent. */
enum sp_rc sp_query_time(const struct sp_request *req, const char *name, int64_t now, int64_t *ret, struct sp_err *err);
enum sp_rc sp_query_int(const struct sp_request *req, const char *name, int64_t min, int64_t max, int64_t otherwise,
                        int64_t *ret, struct sp_err *err);

/* Answers with the error; what is our own fault is logged too. */
void sp_api_fail(const struct sp_api *api, const struct sp_request *req, struct sp_response *res,
                 const struct sp_err *err);
/* Tells the sender that there is something to do. */
void sp_api_wake_sender(const struct sp_api *api);

#endif
