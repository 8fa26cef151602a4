/* A moment of the database is kept while others go on, and what waited then is held when it is put back. */
#include "db/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/inspect.h"
#include "db_world.h"

static enum sp_rc
add_one_more(void *context, struct sp_err *err)
{
    (void)err;
    *(bool *)context = true;
    return SP_OK;
}

static enum sp_rc
refuse(void *context, struct sp_err *err)
{
    (void)context;
    return sp_fail(err, SP_E_BUSY, "not now");
}

/* The copy as a state directory of its own. */
static void
copy_to(struct world *w, struct sp_snapshot *snapshot, const char *dir)
{
    char path[160];
    struct stat at;
    mode_t before = umask(0);
    assert_int_equal(mkdir(dir, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/scanpost.db", dir);
    assert_ok(w, sp_snapshot_copy(snapshot, path, &w->err));
    (void)umask(before);
    assert_int_equal(stat(path, &at), 0);
    assert_int_equal(at.st_mode & 0777, 0600); /* it may lie where others look */
    assert_int_not_equal(sp_snapshot_copy(snapshot, path, &w->err), SP_OK);
    w->err = (struct sp_err){ 0 };
}

static void
test_copy_is_of_the_moment_not_of_later(void **state)
{
    struct world *w = *state;
    struct sp_snapshot *snapshot = NULL;
    struct sp_inspection seen;
    char before[SP_ULID_SIZE], after[SP_ULID_SIZE], dir[128];
    bool called = false;
    size_t held = 0;
    (void)snprintf(dir, sizeof dir, "%s/copy", w->dir);
    new_id(NOW_MS, before);
    new_id(NOW_MS, after);
    add_job(w, before);
    assert_ok(w, sp_snapshot_take(w->dir, add_one_more, &called, &snapshot, &w->err));
    assert_true(called);
    add_job(w, after); /* nobody is kept from writing */
    copy_to(w, snapshot, dir);
    sp_snapshot_free(&snapshot);
    assert_ok(w, sp_snapshot_settle(dir, false, "it may have been sent", &held, &w->err));
    assert_int_equal(held, 1);
    assert_ok(w, sp_inspect(dir, NOW_MS, 0, &seen, &w->err));
    assert_int_equal(seen.jobs, 1);
    assert_string_equal(seen.damage, "");
}

static void
test_resume_changes_nothing(void **state)
{
    struct world *w = *state;
    char id[SP_ULID_SIZE];
    size_t held = 5;
    new_id(NOW_MS, id);
    add_job(w, id);
    assert_ok(w, sp_snapshot_settle(w->dir, true, "x", &held, &w->err));
    assert_int_equal(held, 0);
    assert_int_equal(state_of(w, id), SP_JOB_QUEUED);
    assert_ok(w, sp_snapshot_settle(w->dir, false, "look first", &held, &w->err));
    struct sp_job *job = load(w, id);
    assert_int_equal(job->state, SP_JOB_HELD);
    assert_string_equal(job->trouble, "look first");
    sp_job_free(&job);
}

static void
test_moment_that_is_refused_leaves_no_lock(void **state)
{
    struct world *w = *state;
    struct sp_snapshot *snapshot = NULL;
    char id[SP_ULID_SIZE];
    assert_int_equal(sp_snapshot_take(w->dir, refuse, NULL, &snapshot, &w->err), SP_E_BUSY);
    assert_null(snapshot);
    new_id(NOW_MS, id);
    add_job(w, id);
}

static void
test_missing_documents_are_seen(void **state)
{
    struct world *w = *state;
    struct sp_inspection seen;
    struct sp_spool *spool = NULL;
    char whole[SP_ULID_SIZE], gone[SP_ULID_SIZE], unknown[SP_ULID_SIZE];
    char *const ids[] = { whole, gone, unknown };
    assert_ok(w, sp_spool_open(w->dir, &spool, &w->err));
    for (size_t i = 0; i < SP_LEN(ids); i++) {
        new_id(NOW_MS, ids[i]);
        struct sp_job *job = make_job(ids[i]);
        if (i != 1)
            publish(w, spool, job, NULL);
        if (i != 2)
            assert_ok(w, sp_job_insert(w->db, job, &w->err));
        sp_job_free(&job);
    }
    assert_ok(w, sp_inspect(w->dir, NOW_MS + 1000, 500, &seen, &w->err));
    assert_int_equal(seen.missing, 1);
    assert_string_equal(seen.first_missing, gone);
    assert_int_equal(seen.orphans, 1);
    assert_string_equal(seen.first_orphan, unknown);
    assert_ok(w, sp_inspect(w->dir, NOW_MS + 1000, 5000, &seen, &w->err)); /* it may be coming in just now */
    assert_int_equal(seen.orphans, 0);
    sp_spool_close(&spool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copy_is_of_the_moment_not_of_later, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_resume_changes_nothing, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_moment_that_is_refused_leaves_no_lock, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_missing_documents_are_seen, setup_world, teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
