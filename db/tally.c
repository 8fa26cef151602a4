/* tally.c - see tally.h. Triggers write, this reads. */
#include "db/tally.h"

#include "base/auto.h"
#include "base/text.h"
#include "db/db.h"
#include "db/search.h"
#include "db/stmt.h"

enum { GROUP_WORK_MS = 20 };

static enum sp_rc
each(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, sp_tally_fn *fn, void *context,
     struct sp_err *err)
{
    struct sp_rows rows;
    sp_db_query(db, sql, in, n, &rows);
    while (sp_rows_next(&rows)) {
        const struct sp_tally tally = {
            .hour = sp_row_number(&rows, 0),
            .kind = sp_row_text(&rows, 1),
            .a = sp_row_text(&rows, 2),
            .b = sp_row_text(&rows, 3),
            .c = sp_row_text(&rows, 4),
            .number = sp_row_number(&rows, 5),
            .amount = sp_row_number(&rows, 6),
        };
        fn(context, &tally);
    }
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_tally_each(struct sp_db *db, int64_t from, int64_t until, sp_tally_fn *fn, void *context, struct sp_err *err)
{
    static const char sql[] =
        "SELECT hour, kind, a, b, c, number, amount FROM tally WHERE hour > 0 AND hour >= $1 AND hour < $2"
        " ORDER BY hour";
    const struct sp_bind in[] = { sp_number(from), sp_number(until) };
    return each(db, sql, in, SP_LEN(in), fn, context, err);
}

/* Hour 0 has the sums of all hours before this one; 1 when nothing was summed yet. */
#define SUMMED "coalesce((SELECT value FROM house WHERE key = 'tally_summed'), 1)"

enum sp_rc
sp_tally_totals(struct sp_db *db, sp_tally_fn *fn, void *context, struct sp_err *err)
{
    static const char sql[] = "SELECT 0, kind, a, b, c, sum(number), sum(amount) FROM (SELECT * FROM tally"
                              " WHERE hour = 0 UNION ALL SELECT * FROM tally WHERE hour >= " SUMMED ")"
                              " GROUP BY kind, a, b, c ORDER BY kind, a, b, c";
    return each(db, sql, NULL, 0, fn, context, err);
}

static enum sp_rc
fold(struct sp_db *db, int64_t sum_before, int64_t forget_before, struct sp_err *err)
{
    static const char add[] =
        "INSERT INTO tally (hour, kind, a, b, c, number, amount)"
        " SELECT 0, kind, a, b, c, sum(number), sum(amount) FROM tally WHERE hour >= " SUMMED " AND hour < $1"
        " GROUP BY kind, a, b, c"
        " ON CONFLICT DO UPDATE SET number = number + excluded.number, amount = amount + excluded.amount";
    static const char move[] = "INSERT INTO house (key, value) VALUES ('tally_summed', max($1, " SUMMED "))"
                               " ON CONFLICT DO UPDATE SET value = excluded.value";
    static const char forget[] = "DELETE FROM tally WHERE hour > 0 AND hour < min($1, " SUMMED ")";
    const struct sp_bind sum[] = { sp_number(sum_before) }, old[] = { sp_number(forget_before) };
    enum sp_rc rc = sp_db_exec(db, add, sum, SP_LEN(sum), NULL, err);
    if (rc == SP_OK)
        rc = sp_db_exec(db, move, sum, SP_LEN(sum), NULL, err);
    return rc == SP_OK ? sp_db_exec(db, forget, old, SP_LEN(old), NULL, err) : rc;
}

enum sp_rc
sp_tally_fold(struct sp_db *db, int64_t sum_before, int64_t forget_before, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, fold(db, sum_before, forget_before, err), err) : rc;
}

enum sp_rc
sp_standing_each(struct sp_db *db, sp_standing_fn *fn, void *context, struct sp_err *err)
{
    static const char sql[] = "SELECT state, method, source, class, cause, sum(jobs) FROM facet WHERE jobs > 0"
                              " GROUP BY state, method, source, class, cause";
    struct sp_rows rows;
    sp_db_query(db, sql, NULL, 0, &rows);
    while (sp_rows_next(&rows)) {
        const struct sp_standing standing = {
            .state = sp_row_text(&rows, 0),
            .method = sp_row_text(&rows, 1),
            .source = sp_row_text(&rows, 2),
            .class_name = sp_row_text(&rows, 3),
            .cause = sp_row_text(&rows, 4),
            .jobs = sp_row_number(&rows, 5),
        };
        fn(context, &standing);
    }
    return sp_rows_end(&rows, err);
}

/* --- a group -------------------------------------------------------------------------------------------------------
 */

static enum sp_rc
describe(struct sp_db *db, int64_t row, int64_t *ret_created, char ret_id[27], struct sp_err *err)
{
    static const char sql[] = "SELECT created, id FROM job WHERE n = $1";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        *ret_created = sp_row_number(&rows, 0);
        if (ret_id != NULL)
            (void)sp_text_copy(ret_id, 27, sp_row_text(&rows, 1));
    }
    return sp_rows_end(&rows, err);
}

static enum sp_rc
look(struct sp_db *db, const struct sp_query *query, int64_t most, struct sp_job_group *ret, struct sp_err *err)
{
    SP_AUTO(sp_search_close) struct sp_search *search = NULL;
    int64_t row = 0, newest = 0, oldest = 0;
    enum sp_rc rc = sp_search_open(db, query, 0, GROUP_WORK_MS, &search, err);
    while (rc == SP_OK && ret->count < most && (rc = sp_search_next(search, &row, err)) == SP_OK && row != 0) {
        newest = newest == 0 ? row : newest;
        oldest = row;
        ret->count++;
    }
    if (rc == SP_OK && ret->count > 0)
        rc = describe(db, newest, &ret->last, ret->newest, err);
    if (rc == SP_OK && ret->count > 0)
        rc = describe(db, oldest, &ret->first, NULL, err);
    ret->more = rc == SP_OK && (ret->count == most || sp_search_stopped_at(search) != 0);
    return rc;
}

enum sp_rc
sp_job_group_look(struct sp_db *db, const struct sp_query *query, int64_t most, struct sp_job_group *ret,
                  struct sp_err *err)
{
    *ret = (struct sp_job_group){ 0 };
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = look(db, query, most, ret, err);
    sp_db_end_reading(db);
    return rc;
}

/* --- the last of its kind ------------------------------------------------------------------------------------------
 */

static enum sp_rc
number_or_none(struct sp_db *db, const char *sql, int64_t *ret, struct sp_err *err)
{
    enum sp_rc rc = sp_db_number(db, sql, NULL, 0, ret, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    *ret = 0;
    return SP_OK;
}

/* Attempts stand in the order in which they ended. */
enum sp_rc
sp_last_accepted(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT started + duration_ms FROM (SELECT outcome, started, duration_ms FROM attempt"
                              " ORDER BY rowid DESC LIMIT 10000) WHERE outcome = 'accepted' LIMIT 1";
    return number_or_none(db, sql, ret, err);
}

enum sp_rc
sp_last_taken(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT created FROM (SELECT created, source FROM job ORDER BY n DESC LIMIT 10000)"
                              " WHERE source <> 'notice' LIMIT 1";
    return number_or_none(db, sql, ret, err);
}

enum sp_rc
sp_documents_size(struct sp_db *db, int64_t *ret, struct sp_err *err)
{
    static const char kept[] = "SELECT coalesce(sum(size), 0) FROM job INDEXED BY job_documents"
                               " WHERE documents_deleted = 0 AND finished > 0";
    static const char open[] =
        "SELECT coalesce(sum(size), 0) FROM job WHERE n IN (SELECT job FROM job_facet WHERE facet IN"
        " (SELECT f FROM facet WHERE state IN ('queued', 'sending', 'deferred', 'held')))";
    int64_t size = 0;
    enum sp_rc rc = sp_db_number(db, kept, NULL, 0, ret, err);
    if (rc == SP_OK)
        rc = sp_db_number(db, open, NULL, 0, &size, err);
    if (rc == SP_OK)
        *ret += size;
    return rc;
}
