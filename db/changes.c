/* changes.c - the pipe, and what a row number stands for. The noting is in db.c, beside the commit. */
#include "db/changes.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/db.h"
#include "db/stmt.h"

enum { PIECE = PIPE_BUF / sizeof(struct sp_change) }; /* a write of that much is whole or not at all (pipe(7)) */

enum sp_rc
sp_changes_pipe(int ret_fd[2], struct sp_err *err)
{
    return pipe2(ret_fd, O_CLOEXEC | O_NONBLOCK) == 0 ? SP_OK : sp_fail_errno(err, "cannot make a pipe");
}

void
sp_changes_tell(int fd, const struct sp_change *changes, size_t count)
{
    while (count > 0) {
        size_t n = count < PIECE ? count : PIECE;
        if (write(fd, changes, n * sizeof(*changes)) < 0)
            return; /* full: nobody listens, or so much is going on that it will look at everything anyway */
        changes += n;
        count -= n;
    }
}

size_t
sp_changes_read(int fd, struct sp_change *ret, size_t room)
{
    ssize_t got = read(fd, ret, room * sizeof(*ret));
    return got < 0 ? 0 : (size_t)got / sizeof(*ret);
}

static enum sp_rc
find(struct sp_db *db, const char *sql, int64_t row, struct sp_arena *arena, struct sp_changed_row *ret,
     struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found)
        *ret = (struct sp_changed_row){ .id = sp_row_keep(&rows, 0, arena),
                                        .name = sp_row_keep(&rows, 1, arena),
                                        .state = sp_row_keep(&rows, 2, arena) };
    enum sp_rc rc = sp_rows_end(&rows, err);
    return rc == SP_OK && !found ? sp_fail(err, SP_E_NOTFOUND, "it is gone") : rc;
}

enum sp_rc
sp_changed_find(struct sp_db *db, const struct sp_change *change, struct sp_arena *arena, struct sp_changed_row *ret,
                struct sp_err *err)
{
    static const char job[] = "SELECT id, '', state FROM job WHERE n = $1";
    static const char method[] = "SELECT '', name, state FROM method_state WHERE rowid = $1";
    static const char check[] = "SELECT id, method, state FROM check_run WHERE n = $1";
    static const char step[] = "SELECT r.id, r.method, r.state FROM check_step s JOIN check_run r ON r.n = s.run"
                               " WHERE s.rowid = $1";
    switch ((enum sp_changed)change->what) {
    case SP_CHANGED_JOB:
        return find(db, job, change->row, arena, ret, err);
    case SP_CHANGED_METHOD:
        return find(db, method, change->row, arena, ret, err);
    case SP_CHANGED_CHECK:
        return find(db, check, change->row, arena, ret, err);
    case SP_CHANGED_CHECK_STEP:
        return find(db, step, change->row, arena, ret, err);
    case SP_CHANGED_MANY:
    case SP_CHANGED_SOURCE:
        break;
    }
    return sp_fail(err, SP_E_NOTFOUND, "it is no row");
}
