/* changes.h - which rows were written, told through a pipe to whoever shows them live. A connection notes the rows as
 * SQLite writes them and tells after the commit; the reader looks into the database for what they say now, so a row
 * that is told in vain (undone, or gone) harms nobody.
 *
 * Costs nothing while nobody reads: the pipe runs full, and a write to it that fails at once is all that is left. The
 * reader drains it before it begins to listen. Nothing of a row but its number goes through the pipe. */
#ifndef SP_DB_CHANGES_H
#define SP_DB_CHANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_arena;
struct sp_db;

enum sp_changed {
    SP_CHANGED_MANY, /* more than it makes sense to name */
    SP_CHANGED_JOB,
    SP_CHANGED_METHOD,
    SP_CHANGED_CHECK,      /* its row in check_run */
    SP_CHANGED_CHECK_STEP, /* its row in check_step */
    SP_CHANGED_SOURCE,     /* a token, or who was refused; row is 0 */
};
struct sp_change {
    int64_t what; /* enum sp_changed */
    int64_t row;
};

enum { SP_CHANGES_ROOM = 4096 }; /* that many fill the pipe (64 KiB, pipe(7)) */

/* A pipe for them, both ends non-blocking. */
enum sp_rc sp_changes_pipe(int ret_fd[2], struct sp_err *err);
/* Never waits; what finds no room is lost. */
void sp_changes_tell(int fd, const struct sp_change *changes, size_t count);
/* What is there, at most room; 0: nothing. */
size_t sp_changes_read(int fd, struct sp_change *ret, size_t room);

/* From the next transaction on this connection tells what it wrote. fd: the pipe's writing end, borrowed. */
void sp_db_tell_changes(struct sp_db *db, int fd);

/* A row as listeners see it; SP_E_NOTFOUND: it is gone. Texts live in the arena. */
struct sp_changed_row {
    const char *id;    /* of a job, a check */
    const char *name;  /* of a method; of a check, its method */
    const char *state; /* a word */
};
enum sp_rc sp_changed_find(struct sp_db *db, const struct sp_change *change, struct sp_arena *arena,
                           struct sp_changed_row *ret, struct sp_err *err);

#endif
