/* errand_wait.c - a job that cannot be sent now: put off until a time, or standing in a line. */
#include "backend/sender/errand_inside.h"

#include <string.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "db/batch.h"

static enum sp_rc
postpone_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_queue_postpone(db, context, err);
}

/* A method's time may be over already while another job tries it: look again soon, not at once. */
enum { SOONEST_MS = 5000, STAGGER_MS = 5000 };

int64_t
sp_errand_when_to_look(int64_t now, int64_t look_again)
{
    int64_t soonest = now + SOONEST_MS + (int64_t)sp_random_below(STAGGER_MS);
    return look_again > soonest ? look_again : soonest;
}

static bool
put_off(const struct errand *e, struct sp_queue_wait *wait)
{
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_batch_run(e->env->batch, postpone_in_batch, wait, &err);
    if (rc == SP_OK)
        sp_info(e->env->log, "job %s: %s: %s", e->job->id, sp_job_state_name(wait->next), wait->trouble);
    else if (rc != SP_E_CONFLICT)
        sp_error(e->env->log, "job %s: cannot be postponed: %s", e->job->id, err.text);
    sp_wake(e->env->gateway_wake_fd);
    return rc == SP_OK || rc == SP_E_CONFLICT;
}

/* No way can take the job now. */
bool
sp_errand_postpone(struct errand *e, const struct sp_plan *plan)
{
    struct sp_queue_wait wait = {
        .id = e->job->id,
        .next = plan->may_wait ? SP_JOB_DEFERRED : SP_JOB_HELD,
        .now = sp_errand_now(e),
        .next_attempt = plan->may_wait ? sp_errand_when_to_look(sp_errand_now(e), plan->look_again) : 0,
        .spent_ms = e->job->spent_ms,
        .waits_for_method = plan->may_wait,
        .trouble = plan->may_wait ? "no method is up: it goes out when one comes back; a check tries them at once"
                                  : "no method can take this scan; see the reasons, then retry it",
        .decision = e->decision,
        .n_decision = plan->n_lines,
    };
    return put_off(e, &wait);
}

/* --- a budget that is used up --- */

/* A day's budget comes back piece by piece, and meanwhile another way may have come up: look now and then. */
enum { LOOK_AT_DAY_MS = 15 * 60 * 1000 };

int64_t
sp_errand_when_day_has_room(int64_t now, int64_t not_before)
{
    int64_t latest = now + LOOK_AT_DAY_MS;
    return sp_errand_when_to_look(now, not_before < latest ? not_before : latest);
}

/* The job stands in the line of a way until somebody stands up there. One that stood there already keeps its place, and
 * costs no write. */
static bool
stand_in_line(struct errand *e, size_t way, struct sp_queue_wait *wait)
{
    char name[SP_LINE_NAME_SIZE];
    size_t line = sp_ways_line_of(way, sp_errand_large(e));
    struct sp_err err = { 0 };
    enum sp_rc rc = SP_OK;
    sp_ways_line_name(e->env->ways, line, name);
    wait->id = e->job->id;
    wait->now = sp_errand_now(e);
    wait->spent_ms = e->job->spent_ms;
    wait->waits_in = name;
    wait->decision = e->decision;
    wait->n_decision = e->view.plan.n_lines;
    if (strcmp(e->job->waits_in, name) != 0)
        rc = sp_batch_run(e->env->batch, postpone_in_batch, wait, &err);
    if (rc != SP_OK && rc != SP_E_CONFLICT)
        sp_error(e->env->log, "job %s: cannot be put in line: %s", e->job->id, err.text);
    wait->waits_in = ""; /* the name ends with this function */
    if (rc == SP_OK)
        sp_ways_line_joined(e->env->ways, line);
    return rc == SP_OK || rc == SP_E_CONFLICT;
}

/* The budget of the best way is used up. */
bool
sp_errand_wait_for_budget(struct errand *e, const struct sp_plan *plan)
{
    size_t way = sp_errand_index(e, plan->waits_for->settings);
    char words[160];
    (void)sp_text_format(words, sizeof words, "%s is busy: %s", plan->waits_for->settings->name, plan->waits_for->busy);
    struct sp_queue_wait wait = { .next = SP_JOB_DEFERRED, .trouble = words, .next_attempt = plan->look_again };
    if (e->view.room[way] != SP_ROOM_DAY)
        return stand_in_line(e, way, &wait);
    wait.id = e->job->id;
    wait.now = sp_errand_now(e);
    wait.next_attempt = sp_errand_when_day_has_room(wait.now, plan->look_again);
    wait.spent_ms = e->job->spent_ms;
    wait.decision = e->decision;
    wait.n_decision = plan->n_lines;
    return put_off(e, &wait);
}

/* All connections are in use for longer than a moment: the job is still queued, only in a line. */
bool
sp_errand_wait_for_seat(struct errand *e, size_t way)
{
    struct sp_queue_wait wait = { .next = SP_JOB_QUEUED, .trouble = "" };
    return stand_in_line(e, way, &wait);
}
