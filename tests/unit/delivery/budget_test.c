/* budget_test.c - seats, window, day and pace of one identity. */
#include "backend/delivery/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct sp_budget_load one = { .recipients = 1 };
static const struct sp_budget_load large = { .recipients = 1, .large = true };
static const int64_t MINUTE = 60000, HOUR = 3600000;

static struct sp_budget *
budget(unsigned connections, unsigned rate, unsigned per_day)
{
    const struct sp_budget_limits limits = { connections, { rate, rate > 0 ? MINUTE : 0 }, per_day };
    struct sp_budget *b = sp_budget_new(&limits);
    assert_non_null(b);
    return b;
}

static enum sp_room
room(struct sp_budget *b, const struct sp_budget_load *load, int64_t now)
{
    int64_t at = 0;
    return sp_budget_room(b, load, now, &at);
}

static int64_t
opens(struct sp_budget *b, const struct sp_budget_load *load, int64_t now)
{
    int64_t at = 0;
    (void)sp_budget_room(b, load, now, &at);
    return at;
}

static void
send_at(struct sp_budget *b, int64_t began, int64_t ended)
{
    sp_budget_begin(b, &one, began);
    sp_budget_end(b, &one, true, 1, ended);
}

static void
test_no_more_than_the_connections_at_a_time(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(room(b, &one, 0), SP_ROOM_FREE);
        sp_budget_begin(b, &one, 0);
    }
    assert_int_equal(room(b, &one, 0), SP_ROOM_SEATS);
    assert_false(sp_budget_sit(b));
    sp_budget_end(b, &one, true, 1, 0);
    assert_int_equal(room(b, &one, 0), SP_ROOM_FREE);
    sp_budget_free(&b);
}

static void
test_large_ones_leave_one_connection_unless_there_is_only_one(void **state)
{
    (void)state;
    static const struct {
        unsigned connections;
        size_t large;
    } cases[] = { { 1, 1 }, { 2, 1 }, { 3, 2 }, { 8, 7 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sp_budget *b = budget(cases[i].connections, 0, 0);
        assert_int_equal(sp_budget_places(b, true, 0), cases[i].large);
        assert_int_equal(sp_budget_places(b, false, 0), cases[i].connections);
        for (size_t k = 0; k < cases[i].large; k++)
            sp_budget_begin(b, &large, 0);
        assert_int_not_equal(room(b, &large, 0), SP_ROOM_FREE);
        assert_int_equal(room(b, &one, 0), cases[i].connections > 1 ? SP_ROOM_FREE : SP_ROOM_SEATS);
        sp_budget_free(&b);
    }
}

static void
test_a_message_holds_its_place_for_a_window_after_its_end(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 2, 0);
    send_at(b, 0, 100);
    sp_budget_begin(b, &one, 200); /* slow: still under way */
    assert_int_equal(room(b, &one, 300), SP_ROOM_RATE);
    assert_int_equal(opens(b, &one, 300), 100 + MINUTE);
    assert_int_equal(room(b, &one, 99 + MINUTE), SP_ROOM_RATE);
    assert_int_equal(room(b, &one, 100 + MINUTE), SP_ROOM_FREE);
    sp_budget_begin(b, &one, 100 + MINUTE);
    assert_int_equal(room(b, &one, 5 * MINUTE), SP_ROOM_RATE); /* both are under way */
    assert_true(opens(b, &one, 5 * MINUTE) > 5 * MINUTE);
    sp_budget_free(&b);
}

/* Whenever the other side counts a message between its beginning and end, none of its windows holds too many. */
static void
test_never_more_than_the_rate_in_any_window_of_theirs(void **state)
{
    (void)state;
    enum { MESSAGES = 400, RATE = 7 };
    struct sp_budget *b = budget(1, RATE, 0);
    int64_t counted[MESSAGES], now = 0;
    unsigned seed = 12345;
    for (size_t i = 0; i < MESSAGES; i++) {
        int64_t at = 0;
        while (sp_budget_room(b, &one, now, &at) != SP_ROOM_FREE)
            now = at > now ? at : now + 1;
        int64_t took = rand_r(&seed) % 3000;
        counted[i] = now + (took > 0 ? rand_r(&seed) % took : 0);
        send_at(b, now, now + took);
        now += took + rand_r(&seed) % 500;
        if (i >= RATE)
            assert_true(counted[i] - counted[i - RATE] >= MINUTE);
    }
    sp_budget_free(&b);
}

static void
test_what_was_not_begun_at_the_other_side_is_not_counted(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 1, 1);
    sp_budget_begin(b, &one, 0);
    sp_budget_end(b, &one, false, 0, 10);
    assert_int_equal(room(b, &one, 20), SP_ROOM_FREE);
    sp_budget_free(&b);
}

static void
test_the_day_slides(void **state)
{
    (void)state;
    static const struct sp_budget_load three = { .recipients = 3 };
    size_t messages = 0, recipients = 0;
    struct sp_budget *b = budget(3, 0, 10);
    for (int hour = 0; hour < 3; hour++) {
        sp_budget_begin(b, &three, hour * HOUR);
        sp_budget_end(b, &three, true, 3, hour * HOUR);
    }
    assert_int_equal(room(b, &one, 3 * HOUR), SP_ROOM_FREE); /* 9 are used */
    assert_int_equal(room(b, &three, 3 * HOUR), SP_ROOM_DAY);
    int64_t at = opens(b, &three, 3 * HOUR);
    assert_true(at >= 24 * HOUR && at <= 24 * HOUR + 10 * MINUTE);
    assert_int_equal(room(b, &three, at - 1), SP_ROOM_DAY);
    assert_int_equal(room(b, &three, at), SP_ROOM_FREE);
    sp_budget_used(b, at, &messages, &recipients);
    assert_int_equal(recipients, 6);
    assert_int_equal(room(b, &three, 400 * HOUR), SP_ROOM_FREE);
    sp_budget_used(b, 400 * HOUR, &messages, &recipients);
    assert_int_equal(recipients, 0);
    sp_budget_free(&b);
}

static void
test_recipients_under_way_count_for_the_day(void **state)
{
    (void)state;
    static const struct sp_budget_load six = { .recipients = 6 };
    struct sp_budget *b = budget(3, 0, 10);
    sp_budget_begin(b, &six, 0);
    assert_int_equal(room(b, &six, 0), SP_ROOM_DAY);
    sp_budget_end(b, &six, true, 2, 0); /* four were refused */
    assert_int_equal(room(b, &six, 0), SP_ROOM_FREE);
    sp_budget_free(&b);
}

static void
test_more_recipients_than_a_day_allows_go_alone(void **state)
{
    (void)state;
    static const struct sp_budget_load many = { .recipients = 50 };
    struct sp_budget *b = budget(3, 0, 10);
    assert_int_equal(room(b, &many, 0), SP_ROOM_FREE);
    send_at(b, 0, 0);
    assert_int_equal(room(b, &many, 0), SP_ROOM_DAY);
    assert_int_equal(room(b, &many, 25 * HOUR), SP_ROOM_FREE);
    sp_budget_free(&b);
}

static void
test_before_the_clocks_zero_is_a_time_too(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 2, 10);
    sp_budget_restore(b, -23 * HOUR, 4, 5000); /* the machine booted 5 s ago */
    sp_budget_restore(b, -30000, 4, 5000);
    sp_budget_restore(b, -20000, 1, 5000);
    assert_int_equal(room(b, &one, 5000), SP_ROOM_RATE);
    assert_int_equal(opens(b, &one, 5000), 30000);
    assert_int_equal(room(b, &one, 31000), SP_ROOM_FREE);
    static const struct sp_budget_load five = { .recipients = 5 };
    assert_int_equal(room(b, &five, 31000), SP_ROOM_DAY);
    assert_int_equal(room(b, &five, 2 * HOUR), SP_ROOM_FREE);
    sp_budget_free(&b);
}

static void
test_of_two_methods_the_stricter_limits_hold(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 30, 0);
    const struct sp_budget_limits other = { 2, { 100, 5 * MINUTE }, 10000 }; /* 20 a minute */
    assert_true(sp_budget_narrow(b, &other));
    assert_int_equal(sp_budget_limits(b)->connections, 2);
    assert_int_equal(sp_budget_limits(b)->rate.count, 100);
    assert_int_equal(sp_budget_limits(b)->per_day, 10000);
    const struct sp_budget_limits none = { 64, { 0, 0 }, 0 };
    assert_true(sp_budget_narrow(b, &none));
    assert_int_equal(sp_budget_limits(b)->rate.count, 100);
    sp_budget_free(&b);
}

static void
test_the_pace_drops_once_for_refusals_of_one_moment_and_recovers(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 0, 0);
    sp_budget_begin(b, &one, 100);
    sp_budget_begin(b, &one, 100);
    sp_budget_end(b, &one, true, 0, 150);
    sp_budget_refused(b, 100, 0, 150);
    sp_budget_end(b, &one, true, 0, 160);
    sp_budget_refused(b, 100, 0, 160); /* began before the pace was lowered */
    assert_int_equal(room(b, &one, 1000), SP_ROOM_PACE);
    assert_int_equal(opens(b, &one, 1000), 1160);
    assert_int_equal(sp_budget_places(b, false, 1000), 0);
    assert_int_equal(sp_budget_places(b, false, 1160), 1); /* not three at once */
    sp_budget_begin(b, &one, 1160);
    assert_int_equal(room(b, &one, 1161), SP_ROOM_PACE);
    for (int i = 0; i < 10; i++)
        sp_budget_accepted(b);
    assert_int_equal(room(b, &one, 1161), SP_ROOM_FREE);
    assert_int_equal(sp_budget_places(b, false, 1161), 2);
    sp_budget_free(&b);
}

static void
test_what_the_other_side_asks_for_is_respected_within_reason(void **state)
{
    (void)state;
    struct sp_budget *b = budget(3, 0, 0);
    sp_budget_refused(b, 0, 90000, 0);
    assert_int_equal(opens(b, &one, 10), 90000);
    sp_budget_refused(b, 0, INT64_C(1) << 50, 0);
    assert_int_equal(opens(b, &one, 10), HOUR);
    sp_budget_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_than_the_connections_at_a_time),
        cmocka_unit_test(test_large_ones_leave_one_connection_unless_there_is_only_one),
        cmocka_unit_test(test_a_message_holds_its_place_for_a_window_after_its_end),
        cmocka_unit_test(test_never_more_than_the_rate_in_any_window_of_theirs),
        cmocka_unit_test(test_what_was_not_begun_at_the_other_side_is_not_counted),
        cmocka_unit_test(test_the_day_slides),
        cmocka_unit_test(test_recipients_under_way_count_for_the_day),
        cmocka_unit_test(test_more_recipients_than_a_day_allows_go_alone),
        cmocka_unit_test(test_before_the_clocks_zero_is_a_time_too),
        cmocka_unit_test(test_of_two_methods_the_stricter_limits_hold),
        cmocka_unit_test(test_the_pace_drops_once_for_refusals_of_one_moment_and_recovers),
        cmocka_unit_test(test_what_the_other_side_asks_for_is_respected_within_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
