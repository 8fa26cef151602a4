/* input.c - reading fields, one kind after the other. */
#include "web/api/input.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "web/auth/auth.h"

static enum sp_rc
read_text(const json_t *value, const char *key, size_t max, const char **ret, struct sp_err *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != strlen(text))
        return sp_fail(err, SP_E_INVALID, "'%s' has to be a text", key);
    if (*text == '\0' || strlen(text) > max)
        return sp_fail(err, SP_E_INVALID, "'%s' has to have 1 to %zu bytes", key, max);
    if (sp_text_has_control(text))
        return sp_fail(err, SP_E_INVALID, "'%s' holds control characters", key);
    *ret = text;
    return SP_OK;
}

enum sp_rc
sp_input_text(const json_t *body, const char *key, size_t max, const char **ret, struct sp_err *err)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL)
        return sp_fail(err, SP_E_INVALID, "'%s' is missing", key);
    return read_text(value, key, max, ret, err);
}

enum sp_rc
sp_input_text_or_none(const json_t *body, const char *key, size_t max, const char **ret, struct sp_err *err)
{
    const json_t *value = json_object_get(body, key);
    *ret = "";
    if (value == NULL || json_is_null(value))
        return SP_OK;
    return read_text(value, key, max, ret, err);
}

enum sp_rc
sp_input_list(const json_t *body, const char *key, size_t max, const char **ret, size_t room, size_t *ret_count,
              struct sp_err *err)
{
    const json_t *list = json_object_get(body, key);
    *ret_count = 0;
    if (list == NULL || json_is_null(list))
        return SP_OK;
    if (!json_is_array(list) || json_array_size(list) > room)
        return sp_fail(err, SP_E_INVALID, "'%s' has to be a list of at most %zu", key, room);
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum sp_rc rc = read_text(json_array_get(list, i), key, max, &ret[i], err);
        if (rc != SP_OK)
            return rc;
    }
    *ret_count = json_array_size(list);
    return SP_OK;
}

enum sp_rc
sp_input_password(const json_t *body, const char **ret, struct sp_err *err)
{
    enum sp_rc rc = sp_input_text(body, "password", SP_PASSWORD_MAX, ret, err);
    if (rc == SP_OK && strlen(*ret) < SP_PASSWORD_MIN)
        return sp_fail(err, SP_E_INVALID, "a password has at least %d characters", SP_PASSWORD_MIN);
    return rc;
}

void
sp_input_wipe(json_t *body, const char *key)
{
    const char *text = json_string_value(json_object_get(body, key));
    if (text != NULL)
        sp_wipe((void *)(uintptr_t)text, strlen(text)); /* jansson's copy, and nobody reads it again */
}

enum sp_rc
sp_query_time(const struct sp_request *req, const char *name, int64_t now, int64_t *ret, struct sp_err *err)
{
    const char *text = sp_request_query(req, name);
    int64_t ago = 0;
    *ret = 0;
    if (text == NULL || *text == '\0' || sp_time_parse(text, ret))
        return SP_OK;
    if (!sp_parse_duration(text, &ago) || ago > now)
        return sp_fail(err, SP_E_INVALID, "'%s' has to be a time such as 2026-11-23T12:00:00Z, or 24h ago", name);
    *ret = now - ago;
    return SP_OK;
}

enum sp_rc
sp_query_int(const struct sp_request *req, const char *name, int64_t min, int64_t max, int64_t otherwise, int64_t *ret,
             struct sp_err *err)
{
    const char *text = sp_request_query(req, name);
    *ret = otherwise;
    if (text != NULL && !sp_parse_int(text, min, max, ret))
        return sp_fail(err, SP_E_INVALID, "'%s' has to be a number from %lld to %lld", name, (long long)min,
                       (long long)max);
    return SP_OK;
}

void
sp_api_fail(const struct sp_api *api, const struct sp_request *req, struct sp_response *res, const struct sp_err *err)
{
    char path[128];
    if (sp_status_of(err->rc) >= 500)
        sp_error(api->log, "http: %s %s: %s", req->method, sp_log_clean(path, sizeof(path), req->path), err->text);
    sp_respond_error(res, err);
}

void
sp_api_wake_sender(const struct sp_api *api)
{
    static const uint64_t one = 1;
    if (api->wake_sender_fd < 0)
        return;
    if (write(api->wake_sender_fd, &one, sizeof(one)) < 0 && errno != EAGAIN) /* EAGAIN: it is awake already */
        sp_warn(api->log, "http: cannot wake the sender: %s", strerror(errno));
}
