/* dav_room.c - a folder of files that are named by ids of ours. */
#include "web/dav/dav_room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "gateway/intake.h"
#include "web/api/api.h"

#define ROOM "dav-waiting"

static enum sp_rc
open_room(const struct sp_api *api, bool make, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int state = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, api->settings->gateway.state_dir, &state, err);
    if (rc != SP_OK)
        return rc;
    if (make && mkdirat(state, ROOM, 0700) != 0 && errno != EEXIST)
        return sp_fail_errno(err, "webdav: cannot make the folder " ROOM);
    return sp_io_open_dir(state, ROOM, ret_fd, err);
}

enum sp_rc
sp_dav_room_create(const struct sp_api *api, char ret_id[SP_ULID_SIZE], int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int room = -1;
    enum sp_rc rc = open_room(api, true, &room, err);
    if (rc != SP_OK)
        return rc;
    sp_intake_id(api->intake, ret_id);
    int fd = openat(room, ret_id, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return sp_fail_errno(err, "webdav: cannot make a file in " ROOM);
    *ret_fd = fd;
    return SP_OK;
}

enum sp_rc
sp_dav_room_read(const struct sp_api *api, const char *id, int *ret_fd, struct sp_err *err)
{
    SP_AUTO_CLOSE int room = -1;
    if (!sp_ulid_valid(id))
        return sp_fail(err, SP_E_NOTFOUND, "webdav: the file has no bytes");
    enum sp_rc rc = open_room(api, true, &room, err);
    if (rc != SP_OK)
        return rc;
    int fd = openat(room, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return sp_fail_errno(err, "webdav: cannot open a file in " ROOM);
    *ret_fd = fd;
    return SP_OK;
}

void
sp_dav_room_remove(const struct sp_api *api, const char *id)
{
    SP_AUTO_CLOSE int room = -1;
    struct sp_err err = { 0 };
    if (!sp_ulid_valid(id))
        return;
    enum sp_rc rc = open_room(api, false, &room, &err);
    if (rc == SP_OK && unlinkat(room, id, 0) != 0 && errno != ENOENT)
        rc = sp_fail_errno(&err, "webdav: cannot remove a file in " ROOM);
    if (rc != SP_OK)
        sp_warn(api->log, "%s", err.text); /* the sweep tries again */
}

static void
remove_old(int room, const char *name, int64_t wall_ms)
{
    struct stat info;
    if (sp_ulid_valid(name) && fstatat(room, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        (int64_t)info.st_mtim.tv_sec * 1000 < wall_ms)
        unlinkat(room, name, 0);
}

void
sp_dav_room_sweep(const struct sp_api *api, int64_t wall_ms)
{
    SP_AUTO_CLOSE int room = -1;
    if (open_room(api, false, &room, NULL) != SP_OK)
        return;
    int again = fcntl(room, F_DUPFD_CLOEXEC, 0);
    DIR *list = again < 0 ? NULL : fdopendir(again);
    if (list == NULL) {
        if (again >= 0)
            close(again);
        return;
    }
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
        remove_old(room, entry->d_name, wall_ms);
    closedir(list);
}
