/* folder_take.c - a scan's way from the folder to the claim, on a worker thread. Whatever stops it, each file is in
 * exactly one place: under its own name, in a claim, in rejected/, or in the spool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/pages.h"

void
sp_dropped_close(struct sp_dropped *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static void
wait_for(struct sp_take *take, int64_t ms)
{
    take->verdict = SP_TAKE_WAIT;
    take->wait_ms = ms;
}

/* ---- opening ---- */

static enum sp_take_verdict
unreadable(struct sp_take *take, const char *name)
{
    if (errno == ENOENT || errno == ELOOP)
        return SP_TAKE_GONE;
    if (errno == EACCES)
        sp_fail(
            &take->err, SP_E_DENIED,
            "'%s' cannot be read by scanpost: give its group access (in Samba: force group, create mask = 0660; else "
            "setgid on the folder and umask 007)",
            name);
    else
        sp_fail_errno(&take->err, "'%s' cannot be opened", name);
    return SP_TAKE_TROUBLE;
}

/* The directory that the last part of the path is in, no link on the way. -1 and errno. */
static int
open_parent(int dir, const char *path, const char **ret_leaf)
{
    SP_AUTO_CLOSE int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *slash;
    for (; at >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        char part[NAME_MAX + 1];
        if (slash - path > NAME_MAX)
            return -1;
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
    }
    *ret_leaf = path;
    return sp_steal_fd(&at);
}

/* The type is asked for before opening, because opening alone can do something to a device. */
int
sp_folder_open_file(const struct sp_taker *taker, const struct sp_folder_settings *set,
                    const struct sp_folder_dirs *dirs, const char *path)
{
    struct stat before;
    const char *leaf;
    bool claimed = sp_text_starts(path, SP_CLAIMS_NAME "/");
    /* Whoever may write in the folder may put another directory in the place of .scanpost: a claim is where we made it.
     */
    SP_AUTO_CLOSE int parent = claimed ? open_parent(dirs->claims, path + strlen(SP_CLAIMS_NAME "/"), &leaf)
                                       : open_parent(dirs->dir, path, &leaf);
    if (parent < 0)
        return -1;
    if (fstatat(parent, leaf, &before, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(before.st_mode)) {
        errno = ELOOP; /* as if it were a link: it is none of ours */
        return -1;
    }
    int fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 || errno != EACCES || taker->opener == NULL)
        return fd;
    return taker->opener->open(taker->opener->context, set->name, path);
}

bool
sp_dropped_open(const struct sp_taker *taker, struct sp_take *take, const char *path, struct sp_dropped *file)
{
    const char *slash = strrchr(path, '/');
    file->fd = sp_folder_open_file(taker, take->set, take->dirs, path);
    if (file->fd < 0 || fstat(file->fd, &file->info) != 0) {
        take->verdict = unreadable(take, slash == NULL ? path : slash + 1);
        return false;
    }
    if (!S_ISREG(file->info.st_mode)) {
        take->verdict = SP_TAKE_GONE;
        return false;
    }
    file->content = sp_content_of(file->fd, (uint64_t)file->info.st_size);
    return true;
}

/* ---- is it finished ---- */

/* How long a file without its end is waited for. A truncated scan is the only copy there is: it goes out in the end. */
static int64_t
patience(const struct sp_taker *taker, const struct sp_take *take)
{
    int64_t long_quiet = 10 * take->set->settle_ms;
    return long_quiet > taker->times->patience_ms ? long_quiet : taker->times->patience_ms;
}

static bool
is_complete(const struct sp_taker *taker, struct sp_take *take, const struct sp_dropped *file)
{
    int64_t patient = patience(taker, take);
    if (sp_content_complete(file->fd, (uint64_t)file->info.st_size, &file->content))
        return true;
    if (take->quiet_ms < patient) {
        wait_for(take, patient - take->quiet_ms);
        return false;
    }
    sp_notice(taker->log, "folder %s: the end of a %s is missing after %" PRId64 " s of quiet, it is taken as it is",
              take->set->name, file->content.kind, take->quiet_ms / 1000);
    return true;
}

/* Whether the file under its own name is finished. seen: how it must look; NULL: that was seen for all of them at once.
 * false: the verdict says what else. */
static bool
is_finished(const struct sp_taker *taker, struct sp_take *take, const struct sp_dropped *file,
            const struct sp_seen *seen)
{
    int64_t settle = take->set->settle_ms;
    enum sp_writers writers = sp_file_writers(file->fd);
    struct sp_seen now = sp_seen_of(&file->info);
    if ((seen != NULL && !sp_seen_equal(&now, seen)) || writers == SP_WRITERS_SOME) {
        wait_for(take, settle);
        return false;
    }
    if (writers == SP_WRITERS_UNKNOWN && take->quiet_ms < 3 * settle) {
        wait_for(take, 3 * settle - take->quiet_ms);
        return false;
    }
    return is_complete(taker, take, file);
}

static bool
look_at(const struct sp_taker *taker, struct sp_take *take, const char *path, const struct sp_seen *seen,
        uint64_t *total)
{
    SP_AUTO(sp_dropped_close) struct sp_dropped file = { .fd = -1 };
    if (!sp_dropped_open(taker, take, path, &file) || !is_finished(taker, take, &file, seen))
        return false;
    *total += (uint64_t)file.info.st_size;
    return true;
}

static bool
files_are_finished(const struct sp_taker *taker, struct sp_take *take, uint64_t *total)
{
    for (size_t i = 0; i < take->n_files; i++) {
        char path[SP_FOLDER_PATH_MAX];
        sp_folder_path(path, take->sub, take->files[i].name);
        if (!look_at(taker, take, path, &take->files[i].seen, total)) {
            if (take->verdict == SP_TAKE_GONE && take->n_files > 1)
                wait_for(take, take->set->settle_ms); /* the others are still here */
            return false;
        }
    }
    return true;
}

/* ---- folders of pages ---- */

static DIR *
open_stream(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL && fd >= 0)
        close(fd);
    return stream;
}

bool
sp_folder_pages_seen(int dir, const char *path, struct sp_seen *ret, bool *ret_locked)
{
    struct stat info;
    DIR *stream = open_stream(dir, path);
    if (stream == NULL)
        return false;
    *ret = (struct sp_seen){ 0 };
    *ret_locked = false;
    if (fstat(dirfd(stream), &info) == 0)
        ret->inode = info.st_ino;
    const struct dirent *item;
    while ((item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
        if (fstatat(dirfd(stream), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
            continue;
        *ret_locked = *ret_locked || sp_pages_is_lock(item->d_name) || sp_folder_unfinished(item->d_name);
        struct sp_seen one = sp_seen_of(&info);
        ret->size += one.size;
        if (one.mtime_ns > ret->mtime_ns)
            ret->mtime_ns = one.mtime_ns;
    }
    closedir(stream);
    return ret->size > 0;
}

static bool
pages_are_finished(const struct sp_taker *taker, struct sp_take *take, uint64_t *total)
{
    DIR *stream = open_stream(take->here->dir, take->name);
    bool finished = stream != NULL;
    struct stat info;
    const struct dirent *item;
    if (stream == NULL)
        take->verdict = SP_TAKE_GONE;
    while (finished && (item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
        char folder[SP_FOLDER_PATH_MAX], path[SP_FOLDER_PATH_MAX + NAME_MAX + 1];
        if (fstatat(dirfd(stream), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
            continue;
        sp_folder_path(folder, take->sub, take->name);
        snprintf(path, sizeof(path), "%s/%s", folder, item->d_name);
        finished = look_at(taker, take, path, NULL, total);
    }
    if (stream != NULL)
        closedir(stream);
    return finished;
}

/* ---- claiming ---- */

/* What is over the limit will be rejected without being copied, so it needs no room. */
static uint64_t
room_for(const struct sp_taker *taker, uint64_t total)
{
    return total > taker->settings->gateway.max_document ? 0 : total;
}

/* "Not there any more" goes for the scan, unless it is .scanpost that somebody has removed. */
static enum sp_take_verdict
verdict_of(struct sp_take *take, enum sp_rc rc)
{
    struct stat info;
    if (rc != SP_E_NOTFOUND)
        return SP_TAKE_TROUBLE;
    if (fstat(take->dirs->claims, &info) != 0 || info.st_nlink > 0)
        return SP_TAKE_GONE;
    (void)sp_fail(&take->err, SP_E_IO,
                  SP_CLAIMS_NAME " was removed from the folder while scanpost used it; it is made anew");
    return SP_TAKE_TROUBLE;
}

/* What can be known to fail is known before the claim, so that the scan stays where people see it. */
static bool
claim(const struct sp_taker *taker, struct sp_take *take)
{
    char claimed[NAME_MAX + 1];
    uint64_t total = 0;
    bool folder = take->kind == SP_TAKE_FOLDER;
    if (folder ? !pages_are_finished(taker, take, &total) : !files_are_finished(taker, take, &total))
        return false;
    enum sp_rc rc = sp_intake_room(taker->intake, room_for(taker, total), &take->err);
    sp_claim_name(take->id, take->name, claimed);
    if (rc == SP_OK && take->n_files > 1)
        rc = sp_claim_make_set(take->here, take->files, take->n_files, claimed, &take->err);
    else if (rc == SP_OK)
        rc = sp_claim_make(take->here, take->name, claimed, &take->err);
    if (rc == SP_OK)
        memcpy(take->claimed, claimed, sizeof(claimed));
    take->verdict = verdict_of(take, rc);
    if (take->verdict == SP_TAKE_GONE && take->n_files > 1)
        wait_for(take, take->set->settle_ms);
    return rc == SP_OK;
}

void
sp_folder_take(const struct sp_taker *taker, struct sp_take *take)
{
    enum sp_rc rc = sp_folder_dirs_open_sub(take->dirs, take->sub, &take->here, &take->err);
    if (rc != SP_OK) {
        take->verdict = verdict_of(take, rc);
        return;
    }
    if (take->kind == SP_TAKE_CLAIM)
        memcpy(take->claimed, take->name, sizeof(take->claimed));
    if (take->kind == SP_TAKE_CLAIM || claim(taker, take))
        sp_folder_store(taker, take);
    sp_folder_dirs_drop(&take->here);
}
