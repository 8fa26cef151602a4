/* rebuild_test.c - the database made again from the spool. */
#include "unit/db/db_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/idempotency.h"
#include "db/rebuild.h"
#include "db/stmt.h"

static struct sp_spool *
open_spool(struct world *w)
{
    struct sp_spool *spool = NULL;
    assert_ok(w, sp_spool_open(w->dir, &spool, &w->err));
    return spool;
}

static void
publish_new(struct world *w, struct sp_spool *spool, char id[SP_ULID_SIZE], const char *key)
{
    new_id(NOW_MS, id);
    struct sp_job *job = make_job(id);
    publish(w, spool, job, key);
    sp_job_free(&job);
}

static struct sp_rebuild_counts
rebuild(struct world *w, struct sp_spool *spool, bool lost)
{
    struct sp_rebuild_counts counts;
    assert_ok(w, sp_rebuild(w->db, spool, lost, NULL, &counts, &w->err));
    return counts;
}

static bool
published(const struct world *w, const char *id)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/spool/%s", w->dir, id);
    return access(path, F_OK) == 0;
}

static void
test_an_entry_that_was_being_taken_is_queued_once(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char known[SP_ULID_SIZE];
    char unknown[SP_ULID_SIZE];
    publish_new(w, spool, known, NULL);
    add_job(w, known);
    publish_new(w, spool, unknown, "k1");
    struct sp_rebuild_counts counts = rebuild(w, spool, false);
    assert_int_equal(counts.queued, 1);
    assert_int_equal(counts.held, 0);
    struct sp_job *job = load(w, unknown);
    assert_int_equal(job->state, SP_JOB_QUEUED);
    assert_string_equal(job->subject, "Scan from scans");
    assert_int_equal(job->n_recipients, 2);
    sp_job_free(&job);
    const struct sp_idempotency what = { .owner = "copier", .key = "k1", .digest = "d1" };
    char found[27];
    assert_ok(w, sp_idempotency_find(w->db, &what, NOW_MS, found, &w->err));
    assert_string_equal(found, unknown);
    counts = rebuild(w, spool, false);
    assert_int_equal(counts.queued, 0);
    sp_spool_close(&spool);
}

static void
test_after_a_loss_everything_is_held_in_words(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char ids[3][SP_ULID_SIZE];
    for (size_t i = 0; i < 3; i++)
        publish_new(w, spool, ids[i], i > 0 ? "the same key" : NULL); /* twins are held too: nothing is thrown away */
    const struct sp_rebuild_counts counts = rebuild(w, spool, true);
    assert_int_equal(counts.held, 3);
    assert_int_equal(counts.queued, 0);
    struct sp_job *job = load(w, ids[2]);
    assert_int_equal(job->state, SP_JOB_HELD);
    assert_non_null(strstr(job->trouble, "database was lost"));
    sp_job_free(&job);
    assert_ok(w, sp_job_retry(w->db, ids[2], NOW_MS, &w->err));
    sp_spool_close(&spool);
}

static void
test_a_twin_by_its_key_is_dropped(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    const struct sp_idempotency what = { .owner = "copier", .key = "k1", .digest = "d1" };
    char winner[SP_ULID_SIZE];
    char twin[SP_ULID_SIZE];
    publish_new(w, spool, winner, "k1");
    add_job(w, winner);
    assert_ok(w, sp_idempotency_insert(w->db, &what, winner, NOW_MS, &w->err));
    publish_new(w, spool, twin, "k1");
    const struct sp_rebuild_counts counts = rebuild(w, spool, false);
    assert_int_equal(counts.queued, 0);
    bool exists = true;
    assert_ok(w, sp_job_exists(w->db, twin, &exists, &w->err));
    assert_false(exists);
    assert_false(published(w, twin));
    assert_true(published(w, winner));
    sp_spool_close(&spool);
}

/* A table that a trigger keeps has the next row already: the scan is not taken for one that was made before. */
static void
test_an_entry_that_the_database_cannot_take_is_no_twin(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    struct sp_rebuild_counts counts;
    char known[SP_ULID_SIZE], id[SP_ULID_SIZE];
    publish_new(w, spool, known, NULL);
    add_job(w, known);
    assert_ok(w, sp_db_exec(w->db, "INSERT INTO job_facet SELECT max(f), 2 FROM facet", NULL, 0, NULL, &w->err));
    publish_new(w, spool, id, NULL);
    struct sp_job *job = make_job(id);
    assert_int_equal(sp_job_insert(w->db, job, &w->err), SP_E_CORRUPT);
    sp_job_free(&job);
    assert_int_equal(sp_rebuild(w->db, spool, false, NULL, &counts, &w->err), SP_E_CORRUPT);
    assert_true(published(w, id));
    sp_spool_close(&spool);
}

static void
test_documents_that_were_to_be_deleted_go(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char id[SP_ULID_SIZE];
    publish_new(w, spool, id, NULL);
    add_job(w, id);
    assert_ok(w, sp_job_documents_deleted(w->db, id, &w->err));
    rebuild(w, spool, false);
    assert_false(published(w, id));
    sp_spool_close(&spool);
}

static void
overwrite_envelope(const struct world *w, const char *id, const char *text)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/spool/%s/envelope.json", w->dir, id);
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
test_damaged_envelopes_are_counted_and_left_alone(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char cut[SP_ULID_SIZE];
    char gone[SP_ULID_SIZE];
    char swapped[SP_ULID_SIZE];
    char good[SP_ULID_SIZE];
    char path[160];
    char other[160];
    publish_new(w, spool, cut, NULL);
    overwrite_envelope(w, cut, "{ \"version\": 1,");
    publish_new(w, spool, gone, NULL);
    snprintf(path, sizeof(path), "%s/spool/%s/envelope.json", w->dir, gone);
    assert_int_equal(unlink(path), 0);
    publish_new(w, spool, swapped, NULL);
    publish_new(w, spool, good, NULL);
    snprintf(path, sizeof(path), "%s/spool/%s/envelope.json", w->dir, swapped);
    snprintf(other, sizeof(other), "%s/spool/%s/envelope.json", w->dir, good);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(other, path), 0); /* names another id */
    const struct sp_rebuild_counts counts = rebuild(w, spool, false);
    assert_int_equal(counts.damaged, 3);
    assert_int_equal(counts.queued, 1);
    assert_int_equal(state_of(w, good), SP_JOB_QUEUED);
    assert_true(published(w, cut));
    assert_true(published(w, gone));
    sp_spool_close(&spool);
}

static void
test_more_entries_than_fit_in_one_transaction(void **state)
{
    struct world *w = *state;
    struct sp_spool *spool = open_spool(w);
    char id[SP_ULID_SIZE];
    for (int i = 0; i < 230; i++)
        publish_new(w, spool, id, NULL);
    assert_int_equal(rebuild(w, spool, false).queued, 230);
    assert_int_equal(rebuild(w, spool, false).queued, 0);
    sp_spool_close(&spool);
}

#define REBUILD_TEST(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        REBUILD_TEST(test_an_entry_that_was_being_taken_is_queued_once),
        REBUILD_TEST(test_after_a_loss_everything_is_held_in_words),
        REBUILD_TEST(test_a_twin_by_its_key_is_dropped),
        REBUILD_TEST(test_an_entry_that_the_database_cannot_take_is_no_twin),
        REBUILD_TEST(test_documents_that_were_to_be_deleted_go),
        REBUILD_TEST(test_damaged_envelopes_are_counted_and_left_alone),
        REBUILD_TEST(test_more_entries_than_fit_in_one_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
