/* check_hints.c - see check_hints.h. */
#include "backend/delivery/check_hints.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/text.h"

/* --- certificates --- */

/* What Microsoft's mail servers, sign-in and Graph show: certificates of DigiCert and of Microsoft's own authorities
 * (learn.microsoft.com, "Microsoft 365 encryption chains"). */
static const char *const usual[] = { "O=DigiCert", "O=Microsoft Corporation" };

static const struct {
    const char *word, *product;
} firewalls[] = {
    { "fortinet", "Fortinet" },
    { "fortigate", "FortiGate" },
    { "sophos", "Sophos" },
    { "palo alto", "Palo Alto" },
    { "paloalto", "Palo Alto" },
    { "zscaler", "Zscaler" },
    { "check point", "Check Point" },
    { "checkpoint", "Check Point" },
    { "sonicwall", "SonicWall" },
    { "watchguard", "WatchGuard" },
    { "barracuda", "Barracuda" },
    { "netskope", "Netskope" },
    { "forcepoint", "Forcepoint" },
    { "umbrella", "Cisco Umbrella" },
    { "blue coat", "Blue Coat" },
    { "skyhigh", "Skyhigh" },
    { "mcafee", "McAfee" },
    { "kaspersky", "Kaspersky" },
    { "eset ", "ESET" },
    { "avast", "Avast" },
    { "bitdefender", "Bitdefender" },
    { "untangle", "Untangle" },
    { "pfsense", "pfSense" },
    { "opnsense", "OPNsense" },
    { "securepoint", "Securepoint" },
    { "lancom", "LANCOM" },
};

enum sp_issuer
sp_issuer_judge(const char *issuer, const char **ret_product)
{
    *ret_product = "";
    for (size_t i = 0; i < SP_LEN(firewalls); i++) {
        if (sp_text_find_nocase(issuer, firewalls[i].word) == NULL)
            continue;
        *ret_product = firewalls[i].product;
        return SP_ISSUER_FIREWALL;
    }
    for (size_t i = 0; i < SP_LEN(usual); i++)
        if (sp_text_find_nocase(issuer, usual[i]) != NULL)
            return SP_ISSUER_USUAL;
    return SP_ISSUER_UNUSUAL;
}

/* --- the clock --- */

/* date = [ day-name "," ] day month year hour ":" minute ":" second zone      (RFC 5322 section 3.3). The daemon stays
 * in the C locale, so months have their English names. */
bool
sp_banner_date(const char *banner, int64_t *ret_wall_ms)
{
    const char *date = strstr(banner, "ready at ");
    const char *comma = date == NULL ? NULL : strchr(date, ',');
    struct tm tm = { 0 };
    if (comma == NULL || strptime(comma + 1, " %d %b %Y %H:%M:%S %z", &tm) == NULL || tm.tm_year < 70)
        return false;
    int64_t offset = tm.tm_gmtoff; /* timegm clears it */
    *ret_wall_ms = ((int64_t)timegm(&tm) - offset) * 1000;
    return true;
}

/* --- addresses --- */

struct network {
    uint32_t address, mask;
};

/* RFC 6890: what never reaches the internet; but for 127.0.0.0/8. */
static const struct network inside_v4[] = {
    { 0x00000000, 0xff000000 }, /* 0.0.0.0/8 */
    { 0x0a000000, 0xff000000 }, /* 10.0.0.0/8 */
    { 0x64400000, 0xffc00000 }, /* 100.64.0.0/10 */
    { 0xa9fe0000, 0xffff0000 }, /* 169.254.0.0/16 */
    { 0xac100000, 0xfff00000 }, /* 172.16.0.0/12 */
    { 0xc0000200, 0xffffff00 }, /* 192.0.2.0/24 */
    { 0xc0a80000, 0xffff0000 }, /* 192.168.0.0/16 */
    { 0xc6120000, 0xfffe0000 }, /* 198.18.0.0/15 */
    { 0xc6336400, 0xffffff00 }, /* 198.51.100.0/24 */
    { 0xcb007100, 0xffffff00 }, /* 203.0.113.0/24 */
    { 0xe0000000, 0xe0000000 }, /* multicast and what is reserved */
};

bool
sp_ip_is_listable(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET6, ip, &v6) == 1) /* 2000::/3 but documentation */
        return (v6.s6_addr[0] & 0xe0) == 0x20 && memcmp(v6.s6_addr, "\x20\x01\x0d\xb8", 4) != 0;
    if (inet_pton(AF_INET, ip, &v4) != 1)
        return false;
    for (size_t i = 0; i < SP_LEN(inside_v4); i++)
        if ((ntohl(v4.s_addr) & inside_v4[i].mask) == inside_v4[i].address)
            return false;
    return true;
}

/* --- block lists --- */

/* The lists that Microsoft is known to use (Spamhaus: "550 5.7.1 ... AS(3130)"), and two that others do. */
const struct sp_dnsbl sp_dnsbls[] = {
    { "zen.spamhaus.org", "https://check.spamhaus.org" },
    { "bl.spamcop.net", "https://www.spamcop.net/bl.shtml" },
    { "psbl.surriel.com", "https://psbl.org/remove" },
    { NULL, NULL },
};

static bool
put_reversed_v6(const unsigned char bytes[16], char *buffer, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    if (size < 65)
        return false;
    for (size_t i = 0; i < 16; i++) {
        *buffer++ = hex[bytes[15 - i] & 15];
        *buffer++ = '.';
        *buffer++ = hex[bytes[15 - i] >> 4];
        *buffer++ = '.';
    }
    *buffer = '\0';
    return true;
}

bool
sp_dnsbl_name(const char *ip, const char *zone, char *buffer, size_t size)
{
    unsigned char b[16];
    char reversed[80] = "";
    if (inet_pton(AF_INET, ip, b) == 1)
        (void)sp_text_format(reversed, sizeof reversed, "%d.%d.%d.%d.", b[3], b[2], b[1], b[0]);
    else if (inet_pton(AF_INET6, ip, b) != 1 || !put_reversed_v6(b, reversed, sizeof reversed))
        return false;
    return sp_text_format(buffer, size, "%s%s", reversed, zone);
}

/* Spamhaus: 127.0.0.10 and .11 are its policy list, 127.255.255.0/24 says that the resolver is a public one or asks too
 * much (spamhaus.org, "DNSBL return codes"). Others answer 127.0.0.2. */
enum sp_dnsbl_answer
sp_dnsbl_judge(struct in_addr answer)
{
    uint32_t ip = ntohl(answer.s_addr);
    if (ip >> 24 != 127 || ip >> 8 == 0x7fffff)
        return SP_DNSBL_REFUSED;
    return ip == 0x7f00000a || ip == 0x7f00000b ? SP_DNSBL_POLICY : SP_DNSBL_LISTED;
}
