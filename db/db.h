/* db.h - the wall around SQL: one connection to scanpost.db, and a few calls that the other files of this folder build
 * their statements on. SQL stands in db/ and nowhere else; values are always bound.
 *
 * A connection is used by one thread at a time. The file is in WAL mode with synchronous=FULL: what a commit answered
 * is still there after the power came back. Writers meet in sp_batch (batch.h), so that bursts share commits. */
#ifndef SP_DB_DB_H
#define SP_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

/* Brings dir/scanpost.db to the newest version, making it when it is missing. An older one is copied aside first
 * (VACUUM INTO scanpost.db.vN). SP_E_CONFLICT: it was made by a newer scanpost. SP_E_CORRUPT: damaged (quick_check).
 * *ret_fresh: nobody has read the spool into this database yet (sp_rebuild), because it was made just now, was empty,
 * or we died in between: if the spool holds entries, an older database was lost. */
enum sp_rc sp_db_migrate(const char *dir, bool *ret_fresh, struct sp_err *err);
/* Moves a damaged database and its -wal and -shm out of the way: scanpost.db.damaged-TIME. */
enum sp_rc sp_db_set_aside(const char *dir, int64_t wall_ms, struct sp_err *err);
/* The newest version, and the version of a database that is open. */
int sp_db_version_newest(void);
enum sp_rc sp_db_version(struct sp_db *db, int *ret, struct sp_err *err);

/* Opens a migrated database. busy_ms: how long to wait for another writer's lock. SP_E_NOTFOUND, SP_E_CONFLICT (not
 * migrated), SP_E_CORRUPT, SP_E_IO. */
enum sp_rc sp_db_open(const char *dir, int busy_ms, struct sp_db **ret, struct sp_err *err);
void sp_db_close(struct sp_db **place);

/* Transactions are short, and hold no network call. A transaction inside one is a savepoint. commit undoes itself when
 * it fails; rollback never fails. */
enum sp_rc sp_db_begin(struct sp_db *db, struct sp_err *err);
enum sp_rc sp_db_commit(struct sp_db *db, struct sp_err *err);
void sp_db_rollback(struct sp_db *db);

#endif
