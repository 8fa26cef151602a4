/* dav_room.h - inside web/dav only: the bytes of files that wait for their real name, STATE/dav-waiting/ULID, 0600.
 * They were promised to nobody, so nothing is fsynced; a row in the database says whose they are (db/dav.h). */
#ifndef SP_WEB_DAV_ROOM_H
#define SP_WEB_DAV_ROOM_H

#include <stdint.h>

#include "base/err.h"
#include "base/ulid.h"

struct sp_api;

/* A new file, open for writing and reading. */
enum sp_rc sp_dav_room_create(const struct sp_api *api, char ret_id[SP_ULID_SIZE], int *ret_fd, struct sp_err *err);
enum sp_rc sp_dav_room_read(const struct sp_api *api, const char *id, int *ret_fd, struct sp_err *err);
/* Absent is fine, and so is "". */
void sp_dav_room_remove(const struct sp_api *api, const char *id);
/* Removes whatever was last written before that moment. */
void sp_dav_room_sweep(const struct sp_api *api, int64_t wall_ms);

#endif
