/* coding.c - two lists that browsers send.
 *
 *   Accept-Encoding = [ ( codings [ weight ] ) *( OWS "," OWS ( codings [ weight ] ) ) ]
 *   weight          = OWS ";" OWS "q=" qvalue
 *   If-None-Match   = "*" / [ entity-tag *( OWS "," OWS entity-tag ) ]; entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE */
#include "web/page/coding.h"

#include <string.h>
#include <strings.h>

static const char blanks[] = " \t,";

/* "q=0", "q=0.000": not wanted. */
static bool
weighs_nothing(const char *item, size_t len)
{
    const char *weight = memchr(item, ';', len);
    if (weight == NULL)
        return false;
    const char *end = item + len;
    weight += 1 + strspn(weight + 1, " \t");
    if (end - weight < 3 || strncasecmp(weight, "q=0", 3) != 0)
        return false;
    for (weight += 3; weight < end; weight++)
        if (strchr(". \t0", *weight) == NULL)
            return false;
    return true;
}

bool
sp_coding_accepted(const char *accept, const char *coding)
{
    bool any = false;
    while (accept != NULL && *(accept += strspn(accept, blanks)) != '\0') {
        size_t len = strcspn(accept, ",");
        size_t name = strcspn(accept, ",; \t");
        if (name == strlen(coding) && strncasecmp(accept, coding, name) == 0)
            return !weighs_nothing(accept, len);
        if (name == 1 && *accept == '*')
            any = !weighs_nothing(accept, len);
        accept += len;
    }
    return any;
}

bool
sp_etag_matches(const char *list, const char *etag)
{
    size_t wanted = strlen(etag);
    while (list != NULL && *(list += strspn(list, blanks)) != '\0') {
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (strncmp(list, etag, wanted) == 0)
            return true;
        size_t quoted = *list == '"' ? strcspn(list + 1, "\"") + 1 : 0;
        list += quoted + strcspn(list + quoted, ",");
    }
    return false;
}
