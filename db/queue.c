/* queue.c - the sender's statements. `due` is NULL unless the job may be claimed, so the index over it holds what waits
 * and nothing else; a queued job is due from its creation, which keeps old deferred jobs from starving behind new ones.
 */
#include "db/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/text.h"
#include "db/db.h"
#include "db/job_row.h"
#include "db/method_state.h"

/* --- what is due ---------------------------------------------------------------------------------------------------
 */

static void
read_due(struct sp_rows *rows, struct sp_due *due)
{
    sp_text_copy(due->id, sizeof(due->id), sp_row_text(rows, 0));
    sp_text_copy(due->tenant, sizeof(due->tenant), sp_row_text(rows, 1));
    int len = snprintf(due->source, sizeof(due->source), "%s/", sp_row_text(rows, 2));
    if (len > 0 && (size_t)len < sizeof(due->source))
        sp_text_copy(due->source + len, sizeof(due->source) - (size_t)len, sp_row_text(rows, 3));
    due->size = (uint64_t)sp_row_number(rows, 4);
}

enum sp_rc
sp_queue_due(struct sp_db *db, int64_t now, size_t limit, struct sp_due *ret, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT id, tenant, source, source_name, size FROM job INDEXED BY job_due"
                              " WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2";
    const struct sp_bind in[] = { sp_number(now), sp_number((int64_t)limit) };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        read_due(&rows, &ret[count++]);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK)
        *ret_count = count;
    return rc;
}

enum sp_rc
sp_queue_next_due(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT due FROM job INDEXED BY job_deferred"
                              " WHERE state = 'deferred' AND due > 0 ORDER BY due LIMIT 1";
    enum sp_rc rc = sp_db_number(db, sql, NULL, 0, ret, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    *ret = 0;
    return SP_OK;
}

/* --- the claim -----------------------------------------------------------------------------------------------------
 */

enum sp_rc
sp_queue_claim(struct sp_db *db, const char *id, const char *method, const struct sp_job_choice *decision,
               size_t n_decision, int64_t now, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = 'sending', method = $2, decision = $3, claimed = $4, due = NULL,"
                              " next_attempt = 0, waits_for_method = 0"
                              " WHERE id = $1 AND state IN ('queued', 'deferred')";
    SP_AUTO_FREE char *story = sp_decision_write(decision, n_decision);
    if (story == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    const struct sp_bind in[] = { sp_text(id), sp_text(method), sp_text(story), sp_number(now) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_CONFLICT, "job %.40s is no longer waiting", id);
    return rc;
}

/* --- what came of an attempt ---------------------------------------------------------------------------------------
 */

/* When a job in this state may be claimed. One that waits for a method and has no time of its own waits for release. */
static struct sp_bind
due_of(enum sp_job_state state, int64_t next_attempt, bool waits_for_method, int64_t now)
{
    if (state != SP_JOB_DEFERRED && state != SP_JOB_QUEUED)
        return sp_none();
    if (next_attempt > 0)
        return sp_number(next_attempt);
    return waits_for_method ? sp_none() : sp_number(now);
}

/* The decision as a value: NULL keeps the stored one. *ret_text is to be freed after use. */
static enum sp_rc
decision_of(const struct sp_job_choice *decision, size_t n, char **ret_text, struct sp_bind *ret, struct sp_err *err)
{
    *ret = sp_none();
    if (decision == NULL)
        return SP_OK;
    *ret_text = sp_decision_write(decision, n);
    if (*ret_text == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    *ret = sp_text(*ret_text);
    return SP_OK;
}

static enum sp_rc
record_job(struct sp_db *db, const struct sp_queue_result *result, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE job SET state = $2, method = $3, class = coalesce($4, class), decision = coalesce($5, decision),"
        " finished = $6, next_attempt = $7, due = $8, spent_ms = $9, last_attempt = $10, claimed = $10, tries = $11,"
        " only_method = $12, only_until = $13, waits_for_method = $14, trouble = $15"
        " WHERE id = $1 AND state = 'sending'";
    SP_AUTO_FREE char *story = NULL;
    struct sp_bind decision;
    enum sp_rc rc = decision_of(result->decision, result->n_decision, &story, &decision, err);
    if (rc != SP_OK)
        return rc;
    bool deferred = result->next == SP_JOB_DEFERRED;
    const struct sp_bind in[] = {
        sp_text(result->id),
        sp_text(sp_job_state_name(result->next)),
        sp_text(result->method),
        result->attempt.outcome == SP_OUTCOME_ACCEPTED ? sp_none() : sp_text(result->attempt.class_name),
        decision,
        sp_number(sp_job_state_final(result->next) ? result->now : 0),
        sp_number(deferred ? result->next_attempt : 0),
        due_of(result->next, result->next_attempt, result->waits_for_method, result->now),
        sp_number(result->spent_ms),
        sp_number(result->now),
        sp_number(result->tries),
        sp_text(result->only_method),
        sp_number(result->only_until),
        sp_number(deferred && result->waits_for_method),
        sp_text(result->trouble),
    };
    size_t changed = 0;
    rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_CONFLICT, "job %.40s is no longer sending", result->id);
    return rc;
}

static enum sp_rc
record_attempt(struct sp_db *db, int64_t row, const struct sp_job_attempt *attempt, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms)"
        " VALUES ($1, (SELECT coalesce(max(n), 0) + 1 FROM attempt WHERE job = $1), $2, $3, $4, $5, $6, $7, $8, $9, "
        "$10,"
        " $11, $12, $13, $14, $15, $16, $17)";
    const struct sp_bind in[] = {
        sp_number(row),
        sp_text(attempt->method),
        sp_text(attempt->host),
        sp_number(attempt->port),
        sp_text(attempt->ip),
        sp_text(attempt->tls),
        sp_text(attempt->stage),
        sp_text(sp_outcome_name(attempt->outcome)),
        sp_text(attempt->class_name),
        sp_text(attempt->cause),
        sp_number(attempt->code),
        sp_text(attempt->enhanced),
        sp_text(attempt->reply),
        sp_text(attempt->summary),
        sp_text(attempt->fix),
        sp_number(attempt->started),
        sp_number(attempt->duration_ms),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

/* A recipient that was accepted stays accepted, whatever comes later. */
static enum sp_rc
record_recipient(struct sp_db *db, int64_t row, size_t n, const struct sp_job_recipient *recipient, struct sp_err *err)
{
    static const char sql[] = "UPDATE recipient SET state = $3, method = $4, reply = $5"
                              " WHERE job = $1 AND n = $2 AND state <> 'sent'";
    const struct sp_bind in[] = {
        sp_number(row),
        sp_number((int64_t)n),
        sp_text(sp_recipient_state_name(recipient->state)),
        sp_text(recipient->method),
        sp_text(recipient->reply),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
record(struct sp_db *db, const struct sp_queue_result *result, struct sp_err *err)
{
    int64_t row = 0;
    enum sp_rc rc = sp_job_row_find(db, result->id, &row, err);
    if (rc == SP_OK)
        rc = record_job(db, result, err);
    if (rc == SP_OK)
        rc = record_attempt(db, row, &result->attempt, err);
    for (size_t i = 0; rc == SP_OK && i < result->n_recipients; i++)
        rc = record_recipient(db, row, i + 1, &result->recipients[i], err);
    for (size_t i = 0; rc == SP_OK && i < result->n_states; i++)
        rc = sp_method_state_save(db, &result->states[i], err);
    return rc;
}

enum sp_rc
sp_queue_record(struct sp_db *db, const struct sp_queue_result *result, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, record(db, result, err), err) : rc;
}

/* --- waiting -------------------------------------------------------------------------------------------------------
 */

static enum sp_rc
postpone_job(struct sp_db *db, const struct sp_queue_wait *wait, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = $2, finished = $3, next_attempt = $4, due = $5, spent_ms = $6,"
                              " waits_for_method = $7, trouble = $8, decision = coalesce($9, decision)"
                              " WHERE id = $1 AND state IN ('queued', 'deferred')";
    SP_AUTO_FREE char *story = NULL;
    struct sp_bind decision;
    enum sp_rc rc = decision_of(wait->decision, wait->n_decision, &story, &decision, err);
    if (rc != SP_OK)
        return rc;
    bool deferred = wait->next == SP_JOB_DEFERRED;
    const struct sp_bind in[] = {
        sp_text(wait->id),
        sp_text(sp_job_state_name(wait->next)),
        sp_number(sp_job_state_final(wait->next) ? wait->now : 0),
        sp_number(deferred ? wait->next_attempt : 0),
        due_of(wait->next, wait->next_attempt, wait->waits_for_method, wait->now),
        sp_number(wait->spent_ms),
        sp_number(deferred && wait->waits_for_method),
        sp_text(wait->trouble),
        decision,
    };
    size_t changed = 0;
    rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_CONFLICT, "job %.40s is no longer waiting", wait->id);
    return rc;
}

static enum sp_rc
fail_waiting_recipients(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] = "UPDATE recipient SET state = 'failed'"
                              " WHERE job = (SELECT n FROM job WHERE id = $1) AND state = 'waiting'";
    const struct sp_bind in[] = { sp_text(id) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
postpone(struct sp_db *db, const struct sp_queue_wait *wait, struct sp_err *err)
{
    enum sp_rc rc = postpone_job(db, wait, err);
    if (rc == SP_OK && sp_job_state_final(wait->next))
        rc = fail_waiting_recipients(db, wait->id, err);
    return rc;
}

enum sp_rc
sp_queue_postpone(struct sp_db *db, const struct sp_queue_wait *wait, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, postpone(db, wait, err), err) : rc;
}

enum sp_rc
sp_queue_release(struct sp_db *db, const char *tenant, int64_t now, struct sp_err *err)
{
    static const char sql[] = "UPDATE job INDEXED BY job_waiting SET due = $2, next_attempt = $2, waits_for_method = 0"
                              " WHERE tenant = $1 AND waits_for_method = 1 AND state = 'deferred'";
    const struct sp_bind in[] = { sp_text(tenant), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

/* --- after a crash -------------------------------------------------------------------------------------------------
 */

static enum sp_rc
tell_unknown(struct sp_db *db, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms)"
        " SELECT j.n, (SELECT coalesce(max(a.n), 0) + 1 FROM attempt a WHERE a.job = j.n), j.method, '', 0, '', '',"
        " 'message', 'unknown', 'other', 'interrupted', 0, '', '',"
        " 'scanpost was interrupted while it handed this over, so nobody knows whether it was accepted; it may arrive"
        " twice', '', j.claimed, 0 FROM job j WHERE j.state = 'sending'";
    return sp_db_exec(db, sql, NULL, 0, NULL, err);
}

static enum sp_rc
defer_unknown(struct sp_db *db, int64_t now, int64_t only_until, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = 'deferred', due = $1, next_attempt = $1, last_attempt = $1,"
                              " class = 'other', only_method = method, only_until = $2, waits_for_method = 0"
                              " WHERE state = 'sending'";
    const struct sp_bind in[] = { sp_number(now), sp_number(only_until) };
    return sp_db_exec(db, sql, in, SP_LEN(in), ret_count, err);
}

enum sp_rc
sp_queue_recover(struct sp_db *db, int64_t now, int64_t only_until, size_t *ret_count, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = tell_unknown(db, err);
    if (rc == SP_OK)
        rc = defer_unknown(db, now, only_until, ret_count, err);
    return sp_db_finish(db, rc, err);
}
