/* folder_watch.c - the watcher thread: waits until a file was quiet for long enough, hands it to a worker, and decides
 * what follows from what the worker says. Between events there is nothing to do, and nothing wakes up but for the slow
 * look. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/settings.h"
#include "base/text.h"
#include "gateway/folder.h"
#include "gateway/intake.h"
#include "gateway/pages.h"

static int64_t
now_of(const struct sp_folders *house)
{
    return sp_mono_ms(house->clock);
}

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

/* ---- handing out, and what comes back ---- */

/* Its own name is the watcher's again: forgotten, unless a new file came under it meanwhile. */
static void
let_go(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry)
{
    sp_pending_give_back(folder->pending, entry);
    entry->troubled = false;
    entry->backoff = 0;
    if (folder->speaker == entry)
        folder->speaker = NULL;
    if (!entry->touched)
        sp_folder_forget(house, folder, entry);
    else
        entry->touched = false; /* it waits since it was touched */
}

/* Copiers use names again, so a file that comes back is mostly another scan. One that is no document is the rest of the
 * scan that was taken: the source had only paused. */
static void
learn_from(struct sp_folders *house, const struct sp_take *take)
{
    struct sp_folder *folder = take->folder;
    for (size_t i = 0; take->kind == SP_TAKE_FILES && i < take->n_files; i++) {
        const struct sp_pending *entry = take->files[i].entry;
        if (take->verdict == SP_TAKE_TAKEN)
            folder->gone[folder->n_gone++ % SP_GONE_KEPT] = (struct sp_gone){ entry->hash, entry->changed };
        else if (take->verdict == SP_TAKE_REJECTED && take->err.rc == SP_E_TYPE && entry->after > 0)
            sp_folder_advise_settle(house, folder, entry->after);
    }
}

static void
let_all_go(struct sp_folders *house, struct sp_take *take)
{
    for (size_t i = 0; i < take->n_files; i++)
        let_go(house, take->folder, take->files[i].entry);
}

static int64_t
grown_backoff(const struct sp_folders *house, const struct sp_folder *folder, int64_t backoff)
{
    int64_t first = most(100, least(folder->set->settle_ms, 1000));
    return backoff == 0 ? first : least(2 * backoff, house->taker.times->backoff_max_ms);
}

static void
try_entry_again(struct sp_folders *house, const struct sp_take *take, struct sp_pending *entry)
{
    sp_pending_give_back(take->folder->pending, entry);
    entry->troubled = take->verdict == SP_TAKE_TROUBLE;
    entry->backoff = entry->troubled ? grown_backoff(house, take->folder, entry->backoff) : 0;
    if (!entry->touched)
        sp_pending_set_due(take->folder->pending, entry,
                           now_of(house) + (entry->troubled ? entry->backoff : take->wait_ms));
    entry->touched = false;
    if (entry->troubled)
        sp_folder_set_file_trouble(house, take->folder, entry, take->err.text);
    else if (take->folder->speaker == entry)
        take->folder->speaker = NULL;
}

/* What was not taken is tried again: under its own names, or as the claim it has become. */
static void
try_again(struct sp_folders *house, struct sp_take *take)
{
    char path[SP_FOLDER_PATH_MAX];
    if (take->kind == SP_TAKE_CLAIM || *take->claimed == '\0') {
        for (size_t i = 0; i < take->n_files; i++)
            try_entry_again(house, take, take->files[i].entry);
        return;
    }
    let_all_go(house, take);
    sp_folder_path(path, take->sub, take->claimed);
    struct sp_pending *entry = sp_pending_add(take->folder->pending, path, true);
    if (entry != NULL) /* else memory is out; it is found at the next start */
        try_entry_again(house, take, entry);
}

static void
settle_take(struct sp_folders *house, struct sp_take *take)
{
    struct sp_folder *folder = take->folder;
    sp_folder_count(house, folder, take);
    learn_from(house, take);
    if (take->verdict == SP_TAKE_WAIT || take->verdict == SP_TAKE_TROUBLE)
        try_again(house, take);
    else
        let_all_go(house, take);
    if (*folder->shown.trouble != '\0')
        sp_folder_calm(house, folder);
    if (take->verdict == SP_TAKE_TROUBLE && folder->dirs != NULL &&
        !sp_folder_dirs_current(folder->dirs, folder->set->path))
        folder->next_look = now_of(house); /* that is why: it is opened anew */
    for (size_t i = 0; i < house->n_handed; i++)
        if (house->handed[i] == take)
            house->handed[i] = house->handed[--house->n_handed];
    sp_folder_dirs_drop(&take->dirs);
    free(take);
}

/* What the scan is called: a single file by its own name, several by what they have in common. */
static void
name_take(struct sp_take *take, const struct sp_pending *first)
{
    const char *leaf = sp_pending_leaf(first);
    bool pages = take->set->group == SP_GROUP_PAGES;
    size_t len = take->n_files > 1 ? sp_page_stem(leaf, pages) : strlen(leaf);
    snprintf(take->name, sizeof(take->name), "%.*s", (int)len, leaf);
    snprintf(take->sub, sizeof(take->sub), "%.*s", leaf == first->name ? 0 : (int)(leaf - first->name - 1),
             first->name);
}

static void
hand_out(struct sp_folders *house, struct sp_folder *folder, struct sp_pending **members, size_t n)
{
    const struct sp_pending *first = members[0];
    struct sp_take *take = calloc(1, sizeof(*take) + n * sizeof(*take->files));
    const char *name;
    if (take == NULL) {
        for (size_t i = 0; i < n; i++)
            sp_pending_set_due(folder->pending, members[i], now_of(house) + 1000);
        return;
    }
    take->set = folder->set;
    take->dirs = sp_folder_dirs_share(folder->dirs);
    take->kind = first->claim ? SP_TAKE_CLAIM : first->folder ? SP_TAKE_FOLDER : SP_TAKE_FILES;
    take->n_files = n;
    name_take(take, first);
    if (!first->claim || !sp_claim_parse(take->name, take->id, &name))
        sp_intake_id(house->taker.intake, take->id);
    take->folder = folder;
    take->quiet_ms = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        sp_text_copy(take->files[i].name, sizeof(take->files[i].name), sp_pending_leaf(members[i]));
        take->files[i].seen = members[i]->seen;
        take->files[i].entry = members[i];
        take->quiet_ms = least(take->quiet_ms, now_of(house) - members[i]->changed);
        sp_pending_take(folder->pending, members[i]);
    }
    house->handed[house->n_handed++] = take;
    sp_folders_hand(house, take);
}

static void
tend_entry(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry)
{
    size_t n = 0;
    if (sp_folder_check(house, folder, entry) != SP_READY)
        return;
    if (entry->silent && folder->set->watch == SP_WATCH_AUTO && folder->ears == SP_EARS_PROVEN)
        sp_folder_stop_trusting(house, folder);
    SP_AUTO_FREE struct sp_pending **members = sp_folder_gather(house, folder, entry, &n);
    if (members != NULL)
        hand_out(house, folder, members, n);
}

static void
tend_folder(struct sp_folders *house, struct sp_folder *folder)
{
    int64_t now = now_of(house);
    struct sp_pending *entry;
    if (folder->dirs != NULL && now >= folder->next_look && !sp_folder_dirs_current(folder->dirs, folder->set->path))
        sp_folder_close(house, folder);
    if (folder->dirs == NULL && now >= folder->next_look)
        sp_folder_open(house, folder);
    if (folder->dirs == NULL)
        return;
    if (folder->ears == SP_EARS_PROBING && now >= folder->probe_until)
        sp_folder_end_probing(house, folder, false);
    if (now >= folder->next_look || (folder->left_out && sp_pending_count(folder->pending) < SP_PENDING_MAX / 2))
        sp_folder_look(house, folder, folder->left_out ? SP_AT_FIRST : SP_BY_LOOK);
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
        sp_folders_hear(house);
        for (size_t i = 0; !stopping && i < house->n_folders; i++)
            tend_folder(house, &house->folders[(turn + i) % house->n_folders]);
        turn++;
        sp_folders_show_waiting(house);
        wait_for_something(house, stopping);
    }
    return NULL;
}
