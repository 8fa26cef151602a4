/* Another process holds the database for longer than anybody waits (half a minute; so this test has a program of its
 * own): the giver is told, and the spool keeps nothing that would become a second job later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/auto.h"
#include "db/db.h"
#include "gateway/intake.h"
#include "world.h"

static int
setup(void **state)
{
    *state = world_open("/tmp");
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

static enum sp_rc
post(struct world *w)
{
    struct sp_intake_request request = { .source = "http", .source_name = "mfp-1", .route = "accounting" };
    SP_AUTO(sp_scan_free) struct sp_scan *scan = NULL;
    struct sample pdf = sample_pdf("x");
    char id[SP_ULID_SIZE];
    bool repeated;
    assert_int_equal(sp_intake_begin(w->intake, NULL, &scan, NULL), SP_OK);
    assert_int_equal(sp_scan_document(scan, "x.pdf", NULL), SP_OK);
    assert_int_equal(sp_scan_write(scan, pdf.bytes, pdf.size, NULL), SP_OK);
    assert_int_equal(sp_scan_document_end(scan, NULL), SP_OK);
    return sp_scan_commit(scan, &request, id, &repeated, NULL);
}

static void
test_a_locked_database_is_told_and_nothing_stays(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_db_close) struct sp_db *other = NULL;
    assert_int_equal(sp_db_open(w->state, 1000, &other, NULL), SP_OK);
    assert_int_equal(sp_db_begin(other, NULL), SP_OK);
    assert_int_equal(post(w), SP_E_BUSY);
    assert_int_equal(world_spool_count(w), 0);
    sp_db_rollback(other);
    assert_int_equal(world_jobs(w, NULL), 0);
    assert_int_equal(post(w), SP_OK);
    assert_int_equal(world_jobs(w, NULL), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_locked_database_is_told_and_nothing_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
