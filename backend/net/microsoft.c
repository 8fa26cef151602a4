/* microsoft.c - whose mail exchanger a name is. The letter in "contoso-com.o-v1.mx.microsoft" cannot be computed, so
 * names are looked up and judged by their end alone. */
#include <string.h>

#include "backend/net/dns.h"
#include "base/auto.h"
#include "base/text.h"

/* From the endpoint lists of the clouds (Microsoft 365 "External DNS records", and message center MC1048624). */
static const char *const suffixes[] = {
    ".mail.protection.outlook.com",        /* worldwide and GCC */
    ".mx.microsoft",                       /* every domain added since July 2026 */
    ".mail.protection.office365.us",       /* GCC High, DoD */
    ".mail.protection.partner.outlook.cn", /* 21Vianet */
    ".mail.eo.outlook.com",                /* old names that tenants still have */
    ".mail.protection.outlook.de",
};

bool
sp_mx_is_microsoft(const char *host)
{
    char name[256];
    if (!sp_text_copy(name, sizeof name, host))
        return false;
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        name[--len] = '\0';
    for (size_t i = 0; i < SP_LEN(suffixes); i++)
        if (len > strlen(suffixes[i]) && sp_text_ends_nocase(name, suffixes[i]))
            return name[0] != '.';
    return false;
}
