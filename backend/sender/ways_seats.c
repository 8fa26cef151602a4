/* ways_seats.c - who may send now, and who has to stand in line; see ways.h.
 *
 * Connections that are kept idle belong to a budget too: of several ways of one mailbox only the one that sent last
 * keeps any, and the others shed theirs before the next opens one. So a mailbox never has more connections than its
 * limit says. */
#include "backend/sender/ways_inside.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

enum { SEAT_PATIENCE_MS = 200 };

/* --- purses --- */

static struct sp_budget_limits
limits_of(const struct sp_method_settings *method)
{
    return (struct sp_budget_limits){ method->connections, method->rate, method->per_day };
}

static struct purse *
find_purse(struct sp_ways *ways, const char *identity)
{
    for (size_t i = 0; i < ways->n_purses; i++)
        if (strcasecmp(ways->purse[i].identity, identity) == 0)
            return &ways->purse[i];
    return NULL;
}

enum sp_rc
sp_ways_add_purse(struct sp_ways *ways, struct way *way, struct sp_err *err)
{
    const char *identity = sp_method_identity(ways->env.settings, way->settings);
    struct sp_budget_limits limits = limits_of(way->settings);
    way->purse = find_purse(ways, identity);
    bool ok = true;
    if (way->purse == NULL) {
        way->purse = &ways->purse[ways->n_purses++];
        way->purse->identity = identity;
        way->purse->budget = sp_budget_new(&limits);
        ok = way->purse->budget != NULL;
    } else if (way->settings->enabled) {
        ok = sp_budget_narrow(way->purse->budget, &limits);
    }
    way->purse->n_ways++;
    return ok ? SP_OK : sp_fail(err, SP_E_NOMEM, "sender: out of memory");
}

size_t
sp_ways_connections(const struct sp_ways *ways)
{
    size_t sum = 0;
    for (size_t p = 0; p < ways->n_purses; p++) {
        bool used = false;
        for (size_t i = 0; i < ways->count; i++)
            used |= ways->way[i].purse == &ways->purse[p] && ways->way[i].handle != NULL;
        sum += used ? sp_budget_limits(ways->purse[p].budget)->connections : 0;
    }
    return sum;
}

void
sp_ways_restore_use(struct sp_ways *ways, const char *identity, int64_t at, size_t recipients)
{
    struct purse *purse = find_purse(ways, identity);
    int64_t age = sp_wall_ms(ways->env.clock) - at, now = sp_mono_ms(ways->env.clock);
    if (purse != NULL)
        sp_budget_restore(purse->budget, now - (age > 0 ? age : 0), recipients, now);
}

const char *
sp_ways_counted_for(const struct sp_ways *ways, size_t index)
{
    const struct purse *purse = ways->way[index].purse;
    const struct sp_budget_limits *limits = sp_budget_limits(purse->budget);
    return limits->rate.count > 0 || limits->per_day > 0 ? purse->identity : NULL;
}

/* --- room, for a plan --- */

/* "14:05:09" */
static const char *
second_of(int64_t wall_ms, char buffer[SP_ISO_TIME_SIZE])
{
    sp_time_iso(wall_ms, buffer);
    buffer[19] = '\0';
    return buffer + 11;
}

static bool
say_busy(enum sp_room room, const struct sp_budget_limits *limits, int64_t at, char *words, size_t size)
{
    char second[SP_ISO_TIME_SIZE];
    switch (room) {
    case SP_ROOM_FREE:
    case SP_ROOM_SEATS:
    case SP_ROOM_LARGE:
        return false;
    case SP_ROOM_PACE:
        (void)sp_text_format(words, size, "it asked for fewer messages, next at %s UTC", second_of(at, second));
        return true;
    case SP_ROOM_RATE:
        (void)sp_text_format(words, size, "%u messages in %lld s, next at %s UTC", limits->rate.count,
                             (long long)(limits->rate.window_ms + 999) / 1000, second_of(at, second));
        return true;
    case SP_ROOM_DAY:
        (void)sp_text_format(words, size, "%u recipients in 24 hours, next at %s UTC", limits->per_day,
                             second_of(at, second));
        return true;
    }
    return false;
}

void
sp_ways_look_at_room(struct sp_ways *ways, size_t index, const struct sp_budget_load *load, int64_t now_wall,
                     struct sp_ways_view *view)
{
    struct sp_budget *budget = ways->way[index].purse->budget;
    int64_t now = sp_mono_ms(ways->env.clock), at = now;
    view->room[index] = sp_budget_room(budget, load, now, &at);
    view->way[index].not_before = now_wall + (at - now);
    if (say_busy(view->room[index], sp_budget_limits(budget), view->way[index].not_before, view->busy[index],
                 sizeof view->busy[index]))
        view->way[index].busy = view->busy[index];
}

/* --- seats --- */

void
sp_ways_wait_for_seat(struct sp_ways *ways, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&ways->freed, &ways->lock, &until);
}

/* A way whose time of being down is over is tried by exactly one. */
static bool
enter(struct sp_ways *ways, struct way *way)
{
    int64_t now = sp_wall_ms(ways->env.clock);
    sp_health_clamp(&way->health, now);
    (void)sp_health_wake(&way->health, now);
    if (ways->stopping || !sp_health_usable(&way->health, way->probing, now))
        return false;
    way->probing = way->health.state == SP_WAY_HALF_OPEN;
    return true;
}

/* The others keep no connections while this one sends. */
static void
shed_others(struct sp_ways *ways, size_t index)
{
    const struct purse *purse = ways->way[index].purse;
    for (size_t i = 0; i < ways->count; i++) {
        const struct way *other = &ways->way[i];
        if (i != index && other->purse == purse && other->handle != NULL && other->method->shed != NULL)
            other->method->shed(other->handle);
    }
}

/* Seats go to those who came first: waking is a race, and a source could lose it every time. */
struct waiter {
    struct waiter *next;
};

static void
queue_up(struct purse *purse, struct waiter *waiter)
{
    struct waiter **end = &purse->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = waiter;
}

static void
leave_queue(struct purse *purse, const struct waiter *waiter)
{
    struct waiter **at = &purse->first;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
}

/* The clock is the real one: threads wait by it, whatever a test tells about the time. */
static enum sp_room
room_within(struct sp_ways *ways, struct purse *purse, const struct sp_budget_load *load)
{
    int64_t deadline = sp_mono_ms(&sp_clock_system) + SEAT_PATIENCE_MS, at = 0;
    struct waiter waiter = { 0 };
    enum sp_room room = SP_ROOM_SEATS;
    queue_up(purse, &waiter);
    while (!ways->stopping) {
        int64_t left = deadline - sp_mono_ms(&sp_clock_system);
        room = sp_budget_room(purse->budget, load, sp_mono_ms(ways->env.clock), &at);
        bool not_our_turn = room == SP_ROOM_FREE && purse->first != &waiter;
        if ((room != SP_ROOM_SEATS && !not_our_turn) || left <= 0)
            break;
        sp_ways_wait_for_seat(ways, (int)left);
    }
    bool first = purse->first == &waiter;
    leave_queue(purse, &waiter);
    if (first)
        pthread_cond_broadcast(&ways->freed); /* the next one is first now */
    return room == SP_ROOM_FREE && !first ? SP_ROOM_SEATS : room;
}

enum sp_seating
sp_ways_sit(struct sp_ways *ways, size_t index, const struct sp_budget_load *load, struct sp_seat *ret)
{
    struct way *way = &ways->way[index];
    enum sp_seating seating = SP_SEAT_AGAIN;
    bool shared = false;
    pthread_mutex_lock(&ways->lock);
    enum sp_room room = room_within(ways, way->purse, load);
    if (room == SP_ROOM_SEATS || room == SP_ROOM_LARGE) {
        seating = SP_SEAT_NONE;
    } else if (room == SP_ROOM_FREE && enter(ways, way)) {
        seating = SP_SEAT_TAKEN;
        *ret = (struct sp_seat){ index, *load, sp_mono_ms(ways->env.clock), way->probing };
        sp_budget_begin(way->purse->budget, load, ret->began);
        ways->n_seated++;
        way->n_large += load->large;
        shared = way->purse->n_ways > 1 && way->purse->last != index;
        way->purse->last = index;
    }
    pthread_mutex_unlock(&ways->lock);
    if (shared)
        shed_others(ways, index);
    return seating;
}

/* Whether the other side saw that a message began. */
static bool
counts(const struct sp_report *report)
{
    return report->accepted || report->maybe_sent || report->stage == SP_STAGE_API ||
           (report->stage >= SP_STAGE_MAIL && report->stage <= SP_STAGE_MESSAGE);
}

static size_t
count_recipients(const struct sp_report *report)
{
    size_t accepted = 0;
    for (size_t i = 0; i < report->n_recipients; i++)
        accepted += report->recipients[i].accepted;
    return report->maybe_sent ? report->n_recipients : report->accepted ? accepted : 0;
}

static bool
says_too_many(const struct sp_report *report)
{
    if (!report->accepted && report->diagnosis.class_ == SP_CLASS_RATE_LIMITED)
        return true;
    for (size_t i = 0; i < report->n_recipients; i++)
        if (report->recipients[i].refused && report->recipients[i].diagnosis.class_ == SP_CLASS_RATE_LIMITED)
            return true;
    return false;
}

bool
sp_ways_stand(struct sp_ways *ways, const struct sp_seat *seat, const struct sp_report *report, size_t *ret_recipients)
{
    struct way *way = &ways->way[seat->way];
    struct sp_budget *budget = way->purse->budget;
    bool counted = report != NULL && counts(report);
    *ret_recipients = counted ? count_recipients(report) : 0;
    pthread_mutex_lock(&ways->lock);
    bool displaced = way->purse->last != seat->way;
    pthread_mutex_unlock(&ways->lock);
    if (displaced && way->method->shed != NULL)
        way->method->shed(way->handle);
    pthread_mutex_lock(&ways->lock);
    int64_t now = sp_mono_ms(ways->env.clock);
    sp_budget_end(budget, &seat->load, counted, *ret_recipients, now);
    ways->n_seated--;
    way->n_large -= seat->load.large;
    if (report != NULL && says_too_many(report))
        sp_budget_refused(budget, seat->began, report->retry_after_ms, now);
    else if (report != NULL && report->accepted)
        sp_budget_accepted(budget);
    if (seat->probing)
        way->probing = false;
    pthread_cond_broadcast(&ways->freed);
    pthread_mutex_unlock(&ways->lock);
    return counted;
}

void
sp_ways_stop(struct sp_ways *ways)
{
    pthread_mutex_lock(&ways->lock);
    ways->stopping = true;
    pthread_cond_broadcast(&ways->freed);
    pthread_mutex_unlock(&ways->lock);
}

bool
sp_ways_stopping(struct sp_ways *ways)
{
    pthread_mutex_lock(&ways->lock);
    bool stopping = ways->stopping;
    pthread_mutex_unlock(&ways->lock);
    return stopping;
}

/* --- lines --- */

size_t
sp_ways_lines(const struct sp_ways *ways)
{
    return 2 * ways->count;
}

size_t
sp_ways_line_of(size_t index, bool large)
{
    return 2 * index + large;
}

void
sp_ways_line_name(const struct sp_ways *ways, size_t line, char name[SP_LINE_NAME_SIZE])
{
    (void)sp_text_format(name, SP_LINE_NAME_SIZE, "%s%s", ways->way[line / 2].settings->name,
                         line % 2 != 0 ? " large" : ""); /* no name has a space */
}

static enum sp_line
look(const struct sp_ways *ways, const struct way *way, bool large, size_t *ret_places, int64_t *ret_at)
{
    int64_t now = sp_mono_ms(ways->env.clock);
    const struct sp_budget_load nothing = { 0, large };
    if (!sp_health_usable(&way->health, way->probing, sp_wall_ms(ways->env.clock)))
        return SP_LINE_CLOSED;
    *ret_places = sp_budget_places(way->purse->budget, large, now);
    if (*ret_places > 0)
        return SP_LINE_MOVES;
    return sp_budget_room(way->purse->budget, &nothing, now, ret_at) == SP_ROOM_SEATS ? SP_LINE_SEATS : SP_LINE_STANDS;
}

enum sp_line
sp_ways_line(struct sp_ways *ways, size_t line, size_t *ret_places, int64_t *ret_at)
{
    const struct way *way = &ways->way[line / 2];
    bool large = line % 2 != 0;
    enum sp_line state = SP_LINE_EMPTY;
    *ret_places = 0;
    *ret_at = 0;
    pthread_mutex_lock(&ways->lock);
    if (way->joined[large])
        state = look(ways, way, large, ret_places, ret_at);
    pthread_mutex_unlock(&ways->lock);
    return state;
}

static void
set_joined(struct sp_ways *ways, size_t line, bool joined)
{
    pthread_mutex_lock(&ways->lock);
    ways->way[line / 2].joined[line % 2] = joined;
    pthread_mutex_unlock(&ways->lock);
}

void
sp_ways_line_joined(struct sp_ways *ways, size_t line)
{
    set_joined(ways, line, true);
}

void
sp_ways_line_emptied(struct sp_ways *ways, size_t line)
{
    set_joined(ways, line, false);
}

/* --- housekeeping --- */

/* Closing is talking: it happens on a seat of its own, or the mailbox would have one connection too many for a moment.
 * With all seats in use nothing is idle. */
static int64_t
tidy_way(struct sp_ways *ways, struct way *way)
{
    pthread_mutex_lock(&ways->lock);
    bool seated = sp_budget_sit(way->purse->budget);
    pthread_mutex_unlock(&ways->lock);
    if (!seated)
        return 0;
    int64_t at = way->method->tidy(way->handle);
    pthread_mutex_lock(&ways->lock);
    sp_budget_stand(way->purse->budget);
    pthread_cond_broadcast(&ways->freed);
    pthread_mutex_unlock(&ways->lock);
    return at;
}

int64_t
sp_ways_tidy(struct sp_ways *ways)
{
    int64_t next = 0;
    for (size_t i = 0; i < ways->count; i++) {
        struct way *way = &ways->way[i];
        int64_t at = way->handle != NULL ? tidy_way(ways, way) : 0;
        if (at != 0 && (next == 0 || at < next))
            next = at;
    }
    return next;
}
