#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

static void
test_text_grows_piece_by_piece(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str s = { 0 };
    assert_string_equal(sp_str_text(&s), "");
    sp_str_add(&s, "scan");
    sp_str_add_char(&s, '-');
    sp_str_addf(&s, "%03d", 7);
    sp_str_add_n(&s, "xyz", 1);
    sp_str_add_n(&s, NULL, 0);
    assert_string_equal(sp_str_text(&s), "scan-007x");
    assert_int_equal(s.len, 9);
    assert_false(s.failed);
}

static void
test_long_text_is_whole(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str s = { 0 };
    for (int i = 0; i < 10000; i++)
        sp_str_addf(&s, "%04d", i);
    assert_int_equal(s.len, 40000);
    assert_int_equal(strlen(s.text), 40000);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(s.text[i * 4 + 3] - '0', i % 10);
}

static void
test_zero_bytes_are_kept(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str s = { 0 };
    sp_str_add_n(&s, "a\0b", 3);
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.text, "a\0b", 4);
}

static void
test_cutting_only_shortens(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str s = { 0 };
    sp_str_cut(&s, 0);
    sp_str_add(&s, "scanner");
    sp_str_cut(&s, 99);
    assert_string_equal(s.text, "scanner");
    sp_str_cut(&s, 4);
    assert_string_equal(s.text, "scan");
    sp_str_add(&s, "s");
    assert_string_equal(s.text, "scans");
}

static void
test_room_can_be_filled_by_the_caller(void **state)
{
    (void)state;
    SP_AUTO(sp_str_free) struct sp_str s = { 0 };
    sp_str_add(&s, "a");
    memset(sp_str_more(&s, 300), 'b', 300);
    sp_str_add(&s, "c");
    assert_int_equal(s.len, 302);
    assert_int_equal(s.text[300], 'b');
    assert_int_equal(s.text[301], 'c');
}

static void
test_stolen_text_is_the_callers(void **state)
{
    (void)state;
    struct sp_str s = { 0 };
    sp_str_add(&s, "mine");
    SP_AUTO_FREE char *text = sp_str_steal(&s);
    assert_string_equal(text, "mine");
    assert_null(s.text);
    assert_int_equal(s.len, 0);
    SP_AUTO_FREE char *empty = sp_str_steal(&s);
    assert_string_equal(empty, "");
}

static void
test_after_a_failure_nothing_changes_any_more(void **state)
{
    (void)state;
    struct sp_str s = { 0 };
    sp_str_add(&s, "kept");
    assert_null(sp_str_more(&s, SIZE_MAX - 2));
    assert_true(s.failed);
    sp_str_add(&s, "more");
    sp_str_addf(&s, "%d", 1);
    sp_str_cut(&s, 1);
    assert_string_equal(sp_str_text(&s), "kept");
    assert_null(sp_str_steal(&s));
    assert_false(s.failed);
    sp_str_add(&s, "again");
    assert_string_equal(s.text, "again");
    sp_str_free(&s);
    assert_null(s.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows_piece_by_piece),
        cmocka_unit_test(test_long_text_is_whole),
        cmocka_unit_test(test_zero_bytes_are_kept),
        cmocka_unit_test(test_cutting_only_shortens),
        cmocka_unit_test(test_room_can_be_filled_by_the_caller),
        cmocka_unit_test(test_stolen_text_is_the_callers),
        cmocka_unit_test(test_after_a_failure_nothing_changes_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
