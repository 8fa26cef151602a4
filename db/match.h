/* match.h - inside db/ only: whether one job fits a query. This is where it is decided; indexes only propose. */
#ifndef SP_DB_MATCH_H
#define SP_DB_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct sp_db;
struct sp_query;

/* The shortest piece of an id that is looked for without "id:": its first ten characters are its moment. */
enum { SP_MATCH_ID_LEAST = 10 };
/* Whether a text can be the beginning of an id, as long as that or longer. */
bool sp_match_id_like(const char *text);

/* scratch: working room, kept from one call to the next. *ret is false for a row that is not there. */
enum sp_rc sp_match(struct sp_db *db, const struct sp_query *query, int64_t row, struct sp_str *scratch, bool *ret,
                    struct sp_err *err);

#endif
