#include "backend/smtp/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/text.h"

static enum sp_reply_step
feed(struct sp_reply *reply, const char *line)
{
    return sp_reply_line(reply, line, strlen(line));
}

static void
test_single_lines_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int code;
        const char *enhanced, *text;
    } cases[] = {
        { "250 2.1.5 Recipient OK", 250, "2.1.5", "Recipient OK" },
        { "250", 250, "", "" },
        { "250 ", 250, "", "" },
        { "354 Start mail input", 354, "", "Start mail input" },
        { "550 5.7.606 Access denied", 550, "5.7.606", "Access denied" },
        { "550;5.7.711 Unable to relay", 550, "5.7.711", "Unable to relay" },
        { "550 5.7.1", 550, "5.7.1", "" },
        { "550 4.4.4 Mail received as unauthenticated", 550, "4.4.4", "Mail received as unauthenticated" },
        { "220 1.2.3.4 is my name", 220, "", "1.2.3.4 is my name" },
        { "250 2.1.5.6 x", 250, "", "2.1.5.6 x" },
        { "250 3.0.0 x", 250, "", "3.0.0 x" },
        { "250 2.1.1000 x", 250, "", "2.1.1000 x" },
        { "334 VXNlcm5hbWU6", 334, "", "VXNlcm5hbWU6" },
        { "451 4.7.500 Server busy (S77714)", 451, "4.7.500", "Server busy (S77714)" },
    };
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        struct sp_reply reply;
        sp_reply_begin(&reply);
        assert_int_equal(feed(&reply, cases[i].line), SP_REPLY_DONE);
        assert_int_equal(reply.code, cases[i].code);
        assert_string_equal(reply.enhanced, cases[i].enhanced);
        assert_string_equal(reply.text, cases[i].text);
    }
}

static void
test_lines_are_joined_and_repeated_codes_left_out(void **state)
{
    (void)state;
    struct sp_reply reply;
    char shown[100];
    sp_reply_begin(&reply);
    assert_int_equal(feed(&reply, "550-5.7.1 first"), SP_REPLY_MORE);
    assert_int_equal(feed(&reply, "550-5.7.1 second"), SP_REPLY_MORE);
    assert_int_equal(feed(&reply, "550 third"), SP_REPLY_DONE);
    assert_string_equal(reply.text, "first\nsecond\nthird");
    sp_reply_format(&reply, shown, sizeof shown);
    assert_string_equal(shown, "550 5.7.1 first / second / third");
}

static void
test_what_is_no_reply_is_garbage(void **state)
{
    (void)state;
    static const char *const lines[] = { "",      "2",      "25",    "hello",  "600 x",    "150 x",
                                         "25x y", "2500 x", "250_x", " 250 x", "\377\376", "HTTP/1.1 400 Bad Request" };
    for (size_t i = 0; i < SP_LEN(lines); i++) {
        struct sp_reply reply;
        sp_reply_begin(&reply);
        assert_int_equal(feed(&reply, lines[i]), SP_REPLY_GARBAGE);
    }
}

static void
test_a_code_that_changes_is_garbage(void **state)
{
    (void)state;
    struct sp_reply reply;
    sp_reply_begin(&reply);
    assert_int_equal(feed(&reply, "250-a"), SP_REPLY_MORE);
    assert_int_equal(feed(&reply, "550 b"), SP_REPLY_GARBAGE);
}

static void
test_a_reply_without_end_is_garbage(void **state)
{
    (void)state;
    struct sp_reply reply;
    sp_reply_begin(&reply);
    for (int i = 0; i < SP_REPLY_LINES_MAX; i++)
        assert_int_equal(feed(&reply, "250-more"), SP_REPLY_MORE);
    assert_int_equal(feed(&reply, "250-more"), SP_REPLY_GARBAGE);
}

static void
test_a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct sp_reply reply;
    char line[8192];
    int len = snprintf(line, sizeof line, "550 5.7.1 x");
    while ((size_t)len + 3 < sizeof line)
        len += snprintf(line + len, sizeof line - (size_t)len, "\u00e4");
    sp_reply_begin(&reply);
    assert_int_equal(feed(&reply, line), SP_REPLY_DONE);
    assert_true(strlen(reply.text) >= SP_REPLY_TEXT_MAX - 2);
    assert_true(sp_utf8_valid(reply.text, strlen(reply.text)));
}

static void
test_control_characters_and_broken_utf8_are_replaced(void **state)
{
    (void)state;
    struct sp_reply reply;
    sp_reply_begin(&reply);
    assert_int_equal(feed(&reply, "550 a\033[31mb\xffz\tq\xc2\x9bq \u00fc"), SP_REPLY_DONE);
    assert_string_equal(reply.text, "a?[31mb?z q?q \u00fc");
}

static void
test_format_fits_any_buffer(void **state)
{
    (void)state;
    struct sp_reply reply;
    sp_reply_begin(&reply);
    feed(&reply, "550-5.7.1 first \u00e4\u00e4\u00e4");
    feed(&reply, "550 5.7.1 second");
    for (size_t size = 1; size < 40; size++) {
        char shown[40];
        memset(shown, 'Z', sizeof shown);
        sp_reply_format(&reply, shown, size);
        assert_true(strlen(shown) < size);
        assert_true(sp_utf8_valid(shown, strlen(shown)));
    }
    sp_reply_begin(&reply);
    char none[8] = "x";
    sp_reply_format(&reply, none, sizeof none);
    assert_string_equal(none, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_lines_are_taken_apart),
        cmocka_unit_test(test_lines_are_joined_and_repeated_codes_left_out),
        cmocka_unit_test(test_what_is_no_reply_is_garbage),
        cmocka_unit_test(test_a_code_that_changes_is_garbage),
        cmocka_unit_test(test_a_reply_without_end_is_garbage),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
        cmocka_unit_test(test_control_characters_and_broken_utf8_are_replaced),
        cmocka_unit_test(test_format_fits_any_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
