/* idempotency.c - keys that were used, and what for. */
#include "db/idempotency.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "db/stmt.h"

static const int64_t lifetime_ms = (int64_t)24 * 3600 * 1000;

static enum sp_rc
clash(struct sp_err *err)
{
    return sp_fail(err, SP_E_CONFLICT, "this Idempotency-Key was used for another request");
}

enum sp_rc
sp_idempotency_find(struct sp_db *db, const struct sp_idempotency *what, int64_t now, char ret_id[27],
                    struct sp_err *err)
{
    static const char sql[] = "SELECT job, digest FROM idempotency WHERE owner = $1 AND key = $2 AND created > $3";
    const struct sp_bind in[] = { sp_text(what->owner), sp_text(what->key), sp_number(now - lifetime_ms) };
    char id[27] = "";
    bool found = false;
    bool same = false;
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        found = true;
        snprintf(id, sizeof(id), "%s", sp_row_text(&rows, 0));
        same = strcmp(sp_row_text(&rows, 1), what->digest) == 0;
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc != SP_OK)
        return rc;
    if (!found)
        return sp_fail(err, SP_E_NOTFOUND, "this Idempotency-Key was not used yet");
    if (!same)
        return clash(err);
    memcpy(ret_id, id, sizeof(id));
    return SP_OK;
}

/* A key whose day is over is free again, also while its row still waits for sp_idempotency_expire. */
enum sp_rc
sp_idempotency_insert(struct sp_db *db, const struct sp_idempotency *what, const char *job_id, int64_t now,
                      struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO idempotency (owner, key, digest, job, created) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (owner, key) DO UPDATE SET digest = $3, job = $4, created = $5 WHERE created <= $6";
    const struct sp_bind in[] = {
        sp_text(what->owner), sp_text(what->key), sp_text(what->digest),
        sp_text(job_id),      sp_number(now),     sp_number(now - lifetime_ms),
    };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), &changed, err);
    return rc == SP_OK && changed == 0 ? clash(err) : rc;
}

enum sp_rc
sp_idempotency_forget(struct sp_db *db, const char *owner, const char *key, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(owner), sp_text(key) };
    return sp_db_exec(db, "DELETE FROM idempotency WHERE owner = $1 AND key = $2", in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_idempotency_expire(struct sp_db *db, int64_t now, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(now - lifetime_ms) };
    return sp_db_exec(db, "DELETE FROM idempotency WHERE created <= $1", in, SP_LEN(in), NULL, err);
}
