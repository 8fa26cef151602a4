/* job_keep.c - housekeeping over jobs: documents whose time is over, history that is old, notes that are owed. */
#include "db/job_row.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/ulid.h"
#include "db/db.h"
#include "db/search_index.h"

void
sp_job_id_time(int64_t wall_ms, char buffer[SP_JOB_ID_TIME_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's */
    const int64_t latest = ((int64_t)1 << 48) - 1;
    int64_t left = wall_ms < 0 ? 0 : wall_ms > latest ? latest : wall_ms;
    buffer[SP_JOB_ID_TIME_SIZE - 1] = '\0';
    for (int i = SP_JOB_ID_TIME_SIZE - 2; i >= 0; i--) {
        buffer[i] = digits[left % 32];
        left /= 32;
    }
}

/* Runs a query whose only column is an id; its last parameter is the limit. */
static enum sp_rc
collect_ids(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, char (*ids)[27], size_t *ret_count,
            struct sp_err *err)
{
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, n, &rows);
    while (sp_rows_next(&rows))
        snprintf(ids[count++], sizeof(ids[0]), "%s", sp_row_text(&rows, 0));
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK)
        *ret_count = count;
    return rc;
}

enum sp_rc
sp_job_documents_due(struct sp_db *db, int64_t sent_before, int64_t failed_before, size_t limit, char (*ids)[27],
                     size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT id FROM job INDEXED BY job_documents"
                              " WHERE documents_deleted = 0 AND finished > 0 AND state = 'sent' AND finished < $1"
                              " UNION ALL SELECT id FROM job INDEXED BY job_documents"
                              " WHERE documents_deleted = 0 AND finished > 0 AND state IN ('failed', 'partial', "
                              "'cancelled') AND finished < $2"
                              " LIMIT $3";
    const struct sp_bind in[] = { sp_number(sent_before), sp_number(failed_before), sp_number((int64_t)limit) };
    return collect_ids(db, sql, in, SP_LEN(in), ids, ret_count, err);
}

static enum sp_rc
mark(struct sp_db *db, const char *sql, const char *id, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(id) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_NOTFOUND, "there is no job %.40s", id);
    return rc;
}

/* Dialogues that went well are the most of a long history, and nobody asks for them after a week. */
static enum sp_rc
forget_transcripts(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] = "UPDATE attempt SET transcript = '' WHERE outcome = 'accepted' AND transcript <> ''"
                              " AND job = (SELECT n FROM job WHERE id = $1)";
    const struct sp_bind in[] = { sp_text(id) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_job_documents_deleted(struct sp_db *db, const char *id, struct sp_err *err)
{
    enum sp_rc rc = forget_transcripts(db, id, err);
    if (rc != SP_OK)
        return rc;
    return mark(db, "UPDATE job SET documents_deleted = 1 WHERE id = $1", id, err);
}

enum sp_rc
sp_job_note_written(struct sp_db *db, const char *id, struct sp_err *err)
{
    return mark(db, "UPDATE job SET note_written = 1 WHERE id = $1", id, err);
}

enum sp_rc
sp_job_notes_due(struct sp_db *db, size_t limit, char (*ids)[27], size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT id FROM job INDEXED BY job_note"
                              " WHERE source = 'folder' AND note_written = 0 AND state IN ('failed', 'partial')"
                              " AND length(folder_name) > 0 ORDER BY id LIMIT $1";
    const struct sp_bind in[] = { sp_number((int64_t)limit) };
    return collect_ids(db, sql, in, SP_LEN(in), ids, ret_count, err);
}

/* The oldest that may be forgotten; `created` and the time in the id come from one clock, within the time an upload
 * takes, so the walk stops where ids are younger. *ret 0: there is none. */
static enum sp_rc
oldest(struct sp_db *db, int64_t created_before, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT n FROM job WHERE id < $1 AND created < $2 AND documents_deleted = 1"
                              " AND state IN ('sent', 'partial', 'failed', 'cancelled') ORDER BY id LIMIT 1";
    char until[SP_JOB_ID_TIME_SIZE];
    sp_job_id_time(created_before, until);
    const struct sp_bind in[] = { sp_text(until), sp_number(created_before) };
    enum sp_rc rc = sp_db_number(db, sql, in, SP_LEN(in), ret, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    *ret = 0;
    return SP_OK;
}

static enum sp_rc
forget_one(struct sp_db *db, int64_t row, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(row) };
    enum sp_rc rc = sp_search_index_remove(db, row, err);
    return rc == SP_OK ? sp_db_exec(db, "DELETE FROM job WHERE n = $1", in, SP_LEN(in), NULL, err) : rc;
}

static enum sp_rc
forget(struct sp_db *db, int64_t created_before, size_t limit, size_t *count, struct sp_err *err)
{
    int64_t row = 0;
    enum sp_rc rc = oldest(db, created_before, &row, err);
    while (rc == SP_OK && row != 0 && *count < limit) {
        rc = forget_one(db, row, err);
        *count += rc == SP_OK;
        if (rc == SP_OK)
            rc = oldest(db, created_before, &row, err);
    }
    return rc == SP_OK && *count > 0 ? sp_search_index_deleted(db, err) : rc;
}

static enum sp_rc
forget_as_one(struct sp_db *db, int64_t created_before, size_t limit, size_t *ret_count, struct sp_err *err)
{
    *ret_count = 0;
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, forget(db, created_before, limit, ret_count, err), err) : rc;
}

/* When it is the index of words that is damaged, it is made anew, as by housekeeping: what is over goes all the same.
 */
enum sp_rc
sp_job_forget(struct sp_db *db, int64_t created_before, size_t limit, size_t *ret_count, struct sp_err *err)
{
    enum sp_rc rc = forget_as_one(db, created_before, limit, ret_count, err);
    if (!sp_search_index_damaged(rc) || sp_search_index_reset(db, NULL) != SP_OK)
        return rc;
    return forget_as_one(db, created_before, limit, ret_count, err);
}
