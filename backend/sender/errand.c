/* errand.c - one job's run; see errand.h. Everything that decides is pure and elsewhere (plan.c, settle.c, health.c);
 * here it meets the database and the methods.
 *
 *     load -> plan -> seat -> claim -> attempt -> settle -> record -+-> settled, or waits, or stands in line
 *              ^                                                   |
 *              +-------------- queued for the next method <--------+
 *
 * From the claim to the record the message may be handed over: whoever finds the job `sending` after a crash has to
 * assume so. Between two methods it is queued, and known not to be on its way. */
#include "backend/sender/errand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/sender/errand_inside.h"
#include "backend/sender/letter.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "db/spool.h"

/* --- beginning and end --- */

void
sp_errand_find_waiting(struct errand *e)
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
    sp_errand_find_waiting(e);
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

struct sp_point *
sp_errand_point(const struct errand *e)
{
    return e->env->hold != NULL ? &e->env->hold->point : NULL;
}

int64_t
sp_errand_now(const struct errand *e)
{
    return sp_wall_ms(e->env->clock);
}

size_t
sp_errand_index(const struct errand *e, const struct sp_method_settings *method)
{
    return (size_t)(method - e->env->settings->methods);
}

bool
sp_errand_large(const struct errand *e)
{
    return sp_letter_estimate(e->job) >= SP_BUDGET_LARGE;
}

const struct sp_plan *
sp_errand_plan(struct errand *e)
{
    const struct sp_plan_job job = {
        .tenant = e->tenant,
        .recipients = e->waiting,
        .n_recipients = e->n_waiting,
        .message_size = sp_letter_estimate(e->job),
        .only_method = e->job->only_method,
        .only_until = e->job->only_until,
    };
    sp_ways_plan(e->env->ways, &job, (const char(*)[SP_PLAN_REASON_SIZE])e->tried, sp_errand_now(e), &e->view);
    for (size_t i = 0; i < e->view.plan.n_lines; i++) {
        const struct sp_plan_line *line = &e->view.plan.lines[i];
        e->decision[i] = (struct sp_job_choice){ line->method, line->chosen, line->reason };
    }
    return &e->view.plan;
}

/* --- an attempt --- */

static void
tell(const struct errand *e, const struct sp_method_settings *method, const struct sp_report *report, int64_t ms)
{
    const struct sp_log *log = e->env->log;
    const struct sp_log_facts accepted = { .method = method->name };
    const struct sp_log_facts refused = { method->name, sp_class_name(report->diagnosis.class_) };
    char clean[512];
    (void)sp_log_clean(clean, sizeof clean, report->reply);
    if (report->accepted)
        sp_log_write_facts(log, SP_LOG_INFO, &accepted, "job %s: accepted by %s in %lld ms, %s", e->job->id,
                           method->name, (long long)ms, clean);
    else if (report->maybe_sent)
        sp_log_write_facts(log, SP_LOG_WARN, &refused,
                           "job %s: %s took the message and never answered, it may arrive twice (%s)", e->job->id,
                           method->name, clean);
    else
        sp_log_write_facts(log, SP_LOG_NOTICE, &refused, "job %s: %s refused at %s, class %s: %s", e->job->id,
                           method->name, sp_stage_name(report->stage), sp_class_name(report->diagnosis.class_), clean);
}

/* The spool holds the only copy: what is missing or cut there does not come back by itself. */
static enum sp_rc
look_at_document(const struct errand *e, size_t n, struct sp_err *err)
{
    struct stat st;
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_spool_read(e->env->spool, e->job->id, n + 1, &fd, err);
    if (rc != SP_OK)
        return rc;
    if (fstat(fd, &st) != 0)
        return sp_fail_errno(err, "spool: cannot look at a document");
    if ((uint64_t)st.st_size == e->job->documents[n].size)
        return SP_OK;
    return sp_fail(err, SP_E_CORRUPT, "spool: document %zu has %lld bytes, and had %llu", n + 1, (long long)st.st_size,
                   (unsigned long long)e->job->documents[n].size);
}

/* Asked only after an attempt failed: the good case opens each document once. */
static void
look_for_damage(struct errand *e, struct sp_report *report)
{
    struct sp_err err = { 0 };
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < e->job->n_documents; i++)
        rc = look_at_document(e, i, &err);
    e->damaged = rc == SP_E_NOTFOUND || rc == SP_E_CORRUPT;
    if (!e->damaged)
        return;
    report->diagnosis =
        (struct sp_diagnosis){ .class_ = SP_CLASS_OTHER, .scope = SP_SCOPE_JOB, .cause = "document_missing" };
    (void)sp_text_format(report->diagnosis.summary, sizeof report->diagnosis.summary,
                         "A document of this scan is missing or damaged on this machine: %s.", err.text);
    (void)sp_text_copy(report->diagnosis.fix, sizeof report->diagnosis.fix,
                       "Scan it again, or put the file back into the spool from a backup and retry this scan.");
    (void)sp_text_copy(report->reply, sizeof report->reply, err.text);
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
tell_large(void *context)
{
    const struct errand *e = context;
    sp_wake(e->env->large_fd);
}

static void
deliver(struct errand *e, const struct sp_method_settings *method, struct sp_report *report)
{
    struct sp_letter letter;
    struct sp_err err = { 0 };
    memset(e->results, 0, e->n_waiting * sizeof *e->results);
    report->recipients = e->results;
    report->n_recipients = e->n_waiting;
    if (sp_letter_open(&letter, e->job, e->note, method, e->env->spool, &err) != SP_OK) {
        report_trouble(report, &err);
        return;
    }
    const struct sp_message message = {
        .id = e->job->id,
        .mail_from = letter.mail_from,
        .mail = &letter.mail,
        .recipients = e->waiting,
        .n_recipients = e->n_waiting,
        .point = sp_errand_point(e),
        .connected = e->seat.load.large ? tell_large : NULL, /* not before: it may use what is kept idle now */
        .context = e,
    };
    sp_ways_deliver(e->env->ways, e->seat.way, &message, report);
    sp_letter_close(&letter);
    if (!report->accepted && !report->maybe_sent)
        look_for_damage(e, report);
}

/* --- the run --- */

/* One attempt on a seat that is ours, and its record. */
static bool
attempt(struct errand *e, const struct sp_method_settings *method, bool *ret_again)
{
    struct sp_report *report = calloc(1, sizeof *report);
    size_t nobody = 0;
    if (report == NULL) { /* the job stays `sending`; the next start looks after it */
        (void)sp_ways_stand(e->env->ways, &e->seat, NULL, &nobody);
        return false;
    }
    int64_t started = sp_errand_now(e), from = sp_mono_ms(e->env->clock);
    deliver(e, method, report);
    if (!sp_point_pass(sp_errand_point(e))) { /* whoever closed it writes down that nothing was handed over */
        (void)sp_ways_stand(e->env->ways, &e->seat, NULL, &nobody);
        free(report);
        return false;
    }
    tell(e, method, report, sp_mono_ms(e->env->clock) - from);
    bool written = sp_errand_settle(e, method, report, started, ret_again);
    free(report);
    return written;
}

/* Whom the chosen way gets the mail for: mostly all. The others wait on. */
static void
take_part(struct errand *e, const struct sp_plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n_waiting; i++) {
        bool full = plan->at_most > 0 && kept == plan->at_most;
        if (full || (plan->inside_only && !sp_tenant_is_internal(e->tenant, e->waiting[i])))
            continue;
        e->waiting[kept] = e->waiting[i];
        e->waiting_at[kept++] = e->waiting_at[i];
    }
    e->n_waiting = kept;
}

/* Plans until a way is found that has a seat and is still up by then. NULL: the job was put off or stands in line, or
 * we are stopping. */
static const struct sp_method_settings *
find_way(struct errand *e, bool *ret_ok)
{
    *ret_ok = false;
    for (size_t i = 0; i < SP_PLAN_MAX && !sp_ways_stopping(e->env->ways); i++) {
        sp_errand_find_waiting(e);
        const struct sp_plan *now = sp_errand_plan(e);
        if (now->count == 0) {
            *ret_ok = now->waits_for != NULL ? sp_errand_wait_for_budget(e, now) : sp_errand_postpone(e, now);
            return NULL;
        }
        const struct sp_method_settings *method = now->order[0]->settings;
        take_part(e, now);
        const struct sp_budget_load load = { .recipients = e->n_waiting, .large = sp_errand_large(e) };
        switch (sp_ways_sit(e->env->ways, sp_errand_index(e, method), &load, &e->seat)) {
        case SP_SEAT_TAKEN:
            return method;
        case SP_SEAT_NONE:
            *ret_ok = sp_errand_wait_for_seat(e, sp_errand_index(e, method));
            return NULL;
        case SP_SEAT_AGAIN:
            break;
        }
    }
    return NULL;
}

/* One round of plan, claim, attempt and record. */
static bool
go_round(struct errand *e, bool *ret_again)
{
    bool ok = true;
    size_t nobody = 0;
    const struct sp_method_settings *method = find_way(e, &ok);
    *ret_again = false;
    if (method == NULL)
        return ok;
    sp_errand_note(e);
    enum sp_rc rc = sp_errand_claim(e, method);
    if (rc != SP_OK) {
        (void)sp_ways_stand(e->env->ways, &e->seat, NULL, &nobody);
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
