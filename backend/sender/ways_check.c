/* ways_check.c - a walk along a way, within what the way may use; see ways.h. It takes a connection of the budget, and
 * no place in the window: nothing is sent. */
#include "backend/sender/ways_inside.h"

#include "base/clock.h"

enum { PAUSE_MS = 250 };

const char *
sp_ways_closed(const struct sp_ways *ways, size_t index)
{
    const struct way *way = &ways->way[index];
    if (!way->settings->enabled)
        return "it is switched off (enabled = no)";
    if (way->unable != NULL)
        return way->unable;
    return way->handle == NULL || way->method->check == NULL ? "it cannot be checked in this version" : NULL;
}

/* The walk opens a connection of its own: what is kept idle would come on top. */
static void
shed_all(struct sp_ways *ways, const struct purse *purse)
{
    for (size_t i = 0; i < ways->count; i++) {
        const struct way *way = &ways->way[i];
        if (way->purse == purse && way->handle != NULL && way->method->shed != NULL)
            way->method->shed(way->handle);
    }
}

static bool
wait_for_connection(struct sp_ways *ways, struct sp_budget *budget, int64_t deadline)
{
    for (;;) {
        if (ways->stopping)
            return false;
        if (sp_budget_sit(budget))
            return true;
        int left = sp_ms_left(ways->env.clock, deadline);
        if (left == 0)
            return false;
        sp_ways_wait_for_seat(ways, left < PAUSE_MS ? left : PAUSE_MS);
    }
}

bool
sp_ways_check_sit(struct sp_ways *ways, size_t index, int64_t deadline, bool *ret_probing)
{
    struct way *way = &ways->way[index];
    *ret_probing = false;
    pthread_mutex_lock(&ways->lock);
    bool seated = wait_for_connection(ways, way->purse->budget, deadline);
    if (seated) {
        bool shut = way->health.state == SP_WAY_DOWN || way->health.state == SP_WAY_HALF_OPEN;
        *ret_probing = shut && !way->probing;
        way->probing |= shut;
        way->purse->last = index;
    }
    pthread_mutex_unlock(&ways->lock);
    if (seated)
        shed_all(ways, way->purse);
    return seated;
}

void
sp_ways_check_stand(struct sp_ways *ways, size_t index, bool probing)
{
    struct way *way = &ways->way[index];
    pthread_mutex_lock(&ways->lock);
    sp_budget_stand(way->purse->budget);
    if (probing)
        way->probing = false;
    pthread_cond_broadcast(&ways->freed);
    pthread_mutex_unlock(&ways->lock);
}

void
sp_ways_check(struct sp_ways *ways, size_t index, const struct sp_walk *walk, struct sp_report *report)
{
    const struct way *way = &ways->way[index];
    way->method->check(way->handle, walk, report);
}
