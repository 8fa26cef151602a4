/* folder_dirs.c - a drop folder's directories. The folder belongs to people, who may put anything there; .scanpost is
 * ours alone (0700), so what was claimed cannot be swapped any more. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "gateway/folder.h"

#define CLAIMS_NAME SP_CLAIMS_NAME

static enum sp_rc
open_claims(int dir, const char *path, int *ret_fd, struct sp_err *err)
{
    struct stat info;
    if (mkdirat(dir, CLAIMS_NAME, 0700) != 0 && errno != EEXIST)
        return sp_fail_errno(err, "%s: cannot make " CLAIMS_NAME " in it; scanpost needs to write there", path);
    SP_AUTO_CLOSE int fd = openat(dir, CLAIMS_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return sp_fail_errno(err, "%s/" CLAIMS_NAME ": cannot open it", path);
    if (info.st_uid != geteuid())
        return sp_fail(err, SP_E_DENIED,
                       "%s/" CLAIMS_NAME
                       " belongs to user %u and not to scanpost: move what is in it back, and remove it",
                       path, (unsigned)info.st_uid);
    if ((info.st_mode & 077) != 0 && fchmod(fd, 0700) != 0)
        return sp_fail_errno(err, "%s/" CLAIMS_NAME ": cannot close it to others", path);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

/* Takes both descriptors. */
static enum sp_rc
keep(int *dir, int *claims, struct sp_folder_dirs **ret, struct sp_err *err)
{
    struct sp_folder_dirs *dirs = calloc(1, sizeof(*dirs));
    if (dirs == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    dirs->dir = sp_steal_fd(dir);
    dirs->claims = sp_steal_fd(claims);
    sp_shared_sync_init(&dirs->dir_sync, fsync, dirs->dir);
    sp_shared_sync_init(&dirs->claims_sync, fsync, dirs->claims);
    atomic_init(&dirs->users, 1);
    *ret = dirs;
    return SP_OK;
}

enum sp_rc
sp_folder_dirs_open(const char *path, struct sp_folder_dirs **ret, struct sp_err *err)
{
    SP_AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int claims = -1;
    if (dir < 0)
        return sp_fail_errno(err, "%s: cannot open the folder", path);
    if (faccessat(dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
        return sp_fail_errno(err, "%s: scanpost must be able to read and write this folder", path);
    enum sp_rc rc = open_claims(dir, path, &claims, err);
    if (rc != SP_OK)
        return rc;
    return keep(&dir, &claims, ret, err);
}

/* .scanpost/SUB. The folder's own .scanpost holds it, so that a person's folder stays as it was, and can be removed. */
static enum sp_rc
open_claims_of(const struct sp_folder_dirs *folder, const char *sub, int *ret_fd, struct sp_err *err)
{
    bool made = mkdirat(folder->claims, sub, 0700) == 0;
    if (!made && errno != EEXIST)
        return sp_fail_errno(err, "cannot make " CLAIMS_NAME "/%s", sub);
    SP_AUTO_CLOSE int fd = openat(folder->claims, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return sp_fail_errno(err, "cannot open " CLAIMS_NAME "/%s", sub);
    enum sp_rc rc = made ? sp_io_sync(folder->claims, CLAIMS_NAME, err) : SP_OK;
    if (rc == SP_OK)
        *ret_fd = sp_steal_fd(&fd);
    return rc;
}

enum sp_rc
sp_folder_dirs_open_sub(struct sp_folder_dirs *folder, const char *sub, struct sp_folder_dirs **ret, struct sp_err *err)
{
    if (*sub == '\0') {
        *ret = sp_folder_dirs_share(folder);
        return SP_OK;
    }
    SP_AUTO_CLOSE int dir = openat(folder->dir, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    SP_AUTO_CLOSE int claims = -1;
    if (dir < 0)
        return sp_fail_errno(err, "'%s': cannot open the sub-folder", sub);
    enum sp_rc rc = open_claims_of(folder, sub, &claims, err);
    return rc == SP_OK ? keep(&dir, &claims, ret, err) : rc;
}

struct sp_folder_dirs *
sp_folder_dirs_share(struct sp_folder_dirs *dirs)
{
    atomic_fetch_add(&dirs->users, 1);
    return dirs;
}

void
sp_folder_dirs_drop(struct sp_folder_dirs **dirs)
{
    struct sp_folder_dirs *d = *dirs;
    *dirs = NULL;
    if (d == NULL || atomic_fetch_sub(&d->users, 1) > 1)
        return;
    sp_shared_sync_end(&d->dir_sync);
    sp_shared_sync_end(&d->claims_sync);
    close(d->dir);
    close(d->claims);
    free(d);
}

static bool
is_same(const struct stat *now, int fd)
{
    struct stat open;
    return fstat(fd, &open) == 0 && now->st_dev == open.st_dev && now->st_ino == open.st_ino && open.st_nlink > 0;
}

bool
sp_folder_dirs_equal(const struct sp_folder_dirs *a, const struct sp_folder_dirs *b)
{
    struct stat info;
    return fstat(a->dir, &info) == 0 && is_same(&info, b->dir);
}

bool
sp_folder_dirs_current(const struct sp_folder_dirs *dirs, const char *path)
{
    struct stat dir, claims;
    return stat(path, &dir) == 0 && is_same(&dir, dirs->dir) &&
           faccessat(dirs->dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0 &&
           fstatat(dirs->dir, CLAIMS_NAME, &claims, AT_SYMLINK_NOFOLLOW) == 0 && is_same(&claims, dirs->claims);
}

bool
sp_folder_dirs_remote(const struct sp_folder_dirs *dirs)
{
    static const unsigned long magics[] = {
        NFS_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, SMB_SUPER_MAGIC,  FUSE_SUPER_MAGIC,
        V9FS_MAGIC,      CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC,  CODA_SUPER_MAGIC,
    };
    struct statfs info;
    if (fstatfs(dirs->dir, &info) != 0)
        return false;
    for (size_t i = 0; i < SP_LEN(magics); i++)
        if ((unsigned long)info.f_type == magics[i])
            return true;
    return false;
}

enum sp_rc
sp_folder_probe(const struct sp_folder_dirs *dirs, struct sp_err *err)
{
    unlinkat(dirs->dir, SP_PROBE_NAME, 0);
    SP_AUTO_CLOSE int fd = openat(dirs->dir, SP_PROBE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return sp_fail_errno(err, "cannot make " SP_PROBE_NAME);
    unlinkat(dirs->dir, SP_PROBE_NAME, 0);
    return SP_OK;
}

static bool
is_among(const char *const *patterns, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (fnmatch(patterns[i], name, FNM_NOESCAPE | FNM_CASEFOLD) == 0)
            return true;
    return false;
}

bool
sp_folder_unfinished(const char *name)
{
    static const char *const patterns[] = { "~$*", "*.tmp", "*.part" };
    return is_among(patterns, SP_LEN(patterns), name);
}

bool
sp_folder_ignores(const char *name)
{
    static const char *const patterns[] = { ".*", "Thumbs.db", "desktop.ini", "*.FAILED.txt" };
    return is_among(patterns, SP_LEN(patterns), name) || sp_folder_unfinished(name);
}
