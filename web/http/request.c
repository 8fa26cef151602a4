/* request.c - taking a request target apart, and small questions about headers.
 *
 *   target  = "/" segment *( "/" segment ) [ "?" query ]         RFC 9112 section 3.2.1, origin-form only
 *   segment = *( pchar )                                         RFC 3986 section 3.3
 *   query   = [ name [ "=" value ] *( "&" name [ "=" value ] ) ] with "+" for a blank, as forms send it
 *
 * Each segment is decoded on its own, after the path was cut at its slashes: "%2F" never makes a new segment, and is
 * refused, as nothing here has a slash in its name. */
#include "web/http/request.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes in place; false for what no honest client sends. */
static bool
decode(char *text, bool plus_is_blank)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        char c = *from;
        if (c == '+' && plus_is_blank) {
            c = ' ';
        } else if (c == '%') {
            int high = hex_digit(from[1]);
            int low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            from += 2;
        }
        if (c == '\0')
            return false;
        *to++ = c;
    }
    *to = '\0';
    return sp_utf8_valid(text, (size_t)(to - text));
}

static bool
segment_fine(const char *segment)
{
    return !sp_text_has_control(segment) && strchr(segment, '/') == NULL && strcmp(segment, ".") != 0 &&
           strcmp(segment, "..") != 0;
}

static enum sp_rc
split_path(struct sp_request *req, char *path, struct sp_err *err)
{
    req->n_segments = 0;
    if (path[1] == '\0')
        return SP_OK;
    char *rest = path + 1;
    for (char *segment = strsep(&rest, "/"); segment != NULL; segment = strsep(&rest, "/")) {
        if (req->n_segments == SP_REQUEST_SEGMENTS)
            return sp_fail(err, SP_E_INVALID, "the path has too many parts");
        if (!decode(segment, false) || !segment_fine(segment))
            return sp_fail(err, SP_E_INVALID,
                           "the path is not well formed: each part is UTF-8, without control characters, and not '..'");
        req->segments[req->n_segments++] = segment;
    }
    return SP_OK;
}

static enum sp_rc
split_query(struct sp_request *req, char *query, struct sp_err *err)
{
    struct sp_field *fields = sp_arena_array(req->arena, SP_REQUEST_QUERY, sizeof(fields[0]));
    if (fields == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    size_t count = 0;
    for (char *pair = strsep(&query, "&"); pair != NULL; pair = strsep(&query, "&")) {
        if (*pair == '\0')
            continue;
        if (count == SP_REQUEST_QUERY)
            return sp_fail(err, SP_E_INVALID, "the query has too many parts");
        char *value = pair;
        char *name = strsep(&value, "=");
        if (!decode(name, true) || (value != NULL && !decode(value, true)))
            return sp_fail(err, SP_E_INVALID, "the query is not well formed");
        fields[count++] = (struct sp_field){ name, value == NULL ? "" : value };
    }
    req->query = (struct sp_fields){ fields, count };
    return SP_OK;
}

enum sp_rc
sp_request_target(struct sp_request *req, const char *target, struct sp_err *err)
{
    if (target[0] != '/' || strchr(target, '#') != NULL)
        return sp_fail(err, SP_E_INVALID, "the request target is not a path");
    char *query = sp_arena_text(req->arena, target);
    char *shown = sp_arena_text_n(req->arena, target, strcspn(target, "?"));
    if (query == NULL || shown == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    char *path = strsep(&query, "?");
    req->path = decode(shown, false) ? shown : path;
    enum sp_rc rc = split_path(req, path, err);
    if (rc == SP_OK && query != NULL)
        rc = split_query(req, query, err);
    return rc;
}

const char *
sp_request_arg(const struct sp_request *req, size_t index)
{
    assert(index < req->n_args);
    return req->args[index];
}

const char *
sp_request_header(const struct sp_request *req, const char *name)
{
    for (size_t i = 0; i < req->headers.count; i++)
        if (strcasecmp(req->headers.items[i].name, name) == 0)
            return req->headers.items[i].value;
    return NULL;
}

const char *
sp_request_query(const struct sp_request *req, const char *name)
{
    for (size_t i = 0; i < req->query.count; i++)
        if (strcmp(req->query.items[i].name, name) == 0)
            return req->query.items[i].value;
    return NULL;
}

const char *
sp_request_cookie(const struct sp_request *req, const char *name)
{
    const char *at = sp_request_header(req, "Cookie");
    size_t len = strlen(name);
    while (at != NULL && *at != '\0') {
        at += strspn(at, " \t;");
        size_t size = strcspn(at, ";");
        if (size > len && strncmp(at, name, len) == 0 && at[len] == '=')
            return sp_arena_text_n(req->arena, at + len + 1, size - len - 1);
        at += size;
    }
    return NULL;
}

bool
sp_request_is_type(const struct sp_request *req, const char *type)
{
    const char *given = sp_request_header(req, "Content-Type");
    if (given == NULL)
        return false;
    size_t len = strcspn(given, "; \t");
    return len == strlen(type) && strncasecmp(given, type, len) == 0;
}

static bool
is_among(const char *key, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (strcmp(key, *keys) == 0)
            return true;
    return false;
}

enum sp_rc
sp_request_json(const struct sp_request *req, const char *const *keys, json_t **ret, struct sp_err *err)
{
    /* Also what keeps a form on a foreign page from posting here: it cannot send this type unasked. */
    if (!sp_request_is_type(req, "application/json"))
        return sp_fail(err, SP_E_TYPE, "the body has to be application/json");
    json_error_t why;
    json_t *json = json_loadb(req->body == NULL ? "" : req->body, req->body_size, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL)
        return sp_fail(err, SP_E_INVALID, "the body is not JSON: line %d: %s", why.line,
                       json_error_code(&why) == json_error_invalid_syntax ? "invalid syntax" : "cannot be read");
    if (!json_is_object(json)) {
        json_decref(json);
        return sp_fail(err, SP_E_INVALID, "the body has to be a JSON object");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (json, key, value) {
        if (!is_among(key, keys)) {
            json_decref(json);
            return sp_fail(err, SP_E_INVALID, "the body has a key that is not known here");
        }
    }
    *ret = json;
    return SP_OK;
}
