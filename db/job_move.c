/* job_move.c - what a person may do to a job: try again, give up. Compare-and-set, like all moves. */
#include "db/job_row.h"

#include "base/auto.h"
#include "db/db.h"

/* Reads the state after the move found nothing, so that the answer names it. */
enum sp_rc
sp_job_refuse(struct sp_db *db, const char *id, const char *wish, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(id) };
    struct sp_rows rows;
    sp_db_query(db, "SELECT state FROM job WHERE id = $1", in, SP_LEN(in), &rows);
    enum sp_job_state state = SP_JOB_QUEUED;
    bool found = sp_rows_next(&rows) && sp_job_state_parse(sp_row_text(&rows, 0), &state);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc != SP_OK)
        return rc;
    if (!found)
        return sp_fail(err, SP_E_NOTFOUND, "there is no job %.40s", id);
    return sp_fail(err, SP_E_CONFLICT, "job %s is %s and cannot be %s", id, sp_job_state_name(state), wish);
}

static enum sp_rc
requeue(struct sp_db *db, const char *id, int64_t now, size_t *ret_changed, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = 'queued', due = $2, next_attempt = 0, finished = 0,"
                              " spent_ms = 0, tries = 0, retried = $2,"
                              " waits_for_method = 0, waits_in = '', trouble = '', note_written = 0, told = 0"
                              " WHERE id = $1 AND state NOT IN ('sent', 'sending') AND documents_deleted = 0";
    const struct sp_bind in[] = { sp_text(id), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), ret_changed, err);
}

static enum sp_rc
wait_again(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] = "UPDATE recipient SET state = 'waiting', method = '', reply = ''"
                              " WHERE job = (SELECT n FROM job WHERE id = $1) AND state = 'failed'";
    const struct sp_bind in[] = { sp_text(id) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
refuse_retry(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] =
        "SELECT 1 FROM job WHERE id = $1 AND documents_deleted = 1 AND state NOT IN ('sent', 'sending')";
    const struct sp_bind in[] = { sp_text(id) };
    int64_t deleted = 0;
    enum sp_rc rc = sp_db_number(db, sql, in, SP_LEN(in), &deleted, err);
    if (rc == SP_E_NOTFOUND)
        return sp_job_refuse(db, id, "tried again", err);
    return rc == SP_OK ? sp_fail(err, SP_E_GONE, "the documents of job %s are deleted", id) : rc;
}

static enum sp_rc
retry(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    size_t changed = 0;
    enum sp_rc rc = requeue(db, id, now, &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = refuse_retry(db, id, err);
    return rc == SP_OK ? wait_again(db, id, err) : rc;
}

enum sp_rc
sp_job_retry(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, retry(db, id, now, err), err) : rc;
}

static enum sp_rc
cancel(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE job SET state = 'cancelled', finished = $2, next_attempt = 0, due = NULL,"
        " waits_for_method = 0, waits_in = '' WHERE id = $1 AND state IN ('queued', 'deferred', 'held')";
    const struct sp_bind in[] = { sp_text(id), sp_number(now) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    return rc == SP_OK && changed == 0 ? sp_job_refuse(db, id, "cancelled", err) : rc;
}

enum sp_rc
sp_job_cancel(struct sp_db *db, const char *id, int64_t now, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, cancel(db, id, now, err), err) : rc;
}
