/* folder_claim.c - is anybody still writing, and taking a file out of reach of the next one who would.
 *
 * A read lease (fcntl(2)) is granted only while nobody has the file open for writing, on whatever path, and is given
 * back at once, so no writer ever waits for us. It needs our own file or CAP_LEASE, and a file system that knows
 * leases. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "gateway/folder.h"

enum sp_writers
sp_file_writers(int fd)
{
    /* Should somebody open the file between the two calls, the kernel tells us by a signal: one that is ignored unless
     * asked for, instead of SIGIO, which kills. */
    (void)fcntl(fd, F_SETSIG, SIGURG);
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN ? SP_WRITERS_SOME : SP_WRITERS_UNKNOWN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return SP_WRITERS_NONE;
}

void
sp_claim_name(const char *id, const char *name, char ret[NAME_MAX + 1])
{
    snprintf(ret, NAME_MAX + 1, "%s~%.*s", id, NAME_MAX - SP_ULID_LEN - 1, name);
}

bool
sp_claim_parse(const char *claim, char ret_id[SP_ULID_SIZE], const char **ret_name)
{
    if (strlen(claim) < SP_ULID_LEN + 2 || claim[SP_ULID_LEN] != '~')
        return false;
    memcpy(ret_id, claim, SP_ULID_LEN);
    ret_id[SP_ULID_LEN] = '\0';
    *ret_name = claim + SP_ULID_LEN + 1;
    return sp_ulid_valid(ret_id);
}

enum sp_rc
sp_claim_make(const struct sp_folder_dirs *dirs, const char *name, const char *claim, struct sp_err *err)
{
    int failed = renameat2(dirs->dir, name, dirs->claims, claim, RENAME_NOREPLACE);
    if (failed && (errno == EINVAL || errno == ENOSYS)) /* a file system without the flag; ids do not repeat anyway */
        failed = renameat(dirs->dir, name, dirs->claims, claim);
    return failed ? sp_fail_errno(err, "'%s' cannot be moved to .scanpost", name) : SP_OK;
}

enum sp_rc
sp_claim_sync(const struct sp_folder_dirs *dirs, struct sp_err *err)
{
    enum sp_rc rc = sp_io_sync(dirs->claims, ".scanpost", err);
    return rc == SP_OK ? sp_io_sync(dirs->dir, "the folder", err) : rc;
}

enum sp_rc
sp_claim_remove(const struct sp_folder_dirs *dirs, const char *claim, struct sp_err *err)
{
    if (unlinkat(dirs->claims, claim, 0) != 0 && errno != ENOENT)
        return sp_fail_errno(err, "'%s' cannot be removed", claim);
    return sp_io_sync(dirs->claims, ".scanpost", err);
}
