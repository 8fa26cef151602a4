#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/err.h"

static void
test_failing_fills_code_and_sentence(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    assert_int_equal(sp_fail(&err, SP_E_IO, "spool: cannot open '%s'", "x"), SP_E_IO);
    assert_int_equal(err.rc, SP_E_IO);
    assert_string_equal(err.text, "spool: cannot open 'x'");
}

static void
test_failing_without_an_err_still_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(sp_fail(NULL, SP_E_BUSY, "x"), SP_E_BUSY);
    errno = ENOSPC;
    assert_int_equal(sp_fail_errno(NULL, "x"), SP_E_NO_ROOM);
    assert_int_equal(sp_err_prefix(NULL, "x"), SP_OK);
}

static void
test_errno_becomes_code_and_words_and_stays(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum sp_rc rc;
    } rows[] = {
        { ENOSPC, SP_E_NO_ROOM }, { EDQUOT, SP_E_NO_ROOM }, { ENOENT, SP_E_NOTFOUND }, { ENOTDIR, SP_E_NOTFOUND },
        { EACCES, SP_E_DENIED },  { EPERM, SP_E_DENIED },   { EROFS, SP_E_DENIED },    { ENOMEM, SP_E_NOMEM },
        { EIO, SP_E_IO },         { ELOOP, SP_E_IO },
    };
    for (size_t i = 0; i < SP_LEN(rows); i++) {
        struct sp_err err = { 0 };
        errno = rows[i].number;
        assert_int_equal(sp_fail_errno(&err, "disk %d", 7), rows[i].rc);
        assert_int_equal(errno, rows[i].number);
        assert_int_equal(err.rc, rows[i].rc);
        assert_ptr_equal(strstr(err.text, "disk 7: "), err.text);
        assert_non_null(strstr(err.text, strerror(rows[i].number)));
    }
}

static void
test_prefix_goes_before_the_text(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    sp_fail(&err, SP_E_TLS, "handshake failed");
    assert_int_equal(sp_err_prefix(&err, "%s", "method direct"), SP_E_TLS);
    assert_string_equal(err.text, "method direct: handshake failed");
}

static void
test_text_may_quote_itself(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    sp_fail(&err, SP_E_IO, "first");
    sp_fail(&err, SP_E_IO, "second after %s", err.text);
    assert_string_equal(err.text, "second after first");
    sp_err_prefix(&err, "%s", err.text);
    assert_string_equal(err.text, "second after first: second after first");
}

static void
test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char long_text[2000];
    for (size_t i = 0; i + 2 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xc3\xa4", 2);
    long_text[sizeof long_text - 2] = '\0';
    struct sp_err err = { 0 };
    sp_fail(&err, SP_E_IO, "%s", long_text);
    size_t len = strlen(err.text);
    assert_true(len < sizeof err.text && len > sizeof err.text - 8);
    assert_string_equal(err.text + len - 3, "...");
    assert_memory_equal(err.text + len - 5, "\xc3\xa4", 2);
}

static void
test_what_a_peer_said_stays_one_line(void **state)
{
    (void)state;
    struct sp_err err = { 0 };
    sp_fail(&err, SP_E_PROTO, "peer said '%s'", "a\r\n3 forged\x1b[2J\xff");
    assert_string_equal(err.text, "peer said 'a??3 forged?[2J?'");
}

static void
test_every_code_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = SP_OK; i <= SP_E_CORRUPT; i++) {
        assert_true(strlen(sp_rc_name((enum sp_rc)i)) > 1);
        for (int k = SP_OK; k < i; k++)
            assert_string_not_equal(sp_rc_name((enum sp_rc)i), sp_rc_name((enum sp_rc)k));
    }
    assert_string_equal(sp_rc_name(SP_E_NOTFOUND), "not_found");
    assert_string_equal(sp_rc_name(SP_E_TOO_LARGE), "too_large");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failing_fills_code_and_sentence),
        cmocka_unit_test(test_failing_without_an_err_still_returns_the_code),
        cmocka_unit_test(test_errno_becomes_code_and_words_and_stays),
        cmocka_unit_test(test_prefix_goes_before_the_text),
        cmocka_unit_test(test_text_may_quote_itself),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_what_a_peer_said_stays_one_line),
        cmocka_unit_test(test_every_code_has_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
