#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "backend/mail/body.h"
#include "backend/mail/header.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/str.h"
#include "base/text.h"

static void
assert_subject(const char *subject, const char *expected)
{
    struct sp_str out = { 0 };
    sp_header_text(&out, "Subject", subject);
    assert_string_equal(sp_str_text(&out), expected);
    sp_str_free(&out);
}

static void
test_subjects_as_they_are_written(void **state)
{
    (void)state;
    assert_subject("Scan", "Subject: Scan\r\n");
    assert_subject("", "Subject: \r\n");
    assert_subject("Gr\xc3\xb6\xc3\x9f"
                   "e",
                   "Subject: =?UTF-8?B?R3LDtsOfZQ==?=\r\n");
    assert_subject("=?x", "Subject: =?UTF-8?B?PT94?=\r\n"); /* would be decoded by somebody otherwise */
    assert_subject("a\r\nb\tc\x7f"
                   "d",
                   "Subject: =?UTF-8?B?YSAgYiBjIGQ=?=\r\n"); /* two spaces: a fold may lose one */
    assert_subject("\xff", "Subject: =?UTF-8?B?77+9?=\r\n");
    assert_subject("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789",
                   "Subject: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\r\n 0123456789\r\n");
}

/* Walks a folded header and checks each encoded word by itself. */
static void
assert_words_whole(const char *header, const char *text)
{
    struct sp_str all = { 0 };
    for (const char *word = strstr(header, "=?UTF-8?B?"); word != NULL; word = strstr(word, "=?UTF-8?B?")) {
        const char *end = strstr(word + 10, "?=");
        assert_non_null(end);
        assert_true(end + 2 - word <= 75);
        struct sp_str one = { 0 };
        assert_true(sp_base64_decode(&one, word + 10, (size_t)(end - word) - 10));
        assert_true(sp_utf8_valid(sp_str_text(&one), one.len)); /* no character cut in two */
        sp_str_add_n(&all, sp_str_text(&one), one.len);
        sp_str_free(&one);
        word = end;
    }
    assert_string_equal(sp_str_text(&all), text);
    sp_str_free(&all);
}

static void
test_long_subjects_fold_between_characters(void **state)
{
    static const char *const characters[] = { "\xc3\xbc", "\xe8\xab\x8b", "\xf0\x9f\x98\x80", "a\xc3\xa9" };
    (void)state;
    for (size_t i = 0; i < SP_LEN(characters); i++) {
        struct sp_str text = { 0 }, out = { 0 };
        for (int n = 0; n < 100; n++) {
            sp_str_add(&text, characters[i]);
            sp_str_cut(&out, 0);
            sp_header_text(&out, "Subject", sp_str_text(&text));
            assert_words_whole(sp_str_text(&out), sp_str_text(&text));
            for (const char *at = sp_str_text(&out); *at != '\0'; at = strstr(at, "\r\n") + 2)
                assert_true(strcspn(at, "\r") <= SP_HEADER_COLUMNS);
        }
        sp_str_free(&text);
        sp_str_free(&out);
    }
}

static void
test_mailboxes_as_they_are_written(void **state)
{
    static const struct {
        const char *display, *expected;
    } row[] = {
        { "", "From: s@contoso.com\r\n" },
        { NULL, "From: s@contoso.com\r\n" },
        { "Empfang", "From: \"Empfang\" <s@contoso.com>\r\n" },
        { "A \"B\" \\ C, D", "From: \"A \\\"B\\\" \\\\ C, D\" <s@contoso.com>\r\n" },
        { "B\xc3\xbcro", "From: =?UTF-8?B?QsO8cm8=?= <s@contoso.com>\r\n" },
        { "0123456789 0123456789 0123456789 0123456789 012345678",
          "From: \"0123456789 0123456789 0123456789 0123456789 012345678\"\r\n <s@contoso.com>\r\n" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(row); i++) {
        struct sp_str out = { 0 };
        sp_header_mailbox(&out, "From", row[i].display, "s@contoso.com");
        assert_string_equal(sp_str_text(&out), row[i].expected);
        sp_str_free(&out);
    }
}

static void
test_many_recipients_fold(void **state)
{
    const char *to[40];
    struct sp_str out = { 0 };
    (void)state;
    for (size_t i = 0; i < SP_LEN(to); i++)
        to[i] = "somebody.with.a.name@contoso.com";
    sp_header_addresses(&out, "To", to, SP_LEN(to));
    for (const char *at = sp_str_text(&out); *at != '\0'; at = strstr(at, "\r\n") + 2)
        assert_true(strcspn(at, "\r") <= SP_HEADER_COLUMNS);
    sp_str_cut(&out, 0);
    sp_header_addresses(&out, "Cc", to, 0);
    assert_int_equal(out.len, 0);
    sp_str_free(&out);
}

static void
test_dates_of_the_office(void **state)
{
    static const struct {
        int64_t ms;
        int offset;
        const char *expected;
    } row[] = {
        { 0, 0, "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n" },
        { 1795435200000, -570, "Date: Mon, 23 Nov 2026 02:30:00 -0930\r\n" },
        { 1795477500000, 330, "Date: Tue, 24 Nov 2026 05:15:00 +0530\r\n" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(row); i++) {
        struct sp_str out = { 0 };
        sp_header_date(&out, row[i].ms, row[i].offset);
        assert_string_equal(sp_str_text(&out), row[i].expected);
        sp_str_free(&out);
    }
}

static void
test_bodies_that_need_no_encoding_and_bodies_that_do(void **state)
{
    static const struct {
        const char *text, *expected;
    } row[] = {
        { "a\nb", "7bit\r\n\r\na\r\nb\r\n" },
        { "a\r\n\r\nb\r\n", "7bit\r\n\r\na\r\n\r\nb\r\n" },
        { "", "7bit\r\n\r\n" },
        { "\xc3\xbc=", "quoted-printable\r\n\r\n=C3=BC=3D\r\n" },
        { "end \n", "quoted-printable\r\n\r\nend=20\r\n" },
        { "-- \n", "quoted-printable\r\n\r\n=2D-=20\r\n" },
        { "a\rb", "quoted-printable\r\n\r\na=0Db\r\n" },
    };
    (void)state;
    for (size_t i = 0; i < SP_LEN(row); i++) {
        struct sp_str out = { 0 };
        sp_body_part(&out, row[i].text);
        assert_string_equal(strstr(sp_str_text(&out), "Encoding: ") + strlen("Encoding: "), row[i].expected);
        sp_str_free(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects_as_they_are_written),
        cmocka_unit_test(test_long_subjects_fold_between_characters),
        cmocka_unit_test(test_mailboxes_as_they_are_written),
        cmocka_unit_test(test_many_recipients_fold),
        cmocka_unit_test(test_dates_of_the_office),
        cmocka_unit_test(test_bodies_that_need_no_encoding_and_bodies_that_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
