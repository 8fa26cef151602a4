/* stats.c - what was received and sent, by the hour or the day; how long it took; why it failed; how each method did.
 * Up to three days are shown by the hour, more by the day, as it is where the viewer is. */
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
#include "web/api/troubles.h"
#include "web/api/tables.h"

enum {
    BUCKETS_MAX = 400,
    METHODS_MAX = 32,
    FAILURES_MAX = 64,
    TIMES_MAX = 16,
    ZONE_MAX_MIN = 14 * 60,
    SUMMARIES_MAX = 12, /* failures that are worth looking a job up for */
    NAME_SIZE = 64,
};
#define DAY_MS      ((int64_t)24 * SP_HOUR_MS)
#define BY_HOURS_MS (3 * DAY_MS)

struct bucket {
    int64_t received, sent, failed, bytes;
};

struct method {
    char name[NAME_SIZE];
    int64_t accepted[BUCKETS_MAX], failed[BUCKETS_MAX];
};

struct failure {
    char class_name[NAME_SIZE], cause[NAME_SIZE];
    int64_t count;
};

struct span {   /* of the histogram */
    double end; /* seconds; 0: none */
    int64_t count;
};

struct stats {
    int64_t since, until, step, zone_ms; /* ms; since is where the first bucket begins */
    size_t n_buckets;
    struct bucket buckets[BUCKETS_MAX];
    struct method methods[METHODS_MAX];
    size_t n_methods;
    struct failure failures[FAILURES_MAX];
    size_t n_failures;
    struct span spans[TIMES_MAX];
    size_t n_spans;
    int64_t delivered;
};

/* --- adding up -----------------------------------------------------------------------------------------------------
 */

static void
add_finished(struct bucket *bucket, const struct sp_tally *tally)
{
    if (strcmp(tally->a, "sent") == 0)
        bucket->sent += tally->number;
    if (strcmp(tally->a, "failed") == 0 || strcmp(tally->a, "partial") == 0)
        bucket->failed += tally->number;
}

static void
add_attempt(struct stats *s, size_t at, const struct sp_tally *tally)
{
    size_t i = 0;
    while (i < s->n_methods && strcmp(s->methods[i].name, tally->a) != 0)
        i++;
    if (i == METHODS_MAX || (i == s->n_methods && !sp_text_copy(s->methods[i].name, NAME_SIZE, tally->a)))
        return;
    s->n_methods = i == s->n_methods ? i + 1 : s->n_methods;
    if (strcmp(tally->b, "accepted") == 0)
        s->methods[i].accepted[at] += tally->number;
    else
        s->methods[i].failed[at] += tally->number;
}

static void
add_failure(struct stats *s, const struct sp_tally *tally)
{
    size_t i = 0;
    while (i < s->n_failures &&
           (strcmp(s->failures[i].class_name, tally->a) != 0 || strcmp(s->failures[i].cause, tally->b) != 0))
        i++;
    if (i == FAILURES_MAX)
        return;
    if (i == s->n_failures) {
        (void)sp_text_copy(s->failures[i].class_name, NAME_SIZE, tally->a);
        (void)sp_text_copy(s->failures[i].cause, NAME_SIZE, tally->b);
        s->n_failures++;
    }
    s->failures[i].count += tally->number;
}

static void
add_delivered(struct stats *s, const struct sp_tally *tally)
{
    double end = strcmp(tally->a, "+Inf") == 0 ? 0 : strtod(tally->a, NULL);
    size_t i = 0;
    while (i < s->n_spans && s->spans[i].end != end)
        i++;
    if (i == TIMES_MAX)
        return;
    if (i == s->n_spans)
        s->spans[s->n_spans++].end = end;
    s->spans[i].count += tally->number;
    s->delivered += tally->number;
}

static void
add(void *context, const struct sp_tally *tally)
{
    struct stats *s = context;
    size_t at = (size_t)((tally->hour * SP_HOUR_MS - s->since) / s->step);
    if (tally->hour * SP_HOUR_MS < s->since || at >= s->n_buckets)
        return;
    if (strcmp(tally->kind, "received") == 0) {
        s->buckets[at].received += tally->number;
        s->buckets[at].bytes += tally->amount;
    } else if (strcmp(tally->kind, "finished") == 0) {
        add_finished(&s->buckets[at], tally);
    } else if (strcmp(tally->kind, "attempt") == 0) {
        add_attempt(s, at, tally);
    } else if (strcmp(tally->kind, "failed") == 0) {
        add_failure(s, tally);
    } else if (strcmp(tally->kind, "delivered") == 0) {
        add_delivered(s, tally);
    }
}

/* --- the histogram -------------------------------------------------------------------------------------------------
 */

static int
by_end(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->end == 0 || y->end == 0)
        return (x->end == 0) - (y->end == 0);
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Where in its class a share of all lies, taken as even between its ends. NULL where nothing was delivered, or above
 * the last end. */
static json_t *
quantile_json(const struct stats *s, double share)
{
    static const double ends[] = { 0, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400 };
    double wanted = share * (double)s->delivered, before = 0;
    for (size_t i = 0; i < s->n_spans && s->delivered > 0; i++) {
        double count = (double)s->spans[i].count, begin = 0;
        if (before + count < wanted) {
            before += count;
            continue;
        }
        if (s->spans[i].end == 0)
            break;
        for (size_t e = 0; e < SP_LEN(ends) && ends[e] < s->spans[i].end; e++)
            begin = ends[e];
        return json_integer((json_int_t)(1000 * (begin + (s->spans[i].end - begin) * (wanted - before) / count)));
    }
    return json_null();
}

static json_t *
delivery_json(struct stats *s)
{
    qsort(s->spans, s->n_spans, sizeof(s->spans[0]), by_end);
    return json_pack("{s:o, s:o, s:o, s:I}", "p50_ms", quantile_json(s, 0.5), "p95_ms", quantile_json(s, 0.95),
                     "max_ms", quantile_json(s, 1.0), "count", (json_int_t)s->delivered);
}

/* --- in JSON -------------------------------------------------------------------------------------------------------
 */

static json_t *
at_json(const struct stats *s, size_t i)
{
    return sp_json_time(s->since + (int64_t)i * s->step);
}

static json_t *
buckets_json(const struct stats *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_buckets; i++) {
        const struct bucket *b = &s->buckets[i];
        json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:I, s:I}", "at", at_json(s, i), "received",
                                              (json_int_t)b->received, "sent", (json_int_t)b->sent, "failed",
                                              (json_int_t)b->failed, "bytes", (json_int_t)b->bytes));
    }
    return list;
}

static json_t *
methods_json(const struct stats *s)
{
    json_t *list = json_array();
    for (size_t m = 0; m < s->n_methods; m++) {
        json_t *buckets = json_array();
        for (size_t i = 0; i < s->n_buckets; i++)
            json_array_append_new(buckets, json_pack("{s:o, s:I, s:I}", "at", at_json(s, i), "accepted",
                                                     (json_int_t)s->methods[m].accepted[i], "failed",
                                                     (json_int_t)s->methods[m].failed[i]));
        json_array_append_new(list,
                              json_pack("{s:o, s:o}", "name", sp_json_text(s->methods[m].name), "buckets", buckets));
    }
    return list;
}

static int
most_first(const void *a, const void *b)
{
    const struct failure *x = a, *y = b;
    return x->count > y->count ? -1 : x->count < y->count;
}

/* In the words of the newest job that failed so; "" when it was tried again, or forgotten. */
static json_t *
summary_json(struct sp_db *db, const struct failure *failure)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    struct sp_query query;
    struct sp_job_group group;
    const char *summary = "";
    if (sp_query_parse("status:failed,partial", 0, 0, &query, NULL) != SP_OK ||
        sp_query_add(&query, SP_QUERY_CLASS, failure->class_name, 0, NULL) != SP_OK ||
        (failure->cause[0] != '\0' && sp_query_add(&query, SP_QUERY_CAUSE, failure->cause, 0, NULL) != SP_OK) ||
        sp_job_group_look(db, &query, 1, &group, NULL) != SP_OK || group.count == 0 ||
        sp_job_load(db, group.newest, &job, NULL) != SP_OK)
        return json_string("");
    for (size_t i = 0; i < job->n_attempts; i++)
        if (strcmp(job->attempts[i].class_name, failure->class_name) == 0)
            summary = job->attempts[i].summary;
    return sp_trouble_summary(job, summary, (int64_t)failure->count);
}

static json_t *
failures_json(struct sp_db *db, struct stats *s)
{
    json_t *list = json_array();
    qsort(s->failures, s->n_failures, sizeof(s->failures[0]), most_first);
    for (size_t i = 0; i < s->n_failures; i++) {
        const struct failure *f = &s->failures[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:I, s:o}", "class", sp_json_text(f->class_name), "cause",
                                              sp_json_text(f->cause), "count", (json_int_t)f->count, "summary",
                                              i < SUMMARIES_MAX ? summary_json(db, f) : json_string("")));
    }
    return list;
}

/* --- the request ---------------------------------------------------------------------------------------------------
 */

/* The beginning of the bucket that a moment is in. Hours are counted as in UTC, as the tally does. */
static int64_t
begin_of(const struct stats *s, int64_t moment)
{
    int64_t zone = s->step == DAY_MS ? s->zone_ms / SP_HOUR_MS * SP_HOUR_MS : 0;
    return moment - (moment + zone) % s->step;
}

static enum sp_rc
read_range(const struct sp_api *api, const struct sp_request *req, struct stats *s, struct sp_err *err)
{
    int64_t now = sp_wall_ms(api->clock), zone = 0;
    enum sp_rc rc = sp_query_time(req, "since", now, &s->since, err);
    if (rc == SP_OK)
        rc = sp_query_time(req, "until", now, &s->until, err);
    if (rc == SP_OK)
        rc = sp_query_int(req, "zone_offset_min", -ZONE_MAX_MIN, ZONE_MAX_MIN, 0, &zone, err);
    if (rc != SP_OK)
        return rc;
    s->until = s->until == 0 ? now : s->until;
    s->since = s->since == 0 ? s->until - DAY_MS : s->since;
    s->zone_ms = zone * 60000;
    if (s->since >= s->until)
        return sp_fail(err, SP_E_INVALID, "'since' has to be before 'until'");
    s->step = s->until - s->since <= BY_HOURS_MS ? SP_HOUR_MS : DAY_MS;
    s->since = begin_of(s, s->since);
    s->n_buckets = (size_t)((s->until - s->since + s->step - 1) / s->step);
    if (s->n_buckets > BUCKETS_MAX)
        return sp_fail(err, SP_E_INVALID, "more than %d days at once: let 'since' be later", BUCKETS_MAX);
    return SP_OK;
}

static void
stats(struct sp_api *api, const struct sp_request *req, struct sp_response *res)
{
    struct sp_err err = { 0 };
    SP_AUTO_FREE struct stats *s = calloc(1, sizeof(*s));
    enum sp_rc rc = s == NULL ? sp_fail(&err, SP_E_NOMEM, "http: out of memory") : read_range(api, req, s, &err);
    if (rc == SP_OK)
        rc = sp_tally_each(req->db, s->since / SP_HOUR_MS, (s->until + SP_HOUR_MS - 1) / SP_HOUR_MS, add, s, &err);
    if (rc != SP_OK) {
        sp_api_fail(api, req, res, &err);
        return;
    }
    sp_respond_json_steal(res, 200,
                          json_pack("{s:s, s:o, s:o, s:o, s:o}", "bucket", s->step == SP_HOUR_MS ? "hour" : "day",
                                    "buckets", buckets_json(s), "delivery", delivery_json(s), "failures",
                                    failures_json(req->db, s), "methods", methods_json(s)));
}

const struct sp_route sp_routes_stats[] = {
    { "GET", "/api/v1/stats", SP_MAY_READ, stats, NULL },
    { 0 },
};
