/* facet.c - see facet.h. Each facet's list is read in pieces that grow: a page of fifty out of hundreds of facets reads
 * a few rows of each, and an export reads long runs. */
#include "db/facet.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/db.h"
#include "db/job.h"
#include "db/query.h"
#include "db/stmt.h"

enum { PIECE_FIRST = 4, PIECE_MOST = 256 };

/* Upper ends of facet.size_class (migrations.c). */
static const int64_t size_ends[] = { 16384, 262144, 1048576, 4194304, 16777216, INT64_MAX };

struct run {
    int64_t facet;
    int64_t *rows; /* a piece of its jobs; NULL: none was read yet */
    size_t count, at, room;
    bool ended;
};

struct sp_facets {
    struct sp_db *db;
    struct run *runs;
    size_t n_runs, room;
    int64_t jobs, before;
};

bool
sp_facet_decides(const struct sp_query_term *term)
{
    switch (term->key) {
    case SP_QUERY_STATUS:
    case SP_QUERY_METHOD:
    case SP_QUERY_CLASS:
    case SP_QUERY_CAUSE:
    case SP_QUERY_SOURCE:
        return true;
    case SP_QUERY_TEXT:
    case SP_QUERY_TO:
    case SP_QUERY_FROM:
    case SP_QUERY_SUBJECT:
    case SP_QUERY_USER:
    case SP_QUERY_NAME:
    case SP_QUERY_DOOR:
    case SP_QUERY_ID:
    case SP_QUERY_BEFORE:
    case SP_QUERY_AFTER:
    case SP_QUERY_LARGER:
    case SP_QUERY_SMALLER:
        return false;
    }
    return false;
}

/* "*" is any; a value that is not there fits nothing. */
static bool
lists(const struct sp_query_term *term, const char *value)
{
    return value[0] != '\0' && (strcmp(term->word, "*") == 0 || sp_query_lists(term->word, value));
}

bool
sp_facet_fits(const struct sp_query_term *term, const struct sp_facet_values *values)
{
    enum sp_job_state state = SP_JOB_QUEUED;
    switch (term->key) {
    case SP_QUERY_STATUS:
        return sp_job_state_parse(values->state, &state) && (term->states & 1U << state) != 0;
    case SP_QUERY_METHOD:
        return lists(term, values->method);
    case SP_QUERY_CLASS:
        return lists(term, values->class_name);
    case SP_QUERY_CAUSE:
        return lists(term, values->cause);
    case SP_QUERY_SOURCE:
        return sp_query_lists(term->word, values->source);
    case SP_QUERY_TEXT:
    case SP_QUERY_TO:
    case SP_QUERY_FROM:
    case SP_QUERY_SUBJECT:
    case SP_QUERY_USER:
    case SP_QUERY_NAME:
    case SP_QUERY_DOOR:
    case SP_QUERY_ID:
    case SP_QUERY_BEFORE:
    case SP_QUERY_AFTER:
    case SP_QUERY_LARGER:
    case SP_QUERY_SMALLER:
        return true;
    }
    return true;
}

/* Whether jobs of this class of sizes can fit. */
static bool
size_may_fit(const struct sp_query_term *term, size_t class)
{
    int64_t least = class == 0 ? 0 : size_ends[class - 1], end = size_ends[class];
    bool larger = (term->key == SP_QUERY_LARGER) != term->negated;
    if (term->key != SP_QUERY_LARGER && term->key != SP_QUERY_SMALLER)
        return true;
    return larger ? end > term->number : least <= term->number;
}

static bool
facet_fits(const struct sp_query *query, const struct sp_facet_values *values, int64_t class)
{
    size_t size_class = class < 0 || class >= (int64_t)SP_LEN(size_ends) ? SP_LEN(size_ends) - 1 : (size_t) class;
    for (size_t i = 0; i < query->count; i++) {
        const struct sp_query_term *term = &query->terms[i];
        if (sp_facet_decides(term) && sp_facet_fits(term, values) == term->negated)
            return false;
        if (!size_may_fit(term, size_class))
            return false;
    }
    return true;
}

static bool
keep(struct sp_facets *facets, int64_t facet)
{
    if (facets->n_runs == facets->room) {
        size_t room = facets->room == 0 ? 16 : 2 * facets->room;
        struct run *runs = realloc(facets->runs, room * sizeof(*runs));
        if (runs == NULL)
            return false;
        facets->runs = runs;
        facets->room = room;
    }
    facets->runs[facets->n_runs++] = (struct run){ .facet = facet };
    return true;
}

static enum sp_rc
load_fitting(struct sp_facets *facets, const struct sp_query *query, struct sp_err *err)
{
    static const char sql[] =
        "SELECT f, state, method, source, class, cause, size_class, jobs FROM facet WHERE jobs > 0";
    struct sp_rows rows;
    sp_db_query(facets->db, sql, NULL, 0, &rows);
    while (sp_rows_next(&rows)) {
        const struct sp_facet_values values = { sp_row_text(&rows, 1), sp_row_text(&rows, 2), sp_row_text(&rows, 3),
                                                sp_row_text(&rows, 4), sp_row_text(&rows, 5) };
        if (!facet_fits(query, &values, sp_row_number(&rows, 6)))
            continue;
        facets->jobs += sp_row_number(&rows, 7);
        if (!keep(facets, sp_row_number(&rows, 0)))
            sp_fail(&rows.err, SP_E_NOMEM, "db: out of memory");
    }
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_facets_load(struct sp_db *db, const struct sp_query *query, struct sp_facets **ret, struct sp_err *err)
{
    SP_AUTO(sp_facets_free) struct sp_facets *facets = calloc(1, sizeof(*facets));
    if (facets == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    facets->db = db;
    enum sp_rc rc = load_fitting(facets, query, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(facets);
    return rc;
}

void
sp_facets_free(struct sp_facets **facets)
{
    if (*facets == NULL)
        return;
    for (size_t i = 0; i < (*facets)->n_runs; i++)
        free((*facets)->runs[i].rows);
    free((*facets)->runs);
    free(*facets);
    *facets = NULL;
}

int64_t
sp_facets_jobs(const struct sp_facets *facets)
{
    return facets->jobs;
}

void
sp_facets_begin(struct sp_facets *facets, int64_t before)
{
    facets->before = before;
    for (size_t i = 0; i < facets->n_runs; i++) {
        facets->runs[i].count = facets->runs[i].at = 0;
        facets->runs[i].ended = false;
    }
}

static bool
make_room(struct run *run)
{
    size_t room = run->room == 0 ? PIECE_FIRST : run->room * 4;
    if (room > PIECE_MOST)
        return true;
    int64_t *rows = realloc(run->rows, room * sizeof(*rows));
    if (rows == NULL)
        return false;
    run->rows = rows;
    run->room = room;
    return true;
}

/* The next piece of one list. */
static enum sp_rc
refill(struct sp_facets *facets, struct run *run, struct sp_err *err)
{
    static const char sql[] = "SELECT job FROM job_facet WHERE facet = $1 AND job < $2 ORDER BY job DESC LIMIT $3";
    int64_t before = run->count > 0 ? run->rows[run->count - 1] : facets->before;
    if (!make_room(run))
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    const struct sp_bind in[] = { sp_number(run->facet), sp_number(before), sp_number((int64_t)run->room) };
    struct sp_rows rows;
    run->count = run->at = 0;
    sp_db_query(facets->db, sql, in, SP_LEN(in), &rows);
    while (run->count < run->room && sp_rows_next(&rows))
        run->rows[run->count++] = sp_row_number(&rows, 0);
    run->ended = run->count < run->room;
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_facets_next(struct sp_facets *facets, int64_t *ret, struct sp_err *err)
{
    struct run *best = NULL;
    for (size_t i = 0; i < facets->n_runs; i++) {
        struct run *run = &facets->runs[i];
        if (run->at == run->count && !run->ended) {
            enum sp_rc rc = refill(facets, run, err);
            if (rc != SP_OK)
                return rc;
        }
        if (run->at < run->count && (best == NULL || run->rows[run->at] > best->rows[best->at]))
            best = run;
    }
    *ret = best != NULL ? best->rows[best->at++] : 0;
    return SP_OK;
}
