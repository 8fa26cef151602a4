/* check_run.c - one check after the other; see check_run.h.
 *
 *     begin -> connection -> walk, step by step into the database -> health -> (test mail -> health) -> end
 *
 * A walk counts as the one try that a method which is down is allowed: it brings it back, or keeps it down. A test mail
 * is a mail like any other: it is counted, and proves the method. */
#include "backend/sender/check_run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/delivery/check.h"
#include "backend/sender/check_mail.h"
#include "backend/sender/ways.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "db/batch.h"
#include "db/budget_use.h"
#include "db/check.h"
#include "db/db.h"
#include "db/queue.h"

enum { SEAT_PATIENCE_MS = 60 * 1000, DB_BUSY_MS = 10000 };

struct sp_checker {
    struct sp_checker_env env;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t ended; /* on the monotonic clock */
    pthread_t thread;
    bool started; /* and to be joined */
    bool at_work;
};

/* One check. */
struct run {
    const struct sp_checker_env *env;
    struct sp_check_order order;
    const struct sp_method_settings *method;
    const struct sp_tenant_settings *tenant;
    size_t index;
};

/* --- writing down --- */

struct step {
    const char *id;
    struct sp_check_step step;
};

static enum sp_rc
step_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct step *step = context;
    return sp_check_tell(db, step->id, &step->step, err);
}

static void
tell(void *context, const struct sp_finding *finding)
{
    const struct run *run = context;
    struct sp_err err = { 0 };
    struct step step = { run->order.id,
                         {
                             .stage = sp_stage_name(finding->stage),
                             .outcome = sp_finding_outcome_name(finding->outcome),
                             .title = finding->title,
                             .text = finding->text,
                             .fix = finding->fix,
                             .reply = finding->reply,
                             .at = sp_wall_ms(run->env->clock),
                         } };
    if (sp_batch_run(run->env->batch, step_in_batch, &step, &err) != SP_OK)
        sp_error(run->env->log, "check %s: a step cannot be recorded: %s", run->order.id, err.text);
}

static void
say(struct run *run, enum sp_stage stage, enum sp_finding_outcome outcome, const char *title, const char *text)
{
    const struct sp_finding finding = { stage, outcome, title, text, "", "" };
    tell(run, &finding);
}

struct move {
    const char *id, *result; /* result NULL: begin */
    int64_t now;
};

static enum sp_rc
move_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct move *move = context;
    return move->result == NULL ? sp_check_begin(db, move->id, err)
                                : sp_check_end(db, move->id, move->result, move->now, err);
}

static enum sp_rc
move(const struct run *run, const char *result)
{
    struct move move = { run->order.id, result, sp_wall_ms(run->env->clock) };
    struct sp_err err = { 0 };
    enum sp_rc rc = sp_batch_run(run->env->batch, move_in_batch, &move, &err);
    if (rc != SP_OK && rc != SP_E_CONFLICT)
        sp_error(run->env->log, "check %s: cannot be recorded: %s", run->order.id, err.text);
    return rc;
}

/* --- health --- */

struct lesson {
    struct sp_method_state state;
    const char *release;  /* tenant whose jobs wait for the method; NULL: none */
    const char *identity; /* whose budget a test mail counted against; NULL: none */
    size_t recipients;
    int64_t now;
};

static enum sp_rc
lesson_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct lesson *lesson = context;
    int64_t row = 0;
    enum sp_rc rc = sp_method_state_save(db, &lesson->state, err);
    if (rc == SP_OK && lesson->release != NULL)
        rc = sp_queue_release(db, lesson->release, lesson->now, err);
    if (rc == SP_OK && lesson->identity != NULL)
        rc = sp_budget_use_begin(db, lesson->identity, lesson->now, lesson->recipients, &row, err);
    return rc;
}

static void
learn(const struct run *run, const struct sp_report *report, const char *identity, size_t recipients)
{
    struct lesson lesson = { .now = sp_wall_ms(run->env->clock), .identity = identity, .recipients = recipients };
    struct sp_err err = { 0 };
    bool changed = false, came_back = false;
    sp_ways_learn(run->env->ways, run->index, report, lesson.now, &lesson.state, &changed, &came_back);
    if (!changed && !came_back && identity == NULL)
        return;
    lesson.release = came_back ? run->method->tenant : NULL;
    if (sp_batch_run(run->env->batch, lesson_in_batch, &lesson, &err) != SP_OK)
        sp_error(run->env->log, "check %s: the method's state cannot be recorded: %s", run->order.id, err.text);
    if (came_back)
        sp_notice(run->env->log, "method %s: a check found it well again", run->method->name);
    sp_wake(run->env->gateway_wake_fd);
    sp_wake(run->env->done_fd);
}

/* --- the walk --- */

/* Well, but at a refusal that is no wonder: it opens nothing, and shuts nothing. */
static bool
proves_nothing(const struct sp_report *report)
{
    return report->diagnosis.class_ == SP_CLASS_OK && report->code >= 400;
}

static bool
walk(struct run *run)
{
    struct sp_report_recipient recipient = { 0 };
    struct sp_report report = { .recipients = &recipient, .n_recipients = 1 };
    const char *check_to = run->env->settings->notify.check_to;
    const struct sp_walk walk = {
        .mail_from = sp_check_mail_from(run->method, run->tenant),
        .recipient = run->order.send_to[0] != '\0' ? run->order.send_to
                     : check_to[0] != '\0'         ? check_to
                                                   : run->tenant->sender,
        .dnsbl = run->env->settings->gateway.dnsbl,
        .sends = run->order.send_to[0] != '\0',
        .tell = tell,
        .context = run,
    };
    bool probing = false;
    int64_t deadline = sp_mono_ms(run->env->clock) + SEAT_PATIENCE_MS;
    if (!sp_ways_check_sit(run->env->ways, run->index, deadline, &probing)) {
        say(run, SP_STAGE_NONE, SP_FINDING_FAILED, "Method",
            "All its connections are in use by scans; check it again later.");
        return false;
    }
    sp_ways_check(run->env->ways, run->index, &walk, &report);
    if (!proves_nothing(&report))
        learn(run, &report, NULL, 0);
    sp_ways_check_stand(run->env->ways, run->index, probing);
    return report.diagnosis.class_ == SP_CLASS_OK;
}

/* --- the test mail --- */

static bool
tell_sent(struct run *run, const struct sp_report *report)
{
    struct sp_finding finding = { SP_STAGE_MESSAGE, SP_FINDING_OK, "Test mail", "", "", report->reply };
    char text[2 * 256];
    if (report->accepted) {
        (void)sp_text_format(text, sizeof text,
                             "Microsoft accepted a test mail for %s. Look whether it is in the inbox, or in Junk: "
                             "that is what accepted does not say.",
                             run->order.send_to);
    } else if (report->maybe_sent) {
        finding.outcome = SP_FINDING_UNPROVEN;
        (void)sp_text_format(text, sizeof text,
                             "A test mail for %s was handed over, and the answer never came: it may have arrived.",
                             run->order.send_to);
    } else {
        const struct sp_report_recipient *one = report->recipients;
        const struct sp_diagnosis *diagnosis = one->refused ? &one->diagnosis : &report->diagnosis;
        const struct sp_walk walk = { .tell = tell, .context = run };
        sp_walk_tell_refusal(&walk, report->stage, diagnosis, one->refused ? one->reply : report->reply);
        return false;
    }
    finding.text = text;
    tell(run, &finding);
    return report->accepted;
}

static bool
send_mail(struct run *run)
{
    const struct sp_budget_load load = { .recipients = 1 };
    struct sp_report_recipient recipient = { 0 };
    struct sp_report report = { .recipients = &recipient, .n_recipients = 1 };
    struct sp_check_mail mail;
    struct sp_seat seat;
    size_t counted = 0;
    int64_t deadline = sp_mono_ms(run->env->clock) + SEAT_PATIENCE_MS;
    enum sp_seating seating = SP_SEAT_NONE;
    while (seating == SP_SEAT_NONE && sp_ms_left(run->env->clock, deadline) > 0) /* each waits a moment */
        seating = sp_ways_sit(run->env->ways, run->index, &load, &seat);
    if (seating != SP_SEAT_TAKEN) {
        say(run, SP_STAGE_MESSAGE, SP_FINDING_FAILED, "Test mail",
            "No test mail was sent: scans use all that this mailbox may send just now. Try again later.");
        return false;
    }
    sp_check_mail_make(&mail, run->method, run->tenant, run->env->settings->gateway.hostname, run->order.id,
                       run->order.send_to, sp_wall_ms(run->env->clock));
    sp_ways_deliver(run->env->ways, run->index, &mail.message, &report);
    const char *identity = sp_ways_counted_for(run->env->ways, run->index);
    bool counts = sp_ways_stand(run->env->ways, &seat, &report, &counted);
    learn(run, &report, counts ? identity : NULL, counted);
    return tell_sent(run, &report);
}

/* --- one after the other --- */

static bool
find_method(struct run *run)
{
    const struct sp_settings *settings = run->env->settings;
    run->method = sp_settings_method(settings, run->order.method);
    run->tenant = run->method != NULL ? sp_settings_tenant(settings, run->method->tenant) : NULL;
    run->index = run->method != NULL ? (size_t)(run->method - settings->methods) : 0;
    return run->tenant != NULL && run->index < SP_PLAN_MAX;
}

static bool
check(struct run *run)
{
    char text[400];
    if (!find_method(run)) {
        say(run, SP_STAGE_NONE, SP_FINDING_FAILED, "Method", "The configuration has no such method any more.");
        return false;
    }
    const char *closed = sp_ways_closed(run->env->ways, run->index);
    if (closed != NULL) {
        (void)sp_text_format(text, sizeof text, "It cannot be used: %s.", closed);
        say(run, SP_STAGE_NONE, SP_FINDING_FAILED, "Method", text);
        return false;
    }
    return walk(run) && (run->order.send_to[0] == '\0' || send_mail(run));
}

static void
check_all(struct sp_checker *checker, struct sp_db *db)
{
    struct run run = { .env = &checker->env };
    struct sp_err err = { 0 };
    enum sp_rc rc = SP_OK;
    while (!sp_ways_stopping(checker->env.ways) && (rc = sp_check_next(db, &run.order, &err)) == SP_OK) {
        rc = move(&run, NULL);
        if (rc == SP_E_CONFLICT)
            continue;
        if (rc != SP_OK)
            return;
        bool well = check(&run);
        sp_info(checker->env.log, "check %s: %s %s", run.order.id, run.order.method, well ? "works" : "does not work");
        (void)move(&run, well ? "ok" : "failed");
        sp_wake(checker->env.gateway_wake_fd);
    }
    if (rc != SP_OK && rc != SP_E_NOTFOUND)
        sp_error(checker->env.log, "checks cannot be read: %s", err.text);
}

static void *
checker_main(void *context)
{
    struct sp_checker *checker = context;
    struct sp_db *db = NULL;
    struct sp_err err = { 0 };
    if (sp_db_open(checker->env.settings->gateway.state_dir, DB_BUSY_MS, &db, &err) == SP_OK)
        check_all(checker, db);
    else
        sp_error(checker->env.log, "checks cannot be read: %s", err.text);
    sp_db_close(&db);
    pthread_mutex_lock(&checker->lock);
    checker->at_work = false;
    pthread_cond_signal(&checker->ended);
    pthread_mutex_unlock(&checker->lock);
    sp_wake(checker->env.done_fd); /* one that came just now is looked for again */
    return NULL;
}

/* --- start and end --- */

static enum sp_rc
recover_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const int64_t *now = context;
    return sp_check_recover(db, *now, err);
}

enum sp_rc
sp_checker_open(const struct sp_checker_env *env, struct sp_checker **ret, struct sp_err *err)
{
    int64_t now = sp_wall_ms(env->clock);
    enum sp_rc rc = sp_batch_run(env->batch, recover_in_batch, &now, err);
    if (rc != SP_OK)
        return rc;
    struct sp_checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL)
        return sp_fail(err, SP_E_NOMEM, "sender: out of memory");
    checker->env = *env;
    pthread_mutex_init(&checker->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&checker->ended, &attr);
    pthread_condattr_destroy(&attr);
    *ret = checker;
    return SP_OK;
}

static void
join(struct sp_checker *checker)
{
    if (checker->started)
        pthread_join(checker->thread, NULL);
    checker->started = false;
}

void
sp_checker_look(struct sp_checker *checker, struct sp_db *db)
{
    struct sp_check_order order;
    pthread_mutex_lock(&checker->lock);
    bool at_work = checker->at_work;
    pthread_mutex_unlock(&checker->lock);
    if (at_work || sp_check_next(db, &order, NULL) != SP_OK)
        return;
    join(checker);
    checker->at_work = true;
    checker->started = pthread_create(&checker->thread, NULL, checker_main, checker) == 0;
    if (!checker->started) {
        checker->at_work = false;
        sp_error(checker->env.log, "checks wait: cannot start a thread");
    }
}

static bool
wait_for_end(struct sp_checker *checker, int64_t patience_ms)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(patience_ms / 1000);
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&checker->lock);
    while (checker->at_work && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&checker->ended, &checker->lock, &until);
    bool ended = !checker->at_work;
    pthread_mutex_unlock(&checker->lock);
    return ended;
}

bool
sp_checker_close(struct sp_checker **place, int64_t patience_ms)
{
    struct sp_checker *checker = *place;
    if (checker == NULL)
        return true;
    if (!wait_for_end(checker, patience_ms))
        return false;
    join(checker);
    pthread_cond_destroy(&checker->ended);
    pthread_mutex_destroy(&checker->lock);
    free(checker);
    *place = NULL;
    return true;
}
