/* identity.c - tokens of devices, people who may sign in. */
#include "db/identity.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/stmt.h"

/* --- tokens --------------------------------------------------------------------------------------------------------
 */

/* Patterns are stored one a line; addresses hold no line breaks. */
static enum sp_rc
join_patterns(const struct sp_token_row *row, struct sp_str *out, struct sp_err *err)
{
    for (size_t i = 0; i < row->n_patterns; i++) {
        if (row->patterns[i][0] == '\0' || strchr(row->patterns[i], '\n') != NULL)
            return sp_fail(err, SP_E_INVALID, "a pattern is an address, *@domain or *");
        sp_str_add(out, row->patterns[i]);
        sp_str_add_char(out, '\n');
    }
    return out->failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : SP_OK;
}

static bool
split_patterns(const char *lines, struct sp_arena *arena, struct sp_token_row *row)
{
    size_t n = 0;
    for (const char *c = lines; *c != '\0'; c++)
        n += *c == '\n';
    row->patterns = sp_arena_array(arena, n, sizeof(*row->patterns));
    if (row->patterns == NULL && n > 0)
        return false;
    for (row->n_patterns = 0; row->n_patterns < n; row->n_patterns++) {
        size_t len = strcspn(lines, "\n");
        row->patterns[row->n_patterns] = sp_arena_text_n(arena, lines, len);
        if (row->patterns[row->n_patterns] == NULL)
            return false;
        lines += len + 1;
    }
    return true;
}

enum sp_rc
sp_token_insert(struct sp_db *db, const struct sp_token_row *row, const char *sha256_hex, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO token (name, sha256, route, patterns, created, revoked, last_used)"
                              " VALUES ($1, $2, $3, $4, $5, 0, 0)";
    SP_AUTO(sp_str_free) struct sp_str patterns = { 0 };
    enum sp_rc rc = join_patterns(row, &patterns, err);
    if (rc != SP_OK)
        return rc;
    const struct sp_bind in[] = {
        sp_text(row->name),      sp_text(sha256_hex), sp_text(row->route), sp_text(sp_str_text(&patterns)),
        sp_number(row->created),
    };
    rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
    return rc == SP_E_CONFLICT ? sp_fail(err, rc, "there is a token named '%s' already", row->name) : rc;
}

enum sp_rc
sp_token_revoke(struct sp_db *db, const char *name, int64_t now, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(name), sp_number(now) };
    size_t changed = 0;
    enum sp_rc rc =
        sp_db_exec(db, "UPDATE token SET revoked = $2 WHERE name = $1 AND revoked = 0", in, SP_LEN(in), &changed, err);
    if (rc == SP_OK && changed == 0)
        rc = sp_fail(err, SP_E_NOTFOUND, "there is no token named '%s'", name);
    return rc;
}

static void
read_token(struct sp_rows *rows, struct sp_arena *arena, struct sp_token_row *row)
{
    *row = (struct sp_token_row){
        .name = sp_row_keep(rows, 0, arena),
        .route = sp_row_keep(rows, 1, arena),
        .created = sp_row_number(rows, 3),
        .revoked = sp_row_number(rows, 4),
        .last_used = sp_row_number(rows, 5),
    };
    if (!split_patterns(sp_row_text(rows, 2), arena, row))
        sp_fail(&rows->err, SP_E_NOMEM, "db: out of memory");
}

enum sp_rc
sp_token_find(struct sp_db *db, const char *sha256_hex, struct sp_arena *arena, struct sp_token_row *ret,
              struct sp_err *err)
{
    static const char sql[] = "SELECT name, route, patterns, created, revoked, last_used FROM token"
                              " WHERE sha256 = $1 AND revoked = 0";
    const struct sp_bind in[] = { sp_text(sha256_hex) };
    struct sp_token_row row = { 0 };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found)
        read_token(&rows, arena, &row);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && !found)
        rc = sp_fail(err, SP_E_NOTFOUND, "there is no such token");
    if (rc == SP_OK)
        *ret = row;
    return rc;
}

static enum sp_rc
count_rows(struct sp_db *db, const char *sql, struct sp_arena *arena, size_t size, void **ret_array, size_t *ret_count,
           struct sp_err *err)
{
    int64_t count = 0;
    enum sp_rc rc = sp_db_number(db, sql, NULL, 0, &count, err);
    if (rc != SP_OK)
        return rc;
    *ret_array = sp_arena_array(arena, (size_t)count + 1, size);
    *ret_count = (size_t)count;
    return *ret_array != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "db: out of memory");
}

static enum sp_rc
list_tokens(struct sp_db *db, struct sp_arena *arena, struct sp_token_row **ret, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT name, route, patterns, created, revoked, last_used FROM token ORDER BY name, n";
    void *array = NULL;
    size_t most = 0;
    enum sp_rc rc = count_rows(db, "SELECT count(*) FROM token", arena, sizeof(**ret), &array, &most, err);
    if (rc != SP_OK)
        return rc;
    struct sp_token_row *list = array;
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, sql, NULL, 0, &rows);
    while (count < most && sp_rows_next(&rows))
        read_token(&rows, arena, &list[count++]);
    rc = sp_rows_end(&rows, err);
    if (rc == SP_OK) {
        *ret = list;
        *ret_count = count;
    }
    return rc;
}

enum sp_rc
sp_token_list(struct sp_db *db, struct sp_arena *arena, struct sp_token_row **ret, size_t *ret_count,
              struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = list_tokens(db, arena, ret, ret_count, err);
    sp_db_end_reading(db);
    return rc;
}

enum sp_rc
sp_token_used(struct sp_db *db, const char *name, int64_t now, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(name), sp_number(now) };
    return sp_db_exec(db, "UPDATE token SET last_used = $2 WHERE name = $1 AND revoked = 0", in, SP_LEN(in), NULL, err);
}

/* --- people --------------------------------------------------------------------------------------------------------
 */

static const char *const roles[] = {
    [SP_ROLE_NONE] = "none",
    [SP_ROLE_VIEWER] = "viewer",
    [SP_ROLE_OPERATOR] = "operator",
    [SP_ROLE_ADMIN] = "admin",
};

const char *
sp_role_name(enum sp_role role)
{
    return roles[role];
}

bool
sp_role_parse(const char *word, enum sp_role *ret)
{
    for (size_t i = SP_ROLE_VIEWER; i < SP_LEN(roles); i++)
        if (strcmp(word, roles[i]) == 0) {
            *ret = (enum sp_role)i;
            return true;
        }
    return false;
}

enum sp_rc
sp_user_insert(struct sp_db *db, const struct sp_user_row *row, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(row->name), sp_text(sp_role_name(row->role)), sp_text(row->hash),
                                  sp_number(row->created) };
    enum sp_rc rc = sp_db_exec(db, "INSERT INTO user (name, role, hash, created) VALUES ($1, $2, $3, $4)", in,
                               SP_LEN(in), NULL, err);
    return rc == SP_E_CONFLICT ? sp_fail(err, rc, "there is a user named '%s' already", row->name) : rc;
}

static enum sp_rc
must_exist(enum sp_rc rc, size_t changed, const char *name, struct sp_err *err)
{
    return rc == SP_OK && changed == 0 ? sp_fail(err, SP_E_NOTFOUND, "there is no user named '%s'", name) : rc;
}

enum sp_rc
sp_user_set_hash(struct sp_db *db, const char *name, const char *hash, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(name), sp_text(hash) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, "UPDATE user SET hash = $2 WHERE name = $1", in, SP_LEN(in), &changed, err);
    return must_exist(rc, changed, name, err);
}

enum sp_rc
sp_user_delete(struct sp_db *db, const char *name, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(name) };
    size_t changed = 0;
    enum sp_rc rc = sp_db_exec(db, "DELETE FROM user WHERE name = $1", in, SP_LEN(in), &changed, err);
    return must_exist(rc, changed, name, err);
}

static void
read_user(struct sp_rows *rows, struct sp_arena *arena, struct sp_user_row *row)
{
    *row = (struct sp_user_row){
        .name = sp_row_keep(rows, 0, arena),
        .hash = sp_row_keep(rows, 2, arena),
        .created = sp_row_number(rows, 3),
    };
    if (!sp_role_parse(sp_row_text(rows, 1), &row->role))
        row->role = SP_ROLE_NONE; /* a word we do not know opens nothing */
}

enum sp_rc
sp_user_find(struct sp_db *db, const char *name, struct sp_arena *arena, struct sp_user_row *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(name) };
    struct sp_user_row row = { 0 };
    struct sp_rows rows;
    sp_db_query(db, "SELECT name, role, hash, created FROM user WHERE name = $1", in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found)
        read_user(&rows, arena, &row);
    enum sp_rc rc = must_exist(sp_rows_end(&rows, err), found, name, err);
    if (rc == SP_OK)
        *ret = row;
    return rc;
}

static enum sp_rc
list_users(struct sp_db *db, struct sp_arena *arena, struct sp_user_row **ret, size_t *ret_count, struct sp_err *err)
{
    void *array = NULL;
    size_t most = 0;
    enum sp_rc rc = count_rows(db, "SELECT count(*) FROM user", arena, sizeof(**ret), &array, &most, err);
    if (rc != SP_OK)
        return rc;
    struct sp_user_row *list = array;
    struct sp_rows rows;
    size_t count = 0;
    sp_db_query(db, "SELECT name, role, hash, created FROM user ORDER BY name", NULL, 0, &rows);
    while (count < most && sp_rows_next(&rows))
        read_user(&rows, arena, &list[count++]);
    rc = sp_rows_end(&rows, err);
    if (rc == SP_OK) {
        *ret = list;
        *ret_count = count;
    }
    return rc;
}

enum sp_rc
sp_user_list(struct sp_db *db, struct sp_arena *arena, struct sp_user_row **ret, size_t *ret_count, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = list_users(db, arena, ret, ret_count, err);
    sp_db_end_reading(db);
    return rc;
}
