/* batch.h - group commit. One thread owns a writing connection; callers from any thread hand it work and wait. Whatever
 * piled up while the disk was busy goes into one transaction, each piece under a savepoint of its own, so that a piece
 * that fails takes nothing else with it. A call returns only after its commit is on disk. */
#ifndef SP_DB_BATCH_H
#define SP_DB_BATCH_H

#include "base/err.h"

struct sp_batch;
struct sp_db;

/* Runs inside a transaction on the batch's thread; must not wait for anything but the disk. May run a second time when
 * the commit had to be repeated (SQLITE_BUSY), so it must not change anything outside the database twice. */
typedef enum sp_rc sp_batch_fn(struct sp_db *db, void *context, struct sp_err *err);

/* Opens its own connection and starts the thread. */
enum sp_rc sp_batch_open(const char *dir, struct sp_batch **ret, struct sp_err *err);
/* Before the first piece: its commits are told (db/changes.h). */
void sp_batch_tell_changes(struct sp_batch *batch, int fd);
/* Finishes what was handed in, stops the thread. No call may be waiting or come later. */
void sp_batch_close(struct sp_batch **place);
/* The result of fn, or of the commit that would have made it last. */
enum sp_rc sp_batch_run(struct sp_batch *batch, sp_batch_fn *fn, void *context, struct sp_err *err);

#endif
