/* check_hints.h - what a check concludes from small things it heard on the way: whose certificate that is, what time it
 * is over there, what a block list answered. Hints for people, never a reason to refuse anything. Pure. */
#ifndef SP_DELIVERY_CHECK_HINTS_H
#define SP_DELIVERY_CHECK_HINTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_issuer {
    SP_ISSUER_USUAL,    /* of Microsoft's own servers */
    SP_ISSUER_FIREWALL, /* a product that opens TLS on the way */
    SP_ISSUER_UNUSUAL,
};
/* issuer: "CN=DigiCert Cloud Services CA-1, O=DigiCert Inc". *ret_product: "Fortinet" for a firewall; else "". */
enum sp_issuer sp_issuer_judge(const char *issuer, const char **ret_product);

/* The clock of a server that greets with "... ready at Mon, 23 Nov 2026 12:00:00 +0000 [...]". */
bool sp_banner_date(const char *banner, int64_t *ret_wall_ms);

/* Not of a private network or documentation: an address that a list could know. This machine's own counts: only a
 * stand-in for Microsoft sees us there. */
bool sp_ip_is_listable(const char *ip);

struct sp_dnsbl {
    const char *zone;   /* "zen.spamhaus.org" */
    const char *delist; /* where to ask for removal */
};
extern const struct sp_dnsbl sp_dnsbls[]; /* ends with a NULL zone */

/* The name to ask a list for: "7.113.0.203.zen.spamhaus.org" (RFC 5782 section 2). false: it does not fit. */
bool sp_dnsbl_name(const char *ip, const char *zone, char *buffer, size_t size);

enum sp_dnsbl_answer {
    SP_DNSBL_LISTED,
    SP_DNSBL_POLICY, /* an address that its provider does not mean to send mail: usual for office lines */
    SP_DNSBL_REFUSED /* the list does not answer this resolver */
};
/* answer: the address that the name has. */
enum sp_dnsbl_answer sp_dnsbl_judge(struct in_addr answer);

#endif
