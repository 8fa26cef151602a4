/* budget.c - seats, a sliding window, a sliding day, a pace; see budget.h. */
#include "backend/delivery/budget.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE_MS = 10 * 60 * 1000,
    PIECES = 24 * 6 + 1, /* the oldest reaches out of the day already, but not with all it holds */
    GAP_FIRST_MS = 1000,
    GAP_MOST_MS = 60 * 1000,
    GAP_NONE_MS = 250, /* below that it is not worth a wait */
    PAUSE_MOST_MS = 3600 * 1000,
};
static const int64_t DAY_MS = (int64_t)24 * 3600 * 1000;

struct sp_budget {
    struct sp_budget_limits limits;
    unsigned seats, large_seats; /* in use */
    /* the window: a ring with when messages ended, oldest first */
    int64_t *ended;
    size_t first, n_ended;
    size_t begun; /* messages under way */
    /* the day */
    uint32_t piece[PIECES];
    int64_t newest_piece; /* number of the youngest piece, counted from the clock's zero */
    size_t promised;      /* recipients of messages under way */
    /* the pace */
    int64_t gap_ms, last_begin, last_change, not_before;
};

/* --- limits --- */

struct sp_budget *
sp_budget_new(const struct sp_budget_limits *limits)
{
    struct sp_budget *budget = calloc(1, sizeof *budget);
    if (budget == NULL)
        return NULL;
    budget->limits = *limits;
    budget->last_begin = budget->last_change = budget->not_before = INT64_MIN / 2;
    budget->ended = calloc((size_t)limits->rate.count + 1, sizeof *budget->ended);
    if (budget->ended == NULL)
        sp_budget_free(&budget);
    return budget;
}

void
sp_budget_free(struct sp_budget **budget)
{
    if (*budget == NULL)
        return;
    free((*budget)->ended);
    free(*budget);
    *budget = NULL;
}

const struct sp_budget_limits *
sp_budget_limits(const struct sp_budget *budget)
{
    return &budget->limits;
}

/* Fewer messages a minute; of two that cannot be compared otherwise, the mean tells. */
static bool
is_stricter(const struct sp_rate *a, const struct sp_rate *b)
{
    if (a->count == 0)
        return false;
    return b->count == 0 || (double)a->count * (double)b->window_ms < (double)b->count * (double)a->window_ms;
}

bool
sp_budget_narrow(struct sp_budget *budget, const struct sp_budget_limits *limits)
{
    struct sp_budget_limits *own = &budget->limits;
    if (limits->connections < own->connections)
        own->connections = limits->connections;
    if (limits->per_day != 0 && (own->per_day == 0 || limits->per_day < own->per_day))
        own->per_day = limits->per_day;
    if (!is_stricter(&limits->rate, &own->rate))
        return true;
    int64_t *ended = calloc((size_t)limits->rate.count + 1, sizeof *ended);
    if (ended == NULL)
        return false;
    free(budget->ended);
    budget->ended = ended;
    budget->first = budget->n_ended = 0; /* only while nothing was sent yet */
    own->rate = limits->rate;
    return true;
}

/* --- the window --- */

static void
forget_ended(struct sp_budget *budget, int64_t now)
{
    while (budget->n_ended > 0 && budget->ended[budget->first] + budget->limits.rate.window_ms <= now) {
        budget->first = (budget->first + 1) % budget->limits.rate.count;
        budget->n_ended--;
    }
}

static void
note_ended(struct sp_budget *budget, int64_t at)
{
    size_t count = budget->limits.rate.count;
    if (count == 0)
        return;
    if (budget->n_ended == count) { /* only restored ones can be that many: the oldest matters least */
        budget->first = (budget->first + 1) % count;
        budget->n_ended--;
    }
    budget->ended[(budget->first + budget->n_ended++) % count] = at;
}

static size_t
window_left(struct sp_budget *budget, int64_t now)
{
    if (budget->limits.rate.count == 0)
        return SIZE_MAX;
    forget_ended(budget, now);
    size_t used = budget->n_ended + budget->begun;
    return used < budget->limits.rate.count ? budget->limits.rate.count - used : 0;
}

/* When the next place in a full window is free, if all that is under way ended now. */
static int64_t
window_opens(const struct sp_budget *budget, int64_t now)
{
    size_t count = budget->limits.rate.count;
    size_t too_many = budget->n_ended + budget->begun - count; /* a limit that was lowered since */
    if (budget->n_ended <= too_many)
        return now + budget->limits.rate.window_ms;
    return budget->ended[(budget->first + too_many) % count] + budget->limits.rate.window_ms;
}

/* --- the day --- */

static int64_t
piece_of(int64_t moment)
{
    return moment >= 0 ? moment / PIECE_MS : -1 - (-1 - moment) / PIECE_MS;
}

static uint32_t *
piece_at(struct sp_budget *budget, int64_t number)
{
    int64_t at = number % PIECES;
    return &budget->piece[at < 0 ? at + PIECES : at];
}

static void
turn_day(struct sp_budget *budget, int64_t now)
{
    int64_t newest = piece_of(now);
    if (newest - budget->newest_piece >= PIECES || newest < budget->newest_piece - PIECES)
        memset(budget->piece, 0, sizeof budget->piece);
    else
        for (int64_t number = budget->newest_piece + 1; number <= newest; number++)
            *piece_at(budget, number) = 0;
    if (newest > budget->newest_piece || newest < budget->newest_piece - PIECES)
        budget->newest_piece = newest;
}

static size_t
day_used(struct sp_budget *budget, int64_t now)
{
    size_t sum = 0;
    turn_day(budget, now);
    for (size_t i = 0; i < PIECES; i++)
        sum += budget->piece[i];
    return sum;
}

/* A message with more recipients than a whole day allows goes when nothing else is counted: better than never. */
static bool
day_allows(const struct sp_budget *budget, size_t used, size_t recipients)
{
    size_t all = used + budget->promised;
    return budget->limits.per_day == 0 || all == 0 || all + recipients <= budget->limits.per_day;
}

static int64_t
day_opens(struct sp_budget *budget, size_t recipients, int64_t now)
{
    size_t used = day_used(budget, now);
    for (int64_t number = budget->newest_piece - PIECES + 1; number <= budget->newest_piece; number++) {
        used -= *piece_at(budget, number);
        if (day_allows(budget, used, recipients))
            return (number + 1) * PIECE_MS + DAY_MS;
    }
    return now;
}

/* --- the pace --- */

static int64_t
pace_opens(const struct sp_budget *budget)
{
    int64_t next = budget->gap_ms > 0 ? budget->last_begin + budget->gap_ms : budget->not_before;
    return next > budget->not_before ? next : budget->not_before;
}

void
sp_budget_refused(struct sp_budget *budget, int64_t began, int64_t retry_after_ms, int64_t now)
{
    if (began >= budget->last_change) {
        int64_t gap = budget->gap_ms * 2;
        budget->gap_ms = gap < GAP_FIRST_MS ? GAP_FIRST_MS : gap > GAP_MOST_MS ? GAP_MOST_MS : gap;
        budget->last_change = now;
    }
    int64_t pause = retry_after_ms > budget->gap_ms ? retry_after_ms : budget->gap_ms;
    int64_t until = now + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
    if (until > budget->not_before)
        budget->not_before = until;
}

void
sp_budget_accepted(struct sp_budget *budget)
{
    budget->gap_ms = budget->gap_ms * 3 / 4;
    if (budget->gap_ms < GAP_NONE_MS)
        budget->gap_ms = 0;
}

/* --- room --- */

static size_t
seats_left(const struct sp_budget *budget, bool large)
{
    unsigned all = budget->limits.connections;
    unsigned for_large = all > 1 ? all - 1 : 1;
    size_t left = budget->seats < all ? all - budget->seats : 0;
    size_t left_large = budget->large_seats < for_large ? for_large - budget->large_seats : 0;
    return large && left_large < left ? left_large : left;
}

enum sp_room
sp_budget_room(struct sp_budget *budget, const struct sp_budget_load *load, int64_t now, int64_t *ret_at)
{
    *ret_at = now;
    if (!day_allows(budget, day_used(budget, now), load->recipients))
        return *ret_at = day_opens(budget, load->recipients, now), SP_ROOM_DAY;
    if (pace_opens(budget) > now)
        return *ret_at = pace_opens(budget), SP_ROOM_PACE;
    if (window_left(budget, now) == 0)
        return *ret_at = window_opens(budget, now), SP_ROOM_RATE;
    if (seats_left(budget, false) == 0)
        return SP_ROOM_SEATS;
    return seats_left(budget, load->large) == 0 ? SP_ROOM_LARGE : SP_ROOM_FREE;
}

size_t
sp_budget_places(struct sp_budget *budget, bool large, int64_t now)
{
    size_t seats = seats_left(budget, large), window = window_left(budget, now);
    size_t places = seats < window ? seats : window;
    if (pace_opens(budget) > now)
        return 0;
    return budget->gap_ms > 0 && places > 1 ? 1 : places;
}

void
sp_budget_begin(struct sp_budget *budget, const struct sp_budget_load *load, int64_t now)
{
    budget->seats++;
    budget->large_seats += load->large;
    budget->begun++;
    budget->promised += load->recipients;
    budget->last_begin = now;
}

void
sp_budget_end(struct sp_budget *budget, const struct sp_budget_load *load, bool counted, size_t recipients, int64_t now)
{
    budget->seats--;
    budget->large_seats -= load->large;
    budget->begun--;
    budget->promised -= load->recipients;
    if (counted)
        sp_budget_restore(budget, now, recipients, now);
}

bool
sp_budget_sit(struct sp_budget *budget)
{
    if (seats_left(budget, false) == 0)
        return false;
    budget->seats++;
    return true;
}

void
sp_budget_stand(struct sp_budget *budget)
{
    budget->seats--;
}

void
sp_budget_restore(struct sp_budget *budget, int64_t at, size_t recipients, int64_t now)
{
    turn_day(budget, now);
    forget_ended(budget, now);
    if (piece_of(at) > budget->newest_piece - PIECES)
        *piece_at(budget, piece_of(at)) += (uint32_t)recipients;
    if (at + budget->limits.rate.window_ms > now)
        note_ended(budget, at);
}

void
sp_budget_used(struct sp_budget *budget, int64_t now, size_t *ret_messages, size_t *ret_recipients)
{
    forget_ended(budget, now);
    *ret_messages = budget->n_ended + budget->begun;
    *ret_recipients = day_used(budget, now) + budget->promised;
}
