/* dns_query.h - one question to a resolver and the records of its answer; dns.h from the inside. */
#ifndef SP_NET_DNS_QUERY_H
#define SP_NET_DNS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "backend/net/dns.h"

enum {
    SP_DNS_SERVERS_MAX = 3,   /* as resolv.conf(5) has it */
    SP_DNS_ANSWER_MAX = 8192, /* sixteen mail exchangers with their addresses are not half of it */
    SP_DNS_RECORDS_MAX = 64,  /* more are not looked at; a domain has dozens of TXT records, one of them for SPF */
    SP_DNS_NAME_SIZE = 256,
};

struct sp_dns_servers {
    struct sp_net_address list[SP_DNS_SERVERS_MAX];
    size_t n;
};

enum sp_dns_type { SP_DNS_A = 1, SP_DNS_AAAA = 28, SP_DNS_MX = 15, SP_DNS_TXT = 16 }; /* as on the wire */

struct sp_dns_record {
    int preference;              /* of an MX */
    char host[SP_DNS_NAME_SIZE]; /* of an MX; "" is the root, RFC 7505's "no mail here" */
    unsigned char address[16];   /* of A (4 bytes) and AAAA */
    size_t text;                 /* of a TXT: where it begins in texts */
};

struct sp_dns_answer {
    struct sp_dns_record records[SP_DNS_RECORDS_MAX];
    size_t n;                      /* 0: the name is there, but has none of that type */
    unsigned ttl;                  /* the smallest on the way */
    char texts[SP_DNS_ANSWER_MAX]; /* of TXT records, each ended by a zero byte */
    size_t texts_size;
    char alias[SP_DNS_NAME_SIZE]; /* n is 0 and the name is another's alias: ask for this one; else "" */
};

/* Asks the servers in turn, patiently up to the deadline. reply: SP_DNS_ANSWER_MAX bytes. SP_E_TIMEOUT, SP_E_IO (no
 * server can be reached, or all refuse), SP_E_PROTO. */
enum sp_rc sp_dns_ask(const struct sp_dns_servers *servers, const struct sp_clock *clock, int64_t deadline,
                      const char *name, enum sp_dns_type type, unsigned char *reply, size_t *ret_size,
                      struct sp_err *err);
/* Whether the bytes answer this very question (id and all): what does not is somebody else's, or forged. */
bool sp_dns_answers(const unsigned char *reply, size_t size, const unsigned char *query, size_t query_size);
/* SP_E_NOTFOUND: no such name. SP_E_PROTO: the answer makes no sense. */
enum sp_rc sp_dns_parse(const unsigned char *reply, size_t size, const char *name, enum sp_dns_type type,
                        struct sp_dns_answer *ret, struct sp_err *err);
/* The servers of /etc/resolv.conf, read anew each time: laptops and DHCP change it. */
enum sp_rc sp_dns_system_servers(struct sp_dns_servers *ret, struct sp_err *err);

/* Addresses of host in a file like /etc/hosts, IPv4 and IPv6 as they come, without port; returns how many. */
size_t sp_hosts_find(const char *path, const char *host, struct sp_net_address *ret, size_t room);
/* "192.0.2.1" or "2001:db8::1" with a port. */
bool sp_net_address_parse(const char *ip, unsigned port, struct sp_net_address *ret);

#endif
