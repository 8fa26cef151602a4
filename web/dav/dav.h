/* dav.h - WebDAV: scans come in as files that are put into a folder named after their route, /dav/ROUTE/NAME.
 *
 * What a client makes of it:
 *   - A finished PUT of a document is a job, and the answer means: safe on disk. What is cut off is nothing.
 *   - A name that nobody gives a document (dot files, *.tmp, *.part, ~$*, Thumbs.db ...) and a file without a byte
 * wait, for an hour at most, until they are moved to a real name or filled.
 *   - A token sees what it put there itself, for a day: whoever looks after a PUT finds name, size, time and ETag.
 *   - The same bytes under the same name within a day are the same scan, also after a DELETE that followed within ten
 *     minutes: clients that lost the answer send again, and some delete first. A DELETE later than that makes the name
 *     new. Other bytes under the same name are another scan.
 *   - DELETE and MOVE change what is seen. A scan that was taken goes its way.
 *
 *   dav.c         the routes, OPTIONS, MKCOL, DELETE, GET
 *   dav_put.c     PUT;  dav_move.c  MOVE, COPY;  dav_find.c  PROPFIND, PROPPATCH;  dav_lock.c  LOCK, UNLOCK
 *   dav_call.c    what they all ask: whose, where, may it be changed
 *   dav_take.c    a document becomes a job and is then seen
 *   dav_room.c    the files that wait
 *   dav_props.c   the properties and their XML;  dav_xml.c, dav_if.c, dav_text.c  reading and writing, pure
 *
 * Class 1 and 2 (RFC 4918) with what is missing: COPY is refused (a copy would be sent a second time), PROPFIND with
 * depth infinity is refused, properties of the client's own are not kept, and a lock of depth 0 on a folder does not
 * keep others from adding to it. */
#ifndef SP_WEB_DAV_DAV_H
#define SP_WEB_DAV_DAV_H

#include "web/http/router.h"

extern const struct sp_route sp_routes_dav[];

/* Forgets what is over, and removes the bytes that waited for too long. Every hour, say. */
void sp_dav_sweep(const struct sp_api *api);

#endif
