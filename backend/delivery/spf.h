/* spf.h - whether a domain's SPF record (RFC 7208) covers an address: what receivers look at when mail comes from there
 * directly. Pure: who answers questions is injected.
 *
 * Only for telling people. Macros and ptr are not followed (nobody needs them to name an office's address): where the
 * answer hangs on one, it is UNKNOWN. */
#ifndef SP_DELIVERY_SPF_H
#define SP_DELIVERY_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/net/dns.h"
#include "base/err.h"

struct sp_str;

/* Each: SP_E_NOTFOUND when there is no such name or no such record; any other failure is a passing one. */
struct sp_spf_dns {
    /* TXT records that begin with "v=spf1", each ended by a zero byte; *ret_count 0 counts as not found. */
    enum sp_rc (*txt)(void *context, const char *name, struct sp_str *ret, size_t *ret_count);
    enum sp_rc (*mx)(void *context, const char *name, struct sp_mx ret[SP_DNS_MX_MAX], size_t *ret_count);
    enum sp_rc (*addresses)(void *context, const char *name, bool v6, struct sp_net_address ret[SP_DNS_ADDRESSES_MAX],
                            size_t *ret_count);
    void *context;
};

enum sp_spf_result {
    SP_SPF_NONE, /* no record */
    SP_SPF_NEUTRAL,
    SP_SPF_PASS,
    SP_SPF_FAIL,     /* -all */
    SP_SPF_SOFTFAIL, /* ~all */
    SP_SPF_TEMPERROR,
    SP_SPF_PERMERROR, /* the record is broken, for everybody */
    SP_SPF_UNKNOWN,
};

enum { SP_SPF_LOOKUPS_MAX = 10, SP_SPF_VOID_MAX = 2 }; /* section 4.6.4 */

struct sp_spf {
    enum sp_spf_result result;
    char record[480]; /* the domain's own, cut; "" : none */
    char term[128];   /* what decided: "ip4:203.0.113.0/24"; "" : the end of the record */
    char where[256];  /* the domain whose record holds the term */
    char why[200];    /* what is broken, or not known; else "" */
    unsigned lookups;
};

/* ip: "203.0.113.7" or IPv6. */
void sp_spf_evaluate(const struct sp_spf_dns *dns, const char *domain, const char *ip, struct sp_spf *ret);

#endif
