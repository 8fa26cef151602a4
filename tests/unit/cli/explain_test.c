/* `explain`: pasted text becomes the contract's object. Which class a reply has is tested with the diagnosis. */
#include "gateway/cli/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"

static void
test_reply_with_codes_becomes_an_object(void **state)
{
    static const char *const keys[] = { "code", "enhanced", "class", "cause", "scope", "summary", "fix" };
    json_t *e = sp_explain("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", SP_STAGE_RCPT, "direct");
    (void)state;
    for (size_t i = 0; i < SP_LEN(keys); i++)
        assert_non_null(json_object_get(e, keys[i]));
    assert_int_equal(json_integer_value(json_object_get(e, "code")), 550);
    assert_string_equal(json_string_value(json_object_get(e, "enhanced")), "5.7.606");
    assert_string_equal(json_string_value(json_object_get(e, "class")), "ip_reputation");
    assert_string_equal(json_string_value(json_object_get(e, "scope")), "method");
    json_decref(e);
}

static void
test_codes_that_are_absent_are_null(void **state)
{
    json_t *e = sp_explain("something went wrong", SP_STAGE_NONE, NULL);
    (void)state;
    assert_true(json_is_null(json_object_get(e, "code")));
    assert_true(json_is_null(json_object_get(e, "enhanced")));
    json_decref(e);
}

static void
test_line_break_written_out_is_one(void **state)
{
    json_t *folded =
        sp_explain("550-5.7.606 Access denied,\\r\\n550 5.7.606 banned sending IP [192.0.2.1]", SP_STAGE_RCPT, NULL);
    json_t *broken =
        sp_explain("550-5.7.606 Access denied,\n550 5.7.606 banned sending IP [192.0.2.1]", SP_STAGE_RCPT, NULL);
    (void)state;
    assert_true(json_equal(folded, broken));
    json_decref(folded);
    json_decref(broken);
}

static void
test_words_are_laid_out_for_people(void **state)
{
    json_t *e = json_pack("{s:s, s:s, s:s, s:s, s:s}", "class", "auth_failed", "cause", "secret_expired", "scope",
                          "method", "summary", "The secret\x1b is over.", "fix", "Make one.\nPut it there.");
    SP_AUTO(sp_str_free) struct sp_str out = { 0 };
    (void)state;
    sp_explain_put(&out, e);
    json_decref(e);
    assert_string_equal(sp_str_text(&out), "class    auth_failed (secret_expired)\n"
                                           "concerns this way is shut for now; others are tried\n"
                                           "means    The secret  is over.\n"
                                           "mend     Make one.\n         Put it there.\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_with_codes_becomes_an_object),
        cmocka_unit_test(test_codes_that_are_absent_are_null),
        cmocka_unit_test(test_line_break_written_out_is_one),
        cmocka_unit_test(test_words_are_laid_out_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
