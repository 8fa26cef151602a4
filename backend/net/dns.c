/* dns.c - mail exchangers and addresses, from the records that dns_query.c fetched.
 *
 * getaddrinfo(3) is not used: it cannot be told a deadline, a port of the resolver or the TTL. In its place: literals,
 * localhost (RFC 6761 section 6.3), /etc/hosts when the system's resolver is meant, then A and AAAA. Search domains and
 * other sources of nsswitch.conf have no part in finding a mail server. */
#include "backend/net/dns.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/net/dns_query.h"
#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

enum {
    ALIASES_MAX = 8,      /* questions for the sake of one name */
    FASTER_MAX = 16,      /* hosts whose faster family is remembered */
    AAAA_EXTRA_MS = 2000, /* some resolvers never answer AAAA: with an IPv4 address in hand, no longer than this */
    DNS_PORT = 53,
};

struct faster {
    char host[SP_DNS_NAME_SIZE];
    int family;
};

struct sp_dns {
    const struct sp_clock *clock;
    struct sp_dns_servers configured; /* n 0: the system's */
    pthread_mutex_t lock;             /* for what follows */
    struct faster faster[FASTER_MAX];
    size_t next_faster; /* the place that is given away next */
};

/* "ip", "ip:port", "[v6]", "[v6]:port" */
static bool
parse_server(const char *text, struct sp_net_address *ret)
{
    char ip[64];
    if (!sp_text_copy(ip, sizeof ip, text))
        return false;
    char *host = ip, *port = NULL;
    if (*ip == '[') {
        char *end = strchr(ip, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        host++;
    } else if ((port = strchr(ip, ':')) != NULL && strchr(port + 1, ':') == NULL) {
        *port++ = '\0';
    } else {
        port = NULL; /* a bare IPv6 address, or no port */
    }
    int64_t number = DNS_PORT;
    if (port != NULL && !sp_parse_int(port, 1, UINT16_MAX, &number))
        return false;
    return sp_net_address_parse(host, (unsigned)number, ret);
}

enum sp_rc
sp_dns_new(const char *server, const struct sp_clock *clock, struct sp_dns **ret, struct sp_err *err)
{
    SP_AUTO_FREE struct sp_dns *dns = calloc(1, sizeof *dns);
    if (dns == NULL)
        return sp_fail(err, SP_E_NOMEM, "dns: out of memory");
    dns->clock = clock;
    if (*server != '\0') {
        if (!parse_server(server, &dns->configured.list[0]))
            return sp_fail(err, SP_E_INVALID, "dns: '%s' is no resolver: write it as ip:port", server);
        dns->configured.n = 1;
    }
    pthread_mutex_init(&dns->lock, NULL);
    *ret = SP_STEAL(dns);
    return SP_OK;
}

void
sp_dns_free(struct sp_dns **dns)
{
    if (*dns != NULL)
        pthread_mutex_destroy(&(*dns)->lock);
    free(*dns);
    *dns = NULL;
}

static const char *
type_name(enum sp_dns_type type)
{
    switch (type) {
    case SP_DNS_A:
    case SP_DNS_AAAA:
        return "address";
    case SP_DNS_MX:
        return "MX";
    case SP_DNS_TXT:
        return "TXT";
    }
    return "such";
}

/* The records of a name, through as many aliases as are decent. None: SP_E_NOTFOUND. */
static enum sp_rc
lookup(const struct sp_dns *dns, const char *name, enum sp_dns_type type, int64_t deadline, struct sp_dns_answer *ret,
       struct sp_err *err)
{
    struct sp_dns_servers servers = dns->configured;
    enum sp_rc rc = servers.n > 0 ? SP_OK : sp_dns_system_servers(&servers, err);
    char asked[SP_DNS_NAME_SIZE];
    if (!sp_text_copy(asked, sizeof asked, name))
        return sp_fail(err, SP_E_INVALID, "dns: '%.40s...' is too long for a name", name);
    unsigned ttl = UINT32_MAX;
    for (int i = 0; i < ALIASES_MAX && rc == SP_OK; i++) {
        unsigned char reply[SP_DNS_ANSWER_MAX];
        size_t size = 0;
        rc = sp_dns_ask(&servers, dns->clock, deadline, asked, type, reply, &size, err);
        if (rc == SP_OK)
            rc = sp_dns_parse(reply, size, asked, type, ret, err);
        if (rc != SP_OK)
            return rc;
        ttl = ret->ttl < ttl ? ret->ttl : ttl;
        ret->ttl = ttl;
        if (ret->n > 0)
            return SP_OK;
        if (ret->alias[0] == '\0')
            return sp_fail(err, SP_E_NOTFOUND, "dns: '%s' has no %s record", name, type_name(type));
        sp_text_copy(asked, sizeof asked, ret->alias);
    }
    return rc != SP_OK ? rc : sp_fail(err, SP_E_PROTO, "dns: '%s' is an alias of an alias without end", name);
}

/* A stable insertion: equal preferences stay as they came, which is how resolvers spread load. */
static void
insert_mx(struct sp_mx list[SP_DNS_MX_MAX], size_t n, const struct sp_dns_record *record)
{
    size_t at = n;
    while (at > 0 && list[at - 1].preference > record->preference) {
        list[at] = list[at - 1];
        at--;
    }
    list[at].preference = record->preference;
    sp_text_copy(list[at].host, sizeof list[at].host, record->host);
}

enum sp_rc
sp_dns_mx(struct sp_dns *dns, const char *domain, int64_t deadline, struct sp_mx ret[SP_DNS_MX_MAX], size_t *ret_count,
          unsigned *ret_ttl, struct sp_err *err)
{
    struct sp_dns_answer answer;
    enum sp_rc rc = lookup(dns, domain, SP_DNS_MX, deadline, &answer, err);
    if (rc != SP_OK)
        return rc;
    size_t n = 0;
    bool nobody = false;
    for (size_t i = 0; i < answer.n && n < SP_DNS_MX_MAX; i++) {
        const char *host = answer.records[i].host;
        nobody = nobody || *host == '\0' || strcmp(host, ".") == 0;
        if (sp_domain_valid(host, true))
            insert_mx(ret, n++, &answer.records[i]);
    }
    if (n == 0 && nobody)
        return sp_fail(err, SP_E_NOTFOUND, "dns: '%s' says that it takes no mail (a null MX)", domain);
    if (n == 0)
        return sp_fail(err, SP_E_PROTO, "dns: the MX records of '%s' name no host", domain);
    *ret_count = n;
    *ret_ttl = answer.ttl;
    return SP_OK;
}

enum sp_rc
sp_dns_txt(struct sp_dns *dns, const char *name, const char *begins, int64_t deadline, struct sp_str *ret,
           size_t *ret_count, struct sp_err *err)
{
    struct sp_dns_answer answer;
    size_t count = 0;
    enum sp_rc rc = lookup(dns, name, SP_DNS_TXT, deadline, &answer, err);
    if (rc != SP_OK)
        return rc;
    for (size_t i = 0; i < answer.n; i++) {
        const char *text = answer.texts + answer.records[i].text;
        if (!sp_text_starts_nocase(text, begins))
            continue;
        sp_str_add_n(ret, text, strlen(text) + 1);
        count++;
    }
    if (ret->failed)
        return sp_fail(err, SP_E_NOMEM, "dns: out of memory");
    *ret_count = count;
    return SP_OK;
}

struct found {
    struct sp_net_address v4[SP_DNS_ADDRESSES_MAX], v6[SP_DNS_ADDRESSES_MAX];
    size_t n4, n6;
};

static void
add_found(struct found *found, int family, const void *address)
{
    if (family == AF_INET && found->n4 < SP_DNS_ADDRESSES_MAX) {
        struct sockaddr_in *sock = (void *)&found->v4[found->n4].sock;
        sock->sin_family = AF_INET;
        memcpy(&sock->sin_addr, address, sizeof sock->sin_addr);
        found->v4[found->n4++].size = sizeof *sock;
    } else if (family == AF_INET6 && found->n6 < SP_DNS_ADDRESSES_MAX) {
        struct sockaddr_in6 *sock = (void *)&found->v6[found->n6].sock;
        sock->sin6_family = AF_INET6;
        memcpy(&sock->sin6_addr, address, sizeof sock->sin6_addr);
        found->v6[found->n6++].size = sizeof *sock;
    }
}

static void
add_sock(struct found *found, const struct sp_net_address *address)
{
    if (address->sock.ss_family == AF_INET)
        add_found(found, AF_INET, &((const struct sockaddr_in *)(const void *)&address->sock)->sin_addr);
    else
        add_found(found, AF_INET6, &((const struct sockaddr_in6 *)(const void *)&address->sock)->sin6_addr);
}

/* What needs no server. */
static void
find_here(const struct sp_dns *dns, const char *host, struct found *found)
{
    struct sp_net_address listed[SP_DNS_ADDRESSES_MAX];
    if (sp_net_address_parse(host, 0, &listed[0])) {
        add_sock(found, &listed[0]);
        return;
    }
    if (sp_text_ends_nocase(host, ".localhost") || strcasecmp(host, "localhost") == 0) {
        const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
        add_found(found, AF_INET, &loopback);
        add_found(found, AF_INET6, &in6addr_loopback);
        return;
    }
    if (dns->configured.n > 0)
        return;
    size_t n = sp_hosts_find("/etc/hosts", host, listed, SP_LEN(listed));
    for (size_t i = 0; i < n; i++)
        add_sock(found, &listed[i]);
}

static enum sp_rc
find_by_query(const struct sp_dns *dns, const char *host, bool v4_only, int64_t deadline, struct found *found,
              struct sp_err *err)
{
    struct sp_dns_answer answer;
    enum sp_rc rc = lookup(dns, host, SP_DNS_A, deadline, &answer, err);
    for (size_t i = 0; rc == SP_OK && i < answer.n; i++)
        add_found(found, AF_INET, answer.records[i].address);
    if (v4_only || (rc == SP_E_NOTFOUND && sp_ms_left(dns->clock, deadline) == 0))
        return rc;
    int64_t extra = sp_mono_ms(dns->clock) + AAAA_EXTRA_MS;
    if (rc == SP_OK && extra < deadline)
        deadline = extra;
    struct sp_err err6 = { 0 };
    if (lookup(dns, host, SP_DNS_AAAA, deadline, &answer, &err6) == SP_OK)
        for (size_t i = 0; i < answer.n; i++)
            add_found(found, AF_INET6, answer.records[i].address);
    return found->n4 + found->n6 > 0 ? SP_OK : rc;
}

static void
set_port(struct sp_net_address *address, unsigned port)
{
    if (address->sock.ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)&address->sock)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)(void *)&address->sock)->sin6_port = htons((uint16_t)port);
}

/* The place of a host among the remembered ones; NULL. The lock is held. */
static struct faster *
find_faster(struct sp_dns *dns, const char *host)
{
    for (size_t i = 0; i < FASTER_MAX; i++)
        if (dns->faster[i].family != 0 && strcasecmp(dns->faster[i].host, host) == 0)
            return &dns->faster[i];
    return NULL;
}

void
sp_dns_prefer(struct sp_dns *dns, const char *host, const char *ip)
{
    pthread_mutex_lock(&dns->lock);
    struct faster *place = find_faster(dns, host);
    if (place == NULL)
        place = &dns->faster[dns->next_faster++ % FASTER_MAX];
    (void)sp_text_copy(place->host, sizeof place->host, host);
    place->family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;
    pthread_mutex_unlock(&dns->lock);
}

/* IPv6 first unless IPv4 was faster (RFC 8305 section 4). */
static bool
v4_first(struct sp_dns *dns, const char *host)
{
    pthread_mutex_lock(&dns->lock);
    const struct faster *place = find_faster(dns, host);
    bool first = place != NULL && place->family == AF_INET;
    pthread_mutex_unlock(&dns->lock);
    return first;
}

/* The families in turns. */
static size_t
interleave(const struct found *found, bool v4_only, bool v4_leads, unsigned port,
           struct sp_net_address ret[SP_DNS_ADDRESSES_MAX])
{
    size_t n = 0, n6 = v4_only ? 0 : found->n6;
    for (size_t i = 0; i < SP_DNS_ADDRESSES_MAX; i++) {
        if (v4_leads && i < found->n4 && n < SP_DNS_ADDRESSES_MAX)
            ret[n++] = found->v4[i];
        if (i < n6 && n < SP_DNS_ADDRESSES_MAX)
            ret[n++] = found->v6[i];
        if (!v4_leads && i < found->n4 && n < SP_DNS_ADDRESSES_MAX)
            ret[n++] = found->v4[i];
    }
    for (size_t i = 0; i < n; i++)
        set_port(&ret[i], port);
    return n;
}

enum sp_rc
sp_dns_addresses(struct sp_dns *dns, const char *host, unsigned port, bool v4_only, int64_t deadline,
                 struct sp_net_address ret[SP_DNS_ADDRESSES_MAX], size_t *ret_count, struct sp_err *err)
{
    struct found found = { 0 };
    find_here(dns, host, &found);
    enum sp_rc rc = SP_OK;
    if (found.n4 + found.n6 == 0)
        rc = find_by_query(dns, host, v4_only, deadline, &found, err);
    if (rc != SP_OK)
        return rc;
    size_t n = interleave(&found, v4_only, v4_first(dns, host), port, ret);
    if (n == 0)
        return sp_fail(err, SP_E_NOTFOUND, "dns: '%s' has no IPv4 address", host);
    *ret_count = n;
    return SP_OK;
}
