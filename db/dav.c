/* dav.c - rows by path. What is below a folder is a range of the primary key: in byte order "a/..." lies between "a/"
 * and "a0", as '0' follows '/'. */
#include "db/dav.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/stmt.h"

#define COLUMNS     "path, kind, job, file, type, sha256, size, created, modified, expires"
#define AT_OR_BELOW "(path = $2 OR (path > $2 || '/' AND path < $2 || '0'))"

static const char *const kind_names[] = {
    [SP_DAV_FOLDER] = "folder",
    [SP_DAV_WAITING] = "waiting",
    [SP_DAV_SCAN] = "scan",
};

static enum sp_dav_kind
kind_of(const char *name)
{
    for (size_t i = 0; i < SP_LEN(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0)
            return (enum sp_dav_kind)i;
    return SP_DAV_WAITING;
}

static void
read_row(struct sp_rows *rows, struct sp_arena *arena, struct sp_dav_row *ret)
{
    *ret = (struct sp_dav_row){
        .path = sp_row_keep(rows, 0, arena),
        .kind = kind_of(sp_row_text(rows, 1)),
        .job = sp_row_keep(rows, 2, arena),
        .file = sp_row_keep(rows, 3, arena),
        .type = sp_row_keep(rows, 4, arena),
        .sha256 = sp_row_keep(rows, 5, arena),
        .size = (uint64_t)sp_row_number(rows, 6),
        .created = sp_row_number(rows, 7),
        .modified = sp_row_number(rows, 8),
        .expires = sp_row_number(rows, 9),
    };
}

/* The next element of a list that grows in an arena, where the old one stays behind; NULL when memory is out. */
static void *
grow(struct sp_arena *arena, void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items; /* room is always a power of two */
    char *more = sp_arena_array(arena, count == 0 ? 1 : 2 * count, size);
    if (more != NULL && count > 0)
        memcpy(more, items, count * size);
    return more;
}

static enum sp_rc
read_rows(struct sp_rows *rows, struct sp_arena *arena, struct sp_dav_row **ret, size_t *ret_count, struct sp_err *err)
{
    struct sp_dav_row *list = NULL;
    size_t count = 0;
    bool room = true;
    while (room && sp_rows_next(rows)) {
        struct sp_dav_row *longer = grow(arena, list, count, sizeof(*list));
        room = longer != NULL;
        if (room) {
            list = longer;
            read_row(rows, arena, &list[count++]);
        }
    }
    enum sp_rc rc = sp_rows_end(rows, err);
    if (rc == SP_OK && !room)
        rc = sp_fail(err, SP_E_NOMEM, "db: out of memory");
    if (rc == SP_OK) {
        *ret = list;
        *ret_count = count;
    }
    return rc;
}

enum sp_rc
sp_dav_find(struct sp_db *db, const char *owner, const char *path, int64_t now, struct sp_arena *arena,
            struct sp_dav_row *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM dav WHERE owner = $1 AND path = $2 AND expires > $3";
    const struct sp_bind in[] = { sp_text(owner), sp_text(path), sp_number(now) };
    struct sp_rows rows;
    struct sp_dav_row *list = NULL;
    size_t count = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    enum sp_rc rc = read_rows(&rows, arena, &list, &count, err);
    if (rc == SP_OK && count == 0)
        return sp_fail(err, SP_E_NOTFOUND, "there is nothing of that name");
    if (rc == SP_OK)
        *ret = list[0];
    return rc;
}

enum sp_rc
sp_dav_list(struct sp_db *db, const char *owner, const char *folder, int64_t now, size_t limit, struct sp_arena *arena,
            struct sp_dav_row **ret, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM dav WHERE owner = $1 AND path > $2 || '/' AND path < $2 || '0'"
                              " AND instr(substr(path, length($2) + 2), '/') = 0 AND expires > $3"
                              " ORDER BY modified DESC, path LIMIT $4";
    const struct sp_bind in[] = { sp_text(owner), sp_text(folder), sp_number(now), sp_number((int64_t)limit) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    return read_rows(&rows, arena, ret, ret_count, err);
}

enum sp_rc
sp_dav_put(struct sp_db *db, const char *owner, const struct sp_dav_row *row, struct sp_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO dav (owner, " COLUMNS ")"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const struct sp_bind in[] = {
        sp_text(owner),
        sp_text(row->path),
        sp_text(kind_names[row->kind]),
        sp_text(row->job),
        sp_text(row->file),
        sp_text(row->type),
        sp_text(row->sha256),
        sp_number((int64_t)row->size),
        sp_number(row->created),
        sp_number(row->modified),
        sp_number(row->expires),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
remove_locks(struct sp_db *db, const char *owner, const char *path, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(owner), sp_text(path) };
    return sp_db_exec(db, "DELETE FROM dav_lock WHERE owner = $1 AND " AT_OR_BELOW, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_dav_remove(struct sp_db *db, const char *owner, const char *path, struct sp_arena *arena, struct sp_dav_row **ret,
              size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM dav WHERE owner = $1 AND " AT_OR_BELOW;
    const struct sp_bind in[] = { sp_text(owner), sp_text(path) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    enum sp_rc rc = read_rows(&rows, arena, ret, ret_count, err);
    if (rc == SP_OK)
        rc = sp_db_exec(db, "DELETE FROM dav WHERE owner = $1 AND " AT_OR_BELOW, in, SP_LEN(in), NULL, err);
    return rc == SP_OK ? remove_locks(db, owner, path, err) : rc;
}

enum sp_rc
sp_dav_rename(struct sp_db *db, const char *owner, const char *from, const char *to, struct sp_err *err)
{
    static const char sql[] =
        "UPDATE dav SET path = $3 || substr(path, length($2) + 1) WHERE owner = $1 AND " AT_OR_BELOW;
    const struct sp_bind in[] = { sp_text(owner), sp_text(from), sp_text(to) };
    enum sp_rc rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
    return rc == SP_OK ? remove_locks(db, owner, from, err) : rc;
}

enum sp_rc
sp_dav_usage(struct sp_db *db, const char *owner, int64_t now, struct sp_dav_usage *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT sum(kind = 'folder'), sum(kind = 'waiting'),"
                              " sum(CASE kind WHEN 'waiting' THEN size ELSE 0 END)"
                              " FROM dav WHERE owner = $1 AND expires > $2 AND kind <> 'scan'";
    const struct sp_bind in[] = { sp_text(owner), sp_number(now) };
    struct sp_rows rows;
    *ret = (struct sp_dav_usage){ 0 };
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows)) {
        ret->folders = (size_t)sp_row_number(&rows, 0);
        ret->waiting = (size_t)sp_row_number(&rows, 1);
        ret->waiting_bytes = (uint64_t)sp_row_number(&rows, 2);
    }
    return sp_rows_end(&rows, err);
}

/* ---- locks ---- */

static void
read_lock(struct sp_rows *rows, struct sp_arena *arena, struct sp_dav_lock *ret)
{
    *ret = (struct sp_dav_lock){
        .token = sp_row_keep(rows, 0, arena),
        .path = sp_row_keep(rows, 1, arena),
        .deep = sp_row_number(rows, 2) != 0,
        .shared = sp_row_number(rows, 3) != 0,
        .holder = sp_row_keep(rows, 4, arena),
        .holder_is_link = sp_row_number(rows, 5) != 0,
        .timeout_ms = sp_row_number(rows, 6),
        .expires = sp_row_number(rows, 7),
    };
}

enum sp_rc
sp_dav_locks(struct sp_db *db, const char *owner, int64_t now, size_t limit, struct sp_arena *arena,
             struct sp_dav_lock **ret, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT token, path, deep, shared, holder, holder_is_link, timeout_ms, expires"
                              " FROM dav_lock WHERE owner = $1 AND expires > $2 ORDER BY token LIMIT $3";
    const struct sp_bind in[] = { sp_text(owner), sp_number(now), sp_number((int64_t)limit) };
    struct sp_dav_lock *list = sp_arena_array(arena, limit, sizeof(*list));
    size_t count = 0;
    struct sp_rows rows;
    if (list == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        read_lock(&rows, arena, &list[count++]);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK) {
        *ret = list;
        *ret_count = count;
    }
    return rc;
}

enum sp_rc
sp_dav_lock_put(struct sp_db *db, const char *owner, const struct sp_dav_lock *lock, struct sp_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO dav_lock"
                              " (owner, token, path, deep, shared, holder, holder_is_link, timeout_ms, expires)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const struct sp_bind in[] = {
        sp_text(owner),
        sp_text(lock->token),
        sp_text(lock->path),
        sp_number(lock->deep),
        sp_number(lock->shared),
        sp_text(lock->holder),
        sp_number(lock->holder_is_link),
        sp_number(lock->timeout_ms),
        sp_number(lock->expires),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_dav_lock_remove(struct sp_db *db, const char *owner, const char *token, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(owner), sp_text(token) };
    return sp_db_exec(db, "DELETE FROM dav_lock WHERE owner = $1 AND token = $2", in, SP_LEN(in), NULL, err);
}

enum sp_rc
sp_dav_expire(struct sp_db *db, int64_t now, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(now) };
    enum sp_rc rc = sp_db_exec(db, "DELETE FROM dav WHERE expires <= $1", in, SP_LEN(in), NULL, err);
    return rc == SP_OK ? sp_db_exec(db, "DELETE FROM dav_lock WHERE expires <= $1", in, SP_LEN(in), NULL, err) : rc;
}
