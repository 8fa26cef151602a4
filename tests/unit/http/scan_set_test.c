/* The form field of a scan that comes in several requests: what is taken, and everything else that is not. */
#include "web/api/scan_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/auto.h"

static enum sp_rc
read_set(const char *json, struct sp_arena *arena, struct sp_part_request *ret)
{
    struct sp_err err = { 0 };
    return sp_scan_set_read(json, arena, ret, &err);
}

static void
test_a_set_is_read(void **state)
{
    SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
    struct sp_part_request set;
    (void)state;
    assert_int_equal(
        read_set("{\"n\":2,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[\"a\",\"b\",\"c\"]}", arena, &set), SP_OK);
    assert_int_equal(set.n, 2);
    assert_int_equal(set.of, 3);
    assert_string_equal(set.run, "r");
    assert_string_equal(set.giver, "g");
    assert_int_equal(set.n_names, 3);
    assert_string_equal(set.names[2], "c");
}

static void
test_a_set_that_is_anything_else_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"n\":2,\"of\":3,\"run\":\"r\",\"giver\":\"g\"}",
        "{\"n\":2,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":{}}",
        "{\"n\":2,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[1]}",
        "{\"n\":2,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[],\"more\":1}",
        "{\"n\":-1,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[]}",
        "{\"n\":1,\"of\":1001,\"run\":\"r\",\"giver\":\"g\",\"names\":[]}",
        "{\"n\":\"1\",\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[]}",
        "{\"n\":1,\"of\":3,\"run\":\"\",\"giver\":\"g\",\"names\":[]}",
        "{\"n\":1,\"of\":3,\"run\":\"r\",\"giver\":\"a\\nb\",\"names\":[]}",
        "{\"n\":1,\"n\":1,\"of\":3,\"run\":\"r\",\"giver\":\"g\",\"names\":[]}",
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(wrong); i++) {
        SP_AUTO(sp_arena_free) struct sp_arena *arena = sp_arena_new();
        struct sp_part_request set;
        assert_int_equal(read_set(wrong[i], arena, &set), SP_E_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_is_read),
        cmocka_unit_test(test_a_set_that_is_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
