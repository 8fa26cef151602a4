#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static int
setup(void **state)
{
    *state = sp_arena_new();
    return *state == NULL;
}

static int
teardown(void **state)
{
    struct sp_arena *arena = *state;
    sp_arena_free(&arena);
    return arena != NULL;
}

static void
test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    unsigned char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = sp_arena_zalloc(*state, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i % 251);
}

static void
test_large_piece_does_not_disturb_small_ones(void **state)
{
    char *before = sp_arena_text(*state, "before");
    unsigned char *large = sp_arena_zalloc(*state, 1 << 20);
    char *after = sp_arena_text(*state, "after");
    memset(large, 0xff, 1 << 20);
    assert_string_equal(before, "before");
    assert_string_equal(after, "after");
}

static void
test_large_piece_comes_first(void **state)
{
    unsigned char *large = sp_arena_zalloc(*state, 100000);
    memset(large, 0xff, 100000);
    char *text = sp_arena_text(*state, "small");
    assert_string_equal(text, "small");
    assert_int_equal(large[99999], 0xff);
}

static void
test_impossible_size_is_null(void **state)
{
    assert_null(sp_arena_array(*state, SIZE_MAX / 2, 3));
    assert_null(sp_arena_zalloc(*state, SIZE_MAX));
    assert_null(sp_arena_zalloc(*state, SIZE_MAX - 8));
}

static void
test_texts_are_copies(void **state)
{
    char original[] = "scan";
    char *copy = sp_arena_text(*state, original);
    original[0] = 'X';
    assert_string_equal(copy, "scan");
    assert_string_equal(sp_arena_text_n(*state, "scanner", 4), "scan");
    assert_string_equal(sp_arena_text(*state, ""), "");
    assert_null(sp_arena_text(*state, NULL));
}

static void
test_format_has_the_room_it_needs(void **state)
{
    char *text = sp_arena_format(*state, "%s-%05d", "job", 42);
    assert_string_equal(text, "job-00042");
    text = sp_arena_format(*state, "%5000s", "x");
    assert_int_equal(strlen(text), 5000);
}

static void
test_freeing_nothing_is_fine(void **state)
{
    (void)state;
    struct sp_arena *none = NULL;
    sp_arena_free(&none);
    assert_null(none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces_are_zeroed_aligned_and_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_piece_does_not_disturb_small_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_piece_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible_size_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_are_copies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_format_has_the_room_it_needs, setup, teardown),
        cmocka_unit_test(test_freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
