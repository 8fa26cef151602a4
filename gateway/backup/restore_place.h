/* restore_place.h - where a backup is put back: beside what is there first, in STATE/.restore, then into place in a few
 * renames. Whoever is killed in between starts again; what was there before is moved to STATE/.before-restore-TIME and
 * never deleted. */
#ifndef SP_BACKUP_RESTORE_PLACE_H
#define SP_BACKUP_RESTORE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sp_tar_in;

struct sp_restore_place {
    const char *state_dir;
    bool root; /* files are given to these: */
    uid_t uid;
    gid_t gid; /* of scanpost-data */
    int state_fd, stage_fd, lock_fd;
};

/* Makes state_dir when it is missing, and takes the supervisor's lock: SP_E_BUSY while a daemon runs. SP_E_CONFLICT: it
 * holds scans or a database already, and replace is not set. */
enum sp_rc sp_restore_place_open(struct sp_restore_place *place, bool replace, struct sp_err *err);
/* Also removes what is left in STATE/.restore. */
void sp_restore_place_close(struct sp_restore_place *place);
/* "scanpost.db", "spool/ULID/1", "parts/ULID/envelope.json": writes the member's bytes there. SP_E_CORRUPT: another
 * name. */
enum sp_rc sp_restore_place_put(struct sp_restore_place *place, const char *name, struct sp_tar_in *tar,
                                struct sp_err *err);
/* Everything durable, then into place; what was there goes aside. */
enum sp_rc sp_restore_place_commit(struct sp_restore_place *place, int64_t wall_ms, struct sp_err *err);

/* Copies the member's bytes to fd. */
enum sp_rc sp_restore_copy(struct sp_tar_in *tar, int fd, const char *name, struct sp_err *err);

#endif
