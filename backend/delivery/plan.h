/* plan.h - which method now, and why not the others. Pure: job, ways, clock -> order, each way with a reason that a
 * person can read.
 *
 * `methods = auto`: what is proven goes first (direct for internal recipients only, then relay, submission, Graph);
 * then what is not proven, authenticated ways before direct, because an unproven direct send is often accepted and then
 * put into Junk without a word. An explicit order is obeyed.
 *
 * A message goes to all its recipients by one way. Only when no way reaches all of them, now or later, it is split:
 * first into as many as a way takes at once, then into those inside the tenant and those outside.
 *
 * A way whose budget is used up is not down. Another one takes the job only when it is proven or in an explicit order;
 * otherwise the job waits for the budget. */
#ifndef SP_DELIVERY_PLAN_H
#define SP_DELIVERY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/delivery/health.h"
#include "base/settings.h"

enum { SP_PLAN_MAX = 32, SP_PLAN_REASON_SIZE = 300 };

struct sp_plan_way { /* one configured method as the planner sees it */
    const struct sp_method_settings *settings;
    const char *unable; /* cannot be used in this version or configuration: why; NULL: it can */
    uint64_t limit;     /* the way's own, in octets; 0: none but max-size */
    const char *limit_why;
    struct sp_health health;
    bool probing;       /* half-open, and somebody tries it just now */
    const char *tried;  /* refused this job before: how it went; NULL: not tried, or may be tried again */
    const char *reason; /* of being down, in words; may be "" */
    const char *busy;   /* its budget is used up just now: how, in words; NULL: it is not */
    int64_t not_before; /* when the budget has room again; wall ms */
};

struct sp_plan_job {
    const struct sp_tenant_settings *tenant;
    const char *const *recipients; /* those that wait */
    size_t n_recipients;
    uint64_t message_size;   /* in octets on the wire */
    const char *only_method; /* after an unknown outcome; "" : any */
    int64_t only_until;
};

struct sp_plan_line {
    const char *method; /* its name, or the type's when none of that type is configured */
    bool chosen;
    char reason[SP_PLAN_REASON_SIZE];
};

struct sp_plan {
    const struct sp_plan_way *order[SP_PLAN_MAX]; /* the first is chosen, the others would follow */
    size_t count;
    struct sp_plan_line lines[SP_PLAN_MAX]; /* for the decision */
    size_t n_lines;
    bool may_wait;      /* nothing can be used now, but a way that could take it is down and may come back */
    int64_t look_again; /* when the first of those is tried again; wall ms */
    bool inside_only;   /* the order is for the recipients inside the tenant; nobody reaches the others */
    size_t at_most;     /* and for so many of them at once; 0: for all */
    /* Nothing is chosen because this way is up, better than what else there is, and only busy; NULL: none is. */
    const struct sp_plan_way *waits_for;
};

void sp_plan_make(const struct sp_plan_job *job, const struct sp_plan_way *ways, size_t n, int64_t now,
                  struct sp_plan *ret);

#endif
