/* search_index.h - an index of what jobs say (names, subjects, addresses, users), so that a word is found among a
 * million without reading them. It only ever proposes: whoever asks it reads the job and looks for himself.
 *
 * Nothing of it is on a scan's way. Jobs are taken into it later, oldest first, a few at a time, by whoever has nothing
 * better to do; how far that has come is known, and what is newer is searched by reading it. */
#ifndef SP_DB_SEARCH_INDEX_H
#define SP_DB_SEARCH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;

/* Takes up to `limit` more jobs in, as one transaction. *ret_count: how many; less than limit: there are no more.
 * SP_E_CORRUPT: it has to be emptied. */
enum sp_rc sp_search_index_more(struct sp_db *db, size_t limit, size_t *ret_count, struct sp_err *err);
/* How many jobs wait for that, counted to `most`. */
enum sp_rc sp_search_index_waiting(struct sp_db *db, size_t most, size_t *ret_count, struct sp_err *err);
/* Empties it, to be filled again from the start: when it is damaged, or was made in another way. */
enum sp_rc sp_search_index_reset(struct sp_db *db, struct sp_err *err);

/* --- inside db/ only --- */

/* Jobs up to this row are in it. */
enum sp_rc sp_search_indexed(struct sp_db *db, int64_t *ret_row, struct sp_err *err);
/* Takes a job out that is about to be deleted; one that is not in it is fine. */
enum sp_rc sp_search_index_remove(struct sp_db *db, int64_t row, struct sp_err *err);
/* Whether a transaction that changed it failed because it is damaged. */
bool sp_search_index_damaged(enum sp_rc rc);
/* After jobs were deleted: row numbers may be given again. */
enum sp_rc sp_search_index_deleted(struct sp_db *db, struct sp_err *err);

#endif
