/* dav_take.h - inside web/dav only: a document becomes a job, and is then seen where its client put it. */
#ifndef SP_WEB_DAV_TAKE_H
#define SP_WEB_DAV_TAKE_H

#include "base/err.h"

struct sp_arena;
struct sp_dav_call;
struct sp_dav_place;
struct sp_dav_row;
struct sp_scan;

/* What tells a repetition from another scan: the path and the bytes. NULL when memory is out. */
const char *sp_dav_key(const char *path, const char *sha256, struct sp_arena *arena);
/* The scan has its document, and that is not ended yet. On success it is a job; *ret is what is seen of it. */
enum sp_rc sp_dav_take(struct sp_dav_call *call, struct sp_scan *scan, const struct sp_dav_place *place,
                       struct sp_dav_row *ret, struct sp_err *err);

#endif
