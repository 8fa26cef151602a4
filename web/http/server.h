/* server.h - the HTTP server of the gateway process: listening descriptors in, requests to the router, answers out.
 *
 * A thread for each listening descriptor moves bytes and does nothing that waits for a disk; a few workers, each with a
 * reading connection to the database of its own, run what the routes name. What is idle sleeps. */
#ifndef SP_WEB_HTTP_SERVER_H
#define SP_WEB_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "web/http/router.h"

struct sp_clock;
struct sp_http_server;
struct sp_log;
struct sp_secret;

struct sp_http_listener {
    int fd;     /* listening already; taken over by a start that succeeds */
    bool local; /* the Unix socket: never TLS, and the peer's uid counts */
};

struct sp_http_options {
    const struct sp_http_listener *listeners;
    size_t n_listeners;
    const char *tls_certificate;     /* a file: PEM, with its chain; NULL or "": no TLS */
    const struct sp_secret *tls_key; /* PEM */
    struct sp_router router;
    const char *state_dir; /* where the workers' database is; NULL: handlers get none */
    uint64_t max_upload;   /* bytes of a body for a receiver: gateway.max-document and 1 MiB for the fields */
    const struct sp_clock *clock;
    const struct sp_log *log;
    /* 0 takes what stands behind it. */
    unsigned workers;      /* 4 */
    unsigned connections;  /* 1000 for each listener, and never more than half the descriptors of the process */
    unsigned per_address;  /* 200; loopback, where a reverse proxy would be, is not counted */
    unsigned uploads;      /* 64 at once, beyond that 503 */
    unsigned idle_seconds; /* 30 without a byte, then the connection ends */
};

/* Borrows what the options point to until stop. */
enum sp_rc sp_http_start(const struct sp_http_options *options, struct sp_http_server **ret, struct sp_err *err);
/* Accepts nobody any more, gives requests under way up to wait_ms to finish (and new connections at most two seconds of
 * it to ask), then ends all. Every answer given meanwhile ends its connection. Accepts NULL; leaves NULL. */
void sp_http_stop(struct sp_http_server **server, int64_t wait_ms);

#endif
