/* paste_test.c - replies taken out of what people paste: logs, bounces, message boxes, web pages, garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "backend/diagnosis/diagnosis.h"
#include "backend/diagnosis/words.h"
#include "base/auto.h"

static const struct {
    const char *text;
    int code;
    const char *enhanced, *words;
} cases[] = {
    { "550 5.7.606 Access denied", 550, "5.7.606", "Access denied" },
    { "  550 5.7.606 Access denied\r\n", 550, "5.7.606", "Access denied\r\n" },
    { "550-5.7.1 one\n550 5.7.1 two", 550, "5.7.1", "one\n550 5.7.1 two" },
    { "550-5.7.1 one\r\n550 5.7.1 two", 550, "5.7.1", "one\r\n550 5.7.1 two" },
    { "550;5.7.711 Access denied", 550, "5.7.711", "Access denied" },
    { "550 5.7.606-649 Access denied", 550, "5.7.606", "Access denied" },
    { "550 5.7.509: Access denied", 550, "5.7.509", "Access denied" },
    { "550 5.7.236", 550, "5.7.236", "" },
    { "550", 550, "", "" },
    { "550 No such user", 550, "", "No such user" },
    { "550-No such user", 550, "", "No such user" },
    { "550: No such user", 550, "", "No such user" },
    { "250 2.1.5 Recipient OK", 250, "2.1.5", "Recipient OK" },
    { "334 VXNlcm5hbWU6", 334, "", "VXNlcm5hbWU6" },
    { "432 4.3.2 Concurrent connections limit exceeded.", 432, "4.3.2", "Concurrent connections limit exceeded." },
    { "550 #5.1.0 Address rejected", 550, "5.1.0", "Address rejected" },
    { "550 [5.7.1] no", 550, "5.7.1", "no" },
    { "550&nbsp;5.7.1 no", 550, "5.7.1", "no" },
    { "5.7.512 Access denied", 0, "5.7.512", "Access denied" },
    { "4.7.850-899 Access denied", 0, "4.7.850", "Access denied" },
    { "#5.7.1 no", 0, "5.7.1", "no" },
    { "Status: 5.1.10", 0, "5.1.10", "" },
    { "smtp;550 5.7.1 no", 550, "5.7.1", "no" },
    { "Status: 5.1.1\nDiagnostic-Code: smtp; 550 mailbox unavailable", 550, "5.1.1", "mailbox unavailable" },
    { "host mx.example[52.101.68.0] said: 550 5.7.606 banned (in reply to RCPT TO command)", 550, "5.7.606",
      "banned (in reply to RCPT TO command)" },
    { "host mx.example[52.101.68.0] said: 554 no (in reply to RCPT TO command)", 554, "",
      "no (in reply to RCPT TO command)" },
    { "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'", 550, "5.1.10",
      "RESOLVER.ADR.RecipientNotFound'" },
    { "mx #<mx #5.7.1 smtp;530 5.7.1 Client was not authenticated> #SMTP#", 530, "5.7.1",
      "Client was not authenticated> #SMTP#" },
    { "The server response was: 5.7.57 Client not authenticated to send mail.", 0, "5.7.57",
      "Client not authenticated to send mail." },
    { "SMTP Error: Could not authenticate. SMTP code: 535", 535, "", "" },
    { "HTTP/1.1 403 Forbidden", 403, "", "Forbidden" },
    { "HTTP 429 Too Many Requests", 429, "", "Too Many Requests" },
    /* Not replies */
    { "", 0, "", "" },
    { "Connection timed out", 0, "", "Connection timed out" },
    { "AADSTS7000222: expired. Timestamp: 2026-11-23 12:00:00Z", 0, "",
      "AADSTS7000222: expired. Timestamp: 2026-11-23 12:00:00Z" },
    { "{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"no\"}}", 0, "",
      "{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"no\"}}" },
    { "connect to 5.1.2.3 port 25", 0, "", "connect to 5.1.2.3 port 25" },
    { "connect to 10.5.1.250 failed", 0, "", "connect to 10.5.1.250 failed" },
    { "sent 250 scans", 0, "", "sent 250 scans" },
    { "5501 5.7.1x", 0, "", "5501 5.7.1x" },
    { "7.7.7 lucky", 0, "", "7.7.7 lucky" },
};

static void
test_replies_are_found_in_what_was_pasted(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_LEN(cases); i++) {
        struct sp_pasted got;
        sp_paste_parse(cases[i].text, &got);
        if (got.code != cases[i].code || strcmp(got.enhanced, cases[i].enhanced) != 0 ||
            strcmp(got.words, cases[i].words) != 0)
            fail_msg("'%s' gives %d '%s' '%s'", cases[i].text, got.code, got.enhanced, got.words);
    }
}

static void
test_the_words_point_into_the_text(void **state)
{
    (void)state;
    const char *text = "550 5.7.606 Access denied";
    struct sp_pasted got;
    sp_paste_parse(text, &got);
    assert_ptr_equal(got.words, text + 12);
}

static void
fill_with_garbage(char *text, size_t size, unsigned seed)
{
    for (size_t i = 0; i + 1 < size; i++) {
        seed = seed * 1103515245U + 12345U;
        char c = (char)(seed >> 16);
        text[i] = (char)(c == '\0' ? '5' : c);
    }
    text[size - 1] = '\0';
}

/* Run under the sanitizers: nothing is read beyond the text, nothing written beyond its place. */
static void
test_garbage_of_any_size_is_survived(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        size_t size = seed == 20 ? (size_t)100 * 1024 : (size_t)seed * 7;
        char *text = malloc(size);
        assert_non_null(text);
        fill_with_garbage(text, size, seed);
        struct sp_pasted pasted;
        sp_paste_parse(text, &pasted);
        assert_true(pasted.words >= text && pasted.words < text + size);
        const struct sp_event event = {
            .trouble = SP_TROUBLE_REPLY, .code = pasted.code, .enhanced = pasted.enhanced, .words = pasted.words
        };
        struct sp_diagnosis got;
        sp_diagnose(&event, NULL, &got);
        assert_true(strlen(got.summary) > 0);
        free(text);
    }
}

static void
test_a_hundred_kilobytes_of_one_digit_take_no_time(void **state)
{
    (void)state;
    size_t size = (size_t)100 * 1024;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '5', size - 1);
    text[size - 1] = '\0';
    struct sp_pasted got;
    sp_paste_parse(text, &got);
    assert_int_equal(got.code, 0);
    assert_ptr_equal(got.words, text);
    free(text);
}

static void
test_words_become_plain(void **state)
{
    (void)state;
    static const struct {
        const char *words, *plain;
    } plain[] = {
        { "  Access   DENIED\t\r\n", "access denied " },
        { "one\n550-5.7.1 two\r\n550 5.7.1 three", "one two three" },
        { "one\n> two", "one two" },
        { "doesn\xe2\x80\x99t &lt;a&gt; &#39;b&#39;&nbsp;c<br>d", "doesn't <a> 'b' c d" },
    };
    for (size_t i = 0; i < SP_LEN(plain); i++) {
        char got[64];
        sp_words_plain(got, sizeof got, plain[i].words);
        assert_string_equal(got, plain[i].plain + strspn(plain[i].plain, " "));
    }
    char small[4];
    sp_words_plain(small, sizeof small, "abcdef");
    assert_string_equal(small, "abc");
}

static void
test_phrases_match_as_written(void **state)
{
    (void)state;
    assert_true(sp_words_match("access denied", "denied"));
    assert_true(sp_words_match("access denied", "refused | access & denied"));
    assert_false(sp_words_match("access denied", "access & refused | no"));
    assert_true(sp_words_match("see attr3 here", "attr3"));
    assert_false(sp_words_match("see attr35 here", "attr3"));
    assert_false(sp_words_match("aadsts500341", "aadsts50034"));
    assert_false(sp_words_match("", "a"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_are_found_in_what_was_pasted),
        cmocka_unit_test(test_the_words_point_into_the_text),
        cmocka_unit_test(test_garbage_of_any_size_is_survived),
        cmocka_unit_test(test_a_hundred_kilobytes_of_one_digit_take_no_time),
        cmocka_unit_test(test_words_become_plain),
        cmocka_unit_test(test_phrases_match_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
