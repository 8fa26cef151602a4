/* housekeeping.c - what is due is asked for, a bounded number at a time, and each piece is done in the batch, where it
 * cannot cross with a retry that a person asks for at the same moment. */
#include "gateway/housekeeping.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "db/audit.h"
#include "db/batch.h"
#include "db/idempotency.h"
#include "db/job.h"
#include "db/search_index.h"
#include "db/source.h"
#include "db/spool.h"
#include "db/tally.h"
#include "gateway/folders.h"

enum { AT_ONCE = 32, AUDIT_AT_ONCE = 1000, UNCOUNTED_MAX = 1000, INDEXED_AT_ONCE = 64 };
static const int64_t hour_ms = 3600000, soon_ms = 60000, at_once_ms = 1000;

/* ---- notes ---- */

static enum sp_rc
mark_written(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_job_note_written(db, context, err);
}

/* Where there is no place for a note any more, there never will be one: that counts as written. */
static bool
is_hopeless(enum sp_rc rc)
{
    return rc == SP_E_NOTFOUND || rc == SP_E_CONFLICT || rc == SP_E_INVALID || rc == SP_E_DENIED;
}

static bool
write_note(const struct sp_housekeeping *k, char *id)
{
    struct sp_err err = { 0 };
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    enum sp_rc rc = sp_job_load(k->db, id, &job, &err);
    if (rc == SP_OK)
        rc = sp_folders_note(k->folders, job, &err);
    if (rc != SP_OK)
        sp_warn(k->log, "job %s: no note beside the file: %s", id, err.text);
    if (rc == SP_OK || is_hopeless(rc))
        rc = sp_batch_run(k->batch, mark_written, id, &err);
    return rc == SP_OK;
}

void
sp_housekeeping_notes(const struct sp_housekeeping *keeper)
{
    struct sp_err err = { 0 };
    char ids[AT_ONCE][27];
    size_t count = AT_ONCE, done = 1;
    while (count == AT_ONCE && done > 0) { /* whatever cannot be written now stays due, and must not keep us here */
        done = 0;
        if (sp_job_notes_due(keeper->db, AT_ONCE, ids, &count, &err) != SP_OK) {
            sp_warn(keeper->log, "housekeeping: %s", err.text);
            return;
        }
        for (size_t i = 0; i < count; i++)
            done += write_note(keeper, ids[i]);
    }
}

/* ---- documents ---- */

struct deletion {
    struct sp_spool *spool;
    const char *id;
};

/* The job may have been queued again since it was found to be due. The documents go first: a crash in between leaves a
 * job that is due again, instead of documents that nobody would ever delete. */
static enum sp_rc
delete_documents(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct deletion *what = context;
    SP_AUTO(sp_job_free) struct sp_job *job = NULL;
    enum sp_rc rc = sp_job_load(db, what->id, &job, err);
    if (rc != SP_OK || !sp_job_state_final(job->state))
        return rc;
    rc = sp_spool_remove(what->spool, what->id, err);
    return rc == SP_OK ? sp_job_documents_deleted(db, what->id, err) : rc;
}

/* *ret_more: there was a full hand of them. */
static enum sp_rc
sweep_documents(const struct sp_housekeeping *k, int64_t now, bool *ret_more, struct sp_err *err)
{
    const struct sp_retention_settings *keep = &k->settings->retention;
    char ids[AT_ONCE][27];
    size_t count = 0;
    /* What ended in this very millisecond is over, too: with 0s nobody would come again for an hour. */
    int64_t until = now + 1;
    enum sp_rc rc =
        sp_job_documents_due(k->db, until - keep->documents_ms, until - keep->failed_ms, AT_ONCE, ids, &count, err);
    for (size_t i = 0; rc == SP_OK && i < count; i++) {
        struct deletion what = { .spool = k->spool, .id = ids[i] };
        rc = sp_batch_run(k->batch, delete_documents, &what, err);
        if (rc == SP_OK)
            sp_debug(k->log, "job %s: documents deleted", ids[i]);
    }
    *ret_more = count == AT_ONCE;
    return rc;
}

/* ---- history ---- */

struct forgetting {
    int64_t now, created_before;
    size_t count;
};

static enum sp_rc
forget(struct sp_db *db, void *context, struct sp_err *err)
{
    struct forgetting *what = context;
    enum sp_rc rc = sp_job_forget(db, what->created_before, AT_ONCE, &what->count, err);
    if (rc == SP_OK)
        rc = sp_audit_forget(db, what->created_before, AUDIT_AT_ONCE, err);
    if (rc == SP_OK)
        rc = sp_tally_fold(db, what->now / SP_HOUR_MS - 1, what->created_before / SP_HOUR_MS, err);
    return rc == SP_OK ? sp_idempotency_expire(db, what->now, err) : rc;
}

/* ---- how much came from where ---- */

static enum sp_rc
remember_sources(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_sources_remember(db, context, err);
}

/* Counted here, where nobody waits for a lock meanwhile. Must come before history is forgotten. */
static enum sp_rc
count_sources(const struct sp_housekeeping *k, struct sp_err *err)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = NULL;
    struct sp_source_sums sums = { 0 };
    int64_t uncounted = 0;
    enum sp_rc rc = sp_sources_uncounted(k->db, &uncounted, err);
    if (rc != SP_OK || uncounted < UNCOUNTED_MAX)
        return rc;
    arena = sp_arena_new();
    if (arena == NULL)
        return sp_fail(err, SP_E_NOMEM, "housekeeping: out of memory");
    rc = sp_sources_count(k->db, arena, &sums, err);
    return rc == SP_OK ? sp_batch_run(k->batch, remember_sources, &sums, err) : rc;
}

static int64_t
until_next(const struct sp_retention_settings *keep)
{
    int64_t shortest = keep->documents_ms < keep->failed_ms ? keep->documents_ms : keep->failed_ms;
    if (shortest == 0) /* whoever tells us that a job is done wakes us for it */
        shortest = keep->documents_ms + keep->failed_ms;
    if (shortest == 0 || shortest > hour_ms)
        return hour_ms;
    return shortest > at_once_ms ? shortest : at_once_ms;
}

int64_t
sp_housekeeping_sweep(const struct sp_housekeeping *keeper)
{
    struct sp_err err = { 0 };
    int64_t now = sp_wall_ms(keeper->clock);
    bool more = false;
    struct forgetting old = { .now = now, .created_before = now - keeper->settings->retention.history_ms };
    enum sp_rc rc = sweep_documents(keeper, now, &more, &err);
    if (rc == SP_OK)
        rc = count_sources(keeper, &err);
    if (rc == SP_OK)
        rc = sp_batch_run(keeper->batch, forget, &old, &err);
    if (rc != SP_OK) {
        sp_warn(keeper->log, "housekeeping: %s", err.text);
        return soon_ms;
    }
    return more || old.count == AT_ONCE ? at_once_ms : until_next(&keeper->settings->retention);
}

/* ---- the index of words ---- */

/* A damaged index costs nothing but the time to make it again: jobs are searched by reading them meanwhile. */
static enum sp_rc
index_some(struct sp_db *db, void *context, struct sp_err *err)
{
    size_t *count = context;
    enum sp_rc rc = sp_search_index_more(db, INDEXED_AT_ONCE, count, err);
    if (rc != SP_E_CORRUPT)
        return rc;
    *count = INDEXED_AT_ONCE;
    return sp_search_index_reset(db, err);
}

bool
sp_housekeeping_index(const struct sp_housekeeping *keeper)
{
    struct sp_err err = { 0 };
    size_t count = 0;
    if (sp_batch_run(keeper->batch, index_some, &count, &err) != SP_OK) {
        sp_warn(keeper->log, "housekeeping: the index of words: %s", err.text);
        return false;
    }
    return count == INDEXED_AT_ONCE;
}
