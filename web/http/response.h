/* response.h - an answer as handlers make it. Calls never fail: when memory is out the answer becomes a 500. */
#ifndef SP_WEB_HTTP_RESPONSE_H
#define SP_WEB_HTTP_RESPONSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SP_RESPONSE_HEADERS = 12 };

struct sp_stream;

struct sp_response_header {
    char *name, *value;
};

/* Initialise with sp_response_init; status 0 means: not answered yet. */
struct sp_response {
    int status;
    struct sp_response_header headers[SP_RESPONSE_HEADERS];
    size_t n_headers;
    char *body; /* owned */
    size_t body_size;
    const void *fixed; /* or bytes that are there for ever, body_size of them; NULL: none */
    int fd;            /* owned; -1: none. The body is its first fd_size bytes */
    uint64_t fd_size;
    struct sp_stream *stream; /* a reference; NULL: none. The body is what is added to it, until it ends */
    bool close;               /* the connection ends after this */
    char *reason;             /* owned; of a problem: its detail, which outlives the body. NULL: none */
    char *who;                /* owned; whom it concerns, when the caller speaks for somebody. NULL: the caller */
};

void sp_response_init(struct sp_response *res);
void sp_response_free(struct sp_response *res); /* leaves it initialised */

/* One more header. Control characters in the value become spaces. */
void sp_respond_header(struct sp_response *res, const char *name, const char *value);
const char *sp_response_header(const struct sp_response *res, const char *name); /* NULL: absent */

void sp_respond_empty(struct sp_response *res, int status);
/* Takes the reference; NULL (memory was out) becomes a 500. */
void sp_respond_json_steal(struct sp_response *res, int status, json_t *json);
/* Takes the text; NULL as above. */
void sp_respond_text_steal(struct sp_response *res, int status, const char *type, char *text);
/* Bytes that outlive the server. */
void sp_respond_static(struct sp_response *res, int status, const char *type, const void *bytes, size_t size);
/* Takes the descriptor. */
void sp_respond_file_steal(struct sp_response *res, int fd, uint64_t size, const char *type);

/* Takes the reference. The connection ends with the stream. */
void sp_respond_stream_steal(struct sp_response *res, const char *type, struct sp_stream *stream);

/* RFC 9457: {"type":"about:blank","title","status","detail","code"}; code is a stable word for programs. */
void sp_respond_problem(struct sp_response *res, int status, const char *code, const char *detail);
/* The status that belongs to err->rc, the rc's name as code, its text as detail. */
void sp_respond_error(struct sp_response *res, const struct sp_err *err);
int sp_status_of(enum sp_rc rc);
const char *sp_status_words(int status); /* "Not Found" */

#endif
