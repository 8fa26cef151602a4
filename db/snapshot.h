/* snapshot.h - the database as it was at one moment, for a backup taken while everybody works; and what becomes of its
 * jobs when it is put back. */
#ifndef SP_DB_SNAPSHOT_H
#define SP_DB_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_snapshot;

/* fn runs while nobody writes: what it sees of the spool is what the snapshot says of it, for documents are only
 * removed inside a transaction. It must be quick. */
typedef enum sp_rc sp_snapshot_fn(void *context, struct sp_err *err);
/* SP_E_NOTFOUND: there is no database in dir; SP_E_BUSY: no turn to write came. */
enum sp_rc sp_snapshot_take(const char *dir, sp_snapshot_fn *fn, void *context, struct sp_snapshot **ret,
                            struct sp_err *err);
/* Writes it into a new file at path, which must not exist. Others go on working meanwhile. */
enum sp_rc sp_snapshot_copy(struct sp_snapshot *snapshot, const char *path, struct sp_err *err);
void sp_snapshot_free(struct sp_snapshot **snapshot); /* accepts NULL; leaves NULL */

/* After a backup was put into dir, before the daemon starts: what waited to be sent is held with `trouble`, because it
 * may have been sent since, and entries of the spool that the database does not know will be held as well. resume: all
 * stays as it was. SP_E_CORRUPT; SP_E_CONFLICT: made by a newer scanpost. */
enum sp_rc sp_snapshot_settle(const char *dir, bool resume, const char *trouble, size_t *ret_held, struct sp_err *err);

#endif
