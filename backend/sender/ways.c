/* ways.c - the methods at run time, and their health; see ways.h. Seats and lines are in ways_seats.c. */
#include "backend/sender/ways.h"

#include <stdlib.h>
#include <string.h>

#include "backend/sender/ways_inside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

static void
restore(struct way *way, const struct sp_method_state *saved, bool renewed, int64_t now)
{
    way->health.state = (saved->state == SP_HEALTH_UP)       ? SP_WAY_UP
                        : saved->state == SP_HEALTH_UNPROVEN ? SP_WAY_UNPROVEN
                                                             : SP_WAY_DOWN;
    way->health.failures = saved->failures;
    way->health.since = saved->since;
    way->health.retry_at = saved->retry_at;
    way->health.proven_at = saved->proven_at;
    if (!sp_class_parse(saved->class_name, &way->health.class_))
        way->health.class_ = SP_CLASS_OK;
    (void)sp_text_copy(way->cause, sizeof way->cause, saved->cause);
    (void)sp_text_copy(way->reason, sizeof way->reason, saved->reason);
    (void)sp_text_copy(way->fix, sizeof way->fix, saved->fix);
    sp_health_clamp(&way->health, now);
    if (renewed)
        (void)sp_health_renew(&way->health, now);
}

static enum sp_rc
open_way(struct sp_ways *ways, const struct sp_method_settings *settings, const struct sp_method_state *saved,
         size_t n_saved, bool renewed, struct sp_err *err)
{
    struct way *way = &ways->way[ways->count++];
    way->settings = settings;
    way->method = ways->env.method_of != NULL ? ways->env.method_of(settings->type) : sp_method_of(settings->type);
    way->unable = way->method->unable(settings);
    if (way->method->limit != NULL)
        way->limit =
            way->method->limit(settings, sp_settings_tenant(ways->env.settings, settings->tenant), &way->limit_why);
    for (size_t i = 0; i < n_saved; i++)
        if (strcmp(saved[i].name, settings->name) == 0)
            restore(way, &saved[i], renewed, sp_wall_ms(ways->env.clock));
    enum sp_rc rc = sp_ways_add_purse(ways, way, err);
    if (rc != SP_OK || !settings->enabled || way->unable != NULL)
        return rc;
    return way->method->open(settings, &ways->env, &way->handle, err);
}

enum sp_rc
sp_ways_open(const struct sp_way_env *env, const struct sp_method_state *saved, size_t n_saved, bool renewed,
             struct sp_ways **ret, struct sp_err *err)
{
    struct sp_ways *ways = calloc(1, sizeof *ways);
    enum sp_rc rc = SP_OK;
    if (ways == NULL)
        return sp_fail(err, SP_E_NOMEM, "sender: out of memory");
    ways->env = *env;
    pthread_mutex_init(&ways->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ways->freed, &attr);
    pthread_condattr_destroy(&attr);
    for (size_t i = 0; rc == SP_OK && i < env->settings->n_methods && i < SP_PLAN_MAX; i++)
        rc = open_way(ways, &env->settings->methods[i], saved, n_saved, renewed, err);
    if (rc != SP_OK)
        sp_ways_close(&ways);
    else
        *ret = ways;
    return rc;
}

void
sp_ways_close(struct sp_ways **ways)
{
    struct sp_ways *w = *ways;
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->count; i++)
        if (w->way[i].handle != NULL)
            w->way[i].method->close(w->way[i].handle);
    for (size_t i = 0; i < w->n_purses; i++)
        sp_budget_free(&w->purse[i].budget);
    pthread_cond_destroy(&w->freed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *ways = NULL;
}

void
sp_ways_plan(struct sp_ways *ways, const struct sp_plan_job *job, const char (*tried)[SP_PLAN_REASON_SIZE], int64_t now,
             struct sp_ways_view *ret)
{
    const struct sp_budget_load load = { .recipients = job->n_recipients,
                                         .large = job->message_size >= SP_BUDGET_LARGE };
    pthread_mutex_lock(&ways->lock);
    for (size_t i = 0; i < ways->count; i++) {
        const struct way *way = &ways->way[i];
        (void)sp_text_copy(ret->reason[i], sizeof ret->reason[i], way->reason);
        ret->way[i] = (struct sp_plan_way){
            .settings = way->settings,
            .unable = way->unable,
            .limit = way->limit,
            .limit_why = way->limit_why,
            .health = way->health,
            .probing = way->probing,
            .tried = tried[i][0] != '\0' ? tried[i] : NULL,
            .reason = ret->reason[i],
        };
        sp_ways_look_at_room(ways, i, &load, now, ret);
    }
    pthread_mutex_unlock(&ways->lock);
    sp_plan_make(job, ret->way, ways->count, now, &ret->plan);
}

void
sp_ways_deliver(struct sp_ways *ways, size_t index, const struct sp_message *message, struct sp_report *report)
{
    const struct way *way = &ways->way[index];
    way->method->deliver(way->handle, message, report);
}

/* --- health --- */

static void
describe(struct way *way, const struct sp_diagnosis *diagnosis)
{
    (void)sp_text_copy(way->cause, sizeof way->cause, diagnosis->cause != NULL ? diagnosis->cause : "");
    (void)sp_text_copy(way->reason, sizeof way->reason, diagnosis->summary);
    (void)sp_text_copy(way->fix, sizeof way->fix, diagnosis->fix);
}

static void
forget_trouble(struct way *way)
{
    way->cause[0] = way->reason[0] = way->fix[0] = '\0';
}

static enum sp_health_state
stored_state(const struct sp_health *health)
{
    switch (health->state) {
    case SP_WAY_UNPROVEN:
        return SP_HEALTH_UNPROVEN;
    case SP_WAY_UP:
        return SP_HEALTH_UP;
    case SP_WAY_DOWN:
        return SP_HEALTH_DOWN;
    case SP_WAY_HALF_OPEN:
        return SP_HEALTH_HALF_OPEN;
    }
    return SP_HEALTH_UNPROVEN;
}

static void
store(const struct way *way, struct sp_method_state *ret)
{
    *ret = (struct sp_method_state){
        .state = stored_state(&way->health),
        .since = way->health.since,
        .retry_at = way->health.retry_at,
        .failures = way->health.failures,
        .proven_at = way->health.proven_at,
    };
    (void)sp_text_copy(ret->name, sizeof ret->name, way->settings->name);
    if (way->health.class_ != SP_CLASS_OK)
        (void)sp_text_copy(ret->class_name, sizeof ret->class_name, sp_class_name(way->health.class_));
    (void)sp_text_copy(ret->cause, sizeof ret->cause, way->cause);
    (void)sp_text_copy(ret->reason, sizeof ret->reason, way->reason);
    (void)sp_text_copy(ret->fix, sizeof ret->fix, way->fix);
}

/* A refusal of one recipient can be the way's own ("banned sending IP" comes at RCPT TO). */
static const struct sp_diagnosis *
about_the_way(const struct sp_report *report)
{
    if (report->accepted || report->diagnosis.scope == SP_SCOPE_METHOD)
        return &report->diagnosis;
    for (size_t i = 0; i < report->n_recipients; i++)
        if (report->recipients[i].refused && report->recipients[i].diagnosis.scope == SP_SCOPE_METHOD)
            return &report->recipients[i].diagnosis;
    return &report->diagnosis;
}

static void
learn(struct way *way, const struct sp_report *report, int64_t now)
{
    const struct sp_diagnosis *diagnosis = about_the_way(report);
    if (report->accepted)
        sp_health_accepted(&way->health, now);
    else if (diagnosis->class_ == SP_CLASS_OK) /* a walk that went well */
        (void)sp_health_walked(&way->health, now);
    else if (!report->maybe_sent && sp_health_failed(&way->health, diagnosis, report->stage, now) &&
             diagnosis->scope == SP_SCOPE_METHOD)
        describe(way, diagnosis);
    if (way->health.state == SP_WAY_UP || way->health.state == SP_WAY_UNPROVEN)
        forget_trouble(way);
}

void
sp_ways_learn(struct sp_ways *ways, size_t index, const struct sp_report *report, int64_t now,
              struct sp_method_state *ret_state, bool *ret_changed, bool *ret_came_back)
{
    struct way *way = &ways->way[index];
    pthread_mutex_lock(&ways->lock);
    struct sp_health before = way->health;
    learn(way, report, now);
    bool was_shut = before.state == SP_WAY_DOWN || before.state == SP_WAY_HALF_OPEN;
    bool is_open = way->health.state == SP_WAY_UP || way->health.state == SP_WAY_UNPROVEN ||
                   (way->health.state == SP_WAY_DOWN && way->health.retry_at <= now);
    *ret_changed = before.state != way->health.state || before.retry_at != way->health.retry_at ||
                   before.failures != way->health.failures || before.proven_at == 0;
    *ret_came_back = was_shut && is_open;
    store(way, ret_state);
    pthread_mutex_unlock(&ways->lock);
}
