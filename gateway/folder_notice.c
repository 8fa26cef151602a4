/* folder_notice.c - how the watcher comes to know what lies in a folder.
 *
 * inotify tells at once; a look into the folder tells what inotify did not, every minute where inotify has proven that
 * it hears, every second or so where it does not. The file systems that need watching most (NFS, CIFS) are those where
 * inotify hears only ourselves. */
#include <dirent.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "db/job.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/route.h"

static const uint32_t wanted =
    IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

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

/* ---- noticing files ---- */

static int64_t
look_interval(const struct sp_folders *house, const struct sp_folder *folder)
{
    const struct sp_folder_times *times = house->taker.times;
    return folder->ears == SP_EARS_PROVEN ? times->rescan_ms : most(times->poll_min_ms, folder->set->settle_ms / 2);
}

void
sp_folder_begin_waiting(const struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen,
                        int64_t now)
{
    entry->seen = *seen;
    entry->changed = now;
    entry->due = now + folder->set->settle_ms;
}

static void
notice_name(struct sp_folders *house, struct sp_folder *folder, const char *name, enum sp_notice how)
{
    struct stat info;
    int64_t now = now_of(house);
    if (sp_folder_ignores(name) || fstatat(folder->dirs->dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode) || info.st_size == 0)
        return;
    struct sp_seen seen = sp_seen_of(&info);
    struct sp_pending *entry = sp_pending_find(folder->pending, name, false);
    bool heard = how == SP_BY_EVENT || how == SP_BY_CLOSE;
    if (entry == NULL) {
        entry = sp_pending_add(folder->pending, name, false);
        folder->left_out = folder->left_out || entry == NULL;
        if (entry == NULL)
            return;
        entry->silent = how == SP_BY_LOOK && folder->ears == SP_EARS_PROVEN;
    } else if (!heard && sp_seen_equal(&seen, &entry->seen)) {
        return;
    } else if (entry->in_hand) {
        entry->touched = true;
    } else if (entry->closed) {
        sp_folder_advise_settle(house, folder, now - entry->changed);
    }
    entry->silent = entry->silent && !heard;
    entry->closed = how == SP_BY_CLOSE;
    sp_folder_begin_waiting(folder, entry, &seen, now);
}

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
notice_claim(struct sp_folders *house, struct sp_folder *folder, const char *claim)
{
    char id[SP_ULID_SIZE];
    const char *name;
    if (!sp_claim_parse(claim, id, &name) || is_in_hand(house, id) ||
        sp_pending_find(folder->pending, claim, true) != NULL)
        return;
    struct sp_pending *entry = sp_pending_add(folder->pending, claim, true);
    if (entry != NULL)
        entry->due = now_of(house);
}

static void
each_name(struct sp_folders *house, struct sp_folder *folder, int dir, enum sp_notice how)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *item;
    while ((item = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe): the stream is ours alone */
        if (dir == folder->dirs->claims)
            notice_claim(house, folder, item->d_name);
        else
            notice_name(house, folder, item->d_name, how);
    }
    closedir(stream);
}

void
sp_folder_look(struct sp_folders *house, struct sp_folder *folder, enum sp_notice how)
{
    folder->left_out = false;
    each_name(house, folder, folder->dirs->dir, how);
    folder->next_look = now_of(house) + look_interval(house, folder);
}

/* ---- opening and closing a folder ---- */

static void
stop_listening(struct sp_folders *house, struct sp_folder *folder)
{
    if (folder->wd >= 0)
        (void)inotify_rm_watch(house->inotify, folder->wd);
    folder->wd = -1;
    sp_folder_set_ears(house, folder, SP_EARS_NONE);
}

/* The names are forgotten, except those that workers have; they are found again when the folder is back. */
void
sp_folder_close(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_pending *entry;
    stop_listening(house, folder);
    while ((entry = sp_pending_first(folder->pending)) != NULL)
        sp_pending_remove(folder->pending, entry);
    sp_folder_dirs_drop(&folder->dirs);
    folder->next_look = now_of(house);
}

/* Asks inotify, and puts it to the proof. */
static void
listen_to(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_err err = { 0 };
    const struct sp_folder_settings *set = folder->set;
    if (set->watch == SP_WATCH_POLL || folder->deaf || house->inotify < 0)
        return;
    if (set->watch == SP_WATCH_AUTO && sp_folder_dirs_remote(folder->dirs)) {
        sp_notice(house->taker.log, "folder %s: on a network file system, looking at intervals", set->name);
        folder->deaf = true;
        return;
    }
    folder->wd = inotify_add_watch(house->inotify, set->path, wanted);
    sp_folder_set_ears(house, folder, SP_EARS_PROBING);
    folder->probe_until = now_of(house) + house->taker.times->probe_ms;
    if (folder->wd >= 0 && sp_folder_probe(folder->dirs, &err) == SP_OK)
        return;
    sp_warn(house->taker.log, "folder %s: inotify cannot be used (%s), looking at intervals", set->name,
            folder->wd < 0 ? "no more watches" : err.text);
    stop_listening(house, folder);
}

/* What every file of this folder would run into is better said before the first one is claimed. */
static enum sp_rc
check_settings(const struct sp_folders *house, const struct sp_folder *folder, struct sp_err *err)
{
    static const char *const later[] = {
        [SP_FROM_SUBFOLDER] = "subfolder",
        [SP_FROM_OWNER] = "owner",
        [SP_FROM_FILENAME] = "filename",
        [SP_FROM_SIDECAR] = "sidecar",
    };
    if (folder->set->recipient_from != SP_FROM_FIXED)
        return sp_fail(err, SP_E_INVALID, "recipient-from = %s is not in this version; the files stay where they are",
                       later[folder->set->recipient_from]);
    struct sp_intake_request request;
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    if (job == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    job->id = "00000000000000000000000000";
    sp_folder_request(folder->set, &request);
    return sp_route_apply(house->settings, NULL, &request, job, err);
}

void
sp_folder_open(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_err err = { 0 };
    folder->next_look = now_of(house) + house->taker.times->look_again_ms;
    enum sp_rc rc = check_settings(house, folder, &err);
    if (rc == SP_OK)
        rc = sp_folder_dirs_open(folder->set->path, &folder->dirs, &err);
    if (rc != SP_OK) {
        sp_folder_set_trouble(house, folder, err.text);
        return;
    }
    sp_folder_set_trouble(house, folder, "");
    if (folder->set->duplicates == SP_DUPLICATES_HOLD)
        sp_warn(house->taker.log, "folder %s: duplicates = hold is not in this version, they are sent",
                folder->set->name);
    listen_to(house, folder);
    each_name(house, folder, folder->dirs->claims, SP_AT_FIRST);
    sp_folder_look(house, folder, SP_AT_FIRST);
}

void
sp_folder_end_probing(struct sp_folders *house, struct sp_folder *folder, bool heard)
{
    if (heard) {
        sp_folder_set_ears(house, folder, SP_EARS_PROVEN);
        /* Between the first look and now everything was heard, too: the watch is older than that look. */
        folder->next_look = now_of(house) + look_interval(house, folder);
        return;
    }
    sp_notice(house->taker.log, "folder %s: inotify does not report what happens here, looking at intervals",
              folder->set->name);
    folder->deaf = true;
    stop_listening(house, folder);
}

/* inotify said nothing about a file that has been here for a while: it hears only what this machine does. */
void
sp_folder_stop_trusting(struct sp_folders *house, struct sp_folder *folder)
{
    sp_notice(house->taker.log,
              "folder %s: a file appeared that inotify did not report, looking at intervals from now on",
              folder->set->name);
    folder->deaf = true;
    stop_listening(house, folder);
    folder->next_look = now_of(house) + look_interval(house, folder);
}

/* ---- events ---- */

static void
hear(struct sp_folders *house, struct sp_folder *folder, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : "";
    if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
        sp_folder_close(house, folder);
    else if (folder->ears == SP_EARS_PROBING && strcmp(name, SP_PROBE_NAME) == 0)
        sp_folder_end_probing(house, folder, true);
    else if ((event->mask & IN_ISDIR) == 0 && *name != '\0')
        notice_name(house, folder, name,
                    (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 ? SP_BY_CLOSE : SP_BY_EVENT);
}

static void
hear_one(struct sp_folders *house, const struct inotify_event *event)
{
    bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
    for (size_t i = 0; i < house->n_folders; i++) {
        struct sp_folder *folder = &house->folders[i];
        if (folder->dirs == NULL)
            continue;
        if (lost)
            sp_folder_look(house, folder, SP_AT_FIRST);
        else if (folder->wd == event->wd)
            hear(house, folder, event);
    }
}

void
sp_folders_hear(struct sp_folders *house)
{
    union {
        struct inotify_event event; /* for alignment */
        char bytes[16384];
    } buffer;
    ssize_t got;
    while (house->inotify >= 0 && (got = read(house->inotify, &buffer, sizeof(buffer))) > 0) {
        const struct inotify_event *event;
        for (char *at = buffer.bytes; at < buffer.bytes + got; at += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            hear_one(house, event);
        }
    }
}
