/* The drop-in that lets the service see a folder: which folders need one, and that a path stays one word of the unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "gateway/doctor/sight.h"

static void
test_only_folders_outside_srv_need_a_file(void **state)
{
    (void)state;
    assert_false(sp_sight_needs_file("/srv"));
    assert_false(sp_sight_needs_file("/srv/scans"));
    assert_false(sp_sight_needs_file("//srv/scans"));
    assert_true(sp_sight_needs_file("/srv2/scans"));
    assert_true(sp_sight_needs_file("/data/srv/scans"));
    assert_true(sp_sight_needs_file("/home/alice/scans"));
}

static void
test_a_path_stays_one_word(void **state)
{
    static const struct {
        const char *path, *lines;
    } rows[] = {
        { "/data/scans", "[Service]\nBindPaths=\"-/data/scans\"\nReadWritePaths=\"-/data/scans\"\n" },
        { "/data/50% off: \"a\\b\"", "[Service]\nBindPaths=\"-/data/50%% off: "
                                     "\\\"a\\\\b\\\"\"\nReadWritePaths=\"-/data/50%% off: \\\"a\\\\b\\\"\"\n" },
        { "/home/alice's",
          "[Service]\nProtectHome=no\nBindPaths=\"-/home/alice's\"\nReadWritePaths=\"-/home/alice's\"\n" },
        { "/root", "[Service]\nProtectHome=no\nBindPaths=\"-/root\"\nReadWritePaths=\"-/root\"\n" },
        { "/homes/a", "[Service]\nBindPaths=\"-/homes/a\"\nReadWritePaths=\"-/homes/a\"\n" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        SP_AUTO(sp_str_free) struct sp_str wanted = { 0 };
        sp_str_addf(&wanted, SP_SIGHT_MARK "lets the service see the drop folder x. See scanpostd(8).\n%s",
                    rows[i].lines);
        assert_int_equal(sp_sight_add(&text, "x", rows[i].path, NULL), SP_OK);
        assert_string_equal(sp_str_text(&text), sp_str_text(&wanted));
    }
}

static void
test_a_path_that_would_be_more_than_a_line_is_refused(void **state)
{
    static const char *const paths[] = { "/data/a\nExecStart=/bin/sh", "/data/a\tb", "/data/\xff", "data", "" };
    (void)state;
    for (size_t i = 0; i < SP_LEN(paths); i++) {
        SP_AUTO(sp_str_free) struct sp_str text = { 0 };
        struct sp_err err = { 0 };
        assert_int_equal(sp_sight_add(&text, "x", paths[i], &err), SP_E_INVALID);
        assert_int_equal(text.len, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_folders_outside_srv_need_a_file),
        cmocka_unit_test(test_a_path_stays_one_word),
        cmocka_unit_test(test_a_path_that_would_be_more_than_a_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
