/* page.h - the web page: `/` and the files it names, from memory, as web/ui/build.mjs made them.
 *
 * What may run is in the Content-Security-Policy: our own files, and nothing else from anywhere. A file's name holds
 * the digest of its content, so a browser may keep it for ever; `/` itself is asked for anew and answered 304. */
#ifndef SP_WEB_PAGE_PAGE_H
#define SP_WEB_PAGE_PAGE_H

#include "web/http/router.h"

extern const struct sp_route sp_routes_page[];

#endif
