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
    sp_pending_set_due(table, early, 1);
    sp_pending_set_due(table, late, 2);
    assert_ptr_equal(sp_pending_first(table), early);
    sp_pending_take(table, early);
    assert_true(sp_pending_in_hand(early));
    assert_ptr_equal(sp_pending_first(table), late);
    sp_pending_give_back(table, early);
    assert_ptr_equal(sp_pending_first(table), early);
    sp_pending_set_due(table, early, 3);
    assert_ptr_equal(sp_pending_first(table), late);
    early->troubled = true;
    assert_int_equal(sp_pending_troubled(table), 1);
    sp_pending_free(&table);
}

/* Any order of coming, changing, being taken and given back. */
static void
test_whoever_waits_comes_out_in_the_order_of_time(void **state)
{
    enum { MANY = 500 };
    (void)state;
    struct sp_pending_table *table = sp_pending_new(MANY);
    struct sp_pending *entries[MANY];
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%d", i);
        entries[i] = sp_pending_add(table, name, false);
        sp_pending_set_due(table, entries[i], i * 7919 % 1000);
    }
    for (int i = 0; i < MANY; i += 3)
        sp_pending_take(table, entries[i]);
    for (int i = 0; i < MANY; i += 2)
        sp_pending_set_due(table, entries[i], i * 104729 % 1000);
    for (int i = 0; i < MANY; i += 3)
        sp_pending_give_back(table, entries[i]);
    for (int i = 0; i < MANY; i += 5)
        sp_pending_remove(table, entries[i]);
    int64_t last = -1;
    size_t count = 0;
    for (struct sp_pending *first; (first = sp_pending_first(table)) != NULL; count++) {
        assert_true(first->due >= last);
        last = first->due;
        sp_pending_take(table, first);
    }
    assert_int_equal(count, MANY - MANY / 5);
    sp_pending_free(&table);
}

static void
test_each_is_met_once_on_a_walk(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(5000);
    char name[32];
    size_t count = 0;
    assert_null(sp_pending_next(table, NULL));
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "sub/%d", i);
        assert_non_null(sp_pending_add(table, name, false));
    }
    for (struct sp_pending *one = sp_pending_next(table, NULL); one != NULL; one = sp_pending_next(table, one))
        count++;
    assert_int_equal(count, 3000);
    sp_pending_free(&table);
}

static void
test_names_lie_beside_each_other_in_one_sub_folder(void **state)
{
    (void)state;
    struct sp_pending_table *table = sp_pending_new(10);
    struct sp_pending *a = sp_pending_add(table, "alice/1.pdf", false),
                      *b = sp_pending_add(table, "alice/2.pdf", false),
                      *c = sp_pending_add(table, "bobby/1.pdf", false), *d = sp_pending_add(table, "1.pdf", false);
    assert_string_equal(sp_pending_leaf(a), "1.pdf");
    assert_string_equal(sp_pending_leaf(d), "1.pdf");
    assert_true(sp_pending_beside(a, b));
    assert_false(sp_pending_beside(a, c));
    assert_false(sp_pending_beside(a, d));
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
        cmocka_unit_test(test_whoever_waits_comes_out_in_the_order_of_time),
        cmocka_unit_test(test_each_is_met_once_on_a_walk),
        cmocka_unit_test(test_names_lie_beside_each_other_in_one_sub_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
