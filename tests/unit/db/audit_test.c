/* audit_test.c - who did what is kept, and wrong sign-ins cannot flood it. */
#include "unit/db/db_world.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/audit.h"

static void
add(struct world *w, enum sp_audit_action action, const char *who, const char *address, int64_t at)
{
    const struct sp_audit_row row = {
        .at = at, .who = who, .role = "admin", .address = address, .action = sp_audit_action_name(action), .object = "x"
    };
    assert_ok(w, sp_audit_add(w->db, &row, &w->err));
}

static struct sp_audit_row *
list(struct world *w, struct sp_arena *arena, int64_t before, size_t limit, size_t *ret_count)
{
    struct sp_audit_row *rows = NULL;
    assert_ok(w, sp_audit_list(w->db, before, limit, arena, &rows, ret_count, &w->err));
    return rows;
}

static void
test_the_newest_comes_first_page_by_page(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    static const char *const names[] = { "ada", "bob", "eve" };
    size_t count = 0;
    for (int i = 0; i < 3; i++)
        add(w, SP_AUDIT_JOB_RETRY, names[i], "192.0.2.1", NOW_MS + i);
    const struct sp_audit_row *rows = list(w, arena, 0, 2, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].who, "eve");
    assert_string_equal(rows[1].who, "bob");
    assert_string_equal(rows[1].action, "job_retry");
    rows = list(w, arena, rows[1].n, 2, &count);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].who, "ada");
    assert_string_equal(rows[0].detail, "");
}

static void
test_every_action_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < SP_AUDIT_ACTIONS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(sp_audit_action_name((enum sp_audit_action)i),
                                    sp_audit_action_name((enum sp_audit_action)k));
}

static void
test_wrong_sign_ins_in_a_row_are_one_row_an_hour(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    size_t count = 0;
    add(w, SP_AUDIT_SIGN_IN_FAILED, "ada", "192.0.2.1", NOW_MS);
    add(w, SP_AUDIT_SIGN_IN, "bob", "192.0.2.1", NOW_MS + 1);
    add(w, SP_AUDIT_SIGN_IN, "bob", "192.0.2.1", NOW_MS + 2);
    add(w, SP_AUDIT_SIGN_IN_FAILED, "ada", "192.0.2.1", NOW_MS + SP_AUDIT_FOLD_MS - 1);
    const struct sp_audit_row *rows = list(w, arena, 0, 10, &count);
    assert_int_equal(count, 3);
    assert_int_equal(rows[2].count, 2);
    assert_int_equal(rows[2].at, NOW_MS + SP_AUDIT_FOLD_MS - 1);
    add(w, SP_AUDIT_SIGN_IN_FAILED, "ada", "192.0.2.1", rows[2].at + SP_AUDIT_FOLD_MS);
    add(w, SP_AUDIT_SIGN_IN_FAILED, "ada", "192.0.2.2", NOW_MS);
    add(w, SP_AUDIT_SIGN_IN_FAILED, "", "192.0.2.1", NOW_MS);
    list(w, arena, 0, 10, &count);
    assert_int_equal(count, 6);
}

static void
test_wrong_sign_ins_push_out_only_their_like(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    size_t count = 0;
    add(w, SP_AUDIT_USER_ADD, "ada", "", NOW_MS);
    assert_ok(w, sp_db_begin(w->db, &w->err));
    for (int i = 0; i < SP_AUDIT_FAILED_MAX + 50; i++) {
        char address[32];
        snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
        add(w, SP_AUDIT_SIGN_IN_FAILED, "", address, NOW_MS + i);
    }
    assert_ok(w, sp_db_commit(w->db, &w->err));
    const struct sp_audit_row *rows = list(w, arena, 0, SP_AUDIT_FAILED_MAX + 100, &count);
    assert_int_equal(count, SP_AUDIT_FAILED_MAX + 1);
    assert_string_equal(rows[count - 1].action, "user_add");
    assert_string_equal(rows[count - 2].address, "10.0.0.50");
}

static void
test_old_rows_are_forgotten(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    size_t count = 0;
    for (int i = 0; i < 5; i++)
        add(w, SP_AUDIT_JOB_CANCEL, "ada", "", NOW_MS + i);
    assert_ok(w, sp_audit_forget(w->db, NOW_MS + 3, 2, &w->err));
    list(w, arena, 0, 10, &count);
    assert_int_equal(count, 3);
    assert_ok(w, sp_audit_forget(w->db, NOW_MS + 3, 2, &w->err));
    assert_int_equal(list(w, arena, 0, 10, &count)[0].at, NOW_MS + 4);
    assert_int_equal(count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_newest_comes_first_page_by_page),
        cmocka_unit_test(test_every_action_has_a_word_of_its_own),
        TEST(test_wrong_sign_ins_in_a_row_are_one_row_an_hour),
        TEST(test_wrong_sign_ins_push_out_only_their_like),
        TEST(test_old_rows_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
