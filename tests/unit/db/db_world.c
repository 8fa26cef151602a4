/* db_world.c - see db_world.h. */
#include "unit/db/db_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "db/envelope.h"

int
setup_empty_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    snprintf(w->dir, sizeof(w->dir), "/tmp/scanpost-db-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    *state = w;
    return 0;
}

int
setup_world(void **state)
{
    setup_empty_world(state);
    struct world *w = *state;
    bool fresh = false;
    assert_ok(w, sp_db_migrate(w->dir, &fresh, &w->err));
    assert_true(fresh);
    assert_ok(w, sp_db_open(w->dir, 5000, &w->db, &w->err));
    return 0;
}

int
teardown_world(void **state)
{
    struct world *w = *state;
    sp_db_close(&w->db);
    assert_ok(w, sp_io_remove_tree(AT_FDCWD, w->dir, &w->err));
    free(w);
    return 0;
}

void
new_id(int64_t wall_ms, char id[SP_ULID_SIZE])
{
    static struct sp_ulid_gen gen = SP_ULID_GEN_INIT;
    sp_ulid_new(&gen, wall_ms, id);
}

struct sp_job *
make_job(const char *id)
{
    static const struct sp_job_recipient both[] = {
        { .address = "alice@contoso.com" },
        { .address = "bob@contoso.com", .cc = true },
    };
    struct sp_job *job = sp_job_new();
    assert_non_null(job);
    job->id = sp_arena_text(job->arena, id);
    job->created = NOW_MS;
    job->source = "folder";
    job->source_name = "scans";
    job->user = "alice";
    job->route = "accounting";
    job->tenant = "contoso";
    job->from = "scanner@contoso.com";
    job->subject = "Scan from scans";
    job->body = "A scan.\n";
    job->message_id = sp_arena_format(job->arena, "<%s@scan.contoso.com>", id);
    job->boundary = "=_b";
    job->folder_name = "scan.pdf";
    job->documents = sp_arena_array(job->arena, 1, sizeof(*job->documents));
    job->n_documents = 1;
    job->documents[0] = (struct sp_job_document){
        .name = "scan.pdf",
        .type = "application/pdf",
        .size = 5,
        .sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", /* of "hello" */
    };
    job->recipients = sp_arena_array(job->arena, SP_LEN(both), sizeof(*job->recipients));
    job->n_recipients = SP_LEN(both);
    memcpy(job->recipients, both, sizeof(both));
    return job;
}

void
add_job(struct world *w, const char *id)
{
    struct sp_job *job = make_job(id);
    assert_ok(w, sp_job_insert(w->db, job, &w->err));
    sp_job_free(&job);
}

struct sp_job *
load(struct world *w, const char *id)
{
    struct sp_job *job = NULL;
    assert_ok(w, sp_job_load(w->db, id, &job, &w->err));
    return job;
}

enum sp_job_state
state_of(struct world *w, const char *id)
{
    struct sp_job *job = load(w, id);
    enum sp_job_state state = job->state;
    sp_job_free(&job);
    return state;
}

void
publish(struct world *w, struct sp_spool *spool, const struct sp_job *job, const char *key)
{
    const struct sp_idempotency what = { .owner = "copier", .key = key, .digest = "d1" };
    SP_AUTO_FREE char *json = sp_envelope_write(job, key != NULL ? &what : NULL);
    struct sp_spool_entry *entry = NULL;
    uint64_t size = 0;
    char sum[SP_SHA256_HEX_SIZE];
    assert_non_null(json);
    assert_ok(w, sp_spool_begin(spool, job->id, &entry, &w->err));
    assert_ok(w, sp_spool_document(entry, &w->err));
    assert_ok(w, sp_spool_add(entry, "hello", 5, &w->err));
    assert_ok(w, sp_spool_document_end(entry, &size, sum, &w->err));
    assert_ok(w, sp_spool_publish(entry, json, &w->err));
    sp_spool_entry_free(&entry);
}
