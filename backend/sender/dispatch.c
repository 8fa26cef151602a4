/* dispatch.c - which job next, and how long to sleep until there is one; see sender.h.
 *
 * Jobs are handed out by turns between their sources: first those that stand in a line that moves, then those that are
 * due and were not looked at yet. A job that was handed out is `in hand` until its worker is done, so that nobody gets
 * it twice; the claim in the database would refuse a second one anyway. */
#include "backend/sender/sender_inside.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "db/batch.h"

enum { DB_TROUBLE_PAUSE_MS = 2000, HOUR_MS = 3600000 };

/* --- a clock that was wrong --- */

/* Nothing is ever put off for longer: not by retry.max, and not by the rest of a method that is down. */
static int64_t
longest_wait(const struct sender *s)
{
    static const int64_t longest_rest = 25200000; /* seven hours */
    int64_t most = s->options->settings->retry.max_ms * 2;
    return most > longest_rest ? most : longest_rest;
}

struct clamp {
    int64_t now, latest;
    size_t changed;
};

static enum sp_rc
clamp_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    struct clamp *clamp = context;
    return sp_queue_clamp(db, clamp->now, clamp->latest, &clamp->changed, err);
}

/* A clock that was set back leaves jobs waiting for a time that may be years away. Looked at when this process begins,
 * and whenever the wall's clock has lost against the monotonic one. */
static enum sp_rc
look_at_clock(struct sender *s, struct sp_err *err)
{
    enum { STEP_MS = 10000 };
    struct clamp clamp = { .now = sp_wall_ms(s->options->clock) };
    int64_t lead = clamp.now - sp_mono_ms(s->options->clock);
    bool set_back = lead < s->clock_lead - STEP_MS;
    if (set_back || lead > s->clock_lead)
        s->clock_lead = lead;
    if (!set_back)
        return SP_OK;
    clamp.latest = clamp.now + longest_wait(s);
    enum sp_rc rc = sp_batch_run(s->batch, clamp_in_batch, &clamp, err);
    if (rc == SP_OK && clamp.changed > 0)
        sp_warn(s->options->log, "the clock was set back: %zu job(s) that waited for a later time are due now",
                clamp.changed);
    return rc;
}

/* --- handing out --- */

static bool
in_hand(const struct sender *s, const char *id)
{
    for (size_t i = 0; i < s->n_workers; i++)
        if (strcmp(s->workers[i].id, id) == 0)
            return true;
    return false;
}

static bool
hand_out(struct sender *s, const char *id)
{
    bool handed = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_workers && !handed && !in_hand(s, id); i++) {
        if (s->workers[i].id[0] != '\0' || s->workers[i].spare)
            continue;
        memcpy(s->workers[i].id, id, sizeof s->workers[i].id);
        s->n_busy++;
        handed = true;
        pthread_cond_broadcast(&s->handed_out);
    }
    pthread_mutex_unlock(&s->lock);
    return handed;
}

static size_t
count_free(struct sender *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->n_workers - s->n_busy - s->opening_spare;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Hands out at most `places` jobs of a line. Looks at a few more, because some are in hand already. *ret_some: somebody
 * stands in it. */
static enum sp_rc
serve(struct sender *s, const char *line, struct sp_turn *turn, size_t places, bool *ret_some, struct sp_err *err)
{
    struct sp_due due[2 * SP_WORKERS_MAX];
    size_t n = 0, room = places + s->n_workers;
    enum sp_rc rc = sp_queue_due(s->db, line, sp_wall_ms(s->options->clock), turn,
                                 room < SP_LEN(due) ? room : SP_LEN(due), due, &n, err);
    for (size_t i = 0; rc == SP_OK && i < n && places > 0; i++) {
        if (!hand_out(s, due[i].id))
            continue;
        *turn = due[i].from;
        places--;
    }
    *ret_some = rc == SP_OK && n > 0;
    return rc;
}

struct leave {
    const char *line;
    int64_t now;
};

static enum sp_rc
leave_in_batch(struct sp_db *db, void *context, struct sp_err *err)
{
    struct leave *leave = context;
    return sp_queue_leave_line(db, leave->line, leave->now, err);
}

static enum sp_rc
leave_line(struct sender *s, const char *line, struct sp_err *err)
{
    struct leave leave = { line, sp_wall_ms(s->options->clock) };
    return sp_batch_run(s->batch, leave_in_batch, &leave, err);
}

/* *ret_at: when the line moves again, 0 when that is not a matter of time. */
static enum sp_rc
serve_line(struct sender *s, size_t line, int64_t *ret_at, struct sp_err *err)
{
    char name[SP_LINE_NAME_SIZE];
    size_t places = 0;
    bool some = false;
    enum sp_rc rc = SP_OK;
    enum sp_line state = sp_ways_line(s->ways, line, &places, ret_at);
    sp_ways_line_name(s->ways, line, name);
    switch (state) {
    case SP_LINE_EMPTY:
    case SP_LINE_STANDS:
        return SP_OK;
    case SP_LINE_SEATS:
        s->line_for_seats = line % 2 == 0 ? line : s->line_for_seats; /* large ones have no seat to wait for */
        return SP_OK;
    case SP_LINE_CLOSED:
        sp_ways_line_emptied(s->ways, line);
        return leave_line(s, name, err);
    case SP_LINE_MOVES:
        sp_ways_line_emptied(s->ways, line);
        rc = serve(s, name, &s->turn[line], places, &some, err);
        if (some || rc != SP_OK)
            sp_ways_line_joined(s->ways, line);
        return rc;
    }
    return rc;
}

static enum sp_rc
serve_lines(struct sender *s, struct sp_err *err)
{
    size_t n = sp_ways_lines(s->ways);
    enum sp_rc rc = SP_OK;
    s->line_moves_at = 0;
    s->line_for_seats = SP_LINES_MAX;
    for (size_t i = 0; rc == SP_OK && i < n; i++) {
        int64_t at = 0;
        rc = serve_line(s, (s->first_line + i) % n, &at, err);
        if (at != 0 && (s->line_moves_at == 0 || at < s->line_moves_at))
            s->line_moves_at = at;
    }
    s->first_line++;
    return rc;
}

/* Workers wait for a connection in the order in which they came. Where all connections are in use by then, only those
 * who are merely due would ever come to that, and a line would stand as long as there are any: so the line has every
 * other free worker. With nobody due it waits for a connection, at no cost. */
static enum sp_rc
serve_beside(struct sender *s, size_t n_free, struct sp_err *err)
{
    struct sp_due due;
    char name[SP_LINE_NAME_SIZE];
    size_t n = 0, share = (n_free + s->first_line % 2) / 2; /* of a single one: every other time */
    bool some = false;
    if (s->line_for_seats == SP_LINES_MAX || share == 0)
        return SP_OK;
    enum sp_rc rc = sp_queue_due(s->db, "", sp_wall_ms(s->options->clock), &s->turn[SP_LINES_MAX], 1, &due, &n, err);
    if (rc != SP_OK || n == 0)
        return rc;
    sp_ways_line_name(s->ways, s->line_for_seats, name);
    return serve(s, name, &s->turn[s->line_for_seats], share, &some, err);
}

/* A worker that has nothing to do opens a spare connection, where one is wanted. One at a time will do. */
static void
hand_out_spare(struct sender *s)
{
    size_t way = 0;
    pthread_mutex_lock(&s->lock);
    size_t n_jobs = s->n_busy;
    bool may = !s->opening_spare && s->n_busy < s->n_workers;
    pthread_mutex_unlock(&s->lock);
    if (!may || !sp_ways_spare_sit(s->ways, n_jobs, &way))
        return;
    pthread_mutex_lock(&s->lock);
    struct worker *worker = s->workers; /* only this thread hands out: there still is one */
    while (worker->id[0] != '\0')
        worker++;
    worker->spare = true;
    worker->way = way;
    s->opening_spare = true;
    pthread_cond_broadcast(&s->handed_out);
    pthread_mutex_unlock(&s->lock);
}

enum sp_rc
sp_dispatch(struct sender *s, struct sp_err *err)
{
    bool some = false;
    if (count_free(s) == 0)
        return SP_OK;
    enum sp_rc rc = look_at_clock(s, err);
    if (rc == SP_OK)
        rc = serve_lines(s, err);
    if (rc == SP_OK)
        rc = serve_beside(s, count_free(s), err);
    size_t n_free = count_free(s);
    if (rc == SP_OK && n_free > 0)
        rc = serve(s, "", &s->turn[SP_LINES_MAX], n_free, &some, err);
    if (rc == SP_OK)
        hand_out_spare(s);
    return rc;
}

/* --- sleeping --- */

static int
shorter(int a, int64_t b)
{
    if (b < 0)
        b = 0;
    if (b > HOUR_MS)
        b = HOUR_MS;
    return a < 0 || b < a ? (int)b : a;
}

/* How long to sleep, -1: until woken. Jobs that are due and in hand, or that find no free worker, are looked at again
 * when a worker ends. */
static int
time_to_sleep(struct sender *s)
{
    struct sp_err err = { 0 };
    int64_t due = 0, now = sp_wall_ms(s->options->clock), tidy = sp_ways_tidy(s->ways);
    int timeout = -1;
    if (tidy != 0)
        timeout = shorter(timeout, tidy - sp_mono_ms(s->options->clock));
    if (s->line_moves_at != 0)
        timeout = shorter(timeout, s->line_moves_at - sp_mono_ms(s->options->clock));
    if (sp_queue_next_due(s->db, &due, &err) != SP_OK)
        return shorter(timeout, DB_TROUBLE_PAUSE_MS);
    if (due > now)
        timeout = shorter(timeout, due - now);
    return timeout;
}

/* true: go on; false: stop. */
static bool
sleep_until_something(struct sender *s, int timeout)
{
    struct pollfd fds[] = {
        { .fd = s->options->wake_fd, .events = POLLIN },
        { .fd = s->done_fd, .events = POLLIN },
        { .fd = s->options->stop_fd, .events = POLLIN },
        { .fd = s->options->life_fd, .events = POLLIN },
        { .fd = s->options->alive != NULL ? s->options->ask_fd : -1, .events = POLLIN },
    };
    int n = poll(fds, SP_LEN(fds), timeout);
    if (n < 0 && errno != EINTR)
        return false;
    if (fds[0].revents != 0)
        sp_wake_drain(s->options->wake_fd);
    if (fds[1].revents != 0)
        sp_wake_drain(s->done_fd);
    if (fds[4].revents != 0 && s->options->alive != NULL) {
        sp_wake_drain(s->options->ask_fd);
        s->options->alive(s->options->alive_context);
    }
    return n <= 0 || (fds[2].revents == 0 && fds[3].revents == 0);
}

bool
sp_dispatch_sleep(struct sender *s, bool trouble)
{
    return sleep_until_something(s, trouble ? DB_TROUBLE_PAUSE_MS : time_to_sleep(s));
}
