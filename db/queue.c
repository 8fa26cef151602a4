/* queue.c - the sender's statements. `due` is NULL unless the job may be claimed, so the index over it holds what waits
 * and nothing else; a queued job is due from its creation, which keeps old deferred jobs from starving behind new ones.
 * That index is ordered by line and source: finding the next source is one step in it, however much the others have. */
#include "db/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "db/db.h"
#include "db/job_row.h"
#include "db/method_state.h"

/* --- what is due ---------------------------------------------------------------------------------------------------
 */

static void
read_due(struct sp_rows *rows, const struct sp_turn *turn, struct sp_due *due)
{
    sp_text_copy(due->id, sizeof(due->id), sp_row_text(rows, 0));
    sp_text_copy(due->tenant, sizeof(due->tenant), sp_row_text(rows, 1));
    due->size = (uint64_t)sp_row_number(rows, 2);
    due->from = *turn;
}

/* The source after `turn` that has something in the line, due or not yet. SP_E_NOTFOUND: there is none after it. */
static enum sp_rc
next_source(struct sp_db *db, const char *line, struct sp_turn *turn, struct sp_err *err)
{
    static const char sql[] = "SELECT source, source_name FROM job INDEXED BY job_turn WHERE due IS NOT NULL"
                              " AND waits_in = $1 AND (source, source_name) > ($2, $3)"
                              " ORDER BY source, source_name LIMIT 1";
    const struct sp_bind in[] = { sp_text(line), sp_text(turn->source), sp_text(turn->source_name) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found && (!sp_text_copy(turn->source, sizeof(turn->source), sp_row_text(&rows, 0)) ||
                  !sp_text_copy(turn->source_name, sizeof(turn->source_name), sp_row_text(&rows, 1))))
        sp_fail(&rows.err, SP_E_CORRUPT, "db: the name of a source is too long");
    enum sp_rc rc = sp_rows_end(&rows, err);
    return rc == SP_OK && !found ? SP_E_NOTFOUND : rc;
}

/* What one source has to give, oldest first. */
static enum sp_rc
due_of_source(struct sp_db *db, const char *line, const struct sp_turn *source, int64_t now, size_t limit,
              struct sp_due *ret, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT id, tenant, size FROM job INDEXED BY job_turn WHERE due IS NOT NULL"
                              " AND waits_in = $1 AND source = $2 AND source_name = $3 AND due <= $4"
                              " ORDER BY due, id LIMIT $5";
    const struct sp_bind in[] = {
        sp_text(line), sp_text(source->source), sp_text(source->source_name), sp_number(now), sp_number((int64_t)limit),
    };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        read_due(&rows, source, &ret[count++]);
    *ret_count = count;
    return sp_rows_end(&rows, err);
}

/* Puts what a source has among the others: its n-th after their n-th. ret is ordered by rank, and keeps `limit`. */
static void
take_turns(struct sp_due *ret, size_t *count, size_t limit, const struct sp_due *own, size_t n_own)
{
    for (size_t i = 0; i < n_own; i++) {
        size_t at = *count;
        while (at > 0 && ret[at - 1].rank > own[i].rank)
            at--;
        if (at == limit)
            return;
        if (*count < limit)
            (*count)++;
        memmove(&ret[at + 1], &ret[at], (*count - at - 1) * sizeof(*ret));
        ret[at] = own[i];
    }
}

/* The walk goes on behind the last source at the first one, and ends where it began. */
struct walk {
    struct sp_turn began, at;
    bool wrapped;
};

static enum sp_rc
walk_on(struct sp_db *db, const char *line, struct walk *walk, struct sp_err *err)
{
    enum sp_rc rc = next_source(db, line, &walk->at, err);
    if (rc == SP_E_NOTFOUND && !walk->wrapped) {
        walk->wrapped = true;
        walk->at = (struct sp_turn){ 0 };
        rc = next_source(db, line, &walk->at, err);
    }
    if (rc != SP_OK || !walk->wrapped)
        return rc;
    int order = strcmp(walk->at.source, walk->began.source);
    if (order == 0)
        order = strcmp(walk->at.source_name, walk->began.source_name);
    return order > 0 ? SP_E_NOTFOUND : SP_OK;
}

enum sp_rc
sp_queue_due(struct sp_db *db, const char *line, int64_t now, const struct sp_turn *turn, size_t limit,
             struct sp_due *ret, size_t *ret_count, struct sp_err *err)
{
    struct walk walk = { .began = *turn, .at = *turn };
    size_t sources = 0;
    enum sp_rc rc = SP_OK;
    *ret_count = 0;
    SP_AUTO_FREE struct sp_due *own = calloc(limit, sizeof(*own));
    if (own == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    while (sources < limit && (rc = walk_on(db, line, &walk, err)) == SP_OK) {
        size_t n = 0;
        rc = due_of_source(db, line, &walk.at, now, limit, own, &n, err);
        if (rc != SP_OK)
            break;
        for (size_t i = 0; i < n; i++)
            own[i].rank = i;
        take_turns(ret, ret_count, limit, own, n);
        sources += n > 0;
    }
    return rc == SP_E_NOTFOUND ? SP_OK : rc;
}

enum sp_rc
sp_queue_next_due(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT due FROM job INDEXED BY job_deferred"
                              " WHERE state = 'deferred' AND waits_in = '' AND due > 0 ORDER BY due LIMIT 1";
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
                              " next_attempt = 0, waits_for_method = 0, waits_in = ''"
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

/* When a job in this state may be claimed. In a line, order is all; one that waits for a method and has no time of its
 * own waits for release. */
static struct sp_bind
due_of(enum sp_job_state state, int64_t next_attempt, bool waits_for_method, const char *line, int64_t now)
{
    if (state != SP_JOB_DEFERRED && state != SP_JOB_QUEUED)
        return sp_none();
    if (line != NULL && line[0] != '\0')
        return sp_number(now);
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
        "UPDATE job SET state = $2, method = $3, class = coalesce($4, class), cause = coalesce($17, cause), decision = "
        "coalesce($5, decision),"
        " finished = $6, next_attempt = $7, due = $8, spent_ms = $9, last_attempt = $10, claimed = $10, tries = $11,"
        " only_method = $12, only_until = $13, waits_for_method = $14, trouble = $15, waits_in = $16"
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
        due_of(result->next, result->next_attempt, result->waits_for_method, result->waits_in, result->now),
        sp_number(result->spent_ms),
        sp_number(result->now),
        sp_number(result->tries),
        sp_text(result->only_method),
        sp_number(result->only_until),
        sp_number(deferred && result->waits_for_method),
        sp_text(result->trouble),
        sp_text(result->waits_in),
        result->attempt.outcome == SP_OUTCOME_ACCEPTED ? sp_none() : sp_text(result->attempt.cause),
    };
    size_t changed = 0;
    rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_CONFLICT, "job %.40s is no longer sending", result->id);
    return rc;
}

/* A job that is put off for days is tried some hundred times, and says much the same each time. */
static enum sp_rc
drop_old_transcript(struct sp_db *db, int64_t row, struct sp_err *err)
{
    static const char sql[] = "UPDATE attempt SET transcript = '' WHERE job = $1 AND transcript <> ''"
                              " AND n = (SELECT max(n) FROM attempt WHERE job = $1) - $2";
    const struct sp_bind in[] = { sp_number(row), sp_number(SP_QUEUE_TRANSCRIPTS) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
record_attempt(struct sp_db *db, int64_t row, const struct sp_job_attempt *attempt, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms, transcript)"
        " VALUES ($1, (SELECT coalesce(max(n), 0) + 1 FROM attempt WHERE job = $1), $2, $3, $4, $5, $6, $7, $8, $9, "
        "$10,"
        " $11, $12, $13, $14, $15, $16, $17, $18)";
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
        sp_text(attempt->transcript != NULL ? attempt->transcript : ""),
    };
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
    return rc == SP_OK ? drop_old_transcript(db, row, err) : rc;
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
                              " waits_for_method = $7, trouble = $8, decision = coalesce($9, decision), waits_in = $10"
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
        due_of(wait->next, wait->next_attempt, wait->waits_for_method, wait->waits_in, wait->now),
        sp_number(wait->spent_ms),
        sp_number(deferred && wait->waits_for_method),
        sp_text(wait->trouble),
        decision,
        sp_text(wait->waits_in),
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

static enum sp_rc
release_waiting(struct sp_db *db, const char *tenant, int64_t now, struct sp_err *err)
{
    static const char sql[] = "UPDATE job INDEXED BY job_waiting SET due = $2, next_attempt = $2, waits_for_method = 0"
                              " WHERE tenant = $1 AND waits_for_method = 1 AND state = 'deferred'";
    const struct sp_bind in[] = { sp_text(tenant), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
release_lines(struct sp_db *db, const char *tenant, int64_t now, struct sp_err *err)
{
    static const char sql[] = "UPDATE job INDEXED BY job_turn SET due = $2, next_attempt = $2, waits_in = ''"
                              " WHERE due IS NOT NULL AND waits_in > '' AND tenant = $1";
    const struct sp_bind in[] = { sp_text(tenant), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_queue_release(struct sp_db *db, const char *tenant, int64_t now, struct sp_err *err)
{
    enum sp_rc rc = release_waiting(db, tenant, now, err);
    return rc == SP_OK ? release_lines(db, tenant, now, err) : rc;
}

enum sp_rc
sp_queue_leave_line(struct sp_db *db, const char *line, int64_t now, struct sp_err *err)
{
    static const char of_one[] = "UPDATE job INDEXED BY job_turn SET due = $2, next_attempt = $2, waits_in = ''"
                                 " WHERE due IS NOT NULL AND waits_in = $1";
    static const char of_all[] = "UPDATE job INDEXED BY job_turn SET due = $2, next_attempt = $2, waits_in = ''"
                                 " WHERE due IS NOT NULL AND waits_in > $1";
    const struct sp_bind in[] = { sp_text(line), sp_number(now) };
    return sp_db_exec(db, line != NULL ? of_one : of_all, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_queue_clamp(struct sp_db *db, int64_t now, int64_t latest, size_t *ret_changed, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE job INDEXED BY job_turn SET due = $1, next_attempt = min(next_attempt, $1)"
        " WHERE due IS NOT NULL AND (due > $2 OR (due > $1 AND (state = 'queued' OR waits_in <> '')))";
    const struct sp_bind in[] = { sp_number(now), sp_number(latest) };
    return sp_db_exec(db, sql, in, SP_LEN(in), ret_changed, err);
}

/* --- late mails ---------------------------------------------------------------------------------------------------
 */

enum sp_rc
sp_queue_late_note(struct sp_db *db, struct sp_job *job, const char **ret, struct sp_err *err)
{
    static const char sql[] = "SELECT late_note FROM job WHERE id = $1";
    const struct sp_bind in[] = { sp_text(job->id) };
    struct sp_rows rows;
    *ret = "";
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows))
        *ret = sp_row_keep(&rows, 0, job->arena);
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_queue_set_late_note(struct sp_db *db, const char *id, const char *note, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET late_note = $2 WHERE id = $1";
    const struct sp_bind in[] = { sp_text(id), sp_text(note) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

/* --- before an end ------------------------------------------------------------------------------------------------
 */

static enum sp_rc
unclaim(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    static const char tell[] =
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms)"
        " SELECT j.n, (SELECT coalesce(max(a.n), 0) + 1 FROM attempt a WHERE a.job = j.n), j.method, '', 0, '', '',"
        " '', 'failed', 'other', 'stopped', 0, '', '',"
        " 'scanpost was stopped before this was handed over; nothing was sent, and it is sent when scanpost runs "
        "again',"
        " '', j.claimed, max($2 - j.claimed, 0) FROM job j WHERE j.id = $1 AND j.state = 'sending'";
    static const char move[] = "UPDATE job SET state = 'queued', due = $2, last_attempt = $2"
                               " WHERE id = $1 AND state = 'sending'";
    const struct sp_bind in[] = { sp_text(id), sp_number(now) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, tell, in, SP_LEN(in), NULL, err);
    if (rc == SP_OK)
        rc = sp_db_exec(db, move, in, SP_LEN(in), &changed, err);
    return rc == SP_OK && changed == 0 ? sp_fail(err, SP_E_CONFLICT, "job %.40s is not being sent", id) : rc;
}

enum sp_rc
sp_queue_unclaim(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, unclaim(db, id, now, err), err) : rc;
}

/* --- after a crash -------------------------------------------------------------------------------------------------
 */

/* Facets only say where to look: were they wrong, a job that was sent must not be sent again. */
#define SENDING                                                                                                        \
    "state = 'sending' AND n IN (SELECT job FROM job_facet WHERE facet IN"                                             \
    " (SELECT f FROM facet WHERE state = 'sending'))"

static enum sp_rc
tell_unknown(struct sp_db *db, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms)"
        " SELECT j.n, (SELECT coalesce(max(a.n), 0) + 1 FROM attempt a WHERE a.job = j.n), j.method, '', 0, '', '',"
        " 'message', 'unknown', 'other', 'interrupted', 0, '', '',"
        " 'scanpost was interrupted while it handed this over, so nobody knows whether it was accepted; it may arrive"
        " twice', '', j.claimed, 0 FROM job j WHERE " SENDING;
    return sp_db_exec(db, sql, NULL, 0, NULL, err);
}

static enum sp_rc
defer_unknown(struct sp_db *db, int64_t now, int64_t only_until, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = 'deferred', due = $1, next_attempt = $1, last_attempt = $1,"
                              " class = 'other', cause = 'interrupted', only_method = method, only_until = $2,"
                              " waits_for_method = 0, waits_in = '' WHERE " SENDING;
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
