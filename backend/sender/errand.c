/* errand.c - one job's run; see errand.h. Everything that decides is pure and elsewhere (plan.c, settle.c, health.c);
 * here it meets the database and the methods.
 *
 *     load -> plan -> connection -> claim -> attempt -> settle -> record -+-> settled, or waits
 *              ^                                                         |
 *              +----------------- queued for the next method <-----------+
 *
 * From the claim to the record the message may be handed over: whoever finds the job `sending` after a crash has to
 * assume so. Between two methods it is queued, and known not to be on its way. */
#include "backend/sender/errand.h"

#include <stdlib.h>
#include <string.h>

#include "backend/delivery/settle.h"
#include "backend/sender/letter.h"
#include "backend/sender/ways.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/queue.h"

struct errand {
    const struct sp_errand_env *env;
    struct sp_job *job;
    const struct sp_tenant_settings *tenant;
    char tried[SP_PLAN_MAX][SP_PLAN_REASON_SIZE]; /* by way: how it refused this job; "" : it did not */
    const char **waiting;                         /* addresses that still wait */
    size_t *waiting_at;                           /* their places in the job */
    size_t n_waiting;
    struct sp_report_recipient *results; /* one for each that waits */
    enum sp_fate *fates;
    struct sp_ways_view view;
    struct sp_job_choice decision[SP_PLAN_MAX];
};

/* --- beginning and end --- */

static void
find_waiting(struct errand *e)
{
    e->n_waiting = 0;
    for (size_t i = 0; i < e->job->n_recipients; i++) {
        if (e->job->recipients[i].state != SP_RECIPIENT_WAITING)
            continue;
        e->waiting[e->n_waiting] = e->job->recipients[i].address;
        e->waiting_at[e->n_waiting++] = i;
    }
}

/* A way that refused this very message or recipient will not change its mind in the next run. */
static void
remember_refusals(struct errand *e)
{
    const struct sp_settings *settings = e->env->settings;
    for (size_t i = 0; i < e->job->n_attempts; i++) {
        const struct sp_job_attempt *attempt = &e->job->attempts[i];
        enum sp_class class_ = SP_CLASS_OK;
        if (attempt->outcome != SP_OUTCOME_FAILED || attempt->started < e->job->retried ||
            !sp_class_parse(attempt->class_name, &class_))
            continue;
        enum sp_scope scope = sp_class_scope(class_);
        for (size_t w = 0; w < settings->n_methods && w < SP_PLAN_MAX; w++)
            if ((scope == SP_SCOPE_MESSAGE || scope == SP_SCOPE_RECIPIENT) &&
                strcmp(settings->methods[w].name, attempt->method) == 0)
                (void)sp_text_format(e->tried[w], sizeof e->tried[w], "refused it before: %s", attempt->summary);
    }
}

static enum sp_rc
errand_open(struct errand *e, const struct sp_errand_env *env, const char *id, struct sp_err *err)
{
    *e = (struct errand){ .env = env };
    enum sp_rc rc = sp_job_load(env->db, id, &e->job, err);
    if (rc != SP_OK)
        return rc;
    size_t n = e->job->n_recipients + 1;
    e->tenant = sp_settings_tenant(env->settings, e->job->tenant);
    e->waiting = calloc(n, sizeof *e->waiting);
    e->waiting_at = calloc(n, sizeof *e->waiting_at);
    e->results = calloc(n, sizeof *e->results);
    e->fates = calloc(n, sizeof *e->fates);
    if (e->waiting == NULL || e->waiting_at == NULL || e->results == NULL || e->fates == NULL)
        return sp_fail(err, SP_E_NOMEM, "job %s: out of memory", id);
    find_waiting(e);
    remember_refusals(e);
    return SP_OK;
}

static void
errand_close(struct errand *e)
{
    sp_job_free(&e->job);
    free(e->waiting);
    free(e->waiting_at);
    free(e->results);
    free(e->fates);
}

/* --- planning --- */

static int64_t
now_of(const struct errand *e)
{
    return sp_wall_ms(e->env->clock);
}

static const struct sp_plan *
plan(struct errand *e)
{
    const struct sp_plan_job job = {
        .tenant = e->tenant,
        .recipients = e->waiting,
        .n_recipients = e->n_waiting,
        .message_size = sp_letter_estimate(e->job),
        .only_method = e->job->only_method,
        .only_until = e->job->only_until,
    };
    sp_ways_plan(e->env->ways, &job, (const char(*)[SP_PLAN_REASON_SIZE])e->tried, now_of(e), &e->view);
    for (size_t i = 0; i < e->view.plan.n_lines; i++) {
        const struct sp_plan_line *line = &e->view.plan.lines[i];
        e->decision[i] = (struct sp_job_choice){ line->method, line->chosen, line->reason };
    }
    return &e->view.plan;
}

/* Time counts towards retry.expire only while a way was open. */
static int64_t
spent(const struct errand *e, bool counts)
{
    int64_t from = e->job->last_attempt > 0 ? e->job->last_attempt : e->job->created;
    int64_t passed = now_of(e) - from;
    return e->job->spent_ms + (counts && !e->job->waits_for_method && passed > 0 ? passed : 0);
}

/* --- writing down --- */

static enum sp_rc
postpone_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_queue_postpone(db, context, err);
}

/* A method's time may be over already while another job tries it: look again soon, not at once. */
enum { SOONEST_MS = 5000, STAGGER_MS = 5000 };

static int64_t
when_to_look(int64_t now, int64_t look_again)
{
    int64_t soonest = now + SOONEST_MS + (int64_t)sp_random_below(STAGGER_MS);
    return look_again > soonest ? look_again : soonest;
}

/* No way can take the job now. */
static bool
postpone(struct errand *e, const struct sp_plan *plan)
{
    struct sp_queue_wait wait = {
        .id = e->job->id,
        .next = plan->may_wait ? SP_JOB_DEFERRED : SP_JOB_HELD,
        .now = now_of(e),
        .next_attempt = plan->may_wait ? when_to_look(now_of(e), plan->look_again) : 0,
        .spent_ms = e->job->spent_ms,
        .waits_for_method = plan->may_wait,
        .trouble = plan->may_wait ? "no method is up: it goes out when one comes back"
                                  : "no method can take this scan; see the reasons, then retry it",
        .decision = e->decision,
        .n_decision = plan->n_lines,
    };
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_batch_run(e->env->batch, postpone_in_batch, &wait, &err);
    if (rc == SP_OK)
        sp_info(e->env->log, "job %s: %s: %s", e->job->id, sp_job_state_name(wait.next), wait.trouble);
    else if (rc != SP_E_CONFLICT)
        sp_error(e->env->log, "job %s: cannot be postponed: %s", e->job->id, err.text);
    sp_wake(e->env->gateway_wake_fd);
    return rc == SP_OK || rc == SP_E_CONFLICT;
}

struct claim {
    struct errand *errand;
    const char *method;
    size_t n_decision;
};

static enum sp_rc
claim_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct claim *claim = context;
    const struct errand *e = claim->errand;
    return sp_queue_claim(db, e->job->id, claim->method, e->decision, claim->n_decision, now_of(e), err);
}

static enum sp_rc
claim(struct errand *e, const struct sp_method_settings *method)
{
    struct claim claim = { e, method->name, e->view.plan.n_lines };
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_batch_run(e->env->batch, claim_in_batch, &claim, &err);
    if (rc != SP_OK && rc != SP_E_CONFLICT)
        sp_error(e->env->log, "job %s: cannot be claimed: %s", e->job->id, err.text);
    return rc;
}

struct record {
    struct sp_queue_result result;
    const char *release; /* tenant whose jobs wait for the method that came back; NULL: none */
};

static enum sp_rc
record_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct record *record = context;
    enum sp_rc rc = sp_queue_record(db, &record->result, err);
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

/* --- an attempt --- */

static void
tell(const struct errand *e, const struct sp_method_settings *method, const struct sp_report *report, int64_t ms)
{
    char clean[512];
    (void)sp_log_clean(clean, sizeof clean, report->reply);
    if (report->accepted)
        sp_info(e->env->log, "job %s: accepted by %s in %lld ms, %s", e->job->id, method->name, (long long)ms, clean);
    else if (report->maybe_sent)
        sp_warn(e->env->log, "job %s: %s took the message and never answered, it may arrive twice (%s)", e->job->id,
                method->name, clean);
    else
        sp_notice(e->env->log, "job %s: %s refused at %s, class %s: %s", e->job->id, method->name,
                  sp_stage_name(report->stage), sp_class_name(report->diagnosis.class_), clean);
}

static void
report_trouble(struct sp_report *report, const struct sp_err *err)
{
    report->diagnosis = (struct sp_diagnosis){ .class_ = SP_CLASS_OTHER, .scope = SP_SCOPE_LATER, .cause = "" };
    (void)sp_text_format(report->diagnosis.summary, sizeof report->diagnosis.summary, "The mail could not be made: %s",
                         err->text);
    (void)sp_text_copy(report->reply, sizeof report->reply, err->text);
}

static void
deliver(struct errand *e, const struct sp_method_settings *method, size_t index, struct sp_report *report)
{
    struct sp_letter letter;
    struct sp_err err = { 0 };
    memset(e->results, 0, e->n_waiting * sizeof *e->results);
    report->recipients = e->results;
    report->n_recipients = e->n_waiting;
    if (sp_letter_open(&letter, e->job, method, e->env->spool, &err) != SP_OK) {
        report_trouble(report, &err);
        return;
    }
    const struct sp_message message = {
        .id = e->job->id,
        .mail_from = letter.mail_from,
        .mail = &letter.mail,
        .recipients = e->waiting,
        .n_recipients = e->n_waiting,
    };
    sp_ways_deliver(e->env->ways, index, &message, report);
    sp_letter_close(&letter);
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
describe(const struct sp_method_settings *method, const struct sp_report *report, int64_t started, int64_t now)
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
    find_waiting(e);
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

/* From the pure verdict to the fields of the record. */
static void
put_next(struct errand *e, enum sp_next next, const struct sp_report *report, struct sp_queue_result *result)
{
    const struct sp_retry_settings *retry = &e->env->settings->retry;
    int64_t backoff = sp_settle_backoff(retry, result->tries, sp_random_below(1000));
    result->trouble = main_diagnosis(report)->summary;
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
        result->next_attempt = when_to_look(result->now, e->view.plan.look_again);
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

/* What follows from an attempt: fates, the next plan, the fields of the record. */
static enum sp_next
weigh(struct errand *e, const struct sp_method_settings *method, const struct sp_report *report,
      struct sp_queue_result *result)
{
    size_t index = (size_t)(method - e->env->settings->methods);
    apply_fates(e, method, report);
    enum sp_scope scope = sp_settle_scope(report, e->fates);
    bool burns_time = scope != SP_SCOPE_METHOD && strcmp(result->attempt.class_name, "rate_limited") != 0;
    result->spent_ms = spent(e, burns_time);
    if (report->maybe_sent)
        note_unknown(result, e->job, method);
    enum sp_next next = SP_NEXT_DONE;
    if (e->n_waiting > 0) {
        (void)sp_text_format(e->tried[index], sizeof e->tried[index], "tried just now: %s",
                             report->maybe_sent ? "it never answered" : main_diagnosis(report)->summary);
        const struct sp_plan *next_plan = plan(e);
        next =
            sp_settle_next(scope, report->maybe_sent, next_plan, result->spent_ms > e->env->settings->retry.expire_ms);
        result->decision = e->decision;
        result->n_decision = next_plan->n_lines;
    }
    put_next(e, next, report, result);
    return next;
}

/* Records an attempt, and what follows from it, as one. *ret_again: plan again at once. */
static bool
settle(struct errand *e, const struct sp_method_settings *method, const struct sp_report *report, int64_t started,
       bool *ret_again)
{
    struct sp_method_state state;
    bool changed = false, came_back = false;
    int64_t now = now_of(e);
    size_t index = (size_t)(method - e->env->settings->methods);
    sp_ways_learn(e->env->ways, index, report, now, &state, &changed, &came_back);
    sp_ways_release(e->env->ways, index);
    struct record record = {
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
    sp_wake(e->env->gateway_wake_fd);
    return written;
}

/* --- the run --- */

/* One attempt on a way whose connection is ours, and its record. */
static bool
attempt(struct errand *e, const struct sp_method_settings *method, bool *ret_again)
{
    struct sp_report *report = calloc(1, sizeof *report);
    size_t index = (size_t)(method - e->env->settings->methods);
    if (report == NULL) { /* the job stays `sending`; the next start looks after it */
        sp_ways_release(e->env->ways, index);
        return false;
    }
    int64_t started = now_of(e), from = sp_mono_ms(e->env->clock);
    deliver(e, method, index, report);
    tell(e, method, report, sp_mono_ms(e->env->clock) - from);
    bool written = settle(e, method, report, started, ret_again);
    free(report);
    return written;
}

/* Plans until a way is found that has a connection free and is still up by then. NULL: the job was postponed, or we are
 * stopping. */
static const struct sp_method_settings *
find_way(struct errand *e, bool *ret_ok)
{
    for (size_t i = 0; i < SP_PLAN_MAX && !sp_ways_stopping(e->env->ways); i++) {
        const struct sp_plan *now = plan(e);
        if (now->count == 0) {
            *ret_ok = postpone(e, now);
            return NULL;
        }
        const struct sp_method_settings *method = now->order[0]->settings;
        if (sp_ways_acquire(e->env->ways, (size_t)(method - e->env->settings->methods)))
            return method;
    }
    *ret_ok = false;
    return NULL;
}

/* One round of plan, claim, attempt and record. */
static bool
go_round(struct errand *e, bool *ret_again)
{
    bool ok = true;
    const struct sp_method_settings *method = find_way(e, &ok);
    *ret_again = false;
    if (method == NULL)
        return ok;
    enum sp_rc rc = claim(e, method);
    if (rc != SP_OK) {
        sp_ways_release(e->env->ways, (size_t)(method - e->env->settings->methods));
        return rc == SP_E_CONFLICT;
    }
    sp_wake(e->env->gateway_wake_fd);
    return attempt(e, method, ret_again);
}

bool
sp_errand_run(const struct sp_errand_env *env, const char *id)
{
    struct errand *e = calloc(1, sizeof *e);
    struct sp_err err = { 0 };
    bool ok = false, again = true;
    if (e == NULL)
        return false;
    if (errand_open(e, env, id, &err) != SP_OK)
        sp_error(env->log, "job %s: cannot be loaded: %s", id, err.text);
    else
        for (ok = true; ok && again;)
            ok = go_round(e, &again);
    errand_close(e);
    free(e);
    return ok;
}
