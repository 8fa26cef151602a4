/* folder_notice.c - how the watcher comes to know what lies in a folder.
 *
 * inotify tells at once (folder_ears.c); a look into the folder tells what inotify did not, every minute where inotify
 * has proven that it hears, every second or so where it does not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "db/job.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/pages.h"
#include "gateway/route.h"

static int64_t
now_of(const struct sp_folders *house)
{
    return sp_mono_ms(house->clock);
}

static int64_t
most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void
sp_folder_path(char ret[SP_FOLDER_PATH_MAX], const char *sub, const char *name)
{
    snprintf(ret, SP_FOLDER_PATH_MAX, "%s%s%s", sub, *sub == '\0' ? "" : "/", name);
}

int64_t
sp_folder_look_interval(const struct sp_folders *house, const struct sp_folder *folder)
{
    const struct sp_folder_times *times = house->taker.times;
    return folder->ears == SP_EARS_PROVEN ? times->rescan_ms : most(times->poll_min_ms, folder->set->settle_ms / 2);
}

/* ---- noticing files ---- */

void
sp_folder_begin_waiting(const struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen,
                        int64_t now)
{
    entry->seen = *seen;
    entry->changed = now;
    sp_pending_set_due(folder->pending, entry, now + folder->set->settle_ms);
}

/* When a file of that name was last written that was taken since: it may be the same scan that goes on. */
static int64_t
time_since_taken(const struct sp_folder *folder, unsigned name, int64_t now)
{
    static const int64_t longest_pause = 60000;
    int64_t since = longest_pause;
    for (size_t i = 0; i < folder->n_gone && i < SP_GONE_KEPT; i++)
        if (folder->gone[i].name == name && now - folder->gone[i].changed < since)
            since = now - folder->gone[i].changed;
    return since < longest_pause ? since : 0;
}

/* Something of that name is here, and looks so. */
static void
note(struct sp_folders *house, struct sp_folder *folder, const char *path, const struct sp_seen *seen, bool is_folder,
     enum sp_notice how)
{
    int64_t now = now_of(house);
    struct sp_pending *entry = sp_pending_find(folder->pending, path, false);
    bool heard = how == SP_BY_EVENT || how == SP_BY_CLOSE;
    if (entry == NULL) {
        entry = sp_pending_add(folder->pending, path, false);
        folder->left_out = folder->left_out || entry == NULL;
        if (entry == NULL)
            return;
        entry->silent = how == SP_BY_LOOK && folder->ears == SP_EARS_PROVEN;
        entry->after = heard ? time_since_taken(folder, entry->hash, now) : 0;
    } else if (!heard && sp_seen_equal(seen, &entry->seen)) {
        return;
    } else if (sp_pending_in_hand(entry)) {
        entry->touched = true;
    } else if (entry->closed) {
        sp_folder_advise_settle(house, folder, now - entry->changed);
    }
    entry->folder = is_folder;
    entry->silent = entry->silent && !heard;
    entry->closed = how == SP_BY_CLOSE;
    sp_folder_begin_waiting(folder, entry, seen, now);
}

/* A directory that scanpost cannot read and write, by its rights: nobody would open what is dropped there. */
static bool
is_usable(struct sp_folder *folder, const char *path)
{
    char shown[NAME_MAX + 1];
    if (faccessat(folder->dirs->dir, path, R_OK | W_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES)
        return true;
    sp_text_format(
        folder->blocked, sizeof(folder->blocked),
        "'%.100s' cannot be read and written by scanpost: give its group access (setgid on the folder, umask "
        "007; in Samba: force group, directory mask = 2770)",
        sp_log_clean(shown, sizeof(shown), path));
    return false;
}

/* A directory is a folder of pages, or a person's, or nothing to us. What is written into a folder of pages is found by
 * looking again once it is due: nobody listens there. */
static void
note_directory(struct sp_folders *house, struct sp_folder *folder, const char *sub, const char *name, const char *path,
               enum sp_notice how)
{
    struct sp_seen seen;
    bool locked;
    if (folder->set->group == SP_GROUP_PAGES && sp_pages_is_folder(name)) {
        if (is_usable(folder, path) && sp_folder_pages_seen(folder->dirs->dir, path, &seen, &locked))
            note(house, folder, path, &seen, true, how == SP_BY_CLOSE ? SP_BY_EVENT : how);
    } else if (folder->set->recipient_from == SP_FROM_SUBFOLDER && *sub == '\0') {
        sp_folder_add_sub(house, folder, name);
    }
    if (*folder->blocked != '\0')
        sp_folder_calm(house, folder);
}

void
sp_folder_notice(struct sp_folders *house, struct sp_folder *folder, const char *sub, const char *name,
                 enum sp_notice how)
{
    struct stat info;
    char path[SP_FOLDER_PATH_MAX];
    sp_folder_path(path, sub, name);
    if (sp_folder_ignores(name) || fstatat(folder->dirs->dir, path, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISDIR(info.st_mode))
        note_directory(house, folder, sub, name, path, how);
    if (!S_ISREG(info.st_mode) || info.st_size == 0)
        return;
    struct sp_seen seen = sp_seen_of(&info);
    note(house, folder, path, &seen, false, how);
}

/* ---- looking ---- */

/* "Check folder" buttons leave empty files. They are no scans, and nobody comes back for them. `dir` is the directory
 * itself, so that nobody can put a link in the way. */
static void
sweep(const struct sp_folders *house, const struct sp_folder *folder, int dir, const char *name)
{
    struct stat info;
    char shown[NAME_MAX + 1];
    int64_t now = sp_wall_ms(house->clock), old = house->taker.times->sweep_ms;
    if (sp_folder_ignores(name) || fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size != 0 || now - info.st_mtim.tv_sec * INT64_C(1000) < old)
        return;
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (sp_file_writers(fd) == SP_WRITERS_SOME || fstat(fd, &info) != 0 || info.st_size != 0))
        return;
    if (unlinkat(dir, name, 0) == 0)
        sp_info(house->taker.log, "folder %s: removed '%s', which was empty and old", folder->set->name,
                sp_log_clean(shown, sizeof(shown), name));
}

void
sp_folder_look_into(struct sp_folders *house, struct sp_folder *folder, const char *sub, enum sp_notice how)
{
    if (*sub != '\0' && !is_usable(folder, sub))
        return;
    int fd = openat(folder->dirs->dir, *sub == '\0' ? "." : sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *item;
    while ((item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
        sweep(house, folder, fd, item->d_name);
        sp_folder_notice(house, folder, sub, item->d_name, how);
    }
    closedir(stream);
}

void
sp_folder_look(struct sp_folders *house, struct sp_folder *folder, enum sp_notice how)
{
    folder->left_out = false;
    folder->blocked[0] = '\0';
    sp_folder_tend_subs(house, folder);
    size_t known = folder->n_subs; /* new ones, which are appended, are looked into as they are found */
    sp_folder_look_into(house, folder, "", how);
    for (size_t i = 0; i < known && i < folder->n_subs; i++) {
        struct sp_sub sub = folder->subs[i];
        folder->subs[i].heard = sub.wd >= 0;
        sp_folder_look_into(house, folder, sub.name, sub.heard ? how : SP_AT_FIRST);
    }
    sp_folder_calm(house, folder);
    folder->next_look = now_of(house) + sp_folder_look_interval(house, folder);
}

/* ---- claims that were left ---- */

static bool
is_in_hand(const struct sp_folders *house, const char *id)
{
    for (size_t i = 0; i < house->n_handed; i++)
        if (strcmp(house->handed[i]->id, id) == 0)
            return true;
    return false;
}

/* A claim that nobody works on: a crash left it, or the folder went away for a while. */
static void
notice_claim(struct sp_folders *house, struct sp_folder *folder, const char *sub, const char *claim)
{
    char id[SP_ULID_SIZE], path[SP_FOLDER_PATH_MAX];
    const char *name;
    sp_folder_path(path, sub, claim);
    if (!sp_claim_parse(claim, id, &name) || is_in_hand(house, id) ||
        sp_pending_find(folder->pending, path, true) != NULL)
        return;
    struct sp_pending *entry = sp_pending_add(folder->pending, path, true);
    if (entry != NULL)
        sp_pending_set_due(folder->pending, entry, now_of(house));
}

/* Sets that were half made go back first; those that stay are claims then. */
static void
notice_claims_of(struct sp_folders *house, struct sp_folder *folder, const char *sub)
{
    struct sp_folder_dirs *here = NULL;
    DIR *stream = NULL;
    if (sp_folder_dirs_open_sub(folder->dirs, sub, &here, NULL) == SP_OK)
        stream = fdopendir(openat(here->claims, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int round = 0; stream != NULL && round < 2; round++) {
        const struct dirent *item;
        rewinddir(stream);
        while ((item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
            char id[SP_ULID_SIZE];
            snprintf(id, sizeof(id), "%.*s", SP_ULID_LEN, item->d_name);
            if (round == 0 && !is_in_hand(house, id))
                (void)sp_claim_undo_set(here, item->d_name);
            else if (round == 1)
                notice_claim(house, folder, sub, item->d_name);
        }
    }
    if (stream != NULL)
        closedir(stream);
    sp_folder_dirs_drop(&here);
}

/* A sub-folder that is gone while claims of it are left comes back: what was claimed is a scan all the same. false:
 * there are none. */
static bool
has_claims(const struct sp_folder *folder, const char *sub)
{
    struct stat info;
    if (unlinkat(folder->dirs->claims, sub, AT_REMOVEDIR) == 0)
        return false;
    return fstatat(folder->dirs->dir, sub, &info, AT_SYMLINK_NOFOLLOW) == 0 ||
           mkdirat(folder->dirs->dir, sub, 0770) == 0;
}

static void
notice_claims(struct sp_folders *house, struct sp_folder *folder)
{
    char id[SP_ULID_SIZE];
    const char *name;
    notice_claims_of(house, folder, "");
    DIR *stream = fdopendir(openat(folder->dirs->claims, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct dirent *item;
    while (stream != NULL && (item = readdir(stream)) != NULL) /* NOLINT(concurrency-mt-unsafe): ours alone */
        if (item->d_name[0] != '.' && item->d_type != DT_REG && !sp_claim_parse(item->d_name, id, &name) &&
            has_claims(folder, item->d_name))
            notice_claims_of(house, folder, item->d_name);
    if (stream != NULL)
        closedir(stream);
}

/* ---- opening and closing a folder ---- */

/* The names are forgotten, except those that workers have; they are found again when the folder is back. */
void
sp_folder_close(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_pending *entry;
    sp_folder_stop_listening(house, folder);
    sp_folder_drop_subs(house, folder);
    while ((entry = sp_pending_first(folder->pending)) != NULL)
        sp_pending_remove(folder->pending, entry);
    folder->speaker = NULL;
    sp_folder_dirs_drop(&folder->dirs);
    folder->next_look = now_of(house);
}

/* What every file of this folder would run into is better said before the first one is claimed. */
static enum sp_rc
check_settings(const struct sp_folders *house, const struct sp_folder *folder, struct sp_err *err)
{
    const char *people = house->settings->people_file;
    bool by_name = folder->set->recipient_from != SP_FROM_FIXED;
    if (by_name && people != NULL && *people != '\0' && sp_intake_people(house->taker.intake) == NULL)
        return sp_fail(err, SP_E_NOTFOUND,
                       "the people file '%s' could not be read when scanpost started, so nobody can be told; the files "
                       "stay where they are",
                       people);
    struct sp_intake_request request;
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    if (job == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    job->id = "00000000000000000000000000";
    sp_folder_request(folder->set, &request);
    if (by_name && *request.route == '\0') /* all depends on the file */
        return SP_OK;
    enum sp_rc rc = sp_route_apply(house->settings, NULL, &request, job, err);
    bool nobody_yet = by_name && rc == SP_E_INVALID && sp_settings_route(house->settings, request.route) != NULL;
    return nobody_yet ? SP_OK : rc;
}

/* By a link or a second mount it may be another folder's directory, and a scan would go to one of the two by chance. */
static enum sp_rc
check_alone(const struct sp_folders *house, struct sp_folder *folder, struct sp_err *err)
{
    for (size_t i = 0; i < house->n_folders; i++) {
        const struct sp_folder *other = &house->folders[i];
        if (other == folder || other->dirs == NULL || !sp_folder_dirs_equal(folder->dirs, other->dirs))
            continue;
        sp_folder_dirs_drop(&folder->dirs);
        return sp_fail(err, SP_E_CONFLICT, "%s is the same directory as that of folder '%s', which takes what is there",
                       folder->set->path, other->set->name);
    }
    return SP_OK;
}

void
sp_folder_open(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_err err = { 0 };
    folder->next_look = now_of(house) + house->taker.times->look_again_ms;
    enum sp_rc rc = check_settings(house, folder, &err);
    if (rc == SP_OK)
        rc = sp_folder_dirs_open(folder->set->path, &folder->dirs, &err);
    if (rc == SP_OK)
        rc = check_alone(house, folder, &err);
    if (rc != SP_OK) {
        sp_folder_set_trouble(house, folder, err.text);
        return;
    }
    sp_folder_listen(house, folder);
    notice_claims(house, folder);
    sp_folder_look(house, folder, SP_AT_FIRST);
}
