/* job_list.c - pages of jobs, newest first, narrowed by whatever was asked.
 *
 * The text of the query is put together from fixed pieces; values are always bound. Which index is walked is told to
 * SQLite: it has no statistics, and would as gladly walk a million sent jobs to find three that failed. The order of
 * preference is how rare a value usually is. */
#include "db/job_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "db/db.h"

enum { LIMIT_MOST = 1000, SEARCH_MOST = 200, BINDS_MOST = 12 };

/* `created` and the time in the id come from one clock, but not from one moment: an upload lies between, or somebody
 * set the clock. Within a day of each other the two are looked at together. */
#define SLACK_MS ((int64_t)24 * 3600 * 1000)

struct query {
    struct sp_str sql;
    struct sp_bind in[BINDS_MOST];
    size_t n;
    struct sp_str pattern;
    char since[SP_JOB_ID_TIME_SIZE], until[SP_JOB_ID_TIME_SIZE];
};

/* Appends a condition; '?' in it becomes the number of the value. */
static void
narrow(struct query *query, const char *condition, struct sp_bind value)
{
    query->in[query->n++] = value;
    sp_str_add(&query->sql, " AND ");
    for (const char *c = condition; *c != '\0'; c++)
        if (*c == '?')
            sp_str_addf(&query->sql, "$%zu", query->n);
        else
            sp_str_add_char(&query->sql, *c);
}

static const char *
best_index(const struct sp_job_filter *filter)
{
    if (filter->class_name != NULL)
        return " INDEXED BY job_by_class";
    if (filter->state != NULL && *filter->state != SP_JOB_SENT)
        return " INDEXED BY job_by_state";
    if (filter->method != NULL)
        return " INDEXED BY job_by_method";
    if (filter->source != NULL)
        return " INDEXED BY job_by_source";
    return filter->state != NULL ? " INDEXED BY job_by_state" : "";
}

/* The words as they stand, anywhere: '%' and '_' are ordinary characters. */
static void
like_pattern(struct sp_str *out, const char *words)
{
    sp_str_add_char(out, '%');
    for (const char *c = words; *c != '\0'; c++) {
        if (*c == '%' || *c == '_' || *c == '\\')
            sp_str_add_char(out, '\\');
        sp_str_add_char(out, *c);
    }
    sp_str_add_char(out, '%');
}

static void
narrow_by_words(struct query *query, const char *words)
{
    like_pattern(&query->pattern, words);
    narrow(query,
           "(j.subject LIKE ? ESCAPE '\\' OR j.user LIKE ? ESCAPE '\\' OR j.id LIKE ? ESCAPE '\\'"
           " OR EXISTS (SELECT 1 FROM recipient r WHERE r.job = j.n AND r.address LIKE ? ESCAPE '\\')"
           " OR EXISTS (SELECT 1 FROM document d WHERE d.job = j.n AND d.name LIKE ? ESCAPE '\\'))",
           sp_text(sp_str_text(&query->pattern)));
}

static void
narrow_by_time(struct query *query, const struct sp_job_filter *filter)
{
    if (filter->since != 0) {
        sp_job_id_time(filter->since - SLACK_MS, query->since);
        narrow(query, "j.id >= ?", sp_text(query->since));
        narrow(query, "j.created >= ?", sp_number(filter->since));
    }
    if (filter->until != 0) {
        sp_job_id_time(filter->until + SLACK_MS, query->until);
        narrow(query, "j.id < ?", sp_text(query->until));
        narrow(query, "j.created < ?", sp_number(filter->until));
    }
}

static void
build(struct query *query, const struct sp_job_filter *filter)
{
    sp_str_addf(&query->sql, "SELECT " SP_JOB_COLUMNS " FROM job j%s WHERE 1", best_index(filter));
    if (filter->class_name != NULL)
        narrow(query, "j.class = ? AND j.class <> ''", sp_text(filter->class_name));
    if (filter->state != NULL)
        narrow(query, "j.state = ?", sp_text(sp_job_state_name(*filter->state)));
    if (filter->method != NULL)
        narrow(query, "j.method = ? AND j.method <> ''", sp_text(filter->method));
    if (filter->source != NULL)
        narrow(query, "j.source = ?", sp_text(filter->source));
    if (filter->before != NULL)
        narrow(query, "j.id < ?", sp_text(filter->before));
    narrow_by_time(query, filter);
    if (filter->search != NULL && filter->search[0] != '\0')
        narrow_by_words(query, filter->search);
    query->in[query->n++] = sp_number(filter->limit + 1); /* one more tells whether there is a next page */
    sp_str_addf(&query->sql, " ORDER BY j.id DESC LIMIT $%zu", query->n);
}

static enum sp_rc
read_page(struct sp_db *db, struct query *query, size_t limit, struct sp_job_list *list, int64_t *numbers,
          struct sp_err *err)
{
    struct sp_rows rows;
    sp_db_query_built(db, sp_str_text(&query->sql), query->in, query->n, &rows);
    while (sp_rows_next(&rows)) {
        if (list->count == limit) {
            list->more = true;
            break;
        }
        struct sp_job *job = sp_job_new();
        if (job == NULL) {
            sp_fail(&rows.err, SP_E_NOMEM, "db: out of memory");
            break;
        }
        list->jobs[list->count] = job;
        sp_job_row_read(&rows, job, &numbers[list->count++]);
    }
    return sp_rows_end(&rows, err);
}

static enum sp_rc
load_page(struct sp_db *db, struct query *query, size_t limit, struct sp_job_list *list, struct sp_err *err)
{
    SP_AUTO_FREE int64_t *numbers = calloc(limit, sizeof(*numbers));
    list->jobs = calloc(limit, sizeof(struct sp_job *));
    if (numbers == NULL || list->jobs == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = read_page(db, query, limit, list, numbers, err);
    for (size_t i = 0; rc == SP_OK && i < list->count; i++)
        rc = sp_job_load_parts(db, numbers[i], list->jobs[i], err);
    sp_db_end_reading(db);
    return rc;
}

enum sp_rc
sp_job_list(struct sp_db *db, const struct sp_job_filter *filter, struct sp_job_list *ret, struct sp_err *err)
{
    if (filter->limit < 1 || filter->limit > LIMIT_MOST)
        return sp_fail(err, SP_E_INVALID, "a list shows 1 to %d jobs", LIMIT_MOST);
    if (filter->search != NULL && strlen(filter->search) > SEARCH_MOST)
        return sp_fail(err, SP_E_INVALID, "a search has at most %d bytes", SEARCH_MOST);
    struct query query = { 0 };
    struct sp_job_list list = { 0 };
    build(&query, filter);
    enum sp_rc rc = query.sql.failed || query.pattern.failed ? sp_fail(err, SP_E_NOMEM, "db: out of memory")
                                                             : load_page(db, &query, (size_t)filter->limit, &list, err);
    sp_str_free(&query.sql);
    sp_str_free(&query.pattern);
    if (rc == SP_OK)
        *ret = list;
    else
        sp_job_list_free(&list);
    return rc;
}

void
sp_job_list_free(struct sp_job_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sp_job_free(&list->jobs[i]);
    free(list->jobs);
    *list = (struct sp_job_list){ 0 };
}
