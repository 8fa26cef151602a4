/* folder_status.c - what people see of the folders. The watcher alone writes it, so it may read without the lock. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/refusals.h"

/* Logged when it changes, not every time it is found again. "" : all is well. */
void
sp_folder_set_trouble(struct sp_folders *house, struct sp_folder *folder, const char *trouble)
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

void
sp_folder_set_file_trouble(struct sp_folders *house, struct sp_folder *folder, const struct sp_pending *entry,
                           const char *trouble)
{
    if (folder->speaker != NULL && folder->speaker != entry)
        return;
    folder->speaker = entry;
    sp_folder_set_trouble(house, folder, trouble);
}

void
sp_folder_calm(struct sp_folders *house, struct sp_folder *folder)
{
    if (folder->dirs != NULL && sp_pending_troubled(folder->pending) == 0)
        sp_folder_set_trouble(house, folder, folder->blocked);
}

void
sp_folder_set_ears(struct sp_folders *house, struct sp_folder *folder, enum sp_folder_ears ears)
{
    folder->ears = ears;
    pthread_mutex_lock(&house->lock);
    folder->shown.watch = ears == SP_EARS_PROVEN ? "inotify" : "poll";
    pthread_mutex_unlock(&house->lock);
}

void
sp_folders_show_waiting(struct sp_folders *house)
{
    pthread_mutex_lock(&house->lock);
    for (size_t i = 0; i < house->n_folders; i++) {
        house->folders[i].shown.waiting = sp_pending_count(house->folders[i].pending);
        house->folders[i].shown.subfolders = house->folders[i].n_subs;
    }
    pthread_mutex_unlock(&house->lock);
}

/* A source went on with a file that had been quiet for longer than half of settle after it was closed: next time the
 * pause may be longer than settle, and half a scan would be taken. (Or was, already.) */
void
sp_folder_advise_settle(struct sp_folders *house, struct sp_folder *folder, int64_t pause)
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

/* The file's own name is not a part of the reason: a copier that sends nothing but rubbish is one trouble. */
static void
note_refusal(const struct sp_folders *house, const struct sp_folder *folder, const struct sp_take *take)
{
    const struct sp_refused refused = {
        .door = "folder",
        .who = folder->set->name,
        .reason = take->err.text,
        .what = strchr(take->claimed, '~') + 1,
        .now = sp_wall_ms(house->clock),
    };
    sp_refusals_note(sp_intake_refusals(house->taker.intake), &refused);
}

void
sp_folder_count(struct sp_folders *house, struct sp_folder *folder, const struct sp_take *take)
{
    pthread_mutex_lock(&house->lock);
    if (take->verdict == SP_TAKE_TAKEN) {
        folder->shown.taken++;
        folder->shown.last_scan = sp_wall_ms(house->clock);
    }
    folder->shown.rejected += take->verdict == SP_TAKE_REJECTED;
    pthread_mutex_unlock(&house->lock);
    if (take->verdict != SP_TAKE_REJECTED)
        return;
    note_refusal(house, folder, take);
    sp_notice(house->taker.log, "folder %s: moved '%s' to rejected/: %s", folder->set->name,
              strchr(take->claimed, '~') + 1, take->err.text);
}

size_t
sp_folders_count(const struct sp_folders *folders)
{
    return folders->n_folders;
}

void
sp_folders_status(struct sp_folders *folders, size_t index, struct sp_folder_status *ret)
{
    pthread_mutex_lock(&folders->lock);
    *ret = folders->folders[index].shown;
    pthread_mutex_unlock(&folders->lock);
}
