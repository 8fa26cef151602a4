/* intake.c - from bytes to a job that survives the power going out.
 *
 * The order is what matters: documents and envelope are fsynced and renamed into the spool, then one transaction makes
 * the job, then the giver is told. A crash in between leaves an entry that start-up adopts (db/rebuild.h). A
 * transaction that fails takes the published entry away again, so that a giver who tries once more makes one job and
 * not two. */
#include "gateway/intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "db/batch.h"
#include "db/duplicate.h"
#include "db/envelope.h"
#include "db/idempotency.h"
#include "db/job.h"
#include "db/spool.h"
#include "gateway/content.h"
#include "gateway/naming.h"
#include "gateway/request_digest.h"
#include "gateway/route.h"

enum {
    DOCUMENTS_MAX = 1000,
    ROOM_CHECK_EVERY = 4 << 20, /* bytes between two looks at the free space */
    DUPLICATE_WINDOW_MS = 10 * 60000,
};

struct sp_intake {
    struct sp_intake_options with;
    struct sp_ulid_gen ids;
};

struct sp_scan {
    struct sp_intake *intake;
    struct sp_spool_entry *entry;
    struct sp_job *job; /* id, created and documents; the rest comes at commit */
    const char **kinds; /* of the documents, for what a giver accepts */
    size_t room;        /* for documents */
    uint64_t written;   /* by all documents */
    uint64_t unchecked; /* since the last look at the free space */
};

enum sp_rc
sp_intake_new(const struct sp_intake_options *options, struct sp_intake **ret, struct sp_err *err)
{
    struct sp_intake *intake = calloc(1, sizeof(*intake));
    if (intake == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    intake->with = *options;
    intake->ids = (struct sp_ulid_gen)SP_ULID_GEN_INIT;
    char time[32];
    int offset = 0;
    sp_office_time(0, options->settings->gateway.time_zone, time, &offset); /* sets the zone while we are alone */
    *ret = intake;
    return SP_OK;
}

void
sp_intake_free(struct sp_intake **intake)
{
    free(*intake);
    *intake = NULL;
}

const struct sp_people *
sp_intake_people(const struct sp_intake *intake)
{
    return intake->with.people;
}

struct sp_refusals *
sp_intake_refusals(const struct sp_intake *intake)
{
    return intake->with.refusals;
}

void
sp_intake_id(struct sp_intake *intake, char ret_id[SP_ULID_SIZE])
{
    sp_ulid_new(&intake->ids, sp_wall_ms(intake->with.clock), ret_id);
}

enum sp_rc
sp_intake_room(struct sp_intake *intake, uint64_t size, struct sp_err *err)
{
    uint64_t room = 0, reserve = intake->with.settings->gateway.reserve;
    enum sp_rc rc = sp_spool_room(intake->with.spool, &room, err);
    if (rc != SP_OK)
        return rc;
    if (room < reserve || room - reserve < size)
        return sp_fail(err, SP_E_NO_ROOM,
                       "no room: %" PRIu64 " MB are free in the state directory, and %" PRIu64
                       " MB are kept in reserve",
                       room >> 20, reserve >> 20);
    return SP_OK;
}

/* ---- begin ---- */

struct lookup {
    const char *id;
    bool exists;
};

static enum sp_rc
look_up(struct sp_db *db, void *context, struct sp_err *err)
{
    struct lookup *what = context;
    return sp_job_exists(db, what->id, &what->exists, err);
}

/* The spool has the id already. Either it is a job, or an entry that could not be removed when its transaction failed:
 * the giver was told that it was not taken, so it makes way. */
static enum sp_rc
begin_over(struct sp_intake *intake, const char *id, struct sp_spool_entry **ret, struct sp_err *err)
{
    struct lookup what = { .id = id };
    enum sp_rc rc = sp_batch_run(intake->with.batch, look_up, &what, err);
    if (rc == SP_OK && what.exists)
        return sp_fail(err, SP_E_CONFLICT, "%s is a job already", id);
    if (rc == SP_OK)
        rc = sp_spool_remove(intake->with.spool, id, err);
    return rc == SP_OK ? sp_spool_begin(intake->with.spool, id, ret, err) : rc;
}

enum sp_rc
sp_intake_begin(struct sp_intake *intake, const char *id, struct sp_scan **ret, struct sp_err *err)
{
    char fresh[SP_ULID_SIZE];
    enum sp_rc rc = sp_intake_room(intake, 0, err);
    if (rc != SP_OK)
        return rc;
    if (id == NULL) {
        sp_intake_id(intake, fresh);
        id = fresh;
    }
    SP_AUTO(sp_scan_free) struct sp_scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL || (scan->job = sp_job_new()) == NULL ||
        (scan->job->id = sp_arena_text(scan->job->arena, id)) == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    scan->intake = intake;
    scan->job->created = sp_wall_ms(intake->with.clock);
    rc = sp_spool_begin(intake->with.spool, id, &scan->entry, err);
    if (rc == SP_E_CONFLICT)
        rc = begin_over(intake, id, &scan->entry, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(scan);
    return rc;
}

const char *
sp_scan_id(const struct sp_scan *scan)
{
    return scan->job->id;
}

void
sp_scan_free(struct sp_scan **scan)
{
    struct sp_scan *s = *scan;
    if (s == NULL)
        return;
    sp_spool_entry_free(&s->entry);
    sp_job_free(&s->job);
    free(s->kinds);
    free(s);
    *scan = NULL;
}

/* ---- documents ---- */

/* The list grows inside the arena, where the old one stays behind; doubling keeps that small. */
static bool
make_room(struct sp_scan *scan)
{
    struct sp_job *job = scan->job;
    if (job->n_documents < scan->room)
        return true;
    size_t room = scan->room == 0 ? 4 : 2 * scan->room;
    struct sp_job_document *documents = sp_arena_array(job->arena, room, sizeof(*documents));
    const char **kinds = realloc(scan->kinds, room * sizeof(*kinds));
    if (kinds != NULL)
        scan->kinds = kinds;
    if (documents == NULL || kinds == NULL)
        return false;
    if (job->n_documents > 0)
        memcpy(documents, job->documents, job->n_documents * sizeof(*documents));
    job->documents = documents;
    scan->room = room;
    return true;
}

enum sp_rc
sp_scan_document(struct sp_scan *scan, const char *name, struct sp_err *err)
{
    struct sp_job *job = scan->job;
    if (job->n_documents == DOCUMENTS_MAX)
        return sp_fail(err, SP_E_INVALID, "more than %d documents in one scan", DOCUMENTS_MAX);
    const char *clean = make_room(scan) ? sp_name_clean(job->arena, name) : NULL;
    if (clean == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = sp_spool_document(scan->entry, err);
    if (rc == SP_OK)
        job->documents[job->n_documents++] = (struct sp_job_document){ .name = clean, .type = "", .sha256 = "" };
    return rc;
}

static enum sp_rc
count_bytes(struct sp_scan *scan, uint64_t size, struct sp_err *err)
{
    uint64_t max = scan->intake->with.settings->gateway.max_document;
    if (size > max || scan->written > max - size)
        return sp_fail(err, SP_E_TOO_LARGE, "the scan is larger than %" PRIu64 " MB (max-document)", max >> 20);
    scan->written += size;
    scan->unchecked += size;
    if (scan->unchecked < ROOM_CHECK_EVERY)
        return SP_OK;
    scan->unchecked = 0;
    return sp_intake_room(scan->intake, size, err);
}

enum sp_rc
sp_scan_write(struct sp_scan *scan, const void *bytes, size_t size, struct sp_err *err)
{
    enum sp_rc rc = count_bytes(scan, size, err);
    return rc == SP_OK ? sp_spool_add(scan->entry, bytes, size, err) : rc;
}

enum sp_rc
sp_scan_write_file(struct sp_scan *scan, int fd, struct sp_err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return sp_fail_errno(err, "intake: cannot look at a file");
    enum sp_rc rc = count_bytes(scan, (uint64_t)info.st_size, err);
    if (rc == SP_OK)
        rc = sp_intake_room(scan->intake, (uint64_t)info.st_size, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_spool_add_file(scan->entry, fd, (uint64_t)info.st_size, err);
    return rc == SP_E_TOO_LARGE ? sp_fail(err, SP_E_BUSY, "the file grew while it was copied") : rc;
}

enum sp_rc
sp_scan_document_end(struct sp_scan *scan, struct sp_err *err)
{
    struct sp_job *job = scan->job;
    struct sp_job_document *document = &job->documents[job->n_documents - 1];
    char sha256[SP_SHA256_HEX_SIZE];
    enum sp_rc rc = sp_spool_document_end(scan->entry, &document->size, sha256, err);
    if (rc != SP_OK)
        return rc;
    if (document->size == 0)
        return sp_fail(err, SP_E_TYPE, "'%s' is empty", document->name);
    struct sp_content content = sp_content_of(sp_spool_document_fd(scan->entry, job->n_documents), document->size);
    if (*content.kind == '\0')
        return sp_fail(err, SP_E_TYPE,
                       "'%s' is not a kind of document that is taken here (pdf, tiff, jpeg, png, docx, xlsx, pptx, "
                       "xps; what is inside "
                       "counts, not the name)",
                       document->name);
    scan->kinds[job->n_documents - 1] = content.kind;
    document->type = content.type;
    document->sha256 = sp_arena_text(job->arena, sha256);
    return document->sha256 != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "out of memory");
}

const char *
sp_scan_document_name(const struct sp_scan *scan, size_t number)
{
    return scan->job->documents[number - 1].name;
}

int
sp_scan_document_fd(struct sp_scan *scan, size_t number)
{
    return sp_spool_document_fd(scan->entry, number);
}

const struct sp_job_document *
sp_scan_last_document(const struct sp_scan *scan)
{
    return &scan->job->documents[scan->job->n_documents - 1];
}

/* ---- commit ---- */

struct taking {
    struct sp_job *job;
    enum sp_job_state state; /* of the job, were it not a duplicate */
    bool hold_duplicates;
    struct sp_idempotency key; /* key "" : none */
    char id[SP_ULID_SIZE];     /* of the job that the giver has now */
    bool repeated;
};

/* Whether the key was seen before. Its own transaction first, so that a repetition costs no publishing. */
static enum sp_rc
find_repeated(struct sp_db *db, void *context, struct sp_err *err)
{
    struct taking *t = context;
    enum sp_rc rc = sp_idempotency_find(db, &t->key, t->job->created, t->id, err);
    t->repeated = rc == SP_OK;
    return rc == SP_E_NOTFOUND ? SP_OK : rc;
}

/* Only here, in the transaction, is it certain what came before. The envelope is written already and does not say so: a
 * crash in this moment makes a job that is sent, without the mark. */
static enum sp_rc
mark_duplicate(struct sp_db *db, struct taking *t, struct sp_err *err)
{
    struct sp_job *job = t->job;
    char id[SP_ULID_SIZE];
    job->state = t->state; /* this may be the second time */
    enum sp_rc rc = sp_job_duplicate_find(db, job, job->created - DUPLICATE_WINDOW_MS, id, err);
    if (rc != SP_OK)
        return rc == SP_E_NOTFOUND ? SP_OK : rc;
    job->duplicate_of = sp_arena_text(job->arena, id);
    if (t->hold_duplicates && job->state == SP_JOB_QUEUED) {
        job->state = SP_JOB_HELD;
        job->trouble =
            sp_arena_format(job->arena,
                            "the same documents came from here for the same recipients a few minutes before, as job %s "
                            "(duplicates = hold); retry sends them once more",
                            id);
    }
    return job->duplicate_of != NULL && job->trouble != NULL ? SP_OK : sp_fail(err, SP_E_NOMEM, "out of memory");
}

static enum sp_rc
insert(struct sp_db *db, void *context, struct sp_err *err)
{
    struct taking *t = context;
    enum sp_rc rc = SP_OK;
    if (*t->key.key != '\0') {
        rc = find_repeated(db, t, err);
        if (rc != SP_OK || t->repeated)
            return rc;
    }
    rc = mark_duplicate(db, t, err);
    if (rc == SP_OK)
        rc = sp_job_insert(db, t->job, err);
    if (rc == SP_OK && *t->key.key != '\0')
        rc = sp_idempotency_insert(db, &t->key, t->job->id, t->job->created, err);
    if (rc == SP_OK)
        memcpy(t->id, t->job->id, SP_ULID_SIZE);
    return rc;
}

static bool
is_accepted(const struct sp_intake_request *request, const char *kind)
{
    for (size_t i = 0; i < request->n_accept; i++)
        if (strcmp(request->accept[i], kind) == 0)
            return true;
    return request->accept == NULL;
}

static enum sp_rc
check_documents(const struct sp_scan *scan, const struct sp_intake_request *request, struct sp_err *err)
{
    if (scan->job->n_documents == 0)
        return sp_fail(err, SP_E_INVALID, "there is no document in it");
    for (size_t i = 0; i < scan->job->n_documents; i++)
        if (!is_accepted(request, scan->kinds[i]))
            return sp_fail(err, SP_E_TYPE, "'%s' is %s, which is not accepted here", scan->job->documents[i].name,
                           scan->kinds[i]);
    return SP_OK;
}

static enum sp_rc
publish(struct sp_scan *scan, const struct taking *t, struct sp_err *err)
{
    SP_AUTO_FREE char *envelope = sp_envelope_write(scan->job, *t->key.key != '\0' ? &t->key : NULL);
    if (envelope == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    return sp_spool_publish(scan->entry, envelope, err);
}

/* The transaction failed: is the job there all the same, because only the answer to its commit was lost? When nobody
 * can say, the giver's word counts, and he is told that it was not taken. */
static bool
is_job_after_all(struct sp_intake *intake, const char *id)
{
    struct lookup what = { .id = id };
    return sp_batch_run(intake->with.batch, look_up, &what, NULL) == SP_OK && what.exists;
}

static void
unpublish(struct sp_intake *intake, const char *id)
{
    struct sp_err err = { 0 };
    if (sp_spool_remove(intake->with.spool, id, &err) != SP_OK)
        sp_error(intake->with.log, "job %s: not taken, but its spool entry stays until the next start: %s", id,
                 err.text);
}

static enum sp_rc
make_job(struct sp_scan *scan, struct taking *t, struct sp_err *err)
{
    struct sp_intake *intake = scan->intake;
    enum sp_rc rc = publish(scan, t, err);
    if (rc != SP_OK)
        return rc;
    rc = sp_batch_run(intake->with.batch, insert, t, err);
    /* CONFLICT and BUSY are told before a commit, so there is nothing to look for. */
    if (rc != SP_OK && rc != SP_E_CONFLICT && rc != SP_E_BUSY && is_job_after_all(intake, scan->job->id)) {
        memcpy(t->id, scan->job->id, SP_ULID_SIZE);
        return SP_OK;
    }
    if (rc != SP_OK || t->repeated)
        unpublish(intake, scan->job->id);
    return rc;
}

static void
wake_sender(const struct sp_intake *intake)
{
    const uint64_t one = 1;
    /* A full counter means that it is awake anyway. */
    if (intake->with.wake_fd >= 0 && write(intake->with.wake_fd, &one, sizeof(one)) < 0)
        sp_debug(intake->with.log, "intake: the sender's eventfd is full");
}

static void
tell(const struct sp_scan *scan)
{
    const struct sp_job *job = scan->job;
    uint64_t size = 0;
    for (size_t i = 0; i < job->n_documents; i++)
        size += job->documents[i].size;
    sp_info(scan->intake->with.log, "job %s: taken from %s/%s, %zu document(s), %" PRIu64 " bytes, %zu recipient(s)",
            job->id, job->source, job->source_name, job->n_documents, size, job->n_recipients);
    if (*job->duplicate_of != '\0')
        sp_notice(scan->intake->with.log, "job %s: the same as job %s shortly before; %s", job->id, job->duplicate_of,
                  job->state == SP_JOB_HELD ? "held" : "sent all the same");
}

/* Everything that can be refused is refused before the first byte is published. */
static enum sp_rc
prepare(struct sp_scan *scan, const struct sp_intake_request *request, struct taking *t,
        char digest[SP_SHA256_HEX_SIZE], struct sp_err *err)
{
    const char *key = request->idempotency_key;
    enum sp_rc rc = check_documents(scan, request, err);
    if (rc == SP_OK && key != NULL && *key != '\0') {
        rc = sp_request_digest(request, scan->job, digest, err); /* before names are made from today's settings */
        t->key = (struct sp_idempotency){ request->idempotency_owner, key, digest };
        if (rc == SP_OK)
            rc = sp_batch_run(scan->intake->with.batch, find_repeated, t, err);
    }
    if (rc == SP_OK && !t->repeated)
        rc = sp_route_apply(scan->intake->with.settings, scan->intake->with.people, request, scan->job, err);
    return rc;
}

enum sp_rc
sp_scan_commit(struct sp_scan *scan, const struct sp_intake_request *request, char ret_id[SP_ULID_SIZE],
               bool *ret_repeated, struct sp_err *err)
{
    char digest[SP_SHA256_HEX_SIZE];
    struct taking t = { .job = scan->job, .key = { "", "", "" } };
    scan->job->state = request->held == NULL ? SP_JOB_QUEUED : SP_JOB_HELD;
    scan->job->trouble = request->held == NULL ? "" : sp_arena_text(scan->job->arena, request->held);
    if (scan->job->trouble == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    t.state = scan->job->state;
    t.hold_duplicates = request->hold_duplicates;
    enum sp_rc rc = prepare(scan, request, &t, digest, err);
    if (rc == SP_OK && !t.repeated)
        rc = make_job(scan, &t, err);
    if (rc != SP_OK)
        return rc;
    if (!t.repeated) {
        tell(scan);
        wake_sender(scan->intake);
    }
    memcpy(ret_id, t.id, SP_ULID_SIZE);
    *ret_repeated = t.repeated;
    return SP_OK;
}
