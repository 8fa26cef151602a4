/* folder_watch.c - the watcher thread: knows what lies in the folders, and since when nobody touched it.
 *
 * inotify tells at once; a look into the folder tells what inotify did not, every minute where inotify has proven that
 * it hears, every second or so where it does not. Between events there is nothing to do, and nothing wakes up, but for
 * that look. The file systems that need watching most (NFS, CIFS) are those where inotify hears only ourselves. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
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
#include "gateway/route.h"

static const uint32_t wanted =
    IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t
most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t
now_of(const struct sp_folders *house)
{
    return sp_mono_ms(house->clock);
}

/* ---- what people see ---- */

/* Logged when it changes, not every time it is found again. "" : all is well. */
static void
set_trouble(struct sp_folders *house, struct sp_folder *folder, const char *trouble)
{
    char *shown = folder->shown.trouble; /* only this thread writes it */
    char text[sizeof(folder->shown.trouble)];
    sp_text_copy(text, sizeof(text), trouble);
    text[sp_utf8_prefix(text, strlen(text), sizeof(text) - 4)] = '\0';
    if (strcmp(shown, text) == 0)
        return;
    if (*text != '\0')
        sp_warn(house->taker.log, "folder %s: %s", folder->set->name, text);
    else
        sp_notice(house->taker.log, "folder %s: all is well again", folder->set->name);
    pthread_mutex_lock(&house->lock);
    memcpy(shown, text, sizeof(text));
    pthread_mutex_unlock(&house->lock);
}

static void
set_ears(struct sp_folders *house, struct sp_folder *folder, enum sp_folder_ears ears)
{
    folder->ears = ears;
    pthread_mutex_lock(&house->lock);
    folder->shown.watch = ears == SP_EARS_PROVEN ? "inotify" : "poll";
    pthread_mutex_unlock(&house->lock);
}

static void
show_waiting(struct sp_folders *house)
{
    pthread_mutex_lock(&house->lock);
    for (size_t i = 0; i < house->n_folders; i++)
        house->folders[i].shown.waiting = sp_pending_count(house->folders[i].pending);
    pthread_mutex_unlock(&house->lock);
}

/* A source went on with a file that had been quiet for longer than half of settle after it was closed: next time the
 * pause may be longer than settle, and half a scan would be taken. */
static void
advise_settle(struct sp_folders *house, struct sp_folder *folder, int64_t pause)
{
    int64_t fitting = 2 * pause;
    if (pause <= folder->set->settle_ms / 2 || fitting <= folder->shown.advised_settle_ms)
        return;
    pthread_mutex_lock(&house->lock);
    folder->shown.advised_settle_ms = fitting;
    pthread_mutex_unlock(&house->lock);
    if (fitting > folder->set->settle_ms)
        sp_notice(house->taker.log,
                  "folder %s: a source went on with a file %" PRId64 " ms after closing it; settle = %" PRId64
                  "s would be safe",
                  folder->set->name, pause, (fitting + 999) / 1000);
}

static void
count_result(struct sp_folders *house, struct sp_folder *folder, const struct sp_take *take)
{
    pthread_mutex_lock(&house->lock);
    if (take->verdict == SP_TAKE_TAKEN) {
        folder->shown.taken++;
        folder->shown.last_scan = sp_wall_ms(house->clock);
    }
    folder->shown.rejected += take->verdict == SP_TAKE_REJECTED;
    pthread_mutex_unlock(&house->lock);
    if (take->verdict == SP_TAKE_REJECTED)
        sp_notice(house->taker.log, "folder %s: moved '%s' to rejected/: %s", folder->set->name,
                  strchr(take->claimed, '~') + 1, take->err.text);
}

/* ---- noticing files ---- */

static int64_t
look_interval(const struct sp_folders *house, const struct sp_folder *folder)
{
    const struct sp_folder_times *times = house->taker.times;
    return folder->ears == SP_EARS_PROVEN ? times->rescan_ms : most(times->poll_min_ms, folder->set->settle_ms / 2);
}

/* How a file came to our notice. */
enum notice {
    BY_LOOK,  /* it was there when we looked, and inotify ought to have told us */
    AT_FIRST, /* it was there when we looked, and nobody was asked to tell us */
    BY_EVENT, /* it was written */
    BY_CLOSE, /* it was closed after writing, or moved here: may be finished */
};

static void
begin_waiting(struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen, int64_t now)
{
    entry->seen = *seen;
    entry->changed = now;
    entry->due = now + folder->set->settle_ms;
}

static void
notice_name(struct sp_folders *house, struct sp_folder *folder, const char *name, enum notice how)
{
    struct stat info;
    int64_t now = now_of(house);
    if (sp_folder_ignores(name) || fstatat(folder->dirs->dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode) || info.st_size == 0)
        return;
    struct sp_seen seen = sp_seen_of(&info);
    struct sp_pending *entry = sp_pending_find(folder->pending, name, false);
    bool heard = how == BY_EVENT || how == BY_CLOSE;
    if (entry == NULL) {
        entry = sp_pending_add(folder->pending, name, false);
        folder->left_out = folder->left_out || entry == NULL;
        if (entry == NULL)
            return;
        entry->silent = how == BY_LOOK && folder->ears == SP_EARS_PROVEN;
    } else if (!heard && sp_seen_equal(&seen, &entry->seen)) {
        return;
    } else if (entry->in_hand) {
        entry->touched = true;
    } else if (entry->closed) {
        advise_settle(house, folder, now - entry->changed);
    }
    entry->silent = entry->silent && !heard;
    entry->closed = how == BY_CLOSE;
    begin_waiting(folder, entry, &seen, now);
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
each_name(struct sp_folders *house, struct sp_folder *folder, int dir, enum notice how)
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

static void
look_into(struct sp_folders *house, struct sp_folder *folder, enum notice how)
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
    set_ears(house, folder, SP_EARS_NONE);
}

/* The names are forgotten, except those that workers have; they are found again when the folder is back. */
static void
close_folder(struct sp_folders *house, struct sp_folder *folder)
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
    set_ears(house, folder, SP_EARS_PROBING);
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
    return sp_route_apply(house->settings, &request, job, err);
}

static void
open_folder(struct sp_folders *house, struct sp_folder *folder)
{
    struct sp_err err = { 0 };
    folder->next_look = now_of(house) + house->taker.times->look_again_ms;
    enum sp_rc rc = check_settings(house, folder, &err);
    if (rc == SP_OK)
        rc = sp_folder_dirs_open(folder->set->path, &folder->dirs, &err);
    if (rc != SP_OK) {
        set_trouble(house, folder, err.text);
        return;
    }
    set_trouble(house, folder, "");
    listen_to(house, folder);
    each_name(house, folder, folder->dirs->claims, AT_FIRST);
    look_into(house, folder, AT_FIRST);
}

static void
end_probing(struct sp_folders *house, struct sp_folder *folder, bool heard)
{
    if (heard) {
        set_ears(house, folder, SP_EARS_PROVEN);
        /* Between the first look and now everything was heard, too: the watch is older than that look. */
        folder->next_look = now_of(house) + look_interval(house, folder);
        return;
    }
    sp_notice(house->taker.log, "folder %s: inotify does not report what happens here, looking at intervals",
              folder->set->name);
    folder->deaf = true;
    stop_listening(house, folder);
}

/* ---- events ---- */

static void
hear(struct sp_folders *house, struct sp_folder *folder, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : "";
    if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
        close_folder(house, folder);
    else if (folder->ears == SP_EARS_PROBING && strcmp(name, SP_PROBE_NAME) == 0)
        end_probing(house, folder, true);
    else if ((event->mask & IN_ISDIR) == 0 && *name != '\0')
        notice_name(house, folder, name, (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 ? BY_CLOSE : BY_EVENT);
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
            look_into(house, folder, AT_FIRST);
        else if (folder->wd == event->wd)
            hear(house, folder, event);
    }
}

static void
hear_all(struct sp_folders *house)
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

/* ---- handing out, and what comes back ---- */

/* Its own name is the watcher's again: forgotten, unless a new file came under it meanwhile. */
static void
let_go(struct sp_folder *folder, struct sp_pending *entry)
{
    entry->in_hand = false;
    entry->troubled = false;
    entry->backoff = 0;
    if (!entry->touched)
        sp_pending_remove(folder->pending, entry);
    else
        entry->touched = false; /* it waits since it was touched */
}

static int64_t
grown_backoff(const struct sp_folders *house, const struct sp_folder *folder, int64_t backoff)
{
    int64_t first = most(100, least(folder->set->settle_ms, 1000));
    return backoff == 0 ? first : least(2 * backoff, house->taker.times->backoff_max_ms);
}

/* The entry under which a file that was not taken is tried again: its own, or that of the claim it has become. */
static struct sp_pending *
entry_for_retry(struct sp_folder *folder, const struct sp_take *take)
{
    struct sp_pending *entry = take->entry;
    if (take->claim || *take->claimed == '\0') {
        entry->in_hand = false;
        return entry;
    }
    let_go(folder, entry);
    return sp_pending_add(folder->pending, take->claimed, true); /* NULL: memory is out; found at the next start */
}

static void
try_again(struct sp_folders *house, struct sp_folder *folder, const struct sp_take *take)
{
    struct sp_pending *entry = entry_for_retry(folder, take);
    if (entry == NULL)
        return;
    entry->troubled = take->verdict == SP_TAKE_TROUBLE;
    entry->backoff = entry->troubled ? grown_backoff(house, folder, entry->backoff) : 0;
    if (!entry->touched)
        entry->due = now_of(house) + (entry->troubled ? entry->backoff : take->wait_ms);
    entry->touched = false;
    if (entry->troubled)
        set_trouble(house, folder, take->err.text);
}

static void
settle_take(struct sp_folders *house, struct sp_take *take)
{
    struct sp_folder *folder = take->folder;
    bool again = take->verdict == SP_TAKE_WAIT || take->verdict == SP_TAKE_TROUBLE;
    count_result(house, folder, take);
    if (again)
        try_again(house, folder, take);
    else
        let_go(folder, take->entry);
    if (folder->dirs != NULL && *folder->shown.trouble != '\0' && sp_pending_troubled(folder->pending) == 0)
        set_trouble(house, folder, "");
    for (size_t i = 0; i < house->n_handed; i++)
        if (house->handed[i] == take)
            house->handed[i] = house->handed[--house->n_handed];
    sp_folder_dirs_drop(&take->dirs);
    free(take);
}

static void
hand_out(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry, const struct sp_seen *seen)
{
    struct sp_take *take = calloc(1, sizeof(*take));
    const char *name;
    if (take == NULL) {
        entry->due = now_of(house) + 1000;
        return;
    }
    take->set = folder->set;
    take->dirs = sp_folder_dirs_share(folder->dirs);
    sp_text_copy(take->name, sizeof(take->name), entry->name);
    take->claim = entry->claim;
    if (entry->claim)
        sp_claim_parse(entry->name, take->id, &name);
    else
        sp_intake_id(house->taker.intake, take->id);
    take->seen = *seen;
    take->quiet_ms = now_of(house) - entry->changed;
    take->folder = folder;
    take->entry = entry;
    entry->in_hand = true;
    house->handed[house->n_handed++] = take;
    sp_folders_hand(house, take);
}

/* inotify said nothing about a file that has been here for a while: it hears only what this machine does. */
static void
stop_trusting(struct sp_folders *house, struct sp_folder *folder)
{
    sp_notice(house->taker.log,
              "folder %s: a file appeared that inotify did not report, looking at intervals from now on",
              folder->set->name);
    folder->deaf = true;
    stop_listening(house, folder);
    folder->next_look = now_of(house) + look_interval(house, folder);
}

static void
tend_entry(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry)
{
    struct stat info;
    int dir = entry->claim ? folder->dirs->claims : folder->dirs->dir;
    bool there = fstatat(dir, entry->name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
    if (!there || (info.st_size == 0 && !entry->claim)) {
        sp_pending_remove(folder->pending, entry);
        return;
    }
    struct sp_seen seen = sp_seen_of(&info);
    if (!entry->claim && !sp_seen_equal(&seen, &entry->seen)) {
        begin_waiting(folder, entry, &seen, now_of(house));
        return;
    }
    if (entry->silent && folder->set->watch == SP_WATCH_AUTO && folder->ears == SP_EARS_PROVEN)
        stop_trusting(house, folder);
    hand_out(house, folder, entry, &seen);
}

static void
tend_folder(struct sp_folders *house, struct sp_folder *folder)
{
    int64_t now = now_of(house);
    struct sp_pending *entry;
    if (folder->dirs != NULL && now >= folder->next_look && !sp_folder_dirs_current(folder->dirs, folder->set->path))
        close_folder(house, folder);
    if (folder->dirs == NULL && now >= folder->next_look)
        open_folder(house, folder);
    if (folder->dirs == NULL)
        return;
    if (folder->ears == SP_EARS_PROBING && now >= folder->probe_until)
        end_probing(house, folder, false);
    if (now >= folder->next_look || (folder->left_out && sp_pending_count(folder->pending) < SP_PENDING_MAX / 2))
        look_into(house, folder, folder->left_out ? AT_FIRST : BY_LOOK);
    while (house->n_handed < SP_HANDED_MAX && (entry = sp_pending_first(folder->pending)) != NULL && entry->due <= now)
        tend_entry(house, folder, entry);
}

/* ---- the loop ---- */

static int64_t
next_moment(const struct sp_folders *house)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < house->n_folders; i++) {
        const struct sp_folder *folder = &house->folders[i];
        next = least(next, folder->next_look);
        if (folder->dirs == NULL)
            continue;
        if (folder->ears == SP_EARS_PROBING)
            next = least(next, folder->probe_until);
        const struct sp_pending *first = sp_pending_first(folder->pending);
        if (first != NULL && house->n_handed < SP_HANDED_MAX)
            next = least(next, first->due);
    }
    return next;
}

static void
wait_for_something(const struct sp_folders *house, bool stopping)
{
    struct pollfd ears[] = { { .fd = house->wake, .events = POLLIN }, { .fd = house->inotify, .events = POLLIN } };
    int64_t next = stopping ? INT64_MAX : next_moment(house); /* then only the workers count */
    (void)poll(ears, SP_LEN(ears), next == INT64_MAX ? -1 : sp_ms_left(house->clock, next));
    uint64_t count;
    (void)!read(house->wake, &count, sizeof(count));
}

void *
sp_folder_watch(void *folders)
{
    struct sp_folders *house = folders;
    bool stopping = false;
    size_t turn = 0; /* a flood in one folder must not keep the others waiting */
    while (!stopping || house->n_handed > 0) {
        struct sp_take *take = sp_folders_collect(house, &stopping);
        while (take != NULL) {
            struct sp_take *next = take->next;
            settle_take(house, take);
            take = next;
        }
        if (stopping && house->n_handed == 0)
            break;
        hear_all(house);
        for (size_t i = 0; !stopping && i < house->n_folders; i++)
            tend_folder(house, &house->folders[(turn + i) % house->n_folders]);
        turn++;
        show_waiting(house);
        wait_for_something(house, stopping);
    }
    return NULL;
}
