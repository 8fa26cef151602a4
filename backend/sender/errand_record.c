/* errand_record.c - the two marks of an attempt in the database: the claim before it, and after it the record of what
 * came of it and what follows. The book of a limited budget is kept in the same transactions. */
#include "backend/sender/errand_inside.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/budget_use.h"

/* --- the claim --- */

struct claim {
    struct errand *errand;
    const char *method;
    const char *identity; /* whose budget is counted; NULL: nobody's */
    size_t n_decision;
};

static enum sp_rc
claim_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct claim *claim = context;
    struct errand *e = claim->errand;
    int64_t now = sp_errand_now(e);
    if (sp_point_is_closed(sp_errand_point(e))) /* we are ending: what was claimed by then is given back, no more is */
        return sp_fail(err, SP_E_CONFLICT, "job %s is not sent before the end", e->job->id);
    enum sp_rc rc = sp_queue_claim(db, e->job->id, claim->method, e->decision, claim->n_decision, now, err);
    e->use_row = 0;
    if (rc == SP_OK && e->note_is_new)
        rc = sp_queue_set_late_note(db, e->job->id, e->note, err);
    if (rc == SP_OK && claim->identity != NULL)
        rc = sp_budget_use_begin(db, claim->identity, now, e->n_waiting, &e->use_row, err);
    if (e->env->hold != NULL)
        e->env->hold->use_row = e->use_row;
    return rc;
}

enum sp_rc
sp_errand_claim(struct errand *e, const struct sp_method_settings *method)
{
    struct claim claim = { e, method->name, sp_ways_counted_for(e->env->ways, e->seat.way), e->view.plan.n_lines };
    struct sp_err err = { 0 };
    (void)sp_point_set(sp_errand_point(e)); /* a closed one is seen by the claim itself */
    enum sp_rc rc = sp_batch_run(e->env->batch, claim_in_batch, &claim, &err);
    if (rc != SP_OK && rc != SP_E_CONFLICT)
        sp_error(e->env->log, "job %s: cannot be claimed: %s", e->job->id, err.text);
    return rc;
}

/* --- the record --- */

struct record {
    struct sp_queue_result result;
    const char *release; /* tenant whose jobs wait for the method that came back; NULL: none */
    int64_t use_row;     /* of the budget's book; 0: none */
    bool counted;        /* it stays there, with as many recipients */
    size_t recipients;
};

static enum sp_rc
record_use(struct sp_db *db, const struct record *record, struct sp_err *err)
{
    if (record->use_row == 0)
        return SP_OK;
    return record->counted ? sp_budget_use_end(db, record->use_row, record->result.now, record->recipients, err)
                           : sp_budget_use_undo(db, record->use_row, err);
}

static enum sp_rc
record_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct record *record = context;
    enum sp_rc rc = sp_queue_record(db, &record->result, err);
    if (rc == SP_OK)
        rc = record_use(db, record, err);
    if (rc == SP_OK && record->release != NULL)
        rc = sp_queue_release(db, record->release, record->result.now, err);
    return rc;
}

/* What was done must be written down: a database that is busy or full for a while is waited for. Giving up leaves the
 * job `sending`, which the next start treats as unknown. */
static bool
write_down(const struct errand *e, struct record *record)
{
    enum { TRIES = 20, PAUSE_US = 500 * 1000 };
    for (int i = 0; i < TRIES; i++) {
        struct sp_err err = { 0 };
        enum sp_rc rc = sp_batch_run(e->env->batch, record_in_batch, record, &err);
        if (rc == SP_OK)
            return true;
        sp_error(e->env->log, "job %s: the outcome cannot be recorded: %s", e->job->id, err.text);
        if (rc == SP_E_CONFLICT || rc == SP_E_NOTFOUND)
            return true;
        usleep(PAUSE_US);
    }
    return false;
}

/* The refusal that tells most: the whole message's, or that of the first recipient who was refused. */
static const struct sp_diagnosis *
main_diagnosis(const struct sp_report *report)
{
    if (!report->accepted)
        return &report->diagnosis;
    for (size_t i = 0; i < report->n_recipients; i++)
        if (report->recipients[i].refused)
            return &report->recipients[i].diagnosis;
    return &report->diagnosis;
}

static struct sp_job_attempt
describe(const struct sp_method_settings *method, struct sp_report *report, int64_t started, int64_t now)
{
    const struct sp_diagnosis *diagnosis = main_diagnosis(report);
    return (struct sp_job_attempt){
        .method = method->name,
        .host = report->host,
        .port = report->port,
        .ip = report->ip,
        .tls = report->tls,
        .stage = sp_stage_name(report->stage),
        .outcome = report->accepted     ? SP_OUTCOME_ACCEPTED
                   : report->maybe_sent ? SP_OUTCOME_UNKNOWN
                                        : SP_OUTCOME_FAILED,
        .class_name = sp_class_name(diagnosis->class_),
        .cause = diagnosis->cause != NULL ? diagnosis->cause : "",
        .code = report->code,
        .enhanced = report->enhanced,
        .reply = report->reply,
        .summary = diagnosis->summary,
        .fix = diagnosis->fix,
        .started = started,
        .duration_ms = now - started,
        .transcript = sp_transcript_text(&report->transcript),
    };
}

/* --- settling --- */

/* Puts the fates into the job as it is in memory, so that the next plan sees who is left. */
static void
apply_fates(struct errand *e, const struct sp_method_settings *method, const struct sp_report *report)
{
    sp_settle_recipients(report, e->fates);
    for (size_t i = 0; i < e->n_waiting; i++) {
        struct sp_job_recipient *recipient = &e->job->recipients[e->waiting_at[i]];
        const struct sp_report_recipient *result = &report->recipients[i];
        if (e->fates[i] == SP_FATE_SENT)
            recipient->state = SP_RECIPIENT_SENT;
        else if (e->fates[i] == SP_FATE_FAILED)
            recipient->state = SP_RECIPIENT_FAILED;
        if (e->fates[i] != SP_FATE_WAITS || result->refused) {
            const char *reply = sp_arena_text(e->job->arena, result->reply);
            recipient->method = method->name;
            recipient->reply = reply != NULL ? reply : "";
        }
    }
    sp_errand_find_waiting(e);
}

static enum sp_job_state
final_state(const struct sp_job *job)
{
    size_t sent = 0;
    for (size_t i = 0; i < job->n_recipients; i++)
        sent += job->recipients[i].state == SP_RECIPIENT_SENT;
    return sent == job->n_recipients ? SP_JOB_SENT : sent > 0 ? SP_JOB_PARTIAL : SP_JOB_FAILED;
}

static void
give_up_on_waiting(struct errand *e)
{
    for (size_t i = 0; i < e->n_waiting; i++)
        e->job->recipients[e->waiting_at[i]].state = SP_RECIPIENT_FAILED;
}

static void
note_unknown(struct sp_queue_result *result, const struct sp_job *job, const struct sp_method_settings *method)
{
    bool in_force = job->only_method[0] != '\0' && job->only_until > result->now;
    result->only_method = in_force ? job->only_method : method->name;
    result->only_until = in_force ? job->only_until : result->now + SP_UNKNOWN_SAME_METHOD_MS;
}

/* After an attempt, the way that comes next is only busy. */
static void
wait_in_line(struct errand *e, struct sp_queue_result *result)
{
    size_t way = sp_errand_index(e, e->view.plan.waits_for->settings);
    if (e->view.room[way] == SP_ROOM_DAY) {
        result->next_attempt = sp_errand_when_day_has_room(result->now, e->view.plan.look_again);
        return;
    }
    sp_ways_line_name(e->env->ways, sp_ways_line_of(way, sp_errand_large(e)), e->line);
    result->waits_in = e->line;
    result->next_attempt = e->view.plan.look_again;
}

/* From the pure verdict to the fields of the record. */
static void
put_next(struct errand *e, enum sp_next next, const struct sp_report *report, struct sp_queue_result *result)
{
    const struct sp_retry_settings *retry = &e->env->settings->retry;
    int64_t backoff = sp_settle_backoff(retry, result->tries, sp_random_below(1000));
    bool others = report->accepted && next == SP_NEXT_HOLD; /* whom no way reaches */
    result->trouble = others ? "no method can take this scan to all its recipients; see the reasons, then retry it"
                             : main_diagnosis(report)->summary;
    switch (next) {
    case SP_NEXT_DONE:
        result->next = final_state(e->job);
        break;
    case SP_NEXT_METHOD:
        result->next = SP_JOB_QUEUED;
        result->next_attempt = result->now;
        break;
    case SP_NEXT_LATER:
        result->next = SP_JOB_DEFERRED;
        result->next_attempt = result->now + (backoff > report->retry_after_ms ? backoff : report->retry_after_ms);
        result->tries++;
        break;
    case SP_NEXT_WAIT_METHOD:
        result->next = SP_JOB_DEFERRED;
        result->waits_for_method = true;
        result->next_attempt = sp_errand_when_to_look(result->now, e->view.plan.look_again);
        break;
    case SP_NEXT_WAIT_BUDGET:
        result->next = SP_JOB_DEFERRED;
        wait_in_line(e, result);
        break;
    case SP_NEXT_HOLD:
        result->next = SP_JOB_HELD;
        break;
    case SP_NEXT_FAIL:
        give_up_on_waiting(e);
        result->next = final_state(e->job);
        break;
    }
    if (result->next == SP_JOB_SENT)
        result->trouble = "";
}

static bool
is_rate_limited(const struct sp_report *report)
{
    return main_diagnosis(report)->class_ == SP_CLASS_RATE_LIMITED && !report->maybe_sent;
}

/* Time counts towards retry.expire only while a way was open and not busy, and never more than lies between two tries:
 * a machine that was off, or a clock that jumped, uses up nothing. */
static int64_t
spent(const struct errand *e, bool counts)
{
    int64_t from = e->job->last_attempt > 0 ? e->job->last_attempt : e->job->created;
    int64_t passed = sp_errand_now(e) - from, most = 2 * e->env->settings->retry.max_ms;
    bool waited = e->job->waits_for_method || e->job->waits_in[0] != '\0';
    if (!counts || waited || passed < 0)
        return e->job->spent_ms;
    return e->job->spent_ms + (passed < most ? passed : most);
}

/* What follows from an attempt: fates, the next plan, the fields of the record. */
static enum sp_next
weigh(struct errand *e, const struct sp_method_settings *method, const struct sp_report *report,
      struct sp_queue_result *result)
{
    size_t index = sp_errand_index(e, method);
    apply_fates(e, method, report);
    enum sp_scope scope = sp_settle_scope(report, e->fates);
    bool burns_time = scope != SP_SCOPE_METHOD && !is_rate_limited(report);
    result->spent_ms = spent(e, burns_time);
    if (report->maybe_sent)
        note_unknown(result, e->job, method);
    enum sp_next next = SP_NEXT_DONE;
    if (e->n_waiting > 0) {
        bool again =
            scope == SP_SCOPE_NONE ||                             /* for those it was not asked for yet */
            (scope == SP_SCOPE_LATER && is_rate_limited(report)); /* its pace is lower, and can be waited for */
        if (!again)
            (void)sp_text_format(e->tried[index], sizeof e->tried[index], "tried just now: %s",
                                 report->maybe_sent ? "it never answered" : main_diagnosis(report)->summary);
        const struct sp_plan *next_plan = sp_errand_plan(e);
        next =
            sp_settle_next(scope, report->maybe_sent, next_plan, result->spent_ms > e->env->settings->retry.expire_ms);
        result->decision = e->decision;
        result->n_decision = next_plan->n_lines;
        if (e->damaged)
            next = SP_NEXT_HOLD;
    }
    put_next(e, next, report, result);
    return next;
}

/* Records an attempt, and what follows from it, as one. *ret_again: plan again at once. */
bool
sp_errand_settle(struct errand *e, const struct sp_method_settings *method, struct sp_report *report, int64_t started,
                 bool *ret_again)
{
    struct sp_method_state state;
    bool changed = false, came_back = false;
    int64_t now = sp_errand_now(e);
    size_t recipients = 0;
    sp_ways_learn(e->env->ways, e->seat.way, report, now, &state, &changed, &came_back);
    bool counted = sp_ways_stand(e->env->ways, &e->seat, report, &recipients);
    struct record record = {
        .use_row = e->use_row,
        .counted = counted,
        .recipients = recipients,
        .release = came_back ? e->tenant->name : NULL,
        .result = {
            .id = e->job->id,
            .attempt = describe(method, report, started, now),
            .recipients = e->job->recipients,
            .n_recipients = e->job->n_recipients,
            .method = method->name,
            .now = now,
            .tries = e->job->tries,
            .only_method = e->job->only_method,
            .only_until = e->job->only_until,
            .states = &state,
            .n_states = changed ? 1 : 0,
        },
    };
    *ret_again = weigh(e, method, report, &record.result) == SP_NEXT_METHOD;
    e->job->spent_ms = record.result.spent_ms;
    e->job->last_attempt = now;
    bool written = write_down(e, &record);
    if (record.result.waits_in != NULL)
        sp_ways_line_joined(e->env->ways,
                            sp_ways_line_of(sp_errand_index(e, e->view.plan.waits_for->settings), sp_errand_large(e)));
    sp_wake(e->env->gateway_wake_fd);
    return written;
}
