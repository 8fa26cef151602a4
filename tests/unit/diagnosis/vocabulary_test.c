/* vocabulary_test.c - the words of the outside contract, letter by letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backend/diagnosis/vocabulary.h"
#include "base/auto.h"

static void
test_stages_have_the_names_of_the_contract(void **state)
{
    (void)state;
    static const char *const names[] = { "",     "dns",  "connect", "banner", "ehlo",    "starttls", "tls",
                                         "auth", "mail", "rcpt",    "data",   "message", "token",    "api" };
    for (size_t i = 0; i < SP_LEN(names); i++) {
        enum sp_stage back = SP_STAGE_NONE;
        assert_string_equal(sp_stage_name((enum sp_stage)i), names[i]);
        assert_int_equal(sp_stage_parse(names[i], &back), i > 0);
        assert_int_equal(back, i);
    }
}

static void
test_classes_have_the_names_and_scopes_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        const char *name, *scope;
    } classes[] = {
        { "ok", "none" },
        { "ip_reputation", "method" },
        { "direct_send_rejected", "method" },
        { "not_attributed", "method" },
        { "auth_disabled", "method" },
        { "auth_failed", "method" },
        { "auth_required", "method" },
        { "basic_auth_retired", "method" },
        { "tls", "method" },
        { "network", "method" },
        { "sender_denied", "method" },
        { "sender_authentication", "method" },
        { "recipient_unknown", "recipient" },
        { "recipient_refused", "recipient" },
        { "quota", "recipient" },
        { "too_large", "message" },
        { "spam_content", "message" },
        { "rate_limited", "later" },
        { "busy", "later" },
        { "protocol", "job" },
        { "other", "job" },
    };
    for (size_t i = 0; i < SP_LEN(classes); i++) {
        enum sp_class back = SP_CLASS_OK;
        assert_true(sp_class_parse(classes[i].name, &back));
        assert_int_equal(back, i);
        assert_string_equal(sp_class_name(back), classes[i].name);
        assert_string_equal(sp_scope_name(sp_class_scope(back)), classes[i].scope);
    }
}

static void
test_words_of_nobody_are_refused(void **state)
{
    (void)state;
    enum sp_stage stage = SP_STAGE_RCPT;
    enum sp_class class_ = SP_CLASS_TLS;
    assert_false(sp_stage_parse("RCPT", &stage));
    assert_false(sp_class_parse("", &class_));
    assert_int_equal(stage, SP_STAGE_RCPT);
    assert_int_equal(class_, SP_CLASS_TLS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages_have_the_names_of_the_contract),
        cmocka_unit_test(test_classes_have_the_names_and_scopes_of_the_contract),
        cmocka_unit_test(test_words_of_nobody_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
