/* sender.c - start, workers, end; see sender.h. Handing out is in dispatch.c.
 *
 *   dispatcher   the thread that called sp_sender_run: reads what is due, hands ids out, sleeps
 *   workers      twice as many as there are connections, at most SP_WORKERS_MAX, so that a message can be sent while
 *                another one is written down; each has a reading database connection
 *   batch        the one thread that writes (db/batch.h); claims and records of all workers share commits */
#include "backend/sender/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "backend/delivery/settle.h"
#include "backend/net/dns.h"
#include "backend/sender/check_run.h"
#include "backend/sender/errand.h"
#include "backend/sender/sender_inside.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "db/batch.h"
#include "db/budget_use.h"
#include "db/changes.h"
#include "db/db.h"
#include "db/queue.h"
#include "db/spool.h"

enum {
    LOCK_PATIENCE_MS = 30000,
    LOCK_PAUSE_MS = 20,
    DB_BUSY_MS = 10000,
    BREAK_OFF_MS = 500, /* a walk may break off anywhere, and so may a spare connection */
};

/* --- workers --- */

static void
run_errand(struct worker *worker, const char *id)
{
    struct sender *s = worker->sender;
    const struct sp_errand_env env = {
        .hold = &worker->hold,
        .settings = s->options->settings,
        .clock = s->options->clock,
        .log = s->options->log,
        .ways = s->ways,
        .spool = s->spool,
        .batch = s->batch,
        .db = worker->db,
        .gateway_wake_fd = s->options->gateway_wake_fd,
        .large_fd = s->done_fd, /* a spare connection may be wanted */
    };
    bool ok = sp_errand_run(&env, id);
    pthread_mutex_lock(&s->lock);
    worker->id[0] = '\0';
    s->n_busy--;
    s->db_trouble |= !ok;
    pthread_cond_signal(&s->ended);
    pthread_mutex_unlock(&s->lock);
    sp_wake(s->done_fd);
}

static void
open_spare(struct worker *worker)
{
    struct sender *s = worker->sender;
    sp_ways_spare_open(s->ways, worker->way);
    pthread_mutex_lock(&s->lock);
    worker->spare = false;
    s->opening_spare = false;
    pthread_cond_signal(&s->ended);
    pthread_mutex_unlock(&s->lock);
    sp_wake(s->done_fd);
}

static void *
worker_main(void *context)
{
    struct worker *worker = context;
    struct sender *s = worker->sender;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (worker->id[0] == '\0' && !worker->spare && !s->stopping)
            pthread_cond_wait(&s->handed_out, &s->lock);
        if (worker->id[0] == '\0' && !worker->spare)
            break;
        char id[27];
        bool spare = worker->spare;
        memcpy(id, worker->id, sizeof id);
        pthread_mutex_unlock(&s->lock);
        if (spare)
            open_spare(worker);
        else
            run_errand(worker, id);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static enum sp_rc
start_workers(struct sender *s, struct sp_err *err)
{
    size_t wanted = sp_ways_connections(s->ways);
    wanted = wanted < 1 ? 1 : 2 * wanted > SP_WORKERS_MAX ? SP_WORKERS_MAX : 2 * wanted;
    for (size_t i = 0; i < wanted; i++) {
        struct worker *worker = &s->workers[i];
        worker->sender = s;
        enum sp_rc rc = sp_db_open(s->options->settings->gateway.state_dir, DB_BUSY_MS, &worker->db, err);
        if (rc != SP_OK)
            return rc;
        int trouble = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (trouble != 0)
            return sp_fail(err, SP_E_IO, "sender: cannot start a thread: %s", strerror(trouble));
        worker->started = true;
        s->n_workers++;
    }
    return SP_OK;
}

static bool
take_db_trouble(struct sender *s)
{
    pthread_mutex_lock(&s->lock);
    bool trouble = s->db_trouble;
    s->db_trouble = false;
    pthread_mutex_unlock(&s->lock);
    return trouble;
}

static void
work(struct sender *s)
{
    for (;;) {
        struct sp_err err = { 0 };
        bool trouble = take_db_trouble(s);
        if (!trouble && sp_dispatch(s, &err) != SP_OK) {
            sp_error(s->options->log, "cannot read what is due: %s", err.text);
            trouble = true;
        }
        sp_checker_look(s->checker, s->db);
        if (!sp_dispatch_sleep(s, trouble))
            return;
    }
}

/* --- start and end --- */

/* Never two senders: a predecessor that is still ending its last message is waited for. */
static enum sp_rc
take_lock(struct sender *s, struct sp_err *err)
{
    const char *dir = s->options->settings->gateway.state_dir;
    SP_AUTO_CLOSE int dir_fd = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, dir, &dir_fd, err);
    for (int waited = 0; rc == SP_OK; waited += LOCK_PAUSE_MS) {
        rc = sp_io_lock(dir_fd, "sender.lock", 0660, &s->lock_fd, err);
        if (rc != SP_E_BUSY || waited >= LOCK_PATIENCE_MS)
            return rc;
        struct pollfd stop[] = { { .fd = s->options->stop_fd, .events = POLLIN },
                                 { .fd = s->options->life_fd, .events = POLLIN } };
        if (poll(stop, SP_LEN(stop), LOCK_PAUSE_MS) > 0)
            return rc;
        rc = SP_OK;
    }
    return rc;
}

struct recovery {
    const struct sender *sender;
    int64_t now, only_until;
    size_t count;
};

/* What a crash left is settled; and with new secrets, what waits for a method need not wait any longer. */
static enum sp_rc
recover_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    struct recovery *recovery = context;
    const struct sp_settings *settings = recovery->sender->options->settings;
    enum sp_rc rc = sp_queue_recover(db, recovery->now, recovery->only_until, &recovery->count, err);
    if (rc == SP_OK)
        rc = sp_queue_leave_line(db, NULL, recovery->now, err); /* lines are made anew, in turn */
    for (size_t i = 0; rc == SP_OK && recovery->sender->options->renewed && i < settings->n_tenants; i++)
        rc = sp_queue_release(db, settings->tenants[i].name, recovery->now, err);
    return rc;
}

static enum sp_rc
recover(struct sender *s, struct sp_err *err)
{
    int64_t now = sp_wall_ms(s->options->clock);
    struct recovery recovery = { s, now, now + SP_UNKNOWN_SAME_METHOD_MS, 0 };
    enum sp_rc rc = sp_batch_run(s->batch, recover_in_batch, &recovery, err);
    if (rc == SP_OK && recovery.count > 0)
        sp_warn(s->options->log,
                "%zu job(s) were being sent when the last sender ended: unknown whether they arrived, "
                "sending again by the same method",
                recovery.count);
    return rc;
}

static void
restore_use(void *context, const char *identity, int64_t at, size_t recipients)
{
    sp_ways_restore_use(context, identity, at, recipients);
}

static enum sp_rc
open_ways(struct sender *s, struct sp_err *err)
{
    struct sp_method_state *saved = calloc(SP_PLAN_MAX, sizeof *saved);
    size_t n = 0;
    const struct sp_way_env env = {
        .settings = s->options->settings,
        .clock = s->options->clock,
        .log = s->options->log,
        .dns = s->dns,
        .timeout_ms = s->options->timeout_ms,
        .method_of = s->options->method_of,
    };
    if (saved == NULL)
        return sp_fail(err, SP_E_NOMEM, "sender: out of memory");
    enum sp_rc rc = sp_method_states_load(s->db, saved, SP_PLAN_MAX, &n, err);
    if (rc == SP_OK)
        rc = sp_ways_open(&env, saved, n, s->options->renewed, &s->ways, err);
    free(saved);
    if (rc == SP_OK)
        rc = sp_budget_use_each(s->db, sp_wall_ms(s->options->clock), restore_use, s->ways, err);
    return rc;
}

static enum sp_rc
open_checker(struct sender *s, struct sp_err *err)
{
    const struct sp_checker_env env = {
        .settings = s->options->settings,
        .clock = s->options->clock,
        .log = s->options->log,
        .ways = s->ways,
        .batch = s->batch,
        .done_fd = s->done_fd,
        .gateway_wake_fd = s->options->gateway_wake_fd,
    };
    return sp_checker_open(&env, &s->checker, err);
}

static enum sp_rc
sender_open(struct sender *s, const struct sp_sender_options *options, struct sp_err *err)
{
    const struct sp_gateway_settings *gateway = &options->settings->gateway;
    *s = (struct sender){ .options = options, .lock_fd = -1, .done_fd = -1, .clock_lead = INT64_MAX };
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->handed_out, NULL);
    pthread_cond_init(&s->ended, NULL);
    s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->done_fd < 0)
        return sp_fail_errno(err, "sender: eventfd");
    enum sp_rc rc = take_lock(s, err);
    if (rc == SP_OK)
        rc = sp_db_open(gateway->state_dir, DB_BUSY_MS, &s->db, err);
    if (rc == SP_OK)
        rc = sp_batch_open(gateway->state_dir, &s->batch, err);
    if (rc == SP_OK) {
        sp_db_tell_changes(s->db, options->changes_fd);
        sp_batch_tell_changes(s->batch, options->changes_fd);
    }
    if (rc == SP_OK)
        rc = sp_spool_open(gateway->state_dir, &s->spool, err);
    if (rc == SP_OK)
        rc = sp_dns_new(gateway->resolver, options->clock, &s->dns, err);
    if (rc == SP_OK)
        rc = recover(s, err);
    if (rc == SP_OK)
        rc = open_ways(s, err);
    if (rc == SP_OK)
        rc = open_checker(s, err);
    return rc == SP_OK ? start_workers(s, err) : rc;
}

static struct timespec
moment_in(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

static bool
wait_for_workers(struct sender *s)
{
    struct timespec until = moment_in(s->options->patience_ms);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->handed_out);
    int rc = 0;
    while (s->n_busy > 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
    bool all = s->n_busy == 0;
    pthread_mutex_unlock(&s->lock);
    return all;
}

/* Nobody needs it any more. */
static bool
wait_for_spare(struct sender *s)
{
    struct timespec until = moment_in(BREAK_OFF_MS);
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    while (s->opening_spare && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
    bool ended = !s->opening_spare;
    pthread_mutex_unlock(&s->lock);
    return ended;
}

/* --- what could not be ended in time --- */

struct return_ {
    struct worker *worker;
    char id[27];
    int64_t now;
};

static enum sp_rc
give_back_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct return_ *what = context;
    int64_t use_row = what->worker->hold.use_row;
    enum sp_rc rc = sp_queue_unclaim(db, what->id, what->now, err);
    return rc == SP_OK && use_row != 0 ? sp_budget_use_undo(db, use_row, err) : rc;
}

static bool
give_back(struct sender *s, struct worker *worker, const char *id)
{
    struct sp_err err = { 0 };
    struct return_ what = { .worker = worker, .now = sp_wall_ms(s->options->clock) };
    memcpy(what.id, id, sizeof what.id);
    enum sp_rc rc = sp_batch_run(s->batch, give_back_in_batch, &what, &err);
    if (rc == SP_OK)
        sp_notice(s->options->log, "job %s: stopped before it was handed over, it is sent at the next start", id);
    else if (rc != SP_E_CONFLICT) /* then it had not been claimed */
        sp_error(s->options->log, "job %s: cannot be given back: %s", id, err.text);
    return rc == SP_OK || rc == SP_E_CONFLICT;
}

/* Closes the point of no return of every attempt that did not pass it yet: those were not sent, and that is written
 * down. Returns how many passed it, and still wait for their answer. */
static size_t
break_off(struct sender *s)
{
    size_t under_way = 0;
    for (size_t i = 0; i < s->n_workers; i++) {
        struct worker *worker = &s->workers[i];
        char id[27];
        pthread_mutex_lock(&s->lock);
        memcpy(id, worker->id, sizeof id);
        pthread_mutex_unlock(&s->lock);
        if (id[0] != '\0' && (!sp_point_close(&worker->hold.point) || !give_back(s, worker, id)))
            under_way++;
    }
    return under_way;
}

static void
sender_close(struct sender *s)
{
    for (size_t i = 0; i < s->n_workers; i++) {
        pthread_join(s->workers[i].thread, NULL);
        sp_db_close(&s->workers[i].db);
    }
    sp_ways_close(&s->ways);
    sp_dns_free(&s->dns);
    sp_spool_close(&s->spool);
    sp_batch_close(&s->batch);
    sp_db_close(&s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->done_fd >= 0)
        close(s->done_fd);
}

enum sp_rc
sp_sender_run(const struct sp_sender_options *options, struct sp_err *err)
{
    struct sender *s = calloc(1, sizeof *s);
    if (s == NULL)
        return sp_fail(err, SP_E_NOMEM, "sender: out of memory");
    enum sp_rc rc = sender_open(s, options, err);
    if (rc == SP_OK) {
        sp_info(options->log, "ready, %zu worker(s)", s->n_workers);
        if (options->alive != NULL)
            options->alive(options->alive_context);
        work(s);
    }
    if (s->ways != NULL)
        sp_ways_stop(s->ways);
    if (!wait_for_workers(s)) /* their threads still use s: it stays until the process ends, now */
        return sp_fail(err, SP_E_BUSY, "%zu message(s) handed over wait for their answer after %lld ms", break_off(s),
                       (long long)options->patience_ms);
    if (!sp_checker_close(&s->checker, BREAK_OFF_MS))
        return sp_fail(err, SP_E_BUSY, "a check is still under way");
    if (!wait_for_spare(s))
        return sp_fail(err, SP_E_BUSY, "a spare connection is still being opened");
    sender_close(s);
    free(s);
    return rc;
}
