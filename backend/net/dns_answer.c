/* dns_answer.c - a resolver's answer taken apart (RFC 1035 section 4.1). libresolv's parser keeps within the bounds;
 * what it finds is looked at as something a stranger wrote. Pure. */
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#include "backend/net/dns_query.h"
#include "base/text.h"

enum { CNAMES_MAX = 8, HEADER_SIZE = NS_HFIXEDSZ };

/* Same id, an answer, the same question: by bytes, except that a resolver may change the case of letters. */
bool
sp_dns_answers(const unsigned char *reply, size_t size, const unsigned char *query, size_t query_size)
{
    if (size < query_size || query_size < HEADER_SIZE)
        return false;
    bool is_answer = (reply[2] & 0x80) != 0;
    if (memcmp(reply, query, 2) != 0 || !is_answer || memcmp(reply + 4, query + 4, 2) != 0)
        return false;
    for (size_t i = HEADER_SIZE; i < query_size; i++) {
        unsigned char a = reply[i], b = query[i];
        bool letter = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
        if (a != b && !(letter && (a | 0x20) == (b | 0x20)))
            return false;
    }
    return true;
}

/* Names as libresolv writes them: without the dot at the end, which a caller may have put. */
static bool
same_name(const char *a, const char *b)
{
    size_t len = strlen(b);
    if (len > 0 && b[len - 1] == '.')
        len--;
    return strlen(a) == len && strncasecmp(a, b, len) == 0;
}

static enum sp_rc
nonsense(const char *name, struct sp_err *err)
{
    return sp_fail(err, SP_E_PROTO, "dns: the name server's answer for '%s' makes no sense", name);
}

static void
note_ttl(struct sp_dns_answer *answer, const ns_rr *record)
{
    if (ns_rr_ttl(*record) < answer->ttl)
        answer->ttl = ns_rr_ttl(*record);
}

/* The target of the alias `owner`, when the answer has one, goes to owner. */
static bool
follow(ns_msg *message, char owner[SP_DNS_NAME_SIZE], struct sp_dns_answer *answer)
{
    ns_rr record;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        if (ns_parserr(message, ns_s_an, i, &record) != 0)
            return false;
        if (ns_rr_type(record) != ns_t_cname || !same_name(ns_rr_name(record), owner))
            continue;
        note_ttl(answer, &record);
        return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(record), owner,
                                  SP_DNS_NAME_SIZE) > 0;
    }
    return false;
}

/* rdata = 1*( length text ): the pieces become one text. */
static bool
take_text(const unsigned char *data, size_t size, struct sp_dns_answer *answer, struct sp_dns_record *ret)
{
    ret->text = answer->texts_size;
    for (size_t at = 0; at < size; at += 1 + (size_t)data[at]) {
        size_t len = data[at];
        if (at + 1 + len > size || answer->texts_size + len >= sizeof answer->texts)
            return false;
        for (size_t i = 0; i < len; i++) {
            unsigned char c = data[at + 1 + i];
            answer->texts[answer->texts_size++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
        }
    }
    if (answer->texts_size >= sizeof answer->texts)
        return false;
    answer->texts[answer->texts_size++] = '\0';
    return true;
}

/* Takes one record in. false: its data cannot be. */
static bool
take(const ns_msg *message, const ns_rr *record, enum sp_dns_type type, struct sp_dns_answer *answer)
{
    struct sp_dns_record *ret = &answer->records[answer->n];
    const unsigned char *data = ns_rr_rdata(*record);
    size_t size = ns_rr_rdlen(*record);
    switch (type) {
    case SP_DNS_A:
    case SP_DNS_AAAA:
        if (size != (type == SP_DNS_A ? 4 : 16))
            return false;
        memcpy(ret->address, data, size);
        return true;
    case SP_DNS_MX:
        if (size < 3)
            return false;
        ret->preference = data[0] << 8 | data[1];
        return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + 2, ret->host, sizeof ret->host) >
               0;
    case SP_DNS_TXT:
        return take_text(data, size, answer, ret);
    }
    return false;
}

static enum sp_rc
collect(ns_msg *message, const char *owner, const char *name, enum sp_dns_type type, struct sp_dns_answer *answer,
        struct sp_err *err)
{
    ns_rr record;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an) && answer->n < SP_DNS_RECORDS_MAX; i++) {
        if (ns_parserr(message, ns_s_an, i, &record) != 0)
            return nonsense(name, err);
        if ((unsigned)ns_rr_type(record) != (unsigned)type || !same_name(ns_rr_name(record), owner))
            continue;
        if (!take(message, &record, type, answer))
            return nonsense(name, err);
        note_ttl(answer, &record);
        answer->n++;
    }
    return SP_OK;
}

enum sp_rc
sp_dns_parse(const unsigned char *reply, size_t size, const char *name, enum sp_dns_type type,
             struct sp_dns_answer *ret, struct sp_err *err)
{
    *ret = (struct sp_dns_answer){ .ttl = UINT32_MAX };
    ns_msg message;
    if (ns_initparse(reply, (int)size, &message) != 0)
        return nonsense(name, err);
    if (ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain)
        return sp_fail(err, SP_E_NOTFOUND, "dns: there is no name '%s'", name);
    char owner[SP_DNS_NAME_SIZE];
    if (!sp_text_copy(owner, sizeof owner, name))
        return nonsense(name, err);
    int aliases = 0;
    while (aliases <= CNAMES_MAX && follow(&message, owner, ret))
        aliases++;
    if (aliases > CNAMES_MAX)
        return nonsense(name, err);
    enum sp_rc rc = collect(&message, owner, name, type, ret, err);
    if (rc == SP_OK && ret->n == 0 && aliases > 0)
        sp_text_copy(ret->alias, sizeof ret->alias, owner);
    return rc;
}
