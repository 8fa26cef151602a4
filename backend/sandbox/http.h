/* http.h - an HTTPS server, as much of HTTP/1.1 (RFC 9112) as Microsoft's two endpoints need: kept connections, bodies
 * with Content-Length or chunked, which go to an unnamed file as they come. One call of sp_box_http_serve is one
 * connection; what a request means is for the service's functions. */
#ifndef SP_SANDBOX_HTTP_H
#define SP_SANDBOX_HTTP_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/sandbox/certificate.h"
#include "backend/sandbox/door.h"
#include "backend/sandbox/scenario.h"
#include "backend/sandbox/stats.h"
#include "base/str.h"

struct sp_log;

enum {
    SP_BOX_HEADERS_MAX = 64,
    SP_BOX_HEAD_MAX = 32 * 1024, /* of a request: its line and headers */
    SP_BOX_TARGET_MAX = 4096,
    SP_BOX_METHOD_MAX = 8,
};

struct sp_box_request {
    char method[SP_BOX_METHOD_MAX];
    char path[SP_BOX_TARGET_MAX];  /* still percent-encoded */
    char query[SP_BOX_TARGET_MAX]; /* what follows '?', "" when nothing does */
    struct {
        char *name, *value;
    } headers[SP_BOX_HEADERS_MAX];
    size_t n_headers, head_size;
    bool chunked, keep;
    uint64_t length; /* announced */
    int body;        /* a file of `size` bytes, to be read with pread(2); -1: no body */
    uint64_t size;
    const char *tls, *cipher; /* of the connection */
    bool too_large;           /* the body is not there: it was over the service's limit */
};
/* "" when absent. */
const char *sp_box_request_header(const struct sp_box_request *request, const char *name);
/* The body as text; false when it is longer than `max`, or cannot be read. */
bool sp_box_request_text(const struct sp_box_request *request, size_t max, struct sp_str *out);
/* Appends text with %XX turned into bytes, up to size; false for a wrong one, or %00. '+' means a space in forms. */
bool sp_box_percent_decode(struct sp_str *out, const char *text, size_t size, bool form);

struct sp_box_answer {
    int status;
    struct sp_str headers; /* "Name: value\r\n"... beyond the usual ones */
    struct sp_str body;
    const char *type; /* of the body */
    bool lost;        /* hang up instead */
};

struct sp_box_service_fns {
    /* Before the body is read: false refuses, with the answer filled. Each call that returned true is followed by one
     * of leave, before the client has the answer. Both may be NULL. */
    bool (*enter)(void *context, const struct sp_box_request *request, struct sp_box_answer *answer);
    void (*leave)(void *context, const struct sp_box_request *request);
    void (*handle)(void *context, const struct sp_box_request *request, const struct sp_box_guest *guest,
                   struct sp_box_answer *answer);
    /* When a request is larger than body_max. */
    void (*too_large)(void *context, struct sp_box_answer *answer);
};

/* All borrowed. */
struct sp_box_http {
    enum sp_box_where where; /* TOKEN or GRAPH */
    const char *name;        /* for the log */
    int dirfd;               /* where bodies are kept while they are read */
    uint64_t body_max;
    const struct sp_box_service_fns *fns;
    void *context;
    struct sp_box_scenarios *scenarios;
    struct sp_box_stats *stats;
    enum sp_box_count open; /* gauge of connections */
    const struct sp_log *log;
    SSL_CTX *tls[SP_BOX_CERTIFICATES];
};

/* An sp_box_serve_fn; http is a struct sp_box_http. */
void sp_box_http_serve(void *http, const struct sp_box_guest *guest);

#endif
