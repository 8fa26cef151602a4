/* https_inside.h - https.h from the inside, for the files that make it up: https.c (handles, lookups, calls),
 * https_exchange.c (one request with libcurl), https_answer.c (what the headers say). Nobody else includes this. */
#ifndef SP_NET_HTTPS_INSIDE_H
#define SP_NET_HTTPS_INSIDE_H

#include <curl/curl.h>

#include "backend/net/https.h"
#include "backend/net/tls_client.h"

/* A handle of libcurl with the connections it keeps, in one thread's hands at a time. */
struct sp_https_handle {
    CURL *easy;
    int64_t since;                                            /* idle since; monotonic ms */
    struct sp_https_handle *next;                             /* of the idle ones */
    long refusal;                                             /* of the last handshake: X509_V_ERR_..., or 0 */
    char subject[SP_TLS_NAME_SIZE], issuer[SP_TLS_NAME_SIZE]; /* of the peer's certificate */
};

/* What stays the same for every request. */
struct sp_https_terms {
    const char *ca_file, *proxy;
    const struct sp_clock *clock;
    long connect_ms, answer_ms;
};

/* Runs the request. place: "host:port:address,address" for libcurl, or "": it looks the name up itself. *ret_fresh: a
 * new connection was made. */
enum sp_trouble sp_https_exchange(struct sp_https_handle *handle, const struct sp_https_terms *terms,
                                  const struct sp_https_request *request, const char *place,
                                  struct sp_https_response *ret, bool *ret_fresh, struct sp_err *err);

/* Forgets what an earlier answer said: one with a status of 1xx comes before the one that counts. */
void sp_https_answer_begin(struct sp_https_response *response);
/* One line of the header, without terminator. */
void sp_https_answer_header(struct sp_https_response *response, const char *line, size_t len, int64_t now);
/* A piece of the body. false: memory is out. */
bool sp_https_answer_body(struct sp_https_response *response, const char *bytes, size_t size);

#endif
