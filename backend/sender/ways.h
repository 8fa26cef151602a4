/* ways.h - the configured methods while the sender runs: their health, and who uses how many of their connections just
 * now. Calls may come from any thread. A way is known by its index, which is that of its settings. */
#ifndef SP_SENDER_WAYS_H
#define SP_SENDER_WAYS_H

#include "backend/delivery/method.h"
#include "backend/delivery/plan.h"
#include "db/method_state.h"

struct sp_ways;

/* saved: what the database remembers. renewed: configuration or secrets are new, so what was down for signing in may be
 * tried at once. */
enum sp_rc sp_ways_open(const struct sp_way_env *env, const struct sp_method_state *saved, size_t n_saved, bool renewed,
                        struct sp_ways **ret, struct sp_err *err);
void sp_ways_close(struct sp_ways **ways);
size_t sp_ways_connections(const struct sp_ways *ways); /* of all that can be used, together */

/* A picture of the ways at one moment, and the plan that points into it. */
struct sp_ways_view {
    struct sp_plan_way way[SP_PLAN_MAX];
    char reason[SP_PLAN_MAX][256];
    struct sp_plan plan;
};
/* tried[i]: why way i is out for this job, "" when it is not. */
void sp_ways_plan(struct sp_ways *ways, const struct sp_plan_job *job, const char (*tried)[SP_PLAN_REASON_SIZE],
                  int64_t now, struct sp_ways_view *ret);

/* Waits for a free connection of a way. false: the way cannot be used any more, or we are stopping; plan again. */
bool sp_ways_acquire(struct sp_ways *ways, size_t index);
void sp_ways_release(struct sp_ways *ways, size_t index);
void sp_ways_stop(struct sp_ways *ways); /* wakes everybody who waits */
bool sp_ways_stopping(struct sp_ways *ways);

void sp_ways_deliver(struct sp_ways *ways, size_t index, const struct sp_message *message, struct sp_report *report);
/* Takes what a report says about the way's health. *ret_state: to be stored with the attempt; *ret_changed: whether its
 * state is another now; *ret_came_back: it was down and is not any more. */
void sp_ways_learn(struct sp_ways *ways, size_t index, const struct sp_report *report, int64_t now,
                   struct sp_method_state *ret_state, bool *ret_changed, bool *ret_came_back);
int64_t sp_ways_tidy(struct sp_ways *ways); /* next monotonic time to come again; 0: not needed */

#endif
