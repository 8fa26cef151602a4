/* refusals.c - two small tables, searched from end to end: a refusal costs its client far more than us. */
#include "gateway/refusals.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/changes.h"

enum { HALF = SP_REFUSALS_MAX / 2 };

struct sp_refusals {
    pthread_mutex_t lock;
    int changes_fd;                   /* -1: nobody is told */
    bool changed;                     /* since it was saved */
    struct sp_refusal items[2][HALF]; /* strangers, and who is known; count 0: free */
};

struct sp_refusals *
sp_refusals_new(void)
{
    struct sp_refusals *refusals = calloc(1, sizeof(*refusals));
    if (refusals == NULL)
        return NULL;
    pthread_mutex_init(&refusals->lock, NULL);
    refusals->changes_fd = -1;
    return refusals;
}

void
sp_refusals_tell(struct sp_refusals *refusals, int changes_fd)
{
    refusals->changes_fd = changes_fd;
}

void
sp_refusals_free(struct sp_refusals **refusals)
{
    if (*refusals == NULL)
        return;
    pthread_mutex_destroy(&(*refusals)->lock);
    free(*refusals);
    *refusals = NULL;
}

static bool
same(const struct sp_refusal *a, const struct sp_refusal *b)
{
    return a->count > 0 && a->status == b->status && strcmp(a->door, b->door) == 0 && strcmp(a->who, b->who) == 0 &&
           strcmp(a->address, b->address) == 0 && strcmp(a->reason, b->reason) == 0;
}

/* The place of its like, or of the one that is longest ago. */
static struct sp_refusal *
place_for(struct sp_refusals *refusals, const struct sp_refusal *item)
{
    struct sp_refusal *half = refusals->items[item->who[0] != '\0'];
    struct sp_refusal *oldest = half;
    for (size_t i = 0; i < HALF; i++) {
        if (same(&half[i], item))
            return &half[i];
        if (oldest->count > 0 && (half[i].count == 0 || half[i].at < oldest->at))
            oldest = &half[i];
    }
    *oldest = (struct sp_refusal){ 0 };
    return oldest;
}

/* Cut between characters. */
static void
put(char *to, size_t size, const char *text)
{
    SP_AUTO(sp_str_free) struct sp_str clean = { 0 };
    if (text == NULL)
        return;
    size_t len = strlen(text);
    sp_utf8_repair(&clean, text, len < 4 * size ? len : 4 * size, true);
    size_t kept = sp_utf8_prefix(sp_str_text(&clean), clean.len, size - 1);
    memcpy(to, sp_str_text(&clean), kept);
    to[kept] = '\0';
}

void
sp_refusals_note(struct sp_refusals *refusals, const struct sp_refused *refused)
{
    if (refusals == NULL)
        return;
    struct sp_refusal item = { .status = refused->status, .first = refused->now, .at = refused->now, .count = 1 };
    put(item.door, sizeof(item.door), refused->door);
    put(item.who, sizeof(item.who), refused->who);
    put(item.address, sizeof(item.address), refused->address);
    put(item.reason, sizeof(item.reason), refused->reason);
    put(item.what, sizeof(item.what), refused->what);
    pthread_mutex_lock(&refusals->lock);
    struct sp_refusal *place = place_for(refusals, &item);
    if (place->count > 0) {
        item.first = place->first;
        item.count = place->count + 1;
    }
    *place = item;
    refusals->changed = true;
    pthread_mutex_unlock(&refusals->lock);
    static const struct sp_change change = { SP_CHANGED_SOURCE, 0 };
    if (refusals->changes_fd >= 0)
        sp_changes_tell(refusals->changes_fd, &change, 1);
}

static int
newest_first(const void *a, const void *b)
{
    int64_t left = ((const struct sp_refusal *)a)->at, right = ((const struct sp_refusal *)b)->at;
    return (left < right) - (left > right);
}

static size_t
copy_all(struct sp_refusals *refusals, struct sp_refusal ret[SP_REFUSALS_MAX])
{
    size_t count = 0;
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 0; i < HALF; i++)
            if (refusals->items[half][i].count > 0)
                ret[count++] = refusals->items[half][i];
    return count;
}

size_t
sp_refusals_list(struct sp_refusals *refusals, struct sp_refusal *ret, size_t room)
{
    SP_AUTO_FREE struct sp_refusal *all = calloc(SP_REFUSALS_MAX, sizeof(*all));
    if (refusals == NULL || all == NULL)
        return 0;
    pthread_mutex_lock(&refusals->lock);
    size_t count = copy_all(refusals, all);
    pthread_mutex_unlock(&refusals->lock);
    qsort(all, count, sizeof(*all), newest_first);
    count = count < room ? count : room;
    memcpy(ret, all, count * sizeof(*all));
    return count;
}

enum sp_rc
sp_refusals_load(struct sp_refusals *refusals, struct sp_db *db, struct sp_err *err)
{
    SP_AUTO_FREE struct sp_refusal *all = calloc(SP_REFUSALS_MAX, sizeof(*all));
    size_t count = 0;
    if (all == NULL)
        return sp_fail(err, SP_E_NOMEM, "refusals: out of memory");
    enum sp_rc rc = sp_refusals_read(db, all, SP_REFUSALS_MAX, &count, err);
    pthread_mutex_lock(&refusals->lock);
    for (size_t i = 0; rc == SP_OK && i < count; i++)
        *place_for(refusals, &all[i]) = all[i];
    pthread_mutex_unlock(&refusals->lock);
    return rc;
}

struct saving {
    struct sp_refusal items[SP_REFUSALS_MAX];
    size_t count;
};

static enum sp_rc
run_store(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct saving *saving = context;
    return sp_refusals_store(db, saving->items, saving->count, err);
}

enum sp_rc
sp_refusals_save(struct sp_refusals *refusals, struct sp_batch *batch, struct sp_err *err)
{
    SP_AUTO_FREE struct saving *saving = calloc(1, sizeof(*saving));
    if (saving == NULL)
        return sp_fail(err, SP_E_NOMEM, "refusals: out of memory");
    pthread_mutex_lock(&refusals->lock);
    bool changed = refusals->changed;
    saving->count = copy_all(refusals, saving->items);
    refusals->changed = false;
    pthread_mutex_unlock(&refusals->lock);
    enum sp_rc rc = changed ? sp_batch_run(batch, run_store, saving, err) : SP_OK;
    if (rc != SP_OK) {
        pthread_mutex_lock(&refusals->lock);
        refusals->changed = true;
        pthread_mutex_unlock(&refusals->lock);
    }
    return rc;
}
