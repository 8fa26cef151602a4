/* search_ask.h - inside db/ only: what to ask the index of words for. */
#ifndef SP_DB_SEARCH_ASK_H
#define SP_DB_SEARCH_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;
struct sp_query;
struct sp_str;

/* Writes what every job that fits the query answers to; "" when the index cannot help, or when so many jobs fit that
 * reading them one by one is quicker. indexed: the last row that is in the index. */
enum sp_rc sp_search_ask(struct sp_db *db, const struct sp_query *query, int64_t indexed, struct sp_str *ret,
                         struct sp_err *err);

#endif
