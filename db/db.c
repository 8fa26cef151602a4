/* db.c - the connection: its settings, its transactions, its prepared statements, and what SQLite's failures are called
 * here.
 *
 * Never open scanpost.db by other means than SQLite in a process that has a connection: closing any descriptor of the
 * file drops all of the process's POSIX locks on it (sqlite.org/howtocorrupt.html, section 2.2). */
#include "db/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "db/changes.h"
#include "db/stmt.h"

/* Twice what all files of this folder use together; a power of two. */
enum { CACHE_SLOTS = 256, CACHE_MOST = CACHE_SLOTS / 2 };
enum { CHANGES_MAX = 64 }; /* told of one transaction; beyond that, that there are many */

struct cached {
    const char *sql;
    sqlite3_stmt *stmt;
};

struct sp_db {
    sqlite3 *handle;
    int depth; /* of transactions and savepoints */
    int busy_ms;
    int64_t busy_until;
    int tell_fd; /* where changes are told; -1: nowhere */
    size_t n_changes;
    struct sp_change changes[CHANGES_MAX];
    size_t n_cached;
    struct cached cache[CACHE_SLOTS];
};

/* --- failing ----------------------------------------------------------------------------------------------------- */

static enum sp_rc
io_code(int system_errno)
{
    switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
        return SP_E_NO_ROOM;
    case EACCES:
    case EPERM:
    case EROFS:
        return SP_E_DENIED;
    case ENOMEM:
        return SP_E_NOMEM;
    default:
        return SP_E_IO;
    }
}

static enum sp_rc
code_of(int result, int system_errno)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return SP_E_NO_ROOM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return SP_E_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* WAL's own locks were lost too often in a row */
        return SP_E_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return SP_E_DENIED;
    case SQLITE_NOMEM:
        return SP_E_NOMEM;
    case SQLITE_CONSTRAINT:
        return SP_E_CONFLICT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return io_code(system_errno);
    default:
        return SP_E_IO;
    }
}

/* The last failure of this connection. */
static enum sp_rc
fail(struct sp_db *db, struct sp_err *err)
{
    int result = sqlite3_extended_errcode(db->handle);
    enum sp_rc rc = code_of(result, sqlite3_system_errno(db->handle));
    return sp_fail(err, rc, "db: %s (%d)", sqlite3_errmsg(db->handle), result);
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

char *
sp_db_path(const char *dir)
{
    char *path = NULL;
    return asprintf(&path, "%s/scanpost.db", dir) < 0 ? NULL : path;
}

/* Another one writes: wait in short steps, so that a lock held for one fsync costs little more than that. */
static int
wait_for_lock(void *context, int times)
{
    struct sp_db *db = context;
    int64_t now = sp_mono_ms(&sp_clock_system);
    if (times == 0)
        db->busy_until = now + db->busy_ms;
    if (now >= db->busy_until)
        return 0;
    const struct timespec step = { .tv_nsec = (times < 4 ? 1 : 5) * 1000000L };
    nanosleep(&step, NULL);
    return 1;
}

enum sp_rc
sp_db_script(struct sp_db *db, const char *sql, struct sp_err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? SP_OK : fail(db, err);
}

/* What the header promises, and a small footprint: the page cache of the kernel does the rest. */
static enum sp_rc
configure(struct sp_db *db, struct sp_err *err)
{
    sqlite3_busy_handler(db->handle, wait_for_lock, db);
    sqlite3_extended_result_codes(db->handle, 1);
    return sp_db_script(db,
                        "PRAGMA cache_size = -512; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                        "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 8388608;"
                        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
                        err);
}

enum sp_rc
sp_db_connect(const char *path, int busy_ms, struct sp_db **ret, struct sp_err *err)
{
    struct sp_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    db->busy_ms = busy_ms;
    db->tell_fd = -1;
    enum sp_rc rc = SP_OK;
    if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        rc = db->handle != NULL ? fail(db, err) : sp_fail(err, SP_E_NOMEM, "db: out of memory");
    if (rc == SP_OK)
        rc = configure(db, err);
    if (rc != SP_OK) {
        sp_db_close(&db);
        return rc;
    }
    *ret = db;
    return SP_OK;
}

static enum sp_rc
check_version(struct sp_db *db, struct sp_err *err)
{
    int version = 0;
    enum sp_rc rc = sp_db_version(db, &version, err);
    if (rc == SP_OK && version != sp_db_version_newest())
        rc = sp_fail(err, SP_E_CONFLICT, "db: the database has version %d, this scanpost needs %d", version,
                     sp_db_version_newest());
    return rc;
}

enum sp_rc
sp_db_open(const char *dir, int busy_ms, struct sp_db **ret, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_db_path(dir);
    if (path == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    struct stat st;
    if (lstat(path, &st) != 0)
        return sp_fail_errno(err, "db: cannot open '%s'", path);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_E_IO, "db: '%s' is not a regular file", path);
    struct sp_db *db = NULL;
    enum sp_rc rc = sp_db_connect(path, busy_ms, &db, err);
    if (rc == SP_OK)
        rc = check_version(db, err);
    if (rc != SP_OK) {
        sp_db_close(&db);
        return rc;
    }
    *ret = db;
    return SP_OK;
}

void
sp_db_close(struct sp_db **place)
{
    struct sp_db *db = *place;
    if (db == NULL)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        sqlite3_finalize(db->cache[i].stmt);
    sqlite3_close(db->handle);
    free(db);
    *place = NULL;
}

enum sp_rc
sp_db_version(struct sp_db *db, int *ret, struct sp_err *err)
{
    int64_t version = 0;
    enum sp_rc rc = sp_db_number(db, "PRAGMA user_version", NULL, 0, &version, err);
    if (rc == SP_OK)
        *ret = (int)version;
    return rc;
}

/* --- statements -------------------------------------------------------------------------------------------------- */

/* Where the statement of this text is kept, or would be. */
static struct cached *
slot_of(struct sp_db *db, const char *sql)
{
    size_t i = ((uintptr_t)sql >> 4) * 2654435761U % CACHE_SLOTS;
    while (db->cache[i].sql != NULL && db->cache[i].sql != sql)
        i = (i + 1) % CACHE_SLOTS;
    return &db->cache[i];
}

static void
prepare(struct sp_rows *rows, const char *sql, unsigned flags)
{
    if (sqlite3_prepare_v3(rows->db->handle, sql, -1, flags, &rows->stmt, NULL) != SQLITE_OK)
        fail(rows->db, &rows->err);
}

static void
take_statement(struct sp_rows *rows, const char *sql)
{
    struct sp_db *db = rows->db;
    struct cached *slot = slot_of(db, sql);
    if (slot->sql != NULL) {
        assert(!sqlite3_stmt_busy(slot->stmt)); /* a query inside its own rows */
        rows->stmt = slot->stmt;
        rows->kept = true;
        return;
    }
    prepare(rows, sql, SQLITE_PREPARE_PERSISTENT);
    if (rows->err.rc != SP_OK || db->n_cached == CACHE_MOST)
        return;
    *slot = (struct cached){ .sql = sql, .stmt = rows->stmt };
    db->n_cached++;
    rows->kept = true;
}

static int
bind_one(sqlite3_stmt *stmt, size_t number, const struct sp_bind *value)
{
    char name[24]; /* "$" and any number */
    snprintf(name, sizeof(name), "$%zu", number);
    int at = sqlite3_bind_parameter_index(stmt, name);
    assert(at > 0); /* in[] holds more than the text asks for */
    switch (value->kind) {
    case SP_BIND_NONE:
        return sqlite3_bind_null(stmt, at);
    case SP_BIND_TEXT:
        return sqlite3_bind_text(stmt, at, value->text, -1, SQLITE_STATIC);
    case SP_BIND_RAW:
        return sqlite3_bind_blob64(stmt, at, value->text, strlen(value->text), SQLITE_STATIC);
    case SP_BIND_NUMBER:
        return sqlite3_bind_int64(stmt, at, value->number);
    }
    return SQLITE_MISUSE;
}

static void
bind_all(struct sp_rows *rows, const struct sp_bind *in, size_t n)
{
    assert(rows->stmt == NULL || (size_t)sqlite3_bind_parameter_count(rows->stmt) == n);
    for (size_t i = 0; i < n && rows->err.rc == SP_OK; i++)
        if (bind_one(rows->stmt, i + 1, &in[i]) != SQLITE_OK)
            fail(rows->db, &rows->err);
}

void
sp_db_query(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, struct sp_rows *ret)
{
    *ret = (struct sp_rows){ .db = db };
    take_statement(ret, sql);
    bind_all(ret, in, n);
}

void
sp_db_query_built(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, struct sp_rows *ret)
{
    *ret = (struct sp_rows){ .db = db };
    prepare(ret, sql, 0);
    bind_all(ret, in, n);
}

bool
sp_rows_next(struct sp_rows *rows)
{
    if (rows->err.rc != SP_OK)
        return false;
    int result = sqlite3_step(rows->stmt);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        fail(rows->db, &rows->err);
    return result == SQLITE_ROW;
}

enum sp_rc
sp_rows_end(struct sp_rows *rows, struct sp_err *err)
{
    if (rows->kept)
        sqlite3_reset(rows->stmt);
    else
        sqlite3_finalize(rows->stmt);
    rows->stmt = NULL;
    return rows->err.rc == SP_OK ? SP_OK : sp_fail(err, rows->err.rc, "%s", rows->err.text);
}

const char *
sp_row_text(struct sp_rows *rows, int column)
{
    const char *text = (const char *)sqlite3_column_text(rows->stmt, column);
    return text != NULL ? text : "";
}

const char *
sp_row_keep(struct sp_rows *rows, int column, struct sp_arena *arena)
{
    const char *kept = sp_arena_text(arena, sp_row_text(rows, column));
    if (kept != NULL)
        return kept;
    sp_fail(&rows->err, SP_E_NOMEM, "db: out of memory");
    return "";
}

int64_t
sp_row_number(struct sp_rows *rows, int column)
{
    return sqlite3_column_int64(rows->stmt, column);
}

/* --- telling what changed --------------------------------------------------------------------------------------- */

static enum sp_changed
changed_by_table(const char *table)
{
    static const struct {
        const char *table;
        enum sp_changed what;
    } shown[] = {
        { "job", SP_CHANGED_JOB },         { "method_state", SP_CHANGED_METHOD },
        { "check_run", SP_CHANGED_CHECK }, { "check_step", SP_CHANGED_CHECK_STEP },
        { "token", SP_CHANGED_SOURCE },
    };
    for (size_t i = 0; i < SP_LEN(shown); i++)
        if (strcmp(shown[i].table, table) == 0)
            return shown[i].what;
    return SP_CHANGED_MANY; /* nothing that is shown live */
}

/* SQLite's update hook (sqlite.org/c3ref/update_hook.html): the tables that are shown all have row numbers. */
static void
note_change(void *context, int operation, const char *database, const char *table, sqlite3_int64 row)
{
    struct sp_db *db = context;
    const struct sp_change change = { changed_by_table(table), row };
    (void)operation;
    (void)database;
    if (change.what == SP_CHANGED_MANY || db->n_changes == CHANGES_MAX)
        return;
    for (size_t i = 0; i < db->n_changes; i++)
        if (db->changes[i].what == change.what && db->changes[i].row == row)
            return;
    db->changes[db->n_changes++] = change;
    if (db->n_changes == CHANGES_MAX)
        db->changes[0] = (struct sp_change){ SP_CHANGED_MANY, 0 };
}

void
sp_db_tell_changes(struct sp_db *db, int fd)
{
    db->tell_fd = fd;
    sqlite3_update_hook(db->handle, fd < 0 ? NULL : note_change, db);
}

/* After a commit, when readers see it. */
static void
tell_changes(struct sp_db *db)
{
    if (db->n_changes > 0)
        sp_changes_tell(db->tell_fd, db->changes, db->n_changes == CHANGES_MAX ? 1 : db->n_changes);
    db->n_changes = 0;
}

enum sp_rc
sp_db_exec(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, size_t *ret_changed,
           struct sp_err *err)
{
    struct sp_rows rows;
    sp_db_query(db, sql, in, n, &rows);
    while (sp_rows_next(&rows))
        ;
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && ret_changed != NULL)
        *ret_changed = (size_t)sqlite3_changes(db->handle);
    if (sqlite3_get_autocommit(db->handle) != 0)
        tell_changes(db);
    return rc;
}

enum sp_rc
sp_db_number(struct sp_db *db, const char *sql, const struct sp_bind *in, size_t n, int64_t *ret, struct sp_err *err)
{
    struct sp_rows rows;
    sp_db_query(db, sql, in, n, &rows);
    bool found = sp_rows_next(&rows);
    int64_t number = found ? sp_row_number(&rows, 0) : 0;
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc != SP_OK)
        return rc;
    if (!found)
        return sp_fail(err, SP_E_NOTFOUND, "db: no such row");
    *ret = number;
    return SP_OK;
}

int64_t
sp_db_last_row(struct sp_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

struct sqlite3 *
sp_db_handle(struct sp_db *db)
{
    return db->handle;
}

/* --- transactions ------------------------------------------------------------------------------------------------ */

/* IMMEDIATE: the lock is taken at once, where waiting for it helps. A transaction that began by reading could only
 * fail when it wants to write after another one did. */
enum sp_rc
sp_db_begin(struct sp_db *db, struct sp_err *err)
{
    const char *sql = db->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT piece";
    enum sp_rc rc = sp_db_exec(db, sql, NULL, 0, NULL, err);
    if (rc == SP_OK)
        db->depth++;
    return rc;
}

enum sp_rc
sp_db_commit(struct sp_db *db, struct sp_err *err)
{
    assert(db->depth > 0);
    const char *sql = db->depth == 1 ? "COMMIT" : "RELEASE piece";
    enum sp_rc rc = sp_db_exec(db, sql, NULL, 0, NULL, err);
    if (rc == SP_OK)
        db->depth--;
    else
        sp_db_rollback(db);
    return rc;
}

void
sp_db_rollback(struct sp_db *db)
{
    assert(db->depth > 0);
    bool lost = sp_db_lost(db);
    db->depth--;
    if (lost) {
        db->n_changes = 0;
        return;
    }
    if (db->depth == 0) {
        db->n_changes = 0;
        sp_db_exec(db, "ROLLBACK", NULL, 0, NULL, NULL);
    } else {
        sp_db_exec(db, "ROLLBACK TO piece", NULL, 0, NULL, NULL);
        sp_db_exec(db, "RELEASE piece", NULL, 0, NULL, NULL);
    }
}

bool
sp_db_lost(const struct sp_db *db)
{
    return db->depth > 0 && sqlite3_get_autocommit(db->handle) != 0;
}

enum sp_rc
sp_db_finish(struct sp_db *db, enum sp_rc rc, struct sp_err *err)
{
    if (rc == SP_OK)
        return sp_db_commit(db, err);
    sp_db_rollback(db);
    return rc;
}

enum sp_rc
sp_db_begin_reading(struct sp_db *db, struct sp_err *err)
{
    const char *sql = db->depth == 0 ? "BEGIN" : "SAVEPOINT piece";
    enum sp_rc rc = sp_db_exec(db, sql, NULL, 0, NULL, err);
    if (rc == SP_OK)
        db->depth++;
    return rc;
}

void
sp_db_end_reading(struct sp_db *db)
{
    sp_db_rollback(db); /* nothing was written, so undoing is the cheaper end */
}
