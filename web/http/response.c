/* response.c - answers, and the one place where a failure of ours becomes a status of HTTP's. */
#include "web/http/response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "web/http/stream.h"

void
sp_response_init(struct sp_response *res)
{
    *res = (struct sp_response){ .fd = -1 };
}

static void
drop_body(struct sp_response *res)
{
    free(res->body);
    res->body = NULL;
    res->body_size = 0;
    res->fixed = NULL;
    if (res->fd >= 0)
        close(res->fd);
    res->fd = -1;
    res->fd_size = 0;
    if (res->stream != NULL)
        sp_stream_end(res->stream); /* nobody will read it */
    sp_stream_drop(&res->stream);
}

static void
drop_header(struct sp_response *res, size_t index)
{
    free(res->headers[index].name);
    free(res->headers[index].value);
    res->headers[index] = res->headers[--res->n_headers];
}

void
sp_response_free(struct sp_response *res)
{
    drop_body(res);
    free(res->reason);
    free(res->who);
    while (res->n_headers > 0)
        drop_header(res, res->n_headers - 1);
    sp_response_init(res);
}

/* Without a body, because there is no memory for one. */
static void
respond_nomem(struct sp_response *res)
{
    drop_body(res);
    res->status = 500;
    res->close = true;
}

void
sp_respond_header(struct sp_response *res, const char *name, const char *value)
{
    struct sp_response_header header = { strdup(name), strdup(value) };
    if (header.name == NULL || header.value == NULL || res->n_headers == SP_RESPONSE_HEADERS) {
        free(header.name);
        free(header.value);
        respond_nomem(res);
        return;
    }
    for (char *c = header.value; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    res->headers[res->n_headers++] = header;
}

const char *
sp_response_header(const struct sp_response *res, const char *name)
{
    for (size_t i = 0; i < res->n_headers; i++)
        if (strcasecmp(res->headers[i].name, name) == 0)
            return res->headers[i].value;
    return NULL;
}

/* A second answer replaces the first, body and type. */
static void
set_type(struct sp_response *res, const char *type)
{
    for (size_t i = res->n_headers; i > 0; i--)
        if (strcasecmp(res->headers[i - 1].name, "Content-Type") == 0)
            drop_header(res, i - 1);
    if (type != NULL)
        sp_respond_header(res, "Content-Type", type);
}

void
sp_respond_empty(struct sp_response *res, int status)
{
    drop_body(res);
    set_type(res, NULL);
    res->status = status;
}

static void
respond_json(struct sp_response *res, int status, const char *type, json_t *json)
{
    drop_body(res);
    res->status = status;
    res->body = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (res->body == NULL) {
        respond_nomem(res);
        return;
    }
    res->body_size = strlen(res->body);
    set_type(res, type);
}

void
sp_respond_json_steal(struct sp_response *res, int status, json_t *json)
{
    respond_json(res, status, "application/json", json);
}

void
sp_respond_static(struct sp_response *res, int status, const char *type, const void *bytes, size_t size)
{
    drop_body(res);
    res->status = status;
    res->fixed = bytes;
    res->body_size = size;
    set_type(res, type);
}

void
sp_respond_file_steal(struct sp_response *res, int fd, uint64_t size, const char *type)
{
    drop_body(res);
    res->status = 200;
    res->fd = fd;
    res->fd_size = size;
    set_type(res, type);
}

void
sp_respond_stream_steal(struct sp_response *res, const char *type, struct sp_stream *stream)
{
    drop_body(res);
    res->status = 200;
    res->stream = stream;
    res->close = true;
    set_type(res, type);
}

void
sp_respond_text_steal(struct sp_response *res, int status, const char *type, char *text)
{
    drop_body(res);
    res->status = status;
    res->body = text;
    if (text == NULL) {
        respond_nomem(res);
        return;
    }
    res->body_size = strlen(text);
    set_type(res, type);
}

void
sp_respond_problem(struct sp_response *res, int status, const char *code, const char *detail)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", sp_status_words(status),
                             "status", status, "detail", detail, "code", code);
    free(res->reason);
    res->reason = strdup(detail);
    respond_json(res, status, "application/problem+json", json);
}

void
sp_respond_error(struct sp_response *res, const struct sp_err *err)
{
    int status = sp_status_of(err->rc);
    sp_respond_problem(res, status, sp_rc_name(err->rc), err->text);
    if (status == 503)
        sp_respond_header(res, "Retry-After", "5");
    if (status == 401)
        sp_respond_header(res, "WWW-Authenticate", "Bearer realm=\"scanpost\"");
}

int
sp_status_of(enum sp_rc rc)
{
    switch (rc) {
    case SP_OK:
        return 200;
    case SP_E_INVALID:
        return 400;
    case SP_E_AUTH:
        return 401;
    case SP_E_DENIED:
        return 403;
    case SP_E_NOTFOUND:
        return 404;
    case SP_E_CONFLICT:
        return 409;
    case SP_E_GONE:
        return 410;
    case SP_E_TOO_LARGE:
        return 413;
    case SP_E_TYPE:
        return 415;
    case SP_E_NO_ROOM:
        return 507;
    case SP_E_BUSY:
    case SP_E_TIMEOUT:
    case SP_E_CLOSED:
    case SP_E_IO:
        return 503; /* a disk that does not answer now may do so later: try again */
    case SP_E_NOMEM:
    case SP_E_PROTO:
    case SP_E_TLS:
    case SP_E_CORRUPT:
        return 500;
    }
    return 500;
}

const char *
sp_status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 207, "Multi-Status" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 415, "Unsupported Media Type" },
        { 423, "Locked" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" },
        { 503, "Service Unavailable" },
        { 507, "Insufficient Storage" },
    };
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (table[i].status == status)
            return table[i].words;
    return "Error";
}
