/* folder_set.c - which files make one scan, and whether all of them are there and quiet.
 *
 *   each file alone, or a folder of pages   due when it is
 *   group = pages                           all pages of that stem, when the last one of them is quiet
 *   recipient-from = sidecar                the documents and the sidecar, whichever came first; a document whose
 * sidecar does not come goes alone after a while, a sidecar without document likewise
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/settings.h"
#include "gateway/folder.h"
#include "gateway/pages.h"
#include "gateway/sidecar.h"

/* A scan in the making. */
struct gathering {
    struct sp_folders *house;
    struct sp_folder *folder;
    struct sp_pending *entry; /* the one that is due */
    struct sp_pending **members;
    size_t n, room;
    bool failed;
};

static int64_t
now_of(const struct gathering *g)
{
    return sp_mono_ms(g->house->clock);
}

static void
wait_until(const struct gathering *g, int64_t due)
{
    sp_pending_set_due(g->folder->pending, g->entry, due);
}

static bool
by_pages(const struct gathering *g)
{
    return g->folder->set->group == SP_GROUP_PAGES;
}

static void
add(struct gathering *g, struct sp_pending *member)
{
    if (g->n == g->room) {
        size_t room = g->room == 0 ? 4 : 2 * g->room;
        struct sp_pending **members = realloc(g->members, room * sizeof(*members));
        g->failed = g->failed || members == NULL;
        if (members == NULL)
            return;
        g->members = members;
        g->room = room;
    }
    g->members[g->n++] = member;
}

/* ---- is it quiet ---- */

void
sp_folder_forget(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry)
{
    if (folder->speaker == entry)
        folder->speaker = NULL;
    sp_pending_remove(folder->pending, entry);
    if (*folder->shown.trouble != '\0')
        sp_folder_calm(house, folder);
}

/* false: there is nothing of that name that could be taken. */
static bool
look_at(const struct sp_folder *folder, const struct sp_pending *entry, struct sp_seen *ret, bool *ret_locked)
{
    struct stat info;
    int dir = entry->claim ? folder->dirs->claims : folder->dirs->dir;
    *ret_locked = false;
    if (entry->folder)
        return sp_folder_pages_seen(dir, entry->name, ret, ret_locked);
    if (fstatat(dir, entry->name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *ret = sp_seen_of(&info);
    return entry->claim || (S_ISREG(info.st_mode) && info.st_size > 0);
}

enum sp_readiness
sp_folder_check(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry)
{
    struct sp_seen seen;
    bool locked;
    if (!look_at(folder, entry, &seen, &locked)) {
        sp_folder_forget(house, folder, entry);
        return SP_GONE;
    }
    if (!entry->claim && (locked || !sp_seen_equal(&seen, &entry->seen))) {
        sp_folder_begin_waiting(folder, entry, &seen, sp_mono_ms(house->clock));
        return SP_NOT_YET;
    }
    entry->seen = seen;
    return SP_READY;
}

/* All of them are quiet; else the entry waits for the one that is quiet last. */
static bool
is_quiet(struct gathering *g)
{
    int64_t last = 0, now = now_of(g);
    for (size_t i = 0; i < g->n; i++) {
        struct sp_pending *member = g->members[i];
        int64_t quiet_at = member->changed + g->folder->set->settle_ms;
        if (sp_pending_in_hand(member))
            quiet_at = now + g->folder->set->settle_ms;
        if (quiet_at > last)
            last = quiet_at;
    }
    if (last > now) {
        wait_until(g, last);
        return false;
    }
    for (size_t i = 0; i < g->n; i++) {
        if (g->members[i] == g->entry)
            continue;
        if (sp_folder_check(g->house, g->folder, g->members[i]) != SP_READY) {
            wait_until(g, now + g->folder->set->settle_ms);
            return false;
        }
    }
    return true;
}

/* ---- pages ---- */

static int
by_page(const void *a, const void *b)
{
    const struct sp_pending *left = *(struct sp_pending *const *)a, *right = *(struct sp_pending *const *)b;
    return sp_page_order(sp_pending_leaf(left), sp_pending_leaf(right));
}

static void
gather_pages(struct gathering *g)
{
    const char *name = sp_pending_leaf(g->entry);
    struct sp_page page;
    if (!sp_page_parse(name, &page)) {
        add(g, g->entry);
        return;
    }
    for (struct sp_pending *other = sp_pending_next(g->folder->pending, NULL); other != NULL;
         other = sp_pending_next(g->folder->pending, other))
        if (!other->claim && !other->folder && sp_pending_beside(other, g->entry) &&
            sp_pages_alike(name, sp_pending_leaf(other)))
            add(g, other);
    if (g->n > 1)
        qsort(g->members, g->n, sizeof(*g->members), by_page);
    if (g->n > SP_SET_MAX) /* the others are the next scan */
        g->n = SP_SET_MAX;
}

/* ---- sidecars ---- */

/* false: it cannot be read, or makes no sense; then its name alone counts, and the worker says what is wrong with it.
 */
static bool
read_sidecar(const struct gathering *g, const struct sp_pending *side, struct sp_arena *arena, struct sp_sidecar *ret)
{
    char text[SP_SIDECAR_SIZE_MAX + 1];
    size_t size = 0;
    SP_AUTO_CLOSE int fd = sp_folder_open_file(&g->house->taker, g->folder->set, g->folder->dirs, side->name);
    return fd >= 0 && sp_io_read_full(fd, text, sizeof(text), &size, NULL) == SP_OK &&
           sp_sidecar_parse(side->name, text, size, arena, ret, NULL) == SP_OK;
}

static bool
is_document(const struct gathering *g, const struct sp_pending *other)
{
    return !other->claim && !other->folder && sp_pending_beside(other, g->entry) &&
           !sp_sidecar_named(sp_pending_leaf(other));
}

static struct sp_pending *
find_sidecar(const struct gathering *g)
{
    const char *document = sp_pending_leaf(g->entry);
    for (struct sp_pending *other = sp_pending_next(g->folder->pending, NULL); other != NULL;
         other = sp_pending_next(g->folder->pending, other)) {
        const char *name = sp_pending_leaf(other);
        if (!other->claim && sp_pending_beside(other, g->entry) && sp_sidecar_named(name) &&
            sp_sidecar_covers(name, NULL, document, by_pages(g)))
            return other;
    }
    return NULL;
}

/* How many documents it names that are not here. */
static size_t
count_missing(const struct gathering *g, const struct sp_sidecar *said)
{
    size_t missing = 0;
    for (size_t i = 0; i < said->n_documents; i++) {
        struct sp_sidecar one = { .documents = &said->documents[i], .n_documents = 1 };
        bool found = false;
        for (size_t k = 0; k < g->n && !found; k++)
            found = sp_sidecar_covers("", &one, sp_pending_leaf(g->members[k]), by_pages(g));
        missing += !found;
    }
    return missing;
}

static int64_t
sidecar_patience(const struct gathering *g)
{
    int64_t patience = 6 * g->folder->set->settle_ms, least = g->house->taker.times->patience_ms;
    return patience > least ? patience : least;
}

/* All was quiet for so long that what is missing will not come. Else the entry waits on. */
static bool
is_patience_over(const struct gathering *g)
{
    int64_t now = now_of(g), end = 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->members[i]->changed + sidecar_patience(g) > end)
            end = g->members[i]->changed + sidecar_patience(g);
    if (now >= end)
        return true;
    wait_until(g, now + g->folder->set->settle_ms < end ? now + g->folder->set->settle_ms : end);
    return false;
}

/* Documents in the order of their pages, the sidecar behind them. */
static bool
gather_around(struct gathering *g, struct sp_pending *side)
{
    struct sp_sidecar said = { 0 };
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    bool readable = arena != NULL && read_sidecar(g, side, arena, &said);
    for (struct sp_pending *other = sp_pending_next(g->folder->pending, NULL); other != NULL;
         other = sp_pending_next(g->folder->pending, other))
        if (is_document(g, other) && g->n < SP_SET_MAX &&
            sp_sidecar_covers(sp_pending_leaf(side), readable ? &said : NULL, sp_pending_leaf(other), by_pages(g)))
            add(g, other);
    bool complete = g->n > 0 && (!readable || count_missing(g, &said) == 0);
    if (g->n > 1)
        qsort(g->members, g->n, sizeof(*g->members), by_page);
    add(g, side);
    return complete || is_patience_over(g);
}

static bool
gather_with_sidecar(struct gathering *g)
{
    if (sp_sidecar_named(sp_pending_leaf(g->entry)))
        return gather_around(g, g->entry);
    struct sp_pending *side = g->entry->folder ? NULL : find_sidecar(g);
    if (side != NULL)
        return gather_around(g, side);
    if (!by_pages(g) || g->entry->folder)
        add(g, g->entry);
    else
        gather_pages(g);
    return g->entry->folder || is_patience_over(g); /* nobody writes a sidecar for a folder of pages */
}

/* ---- all ---- */

struct sp_pending **
sp_folder_gather(struct sp_folders *house, struct sp_folder *folder, struct sp_pending *entry, size_t *ret_n)
{
    struct gathering g = { .house = house, .folder = folder, .entry = entry };
    bool complete = true;
    if (!entry->claim && folder->set->recipient_from == SP_FROM_SIDECAR)
        complete = gather_with_sidecar(&g);
    else if (!entry->claim && !entry->folder && by_pages(&g))
        gather_pages(&g);
    else
        add(&g, entry);
    if (!g.failed && complete && (g.n == 1 || is_quiet(&g))) {
        *ret_n = g.n;
        return g.members;
    }
    if (g.failed)
        wait_until(&g, now_of(&g) + folder->set->settle_ms);
    free(g.members);
    return NULL;
}
