/* keys_test.c - idempotency keys, tokens, users. */
#include "unit/db/db_world.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/idempotency.h"
#include "db/identity.h"

static const int64_t day = (int64_t)24 * 3600 * 1000;
static const struct sp_idempotency first = { .owner = "copier", .key = "k1", .digest = "aa" };

static void
test_a_key_finds_its_job_for_a_day(void **state)
{
    struct world *w = *state;
    char id[27] = "";
    assert_int_equal(sp_idempotency_find(w->db, &first, NOW_MS, id, &w->err), SP_E_NOTFOUND);
    assert_ok(w, sp_idempotency_insert(w->db, &first, "job-1", NOW_MS, &w->err));
    assert_ok(w, sp_idempotency_find(w->db, &first, NOW_MS + day - 1, id, &w->err));
    assert_string_equal(id, "job-1");
    assert_int_equal(sp_idempotency_find(w->db, &first, NOW_MS + day, id, &w->err), SP_E_NOTFOUND);
}

static void
test_the_same_key_for_something_else_is_a_conflict(void **state)
{
    struct world *w = *state;
    const struct sp_idempotency other_body = { .owner = "copier", .key = "k1", .digest = "bb" };
    const struct sp_idempotency other_owner = { .owner = "uid:0", .key = "k1", .digest = "bb" };
    char id[27] = "untouched";
    assert_ok(w, sp_idempotency_insert(w->db, &first, "job-1", NOW_MS, &w->err));
    assert_int_equal(sp_idempotency_find(w->db, &other_body, NOW_MS, id, &w->err), SP_E_CONFLICT);
    assert_string_equal(id, "untouched");
    assert_int_equal(sp_idempotency_insert(w->db, &first, "job-2", NOW_MS, &w->err), SP_E_CONFLICT);
    assert_ok(w, sp_idempotency_insert(w->db, &other_owner, "job-2", NOW_MS, &w->err));
}

static void
test_a_key_is_free_again_after_a_day(void **state)
{
    struct world *w = *state;
    char id[27] = "";
    assert_ok(w, sp_idempotency_insert(w->db, &first, "job-1", NOW_MS, &w->err));
    assert_ok(w, sp_idempotency_insert(w->db, &first, "job-2", NOW_MS + day, &w->err)); /* before the sweep */
    assert_ok(w, sp_idempotency_find(w->db, &first, NOW_MS + day, id, &w->err));
    assert_string_equal(id, "job-2");
    assert_ok(w, sp_idempotency_expire(w->db, NOW_MS + 2 * day, &w->err));
    assert_ok(w, sp_idempotency_insert(w->db, &first, "job-3", NOW_MS, &w->err));
}

static void
test_tokens(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    const char *patterns[] = { "*@contoso.com", "boss@fabrikam.com" };
    const struct sp_token_row row = {
        .name = "copier", .route = "", .patterns = patterns, .n_patterns = 2, .created = NOW_MS
    };
    struct sp_token_row got;
    assert_ok(w, sp_token_insert(w->db, &row, "digest1", &w->err));
    assert_int_equal(sp_token_insert(w->db, &row, "digest2", &w->err), SP_E_CONFLICT);
    assert_ok(w, sp_token_used(w->db, "copier", NOW_MS + 5, &w->err));
    assert_ok(w, sp_token_find(w->db, "digest1", arena, &got, &w->err));
    assert_string_equal(got.name, "copier");
    assert_int_equal(got.n_patterns, 2);
    assert_string_equal(got.patterns[1], "boss@fabrikam.com");
    assert_int_equal(got.last_used, NOW_MS + 5);
    assert_int_equal(sp_token_find(w->db, "digest2", arena, &got, &w->err), SP_E_NOTFOUND);
}

static void
test_a_revoked_token_opens_nothing_and_frees_its_name(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    const struct sp_token_row row = { .name = "copier", .route = "accounting", .created = NOW_MS };
    struct sp_token_row got;
    struct sp_token_row *list = NULL;
    size_t count = 0;
    assert_ok(w, sp_token_insert(w->db, &row, "digest1", &w->err));
    assert_ok(w, sp_token_revoke(w->db, "copier", NOW_MS + 1, &w->err));
    assert_int_equal(sp_token_revoke(w->db, "copier", NOW_MS + 2, &w->err), SP_E_NOTFOUND);
    assert_int_equal(sp_token_find(w->db, "digest1", arena, &got, &w->err), SP_E_NOTFOUND);
    assert_ok(w, sp_token_insert(w->db, &row, "digest2", &w->err));
    assert_ok(w, sp_token_list(w->db, arena, &list, &count, &w->err));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].revoked, NOW_MS + 1);
    assert_int_equal(list[1].revoked, 0);
    assert_int_equal(list[1].n_patterns, 0);
}

static void
test_a_pattern_with_a_line_break_is_refused(void **state)
{
    struct world *w = *state;
    const char *patterns[] = { "a@contoso.com\n*" };
    const struct sp_token_row row = { .name = "copier", .route = "", .patterns = patterns, .n_patterns = 1 };
    assert_int_equal(sp_token_insert(w->db, &row, "digest1", &w->err), SP_E_INVALID);
}

static void
test_users(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    const struct sp_user_row row = { .name = "anna", .role = SP_ROLE_OPERATOR, .hash = "$y$1", .created = NOW_MS };
    struct sp_user_row got;
    struct sp_user_row *list = NULL;
    size_t count = 9;
    assert_ok(w, sp_user_list(w->db, arena, &list, &count, &w->err));
    assert_int_equal(count, 0);
    assert_ok(w, sp_user_insert(w->db, &row, &w->err));
    assert_int_equal(sp_user_insert(w->db, &row, &w->err), SP_E_CONFLICT);
    assert_ok(w, sp_user_set_hash(w->db, "anna", "$y$2", &w->err));
    assert_ok(w, sp_user_find(w->db, "anna", arena, &got, &w->err));
    assert_int_equal(got.role, SP_ROLE_OPERATOR);
    assert_string_equal(got.hash, "$y$2");
    assert_ok(w, sp_user_list(w->db, arena, &list, &count, &w->err));
    assert_int_equal(count, 1);
    assert_ok(w, sp_user_delete(w->db, "anna", &w->err));
    assert_int_equal(sp_user_delete(w->db, "anna", &w->err), SP_E_NOTFOUND);
    assert_int_equal(sp_user_set_hash(w->db, "anna", "$y$3", &w->err), SP_E_NOTFOUND);
    assert_int_equal(sp_user_find(w->db, "anna", arena, &got, &w->err), SP_E_NOTFOUND);
}

static void
test_no_word_parses_as_no_role(void **state)
{
    (void)state;
    enum sp_role role = SP_ROLE_NONE;
    assert_true(sp_role_parse("admin", &role));
    assert_int_equal(role, SP_ROLE_ADMIN);
    assert_false(sp_role_parse("none", &role));
    assert_false(sp_role_parse("", &role));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_finds_its_job_for_a_day, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_the_same_key_for_something_else_is_a_conflict, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_key_is_free_again_after_a_day, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_tokens, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_a_revoked_token_opens_nothing_and_frees_its_name, setup_world,
                                        teardown_world),
        cmocka_unit_test_setup_teardown(test_a_pattern_with_a_line_break_is_refused, setup_world, teardown_world),
        cmocka_unit_test_setup_teardown(test_users, setup_world, teardown_world),
        cmocka_unit_test(test_no_word_parses_as_no_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
