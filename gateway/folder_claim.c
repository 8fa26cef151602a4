/* folder_claim.c - is anybody still writing, and taking files out of reach of the next one who would.
 *
 * A read lease (fcntl(2)) is granted only while nobody has the file open for writing, on whatever path, and is given
 * back at once, so no writer ever waits for us. It needs our own file or CAP_LEASE, and a file system that knows
 * leases.
 *
 * One rename makes a claim: of a file, or of a folder of pages, or of a directory in which several files were gathered
 * before. So there is never half a claim, only a directory ULID+name that a crash left half full. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "gateway/folder.h"

static const char claim_mark = '~', filling_mark = '+';

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

/* ---- names ---- */

void
sp_claim_name(const char *id, const char *name, char ret[NAME_MAX + 1])
{
    snprintf(ret, NAME_MAX + 1, "%s%c%.*s", id, claim_mark, NAME_MAX - SP_ULID_LEN - 1, name);
}

static bool
parse(const char *claim, char mark, char ret_id[SP_ULID_SIZE])
{
    if (strlen(claim) < SP_ULID_LEN + 2 || claim[SP_ULID_LEN] != mark)
        return false;
    memcpy(ret_id, claim, SP_ULID_LEN);
    ret_id[SP_ULID_LEN] = '\0';
    return sp_ulid_valid(ret_id);
}

bool
sp_claim_parse(const char *claim, char ret_id[SP_ULID_SIZE], const char **ret_name)
{
    if (!parse(claim, claim_mark, ret_id))
        return false;
    *ret_name = claim + SP_ULID_LEN + 1;
    return true;
}

/* ---- one ---- */

/* Never over something else. */
static int
move(int from_dir, const char *from, int to_dir, const char *to)
{
    int failed = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
    if (failed == 0 || (errno != EINVAL && errno != ENOSYS))
        return failed;
    struct stat there; /* a file system without the flag: the best that can be done */
    if (fstatat(to_dir, to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(from_dir, from, to_dir, to);
}

enum sp_rc
sp_claim_make(const struct sp_folder_dirs *dirs, const char *name, const char *claim, struct sp_err *err)
{
    return move(dirs->dir, name, dirs->claims, claim) == 0
               ? SP_OK
               : sp_fail_errno(err, "'%s' cannot be moved to " SP_CLAIMS_NAME, name);
}

/* ---- several ---- */

static enum sp_rc
fill(const struct sp_folder_dirs *dirs, const struct sp_take_file *files, size_t n, const char *filling,
     struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    if (mkdirat(dirs->claims, filling, 0700) != 0)
        return sp_fail_errno(err, "cannot make a directory in " SP_CLAIMS_NAME);
    enum sp_rc rc = sp_io_open_dir(dirs->claims, filling, &fd, err);
    for (size_t i = 0; rc == SP_OK && i < n; i++)
        if (move(dirs->dir, files[i].name, fd, files[i].name) != 0)
            rc = sp_fail_errno(err, "'%s' cannot be moved to " SP_CLAIMS_NAME, files[i].name);
    return rc == SP_OK ? sp_io_sync(fd, filling, err) : rc;
}

enum sp_rc
sp_claim_make_set(const struct sp_folder_dirs *dirs, const struct sp_take_file *files, size_t n, const char *claim,
                  struct sp_err *err)
{
    char filling[NAME_MAX + 1];
    memcpy(filling, claim, strlen(claim) + 1);
    filling[SP_ULID_LEN] = filling_mark;
    enum sp_rc rc = fill(dirs, files, n, filling, err);
    if (rc == SP_OK && move(dirs->claims, filling, dirs->claims, claim) != 0)
        rc = sp_fail_errno(err, "'%s' cannot be renamed", filling);
    if (rc != SP_OK)
        (void)sp_claim_undo_set(dirs, filling);
    return rc;
}

static void
put_back(const struct sp_folder_dirs *dirs, int fd)
{
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return;
    }
    const struct dirent *item;
    while ((item = readdir(stream)) != NULL) /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            (void)move(fd, item->d_name, dirs->dir, item->d_name);
    closedir(stream);
}

bool
sp_claim_undo_set(const struct sp_folder_dirs *dirs, const char *name)
{
    char id[SP_ULID_SIZE], claim[NAME_MAX + 1];
    int fd = -1;
    if (!parse(name, filling_mark, id))
        return false;
    if (sp_io_open_dir(dirs->claims, name, &fd, NULL) == SP_OK)
        put_back(dirs, fd);
    snprintf(claim, sizeof(claim), "%s", name);
    claim[SP_ULID_LEN] = claim_mark;
    if (unlinkat(dirs->claims, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        (void)move(dirs->claims, name, dirs->claims, claim);
    return true;
}

/* ---- what was no file after all ---- */

void
sp_claim_give_back(const struct sp_folder_dirs *dirs, const char *claim)
{
    char id[SP_ULID_SIZE];
    const char *name;
    struct stat info;
    if (!sp_claim_parse(claim, id, &name) || fstatat(dirs->claims, claim, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
        return;
    if (move(dirs->claims, claim, dirs->dir, name) != 0 && errno == EEXIST)
        (void)unlinkat(dirs->claims, claim, 0);
}

/* ---- for good ---- */

enum sp_rc
sp_claim_sync(struct sp_folder_dirs *dirs, struct sp_err *err)
{
    enum sp_rc rc = sp_shared_sync(&dirs->claims_sync, SP_CLAIMS_NAME, err);
    return rc == SP_OK ? sp_shared_sync(&dirs->dir_sync, "the folder", err) : rc;
}

enum sp_rc
sp_claim_remove(const struct sp_folder_dirs *dirs, const char *claim, struct sp_err *err)
{
    return sp_io_remove_tree(dirs->claims, claim, err);
}
