#include "backend/sandbox/budget.h"

#include <pthread.h>
#include <stdlib.h>

enum { TIMES_MAX = 65536, DAY_MS = 24 * 60 * 60 * 1000 };

struct sp_box_budget {
    struct sp_box_allowance allowance;
    pthread_mutex_t lock;
    size_t first, n; /* of the ring */
    int64_t times[TIMES_MAX];
    int64_t day_began;
    uint64_t today;
};

struct sp_box_budget *
sp_box_budget_new(const struct sp_box_allowance *allowance)
{
    struct sp_box_budget *budget = calloc(1, sizeof(*budget));
    if (budget == NULL)
        return NULL;
    budget->allowance = *allowance;
    if (budget->allowance.messages > TIMES_MAX)
        budget->allowance.messages = TIMES_MAX;
    pthread_mutex_init(&budget->lock, NULL);
    return budget;
}

void
sp_box_budget_free(struct sp_box_budget **budget)
{
    if (*budget != NULL)
        pthread_mutex_destroy(&(*budget)->lock);
    free(*budget);
    *budget = NULL;
}

/* Forgets what is older than the window. Only while locked. */
static void
forget(struct sp_box_budget *b, int64_t now_ms)
{
    while (b->n > 0 && b->times[b->first] <= now_ms - b->allowance.window_ms) {
        b->first = (b->first + 1) % TIMES_MAX;
        b->n--;
    }
}

static bool
is_full(const struct sp_box_budget *b)
{
    return b->allowance.messages != 0 && b->n >= b->allowance.messages;
}

bool
sp_box_budget_take(struct sp_box_budget *budget, int64_t now_ms, size_t *ret_in_window)
{
    pthread_mutex_lock(&budget->lock);
    forget(budget, now_ms);
    bool left = !is_full(budget) && budget->n < TIMES_MAX;
    if (left)
        budget->times[(budget->first + budget->n++) % TIMES_MAX] = now_ms;
    *ret_in_window = budget->n;
    left = left || !is_full(budget); /* beyond what can be counted, nothing is refused */
    pthread_mutex_unlock(&budget->lock);
    return left;
}

void
sp_box_budget_back(struct sp_box_budget *budget)
{
    pthread_mutex_lock(&budget->lock);
    if (budget->n > 0)
        budget->n--;
    pthread_mutex_unlock(&budget->lock);
}

int64_t
sp_box_budget_wait_ms(struct sp_box_budget *budget, int64_t now_ms)
{
    pthread_mutex_lock(&budget->lock);
    forget(budget, now_ms);
    int64_t wait = is_full(budget) ? budget->times[budget->first] + budget->allowance.window_ms - now_ms : 0;
    pthread_mutex_unlock(&budget->lock);
    return wait;
}

bool
sp_box_budget_recipients(struct sp_box_budget *budget, size_t n, int64_t now_ms)
{
    pthread_mutex_lock(&budget->lock);
    if (budget->today == 0 || now_ms - budget->day_began >= DAY_MS) {
        budget->day_began = now_ms;
        budget->today = 0;
    }
    bool left = budget->allowance.recipients == 0 || budget->today + n <= budget->allowance.recipients;
    if (left)
        budget->today += n;
    pthread_mutex_unlock(&budget->lock);
    return left;
}
