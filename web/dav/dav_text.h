/* dav_text.h - the only printers of what goes into the XML and the addresses of an answer: they escape. Pure. */
#ifndef SP_WEB_DAV_TEXT_H
#define SP_WEB_DAV_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_str;

/* Text between tags, or in a quoted attribute. What XML 1.0 cannot hold (section 2.2) becomes U+FFFD. */
void sp_dav_add_text(struct sp_str *out, const char *text);
/* "/dav/" and a path, its parts percent-encoded (RFC 3986 section 2.3 stays as it is), with a slash at the end when it
 * is a folder. */
void sp_dav_add_href(struct sp_str *out, const char *path, bool folder);

enum { SP_HTTP_DATE_SIZE = 30 };
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7) */
void sp_http_date(int64_t wall_ms, char buffer[SP_HTTP_DATE_SIZE]);

#endif
