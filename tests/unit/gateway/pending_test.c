/* The table of names that wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "gateway/pending.h"

static void
test_names_are_found_again_and_forgotten(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(2000);
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "SCN_%04d.PDF", i);
        struct sp_pending *entry = sp_pending_add(table, name, false);
        assert_non_null(entry);
        assert_ptr_equal(sp_pending_add(table, name, false), entry);
    }
    assert_int_equal(sp_pending_count(table), 1000);
    for (int i = 0; i < 1000; i += 2) {
        snprintf(name, sizeof(name), "SCN_%04d.PDF", i);
        sp_pending_remove(table, sp_pending_find(table, name, false));
        assert_null(sp_pending_find(table, name, false));
    }
    assert_int_equal(sp_pending_count(table), 500);
    assert_non_null(sp_pending_find(table, "SCN_0999.PDF", false));
    sp_pending_free(&table);
    assert_null(table);
}

static void
test_a_full_table_takes_claims_only(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(2);
    assert_non_null(sp_pending_add(table, "a", false));
    assert_non_null(sp_pending_add(table, "b", false));
    assert_null(sp_pending_add(table, "c", false));
    assert_non_null(sp_pending_add(table, "c", true));
    assert_non_null(sp_pending_add(table, "a", false)); /* known already */
    assert_int_equal(sp_pending_count(table), 3);
    sp_pending_free(&table);
}

static void
test_a_claim_and_a_file_of_the_same_name_are_two(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(10);
    struct sp_pending *file = sp_pending_add(table, "a", false), *claim = sp_pending_add(table, "a", true);
    assert_ptr_not_equal(file, claim);
    assert_ptr_equal(sp_pending_find(table, "a", true), claim);
    sp_pending_free(&table);
}

static void
test_the_first_is_the_earliest_that_nobody_has(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(10);
    assert_null(sp_pending_first(table));
    struct sp_pending *early = sp_pending_add(table, "early", false), *late = sp_pending_add(table, "late", false);
    early->due = 1;
    late->due = 2;
    assert_ptr_equal(sp_pending_first(table), early);
    early->in_hand = true;
    assert_ptr_equal(sp_pending_first(table), late);
    early->troubled = true;
    assert_int_equal(sp_pending_troubled(table), 1);
    sp_pending_free(&table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_found_again_and_forgotten),
        cmocka_unit_test(test_a_full_table_takes_claims_only),
        cmocka_unit_test(test_a_claim_and_a_file_of_the_same_name_are_two),
        cmocka_unit_test(test_the_first_is_the_earliest_that_nobody_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
