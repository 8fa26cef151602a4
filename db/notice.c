/* notice.c - see notice.h. */
#include "db/notice.h"

#include "base/auto.h"
#include "base/text.h"
#include "db/stmt.h"

enum sp_rc
sp_notice_jobs(struct sp_db *db, size_t limit, char (*ids)[27], size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT id FROM job INDEXED BY job_untold"
                              " WHERE told = 0 AND state IN ('failed', 'partial', 'held') AND source <> 'notice'"
                              " ORDER BY id LIMIT $1";
    const struct sp_bind in[] = { sp_number((int64_t)limit) };
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        (void)sp_text_copy(ids[count++], sizeof ids[0], sp_row_text(&rows, 0));
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK)
        *ret_count = count;
    return rc;
}

enum sp_rc
sp_notice_job_told(struct sp_db *db, const char *id, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET told = 1 WHERE id = $1";
    const struct sp_bind in[] = { sp_text(id) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_notice_told(struct sp_db *db, const char *key, char ret_value[SP_NOTICE_VALUE_SIZE], int64_t *ret_told,
               struct sp_err *err)
{
    static const char sql[] = "SELECT value, told FROM notice_told WHERE key = $1";
    const struct sp_bind in[] = { sp_text(key) };
    struct sp_rows rows;
    ret_value[0] = '\0';
    *ret_told = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        (void)sp_text_copy(ret_value, SP_NOTICE_VALUE_SIZE, sp_row_text(&rows, 0));
        *ret_told = sp_row_number(&rows, 1);
    }
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_notice_tell(struct sp_db *db, const char *key, const char *value, int64_t now, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO notice_told (key, value, told) VALUES ($1, $2, $3)"
                              " ON CONFLICT (key) DO UPDATE SET value = $2, told = $3";
    const struct sp_bind in[] = { sp_text(key), sp_text(value), sp_number(now) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
number_or_none(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, int64_t *ret, struct sp_err *err)
{
    enum sp_rc rc = sp_db_number(db, sql, in, n, ret, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    *ret = 0;
    return SP_OK;
}

enum sp_rc
sp_notice_oldest_waiting(struct sp_db *db, int64_t *ret_created, struct sp_err *err)
{
    static const char sql[] = "SELECT created FROM job WHERE n = (SELECT min(first) FROM (SELECT"
                              " (SELECT job FROM job_facet WHERE facet = f ORDER BY job LIMIT 1) AS first FROM facet"
                              " WHERE state IN ('queued', 'deferred', 'sending') AND source <> 'notice' AND jobs > 0))";
    return number_or_none(db, sql, NULL, 0, ret_created, err);
}

enum sp_rc
sp_notice_last_from(struct sp_db *db, const char *source, const char *source_name, int64_t *ret_created,
                    struct sp_err *err)
{
    static const char sql[] = "SELECT created FROM job INDEXED BY job_by_source"
                              " WHERE source = $1 AND source_name = $2 ORDER BY n DESC LIMIT 1";
    const struct sp_bind in[] = { sp_text(source), sp_text(source_name) };
    return number_or_none(db, sql, in, SP_LEN(in), ret_created, err);
}
