/* dns.h - names to addresses and mail exchangers, by the system's resolver or by the one configured ("ip:port"). Every
 * call blocks up to its deadline: never from an event loop. Threads may share a resolver. */
#ifndef SP_NET_DNS_H
#define SP_NET_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct sp_clock;
struct sp_dns;
struct sp_str;

struct sp_net_address {
    struct sockaddr_storage sock;
    socklen_t size;
};
enum { SP_DNS_ADDRESSES_MAX = 16, SP_DNS_MX_MAX = 16 };

struct sp_mx {
    int preference;
    char host[256];
};

/* server: "" for the system's, or "127.0.0.1:5353", "[::1]:5353". SP_E_INVALID, SP_E_NOMEM. */
enum sp_rc sp_dns_new(const char *server, const struct sp_clock *clock, struct sp_dns **ret, struct sp_err *err);
void sp_dns_free(struct sp_dns **dns);

/* By preference, then as they came. *ret_ttl in seconds. SP_E_NOTFOUND (no such name, or no MX), SP_E_TIMEOUT,
 * SP_E_PROTO, SP_E_IO. */
enum sp_rc sp_dns_mx(struct sp_dns *dns, const char *domain, int64_t deadline, struct sp_mx ret[SP_DNS_MX_MAX],
                     size_t *ret_count, unsigned *ret_ttl, struct sp_err *err);
/* Addresses of host (a literal is taken as it is) with the port in place. v4_only: on port 25, because connectors match
 * IPv4 only; otherwise both families, alternating, IPv6 first (RFC 8305). Names that end in .localhost and "localhost"
 * need no server. The family that sp_dns_prefer saw goes first. */
enum sp_rc sp_dns_addresses(struct sp_dns *dns, const char *host, unsigned port, bool v4_only, int64_t deadline,
                            struct sp_net_address ret[SP_DNS_ADDRESSES_MAX], size_t *ret_count, struct sp_err *err);

/* The TXT records of a name that begin with `begins` (without regard to case), each as one text: its strings joined
 * (RFC 7208 section 3.3), control characters and what is no ASCII replaced by '?'. ret: *ret_count texts, each ended by
 * a zero byte. Errors as sp_dns_mx; none that begins so: SP_OK and *ret_count 0. */
enum sp_rc sp_dns_txt(struct sp_dns *dns, const char *name, const char *begins, int64_t deadline, struct sp_str *ret,
                      size_t *ret_count, struct sp_err *err);

/* A connection to this address of the host stood first: its family is tried first from now on. A few hosts are
 * remembered. */
void sp_dns_prefer(struct sp_dns *dns, const char *host, const char *ip);

/* Whether a mail exchanger is Microsoft's: *.mail.protection.outlook.com, *.mx.microsoft and the national clouds. */
bool sp_mx_is_microsoft(const char *host);

#endif
