/* endpoint.h - where the mail exchangers of a tenant are, for direct send and relay. The name is looked up and never
 * computed: it has had suffixes for years, and new domains live under mx.microsoft with a letter that cannot be
 * guessed.
 *
 * In this order: the method's `host`; the MX of the tenant's domain as far as they are Microsoft's; those of its
 * `onmicrosoft` domain, which always are. An MX that belongs to somebody else (a mail gateway in between) is told, and
 * not used. Threads may share an endpoint. */
#ifndef SP_DELIVERY_ENDPOINT_H
#define SP_DELIVERY_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_clock;
struct sp_dns;
struct sp_endpoint;
struct sp_log;

enum { SP_WAY_HOSTS_MAX = 4 };

/* Hosts in order of preference. */
struct sp_way_hosts {
    char name[SP_WAY_HOSTS_MAX][256];
    size_t count;
};

/* All borrowed, and longer lived. Texts "" where not set. */
struct sp_endpoint_options {
    const char *method; /* its name, for the log */
    const char *host, *domain, *onmicrosoft;
    struct sp_dns *dns;
    const struct sp_clock *clock;
    const struct sp_log *log;
};

struct sp_endpoint *sp_endpoint_new(const struct sp_endpoint_options *options); /* NULL when memory is out */
void sp_endpoint_free(struct sp_endpoint **endpoint);

/* From memory while the TTL lasts, and for a day when no resolver answers. Otherwise blocks up to the deadline. The
 * error is for SP_STAGE_DNS. */
enum sp_rc sp_endpoint_find(struct sp_endpoint *endpoint, int64_t deadline, struct sp_way_hosts *ret,
                            struct sp_err *err);
/* None of them could be connected to: look them up again next time. */
void sp_endpoint_forget(struct sp_endpoint *endpoint);

#endif
