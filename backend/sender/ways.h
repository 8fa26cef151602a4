/* ways.h - the configured methods while the sender runs: their health, and the budgets of the identities they send as.
 * Calls may come from any thread. A way is known by its index, which is that of its settings.
 *
 * Whoever wants to send takes a seat: a connection of the way's identity, and a place in its window. While none is free
 * a job stands in line. A way has two lines, one for large messages; a line lives in the database (job.waits_in), and
 * here is only known whether somebody may stand in it. */
#ifndef SP_SENDER_WAYS_H
#define SP_SENDER_WAYS_H

#include "backend/delivery/budget.h"
#include "backend/delivery/method.h"
#include "backend/delivery/plan.h"
#include "db/method_state.h"

struct sp_ways;

/* saved: what the database remembers. renewed: configuration or secrets are new, so what was down for signing in may be
 * tried at once. */
enum sp_rc sp_ways_open(const struct sp_way_env *env, const struct sp_method_state *saved, size_t n_saved, bool renewed,
                        struct sp_ways **ret, struct sp_err *err);
void sp_ways_close(struct sp_ways **ways);
size_t sp_ways_connections(const struct sp_ways *ways); /* of all identities that can be used, together */
/* A message of the last day, from before this process began; the oldest first. */
void sp_ways_restore_use(struct sp_ways *ways, const char *identity, int64_t at, size_t recipients);

/* A picture of the ways at one moment, and the plan that points into it. */
struct sp_ways_view {
    struct sp_plan_way way[SP_PLAN_MAX];
    char reason[SP_PLAN_MAX][256];
    char busy[SP_PLAN_MAX][96];
    enum sp_room room[SP_PLAN_MAX];
    struct sp_plan plan;
};
/* tried[i]: why way i is out for this job, "" when it is not. */
void sp_ways_plan(struct sp_ways *ways, const struct sp_plan_job *job, const char (*tried)[SP_PLAN_REASON_SIZE],
                  int64_t now, struct sp_ways_view *ret);

/* --- seats --- */

struct sp_seat {
    size_t way;
    struct sp_budget_load load;
    int64_t began; /* monotonic */
    bool probing;  /* the one that tries whether a way is back */
};
enum sp_seating {
    SP_SEAT_TAKEN,
    SP_SEAT_NONE, /* all are in use, for longer than a moment: stand in line */
    SP_SEAT_AGAIN /* the way cannot be used any more, its budget is used up, or we are stopping: plan again */
};
/* Waits a moment for a seat, because most messages are small. */
enum sp_seating sp_ways_sit(struct sp_ways *ways, size_t index, const struct sp_budget_load *load, struct sp_seat *ret);
/* report: what came of it; NULL: nothing was tried. *ret_recipients: what counts against the day; false: nothing counts
 * at all. */
bool sp_ways_stand(struct sp_ways *ways, const struct sp_seat *seat, const struct sp_report *report,
                   size_t *ret_recipients);
/* Whose budget it is, when it has limits that a restart must not forget; else NULL. */
const char *sp_ways_counted_for(const struct sp_ways *ways, size_t index);

void sp_ways_stop(struct sp_ways *ways); /* wakes everybody who waits */
bool sp_ways_stopping(struct sp_ways *ways);

/* --- lines --- */

enum { SP_LINE_NAME_SIZE = 80, SP_LINES_MAX = 2 * SP_PLAN_MAX };
enum sp_line {
    SP_LINE_EMPTY,  /* nobody stands in it */
    SP_LINE_MOVES,  /* *ret_places may go */
    SP_LINE_SEATS,  /* as SP_LINE_STANDS, for want of a connection alone: one may come free any moment */
    SP_LINE_STANDS, /* until *ret_at (monotonic), or until somebody stands up */
    SP_LINE_CLOSED, /* the way is shut: whoever stands in it had better plan again */
};
size_t sp_ways_lines(const struct sp_ways *ways);
size_t sp_ways_line_of(size_t index, bool large);
void sp_ways_line_name(const struct sp_ways *ways, size_t line, char name[SP_LINE_NAME_SIZE]);
enum sp_line sp_ways_line(struct sp_ways *ways, size_t line, size_t *ret_places, int64_t *ret_at);
void sp_ways_line_joined(struct sp_ways *ways, size_t line);  /* after it was written down */
void sp_ways_line_emptied(struct sp_ways *ways, size_t line); /* before one looks whether it is empty */

/* --- sending --- */

void sp_ways_deliver(struct sp_ways *ways, size_t index, const struct sp_message *message, struct sp_report *report);
/* Takes what a report says about the way's health. *ret_state: to be stored with the attempt; *ret_changed: whether its
 * state is another now; *ret_came_back: it was down and is not any more. */
void sp_ways_learn(struct sp_ways *ways, size_t index, const struct sp_report *report, int64_t now,
                   struct sp_method_state *ret_state, bool *ret_changed, bool *ret_came_back);
/* --- checks (ways_check.c) --- */

/* Why a way cannot be walked: switched off, or not in this version; NULL: it can. */
const char *sp_ways_closed(const struct sp_ways *ways, size_t index);
/* A connection of the way's budget for a walk, waited for; jobs let it try alone where the way is down. false: none
 * came free in time, or we are stopping. */
bool sp_ways_check_sit(struct sp_ways *ways, size_t index, int64_t deadline, bool *ret_probing);
void sp_ways_check_stand(struct sp_ways *ways, size_t index, bool probing);
/* Then sp_ways_learn takes the report. */
void sp_ways_check(struct sp_ways *ways, size_t index, const struct sp_walk *walk, struct sp_report *report);

/* --- one connection ahead (ways_spare.c) --- */

/* Looks whether a way wants a spare connection now, and takes a seat for opening it. n_jobs: those in the hands of
 * workers, each of which may want a seat before. */
bool sp_ways_spare_sit(struct sp_ways *ways, size_t n_jobs, size_t *ret_index);
/* Opens it, blocking, and gives the seat back. */
void sp_ways_spare_open(struct sp_ways *ways, size_t index);

int64_t sp_ways_tidy(struct sp_ways *ways); /* next monotonic time to come again; 0: not needed */

#endif
