#include "unit/net/fake_dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, HEADER_SIZE = 12 };

struct fake_dns {
    const struct fake_dns_rule *rules;
    int udp, tcp, stop[2];
    char address[32];
    pthread_t thread;
    pthread_mutex_t lock;
    size_t questions;
};

struct message {
    unsigned char bytes[MESSAGE_MAX];
    size_t size;
};

static void
put(struct message *m, const void *bytes, size_t size)
{
    if (m->size + size > sizeof m->bytes)
        abort();
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void
put16(struct message *m, unsigned value)
{
    put(m, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

static void
put_name(struct message *m, const char *name)
{
    while (*name != '\0' && *name != '.') {
        size_t len = strcspn(name, ".");
        put(m, (unsigned char[]){ (unsigned char)len }, 1);
        put(m, name, len);
        name += len;
        if (*name == '.')
            name++;
    }
    put(m, "", 1);
}

/* "a|b": two strings */
static void
put_strings(struct message *m, const char *text)
{
    for (;;) {
        size_t len = strcspn(text, "|");
        unsigned char length = (unsigned char)len;
        put(m, &length, 1);
        put(m, text, len);
        if (text[len] == '\0')
            return;
        text += len + 1;
    }
}

static void
put_data(struct message *m, const struct fake_dns_record *record)
{
    unsigned char address[16];
    switch (record->type) {
    case ns_t_a:
        put(m, address, inet_pton(AF_INET, record->data, address) == 1 ? 4 : 3);
        break;
    case ns_t_aaaa:
        put(m, address, inet_pton(AF_INET6, record->data, address) == 1 ? 16 : 3);
        break;
    case ns_t_mx:
        put16(m, (unsigned)strtoul(record->data, NULL, 10));
        put_name(m, strchr(record->data, ' ') + 1);
        break;
    case ns_t_txt:
        put_strings(m, record->data);
        break;
    default: /* CNAME */
        put_name(m, record->data);
        break;
    }
}

static void
put_record(struct message *m, const struct fake_dns_record *record)
{
    put_name(m, record->name);
    put16(m, (unsigned)record->type);
    put16(m, ns_c_in);
    put16(m, record->ttl >> 16);
    put16(m, record->ttl & 0xffff);
    size_t length_at = m->size;
    put16(m, 0);
    put_data(m, record);
    size_t length = m->size - length_at - 2;
    m->bytes[length_at] = (unsigned char)(length >> 8);
    m->bytes[length_at + 1] = (unsigned char)length;
}

/* The question, turned into an answer. */
static struct message
answer(const unsigned char *query, size_t size, const struct fake_dns_rule *rule, enum fake_dns_manner manner)
{
    struct message m = { .size = 0 };
    put(&m, query, size);
    unsigned code = manner == DNS_NXDOMAIN ? ns_r_nxdomain : manner == DNS_SERVFAIL ? ns_r_servfail : 0;
    m.bytes[2] = (unsigned char)(0x81 | (manner == DNS_TRUNCATED ? 0x02 : 0));
    m.bytes[3] = (unsigned char)(0x80 | code);
    size_t n = 0;
    if (manner != DNS_TRUNCATED && rule != NULL)
        for (; rule->records[n].name != NULL; n++)
            put_record(&m, &rule->records[n]);
    m.bytes[7] = (unsigned char)n;
    if (manner == DNS_CUT)
        m.size -= 3;
    if (manner == DNS_FOREIGN)
        m.bytes[0] ^= 0xff;
    return m;
}

static const struct fake_dns_rule *
rule_for(const struct fake_dns *s, const unsigned char *query, size_t size)
{
    char name[256] = "";
    int used = dn_expand(query, query + size, query + HEADER_SIZE, name, sizeof name);
    if (used < 0 || HEADER_SIZE + (size_t)used + 4 > size)
        return NULL;
    int type = query[HEADER_SIZE + used] << 8 | query[HEADER_SIZE + used + 1];
    for (const struct fake_dns_rule *rule = s->rules; rule->name != NULL; rule++)
        if (strcasecmp(rule->name, name) == 0 && (rule->type == 0 || rule->type == type))
            return rule;
    return NULL;
}

static void
answer_udp(struct fake_dns *s)
{
    unsigned char query[512];
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    ssize_t size = recvfrom(s->udp, query, sizeof query, 0, (struct sockaddr *)&from, &from_size);
    if (size < HEADER_SIZE)
        return;
    pthread_mutex_lock(&s->lock);
    size_t count = ++s->questions;
    pthread_mutex_unlock(&s->lock);
    const struct fake_dns_rule *rule = rule_for(s, query, (size_t)size);
    enum fake_dns_manner manner = rule != NULL ? rule->manner : DNS_NXDOMAIN;
    struct message m = answer(query, (size_t)size, rule, manner);
    if (manner == DNS_SILENT || (manner == DNS_SECOND_TRY && count == 1))
        return;
    if (manner == DNS_EMPTY)
        m.size = 0;
    if (manner == DNS_GARBAGE) /* the right id and question, so that somebody reads on */
        memset(m.bytes + size, 0xff, m.size - (size_t)size);
    if (manner == DNS_FORGED_FIRST) {
        struct message forged = m;
        forged.bytes[HEADER_SIZE + 1] ^= 1;
        sendto(s->udp, forged.bytes, forged.size, 0, (struct sockaddr *)&from, from_size);
    }
    sendto(s->udp, m.bytes, m.size, 0, (struct sockaddr *)&from, from_size);
}

static void
answer_tcp(struct fake_dns *s)
{
    int peer = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC);
    unsigned char query[514];
    ssize_t got = peer >= 0 ? recv(peer, query, sizeof query, 0) : -1;
    if (got > HEADER_SIZE + 2) {
        const struct fake_dns_rule *rule = rule_for(s, query + 2, (size_t)got - 2);
        struct message m = answer(query + 2, (size_t)got - 2, rule, DNS_ANSWERS);
        unsigned char frame[2] = { (unsigned char)(m.size >> 8), (unsigned char)m.size };
        send(peer, frame, sizeof frame, MSG_NOSIGNAL);
        send(peer, m.bytes, m.size, MSG_NOSIGNAL);
    }
    if (peer >= 0)
        close(peer);
}

static void *
serve(void *context)
{
    struct fake_dns *s = context;
    for (;;) {
        struct pollfd fds[] = { { s->udp, POLLIN, 0 }, { s->tcp, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };
        if (poll(fds, 3, -1) < 0 || fds[2].revents != 0)
            return NULL;
        if (fds[0].revents != 0)
            answer_udp(s);
        if (fds[1].revents != 0)
            answer_tcp(s);
    }
}

/* Both sockets on one free port: what UDP gets may be taken for TCP, so try a few times. */
static bool
bind_both(struct fake_dns *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->udp, (struct sockaddr *)&address, size) == 0 &&
        getsockname(s->udp, (struct sockaddr *)&address, &size) == 0 &&
        bind(s->tcp, (struct sockaddr *)&address, size) == 0 && listen(s->tcp, 4) == 0) {
        snprintf(s->address, sizeof s->address, "127.0.0.1:%d", ntohs(address.sin_port));
        return true;
    }
    close(s->udp);
    close(s->tcp);
    return false;
}

struct fake_dns *
fake_dns_new(const struct fake_dns_rule *rules)
{
    struct fake_dns *s = calloc(1, sizeof *s);
    if (s == NULL || pipe(s->stop) != 0)
        abort();
    s->rules = rules;
    pthread_mutex_init(&s->lock, NULL);
    int tries = 0;
    while (!bind_both(s))
        if (++tries == 20)
            abort();
    if (pthread_create(&s->thread, NULL, serve, s) != 0)
        abort();
    return s;
}

void
fake_dns_free(struct fake_dns **server)
{
    struct fake_dns *s = *server;
    *server = NULL;
    if (s == NULL)
        return;
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->udp);
    close(s->tcp);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *
fake_dns_address(const struct fake_dns *s)
{
    return s->address;
}

size_t
fake_dns_questions(struct fake_dns *s)
{
    pthread_mutex_lock(&s->lock);
    size_t questions = s->questions;
    pthread_mutex_unlock(&s->lock);
    return questions;
}
