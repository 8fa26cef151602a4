/* restore_place.c - see restore_place.h. The database goes last: without it, a daemon that is started in between takes
 * every scan that it finds in the spool for one whose fate is unknown, and holds it. */
#include "gateway/backup/restore_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "base/ulid.h"
#include "gateway/backup/tar_in.h"

#define STAGE ".restore"

enum { CHUNK = 128 * 1024, DIR_MODE = 02770, PARTS_MODE = 0700, FILE_MODE = 0660 };

/* In the order in which they go aside; they come in the other way round. */
static const char *const things[] = { "scanpost.db", "scanpost.db-wal", "scanpost.db-shm", "spool", "parts" };

/* --- owners --- */

static enum sp_rc
own(const struct sp_restore_place *place, int fd, mode_t mode, struct sp_err *err)
{
    if ((place->root && fchown(fd, place->uid, place->gid) != 0) || fchmod(fd, mode) != 0)
        return sp_fail_errno(err, "restore: cannot set owner and mode");
    return SP_OK;
}

static enum sp_rc
make_dir(const struct sp_restore_place *place, int parent, const char *name, mode_t mode, int *ret, struct sp_err *err)
{
    if (mkdirat(parent, name, mode & 0777) != 0 && errno != EEXIST)
        return sp_fail_errno(err, "restore: cannot make '%s'", name);
    enum sp_rc rc = sp_io_open_dir(parent, name, ret, err);
    return rc == SP_OK ? own(place, *ret, mode, err) : rc;
}

/* --- opening --- */

static bool
has_entries(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool any = false;
    if (dir == NULL)
        return false;
    for (const struct dirent *entry; !any && (entry = readdir(dir)) != NULL;)
        any = sp_ulid_valid(entry->d_name);
    closedir(dir);
    return any;
}

static enum sp_rc
check_empty(const struct sp_restore_place *place, bool replace, struct sp_err *err)
{
    bool used = faccessat(place->state_fd, "scanpost.db", F_OK, 0) == 0 || has_entries(place->state_fd, "spool") ||
                has_entries(place->state_fd, "parts/spool");
    if (!used || replace)
        return SP_OK;
    return sp_fail(err, SP_E_CONFLICT,
                   "'%s' holds scans or a database already; --force moves them aside, and restores in their place",
                   place->state_dir);
}

enum sp_rc
sp_restore_place_open(struct sp_restore_place *place, bool replace, struct sp_err *err)
{
    struct stat at;
    place->state_fd = place->stage_fd = place->lock_fd = -1;
    bool fresh = stat(place->state_dir, &at) != 0;
    enum sp_rc rc = sp_io_mkdir_path(place->state_dir, 0755, err);
    if (rc == SP_OK)
        rc = sp_io_open_dir(AT_FDCWD, place->state_dir, &place->state_fd, err);
    if (rc == SP_OK && fresh)
        rc = own(place, place->state_fd, place->root ? DIR_MODE : 0700, err);
    if (rc == SP_OK)
        rc = sp_io_lock(place->state_fd, "supervisor.lock", 0600, &place->lock_fd, err);
    if (rc == SP_E_BUSY)
        return sp_fail(err, SP_E_BUSY, "scanpostd runs on '%s': stop it first", place->state_dir);
    if (rc == SP_OK)
        rc = check_empty(place, replace, err);
    if (rc == SP_OK)
        rc = sp_io_remove_tree(place->state_fd, STAGE, err); /* of a restore that was killed */
    return rc == SP_OK ? make_dir(place, place->state_fd, STAGE, PARTS_MODE, &place->stage_fd, err) : rc;
}

void
sp_restore_place_close(struct sp_restore_place *place)
{
    const int fds[] = { place->stage_fd, place->lock_fd, place->state_fd };
    if (place->stage_fd >= 0)
        (void)sp_io_remove_tree(place->state_fd, STAGE, NULL);
    for (size_t i = 0; i < SP_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    place->state_fd = place->stage_fd = place->lock_fd = -1;
}

/* --- putting --- */

enum sp_rc
sp_restore_copy(struct sp_tar_in *tar, int fd, const char *name, struct sp_err *err)
{
    char chunk[CHUNK];
    for (;;) {
        size_t got = 0;
        enum sp_rc rc = sp_tar_in_read(tar, chunk, sizeof chunk, &got, err);
        if (rc != SP_OK || got == 0)
            return rc;
        rc = sp_io_write_all(fd, chunk, got, err);
        if (rc != SP_OK)
            return sp_err_prefix(err, "restore: '%s'", name);
    }
}

static enum sp_rc
put_file(const struct sp_restore_place *place, int dir, const char *name, struct sp_tar_in *tar, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return sp_fail_errno(err, "restore: cannot make '%s'", name);
    enum sp_rc rc = own(place, fd, FILE_MODE, err);
    return rc == SP_OK ? sp_restore_copy(tar, fd, name, err) : rc;
}

/* STAGE/spool, or STAGE/parts/spool */
static enum sp_rc
open_spool(const struct sp_restore_place *place, bool parts, int *ret, struct sp_err *err)
{
    SP_AUTO_CLOSE int above = -1;
    enum sp_rc rc = SP_OK;
    if (parts)
        rc = make_dir(place, place->stage_fd, "parts", PARTS_MODE, &above, err);
    return rc == SP_OK ? make_dir(place, parts ? above : place->stage_fd, "spool", DIR_MODE, ret, err) : rc;
}

static bool
is_entry_file(const char *name)
{
    size_t len = strlen(name);
    return strcmp(name, "envelope.json") == 0 ||
           (len > 0 && len < 6 && name[0] != '0' && strspn(name, "0123456789") == len);
}

static enum sp_rc
put_entry(const struct sp_restore_place *place, bool parts, const char *rest, struct sp_tar_in *tar, struct sp_err *err)
{
    char id[SP_ULID_SIZE];
    SP_AUTO_CLOSE int spool = -1;
    SP_AUTO_CLOSE int entry = -1;
    size_t len = strcspn(rest, "/");
    if (len != SP_ULID_LEN || rest[len] != '/' || !sp_text_format(id, sizeof id, "%.26s", rest) || !sp_ulid_valid(id) ||
        !is_entry_file(rest + len + 1))
        return sp_fail(err, SP_E_CORRUPT, "restore: the backup holds '%.100s', which is no scan", rest);
    enum sp_rc rc = open_spool(place, parts, &spool, err);
    if (rc == SP_OK)
        rc = make_dir(place, spool, id, DIR_MODE, &entry, err);
    return rc == SP_OK ? put_file(place, entry, rest + len + 1, tar, err) : rc;
}

enum sp_rc
sp_restore_place_put(struct sp_restore_place *place, const char *name, struct sp_tar_in *tar, struct sp_err *err)
{
    if (strcmp(name, "scanpost.db") == 0)
        return put_file(place, place->stage_fd, name, tar, err);
    if (sp_text_starts(name, "spool/"))
        return put_entry(place, false, name + strlen("spool/"), tar, err);
    if (sp_text_starts(name, "parts/"))
        return put_entry(place, true, name + strlen("parts/"), tar, err);
    return sp_fail(err, SP_E_CORRUPT, "restore: the backup holds '%.100s', which this version does not know", name);
}

/* --- into place --- */

static enum sp_rc
move_aside(const struct sp_restore_place *place, int64_t wall_ms, struct sp_err *err)
{
    char name[64] = "";
    struct tm utc;
    time_t seconds = (time_t)(wall_ms / 1000);
    SP_AUTO_CLOSE int aside = -1;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(name, sizeof name, ".before-restore-%Y%m%dT%H%M%SZ", &utc) == 0)
        return sp_fail(err, SP_E_INVALID, "restore: impossible time");
    for (size_t i = 0; i < SP_LEN(things); i++) {
        if (faccessat(place->state_fd, things[i], F_OK, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        enum sp_rc rc = aside < 0 ? make_dir(place, place->state_fd, name, PARTS_MODE, &aside, err) : SP_OK;
        if (rc == SP_OK && renameat(place->state_fd, things[i], aside, things[i]) != 0)
            rc = sp_fail_errno(err, "restore: cannot move '%s' aside", things[i]);
        if (rc != SP_OK)
            return rc;
    }
    return SP_OK;
}

enum sp_rc
sp_restore_place_commit(struct sp_restore_place *place, int64_t wall_ms, struct sp_err *err)
{
    if (syncfs(place->stage_fd) != 0)
        return sp_fail_errno(err, "restore: cannot sync");
    enum sp_rc rc = move_aside(place, wall_ms, err);
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(things); i++) {
        const char *thing = things[SP_LEN(things) - 1 - i];
        if (renameat(place->stage_fd, thing, place->state_fd, thing) != 0 && errno != ENOENT)
            rc = sp_fail_errno(err, "restore: cannot put '%s' in place", thing);
    }
    return rc == SP_OK ? sp_io_sync(place->state_fd, place->state_dir, err) : rc;
}
