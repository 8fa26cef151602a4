/* search.c - see search.h. There are four ways to come by candidates:
 *
 *   ids      the beginning of an id is known, long enough to name a moment: a few rows of its index
 *   facets   the combinations of state, method, source ... that fit, merged: exact for those, and few jobs stay
 *   index    the index of words, down from where it ends; before that, what is not in it yet is read row by row
 *   rows     all jobs, newest first: when most of them fit, or nothing narrows them
 *
 * Every candidate is then looked at (match.h), unless the way itself decided. Time is looked at every so many
 * candidates; FTS5 may search for long without giving one, so it is asked for a window of rows at a time. */
#include "db/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/db.h"
#include "db/facet.h"
#include "db/job_row.h"
#include "db/match.h"
#include "db/query.h"
#include "db/search_ask.h"
#include "db/search_index.h"

enum {
    LEAST_WORK = 1000,     /* candidates that are looked at whatever the clock says */
    CLOCK_EVERY = 32,      /* candidates between two looks at the clock */
    BLOCK = 128,           /* rows read at once */
    IDS_MOST = 1000,       /* jobs whose ids begin alike */
    FEW_JOBS = 3000,       /* so many are looked at rather than asking the index of words */
    WINDOW_FIRST = 100000, /* rows that FTS5 is asked about at once */
    WINDOW_QUICK_MS = 5,   /* a window that took less is followed by a wider one */
    NEAR = 64,             /* ids beside a moment that are looked at for their rows */
};

/* `created` and the time in the id come from one clock, but not from one moment: an upload lies between, or somebody
 * set the clock. Within a day of each other the two are looked at together. */
#define SLACK_MS ((int64_t)24 * 3600 * 1000)

enum way { BY_IDS, BY_FACETS, BY_INDEX, BY_ROWS };

struct sp_search {
    struct sp_db *db;
    const struct sp_query *query;
    enum way way;
    bool decided;   /* what the way gives fits already */
    int64_t lowest; /* no row below this one can fit */
    int64_t below;  /* the next candidate is below this row */
    int64_t at;     /* rows from here on were read, or asked for */
    int64_t started, deadline;
    size_t looked;
    int64_t stopped_at;
    struct sp_facets *facets;
    struct sp_str scratch, expression;
    int64_t indexed; /* BY_INDEX: rows up to this one are in the index */
    int64_t pending; /* its next answer, while ids come first */
    bool index_done;
    int64_t index_stopped_at;
    bool asking; /* `answers` is open */
    struct sp_rows answers;
    int64_t window, window_low, window_began;
    int64_t ids[IDS_MOST]; /* rows, falling: of BY_IDS, and beside the index for words that look like an id */
    size_t n_ids, at_id;
    int64_t block[BLOCK];
    size_t n_block, at_block;
};

static int64_t
now_ms(void)
{
    return sp_mono_ms(&sp_clock_system);
}

/* --- where to begin and end ----------------------------------------------------------------------------------------
 */

static enum sp_rc
number_or(struct sp_db *db, const char *sql, const char *text, int64_t otherwise, int64_t *ret, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(text), sp_number(NEAR), sp_number(otherwise) };
    return sp_db_number(db, sql, in, SP_LEN(in), ret, err);
}

/* No row of an id from there on is below *lowest. */
static enum sp_rc
begin_at_id(struct sp_search *s, const char *id, struct sp_err *err)
{
    static const char sql[] =
        "SELECT coalesce(min(n), $3) FROM (SELECT n FROM job WHERE id >= $1 ORDER BY id LIMIT $2)";
    int64_t row = 0;
    enum sp_rc rc = number_or(s->db, sql, id, INT64_MAX, &row, err);
    if (rc == SP_OK && row > s->lowest)
        s->lowest = row;
    return rc;
}

static enum sp_rc
end_at_id(struct sp_search *s, const char *id, struct sp_err *err)
{
    static const char sql[] =
        "SELECT coalesce(max(n), $3) + 1 FROM (SELECT n FROM job WHERE id < $1 ORDER BY id DESC LIMIT $2)";
    int64_t row = 0;
    enum sp_rc rc = number_or(s->db, sql, id, 0, &row, err);
    if (rc == SP_OK && row < s->below)
        s->below = row;
    return rc;
}

static enum sp_rc
begin_at_time(struct sp_search *s, int64_t wall_ms, struct sp_err *err)
{
    char id[SP_JOB_ID_TIME_SIZE];
    sp_job_id_time(wall_ms - SLACK_MS, id);
    return begin_at_id(s, id, err);
}

static enum sp_rc
end_at_time(struct sp_search *s, int64_t wall_ms, struct sp_err *err)
{
    char id[SP_JOB_ID_TIME_SIZE];
    sp_job_id_time(wall_ms + SLACK_MS, id);
    return end_at_id(s, id, err);
}

/* '~' is behind everything that an id consists of. */
static enum sp_rc
bound_by_id(struct sp_search *s, const char *prefix, struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str end = { 0 };
    sp_str_add(&end, prefix);
    sp_str_add_char(&end, '~');
    if (end.failed)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = begin_at_id(s, prefix, err);
    return rc == SP_OK ? end_at_id(s, sp_str_text(&end), err) : rc;
}

static enum sp_rc
bound(struct sp_search *s, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; rc == SP_OK && i < s->query->count; i++) {
        const struct sp_query_term *term = &s->query->terms[i];
        if (term->key == SP_QUERY_ID && !term->negated)
            rc = bound_by_id(s, term->word, err);
        else if (term->key == (term->negated ? SP_QUERY_BEFORE : SP_QUERY_AFTER))
            rc = begin_at_time(s, term->number, err);
        else if (term->key == (term->negated ? SP_QUERY_AFTER : SP_QUERY_BEFORE))
            rc = end_at_time(s, term->number, err);
    }
    return rc;
}

/* --- ids -----------------------------------------------------------------------------------------------------------
 */

static int
falling(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x > y ? -1 : x < y;
}

/* Rows whose ids begin with a word that says at least the moment: few. */
static enum sp_rc
add_ids(struct sp_search *s, const char *word, struct sp_err *err)
{
    static const char sql[] = "SELECT n FROM job WHERE id >= $1 AND id < $1 || '~' AND n < $2 LIMIT $3";
    char id[SP_ULID_SIZE];
    (void)sp_text_copy(id, sizeof(id), word);
    sp_text_upper(id);
    const struct sp_bind in[] = { sp_text(id), sp_number(s->below), sp_number((int64_t)(IDS_MOST - s->n_ids)) };
    struct sp_rows rows;
    sp_db_query(s->db, sql, in, SP_LEN(in), &rows);
    while (s->n_ids < IDS_MOST && sp_rows_next(&rows))
        s->ids[s->n_ids++] = sp_row_number(&rows, 0);
    return sp_rows_end(&rows, err);
}

/* An "id:" that is long enough makes the way; words that merely look like one are asked for besides the index. */
static enum sp_rc
find_ids(struct sp_search *s, bool *ret_only, struct sp_err *err)
{
    const struct sp_query_term *exact = NULL;
    enum sp_rc rc = SP_OK;
    for (size_t i = 0; i < s->query->count; i++)
        if (s->query->terms[i].key == SP_QUERY_ID && !s->query->terms[i].negated &&
            sp_match_id_like(s->query->terms[i].word))
            exact = &s->query->terms[i];
    if (exact != NULL)
        rc = add_ids(s, exact->word, err);
    for (size_t i = 0; rc == SP_OK && exact == NULL && i < s->query->count; i++) {
        const struct sp_query_term *term = &s->query->terms[i];
        if (term->key == SP_QUERY_TEXT && !term->negated && sp_match_id_like(term->word))
            rc = add_ids(s, term->word, err);
    }
    qsort(s->ids, s->n_ids, sizeof(s->ids[0]), falling);
    *ret_only = exact != NULL;
    return rc;
}

static int64_t
next_id(struct sp_search *s)
{
    while (s->at_id < s->n_ids && s->ids[s->at_id] >= s->below)
        s->at_id++;
    return s->at_id < s->n_ids ? s->ids[s->at_id] : 0;
}

/* --- opening -------------------------------------------------------------------------------------------------------
 */

static bool
facets_decide_all(const struct sp_query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (!sp_facet_decides(&query->terms[i]))
            return false;
    return true;
}

static bool
is_narrowed_by_facets(const struct sp_query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (sp_facet_decides(&query->terms[i]) || query->terms[i].key == SP_QUERY_LARGER ||
            query->terms[i].key == SP_QUERY_SMALLER)
            return true;
    return false;
}

static enum sp_rc
choose(struct sp_search *s, struct sp_err *err)
{
    bool ids_only = false;
    enum sp_rc rc = find_ids(s, &ids_only, err);
    if (rc == SP_OK)
        rc = sp_facets_load(s->db, s->query, &s->facets, err);
    if (rc == SP_OK)
        rc = sp_search_indexed(s->db, &s->indexed, err);
    if (rc == SP_OK)
        rc = sp_search_ask(s->db, s->query, s->indexed, &s->expression, err);
    if (rc != SP_OK)
        return rc;
    bool narrowed = is_narrowed_by_facets(s->query);
    s->decided = facets_decide_all(s->query);
    if (ids_only)
        s->way = BY_IDS;
    else if (narrowed && (s->expression.len == 0 || sp_facets_jobs(s->facets) <= FEW_JOBS))
        s->way = BY_FACETS;
    else
        s->way = s->expression.len > 0 ? BY_INDEX : BY_ROWS;
    s->at = s->below;
    if (s->way == BY_FACETS)
        sp_facets_begin(s->facets, s->below);
    return SP_OK;
}

enum sp_rc
sp_search_open(struct sp_db *db, const struct sp_query *query, int64_t before, int64_t work_ms, struct sp_search **ret,
               struct sp_err *err)
{
    SP_AUTO(sp_search_close) struct sp_search *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    s->db = db;
    s->query = query;
    s->below = before > 0 ? before : INT64_MAX;
    s->window = WINDOW_FIRST;
    s->started = now_ms();
    s->deadline = s->started + work_ms;
    enum sp_rc rc = bound(s, err);
    if (rc == SP_OK)
        rc = choose(s, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(s);
    return rc;
}

static enum sp_rc
stop_asking(struct sp_search *s, struct sp_err *err)
{
    if (!s->asking)
        return SP_OK;
    s->asking = false;
    return sp_rows_end(&s->answers, err);
}

void
sp_search_close(struct sp_search **place)
{
    struct sp_search *s = *place;
    if (s == NULL)
        return;
    (void)stop_asking(s, NULL);
    sp_facets_free(&s->facets);
    sp_str_free(&s->scratch);
    sp_str_free(&s->expression);
    free(s);
    *place = NULL;
}

/* --- candidates ----------------------------------------------------------------------------------------------------
 */

/* The highest row that is below s->at and not below `least`; 0: there is none. */
static enum sp_rc
next_of_rows(struct sp_search *s, int64_t least, int64_t *ret, struct sp_err *err)
{
    static const char sql[] = "SELECT n FROM job WHERE n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    if (s->at_block == s->n_block) {
        const struct sp_bind in[] = { sp_number(s->at), sp_number(least), sp_number(BLOCK) };
        struct sp_rows rows;
        s->n_block = s->at_block = 0;
        sp_db_query(s->db, sql, in, SP_LEN(in), &rows);
        while (s->n_block < BLOCK && sp_rows_next(&rows))
            s->block[s->n_block++] = sp_row_number(&rows, 0);
        enum sp_rc rc = sp_rows_end(&rows, err);
        if (rc != SP_OK)
            return rc;
    }
    *ret = s->at_block < s->n_block ? s->block[s->at_block++] : 0;
    if (*ret != 0)
        s->at = *ret;
    return SP_OK;
}

/* Asks the index about the window of rows that ends below s->at. */
static void
ask_index(struct sp_search *s)
{
    static const char sql[] =
        "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 AND rowid >= $3 ORDER BY rowid DESC";
    s->window_low = s->at - s->window > s->lowest ? s->at - s->window : s->lowest;
    s->window_began = now_ms();
    const struct sp_bind in[] = { sp_text(sp_str_text(&s->expression)), sp_number(s->at), sp_number(s->window_low) };
    sp_db_query(s->db, sql, in, SP_LEN(in), &s->answers);
    s->asking = true;
}

/* One answer out of the open window; 0: the window is done, and s->at is its lower end. */
static enum sp_rc
next_answer(struct sp_search *s, int64_t *ret, struct sp_err *err)
{
    if (!s->asking)
        ask_index(s);
    if (sp_rows_next(&s->answers)) {
        *ret = sp_row_number(&s->answers, 0);
        return SP_OK;
    }
    if (now_ms() - s->window_began < WINDOW_QUICK_MS)
        s->window *= 2;
    s->at = s->window_low;
    return stop_asking(s, err);
}

static bool
is_over(const struct sp_search *s)
{
    return now_ms() >= s->deadline;
}

static bool
has_windows(const struct sp_search *s)
{
    return s->at > s->lowest && s->at > 1;
}

/* What is not in the index yet, then the index. *ret 0: that was all, or the time is up (index_stopped_at). */
static enum sp_rc
next_of_index(struct sp_search *s, int64_t *ret, struct sp_err *err)
{
    enum sp_rc rc = SP_OK;
    if (s->at > s->indexed + 1) {
        int64_t least = s->indexed + 1 > s->lowest ? s->indexed + 1 : s->lowest;
        rc = next_of_rows(s, least, ret, err);
        if (rc != SP_OK || *ret != 0)
            return rc;
        s->at = s->indexed + 1;
    }
    while (rc == SP_OK && *ret == 0 && has_windows(s)) {
        rc = next_answer(s, ret, err);
        if (*ret == 0 && has_windows(s) && is_over(s)) {
            s->index_stopped_at = s->at;
            break;
        }
    }
    return rc;
}

/* An answer of the index is kept back while a row whose id fits comes first. */
static enum sp_rc
next_of_both(struct sp_search *s, int64_t *ret, struct sp_err *err)
{
    if (s->pending == 0 && !s->index_done) {
        enum sp_rc rc = next_of_index(s, &s->pending, err);
        if (rc != SP_OK)
            return rc;
        s->index_done = s->pending == 0;
    }
    int64_t id = next_id(s);
    if (id > s->pending && id >= s->index_stopped_at) {
        *ret = id;
        return SP_OK;
    }
    *ret = s->pending;
    s->pending = 0;
    if (*ret == 0)
        s->stopped_at = s->index_stopped_at;
    return SP_OK;
}

static enum sp_rc
next_candidate(struct sp_search *s, int64_t *ret, struct sp_err *err)
{
    switch (s->way) {
    case BY_IDS:
        *ret = next_id(s);
        return SP_OK;
    case BY_FACETS:
        return sp_facets_next(s->facets, ret, err);
    case BY_INDEX:
        return next_of_both(s, ret, err);
    case BY_ROWS:
        return next_of_rows(s, s->lowest, ret, err);
    }
    return SP_OK;
}

static enum sp_rc
look(struct sp_search *s, int64_t row, bool *ret, struct sp_err *err)
{
    *ret = true;
    return s->decided ? SP_OK : sp_match(s->db, s->query, row, &s->scratch, ret, err);
}

enum sp_rc
sp_search_next(struct sp_search *s, int64_t *ret_row, struct sp_err *err)
{
    *ret_row = 0;
    while (s->stopped_at == 0) {
        int64_t row = 0;
        bool fits = false;
        enum sp_rc rc = next_candidate(s, &row, err);
        if (rc != SP_OK || row < s->lowest || row == 0)
            return rc;
        s->below = row;
        rc = look(s, row, &fits, err);
        if (rc != SP_OK)
            return rc;
        s->looked++;
        if (fits) {
            *ret_row = row;
            return SP_OK;
        }
        if (s->looked >= LEAST_WORK && s->looked % CLOCK_EVERY == 0 && is_over(s))
            s->stopped_at = s->below;
    }
    return SP_OK;
}

int64_t
sp_search_stopped_at(const struct sp_search *s)
{
    return s->stopped_at;
}

int64_t
sp_search_known_count(const struct sp_search *s)
{
    return s->decided && s->below == INT64_MAX && s->lowest == 0 ? sp_facets_jobs(s->facets) : -1;
}
