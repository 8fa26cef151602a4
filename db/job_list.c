/* job_list.c - pages of jobs, and how many there are. What fits is found by search.c; here it is loaded and cut into
 * pages. */
#include "db/job_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "base/ulid.h"
#include "db/db.h"
#include "db/query.h"
#include "db/search.h"

enum { LIMIT_MOST = 1000, WORK_MS = 60 /* a page that a person waits for */ };

static const struct sp_query everything = { .count = 0 };

/* --- where the page begins -----------------------------------------------------------------------------------------
 */

/* An id that is gone stands for the place where it was. */
static enum sp_rc
row_of_id(struct sp_db *db, const char *id, int64_t *ret, struct sp_err *err)
{
    static const char next[] = "SELECT n + 1 FROM job WHERE id < $1 ORDER BY id DESC LIMIT 1";
    const struct sp_bind in[] = { sp_text(id) };
    enum sp_rc rc = sp_db_number(db, "SELECT n FROM job WHERE id = $1", in, SP_LEN(in), ret, err);
    if (rc == SP_E_NOTFOUND)
        rc = sp_db_number(db, next, in, SP_LEN(in), ret, err);
    if (rc != SP_E_NOTFOUND)
        return rc;
    *ret = 1; /* below which there is nothing */
    return SP_OK;
}

static enum sp_rc
read_before(struct sp_db *db, const char *before, int64_t *ret, struct sp_err *err)
{
    *ret = 0;
    if (before == NULL || sp_parse_int(before, 1, INT64_MAX, ret))
        return SP_OK;
    return sp_ulid_valid(before) ? row_of_id(db, before, ret, err)
                                 : sp_fail(err, SP_E_INVALID, "the cursor is none of ours");
}

/* --- a page --------------------------------------------------------------------------------------------------------
 */

static enum sp_rc
read_row(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] = "SELECT " SP_JOB_COLUMNS " FROM job j WHERE j.n = $1";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows))
        sp_job_row_read(&rows, job, &row);
    return sp_rows_end(&rows, err);
}

static enum sp_rc
read_summary(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] =
        "SELECT summary FROM attempt WHERE job = $1 AND outcome <> 'accepted' ORDER BY n DESC LIMIT 1";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    if (job->class_name[0] == '\0')
        return SP_OK;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    if (sp_rows_next(&rows))
        job->summary = sp_row_keep(&rows, 0, job->arena);
    return sp_rows_end(&rows, err);
}

static enum sp_rc
load_one(struct sp_db *db, int64_t row, struct sp_job **ret, struct sp_err *err)
{
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    if (job == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = read_row(db, row, job, err);
    if (rc == SP_OK)
        rc = sp_job_load_parts(db, row, job, err);
    if (rc == SP_OK)
        rc = read_summary(db, row, job, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(job);
    return rc;
}

static void
set_next(struct sp_job_list *list, int64_t row)
{
    list->more = true;
    snprintf(list->next, sizeof(list->next), "%" PRId64, row);
}

/* One more than fits on the page tells whether there is a next one. */
static enum sp_rc
fill(struct sp_db *db, struct sp_search *search, size_t limit, struct sp_job_list *list, struct sp_err *err)
{
    int64_t row = 0, last = 0;
    enum sp_rc rc = SP_OK;
    while ((rc = sp_search_next(search, &row, err)) == SP_OK && row != 0) {
        if (list->count == limit) {
            set_next(list, last);
            return SP_OK;
        }
        rc = load_one(db, row, &list->jobs[list->count], err);
        if (rc != SP_OK)
            return rc;
        list->count++;
        last = row;
    }
    if (rc == SP_OK && sp_search_stopped_at(search) != 0)
        set_next(list, sp_search_stopped_at(search));
    return rc;
}

static enum sp_rc
load_page(struct sp_db *db, const struct sp_job_filter *filter, struct sp_job_list *list, struct sp_err *err)
{
    SP_AUTO(sp_search_close) struct sp_search *search = NULL;
    const struct sp_query *query = filter->query != NULL ? filter->query : &everything;
    int64_t before = 0;
    enum sp_rc rc = read_before(db, filter->before, &before, err);
    if (rc == SP_OK)
        rc = sp_search_open(db, query, before, filter->work_ms > 0 ? filter->work_ms : WORK_MS, &search, err);
    return rc == SP_OK ? fill(db, search, (size_t)filter->limit, list, err) : rc;
}

enum sp_rc
sp_job_list(struct sp_db *db, const struct sp_job_filter *filter, struct sp_job_list *ret, struct sp_err *err)
{
    if (filter->limit < 1 || filter->limit > LIMIT_MOST)
        return sp_fail(err, SP_E_INVALID, "a list shows 1 to %d jobs", LIMIT_MOST);
    struct sp_job_list list = { .jobs = calloc((size_t)filter->limit, sizeof(struct sp_job *)) };
    if (list.jobs == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc == SP_OK) {
        rc = load_page(db, filter, &list, err);
        sp_db_end_reading(db);
    }
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

/* --- how many ------------------------------------------------------------------------------------------------------
 */

static enum sp_rc
count_by_looking(struct sp_search *search, int64_t most, int64_t *ret, bool *ret_more, struct sp_err *err)
{
    int64_t row = 0, count = 0;
    enum sp_rc rc = SP_OK;
    while ((rc = sp_search_next(search, &row, err)) == SP_OK && row != 0 && count < most)
        count++;
    *ret = count;
    *ret_more = row != 0 || sp_search_stopped_at(search) != 0;
    return rc;
}

static enum sp_rc
count(struct sp_db *db, const struct sp_query *query, int64_t most, int64_t *ret, bool *ret_more, struct sp_err *err)
{
    SP_AUTO(sp_search_close) struct sp_search *search = NULL;
    enum sp_rc rc = sp_search_open(db, query, 0, WORK_MS, &search, err);
    if (rc != SP_OK)
        return rc;
    int64_t known = sp_search_known_count(search);
    if (known < 0)
        return count_by_looking(search, most, ret, ret_more, err);
    *ret = known < most ? known : most;
    *ret_more = known > most;
    return SP_OK;
}

enum sp_rc
sp_job_count(struct sp_db *db, const struct sp_query *query, int64_t most, int64_t *ret, bool *ret_more,
             struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = count(db, query != NULL ? query : &everything, most, ret, ret_more, err);
    sp_db_end_reading(db);
    return rc;
}
