/* RFC 1035 section 4.1, what is needed of it:
 *
 *   message  = ID flags QDCOUNT ANCOUNT NSCOUNT ARCOUNT (2 octets each) question *answer
 *   question = name TYPE CLASS            name = *( length label ) 0
 *   answer   = 0xC00C TYPE CLASS TTL RDLENGTH RDATA           0xC00C: the name is the one at octet 12, the question's
 */
#include "backend/sandbox/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/sandbox/scenario.h"
#include "base/auto.h"
#include "base/text.h"

enum { HEAD = 12, NAME_MAX_OCTETS = 255, PACKET_MAX = 2048, TTL = 5, STRING_MAX = 255 };
enum { TYPE_A = 1, TYPE_MX = 15, TYPE_TXT = 16, CLASS_IN = 1 };
enum { NO_ERROR = 0, FORMAT_ERROR = 1, SERVER_FAILURE = 2, NO_SUCH_NAME = 3 };

static const char microsoft_spf[] = "spf.protection.outlook.com";

struct sp_box_resolver {
    int fd;
    unsigned port;
    struct sp_box_hall *hall;
    const struct sp_box_zone *zone;
    struct sp_box_scenarios *scenarios;
    pthread_t thread;
};

struct question {
    char name[NAME_MAX_OCTETS + 1];
    unsigned type, class;
    size_t end; /* of the question in the packet */
};

struct packet {
    unsigned char bytes[PACKET_MAX];
    size_t size;
};

static bool
question_parse(const struct packet *query, struct question *ret)
{
    size_t at = HEAD, len = 0;
    if (query->size < HEAD + 5 || (query->bytes[2] & 0x80) != 0 || query->bytes[4] != 0 || query->bytes[5] != 1)
        return false; /* too short, an answer, or not exactly one question */
    while (at < query->size && query->bytes[at] != 0) {
        size_t label = query->bytes[at];
        if (label > 63 || at + 1 + label >= query->size || len + label + 1 > NAME_MAX_OCTETS)
            return false;
        if (len > 0)
            ret->name[len++] = '.';
        memcpy(ret->name + len, query->bytes + at + 1, label);
        len += label;
        at += 1 + label;
    }
    if (at + 5 > query->size)
        return false;
    ret->name[len] = '\0';
    ret->type = (unsigned)query->bytes[at + 1] << 8 | query->bytes[at + 2];
    ret->class = (unsigned)query->bytes[at + 3] << 8 | query->bytes[at + 4];
    ret->end = at + 5;
    return true;
}

static void
put16(struct packet *packet, unsigned value)
{
    packet->bytes[packet->size++] = (unsigned char)(value >> 8);
    packet->bytes[packet->size++] = (unsigned char)value;
}

static void
put_answer_head(struct packet *packet, unsigned type, unsigned size)
{
    packet->bytes[7] = 1; /* ANCOUNT: never more than one here */
    put16(packet, 0xc00c);
    put16(packet, type);
    put16(packet, CLASS_IN);
    put16(packet, 0);
    put16(packet, TTL);
    put16(packet, size);
}

/* host has passed sp_domain_valid: labels of 1 to 63 octets, 253 in all. */
static void
put_mx(struct packet *packet, const char *host)
{
    put_answer_head(packet, TYPE_MX, (unsigned)strlen(host) + 4);
    put16(packet, 0); /* preference: Microsoft's is 0 */
    while (*host != '\0') {
        size_t label = strcspn(host, ".");
        packet->bytes[packet->size++] = (unsigned char)label;
        memcpy(packet->bytes + packet->size, host, label);
        packet->size += label;
        host += label + (host[label] == '.');
    }
    packet->bytes[packet->size++] = 0;
}

static void
put_a(struct packet *packet, const char *address)
{
    struct in_addr in;
    if (inet_pton(AF_INET, address, &in) != 1)
        return;
    put_answer_head(packet, TYPE_A, sizeof(in));
    memcpy(packet->bytes + packet->size, &in, sizeof(in));
    packet->size += sizeof(in);
}

/* Strings of 255 octets at most, which their reader joins (RFC 7208 section 3.3). */
static void
put_txt(struct packet *packet, const char *text)
{
    size_t left = strlen(text);
    put_answer_head(packet, TYPE_TXT, (unsigned)(left + (left + STRING_MAX - 1) / STRING_MAX));
    while (left > 0) {
        size_t here = left < STRING_MAX ? left : STRING_MAX;
        packet->bytes[packet->size++] = (unsigned char)here;
        memcpy(packet->bytes + packet->size, text, here);
        packet->size += here;
        text += here;
        left -= here;
    }
}

static bool
is_host(const struct sp_box_zone *zone, const char *name)
{
    for (size_t i = 0; i < sizeof(zone->hosts) / sizeof(zone->hosts[0]) && zone->hosts[i] != NULL; i++)
        if (strcasecmp(zone->hosts[i], name) == 0)
            return true;
    return false;
}

static bool
is_domain(const struct sp_box_zone *zone, const char *name)
{
    for (size_t i = 0; i < zone->domains->n; i++)
        if (strcasecmp(zone->domains->items[i], name) == 0)
            return true;
    return false;
}

/* The tenant's domains. */

/* The first domain's mail may go through somebody else; that of onmicrosoft.com never does. */
static const char *
mail_host(const struct sp_box_resolver *r, const char *domain)
{
    bool foreign = !sp_text_ends_nocase(domain, ".onmicrosoft.com") &&
                   sp_box_plays(r->scenarios, SP_BOX_DNS, SP_BOX_MX_FOREIGN, NULL);
    return foreign ? "mx1.mailgateway.example.net" : r->zone->mx_host;
}

/* Our clients are where we are; Microsoft's own ranges are what the include stands for. */
static void
put_spf(const struct sp_box_resolver *r, struct packet *reply)
{
    struct sp_box_scenario said;
    if (!sp_box_plays(r->scenarios, SP_BOX_DNS, SP_BOX_SPF, &said))
        (void)sp_text_format(said.text, sizeof(said.text), "v=spf1 ip4:%s include:%s ~all", r->zone->address,
                             microsoft_spf);
    if (strcmp(said.text, "none") != 0)
        put_txt(reply, said.text);
}

static void
answer_domain(const struct sp_box_resolver *r, const struct question *question, struct packet *reply)
{
    if (question->type == TYPE_MX)
        put_mx(reply, mail_host(r, question->name));
    if (question->type == TYPE_TXT)
        put_spf(r, reply);
}

/* Block lists (RFC 5782): 1.0.0.127.LIST asks for 127.0.0.1. */

/* The list's name, behind four numbers; NULL: that is no such question. */
static const char *
list_asked(const char *name)
{
    static const char *const known[] = { ".dnsbl.sandbox", "zen.spamhaus.org", "bl.spamcop.net",
                                         "b.barracudacentral.org" };
    for (int i = 0; i < 4; i++) {
        size_t digits = strspn(name, "0123456789");
        if (digits == 0 || digits > 3 || name[digits] != '.')
            return NULL;
        name += digits + 1;
    }
    for (size_t i = 0; i < SP_LEN(known); i++)
        if (sp_text_ends_nocase(name, known[i]))
            return name;
    return NULL;
}

/* 127.0.0.2 is always listed: that is how one sees that a list is alive. */
static unsigned
answer_list(const struct sp_box_resolver *r, const struct question *question, const char *list, struct packet *reply)
{
    struct sp_box_scenario said = { .number = 0 };
    bool listed = sp_box_plays(r->scenarios, SP_BOX_DNS, SP_BOX_DNSBL_LISTED, &said) &&
                  (said.text[0] == '\0' || strcasecmp(said.text, list) == 0);
    if (!listed && !sp_text_starts(question->name, "2.0.0.127."))
        return NO_SUCH_NAME;
    if (question->type == TYPE_A)
        put_a(reply, "127.0.0.2");
    if (question->type == TYPE_TXT)
        put_txt(reply, "https://www.spamhaus.org/query/ip/127.0.0.1");
    return NO_ERROR;
}

/* Adds the answer, if there is one, and says how it went. */
static unsigned
answer(const struct sp_box_resolver *r, const struct question *question, struct packet *reply)
{
    bool host = is_host(r->zone, question->name), domain = is_domain(r->zone, question->name);
    bool microsoft = strcasecmp(question->name, microsoft_spf) == 0;
    const char *list = list_asked(question->name);
    if (!host && !domain && !microsoft && list == NULL)
        return NO_SUCH_NAME;
    if (question->class != CLASS_IN)
        return NO_ERROR;
    if (list != NULL)
        return answer_list(r, question, list, reply);
    if (domain)
        answer_domain(r, question, reply);
    if (microsoft && question->type == TYPE_TXT)
        put_txt(reply, "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:104.47.0.0/17 -all");
    if (host && question->type == TYPE_A)
        put_a(reply, r->zone->address);
    return NO_ERROR;
}

/* Turns the query into its reply; false: say nothing. */
static bool
reply_make(const struct sp_box_resolver *r, struct packet *packet)
{
    struct question question = { 0 };
    if (packet->size < HEAD || sp_box_plays(r->scenarios, SP_BOX_DNS, SP_BOX_DNS_SILENT, NULL))
        return false;
    bool fine = question_parse(packet, &question);
    packet->size = fine ? question.end : HEAD;
    packet->bytes[2] = (unsigned char)(0x84 | (packet->bytes[2] & 0x01)); /* an answer, authoritative; RD as asked */
    memset(packet->bytes + 6, 0, HEAD - 6);                               /* counts of answers and the rest */
    unsigned code = FORMAT_ERROR;
    if (!fine)
        memset(packet->bytes + 4, 0, 2);
    else if (sp_box_plays(r->scenarios, SP_BOX_DNS, SP_BOX_DNS_FAILS, NULL))
        code = SERVER_FAILURE;
    else
        code = answer(r, &question, packet);
    packet->bytes[3] = (unsigned char)(0x80 | code); /* recursion available */
    return true;
}

static void
serve_one(const struct sp_box_resolver *r)
{
    struct packet packet;
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    /* Room is kept for the longest answer to the longest question. */
    ssize_t got = recvfrom(r->fd, packet.bytes, HEAD + NAME_MAX_OCTETS + 5, 0, (struct sockaddr *)&from, &size);
    if (got <= 0)
        return;
    packet.size = (size_t)got;
    if (reply_make(r, &packet))
        (void)sendto(r->fd, packet.bytes, packet.size, MSG_DONTWAIT, (const struct sockaddr *)&from, size);
}

static void *
resolver_run(void *argument)
{
    struct sp_box_resolver *r = argument;
    struct pollfd fds[] = { { .fd = r->fd, .events = POLLIN }, { .fd = r->hall->stop_fd, .events = POLLIN } };
    for (;;) {
        int n = poll(fds, 2, -1); /* for questions, or for the end: stop_fd */
        if (fds[1].revents != 0)
            return NULL;
        if (n > 0)
            serve_one(r);
    }
}

enum sp_rc
sp_box_resolver_open(const char *address, unsigned port, struct sp_box_hall *hall, const struct sp_box_zone *zone,
                     struct sp_box_scenarios *scenarios, struct sp_box_resolver **ret, struct sp_err *err)
{
    struct sp_box_resolver *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return sp_fail(err, SP_E_NOMEM, "sandbox: out of memory");
    r->hall = hall;
    r->zone = zone;
    r->scenarios = scenarios;
    enum sp_rc rc = sp_box_bind(address, port, SOCK_DGRAM, &r->fd, &r->port, err);
    if (rc != SP_OK) {
        free(r);
        return rc;
    }
    if (pthread_create(&r->thread, NULL, resolver_run, r) != 0) {
        close(r->fd);
        free(r);
        return sp_fail(err, SP_E_NOMEM, "sandbox: cannot start a thread");
    }
    *ret = r;
    return SP_OK;
}

unsigned
sp_box_resolver_port(const struct sp_box_resolver *resolver)
{
    return resolver->port;
}

void
sp_box_resolver_close(struct sp_box_resolver **resolver)
{
    struct sp_box_resolver *r = *resolver;
    *resolver = NULL;
    if (r == NULL)
        return;
    pthread_join(r->thread, NULL);
    close(r->fd);
    free(r);
}
