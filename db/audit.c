/* audit.c - the table of who did what. */
#include "db/audit.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/db.h"
#include "db/stmt.h"

static const char *const actions[] = {
    [SP_AUDIT_SIGN_IN] = "sign_in",
    [SP_AUDIT_SIGN_IN_FAILED] = "sign_in_failed",
    [SP_AUDIT_SIGN_OUT] = "sign_out",
    [SP_AUDIT_FIRST_USER] = "first_user",
    [SP_AUDIT_FIRST_LINK] = "first_link",
    [SP_AUDIT_USER_ADD] = "user_add",
    [SP_AUDIT_USER_PASSWORD] = "user_password",
    [SP_AUDIT_USER_REMOVE] = "user_remove",
    [SP_AUDIT_TOKEN_ADD] = "token_add",
    [SP_AUDIT_TOKEN_REVOKE] = "token_revoke",
    [SP_AUDIT_JOB_RETRY] = "job_retry",
    [SP_AUDIT_JOB_CANCEL] = "job_cancel",
    [SP_AUDIT_JOBS_RETRY] = "jobs_retry",
    [SP_AUDIT_JOBS_CANCEL] = "jobs_cancel",
    [SP_AUDIT_JOB_FORWARD] = "job_forward",
    [SP_AUDIT_JOBS_EXPORT] = "jobs_export",
    [SP_AUDIT_DOCUMENT_OPEN] = "document_open",
    [SP_AUDIT_METHOD_CHECK] = "method_check",
};

const char *
sp_audit_action_name(enum sp_audit_action action)
{
    return actions[action];
}

static enum sp_rc
insert(struct sp_db *db, const struct sp_audit_row *row, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO audit (at, who, role, address, action, object, detail, count)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, 1)";
    const struct sp_bind in[] = { sp_number(row->at),    sp_text(row->who),    sp_text(row->role),
                                  sp_text(row->address), sp_text(row->action), sp_text(row->object),
                                  sp_text(row->detail) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

/* *ret_found: there was one lately, and it counts one more. */
static enum sp_rc
fold(struct sp_db *db, const struct sp_audit_row *row, size_t *ret_found, struct sp_err *err)
{
    static const char sql[] = "UPDATE audit SET count = count + 1, at = $3 WHERE n = (SELECT max(n) FROM audit"
                              " WHERE action = 'sign_in_failed' AND who = $1 AND address = $2) AND at > $4";
    const struct sp_bind in[] = { sp_text(row->who), sp_text(row->address), sp_number(row->at),
                                  sp_number(row->at - SP_AUDIT_FOLD_MS) };
    return sp_db_exec(db, sql, in, SP_LEN(in), ret_found, err);
}

/* The index has a row for each wrong sign-in and nothing else, so all of this is small. */
static enum sp_rc
make_room(struct sp_db *db, struct sp_err *err)
{
    static const char sql[] = "DELETE FROM audit WHERE n = (SELECT min(n) FROM audit WHERE action = 'sign_in_failed')"
                              " AND (SELECT count(*) FROM audit WHERE action = 'sign_in_failed') >= $1";
    const struct sp_bind in[] = { sp_number(SP_AUDIT_FAILED_MAX) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_audit_add(struct sp_db *db, const struct sp_audit_row *row, struct sp_err *err)
{
    size_t folded = 0;
    enum sp_rc rc = SP_OK;
    if (strcmp(row->action, actions[SP_AUDIT_SIGN_IN_FAILED]) == 0) {
        rc = fold(db, row, &folded, err);
        if (rc == SP_OK && folded == 0)
            rc = make_room(db, err);
    }
    return rc == SP_OK && folded == 0 ? insert(db, row, err) : rc;
}

static void
read_row(struct sp_rows *rows, struct sp_arena *arena, struct sp_audit_row *row)
{
    *row = (struct sp_audit_row){
        .n = sp_row_number(rows, 0),
        .at = sp_row_number(rows, 1),
        .who = sp_row_keep(rows, 2, arena),
        .role = sp_row_keep(rows, 3, arena),
        .address = sp_row_keep(rows, 4, arena),
        .action = sp_row_keep(rows, 5, arena),
        .object = sp_row_keep(rows, 6, arena),
        .detail = sp_row_keep(rows, 7, arena),
        .count = sp_row_number(rows, 8),
    };
}

enum sp_rc
sp_audit_list(struct sp_db *db, int64_t before, size_t limit, struct sp_arena *arena, struct sp_audit_row **ret,
              size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT n, at, who, role, address, action, object, detail, count FROM audit"
                              " WHERE n < $1 ORDER BY n DESC LIMIT $2";
    const struct sp_bind in[] = { sp_number(before == 0 ? INT64_MAX : before), sp_number((int64_t)limit) };
    struct sp_audit_row *list = sp_arena_array(arena, limit + 1, sizeof(*list));
    if (list == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        read_row(&rows, arena, &list[count++]);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK) {
        *ret = list;
        *ret_count = count;
    }
    return rc;
}

enum sp_rc
sp_audit_forget(struct sp_db *db, int64_t before_ms, size_t limit, struct sp_err *err)
{
    static const char sql[] = "DELETE FROM audit WHERE n IN (SELECT n FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";
    const struct sp_bind in[] = { sp_number(before_ms), sp_number((int64_t)limit) };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}
