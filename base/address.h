/* address.h - e-mail addresses as scanpost takes them: RFC 5321 Mailbox without quoted local parts, comments and
 * address literals, which Exchange Online does not give to anybody. Local parts may be UTF-8 (RFC 6531). Pure. */
#ifndef SP_BASE_ADDRESS_H
#define SP_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum { SP_ADDRESS_MAX = 254, SP_LOCAL_PART_MAX = 64, SP_DOMAIN_MAX = 253 };

/* At most 254 bytes, dot-atom on the left (RFC 5322 section 3.2.3), a domain name on the right. */
bool sp_address_valid(const char *address);
/* At least one dot unless `single` is allowed; labels of letters, digits and inner dashes, at most 63 each; no dot at
 * the end. */
bool sp_domain_valid(const char *domain, bool single);
/* What follows the '@' of a valid address. */
const char *sp_address_domain(const char *address);
/* Equal to Exchange: both parts without regard to ASCII case. */
bool sp_address_equal(const char *a, const char *b);
/* pattern: an address, "*@domain", or "*". */
bool sp_address_matches(const char *address, const char *pattern);
bool sp_address_pattern_valid(const char *pattern);

#endif
