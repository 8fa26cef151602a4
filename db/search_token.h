/* search_token.h - inside db/ only: the texts of a job, and the tokens that stand for them in the index (search_index.c
 * has their form). */
#ifndef SP_DB_SEARCH_TOKEN_H
#define SP_DB_SEARCH_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sp_db;
struct sp_str;

enum { SP_SEARCH_GRAM = 3 /* bytes of a token */ };

enum sp_search_field {
    SP_FIELD_SUBJECT,
    SP_FIELD_NAME,
    SP_FIELD_TO,
    SP_FIELD_USER,
    SP_FIELD_FROM,
    SP_FIELD_DOOR,
    SP_FIELDS,
};

uint32_t sp_search_gram(const char *text); /* its first three bytes */
/* `bytes`: how many of the gram's are written; fewer than three make the beginning of a token. */
void sp_search_put_token(struct sp_str *out, enum sp_search_field field, uint32_t gram, size_t bytes);

typedef void sp_search_text_fn(void *context, enum sp_search_field field, const char *text);
/* Every text of a job that is in the index. */
enum sp_rc sp_search_texts(struct sp_db *db, int64_t row, sp_search_text_fn *fn, void *context, struct sp_err *err);

#endif
