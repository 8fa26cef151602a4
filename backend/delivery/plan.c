/* plan.c - the order of methods for a job; see plan.h. */
#include "backend/delivery/plan.h"

#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"

static struct sp_plan_line *
add_line(struct sp_plan *plan, const char *method)
{
    if (plan->n_lines == SP_PLAN_MAX)
        return NULL;
    struct sp_plan_line *line = &plan->lines[plan->n_lines++];
    line->method = method;
    line->chosen = false;
    line->reason[0] = '\0';
    return line;
}

__attribute__((format(printf, 2, 3))) static void
say(struct sp_plan_line *line, const char *format, ...)
{
    if (line == NULL)
        return;
    va_list args;
    va_start(args, format);
    (void)sp_text_vformat(line->reason, sizeof line->reason, format, args);
    va_end(args);
}

static size_t
count_external(const struct sp_plan_job *job)
{
    size_t external = 0;
    for (size_t i = 0; i < job->n_recipients; i++)
        external += !sp_tenant_is_internal(job->tenant, job->recipients[i]);
    return external;
}

static bool
reaches_inside_only(const struct sp_method_settings *method)
{
    return method->type == SP_TYPE_DIRECT || method->internal_only;
}

/* How much of a sentence is shown where another clause follows it. */
static int
without_full_stop(const char *text)
{
    size_t size = strlen(text);
    return (int)(size > 0 && text[size - 1] == '.' ? size - 1 : size);
}

/* "14:05" of the moment, UTC, for a reason; the page shows the exact time beside it. */
static const char *
hour_of(int64_t wall_ms, char buffer[SP_ISO_TIME_SIZE])
{
    sp_time_iso(wall_ms, buffer);
    buffer[16] = '\0';
    return buffer + 11;
}

/* A size that is easily written into the configuration, and fits. */
static unsigned long long
megabytes_for(uint64_t size)
{
    return (size + (1U << 20) - 1) >> 20;
}

enum verdict { FITS, NEVER, WAITS, BUSY };

/* Which recipients a plan is for. */
struct part {
    size_t inside, external;
    bool inside_only; /* those outside are left for later */
    bool some;        /* as many as a way takes at once */
};

/* Whether a way can take the job now; says why not. WAITS: it could, but it is down. BUSY: it could, but its
 * budget is used up. */
static enum verdict
judge(const struct sp_plan_job *job, const struct sp_plan_way *way, const struct part *part, int64_t now,
      struct sp_plan_line *line)
{
    char hour[SP_ISO_TIME_SIZE];
    const struct sp_method_settings *method = way->settings;
    if (!method->enabled)
        return say(line, "switched off (enabled = no)"), NEVER;
    if (way->unable != NULL)
        return say(line, "%s", way->unable), NEVER;
    if (job->only_method[0] != '\0' && now < job->only_until && strcmp(job->only_method, method->name) != 0)
        return say(line, "%s may have delivered it already, so only %s tries again until %s UTC", job->only_method,
                   job->only_method, hour_of(job->only_until, hour)),
               WAITS;
    size_t wanted = part->inside + (part->inside_only ? 0 : part->external);
    if (part->external > 0 && !part->inside_only && reaches_inside_only(method))
        return say(line, "reaches recipients inside the tenant only, and %zu of %zu are outside", part->external,
                   job->n_recipients),
               NEVER;
    if (method->max_recipients > 0 && wanted > method->max_recipients && !part->some)
        return say(line, "the mail has %zu recipients, max-recipients of %s is %u", wanted, method->name,
                   method->max_recipients),
               NEVER;
    if (method->max_size > 0 && job->message_size > method->max_size)
        return say(line,
                   "the mail has %.1f MB, max-size of %s is %.1f MB; max-size = %lluM would let it through, where "
                   "the mailboxes take as much",
                   (double)job->message_size / 1048576.0, method->name, (double)method->max_size / 1048576.0,
                   megabytes_for(job->message_size)),
               NEVER;
    if (way->limit > 0 && job->message_size > way->limit)
        return say(line, "the mail has %.1f MB, and %s", (double)job->message_size / 1048576.0, way->limit_why), NEVER;
    if (way->tried != NULL)
        return say(line, "%s", way->tried), NEVER;
    if (!sp_health_usable(&way->health, way->probing, now))
        return say(line, "down%s%.*s, tried again at %s UTC", way->reason[0] != '\0' ? ": " : "",
                   without_full_stop(way->reason), way->reason, hour_of(way->health.retry_at, hour)),
               WAITS;
    if (way->busy != NULL)
        return say(line, "busy: %s", way->busy), BUSY;
    return FITS;
}

static bool
is_proven(const struct sp_plan_way *way)
{
    return way->health.proven_at > 0 && way->health.state == SP_WAY_UP;
}

/* The smaller, the earlier. Proven: direct, relay, submission, Graph. Unproven: submission, Graph, relay, direct. */
static int
rank(const struct sp_plan_way *way)
{
    static const int proven[] = {
        [SP_TYPE_DIRECT] = 0, [SP_TYPE_RELAY] = 1, [SP_TYPE_SUBMISSION] = 2, [SP_TYPE_GRAPH] = 3
    };
    static const int unproven[] = {
        [SP_TYPE_SUBMISSION] = 10, [SP_TYPE_GRAPH] = 11, [SP_TYPE_RELAY] = 12, [SP_TYPE_DIRECT] = 13
    };
    return is_proven(way) ? proven[way->settings->type] : unproven[way->settings->type];
}

static bool
listed_at(const struct sp_tenant_settings *tenant, const char *name, size_t *ret)
{
    for (size_t i = 0; i < tenant->methods.count; i++)
        if (strcmp(tenant->methods.items[i], name) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool
comes_before(const struct sp_tenant_settings *tenant, const struct sp_plan_way *a, const struct sp_plan_way *b)
{
    size_t at_a = 0, at_b = 0;
    if (tenant->methods.count == 0)
        return rank(a) < rank(b);
    return listed_at(tenant, a->settings->name, &at_a) && listed_at(tenant, b->settings->name, &at_b) && at_a < at_b;
}

static void
insert(struct sp_plan *plan, const struct sp_tenant_settings *tenant, const struct sp_plan_way *way)
{
    if (plan->count == SP_PLAN_MAX)
        return;
    size_t at = plan->count++;
    for (; at > 0 && comes_before(tenant, way, plan->order[at - 1]); at--)
        plan->order[at] = plan->order[at - 1];
    plan->order[at] = way;
}

static void
note_wait(struct sp_plan *plan, const struct sp_plan_job *job, const struct sp_plan_way *way, int64_t now)
{
    bool reserved =
        job->only_method[0] != '\0' && now < job->only_until && strcmp(job->only_method, way->settings->name) != 0;
    int64_t at = reserved ? job->only_until : way->health.retry_at;
    if (!plan->may_wait || at < plan->look_again)
        plan->look_again = at;
    plan->may_wait = true;
}

static void
consider(const struct sp_plan_job *job, const struct sp_plan_way *way, const struct part *part, int64_t now,
         struct sp_plan *plan)
{
    if (strcmp(way->settings->tenant, job->tenant->name) != 0)
        return;
    struct sp_plan_line *line = add_line(plan, way->settings->name);
    size_t place = 0;
    if (job->tenant->methods.count > 0 && !listed_at(job->tenant, way->settings->name, &place)) {
        say(line, "not in the order that `methods` of tenant %s gives", job->tenant->name);
        return;
    }
    switch (judge(job, way, part, now, line)) {
    case FITS:
        insert(plan, job->tenant, way);
        break;
    case WAITS:
        note_wait(plan, job, way, now);
        break;
    case BUSY:
        if (plan->waits_for == NULL || comes_before(job->tenant, way, plan->waits_for))
            plan->waits_for = way;
        break;
    case NEVER:
        break;
    }
}

/* With the best way only busy, what is neither proven nor in an explicit order stands back. */
static void
prefer_waiting(const struct sp_plan_job *job, struct sp_plan *plan)
{
    size_t kept = 0;
    if (plan->waits_for == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        const struct sp_plan_way *way = plan->order[i];
        bool allowed =
            job->tenant->methods.count > 0 || is_proven(way) || comes_before(job->tenant, way, plan->waits_for);
        if (allowed) {
            plan->order[kept++] = way;
            continue;
        }
        for (size_t k = 0; k < plan->n_lines; k++)
            if (strcmp(plan->lines[k].method, way->settings->name) == 0)
                say(&plan->lines[k], "not proven yet, so the mail rather waits for %s",
                    plan->waits_for->settings->name);
    }
    plan->count = kept;
    if (kept > 0)
        plan->waits_for = NULL;
    else
        plan->look_again = plan->waits_for->not_before;
}

static const char *
why_chosen(const struct sp_plan_job *job, const struct sp_plan_way *way)
{
    if (job->only_method[0] != '\0' && strcmp(job->only_method, way->settings->name) == 0)
        return "it may have delivered the mail already: the same way again, so that a second copy is recognised";
    if (way->health.state == SP_WAY_HALF_OPEN || way->health.state == SP_WAY_DOWN)
        return "its time of being down is over: this mail tries whether it works again";
    if (job->tenant->methods.count > 0)
        return "first of the configured order that can take it";
    if (is_proven(way))
        return way->settings->type == SP_TYPE_DIRECT ? "proven, and all recipients are internal" : "proven";
    return way->settings->type == SP_TYPE_DIRECT ? "all recipients are internal, and nothing better is there"
                                                 : "signs in, so it is trusted more than a way that is not proven yet";
}

static void
explain_order(const struct sp_plan_job *job, struct sp_plan *plan)
{
    for (size_t i = 0; i < plan->n_lines; i++) {
        struct sp_plan_line *line = &plan->lines[i];
        for (size_t k = 0; k < plan->count; k++) {
            if (strcmp(line->method, plan->order[k]->settings->name) != 0)
                continue;
            line->chosen = k == 0;
            if (k == 0)
                say(line, "%s", why_chosen(job, plan->order[0]));
            else
                say(line, "ready; comes after %s", plan->order[0]->settings->name);
        }
    }
}

/* The ways that nobody configured stand in the story too: a reader looks for them. */
static void
mention_absent(const struct sp_plan_job *job, const struct sp_plan_way *ways, size_t n, struct sp_plan *plan)
{
    static const enum sp_method_type all[] = { SP_TYPE_DIRECT, SP_TYPE_RELAY, SP_TYPE_SUBMISSION, SP_TYPE_GRAPH };
    for (size_t t = 0; t < SP_LEN(all); t++) {
        bool present = false;
        for (size_t i = 0; i < n; i++)
            present |= ways[i].settings->type == all[t] && strcmp(ways[i].settings->tenant, job->tenant->name) == 0;
        if (!present)
            say(add_line(plan, sp_method_type_name(all[t])), "not configured");
    }
}

/* Why it goes to a part of them only. */
static void
explain_part(const struct part *part, struct sp_plan *plan)
{
    const struct sp_method_settings *method = plan->order[0]->settings;
    if (part->some && method->max_recipients > 0 && part->inside + part->external > method->max_recipients)
        plan->at_most = method->max_recipients;
    for (size_t i = 0; i < plan->n_lines; i++) {
        struct sp_plan_line *line = &plan->lines[i];
        char before[SP_PLAN_REASON_SIZE];
        (void)sp_text_copy(before, sizeof before, line->reason);
        if (line->chosen && part->inside_only)
            say(line, "no method reaches all: this one takes the mail to %zu of %zu, those inside; %s", part->inside,
                part->inside + part->external, before);
        else if (line->chosen && plan->at_most > 0)
            say(line, "no method takes all at once: %zu of %zu now; %s", plan->at_most, part->inside + part->external,
                before);
    }
}

static void
make_for(const struct sp_plan_job *job, const struct sp_plan_way *ways, size_t n, const struct part *part, int64_t now,
         struct sp_plan *ret)
{
    ret->count = ret->n_lines = 0;
    ret->may_wait = false;
    ret->look_again = 0;
    ret->waits_for = NULL;
    ret->inside_only = part->inside_only;
    ret->at_most = 0;
    for (size_t i = 0; i < n; i++)
        consider(job, &ways[i], part, now, ret);
    prefer_waiting(job, ret);
    explain_order(job, ret);
    if (ret->count > 0)
        explain_part(part, ret);
    mention_absent(job, ways, n, ret);
}

static bool
leads_somewhere(const struct sp_plan *plan)
{
    return plan->count > 0 || plan->waits_for != NULL || plan->may_wait;
}

void
sp_plan_make(const struct sp_plan_job *job, const struct sp_plan_way *ways, size_t n, int64_t now, struct sp_plan *ret)
{
    size_t external = count_external(job);
    struct part part = { .inside = job->n_recipients - external, .external = external };
    bool mixed = part.inside > 0 && external > 0;
    for (int split = 0; split < 4; split++) { /* all; some of all; all inside; some of those */
        part.some = split % 2 == 1;
        part.inside_only = split >= 2;
        if (part.inside_only && !mixed)
            break;
        make_for(job, ways, n, &part, now, ret);
        if (leads_somewhere(ret))
            return;
    }
    part.some = part.inside_only = false; /* the reasons that count are those for all */
    make_for(job, ways, n, &part, now, ret);
}
