/* folder_ears.c - what inotify says about the folders, and whether it can be believed. The file systems that need
 * watching most (NFS, CIFS) are those where it hears only ourselves, so it is put to the proof with a file of our own;
 * and a file that it should have reported and did not ends the trust. Sub-folders are as good as the folder they are
 * in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "gateway/folder.h"

static const uint32_t wanted =
    IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

void
sp_folder_stop_listening(struct sp_folders *house, struct sp_folder *folder)
{
    if (folder->wd >= 0)
        (void)inotify_rm_watch(house->inotify, folder->wd);
    folder->wd = -1;
    for (size_t i = 0; i < folder->n_subs; i++) {
        if (folder->subs[i].wd >= 0)
            (void)inotify_rm_watch(house->inotify, folder->subs[i].wd);
        folder->subs[i].wd = -1;
    }
    sp_folder_set_ears(house, folder, SP_EARS_NONE);
}

/* From now on by looking. */
static void
give_up(struct sp_folders *house, struct sp_folder *folder)
{
    folder->deaf = true;
    sp_folder_stop_listening(house, folder);
    folder->next_look = sp_mono_ms(house->clock) + sp_folder_look_interval(house, folder);
}

void
sp_folder_listen(struct sp_folders *house, struct sp_folder *folder)
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
    folder->probe_until = sp_mono_ms(house->clock) + house->taker.times->probe_ms;
    if (folder->wd >= 0 && sp_folder_probe(folder->dirs, &err) == SP_OK)
        return;
    sp_warn(house->taker.log, "folder %s: inotify cannot be used (%s), looking at intervals", set->name,
            folder->wd < 0 ? "no more watches" : err.text);
    sp_folder_stop_listening(house, folder);
}

int
sp_folder_listen_to_sub(struct sp_folders *house, struct sp_folder *folder, const char *sub)
{
    char path[PATH_MAX];
    if (folder->wd < 0 || (size_t)snprintf(path, sizeof(path), "%s/%s", folder->set->path, sub) >= sizeof(path))
        return -1;
    int wd = inotify_add_watch(house->inotify, path, wanted | IN_DONT_FOLLOW);
    if (wd < 0 && (errno == ENOSPC || errno == ENOMEM)) {
        sp_warn(house->taker.log,
                "folder %s: inotify has no more watches (fs.inotify.max_user_watches), looking at intervals",
                folder->set->name);
        give_up(house, folder);
    }
    return wd;
}

void
sp_folder_end_probing(struct sp_folders *house, struct sp_folder *folder, bool heard)
{
    if (heard) {
        sp_folder_set_ears(house, folder, SP_EARS_PROVEN);
        /* Between the first look and now everything was heard, too: the watch is older than that look. */
        folder->next_look = sp_mono_ms(house->clock) + sp_folder_look_interval(house, folder);
        return;
    }
    sp_notice(house->taker.log, "folder %s: inotify does not report what happens here, looking at intervals",
              folder->set->name);
    folder->deaf = true;
    sp_folder_stop_listening(house, folder);
}

void
sp_folder_stop_trusting(struct sp_folders *house, struct sp_folder *folder)
{
    sp_notice(house->taker.log,
              "folder %s: a file appeared that inotify did not report, looking at intervals from now on",
              folder->set->name);
    give_up(house, folder);
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
    else if (*name != '\0')
        sp_folder_notice(house, folder, "", name,
                         (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 ? SP_BY_CLOSE : SP_BY_EVENT);
}

static void
hear_sub(struct sp_folders *house, struct sp_folder *folder, struct sp_sub *sub, const struct inotify_event *event)
{
    char name[NAME_MAX + 1];
    if ((event->mask & IN_IGNORED) != 0)
        sub->wd = -1; /* the kernel has taken it back */
    if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
        sp_folder_tend_subs(house, folder);
    } else if (event->len > 0) {
        snprintf(name, sizeof(name), "%s", sub->name); /* noticing may move the list of them */
        sp_folder_notice(house, folder, name, event->name,
                         (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 ? SP_BY_CLOSE : SP_BY_EVENT);
    }
}

static void
hear_one(struct sp_folders *house, const struct inotify_event *event)
{
    bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
    for (size_t i = 0; i < house->n_folders; i++) {
        struct sp_folder *folder = &house->folders[i];
        if (folder->dirs == NULL)
            continue;
        struct sp_sub *sub = lost || folder->wd == event->wd ? NULL : sp_folder_sub_by_wd(folder, event->wd);
        if (lost)
            sp_folder_look(house, folder, SP_AT_FIRST);
        else if (folder->wd == event->wd)
            hear(house, folder, event);
        else if (sub != NULL)
            hear_sub(house, folder, sub, event);
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
