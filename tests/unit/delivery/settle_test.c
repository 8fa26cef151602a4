/* settle_test.c - what becomes of recipients and job after an attempt. */
#include "backend/delivery/settle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct sp_report_recipient
accepted(void)
{
    return (struct sp_report_recipient){ .accepted = true };
}

static struct sp_report_recipient
refused(enum sp_scope scope, bool elsewhere)
{
    return (struct sp_report_recipient){ .refused = true, .diagnosis = { .scope = scope, .elsewhere = elsewhere } };
}

static void
test_each_recipient_settles_by_itself(void **state)
{
    (void)state;
    struct sp_report_recipient recipients[] = { accepted(), refused(SP_SCOPE_RECIPIENT, false),
                                                refused(SP_SCOPE_RECIPIENT, true), refused(SP_SCOPE_LATER, false) };
    const struct sp_report report = { .accepted = true, .recipients = recipients, .n_recipients = 4 };
    enum sp_fate fates[4];
    sp_settle_recipients(&report, fates);
    assert_int_equal(fates[0], SP_FATE_SENT);
    assert_int_equal(fates[1], SP_FATE_FAILED);
    assert_int_equal(fates[2], SP_FATE_WAITS);
    assert_int_equal(fates[3], SP_FATE_WAITS);
    assert_int_equal(sp_settle_scope(&report, fates), SP_SCOPE_LATER);
}

static void
test_accepted_at_rcpt_is_nothing_before_the_message_was_taken(void **state)
{
    (void)state;
    struct sp_report_recipient recipients[] = { accepted() };
    const struct sp_report report = { .diagnosis = { .scope = SP_SCOPE_MESSAGE },
                                      .recipients = recipients,
                                      .n_recipients = 1 };
    enum sp_fate fates[1];
    sp_settle_recipients(&report, fates);
    assert_int_equal(fates[0], SP_FATE_WAITS);
    assert_int_equal(sp_settle_scope(&report, fates), SP_SCOPE_MESSAGE);
}

static void
test_block_told_at_rcpt_is_the_methods(void **state)
{
    (void)state;
    struct sp_report_recipient recipients[] = { refused(SP_SCOPE_METHOD, false), refused(SP_SCOPE_RECIPIENT, true) };
    const struct sp_report report = { .diagnosis = { .scope = SP_SCOPE_RECIPIENT },
                                      .recipients = recipients,
                                      .n_recipients = 2 };
    enum sp_fate fates[2];
    sp_settle_recipients(&report, fates);
    assert_int_equal(sp_settle_scope(&report, fates), SP_SCOPE_METHOD);
}

static void
test_next_step(void **state)
{
    (void)state;
    static const struct sp_plan_way way;
    static const struct {
        enum sp_scope scope;
        bool maybe_sent, ways_left, may_wait, expired;
        enum sp_next next;
    } table[] = {
        { SP_SCOPE_METHOD, false, true, false, false, SP_NEXT_METHOD },
        { SP_SCOPE_METHOD, false, false, true, false, SP_NEXT_WAIT_METHOD },
        { SP_SCOPE_METHOD, false, false, false, false, SP_NEXT_WAIT_METHOD },
        { SP_SCOPE_RECIPIENT, false, true, false, false, SP_NEXT_METHOD },
        { SP_SCOPE_RECIPIENT, false, false, true, false, SP_NEXT_WAIT_METHOD },
        { SP_SCOPE_RECIPIENT, false, false, false, false, SP_NEXT_FAIL },
        { SP_SCOPE_MESSAGE, false, true, false, false, SP_NEXT_METHOD },
        { SP_SCOPE_MESSAGE, false, false, true, false, SP_NEXT_WAIT_METHOD },
        { SP_SCOPE_MESSAGE, false, false, false, false, SP_NEXT_FAIL },
        { SP_SCOPE_LATER, false, true, false, false, SP_NEXT_METHOD },
        { SP_SCOPE_LATER, false, false, false, false, SP_NEXT_LATER },
        { SP_SCOPE_JOB, false, true, false, false, SP_NEXT_METHOD },
        { SP_SCOPE_JOB, false, false, false, false, SP_NEXT_HOLD },
        { SP_SCOPE_METHOD, true, true, true, false, SP_NEXT_LATER },
        { SP_SCOPE_LATER, false, true, true, true, SP_NEXT_FAIL },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct sp_plan plan = { .order = { &way }, .count = table[i].ways_left, .may_wait = table[i].may_wait };
        enum sp_next next = sp_settle_next(table[i].scope, table[i].maybe_sent, &plan, table[i].expired);
        if (next != table[i].next)
            fail_msg("row %zu: %d instead of %d", i, (int)next, (int)table[i].next);
    }
}

static void
test_backoff_doubles_to_its_maximum_and_is_spread(void **state)
{
    (void)state;
    const struct sp_retry_settings retry = { .first_ms = 60000, .max_ms = 1800000 };
    assert_int_equal(sp_settle_backoff(&retry, 0, 500), 60000);
    assert_int_equal(sp_settle_backoff(&retry, 3, 500), 480000);
    assert_int_equal(sp_settle_backoff(&retry, 1000, 500), 1800000);
    assert_int_equal(sp_settle_backoff(&retry, 0, 0), 48000);
    assert_true(sp_settle_backoff(&retry, 0, 999) <= 72000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_recipient_settles_by_itself),
        cmocka_unit_test(test_accepted_at_rcpt_is_nothing_before_the_message_was_taken),
        cmocka_unit_test(test_block_told_at_rcpt_is_the_methods),
        cmocka_unit_test(test_next_step),
        cmocka_unit_test(test_backoff_doubles_to_its_maximum_and_is_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
