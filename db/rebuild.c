/* rebuild.c - holds the spool against the database, at start.
 *
 * An entry that the database does not know was being taken when we died: nobody was told "taken" yet, but the giver may
 * be gone, so it becomes a job. Two kinds do not: entries whose job says that its documents are deleted (we died
 * between the two), and twins: the same Idempotency-Key made another job, whose id the giver gets when it asks again.
 * When the database was lost nothing is removed, everything is held. */
#include "db/rebuild.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/ulid.h"
#include "db/db.h"
#include "db/envelope.h"
#include "db/job_row.h"
#include "db/spool.h"

static const char lost_words[] =
    "the database was lost and made again from the documents; nobody knows whether this was"
    " sent already, so look before trying it again";

enum { IN_ONE_TRANSACTION = 100 };

struct rebuild {
    struct sp_db *db;
    struct sp_spool *spool;
    bool lost;
    const struct sp_log *log;
    struct sp_rebuild_counts *counts;
    struct sp_str ids; /* of unknown entries, SP_ULID_SIZE bytes each */
};

/* --- which entries -------------------------------------------------------------------------------------------------
 */

static enum sp_rc
documents_deleted(struct sp_db *db, const char *id, bool *ret_known, bool *ret_deleted, struct sp_err *err)
{
    const struct sp_bind in[] = { sp_text(id) };
    int64_t deleted = 0;
    enum sp_rc rc = sp_db_number(db, "SELECT documents_deleted FROM job WHERE id = $1", in, SP_LEN(in), &deleted, err);
    *ret_known = rc == SP_OK;
    *ret_deleted = deleted != 0;
    return rc == SP_E_NOTFOUND ? SP_OK : rc;
}

static enum sp_rc
look_at(void *context, const char *id, struct sp_err *err)
{
    struct rebuild *rebuild = context;
    bool known = false;
    bool deleted = false;
    enum sp_rc rc = documents_deleted(rebuild->db, id, &known, &deleted, err);
    if (rc != SP_OK)
        return rc;
    if (deleted)
        return sp_spool_remove(rebuild->spool, id, err);
    if (!known)
        sp_str_add_n(&rebuild->ids, id, SP_ULID_SIZE);
    return rebuild->ids.failed ? sp_fail(err, SP_E_NOMEM, "rebuild: out of memory") : SP_OK;
}

static int
by_id(const void *a, const void *b)
{
    return memcmp(a, b, SP_ULID_LEN);
}

/* --- one entry -----------------------------------------------------------------------------------------------------
 */

static enum sp_rc
read_entry(struct rebuild *rebuild, const char *id, struct sp_job **ret, struct sp_idempotency *ret_key,
           struct sp_err *err)
{
    SP_AUTO(sp_str_free) struct sp_str json = { 0 };
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    enum sp_rc rc = sp_spool_envelope(rebuild->spool, id, &json, err);
    if (rc == SP_OK && strlen(sp_str_text(&json)) != json.len)
        rc = sp_fail(err, SP_E_CORRUPT, "envelope: damaged: zero bytes in it");
    if (rc == SP_OK)
        rc = sp_envelope_read(sp_str_text(&json), &job, ret_key, err);
    if (rc == SP_OK && strcmp(job->id, id) != 0)
        rc = sp_fail(err, SP_E_CORRUPT, "envelope: damaged: it belongs to %s", job->id);
    if (rc == SP_OK)
        *ret = SP_STEAL(job);
    return rc;
}

static enum sp_rc
insert(struct sp_db *db, const struct sp_job *job, const struct sp_idempotency *key, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(db, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_job_insert(db, job, err);
    if (rc == SP_OK && key != NULL && key->owner[0] != '\0')
        rc = sp_idempotency_insert(db, key, job->id, job->created, err);
    return sp_db_finish(db, rc, err);
}

/* After a loss a job is held whatever its key says; a person sorts twins out. */
static enum sp_rc
adopt_held(struct rebuild *rebuild, struct sp_job *job, const struct sp_idempotency *key, struct sp_err *err)
{
    job->state = SP_JOB_HELD;
    job->trouble = lost_words;
    enum sp_rc rc = insert(rebuild->db, job, key, err);
    if (rc == SP_E_CONFLICT)
        rc = insert(rebuild->db, job, NULL, err);
    if (rc == SP_OK)
        rebuild->counts->held++;
    return rc;
}

static enum sp_rc
adopt_queued(struct rebuild *rebuild, const struct sp_job *job, const struct sp_idempotency *key, struct sp_err *err)
{
    struct sp_err why = { 0 };
    enum sp_rc rc = insert(rebuild->db, job, key, &why);
    if (rc == SP_E_CONFLICT) { /* a twin: the id is unknown to the database, so it is the key that is taken */
        sp_notice(rebuild->log, "job %s: dropped, its Idempotency-Key made another job", job->id);
        return sp_spool_remove(rebuild->spool, job->id, err);
    }
    if (rc != SP_OK)
        return sp_fail(err, rc, "%s", why.text);
    sp_notice(rebuild->log, "job %s: adopted from the spool", job->id);
    if (job->state == SP_JOB_HELD)
        rebuild->counts->held++;
    else
        rebuild->counts->queued++;
    return SP_OK;
}

static enum sp_rc
adopt(struct rebuild *rebuild, const char *id, struct sp_err *err)
{
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    struct sp_idempotency key;
    struct sp_err why = { 0 };
    enum sp_rc rc = read_entry(rebuild, id, &job, &key, &why);
    if (rc == SP_E_NOMEM)
        return sp_fail(err, rc, "%s", why.text);
    if (rc != SP_OK) {
        sp_error(rebuild->log, "job %s: its entry in the spool cannot be read and stays where it is: %s", id, why.text);
        rebuild->counts->damaged++;
        return SP_OK;
    }
    return rebuild->lost ? adopt_held(rebuild, job, &key, err) : adopt_queued(rebuild, job, &key, err);
}

/* --- all of them ---------------------------------------------------------------------------------------------------
 */

static enum sp_rc
adopt_some(struct rebuild *rebuild, const char *ids, size_t n, struct sp_err *err)
{
    enum sp_rc rc = sp_db_begin(rebuild->db, err);
    if (rc != SP_OK)
        return rc;
    for (size_t i = 0; rc == SP_OK && i < n; i++)
        rc = adopt(rebuild, ids + i * SP_ULID_SIZE, err);
    return sp_db_finish(rebuild->db, rc, err);
}

/* From the oldest: of two with the same key the first one has it. */
static enum sp_rc
adopt_all(struct rebuild *rebuild, struct sp_err *err)
{
    size_t left = rebuild->ids.len / SP_ULID_SIZE;
    const char *ids = rebuild->ids.text;
    if (left > 0)
        qsort(rebuild->ids.text, left, SP_ULID_SIZE, by_id);
    enum sp_rc rc = SP_OK;
    while (rc == SP_OK && left > 0) {
        size_t n = left < IN_ONE_TRANSACTION ? left : IN_ONE_TRANSACTION;
        rc = adopt_some(rebuild, ids, n, err);
        ids += n * SP_ULID_SIZE;
        left -= n;
    }
    return rc;
}

enum sp_rc
sp_rebuild(struct sp_db *db, struct sp_spool *spool, bool db_was_lost, const struct sp_log *log,
           struct sp_rebuild_counts *ret, struct sp_err *err)
{
    *ret = (struct sp_rebuild_counts){ 0 };
    struct rebuild rebuild = { .db = db, .spool = spool, .lost = db_was_lost, .log = log, .counts = ret };
    enum sp_rc rc = sp_spool_each(spool, look_at, &rebuild, err);
    if (rc == SP_OK)
        rc = adopt_all(&rebuild, err);
    if (rc == SP_OK) /* only now: a crash on the way must not turn what is still unknown into queued jobs */
        rc = sp_db_exec(db, "UPDATE house SET value = 1 WHERE key = 'spool_read'", NULL, 0, NULL, err);
    sp_str_free(&rebuild.ids);
    return rc;
}
