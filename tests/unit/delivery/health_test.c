/* health_test.c - when a method goes down, for how long, and how it comes back. */
#include "backend/delivery/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE, NOON = 1000000000 };

static struct sp_diagnosis
of(enum sp_class class_)
{
    return (struct sp_diagnosis){ .class_ = class_, .scope = sp_class_scope(class_), .cause = "" };
}

static bool
fails(struct sp_health *health, enum sp_class class_, enum sp_stage stage, int64_t now)
{
    struct sp_diagnosis diagnosis = of(class_);
    return sp_health_failed(health, &diagnosis, stage, now);
}

static void
test_accepted_mail_proves_a_method(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    sp_health_accepted(&health, NOON);
    assert_int_equal(health.state, SP_WAY_UP);
    assert_int_equal(health.proven_at, NOON);
    assert_int_equal(health.since, NOON);
}

static void
test_blocked_address_shuts_it_at_once(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    assert_true(fails(&health, SP_CLASS_IP_REPUTATION, SP_STAGE_RCPT, NOON));
    assert_int_equal(health.state, SP_WAY_DOWN);
    assert_int_equal(health.class_, SP_CLASS_IP_REPUTATION);
    assert_int_equal(health.retry_at, NOON + HOUR);
    assert_false(sp_health_usable(&health, false, NOON + HOUR - 1));
    assert_true(sp_health_usable(&health, false, NOON + HOUR));
}

static void
test_one_failure_to_connect_may_be_chance_two_are_not(void **state)
{
    (void)state;
    struct sp_health health = { .state = SP_WAY_UP, .proven_at = 1 };
    assert_false(fails(&health, SP_CLASS_NETWORK, SP_STAGE_CONNECT, NOON));
    assert_int_equal(health.state, SP_WAY_UP);
    assert_true(fails(&health, SP_CLASS_NETWORK, SP_STAGE_CONNECT, NOON + 1));
    assert_int_equal(health.state, SP_WAY_DOWN);
}

static void
test_a_mail_in_between_starts_the_count_anew(void **state)
{
    (void)state;
    struct sp_health health = { .state = SP_WAY_UP, .proven_at = 1 };
    assert_false(fails(&health, SP_CLASS_NETWORK, SP_STAGE_CONNECT, NOON));
    sp_health_accepted(&health, NOON + 1);
    assert_false(fails(&health, SP_CLASS_NETWORK, SP_STAGE_CONNECT, NOON + 2));
}

static void
test_what_concerns_one_recipient_leaves_it_up(void **state)
{
    (void)state;
    static const enum sp_class harmless[] = { SP_CLASS_RECIPIENT_UNKNOWN,
                                              SP_CLASS_RECIPIENT_REFUSED,
                                              SP_CLASS_QUOTA,
                                              SP_CLASS_TOO_LARGE,
                                              SP_CLASS_SPAM_CONTENT,
                                              SP_CLASS_RATE_LIMITED,
                                              SP_CLASS_BUSY,
                                              SP_CLASS_PROTOCOL,
                                              SP_CLASS_OTHER };
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        struct sp_health health = { .state = SP_WAY_UP, .proven_at = 1 };
        assert_false(fails(&health, harmless[i], SP_STAGE_RCPT, NOON));
        assert_int_equal(health.state, SP_WAY_UP);
    }
}

static void
test_time_over_lets_exactly_one_try(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    (void)fails(&health, SP_CLASS_AUTH_FAILED, SP_STAGE_AUTH, NOON);
    assert_false(sp_health_wake(&health, health.retry_at - 1));
    assert_true(sp_health_wake(&health, health.retry_at));
    assert_int_equal(health.state, SP_WAY_HALF_OPEN);
    assert_true(sp_health_usable(&health, false, health.retry_at));
    assert_false(sp_health_usable(&health, true, health.retry_at));
}

static void
test_failed_probe_rests_twice_as_long_up_to_a_limit(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    int64_t now = NOON, longest = 0;
    (void)fails(&health, SP_CLASS_IP_REPUTATION, SP_STAGE_RCPT, now);
    for (int i = 0; i < 10; i++) {
        int64_t rest = health.retry_at - now;
        assert_true(rest >= longest);
        longest = rest;
        now = health.retry_at;
        assert_true(sp_health_wake(&health, now));
        assert_true(fails(&health, SP_CLASS_IP_REPUTATION, SP_STAGE_RCPT, now));
    }
    assert_int_equal(longest, 6 * HOUR);
    assert_int_equal(health.since, NOON);
}

static void
test_successful_probe_brings_it_back(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    (void)fails(&health, SP_CLASS_TLS, SP_STAGE_TLS, NOON);
    (void)sp_health_wake(&health, health.retry_at);
    sp_health_accepted(&health, NOON + HOUR);
    assert_int_equal(health.state, SP_WAY_UP);
    assert_int_equal(health.failures, 0);
    assert_int_equal(health.class_, SP_CLASS_OK);
}

static void
test_probe_that_reaches_an_unknown_recipient_proves_the_way_open(void **state)
{
    (void)state;
    struct sp_health health = { .state = SP_WAY_HALF_OPEN, .proven_at = 5, .class_ = SP_CLASS_NETWORK };
    assert_false(fails(&health, SP_CLASS_RECIPIENT_UNKNOWN, SP_STAGE_RCPT, NOON));
    assert_int_equal(health.state, SP_WAY_UP);
}

static void
test_probe_that_is_told_to_wait_at_the_door_stays_down(void **state)
{
    (void)state;
    struct sp_health health = { .state = SP_WAY_HALF_OPEN, .class_ = SP_CLASS_NETWORK };
    assert_true(fails(&health, SP_CLASS_BUSY, SP_STAGE_BANNER, NOON));
    assert_int_equal(health.state, SP_WAY_DOWN);
    assert_true(health.retry_at > NOON);
}

static void
test_new_secrets_let_it_try_at_once(void **state)
{
    (void)state;
    struct sp_health signing_in = { 0 }, blocked = { 0 };
    (void)fails(&signing_in, SP_CLASS_AUTH_FAILED, SP_STAGE_AUTH, NOON);
    (void)fails(&blocked, SP_CLASS_IP_REPUTATION, SP_STAGE_RCPT, NOON);
    assert_true(sp_health_renew(&signing_in, NOON + 1));
    assert_int_equal(signing_in.state, SP_WAY_HALF_OPEN);
    assert_false(sp_health_renew(&blocked, NOON + 1));
    assert_int_equal(blocked.state, SP_WAY_DOWN);
}

static void
test_a_walk_brings_back_what_was_down_and_proves_nothing(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    assert_false(sp_health_walked(&health, NOON)); /* it could be used before */
    assert_int_equal(health.state, SP_WAY_UNPROVEN);
    fails(&health, SP_CLASS_IP_REPUTATION, SP_STAGE_RCPT, NOON);
    assert_true(sp_health_walked(&health, NOON + MINUTE));
    assert_int_equal(health.state, SP_WAY_UNPROVEN);
    assert_int_equal(health.proven_at, 0);
    sp_health_accepted(&health, NOON);
    fails(&health, SP_CLASS_AUTH_DISABLED, SP_STAGE_AUTH, NOON);
    assert_true(sp_health_walked(&health, NOON + MINUTE));
    assert_int_equal(health.state, SP_WAY_UP);
    assert_int_equal(health.failures, 0);
}

static void
test_a_walk_cannot_clear_what_shows_only_after_it(void **state)
{
    (void)state;
    struct sp_health health = { 0 };
    fails(&health, SP_CLASS_SENDER_DENIED, SP_STAGE_MESSAGE, NOON);
    assert_true(sp_health_walked(&health, NOON + MINUTE));
    assert_int_equal(health.state, SP_WAY_DOWN);
    assert_true(sp_health_wake(&health, NOON + MINUTE)); /* one may try, at once */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_mail_proves_a_method),
        cmocka_unit_test(test_blocked_address_shuts_it_at_once),
        cmocka_unit_test(test_one_failure_to_connect_may_be_chance_two_are_not),
        cmocka_unit_test(test_a_mail_in_between_starts_the_count_anew),
        cmocka_unit_test(test_what_concerns_one_recipient_leaves_it_up),
        cmocka_unit_test(test_time_over_lets_exactly_one_try),
        cmocka_unit_test(test_failed_probe_rests_twice_as_long_up_to_a_limit),
        cmocka_unit_test(test_successful_probe_brings_it_back),
        cmocka_unit_test(test_probe_that_reaches_an_unknown_recipient_proves_the_way_open),
        cmocka_unit_test(test_probe_that_is_told_to_wait_at_the_door_stays_down),
        cmocka_unit_test(test_a_walk_brings_back_what_was_down_and_proves_nothing),
        cmocka_unit_test(test_a_walk_cannot_clear_what_shows_only_after_it),
        cmocka_unit_test(test_new_secrets_let_it_try_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
