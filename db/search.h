/* search.h - inside db/ only: walks the jobs that fit a query from the newest taken to the oldest, by whatever way
 * costs least, and never works for long: when its time is up it says how far it has come, and whoever asked may go on
 * from there. Runs inside one view of the database (sp_db_begin_reading). */
#ifndef SP_DB_SEARCH_H
#define SP_DB_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;
struct sp_query;
struct sp_search;

/* before: only rows below this one; 0: all. work_ms: for how long it may look. The query outlives it. */
enum sp_rc sp_search_open(struct sp_db *db, const struct sp_query *query, int64_t before, int64_t work_ms,
                          struct sp_search **ret, struct sp_err *err);
void sp_search_close(struct sp_search **place); /* accepts NULL; leaves NULL */
/* The next row that fits; 0: there are no more, or its time is up. */
enum sp_rc sp_search_next(struct sp_search *search, int64_t *ret_row, struct sp_err *err);
/* Its time was up: rows below this one were not looked at. 0: it came to the end. */
int64_t sp_search_stopped_at(const struct sp_search *search);
/* How many jobs fit, when that is known without looking; -1: it is not. */
int64_t sp_search_known_count(const struct sp_search *search);

#endif
