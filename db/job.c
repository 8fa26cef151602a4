/* job.c - the words for a job's states, and its way into the database. */
#include "db/job.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/ulid.h"
#include "db/db.h"
#include "db/duplicate.h"
#include "db/job_row.h"
#include "db/stmt.h"

static const struct {
    const char *name;
    bool final;
} states[] = {
    [SP_JOB_QUEUED] = { "queued", false },     [SP_JOB_SENDING] = { "sending", false },
    [SP_JOB_DEFERRED] = { "deferred", false }, [SP_JOB_HELD] = { "held", false },
    [SP_JOB_SENT] = { "sent", true },          [SP_JOB_PARTIAL] = { "partial", true },
    [SP_JOB_FAILED] = { "failed", true },      [SP_JOB_CANCELLED] = { "cancelled", true },
};

static const char *const recipient_states[] = {
    [SP_RECIPIENT_WAITING] = "waiting",
    [SP_RECIPIENT_SENT] = "sent",
    [SP_RECIPIENT_FAILED] = "failed",
};

static const char *const outcomes[] = {
    [SP_OUTCOME_ACCEPTED] = "accepted",
    [SP_OUTCOME_FAILED] = "failed",
    [SP_OUTCOME_UNKNOWN] = "unknown",
};

const char *
sp_job_state_name(enum sp_job_state state)
{
    return states[state].name;
}

bool
sp_job_state_parse(const char *word, enum sp_job_state *ret)
{
    for (size_t i = 0; i < SP_LEN(states); i++)
        if (strcmp(word, states[i].name) == 0) {
            *ret = (enum sp_job_state)i;
            return true;
        }
    return false;
}

bool
sp_job_state_final(enum sp_job_state state)
{
    return states[state].final;
}

const char *
sp_recipient_state_name(enum sp_recipient_state state)
{
    return recipient_states[state];
}

const char *
sp_outcome_name(enum sp_outcome_kind kind)
{
    return outcomes[kind];
}

struct sp_job *
sp_job_new(void)
{
    struct sp_arena *arena = sp_arena_new();
    struct sp_job *job = arena != NULL ? sp_arena_zalloc(arena, sizeof(*job)) : NULL;
    if (job == NULL) {
        sp_arena_free(&arena);
        return NULL;
    }
    *job = (struct sp_job){
        .arena = arena,
        .id = "",
        .source = "",
        .source_name = "",
        .user = "",
        .route = "",
        .tenant = "",
        .from = "",
        .from_name = "",
        .reply_to = "",
        .subject = "",
        .body = "",
        .message_id = "",
        .boundary = "",
        .waits_in = "",
        .folder_name = "",
        .method = "",
        .class_name = "",
        .cause = "",
        .summary = "",
        .trouble = "",
        .duplicate_of = "",
        .forwarded_from = "",
        .only_method = "",
    };
    return job;
}

void
sp_job_free(struct sp_job **job)
{
    if (*job == NULL)
        return;
    struct sp_arena *arena = (*job)->arena; /* holds the job itself */
    sp_arena_free(&arena);
    *job = NULL;
}

static int64_t
total_size(const struct sp_job *job)
{
    uint64_t total = 0;
    for (size_t i = 0; i < job->n_documents; i++)
        total += job->documents[i].size;
    return (int64_t)total;
}

static enum sp_rc
insert_row(struct sp_db *db, const struct sp_job *job, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO job (id, state, created, due, source, source_name, user, route, tenant, sender, from_name, "
        "reply_to,"
        " subject, body, message_id, boundary, folder_name, size, trouble, fingerprint, duplicate_of, forwarded_from)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
    char fingerprint[SP_SHA256_HEX_SIZE];
    if (sp_job_fingerprint(job, fingerprint, err) != SP_OK)
        return SP_E_NOMEM;
    const struct sp_bind in[] = {
        sp_text(job->id),           sp_text(sp_job_state_name(job->state)),
        sp_number(job->created),    job->state == SP_JOB_QUEUED ? sp_number(job->created) : sp_none(),
        sp_text(job->source),       sp_text(job->source_name),
        sp_text(job->user),         sp_text(job->route),
        sp_text(job->tenant),       sp_text(job->from),
        sp_text(job->from_name),    sp_text(job->reply_to),
        sp_text(job->subject),      sp_text(job->body),
        sp_text(job->message_id),   sp_text(job->boundary),
        sp_raw(job->folder_name),   sp_number(total_size(job)),
        sp_text(job->trouble),      sp_text(fingerprint),
        sp_text(job->duplicate_of), sp_text(job->forwarded_from),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
insert_document(struct sp_db *db, int64_t row, size_t n, const struct sp_job_document *document, struct sp_err *err)
{
    static const char sql[] = "INSERT INTO document (job, n, name, type, size, sha256) VALUES ($1, $2, $3, $4, $5, $6)";
    const struct sp_bind in[] = {
        sp_number(row),
        sp_number((int64_t)n),
        sp_text(document->name),
        sp_text(document->type),
        sp_number((int64_t)document->size),
        sp_text(document->sha256),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
insert_recipient(struct sp_db *db, int64_t row, size_t n, const struct sp_job_recipient *recipient, struct sp_err *err)
{
    static const char sql[] =
        "INSERT INTO recipient (job, n, address, cc, state, method, reply) VALUES ($1, $2, $3, $4, 'waiting', '', '')";
    const struct sp_bind in[] = {
        sp_number(row),
        sp_number((int64_t)n),
        sp_text(recipient->address),
        sp_number(recipient->cc),
    };
    return sp_db_exec(db, sql, in, SP_LEN(in), NULL, err);
}

static enum sp_rc
insert_all(struct sp_db *db, const struct sp_job *job, struct sp_err *err)
{
    enum sp_rc rc = insert_row(db, job, err);
    int64_t row = sp_db_last_row(db);
    for (size_t i = 0; rc == SP_OK && i < job->n_documents; i++)
        rc = insert_document(db, row, i + 1, &job->documents[i], err);
    for (size_t i = 0; rc == SP_OK && i < job->n_recipients; i++)
        rc = insert_recipient(db, row, i + 1, &job->recipients[i], err);
    return rc;
}

/* Whoever hears "exists already" lets go of the scan. What else may not be there twice, the triggers' tables among it,
 * is no reason for that. */
static enum sp_rc
tell_conflict(struct sp_db *db, const struct sp_job *job, struct sp_err *err)
{
    bool exists = false;
    enum sp_rc rc = sp_job_exists(db, job->id, &exists, err);
    if (rc != SP_OK)
        return rc;
    return exists ? sp_fail(err, SP_E_CONFLICT, "job %s exists already", job->id)
                  : sp_fail(err, SP_E_CORRUPT, "db: damaged: something of job %s is there, but no such job", job->id);
}

enum sp_rc
sp_job_insert(struct sp_db *db, const struct sp_job *job, struct sp_err *err)
{
    if (!sp_ulid_valid(job->id))
        return sp_fail(err, SP_E_INVALID, "a job needs a ULID");
    if (job->state != SP_JOB_QUEUED && job->state != SP_JOB_HELD)
        return sp_fail(err, SP_E_INVALID, "a new job cannot be %s", sp_job_state_name(job->state));
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_db_finish(db, insert_all(db, job, err), err);
    return rc == SP_E_CONFLICT ? tell_conflict(db, job, err) : rc;
}

enum sp_rc
sp_job_row_find(struct sp_db *db, const char *id, int64_t *ret_row, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(id) };
    enum sp_rc rc = sp_db_number(db, "SELECT n FROM job WHERE id = $1", in, SP_LEN(in), ret_row, err);
    return rc == SP_E_NOTFOUND ? sp_fail(err, rc, "there is no job %.40s", id) : rc;
}

enum sp_rc
sp_job_exists(struct sp_db *db, const char *id, bool *ret, struct sp_err *err)
{
    int64_t row = 0;
    enum sp_rc rc = sp_job_row_find(db, id, &row, err);
    if (rc != SP_OK && rc != SP_E_NOTFOUND)
        return rc;
    *ret = rc == SP_OK;
    return SP_OK;
}
