/* first_key.c - a table of at most one row. */
#include "db/first_key.h"

#include "base/auto.h"
#include "db/db.h"
#include "db/stmt.h"

enum sp_rc
sp_first_key_wanted(struct sp_db *db, bool *ret, struct sp_err *err)
{
    int64_t users = 0;
    enum sp_rc rc = sp_db_number(db, "SELECT count(*) FROM user", NULL, 0, &users, err);
    if (rc == SP_OK)
        *ret = users == 0;
    return rc;
}

static enum sp_rc
must_be_wanted(struct sp_db *db, struct sp_err *err)
{
    bool wanted = false;
    enum sp_rc rc = sp_first_key_wanted(db, &wanted, err);
    if (rc == SP_OK && !wanted)
        rc = sp_fail(err, SP_E_CONFLICT, "there are users already; an admin makes more, or 'scanpost user add'");
    return rc;
}

static enum sp_rc
forget(struct sp_db *db, struct sp_err *err)
{
    return sp_db_exec(db, "DELETE FROM first_key", NULL, 0, NULL, err);
}

enum sp_rc
sp_first_key_set(struct sp_db *db, const char *sha256_hex, int64_t expires, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(sha256_hex), sp_number(expires) };
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = must_be_wanted(db, err);
    if (rc == SP_OK)
        rc = forget(db, err);
    if (rc == SP_OK)
        rc = sp_db_exec(db, "INSERT INTO first_key (sha256, expires) VALUES ($1, $2)", in, SP_LEN(in), NULL, err);
    return sp_db_finish(db, rc, err);
}

enum sp_rc
sp_first_key_waits(struct sp_db *db, int64_t now, bool *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(now) };
    int64_t count = 0;
    enum sp_rc rc = sp_db_number(db, "SELECT count(*) FROM first_key WHERE expires > $1", in, SP_LEN(in), &count, err);
    if (rc == SP_OK)
        *ret = count > 0;
    return rc;
}

enum sp_rc
sp_first_key_check(struct sp_db *db, const char *sha256_hex, int64_t now, struct sp_err *err)
{
    static const char sql[] = "SELECT count(*) FROM first_key WHERE sha256 = $1 AND expires > $2";
    const struct sp_bind in[] = { sp_text(sha256_hex), sp_number(now) };
    int64_t count = 0;
    enum sp_rc rc = must_be_wanted(db, err);
    if (rc == SP_OK)
        rc = sp_db_number(db, sql, in, SP_LEN(in), &count, err);
    if (rc == SP_OK && count == 0)
        rc = sp_fail(err, SP_E_AUTH, "this link is not valid, or is over; 'scanpost user link' makes a new one");
    return rc;
}

enum sp_rc
sp_first_key_use(struct sp_db *db, const char *sha256_hex, int64_t now, const struct sp_user_row *user,
                 struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_first_key_check(db, sha256_hex, now, err);
    if (rc == SP_OK)
        rc = sp_user_insert(db, user, err);
    if (rc == SP_OK)
        rc = forget(db, err);
    return sp_db_finish(db, rc, err);
}
