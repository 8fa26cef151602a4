/* ways_spare.c - one connection ahead; see ways.h.
 *
 * A large message takes its time, and the small scan that comes meanwhile should not pay for looking up, connecting,
 * TLS and signing in. So while one is under way, and nothing is kept idle, a spare connection is opened by a worker
 * that has nothing to do. Small messages need none: theirs is kept a moment later.
 *
 * It counts as a seat while it is opened, and as an idle connection from then on, as if it had sent a message; that is
 * why it is never one too many. Jobs come first: a seat that one of them may want is not taken, nor one that could send
 * nothing, because the rate or the day is used up. */
#include "backend/sender/ways_inside.h"

#include "base/clock.h"

enum { AGAIN_MS = 60 * 1000 };

static bool
wants_spare(const struct sp_ways *ways, size_t index, size_t n_pending, int64_t now)
{
    static const struct sp_budget_load small = { .recipients = 1 };
    const struct way *way = &ways->way[index];
    int64_t at = 0;
    if (way->n_large == 0 || way->handle == NULL || way->method->spare == NULL || way->purse->last != index)
        return false;
    if (way->health.state != SP_WAY_UP || now < way->spare_again || way->method->kept(way->handle) > 0)
        return false;
    return sp_budget_room(way->purse->budget, &small, now, &at) == SP_ROOM_FREE &&
           sp_budget_places(way->purse->budget, false, now) > n_pending;
}

bool
sp_ways_spare_sit(struct sp_ways *ways, size_t n_jobs, size_t *ret_index)
{
    bool seated = false;
    pthread_mutex_lock(&ways->lock);
    int64_t now = sp_mono_ms(ways->env.clock);
    size_t n_pending = n_jobs > ways->n_seated ? n_jobs - ways->n_seated : 0;
    for (size_t i = 0; i < ways->count && !seated && !ways->stopping; i++) {
        if (!wants_spare(ways, i, n_pending, now))
            continue;
        seated = sp_budget_sit(ways->way[i].purse->budget);
        *ret_index = i;
    }
    pthread_mutex_unlock(&ways->lock);
    return seated;
}

/* As after a message: of several ways of one mailbox only the one that sent last keeps connections. */
void
sp_ways_spare_open(struct sp_ways *ways, size_t index)
{
    struct way *way = &ways->way[index];
    bool opened = way->method->spare(way->handle);
    pthread_mutex_lock(&ways->lock);
    bool displaced = way->purse->last != index;
    pthread_mutex_unlock(&ways->lock);
    if (displaced && way->method->shed != NULL)
        way->method->shed(way->handle);
    pthread_mutex_lock(&ways->lock);
    if (!opened)
        way->spare_again = sp_mono_ms(ways->env.clock) + AGAIN_MS;
    sp_budget_stand(way->purse->budget);
    pthread_cond_broadcast(&ways->freed);
    pthread_mutex_unlock(&ways->lock);
}
