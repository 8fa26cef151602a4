/* rebuild.h - entries of the spool that the database does not know: a crash came between the two, or the database was
 * lost. The first are queued; the second are held, because nobody knows any more whether they were sent. */
#ifndef SP_DB_REBUILD_H
#define SP_DB_REBUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sp_db;
struct sp_log;
struct sp_spool;

struct sp_rebuild_counts {
    size_t queued, held, damaged; /* damaged: an envelope that cannot be read; logged, left where it is */
};
/* db_was_lost: what is found is held. Runs before anybody else writes. */
enum sp_rc sp_rebuild(struct sp_db *db, struct sp_spool *spool, bool db_was_lost, const struct sp_log *log,
                      struct sp_rebuild_counts *ret, struct sp_err *err);

#endif
