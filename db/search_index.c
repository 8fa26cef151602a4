/* search_index.c - the full-text index, and how texts become its tokens.
 *
 * A text is folded, and each run of three bytes in it is a token: a letter for the field, and the bytes in hexadecimal:
 *
 *     to anna@contoso.com   ->   t616e6e t6e6e61 t6e6140 ... t636f6d t6f6d01 t6d0101
 *
 * A job has the set of its tokens, no positions and no copy of the text: a word of any length is found by the tokens it
 * consists of, then verified. The two bytes 01 at the end let one or two bytes be found as the beginning of a token.
 * SQLite's own trigram tokenizer would need positions and columns to tell one field from another, which is three times
 * the size.
 *
 * The table is "contentless": to take a job out, FTS5 must be told the very tokens it came in with. They are made again
 * from the job, whose texts never change. Whoever changes how tokens are made adds a migration that empties the table
 * and sets house.indexed to 0. */
#include "db/search_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fold.h"
#include "base/str.h"
#include "db/db.h"
#include "db/search_token.h"
#include "db/stmt.h"

enum { GRAM = SP_SEARCH_GRAM };

static const char pad[] = "\x01\x01";

static const char letters[] = {
    [SP_FIELD_SUBJECT] = 's', [SP_FIELD_NAME] = 'd', [SP_FIELD_TO] = 't',
    [SP_FIELD_USER] = 'u',    [SP_FIELD_FROM] = 'f', [SP_FIELD_DOOR] = 'o',
};

/* --- a job's tokens: numbers that are field and bytes, sorted, each once -------------------------------------------
 */

struct tokens {
    uint32_t *all;
    size_t count, room;
    bool failed;
    struct sp_str folded; /* working room */
};

static void
tokens_free(struct tokens *tokens)
{
    free(tokens->all);
    sp_str_free(&tokens->folded);
}

static void
add_token(struct tokens *tokens, uint32_t token)
{
    if (tokens->count == tokens->room) {
        size_t room = tokens->room == 0 ? 256 : 2 * tokens->room;
        uint32_t *all = realloc(tokens->all, room * sizeof(*all));
        if (all == NULL) {
            tokens->failed = true;
            return;
        }
        tokens->all = all;
        tokens->room = room;
    }
    tokens->all[tokens->count++] = token;
}

uint32_t
sp_search_gram(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    return (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
}

static void
add_text(void *context, enum sp_search_field field, const char *text)
{
    struct tokens *tokens = context;
    struct sp_str *folded = &tokens->folded;
    if (*text == '\0')
        return;
    sp_str_cut(folded, 0);
    sp_str_add(folded, text);
    sp_str_add(folded, pad);
    tokens->failed = tokens->failed || folded->failed;
    if (tokens->failed)
        return;
    sp_fold(folded->text, folded->len);
    for (size_t i = 0; i + GRAM <= folded->len; i++)
        add_token(tokens, (uint32_t)field << 24 | sp_search_gram(folded->text + i));
}

static int
by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void
sp_search_put_token(struct sp_str *out, enum sp_search_field field, uint32_t gram, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    char text[1 + 2 * GRAM];
    text[0] = letters[field];
    for (unsigned i = 0; i < 2 * GRAM; i++)
        text[1 + i] = digits[gram >> (20 - 4 * i) & 15];
    sp_str_add_n(out, text, 1 + 2 * bytes);
}

static void
put_tokens(struct tokens *tokens, struct sp_str *out)
{
    sp_str_cut(out, 0);
    if (tokens->count > 0)
        qsort(tokens->all, tokens->count, sizeof(tokens->all[0]), by_value);
    for (size_t i = 0; i < tokens->count; i++) {
        if (i > 0 && tokens->all[i] == tokens->all[i - 1])
            continue;
        sp_search_put_token(out, (enum sp_search_field)(tokens->all[i] >> 24), tokens->all[i] & 0xffffff, GRAM);
        sp_str_add_char(out, ' ');
    }
}

/* --- a job's texts -------------------------------------------------------------------------------------------------
 */

static enum sp_rc
each_row(struct sp_db *db, const char *sql, int64_t row, enum sp_search_field field, sp_search_text_fn *fn,
         void *context, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        fn(context, field, sp_row_text(&rows, 0));
    return sp_rows_end(&rows, err);
}

static enum sp_rc
each_column(struct sp_db *db, int64_t row, sp_search_text_fn *fn, void *context, struct sp_err *err)
{
    static const char sql[] = "SELECT subject, user, sender, from_name, reply_to, source_name FROM job WHERE n = $1";
    static const enum sp_search_field fields[] = { SP_FIELD_SUBJECT, SP_FIELD_USER, SP_FIELD_FROM,
                                                   SP_FIELD_FROM,    SP_FIELD_FROM, SP_FIELD_DOOR };
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows))
        for (size_t i = 0; i < SP_LEN(fields); i++)
            fn(context, fields[i], sp_row_text(&rows, (int)i));
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_search_texts(struct sp_db *db, int64_t row, sp_search_text_fn *fn, void *context, struct sp_err *err)
{
    enum sp_rc rc = each_column(db, row, fn, context, err);
    if (rc == SP_OK)
        rc = each_row(db, "SELECT name FROM document WHERE job = $1", row, SP_FIELD_NAME, fn, context, err);
    if (rc == SP_OK)
        rc = each_row(db, "SELECT address FROM recipient WHERE job = $1", row, SP_FIELD_TO, fn, context, err);
    return rc;
}

/* What the index holds of a job: the same every time. */
static enum sp_rc
tokens_of(struct sp_db *db, int64_t row, struct tokens *tokens, struct sp_str *out, struct sp_err *err)
{
    tokens->count = 0;
    enum sp_rc rc = sp_search_texts(db, row, add_text, tokens, err);
    if (rc != SP_OK)
        return rc;
    put_tokens(tokens, out);
    return tokens->failed || out->failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : SP_OK;
}

/* --- upkeep --------------------------------------------------------------------------------------------------------
 */

enum sp_rc
sp_search_indexed(struct sp_db *db, int64_t *ret_row, struct sp_err *err)
{
    return sp_db_number(db, "SELECT value FROM house WHERE key = 'indexed'", NULL, 0, ret_row, err);
}

static enum sp_rc
set_indexed(struct sp_db *db, int64_t row, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(row) };
    return sp_db_exec(db, "UPDATE house SET value = $1 WHERE key = 'indexed'", in, SP_LEN(in), NULL, err);
}

static enum sp_rc
next_row(struct sp_db *db, int64_t after, int64_t *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(after) };
    return sp_db_number(db, "SELECT n FROM job WHERE n > $1 ORDER BY n LIMIT 1", in, SP_LEN(in), ret, err);
}

static enum sp_rc
take_in(struct sp_db *db, size_t limit, size_t *count, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO search (rowid, tokens) VALUES ($1, $2)";
    struct tokens tokens = { 0 };
    struct sp_str text = { 0 };
    int64_t row = 0;
    enum sp_rc rc = sp_search_indexed(db, &row, err);
    while (rc == SP_OK && *count < limit && (rc = next_row(db, row, &row, err)) == SP_OK) {
        rc = tokens_of(db, row, &tokens, &text, err);
        const struct sp_bind in[] = { sp_number(row), sp_text(sp_str_text(&text)) };
        if (rc == SP_OK)
            rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
        *count += rc == SP_OK;
    }
    if (rc == SP_E_NOTFOUND)
        rc = SP_OK;
    tokens_free(&tokens);
    sp_str_free(&text);
    return rc == SP_OK && *count > 0 ? set_indexed(db, row, err) : rc;
}

enum sp_rc
sp_search_index_more(struct sp_db *db, size_t limit, size_t *ret_count, struct sp_err *err)
{
    *ret_count = 0;
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_finish(db, take_in(db, limit, ret_count, err), err);
    return sp_search_index_damaged(rc) ? sp_fail(err, SP_E_CORRUPT, "db: the index of words is damaged") : rc;
}

/* FTS5 writes into tables of its own when a piece of a transaction ends. By what we do nothing is there twice, so that
 * a constraint is in the way means damage, too. */
bool
sp_search_index_damaged(enum sp_rc rc)
{
    return rc == SP_E_CORRUPT || rc == SP_E_CONFLICT;
}

enum sp_rc
sp_search_index_waiting(struct sp_db *db, size_t most, size_t *ret_count, struct sp_err *err)
{
    static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM job"
                              " WHERE n > (SELECT value FROM house WHERE key = 'indexed') LIMIT $1)";
    const struct sp_bind in[] = { sp_number((int64_t)most) };
    int64_t count = 0;
    enum sp_rc rc = sp_db_number(db, sql, in, SP_LEN(in), &count, err);
    if (rc == SP_OK)
        *ret_count = (size_t)count;
    return rc;
}

static enum sp_rc
reset(struct sp_db *db, struct sp_err *err)
{
    enum sp_rc rc = sp_db_exec(db, "INSERT INTO search (search) VALUES ('delete-all')", NULL, 0, NULL, err);
    return rc == SP_OK ? set_indexed(db, 0, err) : rc;
}

enum sp_rc
sp_search_index_reset(struct sp_db *db, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    return rc == SP_OK ? sp_db_finish(db, reset(db, err), err) : rc;
}

enum sp_rc
sp_search_index_remove(struct sp_db *db, int64_t row, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO search (search, rowid, tokens) VALUES ('delete', $1, $2)";
    struct tokens tokens = { 0 };
    struct sp_str text = { 0 };
    int64_t indexed = 0;
    enum sp_rc rc = sp_search_indexed(db, &indexed, err);
    if (rc != SP_OK || row > indexed)
        return rc;
    rc = tokens_of(db, row, &tokens, &text, err);
    const struct sp_bind in[] = { sp_number(row), sp_text(sp_str_text(&text)) };
    if (rc == SP_OK)
        rc = sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
    tokens_free(&tokens);
    sp_str_free(&text);
    return rc;
}

enum sp_rc
sp_search_index_deleted(struct sp_db *db, struct sp_err *err)
{
    static const char sql[] = "UPDATE house SET value = min(value, (SELECT coalesce(max(n), 0) FROM job))"
                              " WHERE key = 'indexed'";
    return sp_db_exec(db, sql, NULL, 0, NULL, err);
}
