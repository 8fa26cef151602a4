/* settle.h - what becomes of a job after an attempt. Pure: what it was, how the attempt went, what the plan offers next
 * -> states of recipients and job, and when to try again. The scopes of the diagnosis decide:
 *
 *   method     the others at once; when none is left, wait until one comes back
 *   recipient  that one fails, or waits for an authenticated way ("elsewhere"); the others go on
 *   message    a way that can, else failed
 *   later      another way at once, else again with backoff and jitter; when that way is only busy, when it is not
 *   job        another way once, then held with the story
 *   unknown    the same way, the same bytes; after an hour any way */
#ifndef SP_DELIVERY_SETTLE_H
#define SP_DELIVERY_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/delivery/method.h"
#include "backend/delivery/plan.h"

enum { SP_UNKNOWN_SAME_METHOD_MS = 3600 * 1000 };

enum sp_fate { /* of one recipient */
               SP_FATE_WAITS,
               SP_FATE_SENT,
               SP_FATE_FAILED,
};

/* Fates of the recipients that were waiting, from a report. */
void sp_settle_recipients(const struct sp_report *report, enum sp_fate *fates);
/* The scope that decides what the waiting recipients do next: the gravest among theirs and the report's. */
enum sp_scope sp_settle_scope(const struct sp_report *report, const enum sp_fate *fates);

enum sp_next {
    SP_NEXT_DONE,
    SP_NEXT_METHOD,
    SP_NEXT_LATER,
    SP_NEXT_WAIT_METHOD,
    SP_NEXT_WAIT_BUDGET,
    SP_NEXT_HOLD,
    SP_NEXT_FAIL
};

/* Somebody still waits: what now? plan: made after the attempt, with what was tried marked. expired: retry.expire is
 * used up. */
enum sp_next sp_settle_next(enum sp_scope scope, bool maybe_sent, const struct sp_plan *plan, bool expired);

/* first * 2^tries, at most max, then between 80 and 120 per cent of it by `random` (0 to 999). */
int64_t sp_settle_backoff(const struct sp_retry_settings *retry, int tries, unsigned random);

#endif
