/* dav_test.c - trees of paths, one an owner. */
#include "unit/db/db_world.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "db/dav.h"

static void
put(struct world *w, const char *owner, const char *path, enum sp_dav_kind kind, int64_t expires)
{
    const struct sp_dav_row row = { .path = path,
                                    .kind = kind,
                                    .job = "",
                                    .file = kind == SP_DAV_WAITING ? "f" : "",
                                    .type = "t",
                                    .sha256 = "s",
                                    .size = 10,
                                    .created = 1,
                                    .modified = (int64_t)strlen(path),
                                    .expires = expires };
    assert_ok(w, sp_dav_put(w->db, owner, &row, &w->err));
}

/* What is in a folder, newest first: "a b c". */
static void
expect_list(struct world *w, const char *folder, const char *expected)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_row *rows = NULL;
    size_t count = 0;
    char found[200] = "";
    assert_ok(w, sp_dav_list(w->db, "me", folder, NOW_MS, 100, arena, &rows, &count, &w->err));
    for (size_t i = 0; i < count; i++) {
        strcat(found, i == 0 ? "" : " ");
        strcat(found, rows[i].path);
    }
    assert_string_equal(found, expected);
}

static int
setup_tree(void **state)
{
    if (setup_world(state) != 0)
        return -1;
    struct world *w = *state;
    put(w, "me", "r/a", SP_DAV_FOLDER, NOW_MS + 1);
    put(w, "me", "r/a/bb", SP_DAV_SCAN, NOW_MS + 1);
    put(w, "me", "r/a/c/ddd", SP_DAV_WAITING, NOW_MS + 1);
    put(w, "me", "r/a/c", SP_DAV_FOLDER, NOW_MS + 1);
    put(w, "me", "r/a-not-below", SP_DAV_SCAN, NOW_MS + 1);
    put(w, "me", "r/\xc3\xa4/x", SP_DAV_SCAN, NOW_MS + 1);
    put(w, "me", "r/over", SP_DAV_SCAN, NOW_MS);
    put(w, "other", "r/a/secret", SP_DAV_SCAN, NOW_MS + 1);
    return 0;
}

static void
test_a_folder_lists_what_is_directly_in_it(void **state)
{
    expect_list(*state, "r", "r/a-not-below r/a");
    expect_list(*state, "r/a", "r/a/bb r/a/c");
    expect_list(*state, "r/\xc3\xa4", "r/\xc3\xa4/x");
    expect_list(*state, "r/nothing", "");
}

static void
test_what_is_over_is_not_found(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_row row;
    assert_int_equal(sp_dav_find(w->db, "me", "r/over", NOW_MS, arena, &row, NULL), SP_E_NOTFOUND);
    assert_ok(w, sp_dav_find(w->db, "me", "r/over", NOW_MS - 1, arena, &row, &w->err));
    assert_ok(w, sp_dav_expire(w->db, NOW_MS, &w->err));
    assert_int_equal(sp_dav_find(w->db, "me", "r/over", NOW_MS - 1, arena, &row, NULL), SP_E_NOTFOUND);
    assert_ok(w, sp_dav_find(w->db, "me", "r/a/bb", NOW_MS, arena, &row, &w->err));
    assert_int_equal(row.kind, SP_DAV_SCAN);
    assert_int_equal(row.size, 10);
}

static void
test_removing_takes_all_below_and_nothing_beside(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_row *gone = NULL;
    size_t count = 0;
    assert_ok(w, sp_dav_remove(w->db, "me", "r/a", arena, &gone, &count, &w->err));
    assert_int_equal(count, 4);
    expect_list(w, "r", "r/a-not-below");
    struct sp_dav_row row;
    assert_ok(w, sp_dav_find(w->db, "other", "r/a/secret", NOW_MS, arena, &row, &w->err));
}

static void
test_renaming_takes_all_below_along(void **state)
{
    struct world *w = *state;
    assert_ok(w, sp_dav_rename(w->db, "me", "r/a", "r/\xc3\xa4\xc3\xa4", &w->err));
    expect_list(w, "r/\xc3\xa4\xc3\xa4", "r/\xc3\xa4\xc3\xa4/bb r/\xc3\xa4\xc3\xa4/c");
    expect_list(w, "r/\xc3\xa4\xc3\xa4/c", "r/\xc3\xa4\xc3\xa4/c/ddd");
    assert_ok(w, sp_dav_rename(w->db, "me", "r/\xc3\xa4\xc3\xa4", "s", &w->err));
    expect_list(w, "s/c", "s/c/ddd");
    assert_int_equal(sp_dav_rename(w->db, "me", "s/bb", "s/c", NULL), SP_E_CONFLICT);
}

static void
test_usage_counts_what_waits(void **state)
{
    struct world *w = *state;
    struct sp_dav_usage usage;
    assert_ok(w, sp_dav_usage(w->db, "me", NOW_MS, &usage, &w->err));
    assert_int_equal(usage.folders, 2);
    assert_int_equal(usage.waiting, 1);
    assert_int_equal(usage.waiting_bytes, 10);
    assert_ok(w, sp_dav_usage(w->db, "nobody", NOW_MS, &usage, &w->err));
    assert_int_equal(usage.folders + usage.waiting, 0);
}

static void
test_locks_go_with_their_path(void **state)
{
    struct world *w = *state;
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_dav_lock lock = { .token = "t1", .path = "r/a/bb", .deep = true, .holder = "me", .expires = NOW_MS + 5 };
    struct sp_dav_lock *locks = NULL;
    struct sp_dav_row *gone = NULL;
    size_t count = 0;
    assert_ok(w, sp_dav_lock_put(w->db, "me", &lock, &w->err));
    lock.expires += 5;
    assert_ok(w, sp_dav_lock_put(w->db, "me", &lock, &w->err));
    lock.token = "t2";
    lock.path = "r/ab";
    assert_ok(w, sp_dav_lock_put(w->db, "me", &lock, &w->err));
    assert_ok(w, sp_dav_locks(w->db, "me", NOW_MS, 10, arena, &locks, &count, &w->err));
    assert_int_equal(count, 2);
    assert_int_equal(locks[0].expires, NOW_MS + 10);
    assert_ok(w, sp_dav_remove(w->db, "me", "r/a", arena, &gone, &count, &w->err));
    assert_ok(w, sp_dav_locks(w->db, "me", NOW_MS, 10, arena, &locks, &count, &w->err));
    assert_int_equal(count, 1);
    assert_string_equal(locks[0].token, "t2");
    assert_ok(w, sp_dav_lock_remove(w->db, "me", "t2", &w->err));
    assert_ok(w, sp_dav_locks(w->db, "me", NOW_MS, 10, arena, &locks, &count, &w->err));
    assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_tree, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_folder_lists_what_is_directly_in_it),
        TEST(test_what_is_over_is_not_found),
        TEST(test_removing_takes_all_below_and_nothing_beside),
        TEST(test_renaming_takes_all_below_along),
        TEST(test_usage_counts_what_waits),
        TEST(test_locks_go_with_their_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
