/* migrate.c - from whatever lies in the state directory to a database of the newest version, and damaged ones out of
 * the way. Runs alone, before anybody else opens the database. */
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "db/migrations.h"
#include "db/stmt.h"

enum { MIGRATE_BUSY_MS = 10000 };

int
sp_db_version_newest(void)
{
    return sp_migrations.count;
}

/* SQLite would make the file with the umask's mode. Gateway and sender are different users of one group, and -wal and
 * -shm get the mode of the database. */
static enum sp_rc
make_empty(const char *path, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (fd < 0 || fchmod(fd, 0660) != 0)
        return sp_fail_errno(err, "db: cannot make '%s'", path);
    return SP_OK;
}

static enum sp_rc
make_if_missing(const char *path, struct sp_err *err)
{
    struct stat st;
    if (lstat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? SP_OK : sp_fail(err, SP_E_INVALID, "db: '%s' is not a regular file", path);
    if (errno != ENOENT)
        return sp_fail_errno(err, "db: cannot look at '%s'", path);
    return make_empty(path, err);
}

enum sp_rc
sp_db_quick_check(struct sp_db *db, struct sp_err *err)
{
    struct sp_rows rows;
    sp_db_query(db, "PRAGMA quick_check(1)", NULL, 0, &rows);
    char says[200] = "no answer";
    if (sp_rows_next(&rows))
        snprintf(says, sizeof(says), "%s", sp_row_text(&rows, 0));
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && strcmp(says, "ok") != 0)
        rc = sp_fail(err, SP_E_CORRUPT, "db: the database is damaged: %s", says);
    return rc;
}

static enum sp_rc
sync_path(const char *path, int flags, struct sp_err *err)
{
    SP_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return sp_fail_errno(err, "db: cannot open '%s'", path);
    return sp_io_sync(fd, path, err);
}

/* VACUUM INTO does not fsync what it writes, and takes an empty file that is there already. */
static enum sp_rc
copy_aside(struct sp_db *db, const char *path, int version, struct sp_err *err)
{
    SP_AUTO_FREE char *copy = NULL;
    if (asprintf(&copy, "%s.v%d", path, version) < 0) {
        copy = NULL;
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    }
    if (unlink(copy) != 0 && errno != ENOENT)
        return sp_fail_errno(err, "db: cannot replace '%s'", copy);
    enum sp_rc rc = make_empty(copy, err);
    const struct sp_bind in[] = { sp_text(copy) };
    if (rc == SP_OK)
        rc = sp_db_exec(db, "VACUUM INTO $1", in, SP_LEN(in), NULL, err);
    if (rc == SP_OK)
        rc = sync_path(copy, O_RDONLY | O_NOFOLLOW, err);
    return rc;
}

static enum sp_rc
climb_one(struct sp_db *db, const char *step, int version, struct sp_err *err)
{
    char set_version[48];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", version + 1);
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_script(db, step, err);
    if (rc == SP_OK)
        rc = sp_db_script(db, set_version, err);
    rc = sp_db_finish(db, rc, err);
    return rc == SP_OK ? SP_OK : sp_err_prefix(err, "migrating to version %d", version + 1);
}

static enum sp_rc
climb(struct sp_db *db, const struct sp_migrations *steps, const char *path, struct sp_err *err)
{
    int version = 0;
    enum sp_rc rc = sp_db_version(db, &version, err);
    if (rc != SP_OK)
        return rc;
    if (version < 0 || version > steps->count)
        return sp_fail(err, SP_E_CONFLICT,
                       "db: '%s' has version %d and was made by a newer scanpost; this one knows versions up to %d",
                       path, version, steps->count);
    if (version > 0 && version < steps->count)
        rc = copy_aside(db, path, version, err);
    for (; rc == SP_OK && version < steps->count; version++)
        rc = climb_one(db, steps->texts[version], version, err);
    return rc;
}

static enum sp_rc
spool_unread(struct sp_db *db, bool *ret, struct sp_err *err)
{
    int64_t read = 0;
    enum sp_rc rc = sp_db_number(db, "SELECT value FROM house WHERE key = 'spool_read'", NULL, 0, &read, err);
    if (rc == SP_OK)
        *ret = read == 0;
    return rc;
}

enum sp_rc
sp_db_migrate(const char *dir, bool *ret_fresh, struct sp_err *err)
{
    return sp_db_migrate_by(&sp_migrations, dir, ret_fresh, err);
}

enum sp_rc
sp_db_migrate_by(const struct sp_migrations *steps, const char *dir, bool *ret_fresh, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_db_path(dir);
    if (path == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    SP_AUTO(sp_db_close) struct sp_db *db = NULL;
    enum sp_rc rc = make_if_missing(path, err);
    if (rc == SP_OK)
        rc = sp_db_connect(path, MIGRATE_BUSY_MS, &db, err);
    if (rc == SP_OK)
        rc = sp_db_quick_check(db, err);
    if (rc == SP_OK)
        rc = climb(db, steps, path, err);
    if (rc == SP_OK)
        rc = spool_unread(db, ret_fresh, err);
    if (rc == SP_OK)
        rc = sync_path(dir, O_RDONLY | O_DIRECTORY, err);
    return rc;
}

/* The database goes first: should we die in between, SQLite deletes a -wal beside a missing or empty database, but
 * would believe an old database without its -wal. */
enum sp_rc
sp_db_set_aside(const char *dir, int64_t wall_ms, struct sp_err *err)
{
    static const char *const tails[] = { "", "-wal", "-shm" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char when[32];
    if (gmtime_r(&seconds, &utc) == NULL || strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc) == 0)
        return sp_fail(err, SP_E_INVALID, "db: impossible time");
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_io_open_dir(AT_FDCWD, dir, &fd, err);
    for (size_t i = 0; rc == SP_OK && i < SP_LEN(tails); i++) {
        char from[64];
        char to[96];
        snprintf(from, sizeof(from), "scanpost.db%s", tails[i]);
        snprintf(to, sizeof(to), "scanpost.db.damaged-%s%s", when, tails[i]);
        if (renameat(fd, from, fd, to) != 0 && errno != ENOENT)
            rc = sp_fail_errno(err, "db: cannot set '%s/%s' aside", dir, from);
    }
    return rc == SP_OK ? sp_io_sync(fd, dir, err) : rc;
}
