/* budget_use.c - a row a message; see budget_use.h. Microsoft's limit keeps it small: a mailbox sends to no more than
 * 10,000 recipients a day. */
#include "db/budget_use.h"

#include "base/auto.h"
#include "db/stmt.h"

static const int64_t DAY_MS = (int64_t)24 * 3600 * 1000;

static enum sp_rc
forget(struct sp_db *db, int64_t now, struct sp_err *err)
{
    static const char sql[] = "DELETE FROM budget_use WHERE at <= $1";
    const struct sp_bind in[] = { sp_number(now - DAY_MS) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_budget_use_begin(struct sp_db *db, const char *identity, int64_t now, size_t recipients, int64_t *ret_row,
                    struct sp_err *err)
{
    static const char sql[] = "INSERT INTO budget_use (identity, at, recipients) VALUES (lower($1), $2, $3)";
    const struct sp_bind in[] = { sp_text(identity), sp_number(now), sp_number((int64_t)recipients) };
    enum sp_rc rc = forget(db, now, err);
    if (rc == SP_OK)
        rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
    if (rc == SP_OK)
        *ret_row = sp_db_last_row(db);
    return rc;
}

enum sp_rc
sp_budget_use_end(struct sp_db *db, int64_t row, int64_t now, size_t recipients, struct sp_err *err)
{
    static const char sql[] = "UPDATE budget_use SET at = $2, recipients = $3 WHERE n = $1";
    const struct sp_bind in[] = { sp_number(row), sp_number(now), sp_number((int64_t)recipients) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_budget_use_undo(struct sp_db *db, int64_t row, struct sp_err *err)
{
    static const char sql[] = "DELETE FROM budget_use WHERE n = $1";
    const struct sp_bind in[] = { sp_number(row) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_budget_use_each(struct sp_db *db, int64_t now, sp_budget_use_fn *fn, void *context, struct sp_err *err)
{
    static const char sql[] = "SELECT identity, at, recipients FROM budget_use WHERE at > $1 ORDER BY at";
    const struct sp_bind in[] = { sp_number(now - DAY_MS) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        fn(context, sp_row_text(&rows, 0), sp_row_number(&rows, 1), (size_t)sp_row_number(&rows, 2));
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_budget_use_sum(struct sp_db *db, const char *identity, int64_t since, int64_t now, int64_t *ret_messages,
                  int64_t *ret_recipients, struct sp_err *err)
{
    static const char sql[] = "SELECT count(CASE WHEN at > $2 THEN 1 END), coalesce(sum(recipients), 0)"
                              " FROM budget_use WHERE identity = lower($1) AND at > $3";
    const struct sp_bind in[] = { sp_text(identity), sp_number(since), sp_number(now - DAY_MS) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        *ret_messages = sp_row_number(&rows, 0);
        *ret_recipients = sp_row_number(&rows, 1);
    }
    return sp_rows_end(&rows, err);
}
