/* match.c - term by term. What stands in the job's own row is looked at first; documents and recipients are read only
 * for terms that are still open then. */
#include "db/match.h"

#include <string.h>

#include "base/auto.h"
#include "base/fold.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/facet.h"
#include "db/query.h"
#include "db/stmt.h"

enum verdict { NO, YES, OPEN };

struct matcher {
    const struct sp_query *query;
    struct sp_str *scratch;
    enum verdict verdicts[SP_QUERY_TERMS];
};

enum column {
    ID,
    STATE,
    CREATED,
    SOURCE,
    SOURCE_NAME,
    USER,
    SENDER,
    FROM_NAME,
    REPLY_TO,
    SUBJECT,
    SIZE,
    METHOD,
    CLASS,
    CAUSE
};
static const char head_sql[] =
    "SELECT id, state, created, source, source_name, user, sender, from_name, reply_to, subject,"
    " size, method, class, cause FROM job WHERE n = $1";

bool
sp_match_id_like(const char *text)
{
    size_t size = strlen(text);
    return size >= SP_MATCH_ID_LEAST && size <= SP_ULID_LEN &&
           strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz") == size;
}

static bool
holds(struct matcher *m, struct sp_rows *rows, enum column column, const char *word)
{
    return sp_fold_contains(m->scratch, sp_row_text(rows, (int)column), word);
}

static enum verdict
yes_or_no(bool yes)
{
    return yes ? YES : NO;
}

static bool
facet_fits(struct sp_rows *rows, const struct sp_query_term *term)
{
    const struct sp_facet_values values = { sp_row_text(rows, STATE), sp_row_text(rows, METHOD),
                                            sp_row_text(rows, SOURCE), sp_row_text(rows, CLASS),
                                            sp_row_text(rows, CAUSE) };
    return sp_facet_fits(term, &values);
}

static enum verdict
head_verdict(struct matcher *m, struct sp_rows *rows, const struct sp_query_term *term)
{
    const char *word = term->word;
    switch (term->key) {
    case SP_QUERY_TEXT:
        if (holds(m, rows, SUBJECT, word) || holds(m, rows, USER, word) ||
            (sp_match_id_like(word) && sp_text_starts_nocase(sp_row_text(rows, ID), word)))
            return YES;
        return OPEN;
    case SP_QUERY_TO:
    case SP_QUERY_NAME:
        return OPEN;
    case SP_QUERY_FROM:
        return yes_or_no(holds(m, rows, SENDER, word) || holds(m, rows, FROM_NAME, word) ||
                         holds(m, rows, REPLY_TO, word));
    case SP_QUERY_SUBJECT:
        return yes_or_no(holds(m, rows, SUBJECT, word));
    case SP_QUERY_USER:
        return yes_or_no(holds(m, rows, USER, word));
    case SP_QUERY_DOOR:
        return yes_or_no(holds(m, rows, SOURCE_NAME, word));
    case SP_QUERY_ID:
        return yes_or_no(sp_text_starts(sp_row_text(rows, ID), word));
    case SP_QUERY_STATUS:
    case SP_QUERY_METHOD:
    case SP_QUERY_CLASS:
    case SP_QUERY_CAUSE:
    case SP_QUERY_SOURCE:
        return yes_or_no(facet_fits(rows, term));
    case SP_QUERY_BEFORE:
        return yes_or_no(sp_row_number(rows, CREATED) < term->number);
    case SP_QUERY_AFTER:
        return yes_or_no(sp_row_number(rows, CREATED) >= term->number);
    case SP_QUERY_LARGER:
        return yes_or_no(sp_row_number(rows, SIZE) > term->number);
    case SP_QUERY_SMALLER:
        return yes_or_no(sp_row_number(rows, SIZE) < term->number);
    }
    return NO;
}

/* false: it does not fit, whatever the rest says. *ret_open: something is still open. */
static bool
look_at_head(struct matcher *m, struct sp_rows *rows, bool *ret_open)
{
    for (size_t i = 0; i < m->query->count; i++) {
        const struct sp_query_term *term = &m->query->terms[i];
        m->verdicts[i] = head_verdict(m, rows, term);
        if (m->verdicts[i] == OPEN)
            *ret_open = true;
        else if ((m->verdicts[i] == YES) == term->negated)
            return false;
    }
    return true;
}

static enum sp_rc
look_at_texts(struct sp_db *db, struct matcher *m, const char *sql, int64_t row, enum sp_query_key key,
              struct sp_err *err)
{
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows))
        for (size_t i = 0; i < m->query->count; i++) {
            const struct sp_query_term *term = &m->query->terms[i];
            if (m->verdicts[i] == OPEN && (term->key == key || term->key == SP_QUERY_TEXT) &&
                sp_fold_contains(m->scratch, sp_row_text(&rows, 0), term->word))
                m->verdicts[i] = YES;
        }
    return sp_rows_end(&rows, err);
}

static enum sp_rc
look_at_rest(struct sp_db *db, struct matcher *m, int64_t row, struct sp_err *err)
{
    enum sp_rc rc =
        look_at_texts(db, m, "SELECT address FROM recipient WHERE job = $1 ORDER BY n", row, SP_QUERY_TO, err);
    if (rc == SP_OK)
        rc = look_at_texts(db, m, "SELECT name FROM document WHERE job = $1 ORDER BY n", row, SP_QUERY_NAME, err);
    return rc;
}

static bool
fits(const struct matcher *m)
{
    for (size_t i = 0; i < m->query->count; i++)
        if ((m->verdicts[i] == YES) == m->query->terms[i].negated)
            return false;
    return true;
}

enum sp_rc
sp_match(struct sp_db *db, const struct sp_query *query, int64_t row, struct sp_str *scratch, bool *ret,
         struct sp_err *err)
{
    struct matcher m = { .query = query, .scratch = scratch };
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    bool open = false;
    sp_db_query(db, head_sql, in, SP_LEN(in), &rows);
    *ret = sp_rows_next(&rows) && look_at_head(&m, &rows, &open);
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && *ret && open) {
        rc = look_at_rest(db, &m, row, err);
        *ret = fits(&m);
    }
    return rc == SP_OK && scratch->failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory") : rc;
}
