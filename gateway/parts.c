/* parts.c - the parts have a spool of their own, STATE/parts/spool (db/spool.h), with the slip in place of the
 * envelope:
 *
 *   copied, fsynced, renamed into place -> a row in the database -> "taken" is said
 *
 * A crash between the first two leaves an entry that sp_parts_recover notes again. When the last part is there, all of
 * them go through the one door (intake.h) as one scan, under the print job's idempotency key: however often that is
 * tried, one job comes of it. Only then rows and entries go. */
#include "gateway/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/str.h"
#include "db/batch.h"
#include "db/idempotency.h"
#include "db/job.h"
#include "db/part.h"
#include "db/spool.h"
#include "gateway/intake.h"
#include "gateway/part_slip.h"
#include "gateway/route.h"

/* Shorter than an idempotency key lives (24 h), so that leftovers of a job that was made are known as such. */
static const int64_t idle_ms = (int64_t)12 * 3600 * 1000;

struct sp_parts {
    struct sp_parts_options with;
    struct sp_spool *spool;
};

enum sp_rc
sp_parts_open(const struct sp_parts_options *options, struct sp_parts **ret, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = NULL;
    SP_AUTO(sp_parts_close) struct sp_parts *parts = calloc(1, sizeof(*parts));
    if (parts == NULL || asprintf(&dir, "%s/parts", options->settings->gateway.state_dir) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    parts->with = *options;
    enum sp_rc rc = sp_io_mkdir_path(dir, 0700, err);
    if (rc == SP_OK)
        rc = sp_spool_open(dir, &parts->spool, err);
    if (rc == SP_OK)
        *ret = SP_STEAL(parts);
    return rc;
}

void
sp_parts_close(struct sp_parts **parts)
{
    if (*parts == NULL)
        return;
    sp_spool_close(&(*parts)->spool);
    free(*parts);
    *parts = NULL;
}

/* ---- one part ---- */

/* A part on its way in. */
struct incoming {
    struct sp_part row;
    const struct sp_part_request *part;
    struct sp_idempotency key; /* of the print job */
    int64_t now;
    bool here; /* it was there already */
};

static enum sp_rc
taken_before(struct sp_err *err)
{
    return sp_fail(err, SP_E_CONFLICT, "this print job was taken before");
}

/* Which file it is: what the giver says, or the one it was when no answer came, or the next one of its run. */
static int
number_of(const struct incoming *in, const struct sp_part *there, size_t n)
{
    int last = 0;
    if (in->part->n > 0)
        return in->part->n;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(there[i].giver, in->part->giver) == 0)
            return there[i].n;
        if (strcmp(there[i].run, in->part->run) == 0 && there[i].n > last)
            last = there[i].n;
    }
    return last + 1;
}

static bool
has_part(const struct sp_part *there, size_t count, int n)
{
    for (size_t i = 0; i < count; i++)
        if (there[i].n == n)
            return true;
    return false;
}

/* In one transaction, so that two that come at the same moment do not take each other's number. */
static enum sp_rc
locate(struct sp_db *db, void *context, struct sp_err *err)
{
    struct incoming *in = context;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_part *there = NULL;
    size_t n = 0;
    char id[SP_ULID_SIZE];
    if (arena == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    if (sp_idempotency_find(db, &in->key, in->now, id, err) != SP_E_NOTFOUND) /* no digest is "": a conflict */
        return taken_before(err);
    enum sp_rc rc = sp_part_list(db, in->row.job, arena, &there, &n, err);
    if (rc != SP_OK)
        return rc;
    in->row.n = number_of(in, there, n);
    if (in->row.n > in->part->of)
        return sp_fail(err, SP_E_INVALID, "file %d of a print job of %d", in->row.n, in->part->of);
    in->here = has_part(there, n, in->row.n);
    return in->here ? sp_part_touch(db, &in->row, err) : SP_OK;
}

static enum sp_rc
insert(struct sp_db *db, void *context, struct sp_err *err)
{
    struct incoming *in = context;
    enum sp_rc rc = sp_part_insert(db, &in->row, err);
    in->here = rc == SP_E_CONFLICT;
    return in->here ? sp_part_touch(db, &in->row, err) : rc;
}

static enum sp_rc
publish(const struct sp_parts *parts, struct sp_scan *scan, const struct sp_part *row, struct sp_err *err)
{
    struct sp_spool_entry *entry = NULL;
    uint64_t size = 0;
    char sha256[SP_SHA256_HEX_SIZE];
    enum sp_rc rc = sp_spool_begin(parts->spool, row->entry, &entry, err);
    if (rc == SP_OK)
        rc = sp_spool_document(entry, err);
    if (rc == SP_OK)
        rc = sp_spool_add_file(entry, sp_scan_document_fd(scan, 1), parts->with.settings->gateway.max_document, err);
    if (rc == SP_OK)
        rc = sp_spool_document_end(entry, &size, sha256, err);
    if (rc == SP_OK)
        rc = sp_spool_publish(entry, row->slip, err);
    sp_spool_entry_free(&entry);
    return rc;
}

static void
drop_entry(const struct sp_parts *parts, const char *entry)
{
    struct sp_err err = { 0 };
    if (sp_spool_remove(parts->spool, entry, &err) != SP_OK)
        sp_warn(parts->with.log, "parts: %s stays until the next start: %s", entry, err.text);
}

static enum sp_rc
store(const struct sp_parts *parts, struct sp_scan *scan, const struct sp_intake_request *request, struct incoming *in,
      struct sp_err *err)
{
    char id[SP_ULID_SIZE];
    const struct sp_part_request *part = in->part;
    const struct sp_part_slip slip = {
        .job = in->row.job,
        .n = in->row.n,
        .of = part->of,
        .run = part->run,
        .giver = part->giver,
        .touched = in->now,
        .name = part->n_names > 0 ? part->names[in->row.n - 1] : sp_scan_document_name(scan, 1),
        .request = *request,
    };
    SP_AUTO_FREE char *json = sp_part_slip_write(&slip);
    if (json == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    sp_intake_id(parts->with.intake, id);
    in->row.entry = id;
    in->row.slip = json;
    enum sp_rc rc = sp_intake_room(parts->with.intake, 0, err);
    if (rc == SP_OK)
        rc = publish(parts, scan, &in->row, err);
    if (rc == SP_OK) {
        rc = sp_batch_run(parts->with.batch, insert, in, err);
        if (rc != SP_OK || in->here)
            drop_entry(parts, id);
    }
    in->row.entry = in->row.slip = "";
    return rc;
}

/* ---- all of them ---- */

struct listing {
    const char *job;
    struct sp_arena *arena;
    struct sp_part *parts;
    size_t count;
};

static enum sp_rc
list(struct sp_db *db, void *context, struct sp_err *err)
{
    struct listing *l = context;
    return sp_part_list(db, l->job, l->arena, &l->parts, &l->count, err);
}

static enum sp_rc
forget(struct sp_db *db, void *context, struct sp_err *err)
{
    const struct listing *l = context;
    return sp_part_delete(db, l->job, err);
}

static enum sp_rc
remove_all(const struct sp_parts *parts, struct listing *l, struct sp_err *err)
{
    enum sp_rc rc = sp_batch_run(parts->with.batch, forget, l, err);
    for (size_t i = 0; rc == SP_OK && i < l->count; i++)
        drop_entry(parts, l->parts[i].entry);
    return rc;
}

static enum sp_rc
add_document(const struct sp_parts *parts, struct sp_scan *scan, const struct sp_part *part, struct sp_arena *arena,
             struct sp_err *err)
{
    struct sp_part_slip slip;
    SP_AUTO_CLOSE int fd = -1;
    enum sp_rc rc = sp_part_slip_read(part->slip, arena, &slip, err);
    if (rc == SP_OK)
        rc = sp_spool_read(parts->spool, part->entry, 1, &fd, err);
    if (rc == SP_OK)
        rc = sp_scan_document(scan, slip.name, err);
    if (rc == SP_OK)
        rc = sp_scan_write_file(scan, fd, err);
    return rc == SP_OK ? sp_scan_document_end(scan, err) : rc;
}

/* The parts through the one door. */
static enum sp_rc
hand_in(const struct sp_parts *parts, const struct listing *l, const struct sp_intake_request *request,
        char ret_id[SP_ULID_SIZE], bool *ret_repeated, struct sp_err *err)
{
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    enum sp_rc rc = sp_intake_begin(parts->with.intake, NULL, &scan, err);
    for (size_t i = 0; rc == SP_OK && i < l->count; i++)
        rc = add_document(parts, scan, &l->parts[i], l->arena, err);
    return rc == SP_OK ? sp_scan_commit(scan, request, ret_id, ret_repeated, err) : rc;
}

/* Trying again would not help: the giver is told, and gives up. */
static bool
is_final(enum sp_rc rc)
{
    return rc == SP_E_INVALID || rc == SP_E_DENIED || rc == SP_E_TYPE || rc == SP_E_TOO_LARGE || rc == SP_E_CONFLICT;
}

static enum sp_rc
finish(const struct sp_parts *parts, struct listing *l, const struct sp_intake_request *request,
       struct sp_part_result *ret, struct sp_err *err)
{
    struct sp_err later = { 0 };
    enum sp_rc rc = hand_in(parts, l, request, ret->id, &ret->repeated, err);
    ret->whole = rc == SP_OK;
    if ((rc == SP_OK || is_final(rc)) && remove_all(parts, l, &later) != SP_OK)
        sp_warn(parts->with.log, "parts: those of a print job that was made stay for now: %s", later.text);
    return rc;
}

static enum sp_rc
finish_when_whole(const struct sp_parts *parts, const struct sp_intake_request *request, const struct incoming *in,
                  struct sp_part_result *ret, struct sp_err *err)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct listing l = { .job = in->row.job, .arena = arena };
    if (arena == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = sp_batch_run(parts->with.batch, list, &l, err);
    if (rc != SP_OK)
        return rc;
    *ret = (struct sp_part_result){ .n = in->row.n, .have = (int)l.count };
    if (ret->have == in->part->of)
        return finish(parts, &l, request, ret, err);
    sp_info(parts->with.log, "parts: file %d of %d of a print job from %s is here", ret->n, in->part->of,
            request->source_name);
    return SP_OK;
}

/* ---- taking ---- */

/* Whoever names a bad address shall hear of it with the first file, not with the last. */
static enum sp_rc
check_request(const struct sp_parts *parts, const struct sp_intake_request *request, struct sp_err *err)
{
    SP_AUTO(sp_job_free) struct sp_job *trial = sp_job_new();
    if (trial == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    trial->id = "";
    return sp_route_apply(parts->with.settings, sp_intake_people(parts->with.intake), request, trial, err);
}

static enum sp_rc
check_part(const struct sp_intake_request *request, const struct sp_part_request *part, struct sp_err *err)
{
    if (request->idempotency_key == NULL || *request->idempotency_key == '\0')
        return sp_fail(err, SP_E_INVALID, "a part needs an Idempotency-Key, equal for all of its scan");
    if (part->of < 2 || part->of > SP_PARTS_MAX || part->n < 0 || part->n > part->of)
        return sp_fail(err, SP_E_INVALID, "a scan has 2 to %d parts, counted from 1", SP_PARTS_MAX);
    if (part->n_names != 0 && part->n_names != (size_t)part->of)
        return sp_fail(err, SP_E_INVALID, "there are not as many names as parts");
    return SP_OK;
}

enum sp_rc
sp_parts_take(struct sp_parts *parts, struct sp_scan *scan, const struct sp_intake_request *request,
              const struct sp_part_request *part, struct sp_part_result *ret, struct sp_err *err)
{
    SP_AUTO_FREE char *job = NULL;
    enum sp_rc rc = check_part(request, part, err);
    if (rc == SP_OK)
        rc = check_request(parts, request, err);
    if (rc != SP_OK)
        return rc;
    if (asprintf(&job, "%s %s", request->idempotency_owner, request->idempotency_key) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    struct incoming in = {
        .row = { .job = job, .entry = "", .slip = "", .run = part->run, .giver = part->giver },
        .part = part,
        .key = { request->idempotency_owner, request->idempotency_key, "" },
        .now = sp_wall_ms(parts->with.clock),
    };
    in.row.touched = in.now;
    rc = sp_batch_run(parts->with.batch, locate, &in, err);
    if (rc == SP_OK && !in.here)
        rc = store(parts, scan, request, &in, err);
    return rc == SP_OK ? finish_when_whole(parts, request, &in, ret, err) : rc;
}

enum sp_rc
sp_parts_withdraw(struct sp_parts *parts, const char *owner, const char *key, struct sp_err *err)
{
    SP_AUTO_FREE char *job = NULL;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    if (arena == NULL || asprintf(&job, "%s %s", owner, key) < 0)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    struct listing l = { .job = job, .arena = arena };
    enum sp_rc rc = sp_batch_run(parts->with.batch, list, &l, err);
    if (rc != SP_OK || l.count == 0)
        return rc;
    sp_info(parts->with.log, "parts: %zu file(s) of a print job that was cancelled are dropped", l.count);
    return remove_all(parts, &l, err);
}

/* ---- what never became whole ---- */

struct idle {
    int64_t before;
    struct sp_arena *arena;
    const char *job;
};

static enum sp_rc
find_idle(struct sp_db *db, void *context, struct sp_err *err)
{
    struct idle *what = context;
    return sp_part_idle(db, what->before, what->arena, &what->job, err);
}

/* Under a key of its own: should the print queue come back after all, the whole job is still a new one. */
static enum sp_rc
hold(const struct sp_parts *parts, struct listing *l, struct sp_part_slip *slip, struct sp_err *err)
{
    struct sp_part_result made = { 0 };
    if ((int)l->count < slip->of) {
        slip->request.held = sp_arena_format(
            l->arena,
            "the print queue handed over %zu of %d files and then no more: the job was cancelled there, or "
            "CUPS could not convert a file; a retry sends what is here",
            l->count, slip->of);
        slip->request.idempotency_key = sp_arena_format(l->arena, "%s, in part", slip->request.idempotency_key);
        if (slip->request.held == NULL || slip->request.idempotency_key == NULL)
            return sp_fail(err, SP_E_NOMEM, "out of memory");
    }
    return finish(parts, l, &slip->request, &made, err);
}

/* *ret_more: there was one. */
static enum sp_rc
sweep_one(const struct sp_parts *parts, bool *ret_more, struct sp_err *err)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_part_slip slip;
    if (arena == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    struct idle idle = { .before = sp_wall_ms(parts->with.clock) - idle_ms, .arena = arena, .job = "" };
    enum sp_rc rc = sp_batch_run(parts->with.batch, find_idle, &idle, err);
    *ret_more = rc == SP_OK && *idle.job != '\0';
    if (!*ret_more)
        return rc;
    struct listing l = { .job = idle.job, .arena = arena };
    rc = sp_batch_run(parts->with.batch, list, &l, err);
    if (rc == SP_OK && l.count > 0)
        rc = sp_part_slip_read(l.parts[l.count - 1].slip, arena, &slip, err);
    if (rc == SP_OK && l.count > 0)
        rc = hold(parts, &l, &slip, err);
    return rc == SP_E_CONFLICT ? SP_OK : rc; /* it had been made before, and what was left of it is gone now */
}

void
sp_parts_sweep(struct sp_parts *parts)
{
    struct sp_err err = { 0 };
    bool more = true;
    while (more) {
        if (sweep_one(parts, &more, &err) == SP_OK)
            continue;
        sp_warn(parts->with.log, "parts: %s", err.text);
        return; /* it stays, and an hour later is soon enough */
    }
}

/* ---- after a crash ---- */

struct recovery {
    struct sp_parts *parts;
    struct sp_db *db;
};

static enum sp_rc
adopt(const struct recovery *recovery, const char *id, struct sp_err *err)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    SP_AUTO(sp_str_free) struct sp_str json = { 0 };
    struct sp_part_slip slip;
    if (arena == NULL)
        return sp_fail(err, SP_E_NOMEM, "out of memory");
    enum sp_rc rc = sp_spool_envelope(recovery->parts->spool, id, &json, err);
    if (rc == SP_OK)
        rc = sp_part_slip_read(sp_str_text(&json), arena, &slip, err);
    if (rc != SP_OK)
        return rc;
    const struct sp_part row = {
        .job = slip.job,
        .n = slip.n,
        .entry = id,
        .run = slip.run,
        .giver = slip.giver,
        .slip = sp_str_text(&json),
        .touched = slip.touched,
    };
    rc = sp_part_insert(recovery->db, &row, err);
    return rc == SP_E_CONFLICT ? sp_spool_remove(recovery->parts->spool, id, err) : rc;
}

static enum sp_rc
look_at(void *context, const char *id, struct sp_err *err)
{
    const struct recovery *recovery = context;
    struct sp_err why = { 0 };
    bool known = false;
    enum sp_rc rc = sp_part_entry_known(recovery->db, id, &known, err);
    if (rc != SP_OK || known)
        return rc;
    if (adopt(recovery, id, &why) != SP_OK)
        sp_error(recovery->parts->with.log, "parts: %s cannot be read and stays where it is: %s", id, why.text);
    return SP_OK;
}

enum sp_rc
sp_parts_recover(struct sp_parts *parts, struct sp_db *db, struct sp_err *err)
{
    struct recovery recovery = { .parts = parts, .db = db };
    enum sp_rc rc = sp_spool_sweep(parts->spool, err);
    return rc == SP_OK ? sp_spool_each(parts->spool, look_at, &recovery, err) : rc;
}
