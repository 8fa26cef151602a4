/* budget.h - what one identity may use: connections at a time, messages in a window, recipients in 24 hours, and the
 * pace to which the other side slowed us down. Microsoft counts by mailbox, whatever the number of copiers, so methods
 * with the same mailbox share one budget (m365: 3 connections, 30 messages a minute, 10,000 recipients a day).
 *
 * Pure: every moment is given, in monotonic ms. Not for two threads at once.
 *
 * The window. Microsoft counts a message somewhere between our beginning and end of it. One that has begun holds its
 * place until a whole window after its end, so no window of theirs, wherever it lies, holds more than the limit.
 * The day is counted in pieces of ten minutes, each forgotten when its youngest recipient is a day old. */
#ifndef SP_DELIVERY_BUDGET_H
#define SP_DELIVERY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

struct sp_budget;

struct sp_budget_limits {
    unsigned connections; /* at least 1 */
    struct sp_rate rate;  /* count 0: no limit */
    unsigned per_day;     /* recipients; 0: no limit */
};

/* A message that wants to go. Large ones leave one connection free, so that small ones are not stuck behind them. */
struct sp_budget_load {
    size_t recipients;
    bool large;
};

enum { SP_BUDGET_LARGE = 8 << 20 }; /* octets: some 7 s at 10 Mbit/s */

enum sp_room {
    SP_ROOM_FREE,
    SP_ROOM_SEATS, /* all connections are in use */
    SP_ROOM_LARGE, /* all that large messages may use are */
    SP_ROOM_PACE,  /* the other side asked for less */
    SP_ROOM_RATE,  /* the window is full */
    SP_ROOM_DAY,   /* the day's recipients are used up */
};

struct sp_budget *sp_budget_new(const struct sp_budget_limits *limits); /* NULL when memory is out */
void sp_budget_free(struct sp_budget **budget);                         /* accepts NULL; leaves NULL */
/* Whatever is smaller from now on: another method of the same identity has its own idea. false: memory is out. */
bool sp_budget_narrow(struct sp_budget *budget, const struct sp_budget_limits *limits);
const struct sp_budget_limits *sp_budget_limits(const struct sp_budget *budget);

/* Whether a message may begin now. *ret_at: when it may as far as can be told; `now` when it depends on one that is
 * under way, or when it may at once. */
enum sp_room sp_budget_room(struct sp_budget *budget, const struct sp_budget_load *load, int64_t now, int64_t *ret_at);
/* How many of that size may begin now, apart from the day's limit. */
size_t sp_budget_places(struct sp_budget *budget, bool large, int64_t now);

void sp_budget_begin(struct sp_budget *budget, const struct sp_budget_load *load, int64_t now);
/* counted: the other side saw that a message began. recipients: of them, how many it took or may have taken. */
void sp_budget_end(struct sp_budget *budget, const struct sp_budget_load *load, bool counted, size_t recipients,
                   int64_t now);
/* A connection for housekeeping, without a message. false: none is free. */
bool sp_budget_sit(struct sp_budget *budget);
void sp_budget_stand(struct sp_budget *budget);

/* The other side said "too many". began: when that message did; retry_after_ms: what it asked for, 0: nothing. The pace
 * drops by half for each such answer that came after the last change, and recovers with what is accepted. */
void sp_budget_refused(struct sp_budget *budget, int64_t began, int64_t retry_after_ms, int64_t now);
void sp_budget_accepted(struct sp_budget *budget);

/* What was sent before this process began; the oldest first. */
void sp_budget_restore(struct sp_budget *budget, int64_t at, size_t recipients, int64_t now);
/* For people: how much of window and day is used. */
void sp_budget_used(struct sp_budget *budget, int64_t now, size_t *ret_messages, size_t *ret_recipients);

#endif
