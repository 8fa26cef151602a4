/* ways_inside.h - what ways*.c share. One lock guards health, budgets and lines; deliveries run outside
 * it. */
#ifndef SP_SENDER_WAYS_INSIDE_H
#define SP_SENDER_WAYS_INSIDE_H

#include <pthread.h>

#include "backend/sender/ways.h"

/* One for all ways that send as the same mailbox. */
struct purse {
    const char *identity;
    struct sp_budget *budget;
    size_t n_ways;
    size_t last;          /* way that sent last: only its connections may be kept */
    struct waiter *first; /* who waits for a seat, in the order of coming */
};

struct way {
    const struct sp_method_settings *settings;
    const struct sp_method *method;
    const char *unable;
    uint64_t limit; /* of the way itself; 0: none */
    const char *limit_why;
    void *handle; /* NULL when unable or switched off */
    struct sp_health health;
    char cause[48], reason[256], fix[1024];
    struct purse *purse;
    bool probing;        /* half-open, and one of them tries */
    bool joined[2];      /* somebody may stand in its line for small ones, for large ones */
    size_t n_large;      /* under way */
    int64_t spare_again; /* monotonic: not before, because the last one could not be opened */
};

struct sp_ways {
    struct sp_way_env env;
    pthread_mutex_t lock;
    pthread_cond_t freed; /* on the monotonic clock */
    bool stopping;
    size_t n_seated; /* jobs on a seat, of all ways */
    size_t count, n_purses;
    struct way way[SP_PLAN_MAX];
    struct purse purse[SP_PLAN_MAX];
};

/* Finds or makes the purse of a way. SP_E_NOMEM. */
enum sp_rc sp_ways_add_purse(struct sp_ways *ways, struct way *way, struct sp_err *err);
/* Whether the way has room for this load, and if not the words and the time (wall) for a plan. */
void sp_ways_look_at_room(struct sp_ways *ways, size_t index, const struct sp_budget_load *load, int64_t now_wall,
                          struct sp_ways_view *view);

/* Waits for somebody to stand up, up to so many ms. The lock is held. */
void sp_ways_wait_for_seat(struct sp_ways *ways, int ms);

#endif
