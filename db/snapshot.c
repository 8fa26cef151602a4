/* snapshot.c - see snapshot.h. A reading transaction pins the moment; SQLite's backup interface copies from it without
 * keeping anybody from writing. Only the beginning of that transaction needs the writer's lock. */
#include "db/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/auto.h"
#include "db/db.h"
#include "db/stmt.h"

enum { BUSY_MS = 30000 };

struct sp_snapshot {
    struct sp_db *db; /* inside its reading transaction */
};

static enum sp_rc
connect_dir(const char *dir, struct sp_db **ret, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_db_path(dir);
    return path == NULL ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : sp_db_connect(path, BUSY_MS, ret, err);
}

/* A transaction begins to see at its first read. */
static enum sp_rc
pin(struct sp_db *db, struct sp_err *err)
{
    int64_t jobs = 0;
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_number(db, "SELECT count(*) FROM house", NULL, 0, &jobs, err);
    if (rc != SP_OK)
        sp_db_end_reading(db);
    return rc;
}

enum sp_rc
sp_snapshot_take(const char *dir, sp_snapshot_fn *fn, void *context, struct sp_snapshot **ret, struct sp_err *err)
{
    SP_AUTO(sp_db_close) struct sp_db *writer = NULL;
    struct sp_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = connect_dir(dir, &writer, err);
    if (rc == SP_OK)
        rc = connect_dir(dir, &snapshot->db, err);
    if (rc == SP_OK)
        rc = sp_db_begin(writer, err);
    if (rc == SP_OK) {
        rc = fn(context, err);
        if (rc == SP_OK)
            rc = pin(snapshot->db, err);
        sp_db_rollback(writer);
    }
    if (rc == SP_OK) {
        *ret = snapshot;
        return SP_OK;
    }
    sp_db_close(&snapshot->db);
    free(snapshot);
    return rc;
}

static enum sp_rc
copy_pages(struct sp_db *from, sqlite3 *to, struct sp_err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", sp_db_handle(from), "main");
    if (backup == NULL)
        return sp_fail(err, SP_E_IO, "db: cannot copy: %s", sqlite3_errmsg(to));
    (void)sqlite3_backup_step(backup, -1);
    int result = sqlite3_backup_finish(backup);
    if (result == SQLITE_OK)
        return SP_OK;
    return sp_fail(err, (result & 0xff) == SQLITE_FULL ? SP_E_NO_ROOM : SP_E_IO, "db: cannot copy: %s",
                   sqlite3_errstr(result));
}

/* SQLite would take what is there, or make it for everybody to read. */
static enum sp_rc
make_private(const char *path, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 ? SP_OK : sp_fail_errno(err, "db: cannot make '%s'", path);
}

enum sp_rc
sp_snapshot_copy(struct sp_snapshot *snapshot, const char *path, struct sp_err *err)
{
    sqlite3 *to = NULL;
    enum sp_rc rc = make_private(path, err);
    if (rc != SP_OK)
        return rc;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK)
        rc = sp_fail(err, SP_E_IO, "db: cannot make '%s': %s", path, sqlite3_errmsg(to));
    if (rc == SP_OK)
        rc = copy_pages(snapshot->db, to, err);
    sqlite3_close(to);
    return rc;
}

void
sp_snapshot_free(struct sp_snapshot **snapshot)
{
    if (*snapshot == NULL)
        return;
    sp_db_end_reading((*snapshot)->db);
    sp_db_close(&(*snapshot)->db);
    free(*snapshot);
    *snapshot = NULL;
}

/* --- putting it back --- */

static enum sp_rc
hold_what_waits(struct sp_db *db, const char *trouble, size_t *ret_held, struct sp_err *err)
{
    static const char sql[] = "UPDATE job SET state = 'held', due = NULL, next_attempt = 0, waits_for_method = 0,"
                              " trouble = $1 WHERE state IN ('queued', 'sending', 'deferred')";
    const struct sp_bind in[] = { sp_text(trouble) };
    return sp_db_exec(db, sql, in, SP_LEN(in), ret_held, err);
}

static enum sp_rc
settle(struct sp_db *db, const char *trouble, size_t *ret_held, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = hold_what_waits(db, trouble, ret_held, err);
    if (rc == SP_OK) /* as after the loss of a database: what is unknown to it is held */
        rc = sp_db_exec(db, "UPDATE house SET value = 0 WHERE key = 'spool_read'", NULL, 0, NULL, err);
    return sp_db_finish(db, rc, err);
}

enum sp_rc
sp_snapshot_settle(const char *dir, bool resume, const char *trouble, size_t *ret_held, struct sp_err *err)
{
    SP_AUTO(sp_db_close) struct sp_db *db = NULL;
    int version = 0;
    *ret_held = 0;
    enum sp_rc rc = connect_dir(dir, &db, err);
    if (rc == SP_OK)
        rc = sp_db_quick_check(db, err);
    if (rc == SP_OK)
        rc = sp_db_version(db, &version, err);
    if (rc == SP_OK && version > sp_db_version_newest())
        rc = sp_fail(err, SP_E_CONFLICT,
                     "the backup was made by a newer scanpost (database version %d, this one knows %d)", version,
                     sp_db_version_newest());
    return rc != SP_OK || resume ? rc : settle(db, trouble, ret_held, err);
}
