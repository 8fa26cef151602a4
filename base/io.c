/* io.c - durable files. The order of fsync, rename and fsync of the directory is what makes "taken" true. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"

enum { CHUNK = 16 * 1024, TREE_DEPTH_MAX = 8, TEMP_NAME_SIZE = 32 };

enum sp_rc
sp_io_write_all(int fd, const void *bytes, size_t size, struct sp_err *err)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sp_fail_errno(err, "io: cannot write");
        at += n;
        size -= (size_t)n;
    }
    return SP_OK;
}

enum sp_rc
sp_io_read_full(int fd, void *bytes, size_t size, size_t *ret_got, struct sp_err *err)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, (char *)bytes + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sp_fail_errno(err, "io: cannot read");
        if (n == 0)
            break;
        got += (size_t)n;
    }
    *ret_got = got;
    return SP_OK;
}

/* O_NONBLOCK so that a FIFO put there cannot hang us; regular files do not care. */
static enum sp_rc
open_regular(int dirfd, const char *name, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return sp_fail_errno(err, "io: cannot open '%s'", name);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sp_fail_errno(err, "io: cannot look at '%s'", name);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_E_INVALID, "io: '%s' is not a regular file", name);
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

/* Appends until the end of the file. */
static enum sp_rc
slurp(int fd, const char *name, size_t cap, struct sp_str *out, struct sp_err *err)
{
    char chunk[CHUNK];
    for (size_t total = 0;;) {
        size_t got = 0;
        enum sp_rc rc = sp_io_read_full(fd, chunk, sizeof chunk, &got, err);
        if (rc != SP_OK) {
            sp_err_prefix(err, "io: '%s'", name);
            return rc;
        }
        if (got > cap - total)
            return sp_fail(err, SP_E_TOO_LARGE, "io: '%s' is larger than %zu bytes", name, cap);
        sp_str_add_n(out, chunk, got);
        total += got;
        if (out->failed)
            return sp_fail(err, SP_E_NOMEM, "io: out of memory");
        if (got < sizeof chunk)
            return SP_OK;
    }
}

enum sp_rc
sp_io_read_file(int dirfd, const char *name, size_t cap, struct sp_str *out, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = open_regular(dirfd, name, &fd, err);
    if (rc != SP_OK)
        return rc;
    size_t before = out->len;
    rc = slurp(fd, name, cap, out, err);
    if (rc != SP_OK)
        sp_str_cut(out, before);
    return rc;
}

enum sp_rc
sp_io_sync(int fd, const char *what, struct sp_err *err)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return sp_fail_errno(err, "io: cannot sync '%s'", what);
    return SP_OK;
}

/* The directory that holds name, and name's last part. A directory of our own rather than dirfd: that may be AT_FDCWD
 * or O_PATH, and neither can be fsynced. */
static enum sp_rc
open_parent(int dirfd, const char *name, int *ret_fd, const char **ret_leaf, struct sp_err *err)
{
    const char *slash = strrchr(name, '/');
    SP_AUTO(sp_str_free) struct sp_str parent = { 0 };
    sp_str_add_n(&parent, name, slash == NULL ? 0 : (size_t)(slash - name) + 1);
    sp_str_add(&parent, ".");
    if (parent.failed)
        return sp_fail(err, SP_E_NOMEM, "io: out of memory");
    *ret_leaf = slash == NULL ? name : slash + 1;
    return sp_io_open_dir(dirfd, parent.text, ret_fd, err);
}

/* Made with the mode asked for, whatever the umask, and complete on disk; removed again when something fails. */
static enum sp_rc
write_temp(int dirfd, const char *temp, const void *bytes, size_t size, mode_t mode, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return sp_fail_errno(err, "io: cannot make a file");
    enum sp_rc rc = fchmod(fd, mode) == 0 ? SP_OK : sp_fail_errno(err, "io: cannot set the mode");
    if (rc == SP_OK)
        rc = sp_io_write_all(fd, bytes, size, err);
    if (rc == SP_OK)
        rc = sp_io_sync(fd, temp, err);
    if (rc != SP_OK)
        unlinkat(dirfd, temp, 0);
    return rc;
}

enum sp_rc
sp_io_put_file(int dirfd, const char *name, const void *bytes, size_t size, mode_t mode, struct sp_err *err)
{
    SP_AUTO_CLOSE int parent = -1;
    const char *leaf;
    enum sp_rc rc = open_parent(dirfd, name, &parent, &leaf, err);
    if (rc != SP_OK)
        return rc;
    unsigned long long number;
    sp_random_bytes(&number, sizeof number);
    char temp[TEMP_NAME_SIZE];
    snprintf(temp, sizeof temp, ".put-%016llx.tmp", number);
    rc = write_temp(parent, temp, bytes, size, mode, err);
    if (rc != SP_OK) {
        sp_err_prefix(err, "io: '%s'", name);
        return rc;
    }
    if (renameat(parent, temp, parent, leaf) != 0) {
        rc = sp_fail_errno(err, "io: cannot rename into '%s'", name);
        unlinkat(parent, temp, 0);
        return rc;
    }
    return sp_io_sync(parent, name, err);
}

enum sp_rc
sp_io_open_dir(int dirfd, const char *name, int *ret_fd, struct sp_err *err)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return sp_fail_errno(err, "io: cannot open the directory '%s'", name);
    *ret_fd = fd;
    return SP_OK;
}

/* Makes one directory below the current one when it is missing, durably, and steps into it. Links on the way are
 * followed, as /var/run is one; O_PATH, because directories above ours may be closed to reading. */
static enum sp_rc
step_into(int *at, const char *part, mode_t mode, const char *path, struct sp_err *err)
{
    if (mkdirat(*at, part, mode) == 0) {
        SP_AUTO_CLOSE int here = openat(*at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        enum sp_rc rc = here < 0 ? sp_fail_errno(err, "io: cannot open the directory above '%s'", part)
                                 : sp_io_sync(here, path, err);
        if (rc != SP_OK)
            return rc;
    } else if (errno != EEXIST) {
        return sp_fail_errno(err, "io: cannot make the directory '%s'", path);
    }
    int next = openat(*at, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
        return sp_fail_errno(err, "io: cannot enter '%s' of '%s'", part, path);
    close(*at);
    *at = next;
    return SP_OK;
}

enum sp_rc
sp_io_mkdir_path(const char *path, mode_t mode, struct sp_err *err)
{
    SP_AUTO_CLOSE int at = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_FREE char *parts = strdup(path);
    if (at < 0)
        return sp_fail_errno(err, "io: cannot make the directory '%s'", path);
    if (parts == NULL)
        return sp_fail(err, SP_E_NOMEM, "io: out of memory");
    char *rest = NULL;
    for (char *part = strtok_r(parts, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
        enum sp_rc rc = step_into(&at, part, mode, path, err);
        if (rc != SP_OK)
            return rc;
    }
    return SP_OK;
}

static enum sp_rc remove_at_depth(int dirfd, const char *name, int depth, struct sp_err *err);

static void
close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static enum sp_rc
remove_content(int dirfd, const char *name, int depth, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_io_open_dir(dirfd, name, &fd, err);
    if (rc != SP_OK)
        return rc == SP_E_NOTFOUND ? SP_OK : rc;
    SP_AUTO(close_dir) DIR *dir = fdopendir(fd);
    if (dir == NULL)
        return sp_fail_errno(err, "io: cannot read the directory '%s'", name);
    int inside = sp_steal_fd(&fd); /* closed with dir */
    for (const struct dirent *entry; rc == SP_OK && (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = remove_at_depth(inside, entry->d_name, depth, err);
    return rc;
}

static enum sp_rc
remove_at_depth(int dirfd, const char *name, int depth, struct sp_err *err)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return SP_OK;
    if (errno != EISDIR && errno != EPERM) /* POSIX says EPERM for a directory, Linux says EISDIR */
        return sp_fail_errno(err, "io: cannot remove '%s'", name);
    if (depth == TREE_DEPTH_MAX)
        return sp_fail(err, SP_E_INVALID, "io: '%s' is nested too deep to be removed", name);
    enum sp_rc rc = remove_content(dirfd, name, depth + 1, err);
    if (rc != SP_OK)
        return rc;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return sp_fail_errno(err, "io: cannot remove the directory '%s'", name);
    return SP_OK;
}

enum sp_rc
sp_io_remove_tree(int dirfd, const char *name, struct sp_err *err)
{
    return remove_at_depth(dirfd, name, 0, err);
}

enum sp_rc
sp_io_room(int fd, uint64_t *ret_bytes, struct sp_err *err)
{
    struct statvfs fs;
    if (fstatvfs(fd, &fs) != 0)
        return sp_fail_errno(err, "io: cannot ask for the room on the disk");
    *ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return SP_OK;
}

enum sp_rc
sp_io_lock(int dirfd, const char *name, mode_t mode, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return sp_fail_errno(err, "io: cannot open the lock '%s'", name);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return sp_fail(err, SP_E_BUSY, "io: '%s' is locked by another process", name);
        if (errno != EINTR)
            return sp_fail_errno(err, "io: cannot lock '%s'", name);
    }
    *ret_fd = sp_steal_fd(&fd);
    return SP_OK;
}

void
sp_wake(int eventfd)
{
    if (eventfd < 0)
        return;
    const uint64_t one = 1;
    while (write(eventfd, &one, sizeof one) < 0 && errno == EINTR) /* EAGAIN: it is awake more than enough */
        continue;
}

void
sp_wake_drain(int eventfd)
{
    if (eventfd < 0)
        return;
    uint64_t count;
    while (read(eventfd, &count, sizeof count) < 0 && errno == EINTR) /* EAGAIN: nobody woke it */
        continue;
}
