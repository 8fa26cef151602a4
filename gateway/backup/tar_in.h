/* tar_in.h - reads a backup, member by member, and trusts nothing in it: names are checked, sizes are what comes. */
#ifndef SP_BACKUP_TAR_IN_H
#define SP_BACKUP_TAR_IN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sp_tar_in;

/* Reads from fd, which stays the caller's and must stand at the start. */
enum sp_rc sp_tar_in_new(int fd, struct sp_tar_in **ret, struct sp_err *err);
void sp_tar_in_free(struct sp_tar_in **tar); /* accepts NULL; leaves NULL */

struct sp_tar_found {
    const char *name; /* below SP_TAR_TOP: relative, without "." and "..", no line break; NULL: the end */
    mode_t mode;
    const char *group; /* "" : none */
};
/* The next member; its texts live until the next call. SP_E_CORRUPT: no backup of scanpost's, or a damaged one. */
enum sp_rc sp_tar_in_next(struct sp_tar_in *tar, struct sp_tar_found *ret, struct sp_err *err);
/* Up to `room` bytes of the member; *ret_got 0: its end. */
enum sp_rc sp_tar_in_read(struct sp_tar_in *tar, void *buffer, size_t room, size_t *ret_got, struct sp_err *err);

#endif
