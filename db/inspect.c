/* inspect.c - see inspect.h. A job that is finished while we look may lose its documents in between; so what seems to
 * miss some is asked for again before it counts. */
#include "db/inspect.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/text.h"
#include "db/db.h"
#include "db/spool.h"
#include "db/stmt.h"

enum { BUSY_MS = 5000 };

struct look {
    struct sp_db *db;
    struct sp_spool *spool;
    int64_t now_ms, grace_ms;
    struct sp_inspection *ret;
};

static enum sp_rc
count_jobs(struct look *look, struct sp_err *err)
{
    int64_t jobs = 0, waiting = 0;
    enum sp_rc rc = sp_db_number(look->db, "SELECT count(*) FROM job", NULL, 0, &jobs, err);
    if (rc == SP_OK)
        rc = sp_db_number(look->db, "SELECT count(*) FROM job WHERE state IN ('queued', 'sending', 'deferred', 'held')",
                          NULL, 0, &waiting, err);
    if (rc == SP_OK)
        rc = sp_db_number(look->db, "SELECT coalesce(max(created), 0) FROM job", NULL, 0, &look->ret->newest_job, err);
    look->ret->jobs = (size_t)jobs;
    look->ret->waiting = (size_t)waiting;
    return rc;
}

/* --- documents that should be there --- */

static bool
document_is_there(const struct look *look, const char *id, int64_t number, int64_t size)
{
    struct stat at;
    SP_AUTO_CLOSE int fd = -1;
    return sp_spool_read(look->spool, id, (size_t)number, &fd, NULL) == SP_OK && fstat(fd, &at) == 0 &&
           at.st_size == size;
}

static bool
still_wanted(const struct look *look, const char *id)
{
    const struct sp_bind in[] = { sp_text(id) };
    int64_t deleted = 1;
    return sp_db_number(look->db, "SELECT documents_deleted FROM job WHERE id = $1", in, SP_LEN(in), &deleted, NULL) ==
               SP_OK &&
           deleted == 0;
}

static enum sp_rc
find_missing(struct look *look, struct sp_err *err)
{
    static const char sql[] = "SELECT job.id, document.n, document.size FROM job JOIN document ON document.job = job.n"
                              " WHERE documents_deleted = 0 ORDER BY job.id";
    struct sp_str suspects = { 0 }; /* ids, SP_ULID_SIZE bytes each */
    char last[SP_ULID_SIZE] = "";
    struct sp_rows rows;
    sp_db_query(look->db, sql, NULL, 0, &rows);
    while (sp_rows_next(&rows)) {
        const char *id = sp_row_text(&rows, 0);
        if (strcmp(last, id) == 0 || document_is_there(look, id, sp_row_number(&rows, 1), sp_row_number(&rows, 2)))
            continue;
        (void)sp_text_copy(last, sizeof last, id);
        sp_str_add_n(&suspects, last, sizeof last);
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    for (size_t at = 0; rc == SP_OK && at < suspects.len; at += SP_ULID_SIZE)
        if (still_wanted(look, suspects.text + at) && look->ret->missing++ == 0)
            (void)sp_text_copy(look->ret->first_missing, sizeof look->ret->first_missing, suspects.text + at);
    sp_str_free(&suspects);
    return rc;
}

/* --- entries that nobody knows --- */

static enum sp_rc
look_at_entry(void *context, const char *id, struct sp_err *err)
{
    struct look *look = context;
    const struct sp_bind in[] = { sp_text(id) };
    int64_t found = 0;
    enum sp_rc rc = sp_db_number(look->db, "SELECT count(*) FROM job WHERE id = $1", in, SP_LEN(in), &found, err);
    if (rc != SP_OK || found > 0 || look->now_ms - sp_ulid_ms(id) < look->grace_ms)
        return rc;
    if (look->ret->orphans++ == 0)
        (void)sp_text_copy(look->ret->first_orphan, sizeof look->ret->first_orphan, id);
    return SP_OK;
}

/* --- all of it --- */

static uint64_t
size_of(const char *path, const char *tail)
{
    struct stat at;
    SP_AUTO(sp_str_free) struct sp_str name = { 0 };
    sp_str_addf(&name, "%s%s", path, tail);
    return stat(sp_str_text(&name), &at) == 0 ? (uint64_t)at.st_size : 0;
}

static bool
has_spool(const char *state_dir)
{
    SP_AUTO(sp_str_free) struct sp_str path = { 0 };
    sp_str_addf(&path, "%s/spool", state_dir);
    return access(sp_str_text(&path), F_OK) == 0;
}

static enum sp_rc
look_inside(struct look *look, const char *state_dir, struct sp_err *err)
{
    enum sp_rc rc = count_jobs(look, err);
    if (rc != SP_OK || !has_spool(state_dir)) /* opening it would make it, for the wrong user */
        return rc;
    rc = sp_spool_open(state_dir, &look->spool, err);
    if (rc == SP_OK)
        rc = find_missing(look, err);
    if (rc == SP_OK)
        rc = sp_spool_each(look->spool, look_at_entry, look, err);
    sp_spool_close(&look->spool);
    return rc;
}

enum sp_rc
sp_inspect(const char *state_dir, int64_t now_ms, int64_t grace_ms, struct sp_inspection *ret, struct sp_err *err)
{
    SP_AUTO(sp_db_close) struct sp_db *db = NULL;
    SP_AUTO_FREE char *path = sp_db_path(state_dir);
    struct sp_err why = { 0 };
    *ret = (struct sp_inspection){ .newest = sp_db_version_newest() };
    if (path == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    if (access(path, R_OK | W_OK) != 0)
        return sp_fail_errno(err, "db: cannot open '%s'", path);
    enum sp_rc rc = sp_db_connect(path, BUSY_MS, &db, &why);
    if (rc == SP_OK)
        rc = sp_db_quick_check(db, &why);
    if (rc == SP_E_CORRUPT) {
        (void)sp_text_copy(ret->damage, sizeof ret->damage, why.text);
        return SP_OK;
    }
    if (rc != SP_OK)
        return sp_fail(err, rc, "%s", why.text);
    ret->size = size_of(path, "");
    ret->wal_size = size_of(path, "-wal");
    rc = sp_db_version(db, &ret->version, err);
    if (rc != SP_OK || ret->version < 1 || ret->version > ret->newest)
        return rc;
    struct look look = { .db = db, .now_ms = now_ms, .grace_ms = grace_ms, .ret = ret };
    return look_inside(&look, state_dir, err);
}
