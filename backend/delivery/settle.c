/* settle.c - what becomes of a job after an attempt; see settle.h. */
#include "backend/delivery/settle.h"

static enum sp_fate
fate_of(const struct sp_report *report, const struct sp_report_recipient *recipient)
{
    if (recipient->accepted)
        return report->accepted ? SP_FATE_SENT : SP_FATE_WAITS;
    if (recipient->refused && recipient->diagnosis.scope == SP_SCOPE_RECIPIENT && !recipient->diagnosis.elsewhere)
        return SP_FATE_FAILED;
    return SP_FATE_WAITS;
}

void
sp_settle_recipients(const struct sp_report *report, enum sp_fate *fates)
{
    for (size_t i = 0; i < report->n_recipients; i++)
        fates[i] = fate_of(report, &report->recipients[i]);
}

/* Which of two scopes decides: a shut way before anything that is said about one message on it. */
static int
weight(enum sp_scope scope)
{
    switch (scope) {
    case SP_SCOPE_NONE:
        return 0;
    case SP_SCOPE_RECIPIENT:
        return 1;
    case SP_SCOPE_JOB:
        return 2;
    case SP_SCOPE_MESSAGE:
        return 3;
    case SP_SCOPE_LATER:
        return 4;
    case SP_SCOPE_METHOD:
        return 5;
    }
    return 0;
}

enum sp_scope
sp_settle_scope(const struct sp_report *report, const enum sp_fate *fates)
{
    enum sp_scope scope = report->accepted ? SP_SCOPE_NONE : report->diagnosis.scope;
    for (size_t i = 0; i < report->n_recipients; i++) {
        const struct sp_report_recipient *recipient = &report->recipients[i];
        if (fates[i] == SP_FATE_WAITS && recipient->refused && weight(recipient->diagnosis.scope) > weight(scope))
            scope = recipient->diagnosis.scope;
    }
    return scope;
}

enum sp_next
sp_settle_next(enum sp_scope scope, bool maybe_sent, const struct sp_plan *plan, bool expired)
{
    if (expired)
        return SP_NEXT_FAIL;
    if (maybe_sent)
        return SP_NEXT_LATER;
    if (plan->count > 0)
        return SP_NEXT_METHOD;
    if (plan->waits_for != NULL)
        return SP_NEXT_WAIT_BUDGET;
    switch (scope) {
    case SP_SCOPE_METHOD:
        return SP_NEXT_WAIT_METHOD;
    case SP_SCOPE_LATER:
        return SP_NEXT_LATER;
    case SP_SCOPE_RECIPIENT:
    case SP_SCOPE_MESSAGE:
        return plan->may_wait ? SP_NEXT_WAIT_METHOD : SP_NEXT_FAIL;
    case SP_SCOPE_NONE: /* taken for some, and nobody reaches the others */
    case SP_SCOPE_JOB:
        return plan->may_wait ? SP_NEXT_WAIT_METHOD : SP_NEXT_HOLD;
    }
    return SP_NEXT_HOLD;
}

int64_t
sp_settle_backoff(const struct sp_retry_settings *retry, int tries, unsigned random)
{
    int64_t wait = retry->first_ms;
    for (int i = 0; i < tries && wait < retry->max_ms; i++)
        wait *= 2;
    if (wait > retry->max_ms)
        wait = retry->max_ms;
    return wait * (800 + (int64_t)(random % 1000) * 400 / 1000) / 1000;
}
