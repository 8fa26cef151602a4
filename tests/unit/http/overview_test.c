/* overview_test.c - the sentence that says whether it works, the troubles, and what is drawn below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "db/method_state.h"
#include "house.h"
#include "web/api/troubles.h"
#include "web/api/verdict.h"

#define NOW  ((int64_t)1700000000000) /* 2023-11-14 22:13 UTC */
#define MIN  ((int64_t)60000)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

static int
set_up(void **state)
{
    *state = house_open();
    return 0;
}

static int
tear_down(void **state)
{
    house_close(*state);
    return 0;
}

static void
test_the_sentence(void **state)
{
    static const struct {
        struct sp_verdict_facts facts;
        enum sp_works works;
        const char *sentence;
    } table[] = {
        { { .methods = 2, .sent = 212, .last_accepted = NOW - 3 * MIN, .last_taken = NOW - 4 * MIN },
          SP_WORKS_YES,
          "Works: 212 scans went out in the last 24 hours, the last one 3 minutes ago." },
        { { .methods = 1,
            .sent = 1,
            .last_accepted = NOW - 1000,
            .last_taken = NOW - 2000,
            .waiting = 2,
            .oldest_waiting = NOW - 500 },
          SP_WORKS_YES,
          "Works: 1 scan went out in the last 24 hours, a moment ago; 2 on the way." },
        { { .methods = 1 }, SP_WORKS_IDLE, "Ready: no scan came yet." },
        { { .methods = 1, .last_taken = NOW - 3 * DAY, .last_accepted = NOW - 3 * DAY },
          SP_WORKS_IDLE,
          "Ready: nothing went out in the last 24 hours; the last scan came 3 days ago." },
        { { .methods = 0, .sent = 5 }, SP_WORKS_NO, "Nothing can leave: no method is enabled." },
        { { .methods = 2,
            .down = 2,
            .down_name = "direct",
            .down_reason = "Microsoft refuses our address.",
            .down_since = NOW - HOUR,
            .waiting = 12,
            .oldest_waiting = NOW - 2 * HOUR,
            .sent = 4 },
          SP_WORKS_NO,
          "Nothing leaves since 21:13: Microsoft refuses our address. 12 scans wait, the oldest for 2 hours." },
        { { .methods = 1, .down = 1, .down_name = "direct", .down_reason = "", .down_since = NOW - 2 * DAY },
          SP_WORKS_NO,
          "Nothing can leave since 2023-11-12 22:13: every method is down. No scan waits yet." },
        { { .methods = 1, .waiting = 1, .oldest_waiting = NOW - 20 * MIN, .last_accepted = NOW - DAY },
          SP_WORKS_NO,
          "Nothing leaves since 21:53: 1 scan waits, for 20 minutes, and the last one was accepted 1 day ago." },
        { { .methods = 1, .waiting = 1, .oldest_waiting = NOW - 20 * MIN },
          SP_WORKS_NO,
          "Nothing leaves since 21:53: 1 scan waits, for 20 minutes, and none was ever accepted." },
        { { .methods = 2,
            .down = 1,
            .down_name = "direct",
            .down_reason = "Microsoft refuses our address",
            .down_since = NOW - HOUR,
            .sent = 40,
            .failed = 2,
            .held = 1,
            .last_accepted = NOW - HOUR },
          SP_WORKS_PARTLY,
          "Works, with troubles: 40 scans went out in the last 24 hours, the last one 1 hour ago; 2 failed; 1 waits "
          "for a "
          "person; direct is down since 21:13: Microsoft refuses our address." },
        { { .methods = 1, .sent = 9, .waiting = 3, .oldest_waiting = NOW - HOUR, .last_accepted = NOW - MIN },
          SP_WORKS_PARTLY,
          "Works, with troubles: 9 scans went out in the last 24 hours, the last one 1 minute ago; 3 scans wait, the "
          "oldest "
          "for 1 hour." },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(table); i++) {
        SP_AUTO(sp_str_free) struct sp_str sentence = { 0 };
        struct sp_verdict_facts facts = table[i].facts;
        facts.now = NOW;
        facts.zone = "UTC";
        enum sp_works works = sp_verdict(&facts, &sentence);
        assert_string_equal(sp_str_text(&sentence), table[i].sentence);
        assert_int_equal(works, table[i].works);
    }
}

static void
test_who_must_act(void **state)
{
    (void)state;
    assert_string_equal(sp_trouble_who("direct_send_rejected"), "the administrator of Microsoft 365");
    assert_string_equal(sp_trouble_who("busy"), "nobody: it goes on by itself");
    assert_string_equal(sp_trouble_who("something_new"), "the administrator of scanpost");
}

static json_t *
get(struct house *house, const char *target)
{
    struct sp_response res;
    assert_int_equal(house_get(house, &admin, target, &res), 200);
    json_t *json = body_of(&res);
    sp_response_free(&res);
    return json;
}

static json_int_t
number(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static void
test_troubles_are_grouped_and_found(void **state)
{
    struct house *house = *state;
    char id[27], target[256];
    for (int i = 0; i < 5; i++) {
        house_job(house, "Trouble", id);
        house_settle(house, id, i < 3 ? SP_JOB_FAILED : i == 3 ? SP_JOB_HELD : SP_JOB_SENT, i < 2 ? "quota" : "tls");
    }
    json_t *view = get(house, "/api/v1/overview");
    const json_t *troubles = json_object_get(view, "troubles");
    assert_int_equal(number(view, "failed_24h"), 3);
    assert_int_equal(number(view, "sent_24h"), 1);
    assert_int_equal(number(view, "held"), 1);
    assert_int_equal(json_array_size(troubles), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *trouble = json_array_get(troubles, i);
        assert_int_equal(number(trouble, "count"), 2);
        assert_true(json_is_string(json_object_get(trouble, "since")));
        SP_AUTO(sp_str_free) struct sp_str q = { 0 };
        for (const char *c = json_string_value(json_object_get(trouble, "q")); *c != '\0'; c++)
            sp_str_add_n(&q, *c == ' ' ? "+" : c, 1);
        snprintf(target, sizeof(target), "/api/v1/jobs?q=%s", sp_str_text(&q));
        json_t *jobs = get(house, target);
        assert_int_equal(json_array_size(json_object_get(jobs, "jobs")), 2);
        json_decref(jobs);
    }
    json_decref(view);
}

static void
test_a_house_without_methods_says_so(void **state)
{
    struct house *house = *state;
    json_t *view = get(house, "/api/v1/overview");
    assert_string_equal(json_string_value(json_object_get(view, "works")), "no");
    assert_string_equal(json_string_value(json_object_get(view, "sentence")),
                        "Nothing can leave: no method is enabled.");
    assert_true(json_is_null(json_object_get(view, "oldest_waiting")));
    assert_true(json_is_array(json_object_get(view, "methods")));
    assert_true(json_is_array(json_object_get(view, "expiries")));
    assert_true(json_is_array(json_object_get(view, "sources")));
    json_decref(view);
}

static void
test_stats_count_what_happened(void **state)
{
    struct house *house = *state;
    char id[27];
    json_int_t received = 0, sent = 0, failed = 0;
    for (int i = 0; i < 4; i++) {
        house_job(house, "Counted", id);
        house_settle(house, id, i < 3 ? SP_JOB_SENT : SP_JOB_FAILED, i < 3 ? "ok" : "quota");
    }
    json_t *stats = get(house, "/api/v1/stats?since=24h");
    const json_t *buckets = json_object_get(stats, "buckets");
    assert_string_equal(json_string_value(json_object_get(stats, "bucket")), "hour");
    assert_true(json_array_size(buckets) >= 24 && json_array_size(buckets) <= 25);
    for (size_t i = 0; i < json_array_size(buckets); i++) {
        received += number(json_array_get(buckets, i), "received");
        sent += number(json_array_get(buckets, i), "sent");
        failed += number(json_array_get(buckets, i), "failed");
    }
    assert_int_equal(received, 4);
    assert_int_equal(sent, 3);
    assert_int_equal(failed, 1);
    const json_t *failures = json_object_get(stats, "failures");
    assert_int_equal(json_array_size(failures), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(failures, 0), "class")), "quota");
    assert_int_equal(number(json_object_get(stats, "delivery"), "count"), 3);
    assert_true(json_array_size(json_object_get(stats, "methods")) > 0);
    json_decref(stats);
    stats = get(house, "/api/v1/stats?since=30d&zone_offset_min=60");
    assert_string_equal(json_string_value(json_object_get(stats, "bucket")), "day");
    json_decref(stats);
    assert_int_equal(status_get(house, &admin, "/api/v1/stats?since=2000d"), 400);
    assert_int_equal(status_get(house, &admin, "/api/v1/stats?since=1h&until=2h"), 400);
    assert_int_equal(status_get(house, &nobody, "/api/v1/stats"), 401);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sentence),       cmocka_unit_test(test_who_must_act),
        TEST(test_troubles_are_grouped_and_found), TEST(test_a_house_without_methods_says_so),
        TEST(test_stats_count_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
