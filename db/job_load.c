/* job_load.c - a job out of the database, whole. */
#include "db/job_row.h"

#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/auto.h"

/* --- the decision, stored as [{"method": "...", "chosen": true, "reason": "..."}, ...] ---------------------------- */

char *
sp_decision_write(const struct sp_job_choice *choices, size_t n)
{
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < n; i++)
        failed |= json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "method", choices[i].method, "chosen",
                                                        (int)choices[i].chosen, "reason", choices[i].reason));
    char *text = failed == 0 ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    return text;
}

static enum sp_rc
read_choice(json_t *from, struct sp_arena *arena, struct sp_job_choice *choice, struct sp_err *err)
{
    const char *method = NULL;
    const char *reason = NULL;
    int chosen = 0;
    if (json_unpack(from, "{s:s, s:b, s:s}", "method", &method, "chosen", &chosen, "reason", &reason) != 0)
        return sp_fail(err, SP_E_CORRUPT, "db: a job's decision is damaged");
    choice->method = sp_arena_text(arena, method);
    choice->chosen = chosen != 0;
    choice->reason = sp_arena_text(arena, reason);
    return choice->method != NULL && choice->reason != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "db: out of memory");
}

enum sp_rc
sp_decision_read(const char *json, struct sp_job *job, struct sp_err *err)
{
    json_t *list = json_loads(json, 0, NULL);
    if (!json_is_array(list)) {
        json_decref(list);
        return sp_fail(err, SP_E_CORRUPT, "db: a job's decision is damaged");
    }
    enum sp_rc rc = SP_OK;
    job->n_decision = json_array_size(list);
    job->decision = sp_arena_array(job->arena, job->n_decision, sizeof(*job->decision));
    if (job->decision == NULL && job->n_decision > 0)
        rc = sp_fail(err, SP_E_NOMEM, "db: out of memory");
    for (size_t i = 0; rc == SP_OK && i < job->n_decision; i++)
        rc = read_choice(json_array_get(list, i), job->arena, &job->decision[i], err);
    json_decref(list);
    return rc;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static enum sp_job_state
read_state(struct sp_rows *rows, int column)
{
    enum sp_job_state state = SP_JOB_HELD;
    if (!sp_job_state_parse(sp_row_text(rows, column), &state))
        sp_fail(&rows->err, SP_E_CORRUPT, "db: a job has an unknown state");
    return state;
}

void
sp_job_row_read(struct sp_rows *rows, struct sp_job *job, int64_t *ret_row)
{
    struct sp_arena *arena = job->arena;
    int column = 0;
    *ret_row = sp_row_number(rows, column++);
    job->id = sp_row_keep(rows, column++, arena);
    job->state = read_state(rows, column++);
    job->created = sp_row_number(rows, column++);
    job->finished = sp_row_number(rows, column++);
    job->next_attempt = sp_row_number(rows, column++);
    job->source = sp_row_keep(rows, column++, arena);
    job->source_name = sp_row_keep(rows, column++, arena);
    job->user = sp_row_keep(rows, column++, arena);
    job->route = sp_row_keep(rows, column++, arena);
    job->tenant = sp_row_keep(rows, column++, arena);
    job->from = sp_row_keep(rows, column++, arena);
    job->from_name = sp_row_keep(rows, column++, arena);
    job->reply_to = sp_row_keep(rows, column++, arena);
    job->subject = sp_row_keep(rows, column++, arena);
    job->body = sp_row_keep(rows, column++, arena);
    job->message_id = sp_row_keep(rows, column++, arena);
    job->boundary = sp_row_keep(rows, column++, arena);
    job->folder_name = sp_row_keep(rows, column++, arena);
    job->method = sp_row_keep(rows, column++, arena);
    job->trouble = sp_row_keep(rows, column++, arena);
    job->spent_ms = sp_row_number(rows, column++);
    job->last_attempt = sp_row_number(rows, column++);
    job->tries = (int)sp_row_number(rows, column++);
    job->retried = sp_row_number(rows, column++);
    job->only_method = sp_row_keep(rows, column++, arena);
    job->only_until = sp_row_number(rows, column++);
    job->waits_for_method = sp_row_number(rows, column++) != 0;
    job->documents_deleted = sp_row_number(rows, column++) != 0;
    job->waits_in = sp_row_keep(rows, column++, arena);
    job->duplicate_of = sp_row_keep(rows, column++, arena);
    job->class_name = sp_row_keep(rows, column++, arena);
    job->cause = sp_row_keep(rows, column++, arena);
    job->size = (uint64_t)sp_row_number(rows, column++);
    job->forwarded_from = sp_row_keep(rows, column++, arena);
}

enum { DECISION_COLUMN = 35 }; /* the last of SP_JOB_COLUMNS */

static enum sp_rc
load_row(struct sp_db *db, const char *id, struct sp_job *job, int64_t *ret_row, struct sp_err *err)
{
    static const char sql[] = "SELECT " SP_JOB_COLUMNS " FROM job j WHERE j.id = $1";
    const struct sp_bind in[] = { sp_text(id) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    bool found = sp_rows_next(&rows);
    if (found) {
        sp_job_row_read(&rows, job, ret_row);
        if (rows.err.rc == SP_OK)
            sp_decision_read(sp_row_text(&rows, DECISION_COLUMN), job, &rows.err);
    }
    enum sp_rc rc = sp_rows_end(&rows, err);
    if (rc == SP_OK && !found)
        rc = sp_fail(err, SP_E_NOTFOUND, "there is no job %.40s", id);
    return rc;
}

/* --- what hangs on a job -------------------------------------------------------------------------------------------
 */

/* An array in the job's arena that doubles: neither its final size nor the order of doubling matters to a reader. */
static void *
one_more(struct sp_rows *rows, struct sp_arena *arena, void *array, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, 8 ... */
    if (!full)
        return array;
    void *larger = sp_arena_array(arena, count == 0 ? 1 : count * 2, size);
    if (larger == NULL)
        sp_fail(&rows->err, SP_E_NOMEM, "db: out of memory");
    else if (count > 0)
        memcpy(larger, array, count * size);
    return larger;
}

static enum sp_rc
load_documents(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] = "SELECT name, type, size, sha256 FROM document WHERE job = $1 ORDER BY n";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_arena *arena = job->arena;
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) {
        struct sp_job_document *all = one_more(&rows, arena, job->documents, job->n_documents, sizeof(*all));
        if (all == NULL)
            break;
        job->documents = all;
        all[job->n_documents++] = (struct sp_job_document){
            .name = sp_row_keep(&rows, 0, arena),
            .type = sp_row_keep(&rows, 1, arena),
            .size = (uint64_t)sp_row_number(&rows, 2),
            .sha256 = sp_row_keep(&rows, 3, arena),
        };
    }
    return sp_rows_end(&rows, err);
}

static enum sp_recipient_state
read_recipient_state(struct sp_rows *rows, int column)
{
    const char *word = sp_row_text(rows, column);
    for (enum sp_recipient_state s = SP_RECIPIENT_WAITING; s <= SP_RECIPIENT_FAILED; s++)
        if (strcmp(word, sp_recipient_state_name(s)) == 0)
            return s;
    sp_fail(&rows->err, SP_E_CORRUPT, "db: a recipient has an unknown state");
    return SP_RECIPIENT_FAILED;
}

static enum sp_rc
load_recipients(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] = "SELECT address, cc, state, method, reply FROM recipient WHERE job = $1 ORDER BY n";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_arena *arena = job->arena;
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) {
        struct sp_job_recipient *all = one_more(&rows, arena, job->recipients, job->n_recipients, sizeof(*all));
        if (all == NULL)
            break;
        job->recipients = all;
        all[job->n_recipients++] = (struct sp_job_recipient){
            .address = sp_row_keep(&rows, 0, arena),
            .cc = sp_row_number(&rows, 1) != 0,
            .state = read_recipient_state(&rows, 2),
            .method = sp_row_keep(&rows, 3, arena),
            .reply = sp_row_keep(&rows, 4, arena),
        };
    }
    return sp_rows_end(&rows, err);
}

enum sp_rc
sp_job_load_parts(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    enum sp_rc rc = load_documents(db, row, job, err);
    return rc == SP_OK ? load_recipients(db, row, job, err) : rc;
}

static enum sp_outcome_kind
read_outcome(struct sp_rows *rows, int column)
{
    const char *word = sp_row_text(rows, column);
    for (enum sp_outcome_kind k = SP_OUTCOME_ACCEPTED; k <= SP_OUTCOME_UNKNOWN; k++)
        if (strcmp(word, sp_outcome_name(k)) == 0)
            return k;
    sp_fail(&rows->err, SP_E_CORRUPT, "db: an attempt has an unknown outcome");
    return SP_OUTCOME_UNKNOWN;
}

static struct sp_job_attempt
read_attempt(struct sp_rows *rows, struct sp_arena *arena)
{
    return (struct sp_job_attempt){
        .n = (int)sp_row_number(rows, 0),
        .method = sp_row_keep(rows, 1, arena),
        .host = sp_row_keep(rows, 2, arena),
        .port = (int)sp_row_number(rows, 3),
        .ip = sp_row_keep(rows, 4, arena),
        .tls = sp_row_keep(rows, 5, arena),
        .stage = sp_row_keep(rows, 6, arena),
        .outcome = read_outcome(rows, 7),
        .class_name = sp_row_keep(rows, 8, arena),
        .cause = sp_row_keep(rows, 9, arena),
        .code = (int)sp_row_number(rows, 10),
        .enhanced = sp_row_keep(rows, 11, arena),
        .reply = sp_row_keep(rows, 12, arena),
        .summary = sp_row_keep(rows, 13, arena),
        .fix = sp_row_keep(rows, 14, arena),
        .started = sp_row_number(rows, 15),
        .duration_ms = sp_row_number(rows, 16),
        .transcript = "",
    };
}

static enum sp_rc
load_attempts(struct sp_db *db, int64_t row, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] =
        "SELECT n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced, reply,"
        " summary, fix, started, duration_ms FROM attempt WHERE job = $1 ORDER BY n";
    const struct sp_bind in[] = { sp_number(row) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) {
        struct sp_job_attempt *all = one_more(&rows, job->arena, job->attempts, job->n_attempts, sizeof(*all));
        if (all == NULL)
            break;
        job->attempts = all;
        all[job->n_attempts++] = read_attempt(&rows, job->arena);
    }
    return sp_rows_end(&rows, err);
}

static enum sp_rc
load_forwarded(struct sp_db *db, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] = "SELECT id FROM job INDEXED BY job_forwarded"
                              " WHERE forwarded_from = $1 AND forwarded_from <> '' ORDER BY n LIMIT 100";
    const struct sp_bind in[] = { sp_text(job->id) };
    struct sp_rows rows;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) {
        const char **all = one_more(&rows, job->arena, job->forwarded_to, job->n_forwarded_to, sizeof(*all));
        if (all == NULL)
            break;
        job->forwarded_to = all;
        all[job->n_forwarded_to++] = sp_row_keep(&rows, 0, job->arena);
    }
    return sp_rows_end(&rows, err);
}

static enum sp_rc
load_all(struct sp_db *db, const char *id, struct sp_job *job, struct sp_err *err)
{
    int64_t row = 0;
    enum sp_rc rc = load_row(db, id, job, &row, err);
    if (rc == SP_OK)
        rc = sp_job_load_parts(db, row, job, err);
    if (rc == SP_OK)
        rc = load_attempts(db, row, job, err);
    return rc == SP_OK ? load_forwarded(db, job, err) : rc;
}

enum sp_rc
sp_job_load(struct sp_db *db, const char *id, struct sp_job **ret, struct sp_err *err)
{
    SP_AUTO(sp_job_free) struct sp_job *job = sp_job_new();
    if (job == NULL)
        return sp_fail(err, SP_E_NOMEM, "db: out of memory");
    enum sp_rc rc = sp_db_begin_reading(db, err);
    if (rc != SP_OK)
        return rc;
    rc = load_all(db, id, job, err);
    sp_db_end_reading(db);
    if (rc == SP_OK)
        *ret = SP_STEAL(job);
    return rc;
}

enum sp_rc
sp_job_load_transcripts(struct sp_db *db, struct sp_job *job, struct sp_err *err)
{
    static const char sql[] = "SELECT a.n, a.transcript FROM attempt a JOIN job j ON a.job = j.n WHERE j.id = $1"
                              " ORDER BY a.n";
    const struct sp_bind in[] = { sp_text(job->id) };
    struct sp_rows rows;
    size_t at = 0;
    sp_db_query(db, sql, in, SP_LEN(in), &rows);
    while (sp_rows_next(&rows)) { /* there may be more, or less, than a moment ago */
        while (at < job->n_attempts && job->attempts[at].n < sp_row_number(&rows, 0))
            at++;
        if (at < job->n_attempts && job->attempts[at].n == sp_row_number(&rows, 0))
            job->attempts[at].transcript = sp_row_keep(&rows, 1, job->arena);
    }
    return sp_rows_end(&rows, err);
}
