/* https.h - requests over HTTPS: the token endpoint, Graph, webhooks. The certificate is always verified, TLS is 1.2 or
 * newer, redirects are not followed. Connections are kept and used again while there is work. Threads may share one.
 *
 * An answer with any status is a success here: what a 401 means is for whoever asked. What happened instead of an
 * answer comes as enum sp_trouble with words, as in conn.h, because that is what diagnosis wants to know. */
#ifndef SP_NET_HTTPS_H
#define SP_NET_HTTPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/diagnosis/vocabulary.h"
#include "base/err.h"

struct sp_clock;
struct sp_dns;
struct sp_https;
struct sp_secret;

enum {
    SP_HTTPS_BODY_MAX = 64 * 1024,   /* of an answer; what comes after it is read and forgotten */
    SP_HTTPS_CONNECT_MS = 30 * 1000, /* lookup, connection and handshake */
    SP_HTTPS_ANSWER_MS = 60 * 1000,  /* a request as a whole, unless it says otherwise */
    SP_HTTPS_IDLE_MS = 30 * 1000,    /* a connection that nobody used for so long is closed */
    SP_HTTPS_HEADERS_MAX = 16,
};

/* Texts are copied, clock and dns are borrowed and outlive it. */
struct sp_https_options {
    const char *ca_file; /* "": the system's */
    const char *proxy;   /* "http://proxy.example:3128"; "": none, whatever the environment says */
    const struct sp_clock *clock;
    struct sp_dns *dns;            /* looks names up, and remembers which family was faster; NULL: getaddrinfo(3) */
    int64_t connect_ms, answer_ms; /* 0: as above */
};

/* Connects to nothing, and reads nothing yet: a CA file that is missing is told by the first call. SP_E_NOMEM. */
enum sp_rc sp_https_new(const struct sp_https_options *options, struct sp_https **ret, struct sp_err *err);
void sp_https_free(struct sp_https **https); /* accepts NULL; leaves NULL; nobody may be in a call */

/* Zero what is not needed. */
struct sp_https_request {
    const char *method;         /* "GET" "POST" "PUT" "PATCH" "DELETE" */
    const char *url;            /* https:// only */
    const char *const *headers; /* "Content-Type: application/json"; Authorization goes by `bearer` */
    size_t n_headers;           /* at most SP_HTTPS_HEADERS_MAX */
    const struct sp_secret *bearer;
    uint64_t body_size;
    const void *body; /* body_size bytes; NULL: `read` gives them */
    /* Up to `room` bytes; *ret_got 0 before body_size is a failure. Its failure is told as LOCAL with its words. */
    enum sp_rc (*read)(void *context, void *buffer, size_t room, size_t *ret_got, struct sp_err *err);
    /* Begins again: a kept connection may turn out to be closed. NULL: cannot. */
    enum sp_rc (*rewind)(void *context, struct sp_err *err);
    void *context;
    /* Must not be done twice (sendMail): never sent again by itself once all of it has been written. */
    bool once;
    int64_t answer_ms; /* for the whole of it; 0: as the options say. A large body needs more */
};

/* Initialise with { 0 }; free in any case. Valid as far as it got when the call failed. */
struct sp_https_response {
    int status; /* 202 */
    char *body; /* terminated, at most SP_HTTPS_BODY_MAX bytes; NULL: nothing came. Wiped when freed */
    size_t body_size;
    bool body_cut;       /* there was more */
    int64_t retry_after; /* seconds, from Retry-After in either form; -1: not said */
    int64_t date_ms;     /* the server's clock, wall ms; 0: not said */
    char request_id[64]; /* "request-id" or "x-ms-request-id", for Microsoft's support; "" */
    char ip[64], tls[16];
    int port;
    bool sent; /* the whole request was written: without an answer nobody knows whether it was done */
};

/* Blocks up to its time. NONE: answered. DNS REFUSED UNREACHABLE TIMEOUT CLOSED GARBAGE HANDSHAKE CERTIFICATE LOCAL:
 * with words; those of CERTIFICATE name subject and issuer, because a firewall's name there is the answer. */
enum sp_trouble sp_https_call(struct sp_https *https, const struct sp_https_request *request,
                              struct sp_https_response *ret, struct sp_err *err);
void sp_https_response_free(struct sp_https_response *response);

/* Closes connections that were idle for too long. Returns when to come again (monotonic ms), 0: not needed. */
int64_t sp_https_tidy(struct sp_https *https);

#endif
