/* Which methods are recommended, by what is open. */
#include "gateway/setup/recommend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static enum sp_advice
advice(const struct sp_recommendation *rows, enum sp_method_type method)
{
    for (size_t i = 0; i < SP_METHOD_TYPES; i++)
        if (rows[i].method == method)
            return rows[i].advice;
    fail_msg("no row for %d", (int)method);
    return SP_ADVICE_NO;
}

static void
test_what_is_open_decides(void **state)
{
    static const struct {
        enum sp_door_state smtp, submission, https;
        bool microsoft;
        enum sp_advice direct, relay, by_submission, graph;
    } rows[] = {
        { SP_DOOR_OPEN, SP_DOOR_OPEN, SP_DOOR_OPEN, true, SP_ADVICE_YES, SP_ADVICE_POSSIBLE, SP_ADVICE_YES,
          SP_ADVICE_POSSIBLE },
        { SP_DOOR_SHUT, SP_DOOR_OPEN, SP_DOOR_OPEN, true, SP_ADVICE_NO, SP_ADVICE_NO, SP_ADVICE_YES,
          SP_ADVICE_POSSIBLE },
        { SP_DOOR_SHUT, SP_DOOR_SHUT, SP_DOOR_OPEN, true, SP_ADVICE_NO, SP_ADVICE_NO, SP_ADVICE_NO, SP_ADVICE_YES },
        { SP_DOOR_OPEN, SP_DOOR_OPEN, SP_DOOR_SHUT, true, SP_ADVICE_YES, SP_ADVICE_POSSIBLE, SP_ADVICE_NO,
          SP_ADVICE_NO },
        { SP_DOOR_UNTRIED, SP_DOOR_OPEN, SP_DOOR_OPEN, false, SP_ADVICE_NO, SP_ADVICE_NO, SP_ADVICE_YES,
          SP_ADVICE_POSSIBLE },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct sp_recommendation got[SP_METHOD_TYPES];
        struct sp_facts facts = { .mx_found = true, .mx_microsoft = rows[i].microsoft, .mx = "mx.example" };
        facts.smtp.state = rows[i].smtp;
        facts.submission.state = rows[i].submission;
        facts.https.state = rows[i].https;
        sp_recommend(&facts, false, got);
        assert_int_equal(advice(got, SP_TYPE_DIRECT), rows[i].direct);
        assert_int_equal(advice(got, SP_TYPE_RELAY), rows[i].relay);
        assert_int_equal(advice(got, SP_TYPE_SUBMISSION), rows[i].by_submission);
        assert_int_equal(advice(got, SP_TYPE_GRAPH), rows[i].graph);
        for (size_t k = 0; k < SP_METHOD_TYPES; k++)
            assert_true(strlen(got[k].why) > 20);
    }
}

static void
test_spf_record_gains_the_address_once(void **state)
{
    static const char *const rows[][3] = {
        { "", "192.0.2.1", "v=spf1 ip4:192.0.2.1 include:spf.protection.outlook.com ~all" },
        { "v=spf1 include:spf.protection.outlook.com -all", "192.0.2.1",
          "v=spf1 ip4:192.0.2.1 include:spf.protection.outlook.com -all" },
        { "v=spf1 ip4:192.0.2.10 -all", "192.0.2.1", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.10 -all" },
        { "v=spf1 -all", "2001:db8::1", "v=spf1 ip6:2001:db8::1 -all" },
        { "v=spf1 +ip4:192.0.2.1 -all", "192.0.2.1", NULL },
        { "v=spf1 IP4:192.0.2.1", "192.0.2.1", NULL },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        char record[600] = "";
        assert_int_equal(sp_spf_with(rows[i][0], rows[i][1], record, sizeof record), rows[i][2] != NULL);
        if (rows[i][2] != NULL)
            assert_string_equal(record, rows[i][2]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_open_decides),
        cmocka_unit_test(test_spf_record_gains_the_address_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
