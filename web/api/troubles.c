/* troubles.c - see troubles.h. Groups come from the facets, so that only those that exist are counted. What has a
 * class is a trouble for a week after it was taken; what waits without one, until it has gone. */
#include "web/api/troubles.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "db/job.h"
#include "db/query.h"
#include "db/tally.h"
#include "web/api/input.h"
#include "web/api/job_json.h"

enum { GROUPS_MAX = 64, SHOWN_MAX = 20, COUNT_MAX = 500, QUERY_MAX = 200 };

struct group {
    char class_name[48], cause[64];
    char query[QUERY_MAX];
    struct sp_job_group jobs;
};

struct groups {
    struct group items[GROUPS_MAX];
    size_t count;
};

const char *
sp_trouble_who(const char *class_name)
{
    static const struct {
        const char *class_name, *who;
    } table[] = {
        { "ip_reputation", "the administrator of Microsoft 365, or who provides the internet line" },
        { "direct_send_rejected", "the administrator of Microsoft 365" },
        { "not_attributed", "the administrator of Microsoft 365" },
        { "auth_disabled", "the administrator of Microsoft 365" },
        { "auth_failed", "the administrator of scanpost, with that of Microsoft 365" },
        { "auth_required", "the administrator of scanpost" },
        { "basic_auth_retired", "the administrator of scanpost, with that of Microsoft 365" },
        { "tls", "the administrator of the network" },
        { "network", "the administrator of the network" },
        { "sender_denied", "the administrator of Microsoft 365" },
        { "sender_authentication", "the administrator of the domain's DNS" },
        { "recipient_unknown", "who scanned: the address does not exist" },
        { "recipient_refused", "the administrator of the recipient's mailbox" },
        { "quota", "the owner of the recipient's mailbox" },
        { "too_large", "who scanned: a smaller scan goes through" },
        { "spam_content", "the administrator of Microsoft 365" },
        { "rate_limited", "nobody: it goes on by itself" },
        { "busy", "nobody: it goes on by itself" },
    };
    for (size_t i = 0; i < SP_LEN(table); i++)
        if (strcmp(table[i].class_name, class_name) == 0)
            return table[i].who;
    return "the administrator of scanpost";
}

/* --- which groups there are ----------------------------------------------------------------------------------------
 */

static bool
is_trouble(const char *state)
{
    return strcmp(state, "failed") == 0 || strcmp(state, "partial") == 0 || strcmp(state, "held") == 0 ||
           strcmp(state, "deferred") == 0;
}

static void
add_group(void *context, const struct sp_standing *standing)
{
    struct groups *groups = context;
    if (!is_trouble(standing->state))
        return;
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].class_name, standing->class_name) == 0 &&
            strcmp(groups->items[i].cause, standing->cause) == 0)
            return;
    if (groups->count == GROUPS_MAX)
        return;
    struct group *group = &groups->items[groups->count];
    if (sp_text_copy(group->class_name, sizeof(group->class_name), standing->class_name) &&
        sp_text_copy(group->cause, sizeof(group->cause), standing->cause))
        groups->count++;
}

/* Jobs without a class wait, or were held before anything was tried. */
static void
write_query(struct group *group)
{
    if (group->class_name[0] == '\0')
        (void)sp_text_copy(group->query, sizeof(group->query), "status:held,deferred -class:*");
    else if (group->cause[0] == '\0')
        (void)sp_text_format(group->query, sizeof(group->query), "status:trouble class:%s after:7d", group->class_name);
    else
        (void)sp_text_format(group->query, sizeof(group->query), "status:trouble class:%s cause:%s after:7d",
                             group->class_name, group->cause);
}

static enum sp_rc
count(struct sp_db *db, struct group *group, int64_t now, struct sp_err *err)
{
    struct sp_query query;
    write_query(group);
    enum sp_rc rc = sp_query_parse(group->query, now, 0, &query, err);
    return rc == SP_OK ? sp_job_group_look(db, &query, COUNT_MAX, &group->jobs, err) : rc;
}

static int
worst_first(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->jobs.count != y->jobs.count)
        return x->jobs.count > y->jobs.count ? -1 : 1;
    return x->jobs.last > y->jobs.last ? -1 : x->jobs.last < y->jobs.last;
}

/* --- what to say of one --------------------------------------------------------------------------------------------
 */

json_t *
sp_trouble_summary(const struct sp_job *job, const char *summary, int64_t count)
{
    bool personal = false;
    for (size_t i = 0; job != NULL && i < job->n_recipients; i++)
        personal = personal || strstr(summary, job->recipients[i].address) != NULL;
    return count > 1 && personal ? json_sprintf("The last of them: %s", summary) : sp_json_text(summary);
}

/* The newest job tells it in its own words. */
static json_t *
group_json(struct sp_db *db, const struct group *group)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    const struct sp_job_attempt *attempt = NULL;
    if (sp_job_load(db, group->jobs.newest, &job, NULL) == SP_OK)
        for (size_t i = 0; i < job->n_attempts; i++)
            if (job->attempts[i].outcome != SP_OUTCOME_ACCEPTED)
                attempt = &job->attempts[i];
    const char *trouble = job == NULL ? "" : job->trouble;
    const char *summary = attempt != NULL ? attempt->summary : trouble;
    const char *who = group->class_name[0] != '\0' ? sp_trouble_who(group->class_name) : "somebody who looks at them";
    return json_pack("{s:o, s:o, s:I, s:b, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "class",
                     sp_json_text(group->class_name), "cause", sp_json_text(group->cause), "count",
                     (json_int_t)group->jobs.count, "more", group->jobs.more, "who", who, "summary",
                     sp_trouble_summary(job, summary, (int64_t)group->jobs.count), "fix",
                     sp_json_text(attempt == NULL ? "" : attempt->fix), "since", sp_json_time(group->jobs.first),
                     "last", sp_json_time(group->jobs.last), "newest", group->jobs.newest, "q", group->query);
}

static enum sp_rc
load(struct sp_db *db, int64_t now, struct groups *groups, struct sp_err *err)
{
    enum sp_rc rc = sp_standing_each(db, add_group, groups, err);
    for (size_t i = 0; rc == SP_OK && i < groups->count; i++)
        rc = count(db, &groups->items[i], now, err);
    qsort(groups->items, groups->count, sizeof(groups->items[0]), worst_first);
    return rc;
}

enum sp_rc
sp_troubles_json(const struct sp_api *api, const struct sp_request *req, json_t **ret, struct sp_err *err)
{
    SP_AUTO_FREE struct groups *groups = calloc(1, sizeof(*groups));
    if (groups == NULL)
        return sp_fail(err, SP_E_NOMEM, "http: out of memory");
    enum sp_rc rc = load(req->db, sp_wall_ms(api->clock), groups, err);
    if (rc != SP_OK)
        return rc;
    *ret = json_array();
    for (size_t i = 0; i < groups->count && i < SHOWN_MAX; i++)
        if (groups->items[i].jobs.count > 0)
            json_array_append_new(*ret, group_json(req->db, &groups->items[i]));
    return SP_OK;
}
