/* check_test.c - what a check found, as a person reads it, and the order that follows. */
#include "gateway/cli/check_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

#define STR(name) SP_AUTO(sp_str_free) struct sp_str name = { 0 }

static json_t *
parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void
test_a_step_says_what_was_said_and_how_to_mend_it(void **state)
{
    STR(out);
    (void)state;
    json_t *step = parse("{\"outcome\":\"failed\",\"title\":\"Sign-in\",\"text\":\"Switched off.\","
                         "\"reply\":\"535 5.7.139 \\u001b[2J\",\"fix\":\"An admin runs\\nSet-CASMailbox\"}");
    sp_show_check_step(&out, step);
    assert_string_equal(out.text, "  FAILED  Sign-in: Switched off.\n"
                                  "          said    535 5.7.139  [2J\n"
                                  "          mend    An admin runs\n"
                                  "                  Set-CASMailbox\n");
    json_decref(step);
}

static void
test_a_check_that_was_interrupted_is_not_well(void **state)
{
    STR(out);
    (void)state;
    json_t *check = parse("{\"method\":\"direct\",\"result\":\"interrupted\"}");
    assert_false(sp_check_is_well(check));
    sp_show_check_result(&out, check);
    assert_non_null(strstr(out.text, "restarted"));
    json_decref(check);
}

#define METHOD(name, type, tenant, proven)                                                                             \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"tenant\":\"" tenant "\",\"proven_at\":" proven "}"
#define CHECK(name, result) "{\"method\":\"" name "\",\"result\":\"" result "\"}"
#define NEVER               "null"
#define ONCE                "\"2026-11-23T12:00:00.000Z\""

static void
assert_order(const char *methods, const char *checks, const char *tenant, const char *wanted)
{
    STR(got);
    size_t i = 0;
    const json_t *name = NULL;
    json_t *all = parse(methods), *found = parse(checks);
    json_t *order = sp_recommend_order(all, found, tenant);
    json_array_foreach (order, i, name) {
        sp_str_add(&got, i == 0 ? "" : " ");
        sp_str_add(&got, json_string_value(name));
    }
    assert_string_equal(sp_str_text(&got), wanted);
    json_decref(order);
    json_decref(found);
    json_decref(all);
}

static void
test_the_order_is_that_of_the_planner(void **state)
{
    static const char checks[] = "[" CHECK("graph", "ok") "," CHECK("direct", "ok") "," CHECK("relay", "ok") "," CHECK(
        "hve", "ok") "," CHECK("broken", "failed") "]";
    (void)state;
    /* not proven: who signs in first, direct send last */
    assert_order("[" METHOD("direct", "direct", "a", NEVER) "," METHOD("graph", "graph", "a", NEVER) "," METHOD(
                     "hve", "submission", "a", NEVER) "," METHOD("relay", "relay", "a", NEVER) "]",
                 checks, "a", "relay hve graph direct");
    /* what is proven goes first */
    assert_order("[" METHOD("direct", "direct", "a",
                            ONCE) "," METHOD("relay", "relay", "a", NEVER) "," METHOD("graph", "graph", "a", ONCE) "]",
                 checks, "a", "direct graph relay");
    /* what failed, what was not checked, and what is somebody else's is out */
    assert_order("[" METHOD("broken", "submission", "a", ONCE) "," METHOD("new", "relay", "a", ONCE) "," METHOD(
                     "graph", "graph", "b", ONCE) "," METHOD("direct", "direct", "a", NEVER) "]",
                 checks, "a", "direct");
}

static void
test_what_is_not_proven_is_told_with_the_way_to_prove_it(void **state)
{
    STR(out);
    (void)state;
    json_t *methods =
        parse("[" METHOD("direct", "direct", "a", NEVER) "," METHOD("submission", "submission", "b", ONCE) "]");
    json_t *checks = parse("[" CHECK("direct", "ok") "," CHECK("submission", "failed") "]");
    sp_show_recommendation(&out, methods, checks);
    assert_non_null(strstr(out.text, "Tenant a: recommended order: direct.\n"));
    assert_non_null(strstr(out.text, "Tenant b: no method works here.\n"));
    assert_non_null(strstr(out.text, "scanpost check direct --send ADDRESS"));
    assert_null(strstr(out.text, "scanpost check submission"));
    json_decref(checks);
    json_decref(methods);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_says_what_was_said_and_how_to_mend_it),
        cmocka_unit_test(test_a_check_that_was_interrupted_is_not_well),
        cmocka_unit_test(test_the_order_is_that_of_the_planner),
        cmocka_unit_test(test_what_is_not_proven_is_told_with_the_way_to_prove_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
