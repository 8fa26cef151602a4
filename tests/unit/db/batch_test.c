/* batch_test.c - group commit under many callers. */
#include "unit/db/db_world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static enum sp_rc
insert(struct sp_db *db, void *context, struct sp_err *err)
{
    return sp_job_insert(db, context, err);
}

/* Writes first, then fails: what it wrote must be undone. */
static enum sp_rc
insert_and_fail(struct sp_db *db, void *context, struct sp_err *err)
{
    enum sp_rc rc = sp_job_insert(db, context, err);
    return rc == SP_OK ? sp_fail(err, SP_E_DENIED, "changed my mind") : rc;
}

static void
test_a_commit_is_seen_by_another_connection(void **state)
{
    struct world *w = *state;
    struct sp_batch *batch = NULL;
    char id[SP_ULID_SIZE];
    new_id(NOW_MS, id);
    struct sp_job *job = make_job(id);
    assert_ok(w, sp_batch_open(w->dir, &batch, &w->err));
    assert_ok(w, sp_batch_run(batch, insert, job, &w->err));
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
    sp_batch_close(&batch);
    sp_job_free(&job);
}

static void
test_the_reason_of_a_failed_piece_reaches_its_caller(void **state)
{
    struct world *w = *state;
    struct sp_batch *batch = NULL;
    char id[SP_ULID_SIZE];
    bool exists = true;
    new_id(NOW_MS, id);
    struct sp_job *job = make_job(id);
    assert_ok(w, sp_batch_open(w->dir, &batch, &w->err));
    assert_int_equal(sp_batch_run(batch, insert_and_fail, job, &w->err), SP_E_DENIED);
    assert_string_equal(w->err.text, "changed my mind");
    assert_ok(w, sp_job_exists(w->db, id, &exists, &w->err));
    assert_false(exists);
    sp_batch_close(&batch);
    sp_job_free(&job);
}

struct caller {
    struct sp_batch *batch;
    struct sp_job *job;
    bool fails;
    enum sp_rc rc;
    pthread_t thread;
};

static void *
call(void *context)
{
    struct caller *caller = context;
    struct sp_err err = { 0 };
    caller->rc = sp_batch_run(caller->batch, caller->fails ? insert_and_fail : insert, caller->job, &err);
    return NULL;
}

enum { CALLERS = 300 };

static void
start_callers(struct caller *callers, struct sp_batch *batch)
{
    for (int i = 0; i < CALLERS; i++) {
        char id[SP_ULID_SIZE];
        new_id(NOW_MS, id);
        callers[i] = (struct caller){ .batch = batch, .job = make_job(id), .fails = i % 7 == 0, .rc = SP_E_TIMEOUT };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
}

static void
test_hundreds_at_once_and_failures_take_nobody_along(void **state)
{
    struct world *w = *state;
    struct sp_batch *batch = NULL;
    SP_AUTO_FREE struct caller *callers = calloc(CALLERS, sizeof(*callers));
    assert_non_null(callers);
    assert_ok(w, sp_batch_open(w->dir, &batch, &w->err));
    start_callers(callers, batch);
    for (int i = 0; i < CALLERS; i++) {
        bool exists = false;
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].rc, callers[i].fails ? SP_E_DENIED : SP_OK);
        assert_ok(w, sp_job_exists(w->db, callers[i].job->id, &exists, &w->err));
        assert_int_equal(exists, !callers[i].fails);
        sp_job_free(&callers[i].job);
    }
    sp_batch_close(&batch);
}

/* The other connection holds the lock while pieces pile up: they wait, share a commit, and one of them failing in the
 * middle of the pile leaves its neighbours. */
static void
test_a_pile_behind_another_writers_lock_is_committed_after_it(void **state)
{
    struct world *w = *state;
    struct sp_batch *batch = NULL;
    struct caller callers[3];
    assert_ok(w, sp_batch_open(w->dir, &batch, &w->err));
    assert_ok(w, sp_db_begin(w->db, &w->err));
    for (int i = 0; i < 3; i++) {
        char id[SP_ULID_SIZE];
        new_id(NOW_MS, id);
        callers[i] = (struct caller){ .batch = batch, .job = make_job(id), .fails = i == 1 };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    assert_ok(w, sp_db_commit(w->db, &w->err));
    for (int i = 0; i < 3; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].rc, i == 1 ? SP_E_DENIED : SP_OK);
        sp_job_free(&callers[i].job);
    }
    sp_batch_close(&batch);
}

static void
test_a_lock_that_is_not_given_back_is_busy(void **state)
{
    struct world *w = *state;
    struct sp_db *other = NULL;
    assert_ok(w, sp_db_open(w->dir, 1, &other, &w->err));
    assert_ok(w, sp_db_begin(w->db, &w->err));
    assert_int_equal(sp_db_begin(other, &w->err), SP_E_BUSY);
    sp_db_rollback(w->db);
    assert_ok(w, sp_db_begin(other, &w->err));
    sp_db_rollback(other);
    sp_db_close(&other);
}

static void
test_a_transaction_inside_one_is_undone_alone(void **state)
{
    struct world *w = *state;
    char outer[SP_ULID_SIZE];
    char inner[SP_ULID_SIZE];
    bool exists = false;
    new_id(NOW_MS, outer);
    new_id(NOW_MS, inner);
    assert_ok(w, sp_db_begin(w->db, &w->err));
    add_job(w, outer);
    assert_ok(w, sp_db_begin(w->db, &w->err));
    add_job(w, inner);
    sp_db_rollback(w->db);
    assert_ok(w, sp_db_commit(w->db, &w->err));
    assert_ok(w, sp_job_exists(w->db, inner, &exists, &w->err));
    assert_false(exists);
    assert_int_equal(state_of(w, outer), SP_JOB_QUEUED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_commit_is_seen_by_another_connection, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_reason_of_a_failed_piece_reaches_its_caller, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_hundreds_at_once_and_failures_take_nobody_along, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_pile_behind_another_writers_lock_is_committed_after_it, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_lock_that_is_not_given_back_is_busy, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_transaction_inside_one_is_undone_alone, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
