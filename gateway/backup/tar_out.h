/* tar_out.h - a tar file that grows, and the SHA-256 of each of its members, which become its last one:
 * `tar xf FILE && cd scanpost-backup && sha256sum -c SHA256SUMS` proves it without scanpost. */
#ifndef SP_BACKUP_TAR_OUT_H
#define SP_BACKUP_TAR_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sp_tar_out;

#define SP_TAR_TOP  "scanpost-backup/"
#define SP_TAR_SUMS "SHA256SUMS"

/* Writes to fd, which stays the caller's. when: of all members, seconds. */
enum sp_rc sp_tar_out_new(int fd, int64_t when, struct sp_tar_out **ret, struct sp_err *err);
void sp_tar_out_free(struct sp_tar_out **tar); /* accepts NULL; leaves NULL */

struct sp_tar_member {
    const char *name; /* below SP_TAR_TOP, no line break */
    mode_t mode;
    const char *group; /* by name; NULL: none */
};
enum sp_rc sp_tar_out_bytes(struct sp_tar_out *tar, const struct sp_tar_member *member, const void *bytes, size_t size,
                            struct sp_err *err);
/* A whole regular file, from its start. SP_E_CONFLICT: it became shorter meanwhile. */
enum sp_rc sp_tar_out_file(struct sp_tar_out *tar, const struct sp_tar_member *member, int fd, struct sp_err *err);
/* Adds the sums and the end. */
enum sp_rc sp_tar_out_finish(struct sp_tar_out *tar, struct sp_err *err);

#endif
