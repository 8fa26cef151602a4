/* coding.h - which content coding a browser takes (RFC 9110 section 12.5.3). Pure. */
#ifndef SP_WEB_PAGE_CODING_H
#define SP_WEB_PAGE_CODING_H

#include <stdbool.h>

/* Whether Accept-Encoding (NULL: absent) takes this coding: named, or meant by "*", and not with q=0. */
bool sp_coding_accepted(const char *accept, const char *coding);
/* Whether If-None-Match (NULL: absent) has this entity tag (RFC 9110 section 13.1.2), weak or not. */
bool sp_etag_matches(const char *if_none_match, const char *etag);

#endif
