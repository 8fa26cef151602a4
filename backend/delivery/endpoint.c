/* endpoint.c - see endpoint.h. */
#include "backend/delivery/endpoint.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/dns.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum {
    TTL_MIN_S = 5, /* a TTL of 0 is no reason to ask for every scan of a burst */
    TTL_MAX_S = 24 * 3600,
    STALE_MS = 24 * 3600 * 1000, /* what was right yesterday is better than nothing */
};

struct sp_endpoint {
    struct sp_endpoint_options options;
    pthread_mutex_t lock; /* for what follows; not held while a resolver is asked */
    struct sp_way_hosts hosts;
    int64_t until, stale_until; /* monotonic; 0: nothing is known */
    bool told;                  /* that the MX is not Microsoft's */
};

struct sp_endpoint *
sp_endpoint_new(const struct sp_endpoint_options *options)
{
    struct sp_endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL)
        return NULL;
    endpoint->options = *options;
    pthread_mutex_init(&endpoint->lock, NULL);
    return endpoint;
}

void
sp_endpoint_free(struct sp_endpoint **endpoint)
{
    if (*endpoint != NULL)
        pthread_mutex_destroy(&(*endpoint)->lock);
    free(*endpoint);
    *endpoint = NULL;
}

/* --- memory --- */

static bool
recall(struct sp_endpoint *endpoint, bool stale, struct sp_way_hosts *ret)
{
    int64_t now = sp_mono_ms(endpoint->options.clock);
    pthread_mutex_lock(&endpoint->lock);
    bool known = (stale ? endpoint->stale_until : endpoint->until) > now;
    if (known)
        *ret = endpoint->hosts;
    pthread_mutex_unlock(&endpoint->lock);
    return known;
}

static void
remember(struct sp_endpoint *endpoint, const struct sp_way_hosts *hosts, unsigned ttl)
{
    int64_t now = sp_mono_ms(endpoint->options.clock);
    int64_t seconds = ttl < TTL_MIN_S ? TTL_MIN_S : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
    pthread_mutex_lock(&endpoint->lock);
    endpoint->hosts = *hosts;
    endpoint->until = now + seconds * 1000;
    endpoint->stale_until = endpoint->until + STALE_MS;
    pthread_mutex_unlock(&endpoint->lock);
}

void
sp_endpoint_forget(struct sp_endpoint *endpoint)
{
    pthread_mutex_lock(&endpoint->lock);
    endpoint->until = 0;
    pthread_mutex_unlock(&endpoint->lock);
}

/* --- the records --- */

struct looked_up {
    enum sp_rc rc;             /* SP_OK: there are MX records, whosever they are */
    struct sp_way_hosts hosts; /* those of Microsoft */
    char foreign[256];         /* the first that is not */
    unsigned ttl;
};

static void
look_up(const struct sp_endpoint *endpoint, const char *domain, int64_t deadline, struct looked_up *ret,
        struct sp_err *err)
{
    struct sp_mx mx[SP_DNS_MX_MAX];
    size_t n = 0;
    *ret = (struct looked_up){ 0 };
    ret->rc = sp_dns_mx(endpoint->options.dns, domain, deadline, mx, &n, &ret->ttl, err);
    for (size_t i = 0; ret->rc == SP_OK && i < n; i++) {
        struct sp_way_hosts *hosts = &ret->hosts;
        if (!sp_mx_is_microsoft(mx[i].host)) {
            if (ret->foreign[0] == '\0')
                (void)sp_text_copy(ret->foreign, sizeof ret->foreign, mx[i].host);
        } else if (hosts->count < SP_WAY_HOSTS_MAX) {
            (void)sp_text_copy(hosts->name[hosts->count++], sizeof hosts->name[0], mx[i].host);
        }
    }
}

/* Once, until the domain has an MX of Microsoft's again. */
static void
tell(struct sp_endpoint *endpoint, const struct looked_up *first, const struct looked_up *second)
{
    const struct sp_endpoint_options *o = &endpoint->options;
    pthread_mutex_lock(&endpoint->lock);
    bool news = !endpoint->told;
    endpoint->told = true;
    pthread_mutex_unlock(&endpoint->lock);
    if (news && first->foreign[0] != '\0')
        sp_notice(o->log, "method %s: the mail exchanger of %s is %s, which is not Microsoft's; %s is used, that of %s",
                  o->method, o->domain, first->foreign, second->hosts.name[0], o->onmicrosoft);
    else if (news)
        sp_notice(o->log, "method %s: %s has no mail exchanger; %s is used, that of %s", o->method, o->domain,
                  second->hosts.name[0], o->onmicrosoft);
}

static enum sp_rc
complain(const struct sp_endpoint *endpoint, const struct looked_up *first, struct sp_err *err)
{
    if (first->rc != SP_OK)
        return first->rc; /* err has its words */
    return sp_fail(err, SP_E_DENIED,
                   "the mail exchanger of %s is %s, which is not Microsoft's: set `onmicrosoft` of the tenant, or "
                   "`host` of the method to the tenant's own endpoint",
                   endpoint->options.domain, first->foreign);
}

static enum sp_rc
find_anew(struct sp_endpoint *endpoint, int64_t deadline, struct sp_way_hosts *ret, struct sp_err *err)
{
    struct looked_up first, second;
    const char *initial = endpoint->options.onmicrosoft;
    look_up(endpoint, endpoint->options.domain, deadline, &first, err);
    bool there_is_none = first.rc == SP_E_NOTFOUND || (first.rc == SP_OK && first.hosts.count == 0);
    if (first.hosts.count == 0 && there_is_none && initial[0] != '\0') {
        look_up(endpoint, initial, deadline, &second, NULL);
        if (second.hosts.count > 0) {
            tell(endpoint, &first, &second);
            remember(endpoint, &second.hosts, first.rc == SP_OK && first.ttl < second.ttl ? first.ttl : second.ttl);
            *ret = second.hosts;
            return SP_OK;
        }
    }
    if (first.hosts.count == 0)
        return complain(endpoint, &first, err);
    remember(endpoint, &first.hosts, first.ttl);
    *ret = first.hosts;
    return SP_OK;
}

enum sp_rc
sp_endpoint_find(struct sp_endpoint *endpoint, int64_t deadline, struct sp_way_hosts *ret, struct sp_err *err)
{
    const char *host = endpoint->options.host;
    if (host[0] != '\0') {
        ret->count = 1;
        if (!sp_text_copy(ret->name[0], sizeof ret->name[0], host))
            return sp_fail(err, SP_E_INVALID, "the host name is too long: %.80s...", host);
        return SP_OK;
    }
    if (recall(endpoint, false, ret))
        return SP_OK;
    enum sp_rc rc = find_anew(endpoint, deadline, ret, err);
    bool nobody_answers = rc == SP_E_TIMEOUT || rc == SP_E_IO || rc == SP_E_PROTO;
    return nobody_answers && recall(endpoint, true, ret) ? SP_OK : rc;
}
